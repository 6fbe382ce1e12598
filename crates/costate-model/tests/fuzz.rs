//! Mutated model files and tables: whatever is in them, there is an answer and no panic.

use std::path::PathBuf;

use costate_model::{Model, Save};

const MODEL: &str = r#"[states]
y = "y0"
z = 0.3
[parameters]
y0 = { value = 1.0, lower = 0.1, upper = 5.0 }
k = 0.5
sigma = { value = 0.2, lower = 1e-3, per = "experiment" }
[definitions]
d = "if(t > 1.5, k, 2 * k) * u + step(t, k)"
[inputs]
u = { file = "u.csv", time = "t", column = "u", interpolate = "linear" }
[networks.n]
inputs = ["y", "t"]
outputs = ["o"]
hidden = [3]
[equations]
y = "-d * y + o"
z = "if(y > 0.5, 1, -1) * z + pulse(t, 1, 0.5)"
[[events]]
when = "z - 1"
direction = "rising"
set = { z = "0.5 * z" }
[[events]]
at = { every = 0.7, count = 3 }
add = { y = "k" }
over = 0.2
[time]
start = 0.0
end = 3.0
[solver]
max_steps = 500
[observables]
y = { is = "y", noise = "sigma" }
z = { is = "z + t", noise = "0.1" }
[data]
file = "d.csv"
time = "t"
experiment = "e"
[experiments.a]
k = "2 * k"
[fit]
iterations = 3
"#;
const DATA: &str = "e,t,y,z\na,0.5,1,2\na,1,0.8,2\nb,0.2,1,1\nb,2,0.3,3\n";
const INPUT: &str = "t,u\n0,1\n1,2\n3,1\n";

const WORDS: [&str; 28] = [
    "0",
    "-1",
    "1e308",
    "1e-308",
    "nan",
    "\"t\"",
    "\"y\"",
    "[]",
    "{}",
    "\"",
    "=",
    "[[events]]",
    "[time]",
    "inf",
    "9999999999999999999",
    "true",
    "^",
    "/0",
    "log(-1)",
    "\n",
    "# ",
    "over",
    "every = 0",
    "when = \"0\"",
    "\"previous\"",
    "\"cubic\"",
    "experiments = []",
    "µ",
];
const NUMBERS: [&str; 7] = ["0", "-1", "1e30", "1e-30", "3", "200", "-0.0"];

/// Steele, Lea and Flood's SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }

    /// A byte of the text at which a character begins.
    fn place(&mut self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

fn mutated(text: &str, random: &mut Random) -> String {
    let mut text = text.to_owned();
    for _ in 0..=random.below(3) {
        match random.below(3) {
            0 => {
                let from = random.place(&text);
                let length = random.below(7);
                let to = text[from..]
                    .char_indices()
                    .nth(length)
                    .map_or(text.len(), |(i, _)| from + i);
                text.replace_range(from..to, WORDS[random.below(WORDS.len())]);
            }
            1 => {
                let mut lines: Vec<&str> = text.lines().collect();
                if lines.is_empty() {
                    continue;
                }
                let line = lines[random.below(lines.len())];
                match random.below(2) {
                    0 => lines.retain(|other| *other != line),
                    _ => lines.insert(random.below(lines.len()), line),
                }
                text = lines.join("\n");
            }
            _ => {
                let digits: Vec<usize> = (0..text.len())
                    .filter(|&i| text.as_bytes()[i].is_ascii_digit())
                    .collect();
                if digits.is_empty() {
                    continue;
                }
                let from = digits[random.below(digits.len())];
                let number = |b: &u8| b.is_ascii_digit() || *b == b'.';
                let to = from
                    + text.as_bytes()[from..]
                        .iter()
                        .take_while(|b| number(b))
                        .count();
                text.replace_range(from..to, NUMBERS[random.below(NUMBERS.len())]);
            }
        }
    }
    text
}

#[test]
fn no_mutated_file_makes_a_panic() {
    let place: PathBuf = std::env::temp_dir().join(format!("costate-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    let (mut parsed, mut solved) = (0, 0);
    for case in 0..300 {
        let mut random = Random(case);
        let (mut model, mut data, mut input) =
            (MODEL.to_owned(), DATA.to_owned(), INPUT.to_owned());
        let text = match random.below(10) {
            0 => &mut data,
            1 => &mut input,
            _ => &mut model,
        };
        *text = mutated(text, &mut random);
        std::fs::write(place.join("d.csv"), &data).unwrap();
        std::fs::write(place.join("u.csv"), &input).unwrap();
        let model = match Model::parse(&model, place.join("m.toml")) {
            Ok(model) => model,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                continue;
            }
        };
        parsed += 1;
        let _ = model.check();
        let (start, end) = model.span();
        solved += usize::from(model.solve(&Save::At(vec![start, end])).is_ok());
        let _ = model.gradient();
    }
    // A mutation that always breaks the file would try nothing else.
    assert!(parsed > 30 && solved > 20, "{parsed} {solved}");
    let left: Vec<_> = std::fs::read_dir(&place).unwrap().collect();
    assert_eq!(left.len(), 2);
    std::fs::remove_dir_all(&place).unwrap();
}
