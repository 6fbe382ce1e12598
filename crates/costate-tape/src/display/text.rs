//! Plain text: infix formulas as one would type them.

use super::names::Names;
use super::style::{ATOM, LOOSE, POWER, PRODUCT, Piece, SUM, Style};
use super::walk;
use crate::function::Function;
use crate::graph::NodeId;
use crate::op::{Binary, Unary};
use crate::scalar::Scalar;
use std::fmt::{self, Write as _};

pub(super) struct Text;

/// The expression, in parentheses if it binds less than that.
fn within(piece: Piece, binds: u8) -> String {
    if piece.binds < binds {
        format!("({})", piece.text)
    } else {
        piece.text
    }
}

impl Style for Text {
    fn number(&self, rust: &str) -> Piece {
        let text = super::style::shortened(rust).to_owned();
        let binds = if text.starts_with('-') { SUM } else { ATOM };
        Piece { text, binds }
    }

    fn name(&self, name: &str) -> Piece {
        Piece::atom(name)
    }

    fn indexed(&self, array: Piece, index: &str) -> Piece {
        Piece::atom(format!("{}[{index}]", within(array, ATOM)))
    }

    fn unary(&self, op: Unary, x: Piece) -> Piece {
        match op {
            Unary::Neg => Piece {
                text: format!("-{}", within(x, PRODUCT)),
                binds: SUM,
            },
            Unary::Identity => x,
            _ => Piece::atom(format!("{}({})", op.name(), x.text)),
        }
    }

    fn binary(&self, op: Binary, a: Piece, b: Piece) -> Piece {
        let Some((sign, binds)) = op.infix() else {
            return self.call(op.name(), &[a.text, b.text]);
        };
        // a − (b − c) and a/(b/c) need their parentheses, a + (b + c) does not.
        let tight = match op {
            Binary::Add | Binary::Mul => binds,
            _ => binds + 1,
        };
        let negative = b.text.starts_with('-');
        let (left, right) = match op {
            Binary::Pow => (within(a, POWER + 1), within(b, POWER)),
            _ => (
                within(a, binds),
                within(b, if negative { binds + 1 } else { tight }),
            ),
        };
        let text = if binds < PRODUCT {
            format!("{left} {sign} {right}")
        } else {
            format!("{left}{sign}{right}")
        };
        Piece { text, binds }
    }

    fn power(&self, x: Piece, n: i32) -> Piece {
        let exponent = if n < 0 {
            format!("({n})")
        } else {
            n.to_string()
        };
        Piece {
            text: format!("{}^{exponent}", within(x, POWER + 1)),
            binds: POWER,
        }
    }

    fn select(&self, condition: Piece, a: Piece, b: Piece) -> Piece {
        self.call("if", &[condition.text, a.text, b.text])
    }

    fn sum(&self, x: Piece, axes: Option<&[usize]>) -> Piece {
        let mut arguments = vec![x.text];
        match axes {
            Some([axis]) => arguments.push(format!("axis {axis}")),
            Some(axes) => arguments.push(format!("axes {axes:?}")),
            None => {}
        }
        self.call("sum", &arguments)
    }

    fn matmul(&self, a: Piece, b: Piece) -> Piece {
        Piece {
            text: format!("{} @ {}", within(a, PRODUCT + 1), within(b, PRODUCT + 1)),
            binds: PRODUCT,
        }
    }

    fn transpose(&self, x: Piece) -> Piece {
        Piece::atom(format!("{}'", within(x, ATOM)))
    }

    fn vector(&self, parts: &[Piece]) -> Piece {
        let parts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
        Piece::atom(format!("[{}]", parts.join(", ")))
    }

    fn call(&self, name: &str, arguments: &[String]) -> Piece {
        Piece::atom(format!("{name}({})", arguments.join(", ")))
    }

    fn long(&self) -> usize {
        90
    }
}

impl<T: Scalar> Function<T> {
    /// The formulas as text, with the given names for elements of inputs: a line for each intermediate value that is used more than
    /// once, a line for each output, and the conditions under which they hold.
    ///
    /// `@` is the matrix product, `'` a transpose, `x[1:3]` elements 1 and 2. A power binds tighter than a minus sign.
    ///
    /// ```
    /// use costate_tape::{Function, Scalar, Names};
    /// let f = Function::<f64>::record(&[("x", &[3]), ("w", &[2, 3]), ("b", &[2])], |v| {
    ///     let y = v[1].matmul(v[0]) + v[2];
    ///     vec![y.tanh() * y]
    /// })?;
    /// assert_eq!(f.text(&Names::new()), "f(x[3], w[2, 3], b[2]):\n  v1 = w @ x + b\n  y = tanh(v1)*v1\n");
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    pub fn text(&self, names: &Names) -> String {
        let written = walk::write(self, names, &Text);
        let arguments = written.arguments.iter().map(|(name, shape)| {
            if shape.is_scalar() {
                name.clone()
            } else {
                format!("{name}{shape}")
            }
        });
        let mut out = format!("f({}):\n", arguments.collect::<Vec<_>>().join(", "));
        for line in &written.lines {
            let _ = writeln!(out, "  {} = {}", line.name, line.value.text);
        }
        for (condition, held) in written.conditions {
            let not = if held { "" } else { "not " };
            let _ = writeln!(
                out,
                "  where {not}{}",
                within(condition, if held { LOOSE } else { ATOM })
            );
        }
        out
    }
}

impl<T: Scalar> fmt::Display for Function<T> {
    /// [`text`](Function::text) with the inputs' own names.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text(&Names::new()))
    }
}

/// The formula of one node, for messages.
pub(crate) fn formula<T: Scalar>(f: &Function<T>, node: NodeId) -> String {
    walk::formula(f, node, &Names::new(), &Text).text
}
