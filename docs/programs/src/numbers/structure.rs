//! What each type is: the laws of a ring, tried on a handful of samples.

use super::ring::{Pair, Ring, Seven};
use crate::text::{Table, scientific};
use costate_ode::Real;
use costate_problems::DoubleDouble;
use costate_tape::Dual;
use nalgebra::Complex;
use num_rational::Ratio;
use num_traits::Float;

/// How far samples are from a ring, whether some are zero divisors, and whether all but 0 have an inverse.
struct Structure {
    broken: f64,
    zero_divisors: bool,
    inverses: bool,
}

/// Tries the laws on samples; `size` is 0 for zero alone.
fn structure<R: Ring>(
    samples: &[R],
    size: impl Fn(R) -> f64,
    inverse: impl Fn(R) -> Option<R>,
) -> Structure {
    let mut found = Structure {
        broken: 0.0,
        zero_divisors: false,
        inverses: true,
    };
    for &x in samples {
        for &y in samples {
            for &z in samples {
                let scale = 1.0 + size(x) * (size(y) + size(z)) + size(x) + size(y) + size(z);
                for off in [x + y + z - (x + (y + z)), x * (y + z) - (x * y + x * z)] {
                    found.broken = found.broken.max(size(off) / scale);
                }
            }
            found.zero_divisors |= size(x) > 0.0 && size(y) > 0.0 && size(x * y) == 0.0;
        }
        let has = inverse(x).is_some_and(|y| size(x * y - R::one()) < 1e-6);
        found.inverses &= has || size(x) == 0.0;
    }
    found
}

/// The number types of this chapter, what they are, and what was found by trying.
fn structures() -> Vec<(&'static str, &'static str, Structure)> {
    let whole = [0, 1, 2, -3, 12, 5];
    let ratio = whole.map(|n| Ratio::new(n, 3));
    let double = whole.map(|n| n as f64 / 10.0);
    let single = double.map(|x| x as f32);
    let wide = whole.map(|n| DoubleDouble::new(n as f64) / DoubleDouble::new(10.0));
    let complex = double.map(|x| Complex::new(x, 0.3 - x));
    let dual = [0, 1, 2, 3, 4, 5].map(|i| Dual {
        value: double[i],
        tangent: [double[5 - i]],
    });
    let part = |x: Dual<f64, 1>| x.value.abs() + x.tangent[0].abs();
    vec![
        (
            "`i64`",
            "the ring ℤ",
            structure(&whole, |x: i64| x.abs() as f64, |x| 1_i64.checked_div(x)),
        ),
        (
            "`Ratio<i64>`",
            "the ordered field ℚ",
            structure(
                &ratio,
                |x| (*x.numer() as f64 / *x.denom() as f64).abs(),
                |x| (*x.numer() != 0).then(|| x.recip()),
            ),
        ),
        (
            "`Seven`",
            "the field of seven elements",
            structure(
                &whole.map(|n| Seven(n.rem_euclid(7) as u8)),
                |x| x.0.into(),
                Seven::inverse,
            ),
        ),
        (
            "`f32`",
            "ℝ to 7 digits",
            structure(&single, |x| x.abs().into(), |x| Some(1.0 / x)),
        ),
        (
            "`f64`",
            "ℝ to 16 digits",
            structure(&double, f64::abs, |x| Some(1.0 / x)),
        ),
        (
            "`DoubleDouble`",
            "ℝ to 31 digits",
            structure(&wide, |x| x.abs().as_f64(), |x| Some(x.recip())),
        ),
        (
            "`Complex<f64>`",
            "ℂ to 16 digits",
            structure(&complex, |x| x.norm(), |x| Some(1.0 / x)),
        ),
        (
            "`Pair<i64>`",
            "ℤ[ε], ε² = 0",
            structure(
                &[(0, 0), (1, 0), (0, 1), (2, -3), (0, 5)]
                    .map(|(value, slope)| Pair { value, slope }),
                |x: Pair<i64>| (x.value.abs() + x.slope.abs()) as f64,
                |_| None,
            ),
        ),
        (
            "`Dual<f64, 1>`",
            "ℝ[ε], ε² = 0",
            structure(&dual, part, |x| Some(Dual::constant(1.0) / x)),
        ),
    ]
}

/// The table of types and laws.
pub(super) fn table() -> String {
    let mut table = Table::words(&[
        "type",
        "what it is",
        "laws broken by",
        "zero divisors",
        "$1/x$ for all $x \\ne 0$",
    ]);
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    for (name, words, found) in structures() {
        let broken = if found.broken == 0.0 {
            "nothing".to_owned()
        } else {
            scientific(10_f64.powf(found.broken.log10().ceil()), 0)
        };
        table.row(&[
            name.to_owned(),
            words.to_owned(),
            format!("{}{broken}", if found.broken > 0.0 { "< " } else { "" }),
            yes(found.zero_divisors),
            yes(found.inverses),
        ]);
    }
    table.markdown()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_rings_break_no_law_and_rounded_ones_do() {
        for (name, _, found) in structures() {
            let exact = ["`i64`", "`Ratio<i64>`", "`Seven`", "`Pair<i64>`"].contains(&name);
            assert_eq!(found.broken == 0.0, exact, "{name}");
            assert_eq!(
                found.zero_divisors,
                name.contains("Pair") || name.contains("Dual"),
                "{name}"
            );
            let field = !["`i64`", "`Pair<i64>`", "`Dual<f64, 1>`"].contains(&name);
            assert_eq!(found.inverses, field, "{name}");
        }
    }
}
