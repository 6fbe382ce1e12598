//! Fields as systems of `costate-ode`.

use super::{Natural, VectorField};
use crate::gradient::{Linearised, Rows, scalar};
use costate_ode::{Element, Matrix, Real, State, Structure, System};

/// A vector field as the right-hand side of an initial value problem, without gradients: the states in their natural order, and ∂f/∂h and ∂f/∂t exact for implicit
/// methods, which would otherwise take differences.
///
/// ```
/// use costate_neural_ode::{Recorded, Solvable, VectorField};
/// use costate_ode::{Ivp, Method};
/// use costate_tape::Scalar;
///
/// // A stiff spring: f = −θ (h − cos t).
/// let mut field = Recorded::record(&[1], 1, |h, t, theta| theta.index(0) * (t.cos() - h))?;
/// field.set_parameters(&[1e4]);
/// let solution = Ivp::with_system(Solvable::new(&mut field), 0.0, vec![0.0], 2.0)
///     .method(Method::by_name("rodas5p")?)
///     .solve()?;
/// assert!((solution.last()[0] - 2.0_f64.cos()).abs() < 1e-3);
/// // An evaluation for each of the eight stages of a step, and none for differences.
/// assert!(solution.stats.nfe <= 8 * solution.stats.steps + 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Solvable<F, E> {
    field: Natural<F, E>,
    structure: Structure,
    /// Made when derivatives are first asked for.
    rows: Option<Rows<E>>,
}

impl<E: Real, F: VectorField<E>> Solvable<F, E> {
    /// `field`, or a borrowed one, with the parameters that it has.
    pub fn new(field: F) -> Self {
        Self {
            structure: field.structure(),
            field: Natural::new(field),
            rows: None,
        }
    }

    fn with_rows<T: Real>(&mut self) -> Linearised<'_, E>
    where
        E: Element<T>,
    {
        let field = &mut self.field;
        let rows = self.rows.get_or_insert_with(|| Rows::new::<T>(&*field));
        Linearised {
            field,
            rows,
            needs_time: true,
        }
    }
}

impl<T, E, Y, F> System<T, Y> for Solvable<F, E>
where
    T: Real,
    E: Element<T> + Real,
    Y: State<T, Element = E>,
    F: VectorField<E>,
{
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        self.field
            .eval(0, scalar(t), y.as_slice(), dy.as_mut_slice());
    }

    fn structure(&self) -> Structure {
        self.structure.clone()
    }

    fn jacobian(&mut self, t: T, y: &Y, jacobian: &mut Matrix<E>) -> bool {
        self.with_rows::<T>().jacobian(t, y, jacobian)
    }

    fn time_derivative(&mut self, t: T, y: &Y, out: &mut Y) -> bool {
        self.with_rows::<T>().time_derivative(t, y, out)
    }
}
