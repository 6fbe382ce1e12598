//! What an integration cost.

/// Counts of an integration.
///
/// ```
/// use costate_ode::{Ivp, Method};
///
/// let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
/// let ivp = Ivp::new(decay, 0.0, [1.0], 1.0);
/// let explicit = ivp.clone().solve()?.stats;
/// assert!(explicit.steps == explicit.accepted + explicit.rejected && explicit.jacobians == 0);
/// let implicit = ivp.method(Method::by_name("radau")?).solve()?.stats;
/// assert!(implicit.factorisations > 0 && implicit.solves > implicit.factorisations);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Stats {
    /// Steps tried: accepted and rejected.
    pub steps: usize,
    /// Steps accepted.
    pub accepted: usize,
    /// Steps rejected and tried again with a smaller one.
    pub rejected: usize,
    /// Evaluations of f, those for the initial step, for dense output and for differences included.
    pub nfe: usize,
    /// Jacobians ∂f/∂y that were had, one way or another.
    pub jacobians: usize,
    /// Matrices that were factorised: one for a step of most implicit methods, a real and a complex one for Radau.
    pub factorisations: usize,
    /// Systems of equations that were solved with these factors, by Rosenbrock stages and Newton iterations.
    pub solves: usize,
}

/// Integrations counted together.
impl std::ops::AddAssign for Stats {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.nfe += other.nfe;
        self.jacobians += other.jacobians;
        self.factorisations += other.factorisations;
        self.solves += other.solves;
    }
}
