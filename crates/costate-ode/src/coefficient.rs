//! Coefficients of methods, held as double-double numbers so that scalars wider than `f64` get them exactly.

use crate::Real;

/// A coefficient of a method: the unevaluated sum `hi + lo` of two `f64`, good to about 31 digits.
///
/// ```
/// use costate_ode::Coefficient;
///
/// const THIRD: Coefficient = Coefficient::ratio(1, 3);
/// assert_eq!(THIRD.to::<f64>(), 1.0 / 3.0);
/// assert_eq!(THIRD.to::<f64>(), Coefficient::decimal("0.333333333333333333333333333333").to());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficient {
    hi: f64,
    lo: f64,
}

impl Coefficient {
    /// Zero: a term with it is left out of every sum.
    pub const ZERO: Self = Self { hi: 0.0, lo: 0.0 };

    /// `numerator / denominator`.
    ///
    /// # Panics
    /// If the denominator is zero; in a constant, at compile time.
    #[must_use]
    pub const fn ratio(numerator: i128, denominator: i128) -> Self {
        assert!(denominator != 0, "a coefficient with denominator 0");
        Self::integer(numerator).over(Self::integer(denominator))
    }

    /// A number in decimal notation, such as `"-0.0123"` or `"1.5e-3"`; digits beyond the 36th are dropped.
    ///
    /// # Panics
    /// If the text is not a number; in a constant, at compile time.
    #[must_use]
    pub const fn decimal(text: &str) -> Self {
        let text = text.as_bytes();
        let (mut at, negative) = match text {
            [b'-', ..] => (1, true),
            _ => (0, false),
        };
        let (mut digits, mut count, mut scale, mut fraction, mut exponent) =
            (0_i128, 0, 0_i32, false, 0_i32);
        while at < text.len() {
            match text[at] {
                b'.' if !fraction => fraction = true,
                digit @ b'0'..=b'9' if count < 36 => {
                    digits = digits * 10 + (digit - b'0') as i128;
                    count += (digits != 0) as i32;
                    scale -= fraction as i32;
                }
                b'0'..=b'9' => scale += !fraction as i32,
                b'e' => {
                    exponent = integer(text, at + 1);
                    at = text.len();
                }
                _ => panic!("a coefficient that is not a decimal number"),
            }
            at += 1;
        }
        let mut scale = scale + exponent;
        let mut value = Self::integer(if negative { -digits } else { digits });
        while scale < 0 {
            let power = if scale < -30 { -30 } else { scale };
            value = value.over(Self::integer(10_i128.pow(-power as u32)));
            scale -= power;
        }
        while scale > 0 {
            value = value.times(Self::integer(10));
            scale -= 1;
        }
        value
    }

    /// The number in the scalar `T`: rounded to it if it is narrower, to about 31 digits if it is wider.
    #[must_use]
    #[inline]
    pub fn to<T: Real>(self) -> T {
        T::from_f64(self.hi) + T::from_f64(self.lo)
    }

    /// Whether the number is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.hi == 0.0
    }

    /// Σ c_j x^j rewritten in powers of x − ½, coefficients of lower powers first: where 0 ≤ x ≤ 1 they are far smaller, and the sum loses fewer digits.
    pub(crate) fn about_half(coefficients: &[Self]) -> Vec<Self> {
        let mut about: Vec<Self> = coefficients.to_vec();
        // Horner's scheme at ½, again and again on what is left.
        for from in 0..about.len() {
            for j in (from..about.len() - 1).rev() {
                about[j] = about[j].plus(about[j + 1].halved());
            }
        }
        about
    }

    pub(crate) const fn plus(self, other: Self) -> Self {
        self.minus_product(-1.0, other)
    }

    const fn halved(self) -> Self {
        Self {
            hi: self.hi * 0.5,
            lo: self.lo * 0.5,
        }
    }

    /// `factor` times this.
    pub(crate) const fn scaled(self, factor: f64) -> Self {
        self.times(Self {
            hi: factor,
            lo: 0.0,
        })
    }

    const fn integer(value: i128) -> Self {
        let hi = value as f64;
        Self {
            hi,
            lo: (value - hi as i128) as f64,
        }
    }

    /// hi + lo again with |lo| ≤ ½ ulp(hi), for |hi| ≥ |lo|.
    const fn normal(hi: f64, lo: f64) -> Self {
        let sum = hi + lo;
        Self {
            hi: sum,
            lo: lo - (sum - hi),
        }
    }

    const fn times(self, other: Self) -> Self {
        let (product, error) = exact_product(self.hi, other.hi);
        Self::normal(product, error + (self.hi * other.lo + self.lo * other.hi))
    }

    /// Division with three quotient digits, each an `f64`.
    const fn over(self, other: Self) -> Self {
        let first = self.hi / other.hi;
        let rest = self.minus_product(first, other);
        let second = rest.hi / other.hi;
        let rest = rest.minus_product(second, other);
        let quotient = Self::normal(first, second);
        Self::normal(quotient.hi, quotient.lo + rest.hi / other.hi)
    }

    /// self − factor · other.
    const fn minus_product(self, factor: f64, other: Self) -> Self {
        let product = Self {
            hi: factor,
            lo: 0.0,
        }
        .times(other);
        let hi = self.hi - product.hi;
        let part = hi - self.hi;
        let error = (self.hi - (hi - part)) + (-product.hi - part);
        Self::normal(hi, error + (self.lo - product.lo))
    }
}

/// The sum `a · b = product + error`, exactly (Dekker's splitting; a fused multiply-add is not there at compile time).
const fn exact_product(a: f64, b: f64) -> (f64, f64) {
    let (product, a, b) = (a * b, split(a), split(b));
    let error = ((a.0 * b.0 - product) + a.0 * b.1 + a.1 * b.0) + a.1 * b.1;
    (product, error)
}

/// A number as the sum of two halves of 26 bits each.
const fn split(a: f64) -> (f64, f64) {
    let shifted = 134_217_729.0 * a; // 2²⁷ + 1
    let high = shifted - (shifted - a);
    (high, a - high)
}

/// The integer written at `text[from..]`.
const fn integer(text: &[u8], from: usize) -> i32 {
    let negative = text[from] == b'-';
    let (mut at, mut value) = (from + (negative || text[from] == b'+') as usize, 0);
    while at < text.len() {
        assert!(
            text[at].is_ascii_digit(),
            "a coefficient whose exponent is not a number"
        );
        value = value * 10 + (text[at] - b'0') as i32;
        at += 1;
    }
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_and_ratios_agree_to_thirty_digits() {
        let pairs = [
            (
                Coefficient::ratio(1, 7),
                "0.142857142857142857142857142857142857142857",
            ),
            (
                Coefficient::ratio(-25360, 2187),
                "-11.5957933241883859167809785093735711019661637",
            ),
            (Coefficient::ratio(1, 1000), "1e-3"),
            (Coefficient::ratio(1200, 1), "0.12e+4"),
            (Coefficient::ratio(-5, 100_000_000), "-.5e-7"),
        ];
        for (ratio, text) in pairs {
            let decimal = Coefficient::decimal(text);
            assert_eq!(ratio.hi, decimal.hi, "{text}");
            assert!(
                (ratio.lo - decimal.lo).abs() <= 1e-31 * ratio.hi.abs(),
                "{text}: {ratio:?} {decimal:?}"
            );
        }
    }

    #[test]
    fn a_polynomial_is_the_same_about_another_point() {
        let row = [7, -3, 11, 5, -2].map(|n| Coefficient::ratio(n, 3));
        let about = Coefficient::about_half(&row);
        for x in [0.0_f64, 0.3, 0.5, 1.0] {
            let horner = |row: &[Coefficient], x: f64| {
                row.iter().rev().fold(0.0, |sum, c| sum * x + c.to::<f64>())
            };
            assert!(
                (horner(&row, x) - horner(&about, x - 0.5)).abs() < 1e-14,
                "{x}"
            );
        }
    }

    #[test]
    fn the_first_part_is_the_nearest_f64() {
        assert_eq!(Coefficient::decimal("0.1").to::<f64>(), 0.1);
        let long = "-3.290069515436080679901047585711363850115683";
        assert_eq!(
            Coefficient::decimal(long).to::<f64>(),
            long.parse::<f64>().unwrap()
        );
        assert_eq!(Coefficient::ratio(2, 3).to::<f32>(), 2.0 / 3.0);
    }
}
