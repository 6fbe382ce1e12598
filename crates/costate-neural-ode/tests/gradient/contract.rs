//! What every kind of field owes a gradient method, asked of it directly.

use costate_neural_ode::{Integral, Native, Recorded, RightHandSide, Saved, VectorField};
use costate_ode::{Matrix, Structure};
use costate_tape::{Function, Scalar, Var};

/// Two states and three parameters, nothing of it linear.
struct Curved;

impl RightHandSide<2, 3> for Curved {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [x, y]: [S; 2], t: S, [a, b, c]: [S; 3]) -> [S; 2] {
        [a * x * y + t.sin() * x * x, b * y.sin() - c * x * t * y * y]
    }
}

const T: f64 = 0.7;
const H: [f64; 3] = [0.8, -0.6, 0.3];
const THETA: [f64; 3] = [1.3, -0.4, 0.9];
const A: [f64; 3] = [0.5, -1.1, 0.7];
const ALONG: [f64; 3] = [0.3, 0.9, -0.2];

fn recorded() -> Recorded {
    let f = Recorded::record(&[2], 3, |h, t, theta| {
        let [h, theta] = [(h, 2), (theta, 3)].map(|(v, n)| (0..n).map(|i| v.index(i)).collect());
        let (h, theta): (Vec<Var<f64>>, Vec<Var<f64>>) = (h, theta);
        Var::stack(&Curved.eval([h[0], h[1]], t, [theta[0], theta[1], theta[2]]))
    });
    f.unwrap()
}

/// With ∫ θ₀ x² y + t x θ₂ dt as a third state.
fn integral() -> Integral<Recorded> {
    let inputs: [(&str, &[usize]); 3] = [("h", &[2]), ("t", &[]), ("theta", &[3])];
    let cost = Function::record(&inputs, |v| {
        let (x, y, a, c) = (v[0].index(0), v[0].index(1), v[2].index(0), v[2].index(2));
        vec![(a * x * x * y + v[1] * x * c).reshape([1])]
    });
    Integral::new(recorded(), &cost.unwrap()).unwrap()
}

/// Each kind of field, whose θ is set.
fn every_field(mut see: impl FnMut(&mut dyn VectorField<f64>, &str)) {
    let fields: [(&mut dyn VectorField<f64>, &str); 3] = [
        (&mut Native::<_, f64, 2, 3>::new(Curved), "native"),
        (&mut recorded(), "recorded"),
        (&mut integral(), "integral"),
    ];
    for (field, name) in fields {
        field.set_parameters(&THETA);
        see(field, name);
    }
}

/// [a·∂f/∂h, a·∂f/∂t, a·∂f/∂θ] at a state.
fn products(field: &mut dyn VectorField<f64>, t: f64, h: &[f64], theta: &[f64]) -> Vec<f64> {
    let n = field.state_len();
    let (mut dh, mut a_h, mut a_theta) = (vec![0.0; n], vec![0.0; n], vec![0.0; 3]);
    field.set_parameters(theta);
    field.eval(0, t, &h[..n], &mut dh);
    let a_t = field.products(0, &A[..n], &mut a_h);
    field.accumulate(&[(0, 1.0)]);
    field.finish(&mut a_theta);
    a_h.push(a_t);
    a_h.extend(a_theta);
    a_h
}

#[test]
fn setting_parameters_forgets_sums_that_nobody_asked_for() {
    every_field(|field, name| {
        let n = field.state_len();
        let (mut dh, mut a_h, mut a_theta) = (vec![0.0; n], vec![0.0; n], vec![0.0; 3]);
        field.eval(0, T, &H[..n], &mut dh);
        field.products(0, &A[..n], &mut a_h);
        field.accumulate(&[(0, 1.0)]);
        field.set_parameters(&THETA);
        field.finish(&mut a_theta);
        assert_eq!(a_theta, [0.0; 3], "{name}");
    });
}

#[test]
fn a_field_that_gives_its_jacobian_gives_its_derivatives() {
    every_field(|field, name| {
        let n = field.state_len();
        let mut jacobian = Matrix::new::<f64>(n, Structure::Dense);
        let mut f_t = vec![0.0; n];
        if !field.jacobian(T, &H[..n], &mut jacobian, &mut f_t) {
            return;
        }
        let mut slope = |t: f64, h: &[f64]| {
            let mut dh = vec![0.0; n];
            field.eval(0, t, h, &mut dh);
            dh
        };
        let close = |found: f64, [ahead, behind]: [f64; 2], what: &str| {
            let expected = (ahead - behind) / 2e-5;
            assert!(
                (found - expected).abs() < 1e-8,
                "{name}, {what}: {found} and {expected}"
            );
        };
        let (ahead, behind) = (slope(T + 1e-5, &H[..n]), slope(T - 1e-5, &H[..n]));
        (0..n).for_each(|i| close(f_t[i], [ahead[i], behind[i]], "by t"));
        for j in 0..n {
            let [ahead, behind] = [1e-5, -1e-5].map(|by| {
                let mut h = H[..n].to_vec();
                h[j] += by;
                slope(T, &h)
            });
            (0..n).for_each(|i| close(jacobian.get(i, j), [ahead[i], behind[i]], "by h"));
        }
    });
}

#[test]
fn curvature_is_how_the_products_change_along_a_direction() {
    every_field(|field, name| {
        let n = field.state_len();
        assert!(field.has_curvature(), "{name}");
        field.set_parameters(&THETA);
        let (mut a_h, mut a_theta) = (vec![0.0; n], vec![0.0; 3]);
        let along = (&ALONG[..n], 0.4);
        let a_t = field
            .curvature(T, &H[..n], along, &A[..n], &mut a_h)
            .unwrap();
        field.finish(&mut a_theta);
        a_h.push(a_t);
        a_h.extend(a_theta);
        let [ahead, behind] = [1e-5, -1e-5].map(|by| {
            let h: Vec<f64> = H.iter().zip(ALONG).map(|(h, u)| h + by * u).collect();
            products(field, T + 0.4 * by, &h, &THETA)
        });
        for (i, found) in a_h.iter().enumerate() {
            let expected = (ahead[i] - behind[i]) / 2e-5;
            assert!(
                (found - expected).abs() < 1e-8,
                "{name}, {i}: {found} and {expected}"
            );
        }
    });
}

#[test]
fn curvature_that_is_first_asked_for_late_knows_the_parameters() {
    let mut early = integral();
    assert!(early.has_curvature());
    early.set_parameters(&THETA);
    let mut late = integral();
    late.set_parameters(&THETA);
    let [early, late] = [early, late].map(|mut field| {
        let mut a_h = [0.0; 3];
        let a_t = field.curvature(T, &H, (&ALONG, 0.4), &A, &mut a_h);
        (a_t.unwrap(), a_h)
    });
    assert_eq!(early, late);
}

#[test]
fn a_frame_of_an_integral_holds_more_than_its_fields() {
    let more = integral().frame_bytes() - recorded().frame_bytes();
    let numbers = more / size_of::<f64>();
    // h, t and what is computed of them, and as much on the way back.
    assert!((8..=16).contains(&numbers), "{numbers}");
}

#[test]
fn saved_states_are_zero_each_time_that_room_is_made_for_them() {
    let mut saved = Saved::new(2);
    saved.resize(2);
    saved.values_mut().fill(3.0);
    saved.resize(3);
    assert_eq!(saved.values(), [0.0; 6]);
}
