//! Other values in the place of the file's.

use costate_ode::Method;

use crate::error::{Error, Result, nearest};
use crate::model::Model;
use crate::scope::Resolved;
use crate::settings::{FitSettings, Parameter, Scale};

/// What no longer is as the file has it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Overridden {
    pub(crate) method: bool,
    pub(crate) step: bool,
    pub(crate) rtol: bool,
    pub(crate) atol: bool,
}

impl Model {
    /// Gives a parameter, or a state that begins with a number, another value: also where the chosen experiment has its own.
    ///
    /// # Errors
    /// [`Error::Argument`] if nothing of this name can be set, or if the value lies outside the parameter's bounds.
    ///
    /// ```
    /// use costate_model::{Model, Save};
    ///
    /// let text = "[states]\ny = 4.0\n[parameters]\nk = { value = 2.0, lower = 0.0 }\n[equations]\ny = \"-k * y\"\n[time]\nstart = 0.0\nend = 1.0";
    /// let mut model = Model::parse(text, "decay.toml")?;
    /// model.set("k", 3.0)?;
    /// model.set("y", 1.0)?;
    /// assert!((model.solve(&Save::Grid(2))?.row(1)[0] - (-3.0_f64).exp()).abs() < 1e-5);
    /// let error = model.set("k", -1.0).unwrap_err();
    /// assert_eq!(error.to_string(), "k = -1 is outside its bounds, 0 to inf");
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn set(&mut self, name: &str, value: f64) -> Result<()> {
        if !value.is_finite() {
            return Err(Error::Argument(format!(
                "{name} = {value}: a value must be a finite number"
            )));
        }
        // The plain name of a parameter with copies stands for all of them.
        let symbol = self.symbols.iter().position(|known| known == name);
        let mut found = false;
        for parameter in &mut self.parameters {
            if parameter.name == name || Some(parameter.symbol) == symbol {
                set_parameter(parameter, value)?;
                found = true;
            }
        }
        if let Some(symbol) = symbol {
            let selected = self.selected;
            let chosen = &mut self.conditions[selected];
            chosen
                .overrides
                .retain(|(i, _)| selected == 0 || *i != symbol);
        }
        if found {
            return Ok(());
        }
        if let Some(i) = self.states.iter().position(|state| state.name == name)
            && self.condition().initial_of(i).is_some()
        {
            let formula = self.states[i].initial.formula.with_literal(value);
            let symbols = Vec::new();
            let own = self.conditions[self.selected].initial.iter_mut();
            own.filter(|(state, _)| *state == i)
                .for_each(|(_, initial)| {
                    *initial = Resolved {
                        formula: formula.clone(),
                        symbols: symbols.clone(),
                        answers: Vec::new(),
                    };
                });
            return Ok(());
        }
        if let Some(state) = self.states.iter_mut().find(|state| state.name == name) {
            if state.initial.formula.literal().is_none() {
                let message = format!(
                    "the initial value of {name} is an expression of parameters: set those"
                );
                return Err(Error::Argument(message));
            }
            state.initial.formula = state.initial.formula.with_literal(value);
            return Ok(());
        }
        if self
            .parts
            .definition_names
            .iter()
            .any(|known| known == name)
        {
            return Err(Error::Argument(format!(
                "{name} is a definition: set the parameters that it is made of, or change the file"
            )));
        }
        // Copies by the name of all of them, too.
        let known = self.symbols.iter().map(String::as_str);
        let known = known
            .chain(self.parameters.iter().map(|p| p.name.as_str()))
            .chain(self.states.iter().map(|s| s.name.as_str()));
        let help = nearest(name, known)
            .map(|near| format!("; did you mean '{near}'?"))
            .unwrap_or_default();
        Err(Error::Argument(format!(
            "no parameter or state is called '{name}'{help}"
        )))
    }

    /// Takes another method, by its name in `costate_ode::tableau` or `auto`.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such method, or if it cannot choose its steps and no constant step is set.
    ///
    /// ```
    /// use costate_model::{Model, Save};
    ///
    /// let text = "[states]\ny = 4.0\n[parameters]\nk = 2.0\n[equations]\ny = \"-k * y\"\n[time]\nstart = 0.0\nend = 1.0";
    /// let mut model = Model::parse(text, "decay.toml")?;
    /// model.set_method("radau")?;
    /// model.set_rtol(1e-9)?;
    /// assert!((model.solve(&Save::Grid(2))?.row(1)[0] - 4.0 * (-2.0_f64).exp()).abs() < 1e-8);
    /// assert!(model.set_method("rado").unwrap_err().to_string().contains("radau"));
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn set_method(&mut self, name: &str) -> Result<()> {
        self.set_solver(name, self.solver.step)
    }

    /// Takes a method and constant steps of this size; the last before an event, or before the end, is as long as it must be.
    ///
    /// # Errors
    /// [`Error::Argument`] if the size is not positive, if there is no such method, or if its order changes with its steps.
    ///
    /// ```
    /// use costate_model::{Model, Save};
    ///
    /// let text = "[states]\nx = 1.0\nv = 0.0\n[equations]\nx = \"v\"\nv = \"-x\"\n[time]\nstart = 0.0\nend = 1000.0";
    /// let mut model = Model::parse(text, "spring.toml")?;
    /// model.set_constant_step("verlet", 0.1)?;
    /// let solution = model.solve(&Save::Steps)?;
    /// let energy = |row: &[f64]| (row[0] * row[0] + row[1] * row[1]) / 2.0;
    /// assert_eq!(solution.stats.accepted, 10_000);
    /// assert!((energy(solution.row(10_000)) - 0.5).abs() < 2e-3);
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn set_constant_step(&mut self, method: &str, step: f64) -> Result<()> {
        if !(step > 0.0 && step.is_finite()) {
            let message = format!("step = {step}: a step must be a positive number");
            return Err(Error::Argument(message));
        }
        self.set_solver(method, Some(step))?;
        self.overridden.step = true;
        Ok(())
    }

    fn set_solver(&mut self, name: &str, step: Option<f64>) -> Result<()> {
        let found = method_by_name(name, step);
        self.solver.method =
            found.map_err(|(message, help)| Error::Argument(format!("{message}; {help}")))?;
        self.solver.step = step;
        self.overridden.method = true;
        Ok(())
    }

    /// Takes another gradient method, by its name in `costate_neural_ode::gradient` or `auto`.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such method.
    pub fn set_gradient(&mut self, name: &str) -> Result<()> {
        let refused = |(message, help)| Error::Argument(format!("{message}; {help}"));
        crate::problem::check_gradient(name).map_err(refused)?;
        self.fit.gradient = name.to_owned();
        Ok(())
    }

    /// Takes another relative tolerance.
    ///
    /// # Errors
    /// [`Error::Argument`] if it is not a number from 0 up.
    pub fn set_rtol(&mut self, rtol: f64) -> Result<()> {
        self.solver.rtol = tolerance("rtol", rtol)?;
        if rtol >= 1.0 {
            return Err(Error::Argument(format!("rtol = {rtol}: {NO_DIGIT}")));
        }
        self.overridden.rtol = true;
        Ok(())
    }

    /// Takes another absolute tolerance, the same for all states.
    ///
    /// # Errors
    /// [`Error::Argument`] if it is not a number from 0 up.
    pub fn set_atol(&mut self, atol: f64) -> Result<()> {
        let atol = tolerance("atol", atol)?;
        self.states.iter_mut().for_each(|state| state.atol = atol);
        Ok(())
    }

    /// Takes other settings of the fit.
    pub fn fit_settings_mut(&mut self) -> &mut FitSettings {
        &mut self.fit
    }
}

fn set_parameter(parameter: &mut Parameter, value: f64) -> Result<()> {
    if let Some(message) = parameter.refusal(value) {
        return Err(Error::Argument(message));
    }
    parameter.value = value;
    Ok(())
}

impl Parameter {
    /// Why the parameter cannot have this value: its bounds, its scale or its prior.
    pub(crate) fn refusal(&self, value: f64) -> Option<String> {
        let (name, lower, upper) = (&self.name, self.lower, self.upper);
        if value < lower || value > upper {
            return Some(format!(
                "{name} = {value} is outside its bounds, {lower} to {upper}"
            ));
        }
        if self.scale == Scale::Log && value <= 0.0 {
            return Some(format!(
                "{name} = {value}: a parameter on a log scale is positive"
            ));
        }
        let prior = self.prior.and_then(|prior| prior.outside(value));
        prior.map(|prior| format!("{name} = {value} is outside {prior}"))
    }
}

/// # Errors
/// If it is not a number from 0 up.
/// What is wrong with a relative tolerance of 1.
pub(crate) const NO_DIGIT: &str = "a relative tolerance is below 1, or no digit would be right";

fn tolerance(what: &str, value: f64) -> Result<f64> {
    if value.is_finite() && value >= 0.0 {
        Ok(value)
    } else {
        Err(Error::Argument(format!(
            "{what} = {value}: a tolerance must not be negative"
        )))
    }
}

/// The method that is taken where none is named.
pub(crate) const AUTOMATIC: &str = "auto";

/// The method, for constant steps if there is a step, or else a message and a hint.
pub(crate) fn method_by_name(name: &str, step: Option<f64>) -> Result<Method, (String, String)> {
    let all = Method::all();
    let Some(method) = all.iter().find(|method| method.name == name) else {
        let names = || all.iter().map(|method| method.name);
        let help = match nearest(name, names()) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("methods: {}", names().collect::<Vec<_>>().join(", ")),
        };
        return Err((format!("no method is called '{name}'"), help));
    };
    match step {
        None if !method.adaptive => Err((
            format!("the method '{name}' has no error estimate to choose its steps by"),
            "give it constant steps, such as step = 0.01 beside it, or take a method that chooses its steps, such as dopri5 or radau".into(),
        )),
        Some(_) if name == AUTOMATIC || method.variable_order => Err((
            format!("the method '{name}' changes with the error of its steps: it takes none that are constant"),
            "name one of fixed order beside 'step', such as rk4, verlet or radau".into(),
        )),
        _ => Ok(*method),
    }
}
