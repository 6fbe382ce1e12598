//! Stages in the scalar of an integration, with their first guesses.

use super::DirkTableau;
use crate::Real;
use crate::combine::Terms;
use crate::engine::runge_kutta::terms;

/// A stage in the scalar of an integration.
#[derive(Clone, Debug)]
pub(super) struct Stage<T> {
    pub(super) c: T,
    pub(super) a: Terms<T>,
    /// The first guess of k_i, from the stages before: on the line through the two whose nodes are nearest.
    pub(super) guess: Terms<T>,
}

/// Stage `i` with its first guess: the interpolation of slopes between, or extrapolation from, the two nearest nodes before it.
pub(super) fn stage<T: Real>(tableau: &DirkTableau, i: usize) -> Stage<T> {
    let node = |j: usize| tableau.c[j].to::<f64>();
    let mut before: Vec<usize> = (0..i).collect();
    before.sort_by(|a, b| {
        let distance = |j: &usize| (node(*j) - node(i)).abs();
        distance(a).total_cmp(&distance(b))
    });
    let nearest = before.first().copied();
    let second = before
        .iter()
        .copied()
        .find(|j| nearest.is_some_and(|n| node(n) != node(*j)));
    let guess = match (nearest, second) {
        (Some(a), Some(b)) => {
            let slope = (node(i) - node(a)) / (node(b) - node(a));
            vec![(a, T::from_f64(1.0 - slope)), (b, T::from_f64(slope))]
        }
        // Alone: f at the start, or the slope that the step before ended with, in its own place.
        (nearest, _) => vec![(nearest.unwrap_or(0), T::one())],
    };
    Stage {
        c: tableau.c[i].to(),
        a: terms(tableau.a[i]),
        guess: guess.into(),
    }
}
