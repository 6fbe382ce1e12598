//! The answers of comparisons of states where a solution begins or jumps.

use std::sync::{Arc, Mutex};

use costate_neural_ode::VectorField;

use super::driven::Driven;
use crate::field::Map;

/// The comparison at which both sides lead back, and when, if a solution got there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slid(Arc<Mutex<Option<(usize, f64)>>>);

impl Slid {
    pub(crate) fn take(&self) -> Option<(usize, f64)> {
        self.0.lock().expect("nothing panics with it").take()
    }

    fn note(&self, switch: usize, t: f64) {
        self.0
            .lock()
            .expect("nothing panics with it")
            .get_or_insert((switch, t));
    }
}

/// Answers comparisons: by their margins, and where these vanish by the way that the solution takes from there.
#[derive(Clone, Debug)]
pub(crate) struct Settle {
    field: Driven,
    /// The number of each switch, its component, and how far it holds.
    switches: Vec<(usize, usize, Map)>,
    slid: Slid,
}

impl Settle {
    pub(crate) fn new(field: Driven, switches: Vec<(usize, usize, Map)>, slid: Slid) -> Self {
        Settle {
            field,
            switches,
            slid,
        }
    }

    pub(crate) fn components(&self) -> impl Iterator<Item = usize> {
        self.switches.iter().map(|(_, component, _)| *component)
    }

    pub(crate) fn set_parameters(&mut self, theta: &[f64]) {
        self.field.set_parameters(theta);
        for (_, _, margin) in &mut self.switches {
            margin.set_parameters(theta);
        }
    }

    /// Writes the answers into `h`; that of a margin that has just crossed zero is known.
    pub(crate) fn settle(
        &mut self,
        h: &mut [f64],
        t: f64,
        direction: f64,
        crossed: Option<(usize, f64)>,
    ) {
        let mut undecided = Vec::new();
        let (mut slope, mut by_state) = (vec![0.0; h.len()], vec![0.0; h.len()]);
        self.field.eval(0, t, h, &mut slope);
        for (k, (_, component, margin)) in self.switches.iter_mut().enumerate() {
            let mut value = [0.0];
            Map::eval(margin, 0, h, t, &mut value);
            let by_time = margin.row(0, &[1.0], &mut by_state);
            let sizes = by_state.iter().zip(&*h).map(|(g, h)| (g * h).abs());
            let size = sizes.fold((by_time * t).abs(), |sum, x| sum + x);
            let along = by_state.iter().zip(&slope).map(|(g, f)| g * f);
            let rate = by_time + along.sum::<f64>();
            // What rounding makes of the margin, and its way during what cannot be told from t.
            let noise = f64::EPSILON * (64.0 * size + 16.0 * (rate * t).abs());
            match crossed {
                Some((own, answer)) if own == *component => {
                    h[own] = answer;
                    undecided.push((k, true));
                }
                _ if value[0].abs() <= noise => undecided.push((k, false)),
                _ => h[*component] = f64::from(u8::from(value[0] > 0.0)),
            }
        }
        for &(k, is_known) in &undecided {
            if !is_known {
                let rate = self.rate(k, h, t) * direction;
                if rate != 0.0 {
                    h[self.switches[k].1] = f64::from(u8::from(rate > 0.0));
                }
            }
        }
        for (k, _) in undecided {
            let rate = self.rate(k, h, t) * direction;
            let (switch, component, _) = &self.switches[k];
            let holds = h[*component] == 1.0;
            if (holds && rate < 0.0) || (!holds && rate > 0.0) {
                self.slid.note(*switch, t);
                // Nothing right comes from here: the solver stops.
                h.fill(f64::NAN);
                return;
            }
        }
    }

    /// How fast a margin grows with t along the solution from h.
    fn rate(&mut self, k: usize, h: &[f64], t: f64) -> f64 {
        let mut slope = vec![0.0; h.len()];
        self.field.eval(0, t, h, &mut slope);
        let margin = &mut self.switches[k].2;
        let (mut value, mut by_state) = ([0.0], vec![0.0; h.len()]);
        Map::eval(margin, 0, h, t, &mut value);
        let by_time = margin.row(0, &[1.0], &mut by_state);
        let along = by_state.iter().zip(&slope).map(|(g, f)| g * f);
        by_time + along.sum::<f64>()
    }
}
