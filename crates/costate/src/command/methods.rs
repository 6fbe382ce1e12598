//! `costate methods`: what there is to choose from, straight from the registries.

use std::io::{self, Write};

use costate_neural_ode::gradient::METHODS;
use costate_ode::Method;
use serde_json::{Value, json};

use crate::args::{Methods, ReportFormat};
use crate::console::Console;
use crate::error::Result;
use crate::report::json;

/// Columns that text is broken at.
const WIDTH: usize = 92;

pub(crate) fn run(args: &Methods, console: Console) -> Result<()> {
    let mut out = console.output();
    match args.format {
        ReportFormat::Json => json::write(
            &mut out,
            &json!({ "solvers": solvers(), "gradients": gradients() }),
        )?,
        ReportFormat::Text => {
            writeln!(out, "{}", console.bold("Solvers (--method)"))?;
            Method::all()
                .iter()
                .try_for_each(|method| solver(&mut out, method))?;
            writeln!(out, "\n{}", console.bold("Gradients (--gradient)"))?;
            for about in METHODS {
                writeln!(
                    out,
                    "\n  {:<18}{}  {}",
                    about.name, about.title, about.reference
                )?;
                paragraph(&mut out, &format!("keeps {}", about.memory))?;
                paragraph(&mut out, about.when)?;
                paragraph(&mut out, &format!("Not for: {}", about.when_not))?;
            }
        }
    }
    Ok(out.flush()?)
}

fn solver(out: &mut impl Write, method: &Method) -> io::Result<()> {
    let stiff = if method.stiff {
        "stiff problems"
    } else {
        "not for stiff problems"
    };
    let steps = if method.adaptive {
        "chooses its steps"
    } else {
        "constant steps"
    };
    writeln!(
        out,
        "\n  {:<18}{}  {}",
        method.name, method.title, method.reference
    )?;
    let facts = format!(
        "order {}, {} stages, {steps}, {stiff}, keeps {} states",
        method.order, method.stages, method.memory
    );
    paragraph(out, &facts)?;
    paragraph(out, method.when)
}

/// Text indented below a name, broken between words.
fn paragraph(out: &mut impl Write, text: &str) -> io::Result<()> {
    let indent = " ".repeat(20);
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty()
            && indent.len() + line.chars().count() + 1 + word.chars().count() > WIDTH
        {
            writeln!(out, "{indent}{line}")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(out, "{indent}{line}")
}

fn solvers() -> Vec<Value> {
    let solver = |method: &Method| {
        json!({
            "name": method.name,
            "title": method.title,
            "order": method.order,
            "stages": method.stages,
            "adaptive": method.adaptive,
            "stiff": method.stiff,
            "memory": format!("{} states", method.memory),
            "when": method.when,
            "reference": method.reference,
        })
    };
    Method::all().iter().map(solver).collect()
}

fn gradients() -> Vec<Value> {
    let gradient = |about: &costate_neural_ode::gradient::About| {
        json!({
            "name": about.name,
            "title": about.title,
            "memory": about.memory,
            "when": about.when,
            "when_not": about.when_not,
            "reference": about.reference,
        })
    };
    METHODS.iter().map(gradient).collect()
}
