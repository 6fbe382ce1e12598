//! An audit as a table.

use super::{Audit, Jump, Variable, Verdict};
use crate::Error;
use crate::gradient::METHODS;
use std::fmt::{Display, Formatter, Result};

/// An audit with the names that its variables have to the reader.
///
/// Made by [`Audit::report`], which has an example.
pub struct Report<'a> {
    audit: &'a Audit,
    name: &'a dyn Fn(Variable) -> String,
}

impl std::fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("Report")
            .field("audit", self.audit)
            .finish_non_exhaustive()
    }
}

impl Audit {
    /// The table, with names for the variables.
    ///
    /// ```
    /// # use costate_neural_ode::{Problem, doc::House};
    /// # use costate_ode::{Options, tableau};
    /// use costate_neural_ode::audit::{Audit, Variable};
    /// # let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
    /// # let options = Options::tolerances(1e-9, 1e-9);
    /// # let audit = Audit::new(&House::default(), &[0.0], tableau::by_name("tsit5")?, &options, &problem, &mut |saved, cotangents| {
    /// #     cotangents.values_mut()[0] = 1.0;
    /// #     saved.state(0)[0]
    /// # })?;
    /// let name = |variable| match variable {
    ///     Variable::Theta(0) => "growth".to_owned(),
    ///     other => other.to_string(),
    /// };
    /// assert!(audit.report(&name).to_string().contains("growth"));
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    #[must_use]
    pub fn report<'a>(&'a self, name: &'a dyn Fn(Variable) -> String) -> Report<'a> {
        Report { audit: self, name }
    }
}

impl Display for Audit {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.report(&|variable| variable.to_string()).fmt(f)
    }
}

/// As people list names.
fn listed(names: &[&str]) -> String {
    match names {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        names => names.concat(),
    }
}

impl Display for Report<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.runs(f)?;
        writeln!(f)?;
        self.gradient(f)?;
        writeln!(f)?;
        self.pairs(f)?;
        writeln!(f)?;
        self.verdict(f)
    }
}

impl Report<'_> {
    fn runs(&self, f: &mut Formatter<'_>) -> Result {
        let audit = self.audit;
        writeln!(f, "loss {}", audit.loss)?;
        writeln!(f)?;
        writeln!(
            f,
            "{:<18} {:>12} {:>10} {:>10}  is the derivative of",
            "method", "time", "f", "products"
        )?;
        for run in &audit.runs {
            let stats = run.stats;
            let evaluations = stats.forward.nfe + stats.backward.nfe;
            write!(f, "{:<18} ", run.about.name)?;
            match &run.gradient {
                Ok(_) => {
                    let time = format!("{:.1} us", run.seconds * 1e6);
                    let of = if run.about.exact {
                        "the numbers computed"
                    } else {
                        "the exact solution"
                    };
                    writeln!(
                        f,
                        "{time:>12} {evaluations:>10} {:>10}  {of}",
                        stats.products
                    )?;
                }
                Err(error) => self.failed(f, error)?,
            }
        }
        self.rebuilt(f)
    }

    /// Why a method failed, with the name of the component of h that it is about.
    fn failed(&self, f: &mut Formatter<'_>, error: &Error) -> Result {
        let Error::Solver(costate_ode::Error::Stopped(diagnosis)) = error else {
            return writeln!(f, "failed: {error}");
        };
        let name = |i: usize| match Variable::H0(i) {
            own if self.audit.variables.contains(&own) => {
                format!("component {i} (that of {})", (self.name)(own))
            }
            _ => format!("component {i}"),
        };
        writeln!(f, "failed: {}", diagnosis.named(&name))
    }

    /// What methods that rebuild h missed it by, and how sharply the loss depends on what.
    fn rebuilt(&self, f: &mut Formatter<'_>) -> Result {
        for run in &self.audit.runs {
            if let (Some(off), Ok(_)) = (run.rebuilt_within, &run.gradient) {
                let name = run.about.name;
                writeln!(
                    f,
                    "{name} rebuilt the states going back to within {off:.0e}"
                )?;
            }
        }
        if let Some((variable, number)) = self.audit.condition {
            let name = (self.name)(variable);
            writeln!(
                f,
                "condition {number:.1e}: a change of {name} by one part in a million changes the loss by {number:.1e} such parts"
            )?;
        }
        Ok(())
    }

    fn gradient(&self, f: &mut Formatter<'_>) -> Result {
        let audit = self.audit;
        let best = audit.runs.iter().find(|run| run.gradient.is_ok());
        let Some((run, values)) = best.and_then(|run| Some((run, run.gradient.as_ref().ok()?)))
        else {
            return writeln!(f, "no method gave a gradient");
        };
        let names: Vec<String> = audit.variables.iter().map(|v| (self.name)(*v)).collect();
        let width = names
            .iter()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0)
            .max(8);
        writeln!(
            f,
            "{:<width$} {:>16} {:>22}",
            "variable", run.about.name, "differences unsure by"
        )?;
        for ((name, value), unsure) in names.iter().zip(values).zip(&audit.uncertainty) {
            writeln!(f, "{name:<width$} {value:>16.8e} {unsure:>22.0e}")?;
        }
        if audit.left_out > 0 {
            writeln!(
                f,
                "and {} more save times, which are left out",
                audit.left_out
            )?;
        }
        Ok(())
    }

    fn pairs(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(
            f,
            "{:<37} {:>10} {:>10}  worst at",
            "methods compared", "apart by", "allowed"
        )?;
        for pair in &self.audit.pairs {
            let [a, b] = pair.methods;
            let verdict = if pair.agrees() {
                ""
            } else {
                "  <- too far apart"
            };
            let (apart, allowed) = (pair.difference, pair.allowed);
            let worst = (self.name)(pair.worst);
            writeln!(
                f,
                "{:<37} {apart:>10.0e} {allowed:>10.0e}  {worst}{verdict}",
                format!("{a}, {b}")
            )?;
        }
        Ok(())
    }

    fn verdict(&self, f: &mut Formatter<'_>) -> Result {
        let name = self.name;
        match self.audit.verdict() {
            Verdict::Right => write!(f, "The gradient is right: all methods agree.")?,
            Verdict::NotFinite { worst } => write!(
                f,
                "The gradient is not finite in {}, though the loss is: the field or the loss has no derivative on the solution, as a power of a negative number has none by its exponent.",
                name(worst)
            )?,
            Verdict::Inaccurate { worst, .. } if let Some(off) = self.audit.off_by_all() => write!(
                f,
                "The gradient is right to {off:.0e} in {}, and by no method better: so far are all of them from differences of solutions at finer tolerances. The solver's error in the derivative is larger than its tolerance promises, as where the equations bend sharply (abs, min, max; a branch by 'if' is met exactly) or rest. Tighter tolerances help.",
                name(worst)
            )?,
            Verdict::Inaccurate { worst, .. } if let Some(off) = self.audit.off_by_kind() => {
                write!(
                    f,
                    "The gradient is right to {off:.0e} in {}: so far are methods of the exact solution, which agree with each other, from those of the numbers computed, which do so, too. The solver's error in the derivative is larger than its tolerance promises{}. Tighter tolerances bring both together.",
                    name(worst),
                    match self.audit.kinks.is_empty() {
                        true => "",
                        false =>
                            ", as where the equations bend sharply (abs, min, max; a branch by 'if' is met exactly)",
                    },
                )?
            }
            Verdict::Inaccurate { method, worst } => {
                let methods = self.audit.inaccurate();
                let are = match methods.as_slice() {
                    [_] => "is",
                    _ => "are",
                };
                write!(
                    f,
                    "The gradient is right, but not by {}, which {are} off in {}. ",
                    listed(&methods),
                    name(worst)
                )?;
                let about = METHODS.iter().find(|about| about.name == method);
                let when_not = about.map_or("", |about| about.when_not);
                write!(f, "{method} is not for: {when_not}")?;
            }
            Verdict::NotSmooth { worst } => write!(
                f,
                "Differences do not settle in {}: they cannot tell whether the gradient is right there. The loss has a kink or a jump (abs, min, max; a branch by 'if' is met exactly) that the solution touches; or it bends within the shortest reach of a difference, as where a solution leaps from one course to another (tighter tolerances help); or it has its minimum there, where nothing is left to measure (take other values).",
                name(worst)
            )?,
            Verdict::Wrong {
                methods: [a, b],
                worst,
            } => write!(
                f,
                "The gradient is WRONG: {a} and {b} disagree, most in {}. A product of the field or the derivative of the loss is wrong, or the loss has a kink there.",
                name(worst)
            )?,
        }
        if !self.audit.unchecked.is_empty() {
            let names: Vec<String> = self.audit.unchecked.iter().map(|v| name(*v)).collect();
            write!(
                f,
                " Not checked by differences, whose slopes to the two sides differ here or which lead out of what the loss is defined for: {}.",
                names.join(", ")
            )?;
        }
        for kink in &self.audit.kinks {
            let (what, time) = (kink.jump, kink.time);
            let what = match what {
                Jump::Value => "jumps",
                Jump::Slope => "has a kink",
            };
            let (i, name) = (kink.component, name(Variable::H0(kink.component)));
            write!(
                f,
                " The equation of component {i} (that of {name}) {what} at t = {time}."
            )?;
        }
        match self.audit.recommended() {
            Some(method) => writeln!(f, " Take {method}."),
            None => writeln!(f),
        }
    }
}
