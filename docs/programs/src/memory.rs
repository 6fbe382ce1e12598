//! Where does h come from on the way back?

use crate::Output;
use crate::augmented::PROBLEM;
use crate::euler_layers::backprop;
use crate::house::{H0, House, T0, T1, THETA};
use crate::plot::{Plot, figure};
use crate::text::{Table, fixed};
use costate_neural_ode::gradient::Stats;
use costate_neural_ode::{Backsolve, Discrete, Forward, GradientMethod, VectorField};
use costate_ode::{Options, tableau};

// ANCHOR: binomial
/// The most steps that can be reversed with `slots` kept states (the first among them)
/// if no step is taken more than `times` times: C(s + r, s).
#[must_use]
pub fn reach(slots: u64, times: u64) -> u64 {
    (1..=slots).fold(1, |c, i| c * (times + i) / i) // book: (binomial)
}

/// The fewest steps to take, beyond those of the way back itself,
/// to reverse `steps` steps with `slots` kept states.
#[must_use]
pub fn recomputed(steps: u64, slots: u64) -> u64 {
    let times = (0..).find(|r| reach(slots, *r) >= steps).expect("it grows");
    times * steps
        - if times == 0 {
            0
        } else {
            reach(slots + 1, times - 1)
        }
}
// ANCHOR_END: binomial

/// What a schedule did, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// From one step to another, keeping nothing on the way.
    Advance(usize, usize),
    /// The state at this step is put into a slot.
    Keep(usize),
    /// This step is gone through backwards.
    Reverse(usize),
}

// ANCHOR: reverse
/// Goes back through `steps` steps from `begin`, whose state is kept,
/// with `slots` kept states in all.
pub fn reverse(begin: usize, steps: usize, slots: usize, visit: &mut impl FnMut(Move)) {
    if steps == 1 {
        return visit(Move::Reverse(begin));
    }
    let middle = begin + split(steps, slots);
    visit(Move::Advance(begin, middle));
    if slots > 1 {
        visit(Move::Keep(middle));
        reverse(middle, begin + steps - middle, slots - 1, visit);
    } else {
        visit(Move::Reverse(middle)); // middle is the last step: nothing else fits
    }
    reverse(begin, middle - begin, slots, visit);
}

/// How far to advance before the next state is kept.
fn split(steps: usize, slots: usize) -> usize {
    let cost = |steps: usize, slots: usize| recomputed(steps as u64, slots as u64);
    if slots == 1 {
        return steps - 1;
    }
    (1..steps)
        .min_by_key(|k| *k as u64 + cost(steps - k, slots - 1) + cost(*k, slots))
        .expect("there are two steps at least")
}
// ANCHOR_END: reverse

/// ∂L/∂θ and ∂L/∂h₀ of `steps` Euler layers of the house example with `slots` kept states. Returns also how many steps were taken again.
#[must_use]
pub fn checkpointed(steps: usize, slots: usize) -> ([f64; 2], usize) {
    let dt = (T1 - T0) / steps as f64;
    let time = |n: usize| T0 + n as f64 * dt;
    let mut field = House::default();
    field.set_parameters(&[THETA]);
    let mut kept = vec![(0, H0)];
    let (mut a, mut again) = ([1.0], 0);
    let mut at = (0, H0);
    reverse(0, steps, slots, &mut |step| match step {
        Move::Advance(from, to) => {
            at = *kept.last().expect("the start of a piece is kept");
            assert_eq!(at.0, from);
            while at.0 < to {
                let mut dh = [0.0];
                field.eval(0, time(at.0), &[at.1], &mut dh);
                at = (at.0 + 1, at.1 + dt * dh[0]);
                again += 1;
            }
        }
        Move::Keep(n) => {
            assert_eq!(at.0, n);
            kept.push(at);
            assert!(
                kept.len() <= slots,
                "no more states are kept than there are slots"
            );
        }
        Move::Reverse(n) => {
            let (mut dh, mut a_h) = ([0.0], [0.0]);
            if kept.last().is_some_and(|last| last.0 == n) {
                at = kept[kept.len() - 1];
                if n > 0 {
                    kept.pop();
                }
            }
            assert_eq!(at.0, n);
            field.eval(0, time(n), &[at.1], &mut dh);
            field.products(0, &a, &mut a_h);
            field.accumulate(&[(0, dt)]);
            a[0] += dt * a_h[0];
        }
    });
    let mut by_theta = [0.0];
    field.finish(&mut by_theta);
    ([by_theta[0], a[0]], again)
}

fn schedule_figure() -> String {
    let (steps, slots) = (20, 3);
    let mut moves = Vec::new();
    reverse(0, steps, slots, &mut |step| moves.push(step));
    let mut plot = Plot::new("20 steps, 3 kept states: 45 steps taken again")
        .x("step", 0.0, 20.5)
        .y("work done", 68.0, 0.0)
        .height(430.0);
    let mut clock = 0.0;
    let mut kept: Vec<(usize, f64)> = vec![(0, 0.0)];
    for step in moves {
        match step {
            Move::Advance(from, to) => {
                let (from, to) = (from as f64, to as f64);
                plot.line("st", &[(from, clock), (to, clock + to - from)]);
                clock += to - from;
            }
            Move::Keep(n) => kept.push((n, clock)),
            Move::Reverse(n) => {
                plot.line("co", &[(n as f64 + 1.0, clock), (n as f64, clock + 1.0)]);
                clock += 1.0;
                if let Some(&(k, since)) = kept.last().filter(|k| k.0 == n) {
                    plot.line("ti dash", &[(k as f64, since), (k as f64, clock)]);
                    plot.dots("st", 4.0, &[(k as f64, since)]);
                    kept.pop();
                }
            }
        }
    }
    let mut frontier = Plot::new("1000 steps")
        .x("kept states", 1.0, 1000.0)
        .log_x()
        .y("steps taken, all in all ÷ 1000", 1.0, 1000.0)
        .log_y()
        .height(430.0);
    let points: Vec<_> = [
        1, 2, 3, 4, 5, 7, 10, 14, 20, 30, 45, 70, 100, 200, 400, 999, 1000,
    ]
    .map(|slots| {
        (
            slots as f64,
            (recomputed(1000, slots) + 1000) as f64 / 1000.0,
        )
    })
    .into();
    frontier.line("st", &points);
    frontier.dots("st", 3.0, &points);
    frontier.dots("co", 5.0, &[(1000.0, 1.0)]);
    frontier.text("", "start", (1.4, 620.0), "keep only h₀");
    frontier.text("", "end", (900.0, 1.35), "keep all");
    frontier.text("", "start", (11.0, 6.5), "10 states: 4.7");
    figure(
        "schedule",
        "Left: blue runs forwards, red goes back one step, dots are kept states and dashes how long they are kept. Right: what memory buys. The curve falls steeply at first: ten kept states turn five hundred sweeps into fewer than five.",
        &[plot, frontier],
    )
}

fn table() -> String {
    let mut table = Table::new(&[
        "kept states $s$",
        "$r = 1$",
        "$r = 2$",
        "$r = 3$",
        "$r = 5$",
        "$r = 10$",
    ]);
    for slots in [1, 2, 3, 5, 10] {
        let mut row = vec![slots.to_string()];
        row.extend([1, 2, 3, 5, 10].map(|times| reach(slots, times).to_string()));
        table.row(&row);
    }
    table.markdown()
}

/// What three gradient methods of the library take for the house example.
fn costs() -> String {
    let tsit5 = tableau::by_name("tsit5").expect("it is registered");
    let options = || Options::tolerances(1e-8, 1e-8);
    let made = "the options make sense";
    let solve = |method: &mut dyn GradientMethod<f64, f64>| -> Stats {
        let gradient = method.gradient(&PROBLEM, &mut |saved, cotangents| {
            cotangents.state_mut(0)[0] = 1.0;
            saved.state(0)[0]
        });
        gradient.expect("the house example is solvable").stats
    };
    let discrete =
        solve(&mut Discrete::new(House::default(), &[0.0], tsit5, options()).expect(made));
    let backsolve =
        solve(&mut Backsolve::new(House::default(), &[0.0], tsit5, options()).expect(made));
    let forward = solve(&mut Forward::new(House::default(), &[0.0], tsit5, options()).expect(made));
    let mut table = Table::new(&[
        "method",
        "evaluations of $f$, forth",
        "back",
        "products with $\\partial f/\\partial h$",
        "keeps",
    ]);
    for (name, stats, keeps) in [
        ("`Discrete`", discrete, "every evaluation"),
        ("`Backsolve`", backsolve, "the saved states"),
        ("`Forward`", forward, "$n + p + 2$ states"),
    ] {
        table.row(&[
            name.to_owned(),
            stats.forward.nfe.to_string(),
            stats.backward.nfe.to_string(),
            stats.products.to_string(),
            keeps.to_owned(),
        ]);
    }
    table.markdown()
}

fn same_bits() -> String {
    let (_, stored) = backprop(&mut House::default(), (T0, T1, 286), &[H0], &[THETA]);
    let mut table = Table::new(&[
        "kept states",
        "steps taken again",
        "$\\partial L/\\partial\\theta$",
    ]);
    table.row(&["all 286".to_owned(), "0".to_owned(), fixed(stored[0], 12)]);
    for slots in [100, 30, 10, 3, 1] {
        let (gradient, again) = checkpointed(286, slots);
        table.row(&[slots.to_string(), again.to_string(), fixed(gradient[0], 12)]);
    }
    table.markdown()
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("memory/schedule.svg", schedule_figure()),
        Output::new("memory/reach.md", table()),
        Output::new("memory/costs.md", costs()),
        Output::new("memory/bits.md", same_bits()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exercise_three_slots_and_three_times() {
        assert_eq!(reach(3, 3), 20);
        assert_eq!(reach(10, 3), 286);
        assert_eq!(recomputed(20, 3), 45);
    }

    #[test]
    fn a_schedule_reverses_every_step_once_in_order_at_the_least_cost() {
        for slots in 1..6 {
            for steps in 1..40 {
                let (mut next, mut taken) = (steps, 0);
                let mut times = vec![0_u64; steps];
                reverse(0, steps, slots, &mut |step| match step {
                    Move::Advance(from, to) => {
                        taken += to - from;
                        times[from..to].iter_mut().for_each(|n| *n += 1);
                    }
                    Move::Reverse(n) => {
                        next -= 1;
                        assert_eq!(n, next);
                    }
                    Move::Keep(_) => {}
                });
                assert_eq!(next, 0);
                assert_eq!(taken as u64, recomputed(steps as u64, slots as u64));
                let most = *times.iter().max().expect("steps");
                assert!(reach(slots as u64, most) >= steps as u64);
            }
        }
    }

    #[test]
    fn a_checkpointed_gradient_has_the_same_bits() {
        let (rows, stored) = backprop(&mut House::default(), (T0, T1, 286), &[H0], &[THETA]);
        for slots in [1, 3, 10, 100] {
            let (gradient, again) = checkpointed(286, slots);
            assert_eq!(gradient, [stored[0], rows[0][0]]);
            assert_eq!(again as u64, recomputed(286, slots as u64));
        }
    }
}
