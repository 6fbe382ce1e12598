//! A model's own derivation, in its own names.

use costate_tape::{Function, Names, Rule};

use crate::error::{Error, Result};
use crate::field::{self, Layout};
use crate::model::Model;

/// What a model is and what its gradients are made of, as functions to be read.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// d(state)/dt.
    pub equations: Function<f64>,
    /// The products a·∂f/∂h, a·∂f/∂θ and a·∂f/∂t.
    pub products: Function<f64>,
    /// The augmented adjoint system.
    pub augmented: Function<f64>,
    /// The names of parameters, weights, states and costates where the functions are of arrays.
    pub names: Names,
}

impl Model {
    /// The derivation of this model's gradients: its equations, the three products of the row a with their derivatives, and the augmented adjoint system
    ///
    /// ```text
    /// d/dt [ h   a   a_θ   a_t ] = [ f   −a·∂f/∂h   −a·∂f/∂θ   −a·∂f/∂t ]
    /// ```
    ///
    /// Without networks every component is a formula of its own, simplified; with networks they are functions of arrays.
    ///
    /// ```
    /// use costate_model::Model;
    ///
    /// let text = "[states]\ny = 1.0\n[parameters]\nk = 2.0\n[equations]\ny = \"-k * y\"\n[time]\nstart = 0.0\nend = 1.0";
    /// let explanation = Model::parse(text, "decay.toml")?.explain()?;
    /// assert!(explanation.augmented.text(&explanation.names).contains("d_a_y = a_y*k"));
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] if two names clash.
    pub fn explain(&self) -> Result<Explanation> {
        let clash = |error: costate_tape::Error| {
            Error::Argument(format!("the equations cannot be written out: {error}"))
        };
        let f = field::right_side(self, Layout::Single)?;
        let vjp = f.vjp(&[0, 2, 1]);
        let (n, p) = (self.states.len(), f.input_shape(2).len());
        let inputs: [(&str, &[usize]); 4] = [("h", &[n]), ("t", &[]), ("theta", &[p]), ("a", &[n])];
        let products =
            Function::record(&inputs, |inputs| vjp.call(inputs).split_off(1)).map_err(clash)?;
        let augmented = Function::record(&inputs, |inputs| {
            let mut rates = vjp.call(inputs);
            rates.iter_mut().skip(1).for_each(|rate| *rate = -*rate);
            rates
        });
        let mut explanation = Explanation {
            equations: f,
            products,
            augmented: augmented.map_err(clash)?,
            names: self.element_names(),
        };
        let prefixed = |prefix: &'static str| {
            self.states
                .iter()
                .map(move |state| format!("{prefix}{}", state.name))
        };
        if self.networks.is_empty() {
            let by_parameter = |prefix: &'static str| {
                self.parameters
                    .iter()
                    .map(move |parameter| format!("{prefix}{}", parameter.name))
            };
            let last = |name: &str| [name.to_owned()].into_iter();
            let names = &explanation.names;
            let written = |function: &Function<f64>, outputs: Vec<String>| {
                let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
                let function = function
                    .elements(names)
                    .map_err(clash)?
                    .simplify_with(&Rule::ALL);
                Ok::<_, Error>(function.with_output_names(&outputs))
            };
            let states = prefixed("d_").collect();
            let products = prefixed("by_")
                .chain(by_parameter("by_"))
                .chain(last("by_t"))
                .collect();
            let augmented = prefixed("d_")
                .chain(prefixed("d_a_"))
                .chain(by_parameter("d_a_"))
                .chain(last("d_a_t"))
                .collect();
            explanation.equations = written(&explanation.equations, states)?;
            explanation.products = written(&explanation.products, products)?;
            explanation.augmented = written(&explanation.augmented, augmented)?;
        } else {
            let named = |function: Function<f64>, outputs: &[&str]| {
                function
                    .with_output_names(outputs)
                    .simplify_with(&Rule::ALL)
            };
            explanation.equations = named(explanation.equations, &["d_h"]);
            explanation.products = named(explanation.products, &["by_h", "by_theta", "by_t"]);
            explanation.augmented =
                named(explanation.augmented, &["d_h", "d_a", "d_a_theta", "d_a_t"]);
        }
        Ok(explanation)
    }

    fn element_names(&self) -> Names {
        let mut names = Names::new();
        for (i, state) in self.states.iter().enumerate() {
            names =
                names
                    .element("h", i, &state.name)
                    .element("a", i, &format!("a_{}", state.name));
        }
        for (i, parameter) in self.parameters.iter().enumerate() {
            names = names.element("theta", i, &parameter.name);
        }
        let mut first = self.parameters.len();
        for network in &self.networks {
            for (i, layer) in network.layers().iter().enumerate() {
                let (weight, bias) = (
                    format!("{}_{i}_weight", network.name()),
                    format!("{}_{i}_bias", network.name()),
                );
                names = names.span("theta", first + layer.offset..first + layer.bias(), &weight);
                names = names.span("theta", first + layer.bias()..first + layer.end(), &bias);
            }
            first += network.parameter_count();
        }
        names
    }
}
