//! Checks of recorded functions: all inputs, all outputs.

use super::difference::along;
use super::plain::{DIFFERENCES, Directions, ROUNDING, dots};
use super::report::{Component, Report};
use super::terms::Terms;
use crate::dual::Dual;
use crate::error::Error;
use crate::function::Function;
use crate::scalar::Scalar;
use crate::shape::Shape;

/// Directions that dual numbers carry at once.
pub(super) const LANES: usize = 8;
/// What rounding may leave of terms that cancel, relative to them.
const CANCELLED: f64 = 1e-14;

/// All three checks of a function at a point: [`by_duals`], [`by_dot_products`], [`by_differences`].
///
/// # Errors
/// Those of [`Function::eval`] at the point.
///
/// ```
/// use costate_tape::{Function, Scalar, check};
/// let f = Function::<f64>::record(&[("x", &[3]), ("k", &[])], |v| vec![(v[1] * v[0]).tanh().sum()])?;
/// for report in check::function(&f, &[&[0.5, -1.0, 2.0], &[0.7]])? {
///     report.assert(); // or panic with the worst component
///     assert_eq!(report.components, 4);
/// }
/// # Ok::<(), costate_tape::Error>(())
/// ```
pub fn function(f: &Function<f64>, at: &[&[f64]]) -> Result<[Report; 3], Error> {
    Ok([
        by_duals(f, at)?,
        by_dot_products(f, at)?,
        by_differences(f, at)?,
    ])
}

/// Compares the reverse-mode derivative with central differences.
///
/// A difference that would cross a branch of the record (a guard) is made with smaller steps.
///
/// # Errors
/// Those of [`Function::eval`] at the point.
///
/// # Example
/// ```
/// use costate_tape::{Function, Scalar, check};
/// let f = Function::<f64>::record(&[("x", &[3])], |v| vec![v[0].exp().sum().ln()])?;
/// check::by_differences(&f, &[&[0.5, -1.0, 2.0]])?.assert();
/// # Ok::<(), costate_tape::Error>(())
/// ```
pub fn by_differences(f: &Function<f64>, at: &[&[f64]]) -> Result<Report, Error> {
    let found = reverse_jacobian(f, at)?;
    let columns: Vec<_> = elements(f)
        .map(|(input, j)| {
            let mut point: Vec<Vec<f64>> = at.iter().map(|values| values.to_vec()).collect();
            along(at[input][j], |value| {
                point[input][j] = value;
                let slices: Vec<&[f64]> = point.iter().map(Vec::as_slice).collect();
                f.eval(&slices).ok().map(|outputs| outputs.concat())
            })
        })
        .collect();
    let (rows, names) = (row_names(f), column_names(f));
    let compared = found.iter().enumerate().map(|(i, row)| {
        let component = |(j, &found): (usize, &f64)| Component {
            name: format!("∂{}/∂{}", rows[i], names[j]),
            found,
            expected: columns[j]
                .get(i)
                .map_or(f64::NAN, |estimate| estimate.value),
            uncertainty: columns[j]
                .get(i)
                .map_or(f64::INFINITY, |estimate| estimate.error),
            deviation: 0.0,
            unit: columns[j].get(i).map_or(0.0, |estimate| estimate.unit),
        };
        row.iter().enumerate().map(component).collect()
    });
    Ok(Report::new(
        "central differences",
        DIFFERENCES,
        1e-3,
        compared,
    ))
}

/// Compares the reverse-mode derivative with dual numbers: the graph evaluated over [`Dual`], eight directions at a time.
///
/// # Errors
/// Those of [`Function::eval`] at the point.
///
/// # Example
/// ```
/// use costate_tape::{Function, Scalar, check};
/// let f = Function::<f64>::record(&[("x", &[2, 2]), ("y", &[2])], |v| vec![v[0].matmul(v[1]).tanh()])?;
/// let report = check::by_duals(&f, &[&[0.5, -1.0, 2.0, 0.1], &[0.3, 0.4]])?;
/// report.assert();
/// assert_eq!(report.components, 2 * (4 + 2));
/// # Ok::<(), costate_tape::Error>(())
/// ```
pub fn by_duals(f: &Function<f64>, at: &[&[f64]]) -> Result<Report, Error> {
    let found = reverse_jacobian(f, at)?;
    let expected = carried(f, at, Dual::<f64, LANES>::constant, |x| &mut x.tangent)?;
    let pairs = pairs(f, &found, &expected, &sizes(f, at)?);
    Ok(Report::new("dual numbers", ROUNDING, 1e-3, pairs))
}

/// The dot-product test ⟨v, J u⟩ = ⟨Jᵀ v, u⟩ of [`Function::jvp`] and [`Function::vjp`], in four random directions of a fixed
/// sequence. Where it fails, both Jacobians are compared element by element, to name the one that differs most.
///
/// # Errors
/// Those of [`Function::eval`] at the point.
///
/// # Example
/// ```
/// use costate_tape::{Function, Scalar, check};
/// let f = Function::<f64>::record(&[("x", &[100])], |v| vec![v[0].sin() * v[0].sum()])?;
/// check::by_dot_products(&f, &[&[0.01; 100]])?.assert();
/// # Ok::<(), costate_tape::Error>(())
/// ```
pub fn by_dot_products(f: &Function<f64>, at: &[&[f64]]) -> Result<Report, Error> {
    let all: Vec<usize> = (0..f.inputs().len()).collect();
    let (forward, reverse) = (f.jvp(&all), f.vjp(&all));
    let outputs = f.outputs().len();
    let lengths: Vec<usize> = (0..outputs).map(|i| f.output_shape(i).len()).collect();
    let mut directions = Directions::new();
    let mut rows = Vec::new();
    for direction in 0..4 {
        let u: Vec<Vec<f64>> = at
            .iter()
            .map(|values| directions.next(values.len()))
            .collect();
        let v: Vec<Vec<f64>> = lengths.iter().map(|&n| directions.next(n)).collect();
        let along = forward.eval(&with(at, &u))?[outputs..].concat();
        let back = reverse.eval(&with(at, &v))?[outputs..].concat();
        rows.push(vec![dots(
            format!("⟨v, J u⟩, direction {direction}"),
            (&v.concat(), &along),
            (&u.concat(), &back),
        )]);
    }
    let report = Report::new("dot products", ROUNDING, 0.0, rows);
    if report.holds() {
        return Ok(report);
    }
    let found = reverse_jacobian(f, at)?;
    let mut expected = vec![Vec::new(); found.len()];
    for (input, j) in elements(f) {
        let mut u: Vec<Vec<f64>> = at.iter().map(|values| vec![0.0; values.len()]).collect();
        u[input][j] = 1.0;
        let column = forward.eval(&with(at, &u))?[outputs..].concat();
        expected
            .iter_mut()
            .zip(column)
            .for_each(|(row, dot)| row.push(dot));
    }
    let pairs = pairs(f, &found, &expected, &sizes(f, at)?);
    Ok(Report::new("the forward mode", ROUNDING, 1e-3, pairs))
}

/// The size of the terms that each entry of the Jacobian is the sum of.
fn sizes(f: &Function<f64>, at: &[&[f64]]) -> Result<Vec<Vec<f64>>, Error> {
    carried(f, at, Terms::constant, |x| &mut x.sizes)
}

/// What numbers carry to the outputs, one row for each element of an output, from a 1 at each element of an input.
fn carried<S: Scalar>(
    f: &Function<f64>,
    at: &[&[f64]],
    constant: impl Fn(f64) -> S,
    lanes: impl Fn(&mut S) -> &mut [f64; LANES],
) -> Result<Vec<Vec<f64>>, Error> {
    let lifted = f.over(&constant);
    let all: Vec<(usize, usize)> = elements(f).collect();
    let rows = (0..f.outputs().len())
        .map(|i| f.output_shape(i).len())
        .sum();
    let mut carried = vec![Vec::with_capacity(all.len()); rows];
    for some in all.chunks(LANES) {
        let mut point: Vec<Vec<S>> = at
            .iter()
            .map(|values| values.iter().map(|&value| constant(value)).collect())
            .collect();
        for (lane, &(input, j)) in some.iter().enumerate() {
            lanes(&mut point[input][j])[lane] = 1.0;
        }
        let slices: Vec<&[S]> = point.iter().map(Vec::as_slice).collect();
        for (row, mut output) in carried.iter_mut().zip(lifted.eval(&slices)?.concat()) {
            row.extend_from_slice(&lanes(&mut output)[..some.len()]);
        }
    }
    Ok(carried)
}

/// The Jacobian of all outputs to all inputs, one row for each element of an output.
fn reverse_jacobian(f: &Function<f64>, at: &[&[f64]]) -> Result<Vec<Vec<f64>>, Error> {
    f.eval(at)?;
    let all: Vec<usize> = (0..f.inputs().len()).collect();
    let products = f.vjp(&all);
    let outputs = f.outputs().len();
    let mut seeds: Vec<Vec<f64>> = (0..outputs)
        .map(|i| vec![0.0; f.output_shape(i).len()])
        .collect();
    let mut rows = Vec::new();
    for output in 0..outputs {
        for i in 0..seeds[output].len() {
            seeds[output][i] = 1.0;
            rows.push(products.eval(&with(at, &seeds))?[outputs..].concat());
            seeds[output][i] = 0.0;
        }
    }
    Ok(rows)
}

/// The point followed by seeds.
fn with<'a>(at: &[&'a [f64]], seeds: &'a [Vec<f64>]) -> Vec<&'a [f64]> {
    at.iter()
        .copied()
        .chain(seeds.iter().map(Vec::as_slice))
        .collect()
}

/// Every element of every input: (input, element).
fn elements(f: &Function<f64>) -> impl Iterator<Item = (usize, usize)> {
    (0..f.inputs().len()).flat_map(|input| (0..f.input_shape(input).len()).map(move |j| (input, j)))
}

fn pairs(
    f: &Function<f64>,
    found: &[Vec<f64>],
    expected: &[Vec<f64>],
    sizes: &[Vec<f64>],
) -> Vec<Vec<Component>> {
    let (rows, columns) = (row_names(f), column_names(f));
    let component = |i: usize, j: usize| {
        let unit = Some(sizes[i][j]).filter(|size| size.is_finite());
        let unit = unit.unwrap_or(0.0);
        Component {
            name: format!("∂{}/∂{}", rows[i], columns[j]),
            found: found[i][j],
            expected: expected[i][j],
            uncertainty: CANCELLED * unit,
            deviation: 0.0,
            unit,
        }
    };
    (0..rows.len())
        .map(|i| (0..columns.len()).map(|j| component(i, j)).collect())
        .collect()
}

fn row_names(f: &Function<f64>) -> Vec<String> {
    let port = |i: usize| element_names(&f.outputs()[i].name, f.output_shape(i));
    (0..f.outputs().len()).flat_map(port).collect()
}

fn column_names(f: &Function<f64>) -> Vec<String> {
    let port = |i: usize| element_names(&f.inputs()[i].name, f.input_shape(i));
    (0..f.inputs().len()).flat_map(port).collect()
}

/// `t` for a number, `h[1]` for a vector, `W[1, 2]` for a matrix.
fn element_names(name: &str, shape: &Shape) -> Vec<String> {
    (0..shape.len())
        .map(|i| shape.element_name(name, i))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_sign_is_found_beside_terms_that_cancel() {
        // y = Σ softmax(x) + x₂/10⁹, of which the slope is that of the last term.
        let f = Function::<f64>::record(&[("x", &[3])], |v| {
            let e = v[0].exp();
            vec![(e / e.sum()).sum() + v[0].index(2) * 1e-9]
        });
        let (f, at): (_, [&[f64]; 1]) = (f.unwrap(), [&[0.0, 0.3, -0.5]]);
        for report in function(&f, &at).unwrap() {
            report.assert();
        }
        let (mut found, sizes) = (reverse_jacobian(&f, &at).unwrap(), sizes(&f, &at).unwrap());
        let expected = found.clone();
        found[0][2] *= -1.0;
        let report = Report::new(
            "itself",
            ROUNDING,
            1e-3,
            pairs(&f, &found, &expected, &sizes),
        );
        assert!(!report.holds());
        assert_eq!(report.worst().unwrap().name, "∂y/∂x[2]");
    }
}
