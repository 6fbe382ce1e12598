//! Every formula alone, with constant steps.

use super::*;
use crate::Norm;

/// The largest error up to t = 2 of y′ = y cos t with constant steps and one order, from an exact past.
fn error(order: usize, steps: usize) -> f64 {
    let field = |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = y[0] * t.cos();
    let exact = |t: f64| t.sin().exp();
    let h = 2.0 / steps as f64;
    let mut engine = Bdf::new(&field, &[1.0]);
    let mut values: Vec<f64> = (0..=order).map(|j| exact(-(j as f64) * h)).collect();
    for difference in &mut engine.differences[..=order] {
        *difference = [values[0]];
        values = values.windows(2).map(|pair| pair[0] - pair[1]).collect();
    }
    (engine.order, engine.spacing) = (order, h);
    let mut scale = Scale::new::<f64>(1e-13.into(), 1e-13.into(), Norm::Rms, 1).unwrap();
    let (mut field, mut stats) = (field, Stats::default());
    let (mut y, mut trial, mut largest) = ([1.0], [1.0], 0.0_f64);
    for i in 0..steps {
        let t = i as f64 * h;
        let span = Span {
            t,
            t_next: t + h,
            h,
        };
        let e = engine.attempt(
            &mut field, span, &y, &mut trial, &mut scale, false, &mut stats,
        );
        assert_eq!(e, 0.0);
        <Bdf<_, _> as Engine<f64, [f64; 1], fn(f64, &[f64; 1], &mut [f64; 1])>>::accept(
            &mut engine,
        );
        std::mem::swap(&mut y, &mut trial);
        largest = largest.max((y[0] - exact(t + h)).abs());
    }
    largest
}

#[test]
fn the_observed_order_of_every_formula_is_its_own() {
    for (order, steps) in [(1, 800), (2, 400), (3, 200), (4, 100), (5, 80)] {
        let observed = (error(order, steps) / error(order, 2 * steps)).log2();
        assert!((observed - order as f64).abs() < 0.2, "{order}: {observed}");
    }
}
