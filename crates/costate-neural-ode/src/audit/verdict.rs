//! What follows from a comparison of gradient methods.

use super::{Audit, METHODS, Pair, Variable, is_differences};
use crate::gradient::DIFFERENCES;

/// Differences that are sure of fewer digits than this confirm nothing: the loss is not smooth there.
const UNSURE: f64 = 1e-4;
/// Exact methods that are further apart than this from differences are wrong, even if these are unsure.
const BLATANT: f64 = 1e-2;

/// What follows from a comparison.
///
/// ```
/// # use costate_neural_ode::{Problem, doc::House};
/// # use costate_ode::{Options, tableau};
/// use costate_neural_ode::audit::{Audit, Variable, Verdict};
///
/// // |h − 3| has a kink where it is looked at: no method is to blame, but differences say nothing by h₀.
/// let problem = Problem { h0: &[3.0], theta: &[0.0], t0: 3.0, t1: 5.0, save_at: &[] };
/// let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-9, 1e-9));
/// let audit = Audit::new(&House::default(), &[0.0], tsit5, &options, &problem, &mut |saved, cotangents| {
///     let off = saved.state(0)[0] - 3.0;
///     cotangents.state_mut(0)[0] = 1.0_f64.copysign(off);
///     off.abs()
/// })?;
/// assert!(matches!(audit.verdict(), Verdict::NotSmooth { worst: Variable::H0(0) | Variable::Theta(0) }));
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// All methods agree as well as they should.
    Right,
    /// A method that is exact gives no finite number for this entry, though the loss is finite: the field or the loss has no derivative on the solution.
    NotFinite {
        /// Where.
        worst: Variable,
    },
    /// The exact methods agree with each other and with differences, the named one of the exact solution does not agree with them: the tolerances are too loose
    /// for it, or h cannot be rebuilt going back. Or the named one is exact for the numbers computed, and differences of [solutions with steps of their own](Audit::own_steps)
    /// agree with others: its steps are too long for the derivative, as along a state at rest, where no error holds them back.
    Inaccurate {
        /// The method.
        method: &'static str,
        /// Where it is worst.
        worst: Variable,
    },
    /// Differences are not sure of this entry: the loss is not smooth there, or so near its minimum that nothing is left to measure.
    NotSmooth {
        /// Where.
        worst: Variable,
    },
    /// Two methods that are exact for the same numbers disagree: a product of the field, or the derivative of the loss, is wrong.
    Wrong {
        /// The methods.
        methods: [&'static str; 2],
        /// Where they differ most.
        worst: Variable,
    },
}

impl Audit {
    /// What follows.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let exact = self.exact();
        let reference = self.reference();
        let apart = || self.pairs.iter().filter(|pair| !pair.agrees());
        // Differences that settle nowhere, as where a loss has its minimum, contradict nobody unless by far.
        let checked = |i: &usize| !self.unchecked.contains(&self.variables[*i]);
        let settled = (0..self.variables.len())
            .filter(checked)
            .all(|i| self.uncertainty[i] <= UNSURE);
        // Nor do differences contradict anybody where the equations bend on the way, unless by far: the numbers computed bend there for them, too.
        let is_smooth = self.kinks.is_empty();
        if let Some(&worst) = self.not_finite.first() {
            return Verdict::NotFinite { worst };
        }
        // Differences of solutions with steps of their own prove nothing against methods of the numbers computed where others confirm them.
        let is_proof = |pair: &&Pair| {
            let both = |names: &[&str]| pair.methods.iter().all(|name| names.contains(name));
            match pair.methods.contains(&DIFFERENCES) {
                false => both(&exact),
                true => {
                    let sure = settled && is_smooth;
                    both(&exact) && both(&reference) && (sure || pair.difference > BLATANT)
                }
            }
        };
        if let Some(pair) = apart().find(is_proof) {
            return Verdict::Wrong {
                methods: pair.methods,
                worst: pair.worst,
            };
        }
        let unsure = (0..self.variables.len())
            .filter(checked)
            .max_by(|i, j| self.uncertainty[*i].total_cmp(&self.uncertainty[*j]));
        if let Some(i) =
            unsure.filter(|i| self.uncertainty[*i].is_nan() || self.uncertainty[*i] > UNSURE)
        {
            return Verdict::NotSmooth {
                worst: self.variables[i],
            };
        }
        let between = |pair: &&Pair| pair.methods.contains(&DIFFERENCES);
        let contradicted = apart().filter(between).find(|pair| {
            let other = pair.methods.iter().find(|name| **name != DIFFERENCES);
            other.is_some_and(|name| exact.contains(name)) && reference == exact
        });
        if let Some(pair) = contradicted {
            return Verdict::NotSmooth { worst: pair.worst };
        }
        // Two that are off each their way may be apart from each other though none is from what can be trusted.
        let off = |pair: &Pair| match pair.methods.map(|name| reference.contains(&name)) {
            [true, false] => Some(pair.methods[1]),
            [false, true] => Some(pair.methods[0]),
            _ => None,
        };
        let inaccurate = apart().find_map(|pair| Some((off(pair)?, pair.worst)));
        inaccurate.map_or(Verdict::Right, |(method, worst)| Verdict::Inaccurate {
            method,
            worst,
        })
    }

    /// The methods that are exact for the numbers computed.
    fn exact(&self) -> Vec<&'static str> {
        let exact = self.runs.iter().filter(|run| run.about.exact);
        exact.map(|run| run.about.name).collect()
    }

    /// The methods that others are measured by: those of the numbers computed; but where differences are of the exact solution, contradict these, and have others on their side or
    /// are not far off, the differences and these others.
    fn reference(&self) -> Vec<&'static str> {
        let exact = self.exact();
        let pairs = self.pairs.iter();
        let beside = pairs.filter_map(|pair| match pair.methods {
            [other, DIFFERENCES] | [DIFFERENCES, other] => Some((other, pair)),
            _ => None,
        });
        let (agree, apart): (Vec<_>, Vec<_>) = beside.partition(|(_, pair)| pair.agrees());
        let names = agree.into_iter().map(|(name, _)| name);
        let mut others: Vec<_> = names.filter(|name| !exact.contains(name)).collect();
        let mut contradicted = apart
            .iter()
            .filter(|(name, _)| exact.contains(name))
            .peekable();
        if !self.own_steps || contradicted.peek().is_none() {
            return exact;
        }
        if others.is_empty() && contradicted.any(|(_, pair)| pair.difference > BLATANT) {
            return exact;
        }
        others.push(DIFFERENCES);
        others
    }

    /// The methods that are further from those that can be trusted than they should be, in the order of [`Audit::runs`]: methods of the exact solution; or, where differences are of
    /// [solutions with steps of their own](Audit::own_steps), methods of the numbers computed.
    ///
    /// ```
    /// use costate_neural_ode::audit::Audit;
    /// use costate_neural_ode::{Problem, doc::House}; // f = θ t h
    /// use costate_ode::{Options, tableau};
    ///
    /// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
    /// let options = Options::tolerances(1e-9, 1e-9);
    /// let audit = Audit::new(&House::default(), &[0.0], tableau::by_name("tsit5")?, &options, &problem, &mut |saved, cotangents| {
    ///     cotangents.state_mut(0)[0] = 1.0;
    ///     saved.state(0)[0]
    /// })?;
    /// assert!(audit.inaccurate().is_empty());
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    #[must_use]
    pub fn inaccurate(&self) -> Vec<&'static str> {
        let reference = self.reference();
        let off = |name: &str| {
            let mut apart = self.pairs.iter().filter(|pair| !pair.agrees());
            apart.any(|pair| {
                let other = pair.methods.iter().find(|method| **method != name);
                pair.methods.contains(&name) && other.is_some_and(|other| reference.contains(other))
            })
        };
        let names = self.runs.iter().map(|run| run.about.name);
        names
            .filter(|name| !reference.contains(name) && off(name))
            .collect()
    }

    /// Where no method agrees with differences of [solutions with steps of their own](Audit::own_steps), by how much they are apart: as a part of the entry of
    /// [`Verdict::Inaccurate`].
    ///
    /// ```
    /// use costate_neural_ode::audit::Audit;
    /// use costate_neural_ode::{Problem, doc::House}; // f = θ t h
    /// use costate_ode::{Options, tableau};
    ///
    /// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
    /// let options = Options::tolerances(1e-9, 1e-9);
    /// let audit = Audit::new(&House::default(), &[0.0], tableau::by_name("tsit5")?, &options, &problem, &mut |saved, cotangents| {
    ///     cotangents.state_mut(0)[0] = 1.0;
    ///     saved.state(0)[0]
    /// })?;
    /// assert_eq!(audit.off_by_all(), None);
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    #[must_use]
    pub fn off_by_all(&self) -> Option<f64> {
        let reference = self.reference();
        if !matches!(self.verdict(), Verdict::Inaccurate { .. }) || reference != [DIFFERENCES] {
            return None;
        }
        let pairs = self.pairs.iter();
        let pairs = pairs.filter(|pair| pair.methods.contains(&DIFFERENCES));
        pairs.map(|pair| pair.difference).reduce(f64::max)
    }

    /// Where all methods of the exact solution agree with each other, several of them, and with none of the numbers computed: by how much the two kinds are apart.
    pub(super) fn off_by_kind(&self) -> Option<f64> {
        let exact = self.exact();
        let pairs = self.pairs.iter();
        let kinds = pairs.map(|pair| (pair, pair.methods.map(|name| exact.contains(&name))));
        let mut among = kinds
            .clone()
            .filter(|(_, kind)| *kind == [false; 2])
            .peekable();
        let between = kinds.filter(|(_, kind)| kind[0] != kind[1]);
        let are_two = among.peek().is_some()
            && among.all(|(pair, _)| pair.agrees())
            && between
                .clone()
                .all(|(pair, _)| !pair.agrees() || pair.methods.contains(&DIFFERENCES));
        let apart = between.map(|(pair, _)| pair.difference);
        apart.reduce(f64::max).filter(|_| are_two)
    }

    /// The name of the method to take: the fastest of those that can be trusted, which are the exact ones as a rule, and agree with another; `None` if there is
    /// none, or the gradient is wrong.
    ///
    /// ```
    /// use costate_neural_ode::audit::Audit;
    /// use costate_neural_ode::{Problem, doc::House}; // f = θ t h
    /// use costate_ode::{Options, tableau};
    ///
    /// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
    /// let options = Options::tolerances(1e-9, 1e-9);
    /// let audit = Audit::new(&House::default(), &[0.0], tableau::by_name("tsit5")?, &options, &problem, &mut |saved, cotangents| {
    ///     cotangents.state_mut(0)[0] = 1.0;
    ///     saved.state(0)[0]
    /// })?;
    /// assert!(["discrete", "forward"].contains(&audit.recommended().expect("one is exact")));
    /// assert!(audit.to_string().contains("discrete"));
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    #[must_use]
    pub fn recommended(&self) -> Option<&'static str> {
        if matches!(
            self.verdict(),
            Verdict::Wrong { .. } | Verdict::NotFinite { .. }
        ) {
            return None;
        }
        let reference = self.reference();
        let confirmed = |name: &str| {
            let with = |pair: &&Pair| pair.methods.contains(&name);
            self.pairs.iter().filter(with).any(Pair::agrees)
        };
        let usable = self.runs.iter().filter(|run| {
            let about = run.about;
            let offered = METHODS.iter().any(|method| method.name == about.name);
            let trusted = reference.contains(&about.name);
            let usable = trusted && offered && !is_differences(about);
            usable && run.gradient.is_ok() && confirmed(about.name)
        });
        usable
            .min_by(|a, b| a.seconds.total_cmp(&b.seconds))
            .map(|run| run.about.name)
    }
}
