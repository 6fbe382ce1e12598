//! Batches: bits, company, kinds, failures.

use super::field::{N, THETA, loss, recorded};
use costate_neural_ode::batch::{Batch, BatchGradient, Sample};
use costate_neural_ode::hybrid::{Event, Hybrid, Through, Written};
use costate_neural_ode::{Discrete, Error, GradientMethod, Problem, Saved};
use costate_ode::{Options, tableau};

type Method = Box<dyn GradientMethod<f64, f64> + Send>;

/// Kind 0: tolerances of 1e-6; 1: of 1e-9; 2: halved at t = 1.
fn make(kind: usize) -> Result<Method, Error> {
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let tolerance = if kind == 1 { 1e-9 } else { 1e-6 };
    let options = Options::tolerances(tolerance, tolerance);
    let like = vec![0.0; N];
    let discrete = Discrete::new(recorded(), &like, tsit5, options.clone())?;
    if kind < 2 {
        return Ok(Box::new(discrete));
    }
    let half = Written::new(
        N,
        |h: &[f64], _t, _theta: &[f64], out: &mut [f64]| {
            out.iter_mut().zip(h).for_each(|(out, h)| *out = 0.5 * h);
        },
        |_h: &[f64], _t, _theta: &[f64], a: &[f64], a_h: &mut [f64], a_theta: &mut [f64]| {
            a_h.iter_mut().zip(a).for_each(|(out, a)| *out = 0.5 * a);
            a_theta.fill(0.0);
            0.0
        },
    );
    let hybrid = Hybrid::new(recorded(), &like, tsit5, options).event(Event::at([1.0]).reset(half));
    Ok(Box::new(Through::new(hybrid, discrete)))
}

/// Starts, ends and save times of 23 samples.
fn samples() -> Vec<(Vec<f64>, f64, Vec<f64>)> {
    let sample = |i: usize| {
        let number = |k: usize| ((7 * i + 3 * k) as f64).sin();
        let end = 1.3 + 0.5 * number(5);
        let save: Vec<f64> = (1..=i % 4).map(|k| 0.2 * k as f64).collect();
        ((0..N).map(number).collect(), end, save)
    };
    (0..23).map(sample).collect()
}

fn gradient(order: &[usize]) -> BatchGradient<f64> {
    let data = samples();
    let samples: Vec<_> = order
        .iter()
        .map(|i| {
            let (h0, t1, save_at) = &data[*i];
            Sample {
                id: *i as u64,
                kind: i % 3,
                h0,
                t0: 0.1,
                t1: *t1,
                save_at,
            }
        })
        .collect();
    let mut batch = Batch::new(make);
    let mut found = None;
    // The second time with methods used before.
    for _ in 0..2 {
        let again = batch
            .gradient(&THETA, &samples, &|_, saved: &Saved<f64>, out| {
                loss(saved, out)
            })
            .unwrap();
        if let Some(found) = &found {
            assert_eq!(found, &again);
        }
        found = Some(again);
    }
    found.unwrap()
}

#[test]
fn the_order_of_a_batch_does_not_change_a_bit() {
    let natural: Vec<usize> = (0..23).collect();
    let mixed: Vec<usize> = (0..23).map(|i| (i * 7 + 4) % 23).collect();
    let (a, b) = (gradient(&natural), gradient(&mixed));
    assert_eq!((a.loss, &a.theta), (b.loss, &b.theta));
    for (place, i) in mixed.iter().enumerate() {
        assert_eq!(a.samples[*i], b.samples[place]);
    }
}

#[cfg(feature = "rayon")]
#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let natural: Vec<usize> = (0..23).collect();
    let by = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| gradient(&natural))
    };
    let one = by(1);
    assert!((2..=4).all(|threads| by(threads) == one));
}

#[test]
fn a_sample_is_what_it_is_alone_and_the_sum_is_that_of_all() {
    let natural: Vec<usize> = (0..23).collect();
    let found = gradient(&natural);
    let (mut loss_of_all, mut sum) = (0.0, vec![0.0; THETA.len()]);
    for (i, (h0, t1, save_at)) in samples().iter().enumerate() {
        let mut method = make(i % 3).unwrap();
        let problem = Problem {
            h0,
            theta: &THETA,
            t0: 0.1,
            t1: *t1,
            save_at,
        };
        let alone = method.gradient(&problem, &mut loss).unwrap();
        let sample = &found.samples[i];
        assert_eq!(
            (sample.loss, &sample.h0, &sample.save),
            (alone.loss, &alone.h0, &alone.save)
        );
        assert_eq!((sample.t0, sample.t1), (alone.t0, alone.t1));
        loss_of_all += alone.loss;
        sum.iter_mut()
            .zip(&alone.theta)
            .for_each(|(sum, by)| *sum += by);
    }
    let pairs = found.theta.iter().zip(&sum);
    for (found, expected) in pairs.chain([(&found.loss, &loss_of_all)]) {
        assert!((found - expected).abs() < 1e-12 * (1.0 + expected.abs()));
    }
}

#[test]
fn the_kind_of_a_sample_decides_how_it_is_solved() {
    let found = gradient(&(0..23).collect::<Vec<_>>());
    let steps = |kind: usize| -> usize {
        let of = found.samples.iter().skip(kind).step_by(3);
        of.map(|sample| sample.stats.forward.accepted).sum()
    };
    assert!(steps(1) > 2 * steps(0));
}

#[test]
fn a_failing_sample_is_named() {
    let h0 = [0.1; N];
    let sample = |id, t1| Sample {
        id,
        kind: 0,
        h0: &h0,
        t0: 0.0,
        t1,
        save_at: &[0.5],
    };
    let samples = [sample(3, 1.0), sample(2, 0.25), sample(1, 1.0)];
    let mut batch = Batch::new(make);
    let found = batch.gradient(&THETA, &samples, &|_, saved: &Saved<f64>, out| {
        loss(saved, out)
    });
    match found {
        Err(Error::Sample { index: 1, source }) => {
            assert!(matches!(*source, Error::SaveTime { .. }))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_thread_makes_a_method_of_a_kind_once() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let made = AtomicUsize::new(0);
    let mut batch = Batch::new(|kind| {
        made.fetch_add(1, Ordering::Relaxed);
        make(kind)
    });
    let h0 = [0.1; N];
    let sample = |id: u64| Sample {
        id,
        kind: id as usize % 3,
        h0: &h0,
        t0: 0.0,
        t1: 0.4,
        save_at: &[],
    };
    // No more than a block: one thread's work.
    let samples = [sample(0), sample(1), sample(2), sample(3)];
    for _ in 0..3 {
        let found = batch.gradient(&THETA, &samples, &|_, saved: &Saved<f64>, out| {
            loss(saved, out)
        });
        found.unwrap();
    }
    assert_eq!(made.into_inner(), 3);
}

#[test]
fn a_batch_of_none_has_no_gradient() {
    let mut batch = Batch::new(make);
    let found = batch
        .gradient::<f64, f64>(&THETA, &[], &|_, _, _| 1.0)
        .unwrap();
    assert_eq!(
        (found.loss, found.theta, found.samples.len()),
        (0.0, vec![0.0; THETA.len()], 0)
    );
}
