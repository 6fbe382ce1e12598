//! What does a size in a type buy?

pub mod operations;

use crate::Output;
use crate::plot::{Plot, figure};
use crate::rustc;
use crate::text::{Table, fixed};
use std::fmt::Write;

const SIZES: [usize; 4] = [2, 4, 16, 64];

/// Names of the operations, and their calls with the size in the type and as a value.
const OPERATIONS: [(&str, &str, &str); 3] = [
    (
        "make",
        "make_N() -> [f64; N] { make_array() }",
        "make_vec_(n: usize) -> Vec<f64> { make_vec(n) }",
    ),
    (
        "read",
        "read_N(y: &[f64; N]) -> f64 { read_array(y) }",
        "read_vec_(y: &Vec<f64>, i: usize) -> f64 { read_vec(y, i) }",
    ),
    (
        "step",
        "step_N(y: &mut [f64; N], h: f64, k: &[f64; N]) { step_array(y, h, k) }",
        "step_vec_(y: &mut Vec<f64>, h: f64, k: &Vec<f64>) { step_vec(y, h, k) }",
    ),
];

/// The assembly of every operation at every size.
fn assembly() -> String {
    let mut source = include_str!("sizes/operations.rs").replace("//!", "//");
    let mut export = |call: &str| {
        let added = writeln!(source, "#[unsafe(no_mangle)]\npub fn {call}");
        added.expect("a string takes all");
    };
    for (_, array, vec) in OPERATIONS {
        for n in SIZES {
            export(&array.replace('N', &n.to_string()));
        }
        export(vec);
    }
    rustc::assembly("operations", &source)
}

/// What a function of an assembly is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Count {
    instructions: usize,
    calls: usize,
    branches: usize,
}

fn count(assembly: &str, name: &str) -> Count {
    let lines = rustc::function(assembly, name);
    let instructions = lines.iter().filter(|line| line.starts_with('\t'));
    let words: Vec<_> = instructions
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let calls = |word: &&&str| ["call", "callq", "bl", "blr"].contains(*word);
    let always = ["jmp", "jmpq"];
    // Conditional jumps of x86-64 and of AArch64.
    let branches = |word: &&&str| {
        (word.starts_with('j') && !always.contains(*word))
            || word.starts_with("b.")
            || word.starts_with("cb")
            || word.starts_with("tb")
    };
    Count {
        instructions: words.len(),
        calls: words.iter().filter(calls).count(),
        branches: words.iter().filter(branches).count(),
    }
}

fn instructions() -> String {
    let assembly = assembly();
    let sizes = SIZES.map(|n| format!("`[f64; {n}]`"));
    let mut headings = vec!["operation"];
    headings.extend(sizes.iter().map(String::as_str));
    headings.push("`Vec<f64>`");
    let mut table = Table::new(&headings);
    for (name, _, _) in OPERATIONS {
        let of = |suffix: &str| {
            let found = count(&assembly, &format!("{name}_{suffix}"));
            assert!(found.instructions > 0, "{name}_{suffix} is not there");
            format!(
                "{}, {}, {}",
                found.instructions, found.branches, found.calls
            )
        };
        let mut row = vec![format!("{name}")];
        row.extend(SIZES.iter().map(|n| of(&n.to_string())));
        row.push(of("vec_"));
        table.row(&row);
    }
    table.markdown()
}

/// Both ways to read a component, as the compiler has them.
fn reads() -> String {
    let assembly = assembly();
    let shown = ["read_4", "read_vec_"].map(|name| rustc::function(&assembly, name).join("\n"));
    shown.join("\n\n") + "\n"
}

/// One line of the timing program: components, and nanoseconds of a step by an array, by a vector, and by vectors made anew.
type Times = (f64, [f64; 3]);

fn measure() -> Vec<Times> {
    let printed = rustc::run("stepping", include_str!("sizes/timing.rs.txt"));
    let row = |line: &str| {
        let numbers: Vec<f64> = line
            .split(' ')
            .map(|word| word.parse().expect("a number"))
            .collect();
        (numbers[0], [numbers[1], numbers[2], numbers[3]])
    };
    printed.lines().map(row).collect()
}

// ANCHOR: fit
/// T₀ and c of T = T₀ + c n, by least squares over relative errors.
fn line(times: &[(f64, f64)]) -> (f64, f64) {
    let [mut ww, mut wn, mut nn, mut wt, mut nt] = [0.0; 5];
    for (n, t) in times {
        let (w, n) = (1.0 / t, n / t); // (T₀ + c n)/t = 1
        (ww, wn, nn) = (ww + w * w, wn + w * n, nn + n * n);
        (wt, nt) = (wt + w, nt + n);
    }
    let determinant = ww * nn - wn * wn;
    (
        (wt * nn - nt * wn) / determinant, // book: (step-time)
        (nt * ww - wt * wn) / determinant,
    )
}
// ANCHOR_END: fit

fn timing(times: &[Times]) -> String {
    let mut table = Table::new(&[
        "components",
        "size in the type, ns",
        "`Vec`, ns",
        "`Vec`s made in every step, ns",
    ]);
    for (n, row) in times {
        let mut cells = vec![fixed(*n, 0)];
        cells.extend(row.map(|time| fixed(time, 1)));
        table.row(&cells);
    }
    let fits = [0, 1, 2].map(|k| {
        let points: Vec<_> = times.iter().map(|(n, row)| (*n, row[k])).collect();
        line(&points)
    });
    let mut last = vec!["$T_0 + c\\,n$".to_owned()];
    last.extend(fits.map(|(start, each)| format!("{} + {} n", fixed(start, 1), fixed(each, 2))));
    table.row(&last);
    table.markdown()
}

fn lines(times: &[Times]) -> String {
    let mut plot = Plot::new("one step of the classical method")
        .x("components", 1.6, 80.0)
        .log_x()
        .x_ticks(&[
            (2.0, "2"),
            (4.0, "4"),
            (8.0, "8"),
            (16.0, "16"),
            (32.0, "32"),
            (64.0, "64"),
        ])
        .y("ns", 1.0, 2_000.0)
        .log_y();
    for (k, class, name, above) in [
        (0, "st", "size in the type", 1.35),
        (1, "pa", "Vec", 1.35),
        (2, "co", "Vecs made in every step", 2.2),
    ] {
        let points: Vec<_> = times.iter().map(|(n, row)| (*n, row[k])).collect();
        plot.line(class, &points);
        plot.dots(class, 3.0, &points);
        let (n, t) = points[0];
        plot.text(class, "start", (n, t * above), name);
    }
    figure(
        "sizes",
        "The shorter the state, the more it matters that the compiler knows how short. Making vectors on the way costs more than everything else.",
        &[plot],
    )
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    let times = measure();
    vec![
        Output::local("sizes/instructions.md", instructions()),
        Output::local("sizes/reads.txt", reads()),
        Output::local("sizes/timing.md", timing(&times)),
        Output::local("sizes/lines.svg", lines(&times)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use operations::{make_array, make_vec, read_array, read_vec, step_array, step_vec};

    #[test]
    fn both_ways_compute_the_same() {
        let (mut y, mut z): ([f64; 3], _) = (make_array(), make_vec(3));
        step_array(&mut y, 0.5, &[1.0, 2.0, 4.0]);
        step_vec(&mut z, 0.5, &vec![1.0, 2.0, 4.0]);
        assert_eq!(y.to_vec(), z);
        assert_eq!((read_array(&y), read_vec(&z, 2)), (2.0, 2.0));
    }

    #[test]
    fn a_known_size_needs_no_check_and_no_allocation() {
        let assembly = assembly();
        for n in SIZES {
            let read = count(&assembly, &format!("read_{n}"));
            assert_eq!((read.branches, read.calls), (0, 0), "{n}");
        }
        let read = count(&assembly, "read_vec_");
        assert!(read.branches > 0 && read.calls > 0, "{read:?}");
        let (array, vec) = (count(&assembly, "make_4"), count(&assembly, "make_vec_"));
        assert!(array.calls == 0 && vec.calls > 0, "{array:?} {vec:?}");
        let (array, vec) = (count(&assembly, "step_4"), count(&assembly, "step_vec_"));
        assert!(array.branches == 0 && vec.branches > 0, "{array:?} {vec:?}");
    }

    #[test]
    fn the_line_goes_through_points_of_a_line() {
        let points = [2.0, 4.0, 64.0].map(|n| (n, 7.0 + 0.5 * n));
        let (start, each) = line(&points);
        assert!((start - 7.0).abs() < 1e-9 && (each - 0.5).abs() < 1e-9);
    }

    #[test]
    fn the_exercise_what_is_moved_when_a_state_is_returned() {
        assert_eq!(size_of::<[f64; 64]>(), 512);
        assert_eq!(size_of::<Vec<f64>>(), 3 * size_of::<usize>());
    }
}
