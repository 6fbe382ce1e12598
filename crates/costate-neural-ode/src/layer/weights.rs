//! Parameters as safetensors, named and shaped as PyTorch has them.
//!
//! Bytes come in and go out; files are the caller's. With `safetensors.torch.save_file(model.state_dict(), path)` on the other side:
//!
//! ```
//! use costate_neural_ode::layer::{Layer, Linear, weights};
//!
//! let linear = Linear::new(2, 1);
//! let theta = [10.0, 20.0, 5.0];
//! let bytes = weights::write(&[("readout", &linear.parameters(), &theta)]);
//! // std::fs::write("model.safetensors", &bytes)?;
//! assert_eq!(weights::read("readout", &linear.parameters(), &bytes)?, theta);
//! let error = weights::read("", &linear.parameters(), &bytes).unwrap_err();
//! assert_eq!(error.to_string(), "there is no tensor `weight`; there are readout.bias, readout.weight");
//! # Ok::<(), weights::WeightsError>(())
//! ```

use super::Parameter;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

/// What is wrong with the tensors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// Bytes in another format.
    #[error("this is no safetensors file: {0}")]
    Format(#[from] safetensors::SafeTensorError),
    /// A tensor that is missing.
    #[error("there is no tensor `{name}`; there are {found}")]
    Missing {
        /// Its name.
        name: String,
        /// The names there are.
        found: String,
    },
    /// A tensor of another shape.
    #[error("the tensor `{name}` has shape {found:?}, but the layer needs {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The layer's.
        expected: Vec<usize>,
    },
    /// A tensor of another kind of number.
    #[error("the tensor `{name}` holds {found:?}; parameters are F64, F32, F16 or BF16")]
    Kind {
        /// Its name.
        name: String,
        /// What it holds.
        found: Dtype,
    },
    /// A number that is not finite.
    #[error("element {element} of the tensor `{name}` is {value}, which is not finite")]
    NotFinite {
        /// The tensor's name.
        name: String,
        /// Which, row by row.
        element: usize,
        /// What.
        value: f64,
    },
}

/// θ of a layer from the tensors `prefix.name`, or `name` for an empty prefix. Other tensors are left alone.
///
/// For a file whose names are not the layer's, change the names of the parameters before.
///
/// # Errors
/// [`WeightsError`], naming the tensor.
pub fn read(
    prefix: &str,
    parameters: &[Parameter],
    bytes: &[u8],
) -> Result<Vec<f64>, WeightsError> {
    let file = SafeTensors::deserialize(bytes)?;
    let mut theta = Vec::new();
    for parameter in parameters {
        let name = full_name(prefix, &parameter.name);
        let Ok(tensor) = file.tensor(&name) else {
            let mut names = file.names();
            names.sort_unstable();
            let found = names.join(", ");
            return Err(WeightsError::Missing { name, found });
        };
        if tensor.shape() != parameter.shape {
            return Err(WeightsError::Shape {
                name,
                found: tensor.shape().to_vec(),
                expected: parameter.shape.clone(),
            });
        }
        let Some(values) = numbers(&tensor) else {
            let found = tensor.dtype();
            return Err(WeightsError::Kind { name, found });
        };
        if let Some(element) = values.iter().position(|value| !value.is_finite()) {
            let value = values[element];
            return Err(WeightsError::NotFinite {
                name,
                element,
                value,
            });
        }
        theta.extend(values);
    }
    Ok(theta)
}

/// The bytes of a safetensors file with the parameters θ of one or several layers, each under its prefix, as F64.
///
/// # Panics
/// If a θ is not as long as its parameters together, or two tensors have the same name.
#[must_use]
#[track_caller]
pub fn write(layers: &[(&str, &[Parameter], &[f64])]) -> Vec<u8> {
    let mut parts: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    for (prefix, parameters, theta) in layers {
        let len: usize = parameters.iter().map(Parameter::len).sum();
        assert!(
            theta.len() == len,
            "the layer `{prefix}` has {len} parameters, but {} are given",
            theta.len()
        );
        let mut rest = *theta;
        for parameter in *parameters {
            let (own, behind) = rest.split_at(parameter.len());
            let bytes = own.iter().flat_map(|value| value.to_le_bytes()).collect();
            let name = full_name(prefix, &parameter.name);
            assert!(
                parts.iter().all(|(other, ..)| *other != name),
                "two tensors are called `{name}`: give the layers other prefixes"
            );
            parts.push((name, parameter.shape.clone(), bytes));
            rest = behind;
        }
    }
    let views = parts.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F64, shape.clone(), bytes);
        (name.as_str(), view.expect("eight bytes for each element"))
    });
    safetensors::serialize(views, None).expect("views that hold what they say")
}

fn full_name(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

/// The elements, widened.
fn numbers(tensor: &TensorView<'_>) -> Option<Vec<f64>> {
    let data = tensor.data();
    let halves = || data.as_chunks().0.iter().map(|&b| u16::from_le_bytes(b));
    Some(match tensor.dtype() {
        Dtype::F64 => data
            .as_chunks()
            .0
            .iter()
            .map(|&b| f64::from_le_bytes(b))
            .collect(),
        Dtype::F32 => {
            let singles = data.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b));
            singles.map(f64::from).collect()
        }
        // The upper half of a single.
        Dtype::BF16 => halves()
            .map(|bits| f64::from(f32::from_bits(u32::from(bits) << 16)))
            .collect(),
        Dtype::F16 => halves().map(half).collect(),
        _ => return None,
    })
}

/// Five bits of exponent, ten of fraction.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2.0_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2.0_f64.powi(exponent - 25),
    }
}
