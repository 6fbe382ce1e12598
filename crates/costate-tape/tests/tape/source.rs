//! Printed Rust source, compiled and run.

use costate_tape::{Function, Plain};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// Compiles one program that runs all functions, and compares every bit with the interpreter.
pub(crate) fn compiled_source_gives_the_same_bits<T: Plain>(
    file: &str,
    functions: &[(Function<T>, Vec<Vec<T>>)],
    bits: impl Fn(T) -> u64,
) {
    compiled_under_any_name(file, &["run"], functions, bits);
}

/// The same with functions of these names, in turn.
pub(crate) fn compiled_under_any_name<T: Plain>(
    file: &str,
    names: &[&str],
    functions: &[(Function<T>, Vec<Vec<T>>)],
    bits: impl Fn(T) -> u64,
) {
    let text = |i: usize| functions[i].0.rust(names[i % names.len()]).unwrap();
    let (mut source, mut main) = (
        String::new(),
        String::from("#[allow(unused_parens)]\nfn main() {\n"),
    );
    for (i, (f, point)) in functions.iter().enumerate() {
        // Each in a module: helpers repeat.
        let own = text(i);
        let _ = writeln!(
            source,
            "#[allow(unused, nonstandard_style, uncommon_codepoints, clippy::all)]\nmod m{i} {{\n{own}}}\n"
        );
        let name = own
            .strip_prefix("pub fn ")
            .and_then(|own| own.split('(').next());
        let arguments = point.iter().enumerate().map(|(k, values)| {
            let numbers = values
                .iter()
                .map(|x| x.literal())
                .collect::<Vec<_>>()
                .join(", ");
            if f.input_shape(k).is_scalar() {
                numbers
            } else {
                format!("&[{numbers}]")
            }
        });
        let _ = writeln!(
            main,
            "    let y = m{i}::{}({});",
            name.unwrap(),
            arguments.collect::<Vec<_>>().join(", ")
        );
        for k in 0..f.outputs().len() {
            let y = if f.outputs().len() == 1 {
                "y".to_owned()
            } else {
                format!("y.{k}")
            };
            if f.output_shape(k).is_scalar() {
                let _ = writeln!(main, "    print({y});");
            } else {
                let _ = writeln!(main, "    {y}.iter().for_each(|&x| print(x));");
            }
        }
    }
    main.push_str("}\n");
    let number = T::NAME;
    let _ = writeln!(
        main,
        "fn print(x: {number}) {{\n    println!(\"{{}}\", if x.is_nan() {{ 0 }} else {{ x.to_bits() }});\n}}"
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (path, program) = (folder.join(format!("{file}.rs")), folder.join(file));
    std::fs::write(&path, source + &main).unwrap();
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let built = Command::new(rustc)
        .args(["--edition", "2021", "-Dwarnings", "-Cdebuginfo=0", "-o"])
        .args([&program, &path])
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let ran = Command::new(&program).output().unwrap();
    let found: Vec<u64> = String::from_utf8(ran.stdout)
        .unwrap()
        .lines()
        .map(|line| line.parse().unwrap())
        .collect();
    let mut at = 0;
    for (i, (f, point)) in functions.iter().enumerate() {
        let slices: Vec<&[T]> = point.iter().map(Vec::as_slice).collect();
        for expected in f.eval(&slices).unwrap().concat() {
            // NaNs are one.
            let same = if expected.partial_cmp(&expected).is_some() {
                bits(expected)
            } else {
                0
            };
            assert_eq!(found[at], same, "{f}\n{}", text(i));
            at += 1;
        }
    }
    assert_eq!(at, found.len());
}
