//! What differences say of themselves, and what they are taken of.

use costate_neural_ode::doc::House; // f = θ t h: h(5) = h(3) exp(8 θ)
use costate_neural_ode::{
    Discrete, FiniteDifference, GradientMethod, Native, Problem, RightHandSide, Saved,
};
use costate_ode::{Options, tableau};
use costate_tape::Scalar;

const PROBLEM: Problem<'static, f64, f64> = Problem {
    h0: &[3.0],
    theta: &[0.25],
    t0: 3.0,
    t1: 5.0,
    save_at: &[],
};

fn differences() -> FiniteDifference<f64, Vec<f64>, House> {
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let options = Options::tolerances(1e-8, 1e-8);
    FiniteDifference::new(House::default(), &vec![0.0], tsit5, options).unwrap()
}

#[test]
fn a_kink_just_here_makes_differences_unsure_by_as_much_as_the_sides_differ() {
    let mut method = differences();
    let here = method.states(&PROBLEM).unwrap().state(0)[0];
    // To both sides the loss is as large: differences are zero, and agree.
    let mut loss = |saved: &Saved<f64>, _: &mut Saved<f64>| (saved.state(0)[0] - here).abs();
    let slope = method.gradient(&PROBLEM, &mut loss).unwrap().h0[0];
    let unsure = method.uncertainty().h0[0];
    assert!(
        slope.abs() < unsure && unsure > 1.9 * 2.0_f64.exp(),
        "{slope} {unsure}"
    );
    // Beside the kink there is none.
    let mut loss = |saved: &Saved<f64>, _: &mut Saved<f64>| (saved.state(0)[0] - 2.0 * here).abs();
    method.gradient(&PROBLEM, &mut loss).unwrap();
    assert!(method.uncertainty().h0[0] < 1e-6);
}

#[test]
fn extrapolation_finds_digits_where_short_distances_drown_in_rounding() {
    let mut method = differences();
    let here = method.states(&PROBLEM).unwrap().state(0)[0];
    // A seventh power on top of a number that leaves it ten digits.
    let mut loss =
        |saved: &Saved<f64>, _: &mut Saved<f64>| 1e6 + (saved.state(0)[0] / here).powi(7);
    let slope = method.gradient(&PROBLEM, &mut loss).unwrap().h0[0];
    let expected = 7.0 / 3.0;
    assert!(
        (slope - expected).abs() < 3e-9 * expected,
        "{:e}",
        slope / expected - 1.0
    );
}

#[test]
fn states_near_are_those_by_the_same_steps() {
    let mut method = differences();
    let at = |theta: &'static [f64]| Problem { theta, ..PROBLEM };
    method.states(&at(&[0.3])).unwrap();
    method.states(&PROBLEM).unwrap();
    let mut found = |theta: &'static [f64]| method.states_near(&at(theta)).unwrap().state(0)[0];
    let slope = (found(&[0.25 + 1e-4]) - found(&[0.25 - 1e-4])) / 2e-4;
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let options = Options::tolerances(1e-8, 1e-8);
    let mut discrete = Discrete::new(House::default(), &vec![0.0], tsit5, options).unwrap();
    let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
        cotangents.values_mut()[0] = 1.0;
        saved.state(0)[0]
    };
    let exact = discrete.gradient(&PROBLEM, &mut loss).unwrap().theta[0];
    // Central differences of a smooth function: (8e-4)^2/6 is what they leave out.
    assert!((slope / exact - 1.0).abs() < 2e-7, "{slope} {exact}");
}

#[test]
#[should_panic(expected = "h0 has 2 components and the field 1, but the method was made for 1")]
fn a_state_of_another_length_is_refused_with_both_lengths() {
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let options = Options::tolerances(1e-8, 1e-8);
    let mut discrete = Discrete::new(House::default(), &vec![0.0], tsit5, options).unwrap();
    let problem = Problem {
        h0: &[3.0, 1.0],
        ..PROBLEM
    };
    let _ = discrete.gradient(&problem, &mut |saved, _| saved.state(0)[0]);
}

#[test]
fn what_starts_at_zero_is_moved_by_as_little_as_it_comes_to() {
    /// x fills from y, which is thousands of millions of times as large.
    struct Trace;
    impl RightHandSide<2, 1> for Trace {
        #[inline(always)]
        fn eval<S: Scalar>(&self, [x, y]: [S; 2], _t: S, [leak]: [S; 1]) -> [S; 2] {
            [leak * y - x, -y]
        }
    }
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let options = Options::tolerances(1e-9, 1e-18);
    let field = Native::<_, f64, 2, 1>::new(Trace);
    let mut method = FiniteDifference::new(field, &vec![0.0; 2], tsit5, options).unwrap();
    let problem = Problem {
        h0: &[0.0, 1.0],
        theta: &[1e-10],
        t0: 0.0,
        t1: 1.0,
        save_at: &[],
    };
    let mut loss = |saved: &Saved<f64>, _: &mut Saved<f64>| (saved.state(0)[0] / 1e-10).exp();
    let found = method.gradient(&problem, &mut loss).unwrap();
    // x(1) = leak/e, and by x₀ it moves by 1/e.
    let by_start = (-1.0_f64).exp();
    let expected = by_start.exp() * by_start / 1e-10;
    assert!(
        (found.h0[0] / expected - 1.0).abs() < 1e-6,
        "{:e} {expected:e}",
        found.h0[0]
    );
}

#[test]
fn save_times_that_are_looked_at_are_spread_evenly_and_the_last_is_one_of_them() {
    let problem = Problem {
        save_at: &[3.5, 4.0, 4.25, 4.5, 5.0],
        ..PROBLEM
    };
    let mut all = differences();
    let mut some = differences().with_at_most(2);
    let mut loss = |saved: &Saved<f64>, _: &mut Saved<f64>| saved.values().iter().sum();
    let all = all.gradient(&problem, &mut loss).unwrap();
    let some = some.gradient(&problem, &mut loss).unwrap();
    for (i, looked_at) in [false, false, true, false, true].into_iter().enumerate() {
        assert_eq!(some.save[i].is_nan(), !looked_at, "{i}");
        assert!(!looked_at || some.save[i] == all.save[i], "{i}");
    }
}
