//! The programs behind the book. Each module is a chapter: the code that the chapter shows, and what it computes and draws.
//!
//! `cargo run -p costate-book` writes all of it to `docs/src/out`. The tests check that what is there is current.

pub mod adjoint_ode;
pub mod approximation;
pub mod augmented;
pub mod backwards;
pub mod check;
pub mod clock;
pub mod convergence;
pub mod cost;
pub mod depth_varying;
pub mod derivative;
pub mod discrete_continuous;
pub mod euler_layers;
pub mod functions;
pub mod guides;
pub mod house;
pub mod jumps;
pub mod limit;
pub mod links;
pub mod memory;
pub mod models;
pub mod numbers;
pub mod orders;
pub mod parameters;
pub mod play;
pub mod plot;
pub mod residual_layer;
pub mod rustc;
pub mod sizes;
pub mod snippet;
pub mod solve;
pub mod stability;
pub mod step_size;
pub mod tags;
pub mod tape;
pub mod text;
pub mod training;
pub mod types;
pub mod typeset;

use std::path::PathBuf;

/// A table, a number or a figure that the book includes.
#[derive(Clone, Debug)]
pub struct Output {
    /// Where it goes, below `docs/src/out`.
    pub path: &'static str,
    /// Markdown or HTML.
    pub text: String,
    /// Whether another machine prints the same, up to the last digits; timings and rounding errors are not.
    pub repeatable: bool,
}

impl Output {
    /// An output that every machine repeats.
    #[must_use]
    pub fn new(path: &'static str, text: String) -> Self {
        Self {
            path,
            text,
            repeatable: true,
        }
    }

    /// An output with timings or rounding errors of this machine.
    #[must_use]
    pub fn local(path: &'static str, text: String) -> Self {
        Self {
            path,
            text,
            repeatable: false,
        }
    }
}

/// A chapter's name and program.
#[derive(Clone, Copy, Debug)]
pub struct Chapter {
    /// Its name, for the command line.
    pub name: &'static str,
    /// Everything it includes.
    pub make: fn() -> Vec<Output>,
}

/// Every chapter that computes something.
pub const CHAPTERS: &[Chapter] = &[
    Chapter {
        name: "play",
        make: play::outputs,
    },
    Chapter {
        name: "residual-layer",
        make: residual_layer::outputs,
    },
    Chapter {
        name: "limit",
        make: limit::outputs,
    },
    Chapter {
        name: "orders",
        make: orders::outputs,
    },
    Chapter {
        name: "step-size",
        make: step_size::outputs,
    },
    Chapter {
        name: "stability",
        make: stability::outputs,
    },
    Chapter {
        name: "derivative",
        make: derivative::outputs,
    },
    Chapter {
        name: "tape",
        make: tape::outputs,
    },
    Chapter {
        name: "cost",
        make: cost::outputs,
    },
    Chapter {
        name: "check",
        make: check::outputs,
    },
    Chapter {
        name: "euler-layers",
        make: euler_layers::outputs,
    },
    Chapter {
        name: "adjoint-ode",
        make: adjoint_ode::outputs,
    },
    Chapter {
        name: "parameters",
        make: parameters::outputs,
    },
    Chapter {
        name: "clock",
        make: clock::outputs,
    },
    Chapter {
        name: "augmented",
        make: augmented::outputs,
    },
    Chapter {
        name: "jumps",
        make: jumps::outputs,
    },
    Chapter {
        name: "discrete-continuous",
        make: discrete_continuous::outputs,
    },
    Chapter {
        name: "memory",
        make: memory::outputs,
    },
    Chapter {
        name: "backwards",
        make: backwards::outputs,
    },
    Chapter {
        name: "functions",
        make: functions::outputs,
    },
    Chapter {
        name: "approximation",
        make: approximation::outputs,
    },
    Chapter {
        name: "convergence",
        make: convergence::outputs,
    },
    Chapter {
        name: "depth-varying",
        make: depth_varying::outputs,
    },
    Chapter {
        name: "types",
        make: types::outputs,
    },
    Chapter {
        name: "numbers",
        make: numbers::outputs,
    },
    Chapter {
        name: "sizes",
        make: sizes::outputs,
    },
    Chapter {
        name: "training",
        make: training::outputs,
    },
    Chapter {
        name: "guides",
        make: guides::outputs,
    },
    Chapter {
        name: "tags",
        make: tags::outputs,
    },
];

/// What takes so long that tests only look whether it is there.
pub const LONG: &[Chapter] = &[Chapter {
    name: "models",
    make: models::outputs,
}];

/// `docs/src/out`.
#[must_use]
pub fn out() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../src/out")
}
