//! The models of `costate-neural-ode`'s examples: what each prints.
//!
//! They train for a few seconds to a minute each, so `cargo run -p costate-book` runs them when it is asked for `models` by name, or for everything; tests do not.

use crate::Output;
use std::path::PathBuf;
use std::process::Command;

/// The examples, by name, and where the book has what they print.
pub const EXAMPLES: [(&str, &str); 11] = [
    ("spiral", "models/spiral.txt"),
    ("second_order", "models/second_order.txt"),
    ("hamiltonian", "models/hamiltonian.txt"),
    ("hybrid", "models/hybrid.txt"),
    ("augmented", "models/augmented.txt"),
    ("depth_varying", "models/depth_varying.txt"),
    ("classifier", "models/classifier.txt"),
    ("equilibrium", "models/equilibrium.txt"),
    ("controlled", "models/controlled.txt"),
    ("latent_ode", "models/latent_ode.txt"),
    ("normalising_flow", "models/normalising_flow.txt"),
];

/// What the example prints; it asserts what it claims, so that printing is passing.
fn printed(name: &str) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let run = Command::new(cargo)
        .args(["run", "-q", "-p", "costate-neural-ode", "--example", name])
        .current_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .output()
        .expect("cargo is there, since it runs this");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{name}: {said}");
    String::from_utf8_lossy(&run.stdout).into_owned()
}

/// What the pages of models include.
#[must_use]
pub fn outputs() -> Vec<Output> {
    let output = |(name, path)| Output::local(path, printed(name));
    EXAMPLES.map(output).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;

    #[test]
    fn every_example_has_a_page_with_its_code_and_what_it_prints() {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let folder = fs::read_dir(root.join("crates/costate-neural-ode/examples"));
        let files: BTreeSet<String> = folder
            .expect("the examples")
            .filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(str::to_owned))
            .collect();
        let listed: BTreeSet<String> = EXAMPLES.map(|(name, _)| name.to_owned()).into();
        assert_eq!(files, listed);
        let summary = fs::read_to_string(root.join("docs/src/SUMMARY.md")).expect("the summary");
        for (name, path) in EXAMPLES {
            let file = format!("models/{}.md", name.replace('_', "-"));
            let page = fs::read_to_string(root.join("docs/src").join(&file)).unwrap_or_default();
            let code = format!("crates/costate-neural-ode/examples/{name}.rs}}}}");
            assert!(page.contains(&code), "{file} shows the code");
            assert!(
                page.contains(&format!("out/{path}}}}}")),
                "{file} shows what it prints"
            );
            for heading in ["**Recommended**", "**Not recommended**"] {
                assert!(page.contains(heading), "{file}: {heading}");
            }
            let printed = fs::read_to_string(root.join("docs/src/out").join(path));
            assert!(printed.is_ok_and(|text| !text.is_empty()), "{path}");
            assert!(summary.contains(&file), "{file} is in the summary");
        }
    }
}
