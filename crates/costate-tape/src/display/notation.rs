//! Formulas one by one, for those who lay out the page themselves.

use super::latex::{self, Latex};
use super::mathml::{self, MathMl};
use super::names::Names;
use super::style::Style;
use super::text::Text;
use super::walk;
use crate::function::Function;
use crate::scalar::Scalar;

/// A way of writing formulas.
///
/// ```
/// use costate_tape::{Function, Names, Notation, Scalar};
/// let f = Function::<f64>::record(&[("x", &[])], |v| vec![v[0].exp() / v[0]])?;
/// let written = |notation| f.formulas(&Names::new(), notation).lines[0].parts[0].clone();
/// assert_eq!(written(Notation::Text), "exp(x)/x");
/// assert_eq!(written(Notation::Latex), r"\frac{\exp x}{x}");
/// assert!(written(Notation::MathMl).starts_with("<mfrac>"));
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notation {
    /// Infix, as one would type it: [`Function::text`].
    Text,
    /// LaTeX in display style; needs amsmath and amssymb.
    Latex,
    /// MathML Core, as browsers typeset it: the contents of a `math` element or of one cell of a table in it.
    MathMl,
}

/// A named value.
///
/// ```
/// use costate_tape::{Formula, Function, Names, Notation};
/// let f = Function::<f64>::record(&[("x", &[]), ("k", &[])], |v| vec![v[0] * v[1]])?;
/// let expected = Formula { name: "y".into(), parts: vec!["x*k".into()] };
/// assert_eq!(f.formulas(&Names::new(), Notation::Text).lines, [expected]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formula {
    /// The name of the value, as it was given.
    pub name: String,
    /// Its formula: one part, or several where a long sum goes on lines of its own.
    pub parts: Vec<String>,
}

/// The formulas of a function in the order of their need.
///
/// ```
/// use costate_tape::{Function, Names, Notation, Scalar};
/// let f = Function::<f64>::record(&[("x", &[]), ("k", &[])], |v| vec![(v[0] / v[1]).tanh()])?;
/// let formulas = f.formulas(&Names::new(), Notation::Latex);
/// assert_eq!((formulas.lines[0].name.as_str(), formulas.lines[0].parts[0].as_str()), ("y", r"\tanh \left(\frac{x}{k}\right)"));
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formulas {
    /// Intermediate values and outputs.
    pub lines: Vec<Formula>,
    /// Conditions under which they hold.
    pub conditions: Vec<String>,
}

impl Notation {
    /// A name as it stands in formulas.
    ///
    /// ```
    /// use costate_tape::Notation;
    /// assert_eq!(Notation::Latex.name("alpha_2"), r"\alpha_{2}");
    /// assert_eq!(Notation::MathMl.name("k_m"), "<msub><mi>k</mi><mi>m</mi></msub>");
    /// ```
    #[must_use]
    pub fn name(self, name: &str) -> String {
        self.style().name(name).text
    }

    fn style(self) -> &'static dyn Style {
        match self {
            Notation::Text => &Text,
            Notation::Latex => &Latex,
            Notation::MathMl => &MathMl,
        }
    }

    fn parts(self, text: String) -> Vec<String> {
        match self {
            Notation::Text => vec![text],
            Notation::Latex => latex::broken(&text),
            Notation::MathMl => mathml::broken(&text),
        }
    }
}

impl<T: Scalar> Function<T> {
    /// The formulas in a notation: what [`text`](Function::text) and [`latex`](Function::latex) put on a page of their own.
    ///
    /// ```
    /// use costate_tape::{Function, Names, Notation, Scalar};
    /// let f = Function::<f64>::record(&[("x", &[]), ("k", &[])], |v| vec![v[1] * v[0].sqrt()])?;
    /// let formulas = f.formulas(&Names::new(), Notation::MathMl);
    /// assert_eq!(formulas.lines[0].name, "y");
    /// assert_eq!(
    ///     formulas.lines[0].parts,
    ///     ["<mi>k</mi><mspace width=\"0.17em\"/><msqrt><mi>x</mi></msqrt>"]
    /// );
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    pub fn formulas(&self, names: &Names, notation: Notation) -> Formulas {
        let written = walk::write(self, names, notation.style());
        let lines = written.lines.into_iter().map(|line| Formula {
            name: line.name,
            parts: notation.parts(line.value.text),
        });
        let conditions = written.conditions.into_iter().map(|(condition, held)| {
            let (open, close) = match notation {
                _ if held => ("", ""),
                Notation::Text => ("not (", ")"),
                Notation::Latex => (r"\neg ", ""),
                Notation::MathMl => ("<mo>¬</mo>", ""),
            };
            format!("{open}{}{close}", condition.text)
        });
        Formulas {
            lines: lines.collect(),
            conditions: conditions.collect(),
        }
    }
}
