//! Against closed forms, by every gradient method.

use super::systems::{ball, close, formula, gradient, system};
use costate_neural_ode::gradient::METHODS;
use costate_neural_ode::hybrid::{Event, Hybrid, Through};
use costate_neural_ode::{Discrete, GradientMethod, Integral, Problem, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Function, Var};

/// What a method's gradient may miss, for solutions good to rounding.
fn allowed(name: &str, exact: f64) -> f64 {
    if name == "finite-difference" {
        1e-9_f64.max(exact)
    } else {
        exact
    }
}

#[test]
fn the_time_to_a_threshold_moves_with_the_threshold() {
    // u' = 1 from u₀ at t₀ to q: T = t₀ + q − u₀
    for about in &METHODS {
        let threshold = formula(1, 1, |h, _t, theta| h.index(0) - theta.index(0));
        let mut system = system(1, 1, 1e-8, |h, _t, _theta| h * 0.0 + 1.0)
            .event(Event::crossing(threshold).terminal());
        let problem = Problem {
            h0: &[0.25],
            theta: &[1.7],
            t0: 0.5,
            t1: 10.0,
            save_at: &[],
        };
        let found = gradient(&mut system, about.name, &problem, |solution, cotangents| {
            cotangents.times[0] = 1.0;
            solution.events[0].t
        });
        let (name, found) = (about.name, found.unwrap());
        let part = allowed(name, 1e-14);
        close(name, found.gradient.loss, 1.95, 1e-15);
        close(name, found.gradient.theta[0], 1.0, part);
        close(name, found.gradient.h0[0], -1.0, part);
        close(name, found.gradient.t0, 1.0, part);
        close(name, found.gradient.t1, 0.0, 0.0);
    }
}

#[test]
fn the_time_to_a_threshold_that_moves_is_where_both_meet() {
    // u' = 1 from u₀ at t₀ to q − r t: T = (q + t₀ − u₀)/(1 + r)
    for about in &METHODS {
        let threshold = formula(1, 2, |h, t, theta| {
            h.index(0) - theta.index(0) + theta.index(1) * t
        });
        let mut system = system(1, 2, 1e-8, |h, _t, _theta| h * 0.0 + 1.0)
            .event(Event::crossing(threshold).terminal());
        let problem = Problem {
            h0: &[0.25],
            theta: &[1.7, 0.6],
            t0: 0.5,
            t1: 10.0,
            save_at: &[],
        };
        let found = gradient(&mut system, about.name, &problem, |solution, cotangents| {
            cotangents.times[0] = 1.0;
            solution.events[0].t
        });
        let (name, found) = (about.name, found.unwrap());
        let (part, time) = (allowed(name, 1e-14), 1.95 / 1.6);
        close(name, found.gradient.loss, time, 1e-15);
        close(name, found.gradient.theta[0], 1.0 / 1.6, part);
        close(name, found.gradient.theta[1], -time / 1.6, part);
        close(name, found.gradient.h0[0], -1.0 / 1.6, part);
        close(name, found.gradient.t0, 1.0 / 1.6, part);
    }
}

#[test]
fn a_ball_that_bounces_has_the_times_and_speeds_of_its_formula_and_their_derivatives() {
    let (x, g, e) = (1.3_f64, 9.81, 0.9_f64);
    let first = (2.0 * x / g).sqrt();
    let powers = |n: usize| -> f64 { (1..n).map(|k| e.powi(k as i32)).sum() };
    let slopes = |n: usize| -> f64 { (1..n).map(|k| k as f64 * e.powi(k as i32 - 1)).sum() };
    let time = |n: usize| first * (1.0 + 2.0 * powers(n));
    let speed = |n: usize| -e.powi(n as i32 - 1) * (2.0 * g * x).sqrt();
    for about in &METHODS {
        for n in [1, 5, 20] {
            if about.name == "finite-difference" && n == 20 {
                continue;
            }
            let mut ball = ball();
            let end = 0.5 * (time(n) + time(n + 1));
            let problem = Problem {
                h0: &[x, 0.0],
                theta: &[g, e],
                t0: 0.0,
                t1: end,
                save_at: &[],
            };
            let title = format!("{}, {n} bounces", about.name);
            let part = allowed(about.name, 1e-10);

            let found = gradient(&mut ball, about.name, &problem, |solution, cotangents| {
                assert_eq!(solution.events.len(), n);
                cotangents.times[n - 1] = 1.0;
                solution.events[n - 1].t
            });
            let found = found.unwrap().gradient;
            close(&title, found.loss, time(n), 1e-10);
            close(&title, found.h0[0], time(n) / (2.0 * x), part);
            close(&title, found.theta[0], -time(n) / (2.0 * g), part);
            close(&title, found.theta[1], 2.0 * first * slopes(n), part);
            close(&title, found.t0, 1.0, part);

            let found = gradient(&mut ball, about.name, &problem, |solution, cotangents| {
                cotangents.states.state_mut(n - 1)[1] = 1.0;
                solution.states.state(n - 1)[1]
            });
            let found = found.unwrap().gradient;
            close(&title, found.loss, speed(n), 1e-10);
            close(&title, found.h0[0], speed(n) / (2.0 * x), part);
            close(&title, found.theta[0], speed(n) / (2.0 * g), part);
            close(
                &title,
                found.theta[1],
                (n as f64 - 1.0) * speed(n) / e,
                part,
            );
            close(&title, found.t0, 0.0, part);

            // Half way to the next bounce: x = −e v τ − g τ²/2 with τ = end − t_n
            let found = gradient(&mut ball, about.name, &problem, |solution, cotangents| {
                cotangents.saved.state_mut(0)[0] = 1.0;
                solution.saved.state(0)[0]
            });
            let found = found.unwrap().gradient;
            let (tau, up) = (end - time(n), -e * speed(n));
            let at_end = up - g * tau;
            close(&title, found.loss, up * tau - 0.5 * g * tau * tau, 1e-10);
            close(&title, found.t1, at_end, part);
            let by_x = up / (2.0 * x) * tau - at_end * time(n) / (2.0 * x);
            close(&title, found.h0[0], by_x, part);
            let by_e = n as f64 * up / e * tau - at_end * 2.0 * first * slopes(n);
            close(&title, found.theta[1], by_e, part);
            close(&title, found.t0, -at_end, part);
        }
    }
}

#[test]
fn doses_have_the_gradient_of_the_one_compartment_formula() {
    // A' = −k A; doses D at T, T + τ, T + 2τ: A(t) = Σ D e^(−k (t − t_i)) over those before t
    let (k, dose, begin, every) = (0.3_f64, 100.0, 1.5, 6.0);
    let theta = [k, dose, begin, every];
    let times = Function::record(&[("theta", &[4])], |v| {
        let (begin, every) = (v[0].index(2), v[0].index(3));
        vec![Var::stack(&[begin, begin + every, begin + 2.0 * every])]
    });
    let times = times.unwrap();
    let saves = [1.0, 4.0, 7.5, 13.0, 20.0];
    let weights = [0.0, 1.0, -0.7, 0.4, 2.0];
    let doses = [1.5, 7.5, 13.5];
    for about in &METHODS {
        let mut system = system(1, 4, 1e-11, |h, _t, theta| -theta.index(0) * h).event(
            Event::scheduled(&times).reset(formula(1, 4, |h, _t, theta| h + theta.index(1))),
        );
        let problem = Problem {
            h0: &[0.0],
            theta: &theta,
            t0: 0.0,
            t1: 24.0,
            save_at: &saves,
        };
        let found = gradient(&mut system, about.name, &problem, |solution, cotangents| {
            cotangents.saved.values_mut().copy_from_slice(&weights);
            let terms = weights.iter().zip(solution.saved.values());
            terms.map(|(w, a)| w * a).sum()
        });
        let found = found.unwrap();
        // A save at the time of a dose is before it.
        let (mut loss, mut by_k, mut by_dose) = (0.0, 0.0, 0.0);
        let (mut by_time, mut by_save) = ([0.0; 3], [0.0; 5]);
        for (s, (save, w)) in saves.iter().zip(weights).enumerate() {
            for (i, time) in doses.iter().enumerate().filter(|(_, time)| *time < save) {
                let part = w * (-k * (save - time)).exp();
                loss += dose * part;
                by_k -= dose * part * (save - time);
                by_dose += part;
                by_time[i] += dose * k * part;
                by_save[s] -= dose * k * part;
            }
        }
        let (name, part) = (about.name, 1e-7);
        let gradient = &found.gradient;
        close(name, gradient.loss, loss, part);
        close(name, gradient.theta[0], by_k, part);
        close(name, gradient.theta[1], by_dose, part);
        close(name, gradient.theta[2], by_time.iter().sum(), part);
        close(name, gradient.theta[3], by_time[1] + 2.0 * by_time[2], part);
        for i in 0..3 {
            close(name, found.times[i], by_time[i], part);
        }
        for s in 0..5 {
            close(name, gradient.save[s], by_save[s], part);
        }
        close(name, gradient.t1, 0.0, 1e-9);
    }
}

#[test]
fn an_infusion_is_two_scheduled_times_and_a_state_that_stands_still() {
    // A' = −k A + R, R' = 0; R grows by q at T and falls by q at T + d:
    // A(t) = q/k (e^(−k (t − T − d)) − e^(−k (t − T)))
    let (k, q, begin, length, end) = (0.4_f64, 12.0, 2.0, 3.0, 9.0_f64);
    let time = |f: fn(Var<'_, f64>) -> Var<'_, f64>| {
        Function::record(&[("theta", &[4])], |v| vec![f(v[0])]).unwrap()
    };
    let switch = |sign: f64| {
        formula(2, 4, move |h, _t, theta| {
            Var::stack(&[h.index(0), h.index(1) + sign * theta.index(1)])
        })
    };
    let mut infusion = system(2, 4, 1e-11, |h, _t, theta| {
        Var::stack(&[h.index(1) - theta.index(0) * h.index(0), h.index(1) * 0.0])
    })
    .event(Event::scheduled(&time(|theta| theta.index(2))).reset(switch(1.0)))
    .event(Event::scheduled(&time(|theta| theta.index(2) + theta.index(3))).reset(switch(-1.0)));
    let problem = Problem {
        h0: &[0.0, 0.0],
        theta: &[k, q, begin, length],
        t0: 0.0,
        t1: end,
        save_at: &[],
    };
    let found = gradient(
        &mut infusion,
        "discrete",
        &problem,
        |solution, cotangents| {
            cotangents.saved.state_mut(0)[0] = 1.0;
            solution.saved.state(0)[0]
        },
    );
    let found = found.unwrap().gradient;
    let (s, u) = (end - begin - length, end - begin);
    let (late, early) = ((-k * s).exp(), (-k * u).exp());
    close("A", found.loss, q / k * (late - early), 1e-9);
    let by_k = -q / (k * k) * (late - early) + q / k * (u * early - s * late);
    close("k", found.theta[0], by_k, 1e-8);
    close("q", found.theta[1], (late - early) / k, 1e-9);
    close("begin", found.theta[2], q * (late - early), 1e-8);
    close("length", found.theta[3], q * late, 1e-8);
    close("end", found.t1, -q * (late - early), 1e-8);
}

#[test]
fn an_integral_cost_goes_over_events() {
    // h' = −k h, halved where it has fallen to c; q = ∫ h dt = (h₀ − c)/k + (c/2 − h(T))/k
    let (k, c, h0, end) = (0.7_f64, 0.6_f64, 2.0_f64, 3.0_f64);
    let inputs: [(&str, &[usize]); 3] = [("h", &[1]), ("t", &[]), ("theta", &[2])];
    let cost = Function::record(&inputs, |v| vec![v[0].index(0)]).unwrap();
    let decay = Recorded::record(&[1], 2, |h, _t, theta| -theta.index(0) * h).unwrap();
    let field = Integral::new(decay, &cost).unwrap();
    let options = Options::tolerances(1e-11, 1e-11);
    let half = formula(2, 2, |h, _t, _theta| {
        Var::stack(&[0.5 * h.index(0), h.index(1)])
    });
    let low = formula(2, 2, |h, _t, theta| h.index(0) - theta.index(1));
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let discrete = Discrete::new(field.clone(), &vec![0.0; 2], tsit5, options.clone()).unwrap();
    let hybrid = Hybrid::new(field, &vec![0.0; 2], tsit5, options)
        .event(Event::crossing(low).falling().reset(half));
    let mut through = Through::new(hybrid, Box::new(discrete));
    let problem = Problem {
        h0: &[h0, 0.0],
        theta: &[k, c],
        t0: 0.0,
        t1: end,
        save_at: &[],
    };
    let found = through.gradient(&problem, &mut |saved, cotangents| {
        cotangents.state_mut(0)[1] = 1.0;
        saved.state(0)[1]
    });
    let found = found.unwrap();
    // The crossing is at t* = ln(h₀/c)/k, so h(T) = c/2 e^(−k (T − t*)) = h₀/2 e^(−k T).
    let last = 0.5 * h0 * (-k * end).exp();
    let total = (h0 - 0.5 * c - last) / k;
    close("q", found.loss, total, 1e-9);
    close("h0", found.h0[0], (1.0 - last / h0) / k, 1e-8);
    close("k", found.theta[0], -total / k + end * last / k, 1e-8);
    close("c", found.theta[1], -0.5 / k, 1e-8);
    close("t1", found.t1, last, 1e-8);
}

#[test]
fn stiff_and_symplectic_solvers_go_over_events_too() {
    // An oscillator x″ = −ω² x with x₀ = 1, kicked by J when x crosses c on its way down: t* = arccos(c)/ω,
    // v⁻ = −ω √(1 − c²), and then x(T) = c cos ω (T − t*) + (v⁻ + J)/ω sin ω (T − t*).
    let (w, c, kick, end) = (1.3_f64, 0.4_f64, 0.7_f64, 2.5_f64);
    let time = c.acos() / w;
    let (speed, rest) = (-w * (1.0 - c * c).sqrt() + kick, end - time);
    let (sin, cos) = (w * rest).sin_cos();
    let x = c * cos + speed / w * sin;
    let v = -c * w * sin + speed * cos;
    let time_by_c = -1.0 / (w * (1.0 - c * c).sqrt());
    let by_c = cos + c / (1.0 - c * c).sqrt() * sin - v * time_by_c;
    for (solver, step, part) in [
        ("kvaerno5", None, 1e-6),
        ("radau", None, 1e-6),
        ("rodas5p", None, 1e-6),
        ("auto", None, 1e-6),
        ("yoshida6", Some(0.02), 1e-6),
    ] {
        let field = Recorded::record(&[2], 3, |h, _t, theta| {
            let w = theta.index(0);
            Var::stack(&[h.index(1), -(w * w * h.index(0))])
        });
        let options = match step {
            Some(step) => Options::constant_step(step),
            None => Options::tolerances(1e-9, 1e-9),
        };
        let method = costate_ode::Method::by_name(solver).unwrap();
        let low = formula(2, 3, |h, _t, theta| h.index(0) - theta.index(1));
        let kicked = formula(2, 3, |h, _t, theta| {
            Var::stack(&[h.index(0), h.index(1) + theta.index(2)])
        });
        let mut system = Hybrid::new(field.unwrap(), &vec![0.0; 2], method, options)
            .event(Event::crossing(low).falling().reset(kicked));
        let problem = Problem {
            h0: &[1.0, 0.0],
            theta: &[w, c, kick],
            t0: 0.0,
            t1: end,
            save_at: &[],
        };
        let found = gradient(&mut system, "discrete", &problem, |solution, cotangents| {
            cotangents.saved.state_mut(0)[0] = 1.0;
            solution.saved.state(0)[0]
        });
        let found = found.unwrap().gradient;
        close(solver, found.loss, x, part);
        close(solver, found.theta[2], sin / w, part);
        close(solver, found.theta[1], by_c, part);
        close(solver, found.t1, v, part);
    }
}
