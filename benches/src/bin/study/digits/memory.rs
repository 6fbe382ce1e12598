//! The memory of one gradient through the classifier's field, as its depth grows.

use super::net::{B, CHANNELS, SIDE, STATES, field};
use costate_benches::memory::held;
use costate_neural_ode::layer::Layer;
use costate_neural_ode::{
    Backsolve, Discrete, Error, GradientMethod, Problem, Recorded, Reversible,
};
use costate_ode::{Options, tableau};

/// Images together, fewer than in training.
const IMAGES: usize = B / 16;

type Method = Box<dyn GradientMethod<f64, f64>>;
type Make<'m> = &'m dyn Fn(Options<f64>) -> Result<Method, Error>;

/// Prints the most bytes that are held for a gradient with so many steps, by method.
pub(super) fn table(depths: &[usize]) -> Result<(), Error> {
    let net = field();
    let parameters = net.parameter_len();
    let f = Recorded::record(
        &[IMAGES, CHANNELS, SIDE / 2, SIDE / 2],
        parameters,
        |h, _t, theta| net.apply(h, theta),
    )?;
    let (like, rk4) = (vec![0.0; IMAGES * STATES], tableau::by_name("rk4")?);
    let methods: [(&str, Make<'_>); 4] = [
        ("discrete, all steps kept", &|options| {
            Ok(Box::new(Discrete::new(f.clone(), &like, rk4, options)?))
        }),
        ("discrete, within 4 MiB", &|options| {
            Ok(Box::new(
                Discrete::new(f.clone(), &like, rk4, options)?.with_budget(4 << 20),
            ))
        }),
        ("reversible", &|options| {
            Ok(Box::new(Reversible::coupled(
                f.clone(),
                &like,
                rk4,
                0.999,
                options,
            )?))
        }),
        ("backsolve", &|options| {
            Ok(Box::new(Backsolve::new(f.clone(), &like, rk4, options)?))
        }),
    ];
    let theta: Vec<f64> = net.initial(1);
    let h0: Vec<f64> = (0..like.len()).map(|i| (0.7 * i as f64).sin()).collect();
    println!("\nKiB held for a gradient, by Runge and Kutta's steps in depth:\n");
    let head: Vec<String> = depths.iter().map(|steps| format!(" {steps} |")).collect();
    println!("| gradient |{}", head.concat());
    println!("|---|{}", "---|".repeat(depths.len()));
    for (name, make) in methods {
        let mut row = Vec::new();
        for steps in depths {
            let problem = Problem {
                h0: &h0,
                theta: &theta,
                t0: 0.0,
                t1: 1.0,
                save_at: &[],
            };
            let (done, _, peak) = held(|| {
                let mut method = make(Options::constant_step(1.0 / *steps as f64))?;
                let gradient = method.gradient(&problem, &mut |saved, cotangents| {
                    cotangents.state_mut(0).fill(1.0);
                    saved.state(0).iter().sum()
                })?;
                Ok::<f64, Error>(gradient.theta[0])
            });
            assert!(done?.is_finite());
            row.push(peak / 1024);
        }
        let cells: Vec<String> = row.iter().map(|kib| format!(" {kib} |")).collect();
        println!("| {name} |{}", cells.concat());
        let grows = row[row.len() - 1] as f64 / row[0] as f64;
        if name == "reversible" || name == "backsolve" {
            assert!(grows < 1.5, "{row:?}");
        } else if name == "discrete, all steps kept" {
            assert!(grows > 1.5, "{row:?}");
        }
    }
    Ok(())
}
