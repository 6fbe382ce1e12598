//! The problems, with their Jacobians.

use costate_problems::Problem;
use costate_tape::Dual;

/// f as every side is given it.
pub type Field<const N: usize> = fn(f64, &[f64; N], &mut [f64; N]);

/// A problem and its exact Jacobian.
pub struct Case<const N: usize> {
    pub name: &'static str,
    pub field: Field<N>,
    field_of_duals: fn(Dual<f64, N>, &[Dual<f64, N>; N], &mut [Dual<f64, N>; N]),
    pub t0: f64,
    pub y0: [f64; N],
    pub t1: f64,
    pub y1: [f64; N],
}

impl<const N: usize> Case<N> {
    fn new(plain: Problem<f64, N>, duals: Problem<Dual<f64, N>, N>) -> Self {
        Self {
            name: plain.name,
            field: plain.field,
            field_of_duals: duals.field,
            t0: plain.t0,
            y0: plain.y0,
            t1: plain.t1,
            y1: plain.y1,
        }
    }

    /// ∂f/∂y, row by row.
    pub fn jacobian(&self, t: f64, y: &[f64; N]) -> [[f64; N]; N] {
        let duals: [Dual<f64, N>; N] = std::array::from_fn(|i| {
            let mut tangent = [0.0; N];
            tangent[i] = 1.0;
            Dual {
                value: y[i],
                tangent,
            }
        });
        let mut out = duals;
        (self.field_of_duals)(Dual::constant(t), &duals, &mut out);
        out.map(|dual| dual.tangent)
    }
}

pub fn lotka_volterra() -> Case<2> {
    Case::new(
        costate_problems::lotka_volterra(),
        costate_problems::lotka_volterra(),
    )
}

pub fn lorenz() -> Case<3> {
    Case::new(costate_problems::lorenz(), costate_problems::lorenz())
}

pub fn brusselator() -> Case<2> {
    Case::new(
        costate_problems::brusselator(),
        costate_problems::brusselator(),
    )
}

pub fn arenstorf() -> Case<4> {
    Case::new(costate_problems::arenstorf(), costate_problems::arenstorf())
}

pub fn pleiades() -> Case<28> {
    Case::new(costate_problems::pleiades(), costate_problems::pleiades())
}

pub fn robertson() -> Case<3> {
    Case::new(costate_problems::robertson(), costate_problems::robertson())
}

pub fn hires() -> Case<8> {
    Case::new(costate_problems::hires(), costate_problems::hires())
}

pub fn van_der_pol() -> Case<2> {
    Case::new(
        costate_problems::van_der_pol(),
        costate_problems::van_der_pol(),
    )
}

pub fn oregonator() -> Case<3> {
    Case::new(
        costate_problems::oregonator(),
        costate_problems::oregonator(),
    )
}
