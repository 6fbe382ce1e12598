//! Which mistakes can the type checker refuse?

pub mod linear;
pub mod sizes;

use crate::Output;
use crate::rustc::{self, compile};

/// A mat-vec of fixed size, one of any size, and a clock.
const TIMING: &str = r#"
use std::hint::black_box;
use std::time::Instant;
#[inline(never)]
fn fixed<const N: usize>(w: &[[f64; N]; N], x: &[f64; N]) -> [f64; N] {
    let mut y = [0.0; N];
    for (y, row) in y.iter_mut().zip(w) { for (w, x) in row.iter().zip(x) { *y += w * x; } }
    y
}
#[inline(never)]
fn slice(w: &[f64], x: &[f64], y: &mut [f64]) {
    for (y, row) in y.iter_mut().zip(w.chunks_exact(x.len())) {
        *y = 0.0;
        for (w, x) in row.iter().zip(x) { *y += w * x; }
    }
}
fn best(mut f: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..50 {
        let start = Instant::now();
        for _ in 0..2000 { f(); }
        best = best.min(start.elapsed().as_secs_f64() / 2000.0 * 1e9);
    }
    best
}
fn row<const N: usize>() {
    let (w, x) = ([[0.5; N]; N], [0.25; N]);
    let (flat, mut y) = (vec![0.5; N * N], vec![0.0; N]);
    let a = best(|| { black_box(fixed(black_box(&w), black_box(&x))); });
    let b = best(|| slice(black_box(&flat), black_box(&x), black_box(&mut y)));
    println!("| {N} | {a:.0} | {b:.0} | {:.1} |", b / a);
}
fn main() { row::<2>(); row::<4>(); row::<16>(); row::<64>(); }
"#;

/// What the compiler says of two layers that do not fit.
fn mismatch() -> String {
    let source = format!(
        "{}\nfn main() {{\n    let first = Linear::<3, 4>::new([[0.1; 3]; 4], [0.0; 4]);\n    let next = Linear::<5, 2>::new([[0.1; 5]; 2], [0.0; 2]);\n    first.then(next);\n}}\n",
        include_str!("types/linear.rs").replace("//!", "//")
    );
    let (said, _) = compile("misfit", &source, &["-Awarnings"]);
    let lines = said.lines().take_while(|line| !line.starts_with("note"));
    lines.take(12).collect::<Vec<_>>().join("\n") + "\n"
}

/// The machine code of both getters.
fn assembly() -> String {
    let source = format!(
        "{}\n#[unsafe(no_mangle)]\npub fn from_type(a: A<5>) -> u64 {{ a.get() }}\n#[unsafe(no_mangle)]\npub fn from_field() -> u64 {{ B {{ x: 5 }}.x }}\n",
        include_str!("types/sizes.rs").replace("//!", "//")
    );
    let assembly = rustc::assembly("sizes", &source);
    let mut shown = String::new();
    for name in ["from_type", "from_field"] {
        for line in rustc::function(&assembly, name) {
            if !line.starts_with('.') {
                shown += &format!("{line}\n");
            }
        }
    }
    // Two functions of the same code may become one with two names.
    let mut lines = assembly.lines();
    if let Some(alias) =
        lines.find(|line| line.contains("from_type") && line.contains("from_field"))
    {
        shown += &format!("{}\n", alias.trim());
    }
    shown
}

fn timing() -> String {
    let rows = rustc::run("timing", TIMING);
    format!("| $n$ | size in the type, ns | slices, ns | ratio |\n|---:|---:|---:|---:|\n{rows}")
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::local("types/mismatch.txt", mismatch()),
        Output::local("types/assembly.txt", assembly()),
        Output::local("types/timing.md", timing()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::linear::Linear;
    use crate::types::sizes::{A, B};

    #[test]
    fn the_exercise_a_number_in_a_type_takes_no_room() {
        assert_eq!(size_of::<A<5>>(), 0);
        assert_eq!(size_of::<B>(), 8);
        assert_eq!(A::<5>.get(), B { x: 5 }.x);
    }

    #[test]
    fn layers_that_fit_compose() {
        let first = Linear::<2, 3>::new([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [0.0; 3]);
        let chain = first.then(Linear::<3, 1>::new([[1.0, 10.0, 100.0]], [0.5]));
        assert_eq!(chain.apply(&[2.0, 3.0]), [2.0 + 30.0 + 500.0 + 0.5]);
    }

    #[test]
    fn the_compiler_names_both_sizes() {
        let said = mismatch();
        assert!(
            said.contains("E0308") && said.contains('4') && said.contains('5'),
            "{said}"
        );
    }
}
