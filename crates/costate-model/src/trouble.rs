//! Where a number of a model that is not finite comes from, and how fast a state runs away: what messages say beside the place.

use std::f64::consts::LN_2;

use crate::expression::Origin;
use crate::model::Model;
use crate::scope::{Part, Resolved, Symbol};

/// The values of all names at one state.
pub(crate) struct Point<'m> {
    model: &'m Model,
    t: f64,
    h: &'m [f64],
    phi: Vec<f64>,
    definitions: Vec<f64>,
}

impl<'m> Point<'m> {
    /// Nothing where a formula needs a network, whose parts have no names.
    pub(crate) fn new(
        model: &'m Model,
        formulas: &[&Resolved],
        h: &'m [f64],
        t: f64,
    ) -> Option<Self> {
        let mut point = Point {
            model,
            t,
            h,
            phi: model.phi(),
            definitions: vec![f64::NAN; model.parts.definitions.len()],
        };
        for part in model.parts.needed(formulas.iter().copied()) {
            let Part::Definition(i) = part else {
                return None;
            };
            point.definitions[i] = point.value(&model.parts.definitions[i]);
        }
        Some(point)
    }

    pub(crate) fn symbol(&self, symbol: Symbol) -> f64 {
        match symbol {
            Symbol::Time => self.t,
            Symbol::State(i) => self.h[i],
            Symbol::Parameter(i) => self.phi[i],
            Symbol::Input(i) => {
                let input = &self.model.inputs[i];
                input.value_on(input.piece(self.t), self.t).0
            }
            Symbol::Definition(i) => self.definitions[i],
            Symbol::Output { .. } => f64::NAN,
        }
    }

    fn value(&self, formula: &Resolved) -> f64 {
        formula
            .formula
            .eval(|name| self.symbol(formula.symbols[name]))
    }

    /// Through definitions to the operation and the formula that it stands in; and whether an argument was negative.
    fn origin(&self, formula: &'m Resolved) -> Option<(String, bool, &'m Resolved)> {
        let mut formula = formula;
        loop {
            let name = |name: usize| self.symbol(formula.symbols[name]);
            match formula.formula.origin(name)? {
                Origin::Operation { text, negative } => return Some((text, negative, formula)),
                Origin::Name(i) => match formula.symbols[i] {
                    Symbol::Definition(i) => formula = &self.model.parts.definitions[i],
                    Symbol::State(i) => {
                        let name = &self.model.states[i].name;
                        return Some((format!("{name} is {}", self.h[i]), false, formula));
                    }
                    _ => return None,
                },
            }
        }
    }
}

impl Model {
    /// Why a formula is not finite at (h, t): the operation with its numbers; and of a state that is below zero by less than its error, what avoids it.
    pub(crate) fn origin(&self, formula: &Resolved, h: &[f64], t: f64) -> Option<String> {
        let (text, negative, formula) = Point::new(self, &[formula], h, t)?.origin(formula)?;
        Some(text + &self.avoided(formula, negative, h))
    }

    /// Why the derivatives of the equations and the observables at (h, t) are not finite, as [`Model::origin`] tells it of values.
    pub(crate) fn steep(&self, h: &[f64], t: f64) -> Option<String> {
        let equations = self.states.iter().map(|state| &state.equation);
        let observables = self.observables.iter().flat_map(|o| o.formulas());
        let definitions = self.parts.definitions.iter();
        equations
            .chain(observables)
            .chain(definitions)
            .find_map(|formula| {
                let point = Point::new(self, &[formula], h, t)?;
                let name = |name: usize| point.symbol(formula.symbols[name]);
                match formula.formula.steep(name)? {
                    Origin::Operation { text, negative } => {
                        Some(text + &self.avoided(formula, negative, h))
                    }
                    Origin::Name(_) => None,
                }
            })
    }

    /// What avoids an operation on a negative number, where a state of its formula is below zero by less than its error.
    pub(crate) fn avoided(&self, formula: &Resolved, negative: bool, h: &[f64]) -> String {
        let mut states = formula.symbols.iter().filter_map(|symbol| match symbol {
            Symbol::State(i) => Some((&self.states[*i], h[*i])),
            _ => None,
        });
        let slightly = states.find(|(state, h)| *h < 0.0 && -*h <= state.atol);
        if let (true, Some((state, _))) = (negative, slightly) {
            let name = &state.name;
            return format!(
                "; {name} went below zero by less than its atol; a smaller atol for {name}, or max({name}, 1e-9) in its place, avoids it"
            );
        }
        String::new()
    }

    /// Why the equation of a state is not finite a little behind (h, t), in the direction of the solution.
    pub(crate) fn origin_behind(
        &self,
        state: usize,
        h: &[f64],
        t: f64,
        step: f64,
    ) -> Option<String> {
        if let Some(here) = self.origin(&self.states[state].equation, h, t) {
            return Some(here);
        }
        let equations: Vec<&Resolved> = self.states.iter().map(|state| &state.equation).collect();
        let point = Point::new(self, &equations, h, t)?;
        let slopes: Vec<f64> = equations.iter().map(|f| point.value(f)).collect();
        (0..12).find_map(|k| {
            let step = step * 10.0_f64.powi(k);
            let moved = h.iter().zip(&slopes).map(|(h, f)| h + step * f);
            self.origin(equations[state], &moved.collect::<Vec<_>>(), t + step)
        })
    }

    /// A state's value and the time in which it doubles, if it moves away from zero.
    pub(crate) fn growth(&self, state: usize, h: &[f64], t: f64) -> Option<(f64, f64)> {
        let equation = &self.states[state].equation;
        let slope = Point::new(self, &[equation], h, t)?.value(equation);
        let doubling = LN_2 * h[state] / slope * (self.span().1 - self.span().0).signum();
        (doubling.is_finite() && doubling > 0.0).then_some((h[state], doubling))
    }
}
