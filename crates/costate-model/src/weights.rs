//! Weights in safetensors files, named `growth.0.weight`, `growth.0.bias`, …; files from PyTorch, whose layers are numbered otherwise, are read too.

use std::collections::BTreeMap;
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
    let foreign = layers_of(network, &file.names());
    for (i, (own, shape, range)) in tensors(network).into_iter().enumerate() {
        let name = match &foreign {
            Some(stems) if file.tensor(&own).is_err() => {
                let part = if i % 2 == 0 { "weight" } else { "bias" };
                format!("{}.{part}", stems[i / 2])
            }
            _ => own,
        };
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
            Dtype::BF16 => data
                .as_chunks()
                .0
                .iter()
                .map(|&bytes| f64::from(f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16)))
                .collect(),
            other => {
                return Err(format!(
                    "'{shown}': the tensor '{name}' holds {other:?}; weights are F32, F64 or BF16"
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

/// The layers of a network in a file that numbers them as PyTorch does: `0`, `2`, … of a `Sequential`, `net.0`, `net.2`, …, or `fc1`, `fc2`, …; where
/// several networks could be meant, the one whose prefix ends with the network's name. `None` without any of as many layers.
fn layers_of(network: &Network, names: &[&str]) -> Option<Vec<String>> {
    let mut groups: BTreeMap<&str, BTreeMap<usize, &str>> = BTreeMap::new();
    for stem in names.iter().filter_map(|name| name.strip_suffix(".weight")) {
        let prefix = stem.trim_end_matches(|c: char| c.is_ascii_digit());
        if let Ok(number) = stem[prefix.len()..].parse() {
            groups.entry(prefix).or_default().insert(number, stem);
        }
    }
    let is_own = |prefix: &str| {
        let trimmed = prefix.trim_end_matches('.');
        trimmed == network.name() || trimmed.ends_with(&format!(".{}", network.name()))
    };
    let count = network.layers().len();
    let fitting: Vec<(&str, Vec<String>)> = groups
        .into_iter()
        .filter(|(_, layers)| layers.len() == count)
        .map(|(prefix, layers)| (prefix, layers.into_values().map(String::from).collect()))
        .collect();
    match fitting.as_slice() {
        [(_, layers)] => Some(layers.clone()),
        several => several
            .iter()
            .find(|(prefix, _)| is_own(prefix))
            .map(|(_, layers)| layers.clone()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;

    const MODEL: &str = "[states]\nx = 1.0\n[networks.rest]\ninputs = [\"x\"]\noutputs = [\"u\"]\nhidden = [2]\nweights = \"w.safetensors\"\n[equations]\nx = \"u\"\n[time]\nstart = 0\nend = 1\n";

    /// The weights that a model reads from a file with these tensors of f32.
    fn read_from(case: &str, tensors: &[(&str, &[usize], &[f32])]) -> Result<Vec<f64>, String> {
        let folder =
            std::env::temp_dir().join(format!("costate-weights-{case}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let bytes: Vec<Vec<u8>> = tensors
            .iter()
            .map(|(_, _, x)| x.iter().flat_map(|x| x.to_le_bytes()).collect())
            .collect();
        let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
            (
                *name,
                TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap(),
            )
        });
        std::fs::write(
            folder.join("w.safetensors"),
            safetensors::serialize(views, None).unwrap(),
        )
        .unwrap();
        let model = Model::parse(MODEL, folder.join("m.toml"));
        std::fs::remove_dir_all(&folder).unwrap();
        model
            .map(|model| model.networks[0].weights.clone())
            .map_err(|error| error.to_string())
    }

    const W0: (&[usize], &[f32]) = (&[2, 1], &[0.5, -1.5]);
    const B0: (&[usize], &[f32]) = (&[2], &[0.25, 2.0]);
    const W1: (&[usize], &[f32]) = (&[1, 2], &[3.0, -0.75]);
    const B1: (&[usize], &[f32]) = (&[1], &[0.125]);
    const ALL: [f64; 7] = [0.5, -1.5, 0.25, 2.0, 3.0, -0.75, 0.125];

    #[test]
    fn layers_are_found_by_the_names_that_pytorch_gives_them() {
        // Own names; a Sequential with an activation between; one within a module; attributes; more than nine layers are numbered, not spelled.
        for [first, second] in [
            ["rest.0", "rest.1"],
            ["0", "2"],
            ["net.0", "net.2"],
            ["model.rest.0", "model.rest.3"],
            ["fc1", "fc2"],
            ["2", "10"],
        ] {
            let names = [
                format!("{first}.weight"),
                format!("{first}.bias"),
                format!("{second}.weight"),
                format!("{second}.bias"),
            ];
            let parts = [W0, B0, W1, B1];
            let tensors: Vec<_> = names
                .iter()
                .zip(parts)
                .map(|(name, (shape, x))| (name.as_str(), shape, x))
                .collect();
            assert_eq!(read_from(first, &tensors).unwrap(), ALL, "{first}");
        }
    }

    #[test]
    fn of_several_networks_in_a_file_the_one_of_the_name_is_meant() {
        let other: (&[usize], &[f32]) = (&[2, 1], &[9.0, 9.0]);
        let tensors = [
            ("encoder.0.weight", other.0, other.1),
            ("encoder.0.bias", B0.0, B0.1),
            ("encoder.2.weight", W1.0, W1.1),
            ("encoder.2.bias", B1.0, B1.1),
            ("rest.0.weight", W0.0, W0.1),
            ("rest.0.bias", B0.0, B0.1),
            ("rest.2.weight", W1.0, W1.1),
            ("rest.2.bias", B1.0, B1.1),
        ];
        assert_eq!(read_from("several", &tensors).unwrap(), ALL);
        let told = read_from("neither", &tensors[..2]).unwrap_err();
        assert!(told.contains("has no tensor 'rest.0.weight'"), "{told}");
        let told = read_from(
            "shape",
            &[
                ("0.weight", W1.0, W1.1),
                ("0.bias", B0.0, B0.1),
                ("2.weight", W1.0, W1.1),
                ("2.bias", B1.0, B1.1),
            ],
        )
        .unwrap_err();
        assert!(told.contains("'0.weight' has shape [1, 2]"), "{told}");
    }
}
