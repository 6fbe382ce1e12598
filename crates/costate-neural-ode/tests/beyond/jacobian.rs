//! Several outputs.

use super::field::{H0, N, P, THETA, close, recorded};
use costate_neural_ode::{Jacobian, Mode, Problem, Saved};
use costate_ode::{Options, tableau};

/// Output i: component i of the first saved state times that of the last; then the squared size of the middle one.
fn output(saved: &Saved<f64>, i: usize, out: &mut Saved<f64>) -> f64 {
    let last = saved.len() - 1;
    if i < N {
        let (a, b) = (saved.state(0)[i], saved.state(last)[i]);
        out.state_mut(0)[i] += b;
        out.state_mut(last)[i] += a;
        a * b
    } else {
        let middle = saved.state(1);
        for (out, h) in out.state_mut(1).iter_mut().zip(middle) {
            *out = 2.0 * h;
        }
        middle.iter().map(|h| h * h).sum()
    }
}

#[test]
fn forward_and_reverse_give_the_same_rows() {
    for name in ["tsit5", "rk4"] {
        let tableau = tableau::by_name(name).unwrap();
        let problem = Problem {
            h0: &H0,
            theta: &THETA,
            t0: 0.2,
            t1: 1.9,
            save_at: &[0.3, 1.1, 1.9],
        };
        let rows = |mode| {
            let options = Options::constant_step(0.13);
            let mut jacobian =
                Jacobian::with_mode(recorded(), &vec![0.0; N], tableau, options, N + 1, mode)
                    .unwrap();
            assert_eq!(jacobian.mode(), mode);
            // The second time without the rows of the first.
            jacobian.rows(&problem, &mut output).unwrap();
            jacobian.rows(&problem, &mut output).unwrap().to_vec()
        };
        let (forward, reverse) = (rows(Mode::Forward), rows(Mode::Reverse));
        assert_eq!((forward.len(), reverse.len()), (N + 1, N + 1));
        for (a, b) in forward.iter().zip(&reverse) {
            assert_eq!(a.loss, b.loss);
            let pairs = a.h0.iter().zip(&b.h0).chain(a.theta.iter().zip(&b.theta));
            let pairs = pairs
                .chain(a.save.iter().zip(&b.save))
                .chain([(&a.t0, &b.t0), (&a.t1, &b.t1)]);
            assert_eq!((a.h0.len(), a.theta.len(), a.save.len()), (N, P, 3));
            pairs.for_each(|(a, b)| close(name, *a, *b, 1e-12));
        }
    }
}

#[test]
fn the_cheaper_mode_follows_states_and_outputs() {
    assert_eq!(Mode::cheaper(2, 2), Mode::Forward);
    assert_eq!(Mode::cheaper(3, 1000), Mode::Forward);
    assert_eq!(Mode::cheaper(100, 1), Mode::Reverse);
    assert_eq!(Mode::cheaper(3, 1), Mode::Reverse);
}

#[test]
fn the_cheaper_mode_takes_fewer_products() {
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let problem = Problem {
        h0: &H0,
        theta: &THETA,
        t0: 0.2,
        t1: 1.9,
        save_at: &[0.3, 1.1, 1.9],
    };
    let work = |mode| {
        let options = Options::tolerances(1e-6, 1e-6);
        let mut jacobian =
            Jacobian::with_mode(recorded(), &vec![0.0; N], tsit5, options, N + 1, mode).unwrap();
        let rows = jacobian.rows(&problem, &mut output).unwrap();
        let once = rows[0].stats.forward.nfe + rows[0].stats.products;
        assert!(once > 50 && rows.iter().all(|row| row.stats == rows[0].stats));
        if mode == Mode::Forward {
            once
        } else {
            once * rows.len()
        }
    };
    assert_eq!(Mode::cheaper(N, N + 1), Mode::Forward);
    assert!(work(Mode::Forward) < work(Mode::Reverse));
}
