//! States saved inside a step whose dense output is the cubic through both ends and their slopes.

use super::record::Step;
use super::sweep::Sweep;
use crate::VectorField;
use crate::gradient::{add, cubic};
use costate_ode::{Element, Real};

/// Goes back through dense output: what comes to the end of the step is added to λ, what comes to its beginning to `sweep.begin`. Evaluations at both ends go to
/// the frames behind the first `frames`.
pub(super) fn back<T: Real, E: Element<T> + Real>(
    sweep: &mut Sweep<T, E>,
    field: &mut dyn VectorField<E>,
    step: &Step<'_, T, E>,
    (frames, h_next): (usize, &[E]),
) {
    if sweep.count == 0 {
        return;
    }
    let (zero, one) = (
        <E as num_traits::Zero>::zero(),
        <E as num_traits::One>::one(),
    );
    for (side, node, h) in [(0, zero, step.h), (1, one, h_next)] {
        let frame = frames + 1 + side;
        sweep.point.copy_from_slice(h);
        sweep.eval(field, frame, step.t + node * step.dt);
        let inside = &sweep.inside[..sweep.count];
        cubic::pull_slope(inside, side, step.dt, &mut sweep.kappa);
        let slope = std::mem::take(&mut sweep.value);
        sweep.timed_product(field, (frame, 0), step, &slope, node);
        sweep.value = slope;
        let to = if side == 0 {
            &mut sweep.begin
        } else {
            &mut sweep.lambda
        };
        add(to, &sweep.v[..step.h.len()]);
    }
    let inside = &sweep.inside[..sweep.count];
    cubic::pull_states(inside, &mut sweep.begin, &mut sweep.lambda);
}
