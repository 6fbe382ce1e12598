//! What the library takes each type for, asked of the compiler.

use super::bounds::{Is, Not, OnTape, Taken, taken};
use super::ring::Seven;
use crate::text::Table;
use costate_ode::Lanes;
use costate_problems::DoubleDouble;
use costate_tape::Dual;
use nalgebra::Complex;
use num_rational::Ratio;

/// Each type, and what the compiler says it is taken for.
fn all_taken() -> Vec<(&'static str, Taken)> {
    vec![
        ("`i64`", taken!(i64)),
        ("`Ratio<i64>`", taken!(Ratio<i64>)),
        ("`Seven`", taken!(Seven)),
        ("`f32`", taken!(f32)),
        ("`f64`", taken!(f64)),
        ("`DoubleDouble`", taken!(DoubleDouble)),
        ("`Complex<f64>`", taken!(Complex<f64>)),
        ("`Dual<f64, 1>`", taken!(Dual<f64, 1>)),
        ("`Dual<Dual<f64, 1>, 1>`", taken!(Dual<Dual<f64, 1>, 1>)),
        ("`Lanes<8>`", taken!(Lanes<8>)),
        ("`Var`", taken!(OnTape)),
    ]
}

/// The table of types and traits.
pub(super) fn table() -> String {
    let mut table = Table::words(&[
        "type",
        "`Element`: in states",
        "`Field`: in states of implicit methods",
        "`Real`: time, steps, norms",
        "`Scalar`: recorded, differentiated",
        "tape's `Lane`: compiled programs",
        "solvers' `Lane`: ensembles",
    ]);
    for (name, taken) in all_taken() {
        let mut row = vec![name.to_owned()];
        let columns = [
            taken.element,
            taken.field,
            taken.real,
            taken.scalar,
            taken.lane,
            taken.side,
        ];
        row.extend(columns.map(|yes| if yes { "yes" } else { "–" }.to_owned()));
        table.row(&row);
    }
    table.markdown()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_takes_no_whole_number_for_anything() {
        let none = Taken {
            element: false,
            field: false,
            real: false,
            scalar: false,
            lane: false,
            side: false,
        };
        for (name, taken) in all_taken() {
            match name {
                "`f64`" => assert_eq!(
                    taken,
                    Taken {
                        element: true,
                        field: true,
                        real: true,
                        scalar: true,
                        lane: true,
                        side: true
                    }
                ),
                "`f32`" => assert!(taken.element && taken.real && taken.lane && !taken.side),
                "`i64`" | "`Ratio<i64>`" | "`Seven`" => assert_eq!(taken, none, "{name}"),
                "`Complex<f64>`" => assert!(taken.field && !taken.real && !taken.scalar),
                "`Var`" => assert_eq!(
                    taken,
                    Taken {
                        scalar: true,
                        ..none
                    }
                ),
                _ => {}
            }
        }
    }
}
