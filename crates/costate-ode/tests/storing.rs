//! Solutions survive being stored.
#![cfg(feature = "serde")]

use costate_ode::{Event, Ivp, Solution};

#[test]
fn a_solution_read_again_is_the_same() {
    let field = |_t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| {
        (dy[0], dy[1]) = (y[1], -y[0]);
    };
    let solution = Ivp::new(field, 0.0, vec![1.0, 0.0], 5.0)
        .event(Event::when_zero(|_t, y: &Vec<f64>| y[0]))
        .dense()
        .solve()
        .unwrap();
    let text = serde_json::to_string(&solution).unwrap();
    let again: Solution<f64, Vec<f64>> = serde_json::from_str(&text).unwrap();
    // Up to the last digit, in which serde_json may err by default.
    let near = |a: f64, b: f64| (a - b).abs() <= 4.0 * f64::EPSILON * b.abs();
    assert!(again.t.iter().zip(&solution.t).all(|(a, b)| near(*a, *b)));
    let states = again.y.iter().zip(&solution.y);
    for (a, b) in states.chain([(&again.events[1].y, &solution.events[1].y)]) {
        assert!(near(a[0], b[0]) && near(a[1], b[1]), "{a:?} {b:?}");
    }
    assert_eq!((again.t.len(), again.events.len()), (solution.t.len(), 2));
    assert_eq!(again.stats, solution.stats);
    let (a, b) = (
        again.dense.unwrap().at(3.3),
        solution.dense.unwrap().at(3.3),
    );
    assert!((a[0] - b[0]).abs() < 1e-14 && (a[1] - b[1]).abs() < 1e-14);
}
