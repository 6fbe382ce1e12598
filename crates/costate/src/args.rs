//! The command line.

mod value;

pub(crate) use value::{SaveAt, Setting};

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use value::{at_least_one, seconds, small, svg, tolerance};

const EXIT_CODES: &str = "Exit codes: 0 done, 1 the numbers did not work out, 2 misuse, 130 stopped by Ctrl-C (everything saved).";

/// Solve, fit and differentiate differential-equation models written in one text file.
#[derive(Parser)]
#[command(
    name = "costate",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
#[command(after_help = format!("Example:\n  costate fit examples/lynx-hare.toml\n\n{EXIT_CODES}"))]
pub(crate) struct Cli {
    /// Say nothing on standard error but errors, and on standard output only what was asked for
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Integrate a model and write its trajectory
    ///
    /// Writes comma-separated columns, `t` and then the states (and the observables with --observables), in full precision: at every step, or at the times of --save-at.
    /// A solve that fails half-way writes what it has, says why on standard error and exits with 1.
    #[command(
        after_help = "Examples:\n  costate solve model.toml > trajectory.csv\n  costate solve model.toml --save-at 0:0.5:20 --set alpha=0.6 --plot trajectory.svg\n  costate solve model.toml --experiment north --observables\n  costate solve model.toml --save-at 0:0.1:20 --out trajectory.npy"
    )]
    Solve(Solve),
    /// Fit a model's parameters and networks to its data
    ///
    /// Everything goes into one folder: fitted.toml (the model with its fitted values), weights.safetensors, history.csv, trajectory.csv, fit.svg,
    /// history.svg and report.html, a page that shows all of it. It appears at the end, in one move. Until then, and after an interruption, the work is in DIR.partial.
    #[command(after_help = format!("Examples:\n  costate fit model.toml\n  costate fit model.toml --out fits/first --set alpha=0.8\n  costate fit --resume fits/first\n\n{EXIT_CODES}"))]
    Fit(Fit),
    /// Print the loss and its exact gradient as JSON
    #[command(
        after_help = "Example:\n  costate gradient model.toml --rtol 1e-10 --atol 1e-10 --gradient backsolve"
    )]
    Gradient(Gradient),
    /// Compare every gradient method with the others and with differences
    ///
    /// Takes the gradient of the loss through the solution by every method, and by Richardson's extrapolation of differences. Exits with 1 if they
    /// disagree.
    #[command(after_help = "Example:\n  costate audit model.toml --rtol 1e-9 --atol 1e-9")]
    Audit(Audit),
    /// Look at a model without solving it
    ///
    /// Reads the model and its data, lists what would be fitted, and warns of parameters without influence, states that are never observed and data
    /// outside the model's time.
    #[command(after_help = "Example:\n  costate check model.toml")]
    Check(Check),
    /// Write out the model's own derivation
    ///
    /// Its equations f, the products a·∂f/∂h, a·∂f/∂θ and a·∂f/∂t, and the augmented adjoint system, in the names of the model: by_NAME is a·∂f/∂NAME,
    /// d_NAME is dNAME/dt, a_NAME is the costate of NAME.
    #[command(
        after_help = "Examples:\n  costate explain model.toml\n  costate explain model.toml --format html > model.html\n  costate explain model.toml --format latex > model.tex && pdflatex model.tex\n  costate explain model.toml --format dot | dot -Tsvg > model.svg\n  costate explain model.toml --format rust > model.rs && rustc model.rs"
    )]
    Explain(Explain),
    /// List the solvers and the gradient methods
    #[command(after_help = "Example:\n  costate methods --format json")]
    Methods(Methods),
    /// Print the schema of model files, or of what a command writes as JSON
    ///
    /// Editors that know TOML schemas (Taplo, Even Better TOML) complete and explain the keys of a model whose first line is `#:schema model.schema.json`.
    #[command(
        after_help = "Examples:\n  costate schema > model.schema.json\n  costate schema fit > fit.schema.json"
    )]
    Schema(Schema),
    /// Print completions for a shell
    #[command(
        after_help = "Examples:\n  costate completions bash > ~/.local/share/bash-completion/completions/costate\n  costate completions zsh > ~/.zfunc/_costate\n  costate completions fish > ~/.config/fish/completions/costate.fish"
    )]
    Completions(Completions),
    /// Print the manual page, of one command if it is named
    #[command(
        after_help = "Examples:\n  costate man > costate.1 && man ./costate.1\n  costate man fit > costate-fit.1"
    )]
    Man(Man),
    /// Write a commented starter model with data, to be changed into yours
    #[command(after_help = "Example:\n  costate new pond        (writes pond.toml and pond.csv)")]
    New(New),
}

/// What every command that solves accepts in place of the model file's own values.
#[derive(Args, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Overrides {
    /// Solver, by a name that `costate methods` lists
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "In place of the model's values"
    )]
    pub(crate) method: Option<String>,
    /// Constant steps of this size, which methods without error estimate need
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "X",
        value_parser = small,
        help_heading = "In place of the model's values"
    )]
    pub(crate) step: Option<f64>,
    /// Relative tolerance of the solver
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "X",
        value_parser = small,
        help_heading = "In place of the model's values"
    )]
    pub(crate) rtol: Option<f64>,
    /// Absolute tolerance of the solver, for every state
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "X",
        value_parser = tolerance,
        help_heading = "In place of the model's values"
    )]
    pub(crate) atol: Option<f64>,
    /// Value of a parameter, or of a state at the start (repeatable)
    #[arg(
        long,
        value_name = "NAME=VALUE",
        help_heading = "In place of the model's values"
    )]
    pub(crate) set: Vec<Setting>,
}

#[derive(Args)]
pub(crate) struct Solve {
    /// The model file
    pub(crate) model: PathBuf,
    /// Times to save at: START:STEP:END, or a list such as 0,1,2.5 [default: every step]
    #[arg(long, value_name = "TIMES", allow_hyphen_values = true)]
    pub(crate) save_at: Option<SaveAt>,
    /// Solve under the conditions of this experiment
    #[arg(long, value_name = "NAME")]
    pub(crate) experiment: Option<String>,
    /// Write the observables too, after the states
    #[arg(long)]
    pub(crate) observables: bool,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    /// Write the trajectory to FILE instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Draw the trajectory
    #[arg(long, value_name = "FILE.svg", value_parser = svg)]
    pub(crate) plot: Option<PathBuf>,
    /// Print steps, rejections and evaluations to standard error
    #[arg(long)]
    pub(crate) stats: bool,
    /// Form of the trajectory [default: by the ending of --out, else csv]
    #[arg(long, value_enum)]
    pub(crate) format: Option<TableFormat>,
}

#[derive(Args)]
pub(crate) struct Fit {
    /// The model file; with --resume it may be left out
    #[arg(required_unless_present = "resume")]
    pub(crate) model: Option<PathBuf>,
    /// Folder to write [default: MODEL-fit in the current folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write to --out even where something stands that no fit made
    #[arg(long)]
    pub(crate) force: bool,
    /// Continue the interrupted fit of DIR, with the options it was started with
    #[arg(long, value_name = "DIR", conflicts_with_all = ["out", "force", "method", "step", "rtol", "atol", "set", "iterations", "starts"])]
    pub(crate) resume: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    /// Iterations at most
    #[arg(
        long,
        value_name = "N",
        value_parser = at_least_one,
        help_heading = "In place of the model's values"
    )]
    pub(crate) iterations: Option<usize>,
    /// Starts: the file's own values, and others spread over the bounds
    #[arg(
        long,
        value_name = "N",
        value_parser = at_least_one,
        help_heading = "In place of the model's values"
    )]
    pub(crate) starts: Option<usize>,
    /// Starts to fit from at a time [default: one for each processor]; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) jobs: Option<usize>,
    /// Seconds between the checkpoints from which a killed fit can be resumed
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, value_parser = seconds)]
    pub(crate) checkpoint_every: f64,
    /// Form of the final report
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
}

#[derive(Args)]
pub(crate) struct Gradient {
    /// The model file
    pub(crate) model: PathBuf,
    /// Gradient method, by a name that `costate methods` lists
    #[arg(long, value_name = "METHOD")]
    pub(crate) gradient: Option<String>,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    /// Add the derivatives in the times of the data
    #[arg(long)]
    pub(crate) wrt_times: bool,
    /// Write the networks' gradients as safetensors
    #[arg(long, value_name = "FILE")]
    pub(crate) wrt_weights: Option<PathBuf>,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = DocumentFormat::Json)]
    pub(crate) format: DocumentFormat,
}

#[derive(Args)]
pub(crate) struct Audit {
    /// The model file
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    /// Form of the comparison
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
}

#[derive(Args)]
pub(crate) struct Check {
    /// The model file
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
}

#[derive(Args)]
pub(crate) struct Explain {
    /// The model file
    pub(crate) model: PathBuf,
    /// Form of the derivation
    #[arg(long, value_enum, default_value_t = FormulaFormat::Text)]
    pub(crate) format: FormulaFormat,
}

#[derive(Args)]
pub(crate) struct Schema {
    /// What it is the schema of
    #[arg(value_enum, default_value_t = SchemaOf::Model)]
    pub(crate) of: SchemaOf,
}

/// A model file, or what a command writes with `--format json`.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum SchemaOf {
    Model,
    Solve,
    Fit,
    Gradient,
    Audit,
    Check,
    Methods,
}

#[derive(Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Args)]
pub(crate) struct Man {
    /// A command of the program
    pub(crate) command: Option<String>,
}

#[derive(Args)]
pub(crate) struct New {
    /// Name of the model: NAME.toml and NAME.csv are written
    pub(crate) name: PathBuf,
}

#[derive(Args)]
pub(crate) struct Methods {
    /// Form of the list
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum TableFormat {
    /// Comma-separated columns with a header
    Csv,
    /// The names of the columns, and the rows
    Json,
    /// An array for numpy.load, t in its first column
    Npy,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum FormulaFormat {
    /// Plain text
    Text,
    /// A document for LaTeX
    Latex,
    /// A web page in MathML, which opens without network
    Html,
    /// The graph of the augmented system for Graphviz
    Dot,
    /// A Rust source file without dependencies
    Rust,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum ReportFormat {
    Text,
    Json,
}

/// Of what programs alone read.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum DocumentFormat {
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
