//! The lane ensemble's field becomes part of loops over wide registers, in a plain build.
//!
//! Results would be the same if it did not, forty times later: only the code made can tell. Code is made here, with optimisation, from the library as it was built
//! for this test.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Lorenz's field, to be inlined or not.
fn source(inline: &str) -> String {
    format!(
        r#"
use costate_ode::{{Ended, Error, Lane, LaneField, Member, Options, lane_ensemble, tableau}};

pub struct Probe;
impl LaneField<3, 1> for Probe {{
    #[inline({inline})]
    fn eval<V: Lane>(&self, _t: V, y: &[V; 3], p: &[V; 1]) -> [V; 3] {{
        let c = V::splat;
        [c(10.0) * (y[1] - y[0]), y[0] * (p[0] - y[2]) - y[1], y[0] * y[1] - c(8.0 / 3.0) * y[2]]
    }}
}}

pub fn solve(members: &[Member<3, 1>], options: &Options<f64>) -> Result<Vec<Ended<3>>, Error> {{
    lane_ensemble(&Probe, tableau::by_name("tsit5")?, members, 0.0, 1.0, options)
}}
"#
    )
}

/// The libraries that this test may be linked with, the newest first.
fn libraries(dependencies: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dependencies).unwrap().flatten();
    let mut all: Vec<_> = entries
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("libcostate_ode-") && name.ends_with(".rlib")
        })
        .map(|entry| (entry.metadata().unwrap().modified().unwrap(), entry.path()))
        .collect();
    all.sort();
    all.into_iter().rev().map(|(_, path)| path).collect()
}

/// The assembly of a crate with that source.
fn assembly(name: &str, source: &str) -> String {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (input, output) = (
        place.join(format!("{name}.rs")),
        place.join(format!("{name}.s")),
    );
    std::fs::write(&input, source).unwrap();
    let test = std::env::current_exe().unwrap();
    let dependencies = test.parent().unwrap();
    let mut said = String::new();
    for library in libraries(dependencies) {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let run = Command::new(rustc)
            .args([
                "--edition",
                "2024",
                "--crate-type",
                "lib",
                "--crate-name",
                name,
            ])
            .args([
                "-C",
                "opt-level=3",
                "-C",
                "codegen-units=1",
                "--emit",
                "asm",
                "-o",
            ])
            .arg(&output)
            .arg("-L")
            .arg(format!("dependency={}", dependencies.display()))
            .arg("--extern")
            .arg(format!("costate_ode={}", library.display()))
            .arg(&input)
            .output()
            .expect("rustc runs");
        if run.status.success() {
            return std::fs::read_to_string(&output).unwrap();
        }
        said = String::from_utf8_lossy(&run.stderr).into_owned();
    }
    panic!("no library fits: {said}");
}

/// Additions, subtractions, multiplications and divisions of eight or of four numbers at once.
fn wide_operations(assembly: &str) -> [usize; 2] {
    let count = |register: &str| {
        let arithmetic = |line: &&str| {
            let line = line.trim_start();
            let operation = [
                "vadd", "vsub", "vmul", "vdiv", "vfmadd", "vfmsub", "vfnmadd",
            ];
            line.contains(register) && operation.iter().any(|name| line.starts_with(name))
        };
        assembly.lines().filter(arithmetic).count()
    };
    [count("%zmm"), count("%ymm")]
}

/// Whether the field is a function of its own.
fn stands_alone(assembly: &str) -> bool {
    let label = |line: &str| line.starts_with("_") && line.ends_with(':');
    assembly
        .lines()
        .any(|line| label(line) && line.contains("Probe") && line.contains("eval"))
}

#[test]
fn a_field_that_is_inlined_is_compiled_for_wide_registers_and_one_that_is_not_is_noticed() {
    let inlined = assembly("wide_inlined", &source("always"));
    let apart = assembly("wide_apart", &source("never"));
    let [eight, four] = wide_operations(&inlined);
    println!(
        "{eight} operations on eight numbers, {four} on four; apart: {:?}",
        wide_operations(&apart)
    );
    assert!(eight > 150, "{eight}");
    assert!(four > 150, "{four}");
    assert!(!stands_alone(&inlined));
    // What this test is to notice.
    assert!(stands_alone(&apart));
    let [less, _] = wide_operations(&apart);
    assert!(less < eight, "{less} {eight}");
}
