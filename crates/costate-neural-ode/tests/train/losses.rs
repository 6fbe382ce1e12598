//! Losses of arrays, against closed forms and quadrature.

use costate_neural_ode::Saved;
use costate_neural_ode::function_space::Quadrature;
use costate_neural_ode::train::loss::{Loss, recorded};
use costate_neural_ode::train::observations::Observations;
use costate_tape::{Function, Var, check};

type Recorded = for<'t> fn(&[Var<'t, f64>]) -> Var<'t, f64>;

fn record(shapes: &[&[usize]], loss: Recorded) -> Function<f64> {
    let names = ["a", "b", "c"];
    let inputs: Vec<(&str, &[usize])> = names.into_iter().zip(shapes.iter().copied()).collect();
    Function::record(&inputs, |v| vec![loss(v)]).unwrap()
}

fn value(f: &Function<f64>, at: &[&[f64]]) -> f64 {
    for report in check::function(f, at).unwrap() {
        report.assert();
    }
    f.eval(at).unwrap()[0][0]
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() < 1e-12,
        "{found} instead of {expected}"
    );
}

#[test]
fn cross_entropy_is_minus_the_logarithm_of_the_right_probability() {
    let f = record(&[&[2, 3], &[2, 3]], |v| recorded::cross_entropy(v[0], v[1]));
    let logits = [1.0_f64, -0.5, 0.3, 2.0, 0.1, -1.0];
    let powers: Vec<f64> = logits.iter().map(|z| z.exp()).collect();
    let first = powers[2] / (powers[0] + powers[1] + powers[2]);
    let second = powers[3] / (powers[3] + powers[4] + powers[5]);
    let classes = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0];
    close(
        value(&f, &[&logits, &classes]),
        -0.5 * (first.ln() + second.ln()),
    );
}

#[test]
fn cross_entropy_of_huge_logits_is_finite() {
    let f = record(&[&[1, 2], &[1, 2]], |v| recorded::cross_entropy(v[0], v[1]));
    assert_eq!(
        f.eval(&[&[1000.0, -1000.0], &[0.0, 1.0]]).unwrap()[0],
        [2000.0]
    );
}

#[test]
fn the_gaussian_loss_is_minus_the_logarithm_of_the_density() {
    let f = record(&[&[3], &[], &[3]], |v| recorded::gaussian(v[0], v[1], v[2]));
    let (mean, std, data) = ([0.0, 1.0, -2.0], 0.7_f64, [0.3, 0.2, -1.0]);
    let density = |m: f64, d: f64| {
        (-0.5 * ((d - m) / std).powi(2)).exp() / (std * (2.0 * std::f64::consts::PI).sqrt())
    };
    let exact: f64 = mean
        .iter()
        .zip(data)
        .map(|(m, d)| -density(*m, d).ln())
        .sum();
    close(value(&f, &[&mean, &[std.ln()], &data]), exact);
}

#[test]
fn the_divergence_is_its_integral() {
    let f = record(&[&[2], &[2]], |v| recorded::kl_standard_normal(v[0], v[1]));
    let (mean, std) = ([0.5, -1.2], [0.6_f64, 1.7]);
    let line = Quadrature::legendre_panels(20, 20, -20.0, 20.0);
    let divergence = |m: f64, s: f64| {
        line.integral(|x| {
            let (p, q) = (-0.5 * ((x - m) / s).powi(2) - s.ln(), -0.5 * x * x);
            (p.exp() / (2.0 * std::f64::consts::PI).sqrt()) * (p - q)
        })
    };
    let exact = divergence(mean[0], std[0]) + divergence(mean[1], std[1]);
    close(value(&f, &[&mean, &std.map(f64::ln)]), exact);
    close(f.eval(&[&[0.0, 0.0], &[0.0, 0.0]]).unwrap()[0][0], 0.0);
}

#[test]
fn what_is_masked_does_not_count() {
    let f = record(&[&[3], &[3], &[3]], |v| {
        recorded::mean_square(v[0], v[1], v[2])
    });
    close(
        value(&f, &[&[1.0, 2.0, 3.0], &[0.0, 77.0, 5.0], &[1.0, 0.0, 1.0]]),
        2.5,
    );
}

#[test]
fn the_slope_of_observations_is_that_of_their_loss() {
    let mut seen = Observations::new(2, 2);
    for (i, t) in [0.3, 0.1, 0.9, 0.3].into_iter().enumerate() {
        let values = [0.5 * i as f64, if i == 2 { f64::NAN } else { 1.0 }];
        seen.push(i % 2, t, &values);
    }
    assert_eq!(seen.times(), [0.1, 0.3, 0.9]);
    assert_eq!(seen.len(), 7);
    let mut saved = Saved::new(4);
    saved.resize(3);
    for (i, value) in saved.values_mut().iter_mut().enumerate() {
        *value = (i as f64).sin();
    }
    let at = |saved: &Saved<f64>| {
        let mut cotangents = Saved::new(4);
        cotangents.resize(saved.len());
        (
            seen.loss(Loss::Huber { delta: 0.4 }, saved, &mut cotangents),
            cotangents,
        )
    };
    let (_, cotangents) = at(&saved);
    for i in 0..12 {
        let h = 1e-6;
        let mut shifted = [saved.clone(), saved.clone()];
        shifted[0].values_mut()[i] += h;
        shifted[1].values_mut()[i] -= h;
        let slope = (at(&shifted[0]).0 - at(&shifted[1]).0) / (2.0 * h);
        assert!((cotangents.values()[i] - slope).abs() < 1e-9);
    }
    // A shorter horizon: the mean over what lies within.
    saved.resize(1);
    assert_eq!(
        at(&saved).0,
        0.5 * (0.4 * (0.5 - 0.2)) + 0.5 * (0.4 * (1.0 - 0.2))
    );
}

#[test]
#[should_panic(expected = "1 values of sample 2 at 0.5, but there are 2 samples with 1 components")]
fn a_sample_that_does_not_exist_is_named() {
    Observations::new(2, 1).push(2, 0.5, &[1.0]);
}
