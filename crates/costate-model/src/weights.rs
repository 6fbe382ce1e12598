//! Weights in safetensors files, named as PyTorch names the layers of a network: `growth.0.weight`, `growth.0.bias`, …

use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::network::Network;

/// The tensors of a network's layers: name, shape, and the range of its numbers among the network's weights.
fn tensors(network: &Network) -> Vec<(String, Vec<usize>, std::ops::Range<usize>)> {
    let layer = |(i, layer): (usize, crate::network::Layer)| {
        let weight = (
            format!("{}.{i}.weight", network.name()),
            vec![layer.outputs, layer.inputs],
            layer.offset..layer.bias(),
        );
        let bias = (
            format!("{}.{i}.bias", network.name()),
            vec![layer.outputs],
            layer.bias()..layer.end(),
        );
        [weight, bias]
    };
    network
        .layers()
        .into_iter()
        .enumerate()
        .flat_map(layer)
        .collect()
}

/// The weights of a network from a file, which may hold other networks too.
///
/// # Errors
/// What is wrong with the file, naming the tensor and both shapes.
pub(crate) fn read(network: &Network, path: &Path) -> Result<Vec<f64>, String> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| {
        format!(
            "cannot read the weights '{shown}': {}",
            error.to_string().to_lowercase()
        )
    })?;
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|error| format!("'{shown}' is not a safetensors file: {error}"))?;
    let mut weights = vec![0.0; network.parameter_count()];
    for (name, shape, range) in tensors(network) {
        let tensor = file.tensor(&name).map_err(|_| {
            let mut names = file.names();
            names.sort_unstable();
            format!(
                "'{shown}' has no tensor '{name}'; it has {}",
                names.join(", ")
            )
        })?;
        if tensor.shape() != shape {
            return Err(format!(
                "'{shown}': the tensor '{name}' has shape {:?}, but network '{}' with layers of {:?} needs {shape:?}",
                tensor.shape(),
                network.name(),
                network.widths()
            ));
        }
        let data = tensor.data();
        let values: Vec<f64> = match tensor.dtype() {
            Dtype::F64 => data
                .as_chunks()
                .0
                .iter()
                .map(|&bytes| f64::from_le_bytes(bytes))
                .collect(),
            Dtype::F32 => data
                .as_chunks()
                .0
                .iter()
                .map(|&bytes| f64::from(f32::from_le_bytes(bytes)))
                .collect(),
            other => {
                return Err(format!(
                    "'{shown}': the tensor '{name}' holds {other:?}; weights are F32 or F64"
                ));
            }
        };
        if values.iter().any(|value| !value.is_finite()) {
            return Err(format!(
                "'{shown}': the tensor '{name}' holds numbers that are not finite"
            ));
        }
        weights[range].copy_from_slice(&values);
    }
    Ok(weights)
}

/// A file with one number for each weight of the networks, in their order: weights, or a gradient.
pub(crate) fn write(networks: &[Network], values: &[f64]) -> Vec<u8> {
    let mut start = 0;
    let mut parts: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    for network in networks {
        for (name, shape, range) in tensors(network) {
            let bytes = values[start + range.start..start + range.end]
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            parts.push((name, shape, bytes));
        }
        start += network.parameter_count();
    }
    let views = parts.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F64, shape.clone(), bytes)
            .expect("as many bytes as the shape has numbers");
        (name.as_str(), view)
    });
    safetensors::serialize(views, None).expect("views that hold what they say")
}
