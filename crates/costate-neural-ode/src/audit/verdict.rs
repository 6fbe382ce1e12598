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

/// What methods are measured by.
struct Sides {
    /// Those that are exact for the numbers computed.
    exact: Vec<&'static str>,
    /// Those that others are measured by: the exact ones; but where differences are of the exact solution, contradict these, and have others on their side or are not
    /// far off, the differences and these others.
    reference: Vec<&'static str>,
}

impl Sides {
    fn are_exact(&self, pair: &Pair) -> [bool; 2] {
        pair.methods.map(|name| self.exact.contains(&name))
    }

    fn are_trusted(&self, pair: &Pair) -> [bool; 2] {
        pair.methods.map(|name| self.reference.contains(&name))
    }

    /// The one of two that others are not measured by, where the other one is.
    fn outsider(&self, pair: &Pair) -> Option<&'static str> {
        match self.are_trusted(pair) {
            [true, false] => Some(pair.methods[1]),
            [false, true] => Some(pair.methods[0]),
            _ => None,
        }
    }
}

impl Pair {
    fn has_differences(&self) -> bool {
        self.methods.contains(&DIFFERENCES)
    }
}

impl Audit {
    /// What follows.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if let Some(&worst) = self.not_finite.first() {
            return Verdict::NotFinite { worst };
        }
        let sides = self.sides();
        if let Some(pair) = self.proof(&sides) {
            return Verdict::Wrong {
                methods: pair.methods,
                worst: pair.worst,
            };
        }
        if let Some(worst) = self.unsettled().or_else(|| self.contradicted(&sides)) {
            return Verdict::NotSmooth { worst };
        }
        // Two that are off each their way may be apart from each other though none is from what can be trusted.
        let inaccurate = self
            .apart()
            .find_map(|pair| Some((sides.outsider(pair)?, pair.worst)));
        inaccurate.map_or(Verdict::Right, |(method, worst)| Verdict::Inaccurate {
            method,
            worst,
        })
    }

    /// The pairs that do not agree as they should.
    fn apart(&self) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().filter(|pair| !pair.agrees())
    }

    /// The entries that differences can say something of.
    fn checked(&self) -> impl Iterator<Item = usize> {
        (0..self.variables.len()).filter(|&i| !self.unchecked.contains(&self.variables[i]))
    }

    /// Two methods of which one is wrong.
    fn proof(&self, sides: &Sides) -> Option<&Pair> {
        // Differences that settle nowhere, as where a loss has its minimum, contradict nobody unless by far; nor do they where the equations bend on the way: the numbers
        // computed bend there for them, too.
        let is_sure =
            self.kinks.is_empty() && self.checked().all(|i| self.uncertainty[i] <= UNSURE);
        self.apart().find(|pair| {
            let of_numbers = sides.are_exact(pair) == [true; 2];
            // Differences of solutions with steps of their own prove nothing against methods of the numbers computed where others confirm them.
            let are_trusted = sides.are_trusted(pair) == [true; 2];
            let is_far = is_sure || pair.difference > BLATANT;
            of_numbers && (!pair.has_differences() || are_trusted && is_far)
        })
    }

    /// Where differences are least sure, if they are not sure enough.
    fn unsettled(&self) -> Option<Variable> {
        let least = self
            .checked()
            .max_by(|&i, &j| self.uncertainty[i].total_cmp(&self.uncertainty[j]))?;
        let is_unsure = self.uncertainty[least].is_nan() || self.uncertainty[least] > UNSURE;
        is_unsure.then(|| self.variables[least])
    }

    /// Where differences contradict a method that is exact and measured by.
    fn contradicted(&self, sides: &Sides) -> Option<Variable> {
        if sides.reference != sides.exact {
            return None;
        }
        let other = |pair: &&Pair| {
            let mut others = pair.methods.iter().filter(|name| **name != DIFFERENCES);
            others.next().is_some_and(|name| sides.exact.contains(name))
        };
        let mut pairs = self.apart().filter(|pair| pair.has_differences());
        pairs.find(other).map(|pair| pair.worst)
    }

    fn sides(&self) -> Sides {
        let runs = self.runs.iter().filter(|run| run.about.exact);
        let exact: Vec<&'static str> = runs.map(|run| run.about.name).collect();
        let reference = self.reference(&exact);
        Sides { exact, reference }
    }

    fn reference(&self, exact: &[&'static str]) -> Vec<&'static str> {
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
            return exact.to_vec();
        }
        if others.is_empty() && contradicted.any(|(_, pair)| pair.difference > BLATANT) {
            return exact.to_vec();
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
        let sides = self.sides();
        let names = self.runs.iter().map(|run| run.about.name);
        names
            .filter(|name| self.apart().any(|pair| sides.outsider(pair) == Some(*name)))
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
        let is_inaccurate = matches!(self.verdict(), Verdict::Inaccurate { .. });
        if !is_inaccurate || self.sides().reference != [DIFFERENCES] {
            return None;
        }
        let pairs = self.pairs.iter().filter(|pair| pair.has_differences());
        pairs.map(|pair| pair.difference).reduce(f64::max)
    }

    /// Where all methods of the exact solution agree with each other, several of them, and with none of the numbers computed: by how much the two kinds are apart.
    pub(super) fn off_by_kind(&self) -> Option<f64> {
        let sides = &self.sides();
        let of_kind = |kinds: &'static [[bool; 2]]| {
            let pairs = self.pairs.iter();
            pairs.filter(move |pair| kinds.contains(&sides.are_exact(pair)))
        };
        let among = || of_kind(&[[false; 2]]);
        let between = || of_kind(&[[true, false], [false, true]]);
        let are_two = among().next().is_some()
            && among().all(Pair::agrees)
            && between().all(|pair| !pair.agrees() || pair.has_differences());
        let apart = between().map(|pair| pair.difference);
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
        let reference = self.sides().reference;
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
