//! MathML Core: what browsers typeset by themselves.

use super::latex::GREEK;
use super::style::{ATOM, POWER, PRODUCT, Piece, SUM, Style, shortened};
use crate::op::{Binary, Unary};

pub(super) struct MathMl;

/// The letters of [`GREEK`].
const LETTERS: [&str; 29] = [
    "α", "β", "γ", "δ", "ε", "ζ", "η", "θ", "ι", "κ", "λ", "μ", "ν", "ξ", "π", "ρ", "σ", "τ", "υ",
    "φ", "χ", "ψ", "ω", "Γ", "Δ", "Θ", "Λ", "Φ", "Ω",
];

const THIN: &str = r#"<mspace width="0.17em"/>"#;
const MINUS: &str = "<mo>−</mo>";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// One element, whatever the contents are.
fn row(text: &str) -> String {
    format!("<mrow>{text}</mrow>")
}

fn parenthesised(text: &str) -> String {
    format!("<mrow><mo>(</mo>{text}<mo>)</mo></mrow>")
}

/// The expression, in parentheses if it binds less than that.
fn within(piece: &Piece, binds: u8) -> String {
    if piece.binds < binds {
        parenthesised(&piece.text)
    } else {
        piece.text.clone()
    }
}

/// The same as one element, for a place that takes one.
fn element(piece: &Piece, binds: u8) -> String {
    row(&within(piece, binds))
}

/// A letter, a Greek one that is spelled out, a word, or a number.
fn word(text: &str) -> String {
    match GREEK.iter().position(|&greek| greek == text) {
        Some(i) => format!("<mi>{}</mi>", LETTERS[i]),
        None if text.chars().all(|c| c.is_ascii_digit()) => format!("<mn>{text}</mn>"),
        None => format!("<mi>{}</mi>", escaped(text)),
    }
}

/// A name in letters; digits and what follows an underscore or stands in brackets are subscripts.
fn letters(name: &str) -> String {
    let (base, rest) = match name.find(['_', '[']) {
        Some(at) if at > 0 => name.split_at(at),
        _ => (name, ""),
    };
    let digits = base.len() - base.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (base, number) = base.split_at(base.len() - digits);
    let parts = rest
        .split(['_', '[', ']', ',', ' '])
        .filter(|part| !part.is_empty());
    let index: Vec<String> = (!number.is_empty())
        .then_some(number)
        .into_iter()
        .chain(parts)
        .map(word)
        .collect();
    let base = if base.is_empty() { number } else { base };
    match index.as_slice() {
        [] => word(base),
        [one] => format!("<msub>{}{one}</msub>", word(base)),
        _ => format!("<msub>{}{}</msub>", word(base), row(&index.join(THIN))),
    }
}

/// A function and its argument, in parentheses unless that is a name or stands in some already.
fn applied(name: &str, x: &Piece) -> Piece {
    let gap = if x.binds < ATOM || x.text.starts_with("<mrow><mo>(") {
        "<mo>\u{2061}</mo>"
    } else {
        THIN
    };
    Piece {
        text: row(&format!("{name}{gap}{}", within(x, ATOM))),
        // A function binds its argument like a factor: (tanh x)·y, not tanh(x·y).
        binds: POWER,
    }
}

/// The word of a function in its LaTeX notation.
fn function(latex: &str) -> String {
    let name = latex
        .trim_end_matches([' ', '#'])
        .replace(r"\operatorname", "")
        .replace(r"\,", " ");
    word(name.trim_matches(['\\', '{', '}']))
}

/// A second term: one that begins with a sign needs parentheses.
fn right_of(b: &Piece, binds: u8) -> String {
    let negative = b.text.starts_with(MINUS);
    within(b, if negative { PRODUCT } else { binds })
}

fn arguments(arguments: &[&str]) -> String {
    parenthesised(&arguments.join("<mo>,</mo>"))
}

fn column(rows: impl Iterator<Item = String>) -> String {
    let rows: Vec<String> = rows.map(|row| format!("<mtr>{row}</mtr>")).collect();
    format!("<mtable>{}</mtable>", rows.concat())
}

impl Style for MathMl {
    fn number(&self, rust: &str) -> Piece {
        let text = shortened(rust);
        let (sign, size) = match text.strip_prefix('-') {
            Some(size) => (MINUS, size),
            None => ("", text),
        };
        let (text, binds) = match size.split_once('e') {
            Some((digits, exponent)) => {
                let exponent = exponent.replace('-', "−");
                let power = format!("<msup><mn>10</mn><mn>{exponent}</mn></msup>");
                (format!("<mn>{digits}</mn><mo>⋅</mo>{power}"), PRODUCT)
            }
            None => (format!("<mn>{}</mn>", size.replace("inf", "∞")), ATOM),
        };
        Piece {
            text: format!("{sign}{text}"),
            binds: if sign.is_empty() { binds } else { SUM },
        }
    }

    fn name(&self, name: &str) -> Piece {
        Piece::atom(letters(name))
    }

    fn indexed(&self, array: Piece, index: &str) -> Piece {
        let array = element(&array, ATOM);
        Piece::atom(format!("<msub>{array}<mn>{}</mn></msub>", escaped(index)))
    }

    fn unary(&self, op: Unary, x: Piece) -> Piece {
        let around = |open: &str, close: &str| {
            Piece::atom(row(&format!("<mo>{open}</mo>{}<mo>{close}</mo>", x.text)))
        };
        match op {
            Unary::Neg => Piece {
                text: format!("{MINUS}{}", within(&x, PRODUCT)),
                binds: SUM,
            },
            Unary::Identity => x,
            Unary::Sqrt => Piece::atom(format!("<msqrt>{}</msqrt>", x.text)),
            Unary::Cbrt => Piece::atom(format!("<mroot>{}<mn>3</mn></mroot>", row(&x.text))),
            Unary::Abs => around("|", "|"),
            Unary::Floor => around("⌊", "⌋"),
            Unary::Log2 => applied("<msub><mi>log</mi><mn>2</mn></msub>", &x),
            Unary::Log10 => applied("<msub><mi>log</mi><mn>10</mn></msub>", &x),
            _ => applied(&function(op.latex()), &x),
        }
    }

    fn binary(&self, op: Binary, a: Piece, b: Piece) -> Piece {
        let sign = |sign: &str, text: (String, String), binds| Piece {
            text: format!("{}<mo>{}</mo>{}", text.0, escaped(sign), text.1),
            binds,
        };
        match op {
            Binary::Add => sign("+", (within(&a, SUM), right_of(&b, SUM)), SUM),
            Binary::Sub => sign("−", (within(&a, SUM), right_of(&b, SUM + 1)), SUM),
            Binary::Mul => {
                let (left, right) = (within(&a, PRODUCT), within(&b, PRODUCT));
                let between = if right.starts_with("<mn>") {
                    "<mo>⋅</mo>"
                } else {
                    THIN
                };
                Piece {
                    text: format!("{left}{between}{right}"),
                    binds: PRODUCT,
                }
            }
            Binary::Div => Piece {
                text: format!("<mfrac>{}{}</mfrac>", row(&a.text), row(&b.text)),
                binds: POWER,
            },
            Binary::Pow => Piece {
                text: format!("<msup>{}{}</msup>", element(&a, ATOM), row(&b.text)),
                binds: POWER,
            },
            Binary::Hypot => {
                let square = |x: &Piece| format!("<msup>{}<mn>2</mn></msup>", element(x, ATOM));
                let (a, b) = (square(&a), square(&b));
                Piece::atom(format!("<msqrt>{a}<mo>+</mo>{b}</msqrt>"))
            }
            _ if op.is_comparison() => {
                let comparison = match op {
                    Binary::Le => "≤",
                    Binary::Ge => "≥",
                    Binary::Eq => "=",
                    Binary::Ne => "≠",
                    _ => op.infix().map_or(op.name(), |(sign, _)| sign),
                };
                let inner = sign(comparison, (within(&a, SUM), within(&b, SUM)), SUM);
                Piece::atom(row(&format!("<mo>[</mo>{}<mo>]</mo>", inner.text)))
            }
            _ => {
                let both = arguments(&[&a.text, &b.text]);
                Piece::atom(row(&format!("{}{both}", word(op.name()))))
            }
        }
    }

    fn power(&self, x: Piece, n: i32) -> Piece {
        let n = n.to_string().replace('-', "−");
        Piece {
            text: format!("<msup>{}<mn>{n}</mn></msup>", element(&x, ATOM)),
            binds: POWER,
        }
    }

    fn select(&self, condition: Piece, a: Piece, b: Piece) -> Piece {
        let case = |value: &str, when: &str| format!("<mtd>{value}</mtd><mtd>{when}</mtd>");
        let rows = [
            case(&a.text, &format!("<mtext>if </mtext>{}", condition.text)),
            case(&b.text, "<mtext>otherwise</mtext>"),
        ];
        let cases = column(rows.into_iter());
        Piece::atom(row(&format!("<mo>{{</mo>{cases}")))
    }

    fn sum(&self, x: Piece, axes: Option<&[usize]>) -> Piece {
        let sign = match axes {
            None => "<mo>∑</mo>".to_owned(),
            Some(axes) => {
                let axes: Vec<String> = axes.iter().map(usize::to_string).collect();
                format!(
                    "<munder><mo>∑</mo><mtext>axis {}</mtext></munder>",
                    axes.join(", ")
                )
            }
        };
        Piece {
            text: format!("{sign}{}", within(&x, PRODUCT)),
            binds: SUM,
        }
    }

    fn matmul(&self, a: Piece, b: Piece) -> Piece {
        Piece {
            text: format!("{}{THIN}{}", within(&a, PRODUCT), within(&b, PRODUCT)),
            binds: PRODUCT,
        }
    }

    fn elementwise(&self, a: Piece, b: Piece) -> Piece {
        let (a, b) = (within(&a, PRODUCT), within(&b, PRODUCT));
        Piece {
            text: format!("{a}<mo>⊙</mo>{b}"),
            binds: PRODUCT,
        }
    }

    fn transpose(&self, x: Piece) -> Piece {
        let x = element(&x, ATOM);
        Piece::atom(format!(
            r#"<msup>{x}<mi mathvariant="normal">T</mi></msup>"#
        ))
    }

    fn vector(&self, parts: &[Piece]) -> Piece {
        let rows = parts.iter().map(|part| format!("<mtd>{}</mtd>", part.text));
        Piece::atom(parenthesised(&column(rows)))
    }

    fn call(&self, name: &str, given: &[String]) -> Piece {
        // Some are expressions, some are shapes and ranges.
        let given: Vec<String> = given
            .iter()
            .map(|argument| match argument.starts_with('<') {
                true => argument.clone(),
                false => format!("<mtext>{}</mtext>", escaped(argument)),
            })
            .collect();
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        let name = escaped(&name.replace('_', " "));
        Piece::atom(row(&format!("<mi>{name}</mi>{}", arguments(&given))))
    }

    fn long(&self) -> usize {
        1500
    }
}

/// Terms of a long sum on lines of their own: broken before signs outside of all elements.
pub(super) fn broken(formula: &str) -> Vec<String> {
    /// Characters on a line.
    const LINE: usize = 60;
    let mut lines = Vec::new();
    let mut line = String::new();
    let (mut depth, mut width) = (0_i32, 0);
    let mut rest = formula;
    while !rest.is_empty() {
        let is_sign = rest.starts_with("<mo>+</mo>") || rest.starts_with(MINUS);
        if depth == 0 && is_sign && width > LINE {
            lines.push(std::mem::take(&mut line));
            width = 0;
        }
        let end = match rest.strip_prefix('<') {
            Some(_) => rest.find('>').map_or(rest.len(), |at| at + 1),
            None => rest.find('<').unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(end);
        if word.starts_with("</") {
            depth -= 1;
        } else if word.starts_with('<') {
            depth += i32::from(!word.ends_with("/>"));
        } else {
            width += word.chars().count();
        }
        line.push_str(word);
        rest = after;
    }
    lines.push(line);
    lines
}
