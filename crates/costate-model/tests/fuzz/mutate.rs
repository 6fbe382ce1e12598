//! Changes of a text that make it, mostly, almost right.

use crate::random::Random;

const WORDS: [&str; 36] = [
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
    "\u{feff}",
    "\r\n",
    "\u{202e}",
    "\0",
    "1e-320",
    "'''",
    "y.z = 1",
    "[parameters]",
];
const NUMBERS: [&str; 7] = ["0", "-1", "1e30", "1e-30", "3", "200", "-0.0"];

pub(crate) fn mutated(text: &str, random: &mut Random) -> String {
    let mut text = text.to_owned();
    for _ in 0..=random.below(3) {
        match random.below(4) {
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
                // A piece of it again at another place.
                let (from, to) = (random.place(&text), random.place(&text));
                let piece = &text[from.min(to)..from.max(to)];
                let short: String = piece.chars().take(40).collect();
                text.insert_str(random.place(&text), &short);
            }
            2 => {
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
