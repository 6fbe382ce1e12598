//! What implicit methods may be told about f.

use super::Ivp;
use crate::{
    Autonomous, Krylov, Matrix, MatrixFree, State, Structure, System, WithJacobian, WithMass,
    WithPreconditioner, WithSpectralRadius, WithStructure, WithTimeDerivative,
};

impl<T, Y: State<T>, S: System<T, Y>> Ivp<T, Y, S> {
    fn with<R: System<T, Y>>(self, attach: impl FnOnce(S) -> R) -> Ivp<T, Y, R> {
        Ivp {
            system: attach(self.system),
            t0: self.t0,
            y0: self.y0,
            t1: self.t1,
            method: self.method,
            options: self.options,
            plan: self.plan,
        }
    }

    /// Gives ∂f/∂y as a closure `|t, y, jacobian|` that sets the entries that are not zero; otherwise implicit methods take it by differences of f.
    ///
    /// ```
    /// use costate_ode::{Ivp, Method};
    ///
    /// let stiff = |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -1e5 * (y[0] - t.cos());
    /// let solution = Ivp::new(stiff, 0.0, [0.0], 1.0)
    ///     .method(Method::by_name("rodas5p")?)
    ///     .jacobian(|_t, _y, jacobian| jacobian.set(0, 0, -1e5))
    ///     .solve()?;
    /// assert!((solution.last()[0] - 1.0_f64.cos()).abs() < 1e-4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn jacobian<J>(self, jacobian: J) -> Ivp<T, Y, WithJacobian<S, J>>
    where
        J: FnMut(T, &Y, &mut Matrix<Y::Element>),
    {
        self.with(|system| WithJacobian::new(system, jacobian))
    }

    /// Says which entries of ∂f/∂y can be other than zero: differences, memory and factors follow it.
    ///
    /// ```
    /// use costate_ode::{Ivp, Method, Structure};
    ///
    /// // Heat along a rod of 30 cells: each has two neighbours.
    /// let heat = |_t: f64, u: &Vec<f64>, du: &mut Vec<f64>| {
    ///     for i in 1..29 {
    ///         du[i] = 1e3 * (u[i - 1] - 2.0 * u[i] + u[i + 1]);
    ///     }
    /// };
    /// let start: Vec<f64> = (0..30).map(|i| f64::from(i == 0)).collect();
    /// let ivp = Ivp::new(heat, 0.0, start, 1.0).method(Method::by_name("bdf")?);
    /// let dense = ivp.clone().solve()?;
    /// let banded = ivp.structure(Structure::Banded { lower: 1, upper: 1 }).solve()?;
    /// assert!((dense.last()[10] - banded.last()[10]).abs() < 1e-4);
    /// assert!(banded.stats.nfe < dense.stats.nfe); // a Jacobian takes three evaluations, not thirty
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn structure(self, structure: Structure) -> Ivp<T, Y, WithStructure<S>> {
        self.with(|system| WithStructure::new(system, structure))
    }

    /// Gives ∂f/∂t as a closure `|t, y, out|`; otherwise Rosenbrock methods take it by a difference.
    ///
    /// ```
    /// use costate_ode::{Ivp, Method};
    ///
    /// let driven = |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -100.0 * (y[0] - t.sin());
    /// let ivp = Ivp::new(driven, 0.0, [0.0], 1.0).method(Method::by_name("rodas4")?);
    /// let given = ivp.clone().time_derivative(|t: f64, _y: &[f64; 1], out: &mut [f64; 1]| out[0] = 100.0 * t.cos()).solve()?;
    /// let differences = ivp.solve()?;
    /// assert!((given.last()[0] - differences.last()[0]).abs() < 1e-6 && given.stats.nfe < differences.stats.nfe);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn time_derivative<D>(self, time_derivative: D) -> Ivp<T, Y, WithTimeDerivative<S, D>>
    where
        D: FnMut(T, &Y, &mut Y),
    {
        self.with(|system| WithTimeDerivative::new(system, time_derivative))
    }

    /// Says that t does not occur in f.
    ///
    /// ```
    /// use costate_ode::{Ivp, Method};
    ///
    /// let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -50.0 * y[0];
    /// let ivp = Ivp::new(decay, 0.0, [1.0], 1.0).method(Method::by_name("rodas4")?);
    /// let told = ivp.clone().autonomous().solve()?;
    /// assert!(told.stats.nfe < ivp.solve()?.stats.nfe); // none for ∂f/∂t
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn autonomous(self) -> Ivp<T, Y, Autonomous<T, Y, S>> {
        self.with(WithTimeDerivative::autonomous)
    }

    /// Gives a bound of |λ| for the eigenvalues λ of ∂f/∂y as a closure `|t, y|`; otherwise stabilised methods estimate it, at the cost of some evaluations.
    ///
    /// ```
    /// use costate_ode::{Ivp, Method};
    ///
    /// let cooling = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -1e3 * (y[0] - 20.0);
    /// let solution = Ivp::new(cooling, 0.0, [90.0], 1.0)
    ///     .method(Method::by_name("rock2")?)
    ///     .spectral_radius(|_t, _y| 1e3)
    ///     .rtol(1e-4)
    ///     .solve()?;
    /// assert!((solution.last()[0] - 20.0).abs() < 1e-2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn spectral_radius<R>(self, radius: R) -> Ivp<T, Y, WithSpectralRadius<S, R>>
    where
        R: FnMut(T, &Y) -> T,
    {
        self.with(|system| WithSpectralRadius::new(system, radius))
    }

    /// Has the linear equations of Newton's iteration solved without matrices, by GMRES with differences of f (or the system's own products with ∂f/∂y): for
    /// systems so large or so coupled that factors have no room. Memory grows with n alone, by `krylov.dimension` states. BDF and diagonally implicit methods can.
    ///
    /// Where eigenvalues spread far, iterations are many: give a [`preconditioner`](Ivp::preconditioner), or a [`structure`](Ivp::structure) instead of this.
    ///
    /// ```
    /// use costate_ode::{Ivp, Krylov, Method};
    ///
    /// // Every component pulls at all others.
    /// let field = |_t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| {
    ///     let mean = y.iter().sum::<f64>() / y.len() as f64;
    ///     dy.iter_mut().zip(y).for_each(|(dy, y)| *dy = 1e4 * (mean - y) - mean);
    /// };
    /// let start: Vec<f64> = (0..1000).map(|i| f64::from(i % 10)).collect();
    /// let solution = Ivp::new(field, 0.0, start, 1.0)
    ///     .method(Method::by_name("bdf")?)
    ///     .matrix_free(Krylov::default())
    ///     .solve()?;
    /// assert!(solution.last().iter().all(|y| (y - 4.5 * (-1.0_f64).exp()).abs() < 1e-4));
    /// assert_eq!(solution.stats.jacobians, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn matrix_free(self, krylov: Krylov) -> Ivp<T, Y, MatrixFree<S>> {
        self.with(|system| MatrixFree::new(system, krylov))
    }

    /// Gives a preconditioner for [`matrix_free`](Ivp::matrix_free) solutions, as a closure `|t, y, s, r|` that solves (s − A) x = r for x in place of r, where A is
    /// some matrix near ∂f/∂y at (t, y): its diagonal, or its stiff part.
    ///
    /// ```
    /// use costate_ode::{Ivp, Krylov, Method};
    ///
    /// // Rates from 1 to 10⁶: GMRES alone takes a direction for each, with the diagonal next to none.
    /// let rate = |i: usize| 10.0_f64.powf(i as f64 / 10.0);
    /// let decay = move |_t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| (0..60).for_each(|i| dy[i] = -rate(i) * (y[i] - 1.0));
    /// let ivp = Ivp::new(decay, 0.0, vec![0.0; 60], 1.0).method(Method::by_name("bdf")?).matrix_free(Krylov::default());
    /// let plain = ivp.clone().solve()?;
    /// let helped = ivp.preconditioner(move |_t, _y, s, r: &mut Vec<f64>| (0..60).for_each(|i| r[i] /= s + rate(i))).solve()?;
    /// assert!((helped.last()[0] - (1.0 - (-1.0_f64).exp())).abs() < 1e-4);
    /// assert!(helped.stats.nfe < plain.stats.nfe);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn preconditioner<P>(self, preconditioner: P) -> Ivp<T, Y, WithPreconditioner<S, P>>
    where
        P: FnMut(T, &Y, T, &mut Y),
    {
        self.with(|system| WithPreconditioner::new(system, preconditioner))
    }

    /// Solves M dy/dt = f(t, y) with this constant matrix M, which may be singular if the system has index 1; explicit methods refuse it.
    ///
    /// Where rows of M vanish, so must those of f at the start; variables that M does not see are changed to that end ([`make_consistent`](crate::make_consistent)).
    ///
    /// ```
    /// use costate_ode::{Ivp, Matrix, Method};
    ///
    /// // y₀′ = −y₁ under the constraint 0 = y₁ − y₀².
    /// let f = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [-y[1], y[1] - y[0] * y[0]];
    /// let solution = Ivp::new(f, 0.0, [1.0, 1.0], 1.0)
    ///     .method(Method::by_name("rodas5p")?)
    ///     .mass(Matrix::diagonal::<f64>([1.0, 0.0]))
    ///     .solve()?;
    /// assert!((solution.last()[0] - 0.5).abs() < 1e-6 && (solution.last()[1] - 0.25).abs() < 1e-6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn mass(self, mass: Matrix<Y::Element>) -> Ivp<T, Y, WithMass<S, Y::Element>> {
        self.with(|system| WithMass::new(system, mass))
    }
}
