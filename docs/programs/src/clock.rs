//! How do the clock and the end times enter?

use crate::Output;
use crate::house::{H0, House, T0, T1, THETA, costate, e2, state};
use crate::plot::{Plot, figure};
use crate::solve::{difference, end, grid, path};
use crate::text::{Table, fixed};
use costate_neural_ode::{Discrete, GradientMethod, Problem};
use costate_ode::{Options, tableau};

// ANCHOR: ends
/// What the times are worth: ∂L/∂t₁, ∂L/∂t₀ and the shift of the clock that f reads.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// ∂L/∂t₁.
    pub end: f64,
    /// ∂L/∂t₀.
    pub start: f64,
    /// ∂L/∂s of f(h, t + s, θ) at s = 0.
    pub clock: f64,
}

/// From the costate a and the field f at both ends.
#[must_use]
pub fn times((a0, f0): (&[f64], &[f64]), (a1, f1): (&[f64], &[f64])) -> Times {
    let dot = |a: &[f64], f: &[f64]| a.iter().zip(f).map(|(a, f)| a * f).sum::<f64>();
    let (h0, h1) = (dot(a0, f0), dot(a1, f1)); // book: (hamiltonian)
    Times {
        end: h1,        // book: (end-time)
        start: -h0,     // book: (start-time)
        clock: h1 - h0, // book: (clock)
    }
}
// ANCHOR_END: ends

// ANCHOR: shifted
/// L = h(t₁) of the house example with the ends moved and the clock put forward by `shift`.
#[must_use]
pub fn loss(t0: f64, t1: f64, shift: f64) -> f64 {
    let f = |t: f64, h: &[f64; 1], dh: &mut [f64; 1]| dh[0] = THETA * (t + shift) * h[0];
    end(f, t0, [H0], t1)[0]
}
// ANCHOR_END: shifted

/// The four numbers that texts call ∂L/∂t, each by a difference quotient of its own.
fn differences() -> [f64; 3] {
    [
        difference(|t1| loss(T0, t1, 0.0), T1, 1e-2),
        difference(|t0| loss(t0, T1, 0.0), T0, 1e-2),
        difference(|shift| loss(T0, T1, shift), 0.0, 1e-2),
    ]
}

fn house_times() -> Times {
    let f = |t: f64| THETA * t * state(t);
    times((&[costate(T0)], &[f(T0)]), (&[costate(T1)], &[f(T1)]))
}

fn by_discrete() -> [f64; 3] {
    let tsit5 = tableau::by_name("tsit5").expect("it is registered");
    let options = Options::tolerances(1e-11, 1e-11);
    let mut method =
        Discrete::new(House::default(), &[0.0], tsit5, options).expect("the options make sense");
    let problem = Problem {
        h0: &[H0],
        theta: &[THETA],
        t0: T0,
        t1: T1,
        save_at: &[],
    };
    let gradient = method
        .gradient(&problem, &mut |saved, cotangents| {
            cotangents.state_mut(0)[0] = 1.0;
            saved.state(0)[0]
        })
        .expect("the house example is solvable");
    [gradient.t1, gradient.t0, gradient.clock()]
}

fn table() -> String {
    let mut table = Table::new(&[
        "",
        "formula",
        "by $a$ and $f$ at the ends",
        "`Discrete`",
        "difference quotient",
        "exact",
    ]);
    let (here, library, differences) = (house_times(), by_discrete(), differences());
    let rows = [
        ("$\\partial L/\\partial t_1$", "$H(t_1)$", here.end, "3.75"),
        (
            "$\\partial L/\\partial t_0$",
            "$-H(t_0)$",
            here.start,
            "−2.25",
        ),
        ("clock", "$H(t_1)-H(t_0)$", here.clock, "1.5"),
    ];
    for (k, (what, formula, value, exact)) in rows.into_iter().enumerate() {
        table.row(&[
            what.to_owned(),
            formula.to_owned(),
            fixed(value / e2(), 5),
            fixed(library[k] / e2(), 5),
            fixed(differences[k] / e2(), 5),
            exact.to_owned(),
        ]);
    }
    format!("{}\nAll in units of $e^2$.\n", table.markdown())
}

/// H(t) = a f along h' = h(1 − h/10), L = h(4), from `h0` at 0: flat, because the field does not look at t.
fn logistic_hamiltonian(h0: f64) -> Vec<(f64, f64)> {
    let f = |h: f64| h * (1.0 - h / 10.0);
    let h = path(
        |_, h: &[f64; 1], dh: &mut [f64; 1]| dh[0] = f(h[0]),
        0.0,
        [h0],
        4.0,
    );
    let a = path(
        |t: f64, a: &[f64; 1], da: &mut [f64; 1]| da[0] = -a[0] * (1.0 - h.at(t)[0] / 5.0),
        4.0,
        [1.0],
        0.0,
    );
    grid(0.0, 4.0, 100)
        .into_iter()
        .map(|t| (t, a.at(t)[0] * f(h.at(t)[0])))
        .collect()
}

fn hamiltonian_figure() -> String {
    let mut house = Plot::new("house example: f looks at the clock")
        .x("t", 2.7, 5.3)
        .y("H = a·f", 0.0, 32.0);
    house.curve("co dash", T0, T1, |t| costate(t) * THETA * t * state(t));
    house.dots("co", 5.0, &[(T0, 2.25 * e2()), (T1, 3.75 * e2())]);
    house.arrow("ti", (5.1, 2.25 * e2()), (5.1, 3.7 * e2()));
    house.line("ti thin", &[(T0, 2.25 * e2()), (5.1, 2.25 * e2())]);
    house.text("", "start", (2.78, 13.4), "−∂L/∂t₀ = 2.25e²");
    house.text("", "end", (4.85, 28.0), "∂L/∂t₁ = 3.75e²");
    house.text("", "end", (5.05, 20.0), "clock 1.5e²");
    let mut flat = Plot::new("logistic growth: f does not")
        .x("t", 0.0, 4.0)
        .y("H = a·f", 0.0, 3.0);
    for h0 in [0.2, 1.0, 3.0] {
        let line = logistic_hamiltonian(h0);
        flat.line("co dash", &line);
        flat.text("", "start", (0.1, line[0].1 + 0.1), &format!("h₀ = {h0}"));
    }
    figure(
        "hamiltonian",
        "H(t) = a·f. Its value at the end is ∂L/∂t₁, minus its value at the start is ∂L/∂t₀, and what it gains on the way is the clock's. For a field that ignores the clock it is constant: the two end gradients then agree in size, and cannot tell at which end they were read.",
        &[house, flat],
    )
}

fn moves_figure() -> String {
    let base = grid(T0, T1, 60);
    let curve = |t0: f64, t1: f64, shift: f64| {
        let f = move |t: f64, h: &[f64; 1], dh: &mut [f64; 1]| dh[0] = THETA * (t + shift) * h[0];
        let path = path(f, t0, [H0], t1);
        grid(t0, t1, 60)
            .into_iter()
            .map(|t| (t, path.at(t)[0]))
            .collect::<Vec<_>>()
    };
    let panel = |title: &str, t0: f64, t1: f64, shift: f64| {
        let mut plot = Plot::new(title)
            .x("t", 2.7, 5.4)
            .y("h", 0.0, 34.0)
            .height(260.0);
        let before: Vec<_> = base.iter().map(|t| (*t, state(*t))).collect();
        plot.line("ti thin", &before);
        let after = curve(t0, t1, shift);
        plot.line("st", &after);
        plot.dots("st", 4.0, &[after[0], *after.last().expect("points")]);
        plot.dots("ti", 3.0, &[(T1, state(T1))]);
        plot
    };
    let [end, start, clock] = differences();
    let mut first = panel("end later by 0.2", T0, T1 + 0.2, 0.0);
    first.text(
        "",
        "start",
        (2.8, 30.0),
        &format!("slope {} e²", fixed(end / e2(), 2)),
    );
    let mut second = panel("start later by 0.2, from the same h₀", T0 + 0.2, T1, 0.0);
    second.text(
        "",
        "start",
        (2.8, 30.0),
        &format!("slope {} e²", fixed(start / e2(), 2)),
    );
    let mut third = panel("clock put forward by 0.2, ends fixed", T0, T1, 0.2);
    third.text(
        "",
        "start",
        (2.8, 30.0),
        &format!("slope {} e²", fixed(clock / e2(), 2)),
    );
    let mut fourth = panel("both ends later by 0.2", T0 + 0.2, T1 + 0.2, 0.0);
    fourth.text(
        "",
        "start",
        (2.8, 30.0),
        &format!("slope {} e²", fixed((end + start) / e2(), 2)),
    );
    figure(
        "moves",
        "Four things one can do to the times of the house example; the slope is dL per unit of the move. The last two are the same thing: moving both ends by s is reading the clock s later.",
        &[first, second, third, fourth],
    )
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("clock/times.md", table()),
        Output::new("clock/hamiltonian.svg", hamiltonian_figure()),
        Output::new("clock/moves.svg", moves_figure()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_numbers_called_the_gradient_of_t_are_three_numbers() {
        let here = house_times();
        let library = by_discrete();
        let differences = differences();
        for (k, exact) in [3.75, -2.25, 1.5].into_iter().enumerate() {
            let here = [here.end, here.start, here.clock][k];
            assert!((here / e2() - exact).abs() < 1e-12);
            assert!((library[k] / e2() - exact).abs() < 1e-7);
            assert!((differences[k] / e2() - exact).abs() < 1e-6);
        }
    }

    #[test]
    fn the_hamiltonian_of_an_autonomous_field_is_constant() {
        for h0 in [0.2, 1.0, 3.0] {
            let line = logistic_hamiltonian(h0);
            assert!(line.iter().all(|p| (p.1 - line[0].1).abs() < 1e-8));
        }
    }

    #[test]
    fn the_exercise_falling_for_a_while() {
        // h = (x, v), f = (v, −g): L = x(t₁) = x₀ + v₀ T − g T²/2.
        let (g, v0, t) = (9.81, 12.0, 2.0);
        let v1 = v0 - g * t;
        let found = times((&[1.0, t], &[v0, -g]), (&[1.0, 0.0], &[v1, -g]));
        assert!((found.end - v1).abs() < 1e-12);
        assert!((found.start + v1).abs() < 1e-12);
        assert!(found.clock.abs() < 1e-12);
    }
}
