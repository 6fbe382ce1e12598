//! What the elements of inputs are called.

use std::ops::Range;

/// Names for elements and runs of a function's inputs: `h[0]` is shown as `hare`, `theta[4..36]` as `W`.
///
/// ```
/// use costate_tape::{Function, Names, Var};
/// let f = Function::<f64>::record(&[("h", &[2]), ("theta", &[2])], |v| {
///     let (h, p) = (v[0], v[1]);
///     vec![Var::stack(&[p.index(0) * h.index(0), -(p.index(1) * h.index(0) * h.index(1))])]
/// })?;
/// let names = Names::new().elements("h", &["hare", "lynx"]).element("theta", 1, "beta");
/// assert_eq!(f.text(&names), "f(hare, lynx, theta[2]):\n  y = [theta[0]*hare, -beta*hare*lynx]\n");
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Names {
    spans: Vec<Span>,
    values: Vec<String>,
}

#[derive(Clone, Debug)]
struct Span {
    input: String,
    range: Range<usize>,
    name: String,
}

impl Names {
    /// No names: inputs are shown as they were recorded.
    #[must_use]
    pub fn new() -> Self {
        Names::default()
    }

    /// Names element `i` of an input, counted in memory.
    #[must_use]
    pub fn element(self, input: &str, i: usize, name: &str) -> Self {
        self.span(input, i..i + 1, name)
    }

    /// Names the first elements of an input, in order.
    #[must_use]
    pub fn elements(mut self, input: &str, names: &[&str]) -> Self {
        for (i, name) in names.iter().enumerate() {
            self = self.element(input, i, name);
        }
        self
    }

    /// Names a run of elements, the weights of a layer in a parameter vector, say.
    #[must_use]
    pub fn span(mut self, input: &str, range: Range<usize>, name: &str) -> Self {
        self.spans.push(Span {
            input: input.to_owned(),
            range,
            name: name.to_owned(),
        });
        self
    }

    /// Says that an output is a value with a name of its own: it is written by its name where others use it, and has a line only then.
    ///
    /// ```
    /// use costate_tape::{Function, Names};
    /// let f = Function::<f64>::record(&[("x", &[]), ("k", &[])], |v| {
    ///     let flow = v[0] * v[1];
    ///     vec![flow, -flow, v[0] + v[1]]
    /// })?;
    /// let f = f.with_output_names(&["flow", "out", "unused"]);
    /// let names = Names::new().value("flow").value("unused");
    /// assert_eq!(f.text(&names), "f(x, k):\n  flow = x*k\n  out = -flow\n");
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    pub fn value(mut self, output: &str) -> Self {
        self.values.push(output.to_owned());
        self
    }

    /// Whether an output is such a value.
    pub(super) fn is_value(&self, output: &str) -> bool {
        self.values.iter().any(|value| value == output)
    }

    /// The name of exactly this run.
    pub(super) fn of(&self, input: &str, range: &Range<usize>) -> Option<&str> {
        self.spans
            .iter()
            .rev()
            .find(|span| span.input == input && span.range == *range)
            .map(|span| span.name.as_str())
    }

    /// The names of an input's elements and runs in order, if they cover all of it.
    pub(super) fn cover(&self, input: &str, length: usize) -> Option<Vec<&str>> {
        let mut names = Vec::new();
        let mut at = 0;
        while at < length {
            let span = self.spans.iter().rev().find(|span| {
                span.input == input && span.range.start == at && span.range.end > at
            })?;
            names.push(span.name.as_str());
            at = span.range.end;
        }
        (length > 0).then_some(names)
    }
}
