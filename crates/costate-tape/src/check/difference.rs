//! Central differences over a falling sequence of steps, extrapolated to step zero [Ridders1982].

/// A derivative found by differences.
///
/// ```
/// use costate_tape::check;
/// // An exponential loses digits where it is small beside what was added to it, and the estimate knows.
/// let (clean, noisy) = (check::derivative(f64::exp, 0.0), check::derivative(|x| x.exp() + 1e6, 0.0));
/// assert!((clean.value - 1.0).abs() <= clean.error && (noisy.value - 1.0).abs() <= noisy.error);
/// assert!(clean.error < 1e-11 && noisy.error > 10.0 * clean.error);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The derivative.
    pub value: f64,
    /// How far off it may be, by truncation or by rounding: the larger of the change in the last extrapolation and the rounding of
    /// the difference.
    pub error: f64,
    /// The size of a derivative that would matter: |g| over the first step.
    pub(super) unit: f64,
}

/// Steps are tried from 0.1·max(|x|, 1) down to 2⁻²⁰ of it.
const ROWS: usize = 21;
/// Columns of the extrapolation; each removes two orders of the error.
const COLUMNS: usize = 6;

/// The derivative g′(x) by central differences (g(x+s) − g(x−s))/2s for falling steps s, extrapolated to s = 0.
///
/// Steps at which g is not finite are passed over, so a function may have its domain's edge near x. Not for functions with a
/// kink or a jump at x itself: the error that is returned is then large, or the value is one of the two slopes' mean.
///
/// ```
/// let slope = costate_tape::check::derivative(f64::tanh, 0.5);
/// let exact = 1.0 - 0.5f64.tanh().powi(2);
/// assert!((slope.value - exact).abs() <= slope.error && slope.error < 1e-11);
/// ```
pub fn derivative(mut g: impl FnMut(f64) -> f64, x: f64) -> Estimate {
    let steps = along(x, |at| Some(vec![g(at)]));
    steps.first().copied().unwrap_or(Estimate {
        value: f64::NAN,
        error: f64::INFINITY,
        unit: 0.0,
    })
}

/// The derivatives of all components of g at x; `None` from g is a point where it does not hold. Empty if it holds nowhere.
pub(super) fn along(x: f64, mut g: impl FnMut(f64) -> Option<Vec<f64>>) -> Vec<Estimate> {
    let scale = 0.1 * x.abs().max(1.0);
    let mut tableaus: Vec<Tableau> = Vec::new();
    for row in 0..ROWS {
        let step = scale / f64::powi(2.0, row as i32);
        let (above, below) = (x + step, x - step);
        // The points that were reached, which need not be x ± step to the last bit.
        let width = above - below; // book: (central-difference)
        let (Some(high), Some(low)) = (g(above), g(below)) else {
            tableaus.iter_mut().for_each(Tableau::forget);
            continue;
        };
        tableaus.resize_with(high.len(), Tableau::default);
        for ((tableau, high), low) in tableaus.iter_mut().zip(&high).zip(&low) {
            tableau.add(*high, *low, width);
            tableau.best.unit = tableau.best.unit.max(high.abs().max(low.abs()) / scale);
        }
        if row >= COLUMNS && tableaus.iter().all(Tableau::is_done) {
            break;
        }
    }
    tableaus.iter().map(|tableau| tableau.best).collect()
}

/// Neville's scheme for one component.
struct Tableau {
    /// The last row: entry k has its first k error terms removed.
    last: Vec<f64>,
    best: Estimate,
    /// The rounding of the last difference.
    noise: f64,
}

impl Default for Tableau {
    fn default() -> Self {
        Tableau {
            last: Vec::new(),
            best: Estimate {
                value: f64::NAN,
                error: f64::INFINITY,
                unit: 0.0,
            },
            noise: 0.0,
        }
    }
}

impl Tableau {
    fn forget(&mut self) {
        self.last.clear();
    }

    fn add(&mut self, high: f64, low: f64, width: f64) {
        let slope = (high - low) / width;
        if !slope.is_finite() {
            self.forget();
            return;
        }
        self.noise = 4.0 * f64::EPSILON * high.abs().max(low.abs()) / width;
        let mut row = vec![slope];
        let mut power = 1.0;
        for (k, &before) in self.last.iter().enumerate().take(COLUMNS - 1) {
            power *= 4.0;
            let better = row[k] + (row[k] - before) / (power - 1.0);
            let error = (better - row[k]).abs().max((better - before).abs());
            let error = error.max(self.noise);
            if error <= self.best.error {
                self.best.value = better;
                self.best.error = error;
            }
            row.push(better);
        }
        self.last = row;
    }

    /// Whether smaller steps can only be worse.
    fn is_done(&self) -> bool {
        self.best.error <= 2.0 * self.noise
    }
}
