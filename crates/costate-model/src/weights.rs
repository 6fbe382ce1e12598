//! Weights in safetensors files, named `growth.0.weight`, `growth.0.bias`, …; files from PyTorch, whose layers are numbered otherwise, are read too. Weights
//! that vary with t have a tensor for each term of their series, `growth.terms.1.0.weight`.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::network::Network;

/// An array among the weights of a network.
struct Tensor {
    /// The term of the series of weights that vary with t.
    term: usize,
    layer: usize,
    /// `weight` or `bias`.
    part: &'static str,
    shape: Vec<usize>,
    /// Its numbers among the network's weights.
    range: std::ops::Range<usize>,
}

impl Tensor {
    /// The name without that of the network, where it has no terms.
    fn plain(&self) -> String {
        format!("{}.{}", self.layer, self.part)
    }

    /// The same where it has.
    fn of_term(&self) -> String {
        format!("terms.{}.{}", self.term, self.plain())
    }
}

/// The tensors of a network's layers, term by term.
fn tensors(network: &Network) -> Vec<Tensor> {
    let mut all = Vec::new();
    for term in 0..network.terms() {
        let from = term * network.term_len();
        for (i, layer) in network.layers().into_iter().enumerate() {
            all.push(Tensor {
                term,
                layer: i,
                part: "weight",
                shape: vec![layer.outputs, layer.inputs],
                range: from + layer.offset..from + layer.bias(),
            });
            all.push(Tensor {
                term,
                layer: i,
                part: "bias",
                shape: vec![layer.outputs],
                range: from + layer.bias()..from + layer.end(),
            });
        }
    }
    all
}

/// The weights of a network from a file, which may hold other networks too. Where they are to vary with t and the file has fewer terms, or constant
/// weights, the terms that it does not have are zero.
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
    let names = file.names();
    let of_file = terms_of(network, &names);
    if let Some((_, found)) = of_file
        .as_ref()
        .filter(|(_, terms)| *terms > network.terms())
    {
        let own = match network.depth() {
            Some(basis) => format!("its depth_basis has {}", basis.terms()),
            None => "it has no depth_basis".into(),
        };
        return Err(format!(
            "'{shown}' has {found} terms for network '{}', whose weights vary with t there, but {own}",
            network.name()
        ));
    }
    let foreign = layers_of(network, &names);
    let mut weights = vec![0.0; network.parameter_count()];
    for tensor in tensors(network) {
        let plain = format!("{}.{}", network.name(), tensor.plain());
        let name = match (&of_file, &foreign) {
            (Some((_, terms)), _) if tensor.term >= *terms => continue,
            (Some((prefix, _)), _) => format!("{prefix}{}", tensor.of_term()),
            (None, _) if tensor.term > 0 => continue,
            (None, Some(stems)) if file.tensor(&plain).is_err() => {
                format!("{}.{}", stems[tensor.layer], tensor.part)
            }
            (None, _) => plain,
        };
        let view = file.tensor(&name).map_err(|_| {
            let mut names = file.names();
            names.sort_unstable();
            format!(
                "'{shown}' has no tensor '{name}'; it has {}",
                names.join(", ")
            )
        })?;
        if view.shape() != tensor.shape {
            return Err(format!(
                "'{shown}': the tensor '{name}' has shape {:?}, but network '{}' with layers of {:?} needs {:?}",
                view.shape(),
                network.name(),
                network.widths(),
                tensor.shape
            ));
        }
        let values = numbers(&view)
            .map_err(|what| format!("'{shown}': the tensor '{name}' holds {what}"))?;
        weights[tensor.range].copy_from_slice(&values);
    }
    Ok(weights)
}

/// The numbers of a tensor, or what it holds instead.
fn numbers(tensor: &TensorView<'_>) -> Result<Vec<f64>, String> {
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
        other => return Err(format!("{other:?}; weights are F32, F64 or BF16")),
    };
    match values.iter().all(|value| value.is_finite()) {
        true => Ok(values),
        false => Err("numbers that are not finite".into()),
    }
}

/// What the names of a network's terms begin with in a file with weights that vary with t, and how many terms it has. Files of this library's own layers have
/// `terms.0.…` alone.
fn terms_of(network: &Network, names: &[&str]) -> Option<(String, usize)> {
    let own = format!("{}.", network.name());
    [own, String::new()].into_iter().find_map(|prefix| {
        let has = |k: &usize| {
            let first = format!("{prefix}terms.{k}.0.weight");
            names.contains(&first.as_str())
        };
        let terms = (0..).take_while(has).count();
        (terms > 0).then_some((prefix, terms))
    })
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
        for tensor in tensors(network) {
            let name = match network.depth() {
                Some(_) => format!("{}.{}", network.name(), tensor.of_term()),
                None => format!("{}.{}", network.name(), tensor.plain()),
            };
            let own = &values[start + tensor.range.start..start + tensor.range.end];
            let bytes = own.iter().flat_map(|value| value.to_le_bytes()).collect();
            parts.push((name, tensor.shape, bytes));
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
    use crate::room::room;

    const MODEL: &str = "[states]\nx = 1.0\n[networks.rest]\ninputs = [\"x\"]\noutputs = [\"u\"]\nhidden = [2]\nweights = \"w.safetensors\"\n[equations]\nx = \"u\"\n[time]\nstart = 0\nend = 1\n";

    /// The weights that a model reads from a file with these tensors of f32.
    fn read_from(tensors: &[(&str, &[usize], &[f32])]) -> Result<Vec<f64>, String> {
        read_into(MODEL, tensors)
    }

    fn read_into(model: &str, tensors: &[(&str, &[usize], &[f32])]) -> Result<Vec<f64>, String> {
        let folder = room(&[]);
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
        Model::parse(model, folder.join("m.toml"))
            .map(|model| model.networks[0].weights.clone())
            .map_err(|error| error.to_string())
    }

    const W0: (&[usize], &[f32]) = (&[2, 1], &[0.5, -1.5]);
    const B0: (&[usize], &[f32]) = (&[2], &[0.25, 2.0]);
    const W1: (&[usize], &[f32]) = (&[1, 2], &[3.0, -0.75]);
    const B1: (&[usize], &[f32]) = (&[1], &[0.125]);
    const ALL: [f64; 7] = [0.5, -1.5, 0.25, 2.0, 3.0, -0.75, 0.125];

    /// What the tensors of two layers are called.
    fn layers(stems: [&str; 2]) -> Vec<String> {
        let parts = |stem| ["weight", "bias"].map(|part| format!("{stem}.{part}"));
        stems.into_iter().flat_map(parts).collect()
    }

    fn tensors_of(names: &[String]) -> Vec<(&str, &'static [usize], &'static [f32])> {
        let parts = [W0, B0, W1, B1].into_iter().cycle();
        let named = names.iter().zip(parts);
        named
            .map(|(name, (shape, x))| (name.as_str(), shape, x))
            .collect()
    }

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
            let names = layers([first, second]);
            let tensors = tensors_of(&names);
            assert_eq!(read_from(&tensors).unwrap(), ALL, "{first}");
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
        assert_eq!(read_from(&tensors).unwrap(), ALL);
        let told = read_from(&tensors[..2]).unwrap_err();
        assert!(told.contains("has no tensor 'rest.0.weight'"), "{told}");
        let told = read_from(&[
            ("0.weight", W1.0, W1.1),
            ("0.bias", B0.0, B0.1),
            ("2.weight", W1.0, W1.1),
            ("2.bias", B1.0, B1.1),
        ])
        .unwrap_err();
        assert!(told.contains("'0.weight' has shape [1, 2]"), "{told}");
    }

    #[test]
    fn weights_that_vary_begin_with_what_a_file_has_of_their_terms() {
        let varying = MODEL.replace(
            "hidden = [2]",
            "hidden = [2]\ndepth_basis = { kind = \"legendre\", terms = 3 }",
        );
        let with_zeros = |terms: usize| {
            let mut all = ALL.repeat(terms);
            all.resize(3 * ALL.len(), 0.0);
            all
        };
        // Constant weights, by either kind of name.
        for [first, second] in [["rest.0", "rest.1"], ["0", "2"]] {
            let names = layers([first, second]);
            let tensors = tensors_of(&names);
            let found = read_into(&varying, &tensors);
            assert_eq!(found.unwrap(), with_zeros(1));
        }
        // Terms, fewer, as many and more.
        for prefix in ["rest.", ""] {
            for terms in [1, 2, 3, 4] {
                let named = (0..terms).flat_map(|k| {
                    let stem = |layer| format!("{prefix}terms.{k}.{layer}");
                    layers([&stem(0), &stem(1)])
                });
                let named: Vec<_> = named.collect();
                let tensors = tensors_of(&named);
                match (read_into(&varying, &tensors), terms) {
                    (Err(told), 4) => assert!(
                        told.contains("has 4 terms for network 'rest'")
                            && told.contains("its depth_basis has 3"),
                        "{told}"
                    ),
                    (found, _) => assert_eq!(found.unwrap(), with_zeros(terms)),
                }
                let plain = read_into(MODEL, &tensors);
                match terms {
                    1 => assert_eq!(plain.unwrap(), ALL),
                    _ => assert!(plain.unwrap_err().contains("it has no depth_basis")),
                }
            }
        }
    }
}
