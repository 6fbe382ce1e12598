//! What an event does to the longer state.

use costate_neural_ode::hybrid::Map as HybridMap;

use super::schedule::Span;
use super::settle::Settle;
use crate::consistent::Consistent;
use crate::field::Map;
use crate::input::Input;

/// A map of the state: formulas in the place of some components or added to them, numbers in that of others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reset {
    /// New values from formulas, and where they go.
    pub(crate) changes: Vec<(Map, Vec<Target>)>,
    pub(crate) constants: Vec<(usize, f64)>,
    /// The input whose next piece begins, and the component with the piece's number.
    pub(crate) piece: Option<(usize, Input)>,
    /// The switch that a known time turns, with its margin.
    pub(crate) turned: Option<(usize, Map)>,
    /// The switch that turns because its margin crosses zero, and its new answer.
    pub(crate) crossed: Option<(usize, f64)>,
    /// The switches that depend on states: a jump may turn them too.
    pub(crate) settle: Option<Settle>,
    /// Where a jump leads off the algebraic equations, back to them.
    pub(crate) consistent: Option<Consistent>,
    pub(crate) span: Span,
    pub(crate) width: usize,
}

/// Where a new value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Set(usize),
    Add(usize),
}

impl Reset {
    fn maps(&mut self) -> impl Iterator<Item = &mut Map> {
        let changes = self.changes.iter_mut().map(|(map, _)| map);
        let turned = self.turned.iter_mut().map(|(_, map)| map);
        changes.chain(turned)
    }
}

impl HybridMap<f64> for Reset {
    fn outputs(&self) -> usize {
        self.width
    }

    fn set_parameters(&mut self, theta: &[f64]) {
        self.maps().for_each(|map| map.set_parameters(theta));
        if let Some(settle) = &mut self.settle {
            settle.set_parameters(theta);
        }
        if let Some(consistent) = &mut self.consistent {
            consistent.set_parameters(theta);
        }
    }

    fn eval(&mut self, h: &[f64], t: f64, out: &mut [f64]) {
        out.copy_from_slice(h);
        let mut added = Vec::new();
        for (map, targets) in &mut self.changes {
            let mut values = vec![0.0; map.outputs()];
            Map::eval(map, 0, h, t, &mut values);
            for (target, value) in targets.iter().zip(values) {
                match target {
                    Target::Set(i) => out[*i] = value,
                    Target::Add(i) => added.push((*i, value)),
                }
            }
        }
        added.iter().for_each(|(i, value)| out[*i] += value);
        self.constants
            .iter()
            .for_each(|(i, value)| out[*i] = *value);
        let direction = self.span.direction();
        if let Some((i, input)) = &self.piece {
            out[*i] = input.next_piece(t, direction < 0.0) as f64;
        }
        if let Some((i, margin)) = &mut self.turned {
            let mut value = [0.0];
            Map::eval(margin, 0, h, t, &mut value);
            let rate = margin.row(0, &[1.0], &mut vec![0.0; h.len()]) * direction;
            out[*i] = f64::from(u8::from(rate > 0.0));
        }
        if let Some((i, answer)) = self.crossed {
            out[i] = answer;
        }
        if let Some(consistent) = &mut self.consistent {
            consistent.solve(out, t);
        }
        if let Some(settle) = &mut self.settle {
            settle.settle(out, t, direction, self.crossed);
        }
    }

    fn products(&mut self, a: &[f64], a_h: &mut [f64], a_theta: &mut [f64]) -> f64 {
        a_theta.fill(0.0);
        let (mut a, mut a_t) = (a.to_vec(), 0.0);
        if let Some(consistent) = &mut self.consistent {
            a_t += consistent.back(&mut a, a_theta);
        }
        a_h.copy_from_slice(&a);
        let constant = self.constants.iter().map(|(i, _)| *i);
        let piece = self.piece.iter().map(|(i, _)| *i);
        let turned = self.turned.iter().map(|(i, _)| *i);
        let settled = self.settle.iter().flat_map(Settle::components);
        let discrete = constant.chain(piece).chain(turned).chain(settled);
        discrete.for_each(|i| a_h[i] = 0.0);
        for (_, targets) in &self.changes {
            for target in targets {
                if let Target::Set(i) = target {
                    a_h[*i] = 0.0;
                }
            }
        }
        for (map, targets) in &mut self.changes {
            let row: Vec<f64> = targets
                .iter()
                .map(|target| match target {
                    Target::Set(i) | Target::Add(i) => a[*i],
                })
                .collect();
            let mut by_state = vec![0.0; a_h.len()];
            a_t += Map::products(map, 0, &row, &mut by_state);
            map.finish(a_theta);
            let sum = a_h.iter_mut().zip(by_state);
            sum.for_each(|(total, part)| *total += part);
        }
        a_t
    }

    fn boxed(&self) -> Box<dyn HybridMap<f64>> {
        Box::new(self.clone())
    }
}

/// The function of a crossing.
impl HybridMap<f64> for Map {
    fn outputs(&self) -> usize {
        Map::outputs(self)
    }

    fn set_parameters(&mut self, theta: &[f64]) {
        Map::set_parameters(self, theta);
    }

    fn eval(&mut self, h: &[f64], t: f64, out: &mut [f64]) {
        Map::eval(self, 0, h, t, out);
    }

    fn products(&mut self, a: &[f64], a_h: &mut [f64], a_theta: &mut [f64]) -> f64 {
        let a_t = Map::products(self, 0, a, a_h);
        a_theta.fill(0.0);
        self.finish(a_theta);
        a_t
    }

    fn boxed(&self) -> Box<dyn HybridMap<f64>> {
        Box::new(self.clone())
    }
}
