//! A pendulum through ever more steps: what gradients hold.

use costate_benches::memory::held;
use costate_neural_ode::{
    Backsolve, Discrete, Error, GradientMethod, Native, Problem, Reversible, RightHandSide,
};
use costate_ode::{Options, tableau};
use costate_tape::Scalar;
use kuva::backend::svg::SvgBackend;
use kuva::plot::LinePlot;
use kuva::render::figure::Figure;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use std::fmt::Write;

/// The budget of the second row.
const BUDGET: usize = 1 << 20;

/// A pendulum, pushed.
#[derive(Clone)]
struct Pendulum;

impl RightHandSide<2, 2> for Pendulum {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [q, v]: [S; 2], t: S, [pull, push]: [S; 2]) -> [S; 2] {
        [v, push * t.cos() - pull * q.sin()]
    }
}

/// The most bytes a gradient method holds, for each number of steps.
pub(crate) struct Row {
    name: &'static str,
    /// Steps and bytes.
    bytes: Vec<(usize, usize)>,
    /// ∂L/∂θ with the most steps.
    theta: Vec<f64>,
}

type Method = Box<dyn GradientMethod<f64, f64>>;
type Make<'m> = &'m dyn Fn(Options<f64>) -> Result<Method, Error>;

/// All methods, along all numbers of steps.
pub(crate) fn measure(reduced: bool) -> Vec<Row> {
    let steps: &[usize] = if reduced {
        &[100, 1000]
    } else {
        &[100, 1000, 10_000, 100_000, 1_000_000]
    };
    let rk4 = tableau::by_name("rk4").expect("a known method");
    let (field, like) = (|| Native::new(Pendulum), [0.0; 2]);
    let methods: [(&str, Make<'_>); 5] = [
        ("discrete", &|options| {
            Ok(Box::new(Discrete::new(field(), &like, rk4, options)?))
        }),
        ("discrete, within 1 MiB", &|options| {
            let made = Discrete::new(field(), &like, rk4, options)?;
            Ok(Box::new(made.with_budget(BUDGET)))
        }),
        ("reversible, coupled", &|options| {
            let made = Reversible::coupled(field(), &like, rk4, 1.0, options)?;
            Ok(Box::new(made))
        }),
        ("reversible, Heun", &|options| {
            Ok(Box::new(Reversible::heun(field(), &like, options)?))
        }),
        ("backsolve", &|options| {
            Ok(Box::new(Backsolve::new(field(), &like, rk4, options)?))
        }),
    ];
    let row = |(name, make): (&'static str, Make<'_>)| {
        let mut theta = Vec::new();
        let bytes = steps.iter().map(|steps| {
            let (found, _, bytes) = held(|| run(make, *steps));
            theta = found.expect("it can be solved");
            (*steps, bytes)
        });
        Row {
            name,
            bytes: bytes.collect(),
            theta,
        }
    };
    methods.map(row).into()
}

/// ∂L/∂θ with so many steps of the same size: the time grows.
fn run(make: Make<'_>, steps: usize) -> Result<Vec<f64>, Error> {
    let step = 1e-4;
    let mut method = make(Options {
        max_steps: usize::MAX,
        ..Options::constant_step(step)
    })?;
    let problem = Problem {
        h0: &[0.4, -0.3],
        theta: &[2.0, 0.7],
        t0: 0.0,
        t1: step * steps as f64,
        save_at: &[],
    };
    let found = method.gradient(&problem, &mut |saved, cotangents| {
        cotangents.state_mut(0)[0] = 1.0;
        saved.state(0)[0]
    })?;
    Ok(found.theta.clone())
}

/// The table.
///
/// # Panics
/// If the gradient within the budget is not the one without.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut out = String::from(
        "## Many steps\n\nA pushed pendulum, 2 states and 2 parameters, by Runge and Kutta's steps of 1e-4. KiB held at most, with the gradient methods that are made for it, by steps:\n\n| gradient |",
    );
    for (steps, _) in &rows[0].bytes {
        write!(out, " {steps} |").expect("a string takes all");
    }
    out.push_str("\n|---|");
    out.push_str(&"---:|".repeat(rows[0].bytes.len()));
    out.push('\n');
    for row in rows {
        write!(out, "| {} |", row.name).expect("a string takes all");
        for (_, bytes) in &row.bytes {
            write!(out, " {:.1} |", *bytes as f64 / 1024.0).expect("a string takes all");
        }
        out.push('\n');
    }
    assert_eq!(
        rows[0].theta, rows[1].theta,
        "a budget does not change a bit"
    );
    out.push_str("\nWithin the budget the gradient is that without one, to the bit.\n");
    out
}

/// Bytes over steps, both logarithmic.
pub(crate) fn svg(rows: &[Row]) -> String {
    // Okabe and Ito's colours, told apart with any colour vision.
    let colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"];
    let lines = rows.iter().zip(colours).map(|(row, colour)| {
        let points = row.bytes.iter().map(|(s, b)| (*s as f64, *b as f64));
        let line = LinePlot::new()
            .with_data(points.collect::<Vec<_>>())
            .with_color(colour)
            .with_legend(row.name);
        Plot::Line(line)
    });
    let plots: Vec<Plot> = lines.collect();
    let layout = Layout::auto_from_plots(&plots)
        .with_log_scale()
        .with_title("Memory of a gradient")
        .with_x_label("steps")
        .with_y_label("bytes held at most");
    let scene = Figure::new(1, 1)
        .with_plots(vec![plots])
        .with_layouts(vec![layout])
        .with_cell_size(640.0, 400.0)
        .render();
    SvgBackend::new().render_scene(&scene)
}
