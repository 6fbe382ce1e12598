//! A model's own derivation, in its own names.

mod happens;
mod page;
mod source;
mod system;

use costate_tape::Notation;

use crate::error::{Error, Result};
use crate::model::Model;
use page::Section;
use system::System;

/// What a model is and what its gradients are made of, to be read: its equations, the three products of the row a with their
/// derivatives, and the augmented adjoint system
///
/// ```text
/// d/dt [ h   a   a_θ   a_t ] = [ f   −a·∂f/∂h   −a·∂f/∂θ   −a·∂f/∂t ]
/// ```
///
/// Every component is a formula of its own, simplified over the real numbers, in the names of the model: of states, parameters,
/// definitions and outputs of networks. The layers of a network are matrix products, `W_NAME_0`, `b_NAME_0`, …; weights that vary with t are sums of
/// `W_NAME_0_term0`, `phi_NAME_1*W_NAME_0_term1`, …. Events are listed in words; what they do to states and costates is no part of the formulas.
///
/// ```
/// use costate_model::Model;
///
/// let text = "[states]\ny = 4.0\n[parameters]\nk = { value = 2.0, lower = 0.0 }\n[equations]\ny = \"-k * y\"\n[time]\nstart = 0.0\nend = 1.0";
/// let explanation = Model::parse(text, "decay.toml")?.explain()?;
/// assert!(explanation.html().contains("<math") && explanation.dot().starts_with("digraph"));
/// assert!(explanation.rust()?.contains("pub fn"));
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Explanation {
    title: String,
    sections: Vec<Section>,
    /// What the formulas leave out.
    happens: Vec<String>,
    model: Model,
}

impl Model {
    /// The text of the model file.
    pub fn source(&self) -> &str {
        &self.source.text
    }

    /// The derivation of this model's gradients.
    ///
    /// ```
    /// use costate_model::Model;
    ///
    /// let text = "[states]\ny = 1.0\n[parameters]\nk = 2.0\n[equations]\ny = \"-k * y\"\n[time]\nstart = 0.0\nend = 1.0";
    /// let explanation = Model::parse(text, "decay.toml")?.explain()?;
    /// assert!(explanation.text(&str::to_owned).contains("\n  d_a_y = a_y*k\n"));
    /// assert!(explanation.latex().contains(r"\frac{\mathrm{d}\,a_{y}}{\mathrm{d}t} &= a_{y}\,k"));
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] if two names clash.
    pub fn explain(&self) -> Result<Explanation> {
        let system = System::new(self);
        let sections = page::sections(&system).map_err(|error| {
            Error::Argument(format!("the equations cannot be written out: {error}"))
        })?;
        let stem = self.path().file_stem().unwrap_or_default();
        Ok(Explanation {
            title: match self.title() {
                Some(title) => title.to_owned(),
                None => stem.to_string_lossy().into_owned(),
            },
            sections,
            happens: happens::lines(self),
            model: self.clone(),
        })
    }
}

impl Explanation {
    /// As plain text; `heading` marks a heading.
    pub fn text(&self, heading: &dyn Fn(&str) -> String) -> String {
        page::text(&self.title, &self.sections, &self.happens, heading)
    }

    /// As a document for LaTeX, with amsmath and amssymb and nothing else.
    pub fn latex(&self) -> String {
        page::latex(&self.title, &self.sections, &self.happens)
    }

    /// As a web page in MathML, which opens without network.
    pub fn html(&self) -> String {
        page::html(&self.title, &self.sections, &self.happens)
    }

    /// The sections of the web page, to be put into another: headings are `h3`, formulas are in `div`s of class `formulas`.
    pub fn html_sections(&self) -> String {
        page::html_sections(&self.sections, &self.happens, "h3")
    }

    /// The graph of the augmented system for Graphviz.
    pub fn dot(&self) -> String {
        let augmented = self.sections.last().map(|section| &section.written);
        let graph = augmented.map_or(String::new(), |written| {
            written.function.dot(&written.names)
        });
        self.commented("//") + &graph
    }

    /// What the formulas leave out, as lines of comment.
    fn commented(&self, mark: &str) -> String {
        let lines = self.happens.iter().flat_map(|line| line.lines());
        lines.map(|line| format!("{mark} {line}\n")).collect()
    }

    /// A Rust source file without dependencies: initial values, the equations and the three products, with the bits of the program's own.
    ///
    /// # Errors
    /// [`Error::Argument`] for an operation that has no source in Rust's standard library.
    pub fn rust(&self) -> Result<String> {
        source::write(&self.model, &self.title, &self.commented("//!"))
    }
}

/// The left side of a line.
fn left(written: &system::Written, name: &str, notation: Notation) -> String {
    use system::Left;
    let found = written.outputs.iter().find(|output| output.text() == name);
    match (found, notation) {
        (None, _) => notation.name(name),
        (Some(left), Notation::Text) => left.text(),
        (Some(left), notation) => {
            let (Left::Start(x) | Left::Rate(x) | Left::Zero(x) | Left::Product(x)) = left;
            let x = notation.name(x);
            match (left, notation) {
                (Left::Start(_), Notation::Latex) => format!(r"{x}(t_0)"),
                (Left::Start(_), _) => {
                    format!("{x}<mo>(</mo><msub><mi>t</mi><mn>0</mn></msub><mo>)</mo>")
                }
                (Left::Rate(_), Notation::Latex) => {
                    format!(r"\frac{{\mathrm{{d}}\,{x}}}{{\mathrm{{d}}t}}")
                }
                (Left::Rate(_), _) => format!(
                    "<mfrac><mrow><mi mathvariant=\"normal\">d</mi><mspace width=\"0.1em\"/>{x}</mrow><mrow><mi mathvariant=\"normal\">d</mi><mi>t</mi></mrow></mfrac>"
                ),
                (Left::Zero(_), Notation::Latex) => "0".into(),
                (Left::Zero(_), _) => "<mn>0</mn>".into(),
                (Left::Product(_), Notation::Latex) => {
                    format!(r"a\,\frac{{\partial f}}{{\partial {x}}}")
                }
                (Left::Product(_), _) => format!(
                    "<mi>a</mi><mspace width=\"0.17em\"/><mfrac><mrow><mo>∂</mo><mi>f</mi></mrow><mrow><mo>∂</mo>{x}</mrow></mfrac>"
                ),
            }
        }
    }
}
