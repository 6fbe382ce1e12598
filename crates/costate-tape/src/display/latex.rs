//! LaTeX: an `aligned` block for use inside a display formula.

use super::names::Names;
use super::notation::Notation;
use super::style::{ATOM, POWER, PRODUCT, Piece, SUM, Style};
use crate::function::Function;
use crate::op::{Binary, Unary};
use crate::scalar::Scalar;

pub(super) struct Latex;

/// Letters that are spelled out.
pub(super) const GREEK: [&str; 29] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi",
    "omega", "Gamma", "Delta", "Theta", "Lambda", "Phi", "Omega",
];

fn within(piece: Piece, binds: u8) -> String {
    if piece.binds < binds {
        format!(r"\left({}\right)", piece.text)
    } else {
        piece.text
    }
}

/// A name in letters: Greek where it is spelled out, upright where it has more than one letter, digits and what follows an
/// underscore or stands in brackets as subscripts.
pub(super) fn letters(name: &str) -> String {
    let (base, mut rest) = match name.find(['_', '[']) {
        Some(at) if at > 0 => (&name[..at], name[at..].trim_start_matches('_').to_owned()),
        _ => (name, String::new()),
    };
    let digits = base.len() - base.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (base, number) = base.split_at(base.len() - digits);
    rest = rest.replace(['[', ']'], "").replace('_', r",\,");
    let index: Vec<&str> = [number, &rest]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    let base = match base {
        "bar" | "dot" if !rest.is_empty() => {
            return format!(r"\{base}{{{}}}", letters(rest.trim_start_matches(r",\,")));
        }
        _ if GREEK.contains(&base) => format!(r"\{base}"),
        _ if base.chars().count() == 1 => base.to_owned(),
        _ => format!(r"\mathrm{{{}}}", base.replace('_', r"\_")),
    };
    let index: Vec<String> = index
        .iter()
        .map(|part| {
            let plain =
                part.chars().all(|c| c.is_ascii_digit() || ", ".contains(c)) || part.len() == 1;
            if GREEK.contains(part) {
                format!(r"\{part}")
            } else if plain {
                (*part).to_owned()
            } else {
                format!(r"\mathrm{{{part}}}")
            }
        })
        .collect();
    if index.is_empty() {
        base
    } else {
        format!("{base}_{{{}}}", index.join(","))
    }
}

impl Style for Latex {
    fn number(&self, rust: &str) -> Piece {
        let text = super::style::shortened(rust);
        let negative = text.starts_with('-');
        let (text, binds) = match text.split_once('e') {
            Some((digits, exponent)) => (format!(r"{digits}\cdot 10^{{{exponent}}}"), PRODUCT),
            None => (
                text.replace("inf", r"\infty")
                    .replace("NaN", r"\mathrm{NaN}"),
                ATOM,
            ),
        };
        Piece {
            text,
            binds: if negative { SUM } else { binds },
        }
    }

    fn name(&self, name: &str) -> Piece {
        Piece::atom(letters(name))
    }

    fn indexed(&self, array: Piece, index: &str) -> Piece {
        let array = braced(within(array, ATOM), '_');
        Piece::atom(format!("{array}_{{{}}}", index.replace(", ", ",")))
    }

    fn unary(&self, op: Unary, x: Piece) -> Piece {
        let notation = op.latex();
        match op {
            Unary::Neg => Piece {
                text: format!("-{}", within(x, PRODUCT)),
                binds: SUM,
            },
            Unary::Identity => x,
            // The notation encloses the argument.
            _ if !notation.ends_with('#') => Piece::atom(notation.replace('#', &x.text)),
            _ => {
                let argument = if x.binds < ATOM || x.text.starts_with('\\') && x.text.contains(' ')
                {
                    format!(r"\left({}\right)", x.text)
                } else {
                    x.text
                };
                // A function binds its argument like a factor: (tanh x)·y, not tanh(x·y).
                Piece {
                    text: notation.replace('#', &argument),
                    binds: POWER,
                }
            }
        }
    }

    fn binary(&self, op: Binary, a: Piece, b: Piece) -> Piece {
        let (left, right, binds) = match op {
            Binary::Add => (within(a, SUM), right_of(b, SUM), SUM),
            Binary::Sub => (within(a, SUM), right_of(b, SUM + 1), SUM),
            Binary::Mul => {
                let number = b.text.starts_with(|c: char| c.is_ascii_digit());
                let (left, right) = (within(a, PRODUCT), within(b, PRODUCT));
                let text = if number {
                    format!(r"{left} \cdot {right}")
                } else {
                    format!(r"{left}\,{right}")
                };
                return Piece {
                    text,
                    binds: PRODUCT,
                };
            }
            Binary::Pow => (within(a, ATOM), b.text, POWER),
            _ if op.is_comparison() => (within(a, SUM), within(b, SUM), ATOM),
            // A fraction or a function encloses its arguments.
            Binary::Div => (a.text, b.text, POWER),
            Binary::Hypot => (within(a, ATOM), within(b, ATOM), ATOM),
            _ => (a.text, b.text, ATOM),
        };
        // In one pass: an argument may contain the other's mark.
        let mut text = String::new();
        let mut rest = op.latex();
        while let Some(at) = rest.find('#') {
            text.push_str(&rest[..at]);
            text.push_str(if rest[at..].starts_with("#1") {
                &left
            } else {
                &right
            });
            rest = &rest[at + 2..];
        }
        text.push_str(rest);
        Piece { text, binds }
    }

    fn power(&self, x: Piece, n: i32) -> Piece {
        Piece {
            text: format!("{}^{{{n}}}", within(x, ATOM)),
            binds: POWER,
        }
    }

    fn select(&self, condition: Piece, a: Piece, b: Piece) -> Piece {
        Piece::atom(format!(
            r"\begin{{cases}} {} & \text{{if }} {} \\ {} & \text{{otherwise}} \end{{cases}}",
            a.text, condition.text, b.text
        ))
    }

    fn sum(&self, x: Piece, axes: Option<&[usize]>) -> Piece {
        let below = axes.map_or(String::new(), |axes| {
            let axes: Vec<String> = axes.iter().map(usize::to_string).collect();
            format!(r"_{{\text{{axis }}{}}}", axes.join(","))
        });
        Piece {
            text: format!(r"\textstyle\sum{below} {}", within(x, PRODUCT)),
            binds: SUM,
        }
    }

    fn matmul(&self, a: Piece, b: Piece) -> Piece {
        Piece {
            text: format!(r"{}\,{}", within(a, PRODUCT), within(b, PRODUCT)),
            binds: PRODUCT,
        }
    }

    fn transpose(&self, x: Piece) -> Piece {
        let x = braced(within(x, ATOM), '^');
        Piece::atom(format!(r"{x}^{{\top}}"))
    }

    fn elementwise(&self, a: Piece, b: Piece) -> Piece {
        Piece {
            text: format!(r"{} \odot {}", within(a, PRODUCT), within(b, PRODUCT)),
            binds: PRODUCT,
        }
    }

    fn vector(&self, parts: &[Piece]) -> Piece {
        let parts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
        Piece::atom(format!(
            r"\begin{{pmatrix}} {} \end{{pmatrix}}",
            parts.join(r" \\ ")
        ))
    }

    fn call(&self, name: &str, arguments: &[String]) -> Piece {
        let name = name.replace('_', r"\_");
        Piece::atom(format!(
            r"\operatorname{{{name}}}\left({}\right)",
            arguments.join(", ")
        ))
    }

    fn long(&self) -> usize {
        160
    }
}

/// An expression that may take an index or a power after `mark`: TeX refuses two of a kind.
fn braced(text: String, mark: char) -> String {
    if text.contains(mark) {
        format!("{{{text}}}")
    } else {
        text
    }
}

/// A second term: one that begins with a sign needs parentheses.
fn right_of(b: Piece, binds: u8) -> String {
    let negative = b.text.starts_with('-');
    within(b, if negative { PRODUCT } else { binds })
}

/// Terms of a long sum on lines of their own: broken before signs outside of all brackets.
pub(super) fn broken(formula: &str) -> Vec<String> {
    /// Signs on a line; a command counts as one.
    const LINE: usize = 90;
    let mut lines = Vec::new();
    let mut line = String::new();
    let (mut depth, mut width) = (0_i32, 0);
    let mut rest = formula;
    while let Some(c) = rest.chars().next() {
        let is_sign = rest.starts_with(" + ") || rest.starts_with(" - ");
        if depth == 0 && is_sign && width > LINE {
            lines.push(std::mem::take(&mut line));
            width = 0;
        }
        let letters = rest[c.len_utf8()..].find(|c: char| !c.is_ascii_alphabetic());
        let length = match (c, letters) {
            ('\\', Some(letters)) => 1 + letters.max(1),
            ('\\', None) => rest.len(),
            _ => c.len_utf8(),
        };
        let (word, after) = rest.split_at(length);
        depth += match word {
            "{" | r"\left" | r"\begin" => 1,
            "}" | r"\right" | r"\end" => -1,
            _ => 0,
        };
        width += usize::from(!"{} ^_".contains(c));
        line.push_str(word);
        rest = after;
    }
    lines.push(line);
    lines
}

impl<T: Scalar> Function<T> {
    /// The formulas in LaTeX: an `aligned` environment, one line for each intermediate value and each output.
    ///
    /// Needs the packages amsmath and amssymb; KaTeX and MathJax read it as it is.
    ///
    /// ```
    /// use costate_tape::{Function, Names, Scalar};
    /// let f = Function::<f64>::record(&[("h", &[2]), ("theta", &[1])], |v| {
    ///     vec![v[1].index(0) * v[0].index(0).exp() / v[0].index(1)]
    /// })?;
    /// let names = Names::new().elements("h", &["x", "k_m"]).element("theta", 0, "alpha");
    /// assert_eq!(
    ///     f.latex(&names),
    ///     "\\begin{aligned}\ny &= \\frac{\\alpha\\,\\exp x}{k_{m}}\n\\end{aligned}\n"
    /// );
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    pub fn latex(&self, names: &Names) -> String {
        let formulas = self.formulas(names, Notation::Latex);
        let lines = formulas.lines.iter().map(|line| {
            let value = line.parts.join(r" \\ &\quad");
            format!("{} &= {value}", letters(&line.name))
        });
        let conditions = formulas.conditions.iter();
        let conditions = conditions.map(|condition| format!(r"&\text{{where }} {condition}"));
        let lines: Vec<String> = lines.chain(conditions).collect();
        format!(
            "\\begin{{aligned}}\n{}\n\\end{{aligned}}\n",
            lines.join(" \\\\\n")
        )
    }
}
