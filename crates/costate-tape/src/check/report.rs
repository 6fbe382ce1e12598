//! What a check found.

use std::fmt;

/// One compared number.
///
/// ```
/// use costate_tape::check;
/// // ∂(x y²)/∂y = 2 x y is 12 here; a factor of two was forgotten.
/// let report = check::gradient(|x| x[0] * x[1] * x[1], &[3.0, 2.0], &[4.0, 6.0]);
/// let worst = report.worst().expect("two numbers were compared");
/// assert_eq!((worst.name.as_str(), worst.found), ("∂f/∂x[1]", 6.0));
/// assert!((worst.expected - 12.0).abs() <= worst.uncertainty && worst.deviation > 0.49);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Which it is: `∂y[1]/∂theta[3]`.
    pub name: String,
    /// The derivative under test.
    pub found: f64,
    /// What the independent way gives.
    pub expected: f64,
    /// How far off the independent way itself may be; for exact ways, what rounding leaves where terms cancel.
    pub uncertainty: f64,
    /// |found − expected| beyond the uncertainty, relative to the larger of the two; ∞ if `found` is not a number.
    pub deviation: f64,
    /// The size of a derivative that would matter here.
    pub(super) unit: f64,
}

/// The result of a check: how many numbers were compared, and the worst of them.
///
/// ```
/// use costate_tape::check;
/// // d(x³)/dx is 3 x², not 2 x².
/// let report = check::gradient(|x| x[0].powi(3), &[2.0], &[8.0]);
/// let worst = report.worst().expect("one number was compared");
/// assert!(!report.holds() && (worst.expected - 12.0).abs() < 1e-9);
/// assert!((worst.deviation - 1.0 / 3.0).abs() < 1e-9 && report.clone().within(0.5).holds());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The independent way.
    pub method: &'static str,
    /// The largest deviation that counts as agreement.
    pub tolerance: f64,
    /// How many numbers were compared.
    pub components: usize,
    worst: Option<Component>,
    vague: Option<Component>,
}

/// Differences that know fewer than this many digits say nothing.
const VAGUE: f64 = 1e-3;

impl Report {
    /// Compares rows of components; a row's numbers are measured by one unit, `floor` times the row's largest.
    pub(super) fn new(
        method: &'static str,
        tolerance: f64,
        floor: f64,
        rows: impl IntoIterator<Item = Vec<Component>>,
    ) -> Self {
        let mut report = Report {
            method,
            tolerance,
            components: 0,
            worst: None,
            vague: None,
        };
        for row in rows {
            let largest = row
                .iter()
                .map(|c| c.found.abs().max(c.expected.abs()))
                .filter(|size| size.is_finite())
                .fold(0.0, f64::max);
            for mut component in row {
                component.deviation = deviation(&component, floor * largest);
                report.take(component, largest);
            }
        }
        report
    }

    fn take(&mut self, component: Component, largest: f64) {
        self.components += 1;
        let size = component.found.abs().max(component.expected.abs());
        let blur = component.uncertainty;
        let is_vague = blur > VAGUE * size && blur > VAGUE * VAGUE * largest.max(component.unit);
        if is_vague && self.vague.as_ref().is_none_or(|v| v.uncertainty < blur) {
            self.vague = Some(component.clone());
        }
        if self
            .worst
            .as_ref()
            .is_none_or(|worst| worst.deviation < component.deviation)
        {
            self.worst = Some(component);
        }
    }

    /// The component that deviates most; none if nothing was compared.
    #[must_use]
    pub fn worst(&self) -> Option<&Component> {
        self.worst.as_ref()
    }

    /// The component that differences can say least about, if there is one they say nothing about: a kink or a jump, a point at the
    /// edge of the domain, or an output whose rounding drowns the derivative.
    #[must_use]
    pub fn vague(&self) -> Option<&Component> {
        self.vague.as_ref()
    }

    /// Whether every component agrees within the tolerance, and the independent way could tell.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.vague.is_none()
            && self
                .worst
                .as_ref()
                .is_none_or(|c| c.deviation <= self.tolerance)
    }

    /// The same comparison judged by another tolerance.
    #[must_use]
    pub fn within(self, tolerance: f64) -> Self {
        Report { tolerance, ..self }
    }

    /// Panics unless the check [`holds`](Report::holds).
    ///
    /// # Panics
    /// With the report as the message, at the caller's line.
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.holds(), "{self}");
    }
}

fn deviation(component: &Component, floor: f64) -> f64 {
    let (found, expected) = (component.found, component.expected);
    if found.to_bits() == expected.to_bits() && !found.is_nan() {
        return 0.0;
    }
    let beyond = ((found - expected).abs() - component.uncertainty).max(0.0);
    let size = found.abs().max(expected.abs()).max(floor);
    let deviation = if beyond == 0.0 { 0.0 } else { beyond / size };
    // max() above drops a NaN; a derivative that is not a number is never right.
    if found.is_finite() && expected.is_finite() {
        deviation
    } else {
        f64::INFINITY
    }
}

impl fmt::Display for Component {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{}: found {:e}, expected {:e}",
            self.name, self.found, self.expected
        )?;
        if self.uncertainty > 0.0 {
            write!(out, " ± {:.1e}", self.uncertainty)?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds() {
            "agree"
        } else {
            "do NOT agree"
        };
        write!(
            out,
            "derivatives {verdict} with {} ({} compared, tolerance {:.0e})",
            self.method, self.components, self.tolerance
        )?;
        if let Some(worst) = &self.worst {
            write!(out, "\n  worst {worst}, deviation {:.1e}", worst.deviation)?;
        }
        if let Some(vague) = &self.vague {
            write!(
                out,
                "\n  not decided {vague}: a kink, a jump or the domain's edge is near"
            )?;
        }
        Ok(())
    }
}
