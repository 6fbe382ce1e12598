//! Whatever a right-hand side does, every solver can be used again, and what was computed is kept.

use costate_ode::{
    Adams, Auto, Bdf, Dirk, DirkTableau, Engine, Error, Gauss, GaussTableau, Imex, Integrator, Ivp,
    Method, Options, Radau, Reversible, Rock, RockTableau, Rosenbrock, RosenbrockTableau,
    RungeKutta, Split, Symplectic, SymplecticTableau, System, tableau,
};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// From when on the right-hand side misbehaves, and how.
    static FROM: Cell<f64> = const { Cell::new(f64::INFINITY) };
    static HOW: Cell<Fault> = const { Cell::new(Fault::Panic) };
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Panic,
    NotANumber,
    TooShort,
    TooLong,
}

/// What pulls back a hardening spring so that it moves as cos t does.
fn pull(t: f64, y: f64) -> f64 {
    -y * y * y - t.cos() * t.sin() * t.sin()
}

/// That spring, until it goes wrong.
#[allow(clippy::ptr_arg)] // The state is a vector, as a system wants it.
fn field(t: f64, y: &Vec<f64>, dy: &mut Vec<f64>) {
    (dy[0], dy[1]) = (y[1], pull(t, y[0]));
    misbehave(t, dy);
}

fn misbehave(t: f64, dy: &mut Vec<f64>) {
    if t >= FROM.get() {
        match HOW.get() {
            Fault::Panic => panic!("not here"),
            Fault::NotANumber => dy[1] = f64::NAN,
            Fault::TooShort => *dy = vec![1.0],
            Fault::TooLong => dy.push(1.0),
        }
    }
}

/// The same in two parts.
fn split() -> impl System<f64, Vec<f64>> {
    Split::new(
        |_t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| (dy[0], dy[1]) = (y[1], 0.0),
        |t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| {
            (dy[0], dy[1]) = (0.0, pull(t, y[0]));
            misbehave(t, dy);
        },
    )
}

const START: [f64; 2] = [1.0, 0.0];

/// Runs into each fault, and then all the way without one.
fn survives<S, E>(name: &str, adaptive: bool, engine: E, system: S)
where
    S: System<f64, Vec<f64>>,
    E: Engine<f64, Vec<f64>, S>,
{
    let y0 = START.to_vec();
    let options = Options {
        step: (!adaptive).then_some(1e-3),
        ..Options::tolerances(1e-6, 1e-6)
    };
    let mut it = Integrator::with_engine(engine, system, 0.0, &y0, options).unwrap();
    for fault in [
        Fault::Panic,
        Fault::NotANumber,
        Fault::TooShort,
        Fault::TooLong,
    ] {
        it.reset(0.0, &y0);
        it.set_end(2.0);
        FROM.set(1.0);
        HOW.set(fault);
        let run = catch_unwind(AssertUnwindSafe(|| {
            while !it.finished() {
                it.step()?;
            }
            Ok::<(), Error>(())
        }));
        match (fault, run) {
            (Fault::NotANumber, Ok(Err(Error::Stopped(_)))) => {}
            (Fault::NotANumber, other) => panic!("{name}: {other:?}"),
            (_, Err(_)) => {}
            (_, other) => panic!("{name}, {fault:?}: {other:?}"),
        }
        // It stands where the last step led to.
        let (t, y) = (it.t(), it.y());
        assert!(
            t < 1.01 && (y[0] - t.cos()).abs() < 0.02,
            "{name}, {fault:?}: {y:?} at {t}"
        );
        FROM.set(f64::INFINITY);
        it.reset(0.0, &y0);
        it.set_end(2.0);
        while !it.finished() {
            it.step().unwrap();
        }
        let off = (it.y()[0] - 2.0_f64.cos()).abs();
        assert!(off < 2e-3, "{name} after {fault:?}: {off:e}");
    }
}

#[test]
fn every_engine_survives_panics_values_that_are_no_numbers_and_wrong_lengths() {
    std::panic::set_hook(Box::new(|info| {
        let text = info.to_string();
        if !(text.contains("not here") || text.contains("components in dy")) {
            eprintln!("{text}");
        }
    }));
    let y = START.to_vec();
    let f = field as fn(f64, &Vec<f64>, &mut Vec<f64>);
    for tableau in tableau::tableaus() {
        let adaptive = tableau.embedded_order.is_some();
        survives(tableau.name, adaptive, RungeKutta::new(tableau, &y), f);
    }
    for tableau in DirkTableau::all() {
        let adaptive = tableau.embedded_order.is_some();
        survives(tableau.name, adaptive, Dirk::new(tableau, &f, &y), f);
        if !tableau.explicit.is_empty() {
            let mut system = split();
            let engine = Imex::new(tableau, &mut system, &y);
            survives("additive", adaptive, engine, system);
        }
    }
    for tableau in RosenbrockTableau::all() {
        survives(tableau.name, true, Rosenbrock::new(tableau, &f, &y), f);
    }
    for tableau in GaussTableau::all() {
        survives(tableau.name, false, Gauss::new(tableau, &f, &y), f);
    }
    for tableau in RockTableau::all() {
        survives(tableau.name, true, Rock::new(tableau, &y), f);
    }
    for tableau in SymplecticTableau::all() {
        survives(tableau.name, false, Symplectic::new(tableau, &y), f);
    }
    survives("radau", true, Radau::new(&f, &y), f);
    survives("bdf", true, Bdf::new(&f, &y), f);
    survives("auto", true, Auto::new(&f, &y), f);
    survives("adams", true, Adams::new(&y), f);
    survives("reversible heun", false, Reversible::heun(&y), f);
    let _ = std::panic::take_hook();
}

#[test]
fn the_partial_solution_is_kept_when_values_are_no_numbers() {
    for method in Method::all() {
        let field = |t: f64, y: &[f64; 2], dy: &mut [f64; 2]| {
            *dy = [y[1], if t < 1.0 { pull(t, y[0]) } else { f64::NAN }];
        };
        let ivp = Ivp::new(field, 0.0, START, 2.0).method(method);
        let ivp = if method.adaptive { ivp } else { ivp.step(1e-3) };
        let failure = ivp.solve().unwrap_err();
        let partial = &failure.partial;
        assert!(
            matches!(failure.error, Error::Stopped(_)),
            "{}: {failure}",
            method.name
        );
        assert!(
            partial.t.len() > 2 && *partial.t.last().unwrap() > 0.5,
            "{}",
            method.name
        );
        for (t, y) in partial.t.iter().zip(&partial.y) {
            assert!(
                (y[0] - t.cos()).abs() < 2e-3,
                "{}: {y:?} at {t}",
                method.name
            );
        }
    }
}
