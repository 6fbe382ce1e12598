//! What members side by side share.

use super::{Alone, LaneField, Member, Single};
use crate::controller::Law;
use crate::integrator::check_time;
use crate::{Error, Integrator, Norm, Options, Tableau, Tolerance};

/// What members side by side share.
pub(super) struct Group<'a, F, const D: usize, const P: usize> {
    pub(super) field: &'a F,
    /// Starts each member, and diagnoses those that cannot go on: the same code as for one alone.
    pub(super) single: Single<'a, F, D, P>,
    pub(super) law: Law,
    pub(super) options: &'a Options<f64>,
    /// a below its diagonal, row behind row; b is its last row.
    pub(super) a: [[f64; 6]; 7],
    pub(super) b_err: [f64; 7],
    pub(super) c: [f64; 7],
    pub(super) stages: usize,
    pub(super) rtol: f64,
    pub(super) atol: f64,
    pub(super) t0: f64,
    pub(super) t1: f64,
    /// 1 forwards in time, −1 backwards.
    pub(super) way: f64,
}

impl<'a, F: LaneField<D, P>, const D: usize, const P: usize> Group<'a, F, D, P> {
    pub(super) fn new(
        field: &'a F,
        tableau: &'static Tableau,
        t0: f64,
        t1: f64,
        options: &'a Options<f64>,
    ) -> Result<Self, Error> {
        let refuse = |what: &'static str, value: f64, reason: &'static str| {
            Err(Error::Option {
                what,
                value,
                reason,
            })
        };
        check_time("t1", t1)?;
        let stages = tableau.stages();
        if !tableau.fsal || stages > 7 || tableau.embedded_order.is_none() {
            let reason = "ensembles in lanes take a pair that is FSAL with at most seven stages";
            return refuse("the number of stages", stages as f64, reason);
        }
        let (Tolerance::Scalar(rtol), Tolerance::Scalar(atol), Norm::Rms, None) =
            (&options.rtol, &options.atol, &options.norm, options.step)
        else {
            let reason =
                "ensembles in lanes take one rtol, one atol, the RMS norm and adaptive steps";
            return refuse("the options of lanes", D as f64, reason);
        };
        let system = Alone { field, p: [0.0; P] };
        let single = Integrator::new(tableau, system, t0, &[0.0; D], options.clone())?;
        let entry = |i: usize, j: usize| {
            if i < stages && j < i {
                tableau.a(i, j).to()
            } else {
                0.0
            }
        };
        let padded = |values: &[crate::Coefficient]| {
            std::array::from_fn(|i| values.get(i).map_or(0.0, |c| c.to()))
        };
        Ok(Self {
            field,
            law: single.law().clone(),
            single,
            options,
            a: std::array::from_fn(|i| std::array::from_fn(|j| entry(i, j))),
            b_err: padded(tableau.b_err),
            c: padded(tableau.c),
            stages,
            rtol: *rtol,
            atol: *atol,
            t0,
            t1,
            way: if t1 < t0 { -1.0 } else { 1.0 },
        })
    }

    /// Puts the member at its start, for the integrator of one alone.
    pub(super) fn begin(&mut self, member: &Member<D, P>) {
        self.single.system_mut().p = member.p;
        self.single.reset(self.t0, &member.y0);
        self.single.set_end(self.t1);
    }

    /// Why a member cannot go on: from an integration of it alone.
    #[cold]
    #[inline(never)]
    pub(super) fn alone(&mut self, member: &Member<D, P>) -> Option<Error> {
        self.begin(member);
        while !self.single.finished() {
            if let Err(error) = self.single.step() {
                return Some(error);
            }
        }
        None
    }
}
