//! Every order by itself.

use super::*;
use crate::Norm;
use costate_problems::DoubleDouble as Number;
use num_traits::{Float, ToPrimitive};

type Field = fn(Number, &[Number; 1], &mut [Number; 1]);

/// An engine led by hand, and where it is.
struct Hand {
    engine: Adams<Number, [Number; 1]>,
    field: Field,
    t: Number,
    y: [Number; 1],
    scale: Scale<Number>,
    span: Option<(Span<Number>, [Number; 1])>,
}

impl Hand {
    fn new(field: Field, t: Number) -> Self {
        let tolerance = Number::new(1e-20);
        let scale = Scale::new::<Number>(tolerance.into(), tolerance.into(), Norm::Rms, 1);
        Self {
            engine: Adams::new(&[Number::new(0.0)]),
            field,
            t,
            y: [Number::new(0.0)],
            scale: scale.unwrap(),
            span: None,
        }
    }

    /// A step of h with the highest order at most `order` that the past allows; its squared error.
    fn step(&mut self, h: Number, order: usize) -> Number {
        let (t, mut stats, mut trial) = (self.t, Stats::default(), self.y);
        let t_next = t + h;
        let span = Span { t, t_next, h };
        self.engine.order = order;
        let (y, scale, field) = (&self.y, &mut self.scale, &mut self.field);
        let engine = &mut self.engine;
        let error2 = engine.attempt(field, span, y, &mut trial, scale, true, &mut stats);
        <Adams<_, _> as Engine<Number, [Number; 1], Field>>::accept(engine);
        self.span = Some((span, self.y));
        (self.t, self.y) = (t_next, trial);
        error2
    }

    fn between(&mut self, sigma: f64) -> Number {
        let (span, y) = self.span.unwrap();
        let (mut out, mut stats) = (y, Stats::default());
        let (field, sigma) = (&mut self.field, Number::new(sigma));
        self.engine
            .interpolate(field, span, &y, &self.y, sigma, &mut out, &mut stats);
        out[0]
    }
}

/// Steps that look random and are always the same.
fn steps() -> impl Iterator<Item = Number> {
    (0..).map(|i| Number::new(0.1 + 0.07 * f64::from(i * i % 7)))
}

/// Σ t^m for m = 0 … 12, and its integral: a polynomial without special points.
fn power_sum(t: Number, degree: usize) -> Number {
    (0..=degree)
        .rev()
        .fold(Number::new(0.0), |sum, _| sum * t + Number::new(1.0))
}

fn integral(t: Number, degree: usize) -> Number {
    let term = |m: usize| t.powi(m as i32 + 1) / Number::new((m + 1) as f64);
    (0..=degree)
        .map(term)
        .fold(Number::new(0.0), |sum, x| sum + x)
}

#[test]
fn an_order_integrates_polynomials_of_its_degree_exactly_on_any_grid_and_no_higher_ones() {
    let fields: [Field; 13] = [
        |t, _, dy| dy[0] = power_sum(t, 1),
        |t, _, dy| dy[0] = power_sum(t, 2),
        |t, _, dy| dy[0] = power_sum(t, 3),
        |t, _, dy| dy[0] = power_sum(t, 4),
        |t, _, dy| dy[0] = power_sum(t, 5),
        |t, _, dy| dy[0] = power_sum(t, 6),
        |t, _, dy| dy[0] = power_sum(t, 7),
        |t, _, dy| dy[0] = power_sum(t, 8),
        |t, _, dy| dy[0] = power_sum(t, 9),
        |t, _, dy| dy[0] = power_sum(t, 10),
        |t, _, dy| dy[0] = power_sum(t, 11),
        |t, _, dy| dy[0] = power_sum(t, 12),
        |t, _, dy| dy[0] = power_sum(t, 13),
    ];
    for order in 1..=MAX_ORDER {
        for degree in [order, order + 1] {
            for sign in [1.0, -1.0] {
                let mut hand = Hand::new(fields[degree - 1], Number::new(-0.5));
                let mut largest = 0.0_f64;
                for (n, h) in steps().take(order + 6).enumerate() {
                    let (t, y) = (hand.t, hand.y[0]);
                    hand.step(Number::new(sign) * h, order);
                    if n <= order {
                        continue;
                    }
                    for sigma in [0.3, 0.8, 1.0] {
                        let to = t + (hand.t - t) * Number::new(sigma);
                        let exact = integral(to, degree) - integral(t, degree);
                        let off =
                            (hand.between(sigma) - y - exact) / (exact.abs() + Number::new(1.0));
                        largest = largest.max(off.abs().to_f64().unwrap());
                    }
                }
                if degree == order {
                    assert!(
                        largest < 1e-25,
                        "order {order}, degree {degree}: {largest:e}"
                    );
                } else {
                    assert!(
                        largest > 1e-9,
                        "order {order}, degree {degree}: {largest:e}"
                    );
                }
            }
        }
    }
}

/// e^{sin t}, of which the slope is known for t ≤ 0 and must be found later.
fn cosine(t: Number, y: &[Number; 1], dy: &mut [Number; 1]) {
    let past = t <= Number::new(0.0);
    dy[0] = if past { t.sin().exp() } else { y[0] } * t.cos();
}

/// The largest error up to t = 2 with constant steps and one order, from an exact past; and of the estimate in the last step over the error itself.
fn error(order: usize, steps: usize) -> f64 {
    let h = Number::new(2.0 / steps as f64);
    let mut hand = Hand::new(cosine, -h * Number::new(order as f64));
    for _ in 0..order {
        hand.step(h, order);
    }
    (hand.t, hand.y) = (Number::new(0.0), [Number::new(1.0)]);
    let mut largest = Number::new(0.0);
    for _ in 0..steps {
        hand.step(h, order);
        largest = largest.max((hand.y[0] - hand.t.sin().exp()).abs());
    }
    largest.to_f64().unwrap()
}

#[test]
fn the_corrected_solution_is_of_one_order_more_than_its_predictor() {
    for order in 1..=MAX_ORDER {
        let steps = 40 + 20 * order;
        let observed = (error(order, steps) / error(order, 2 * steps)).log2();
        let claimed = (order + 1) as f64;
        assert!((observed - claimed).abs() < 0.2, "{order}: {observed}");
    }
}
