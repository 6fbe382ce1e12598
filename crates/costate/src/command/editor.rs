//! `costate schema`, `costate completions`, `costate man`: what editors, shells and `man` want to know of the program.

use std::io::Write;

use clap::CommandFactory;

use crate::args::{Cli, Completions, Man, Schema, SchemaOf};
use crate::console::Console;
use crate::error::{Error, Result};

pub(crate) fn schema(args: &Schema, console: Console) -> Result<()> {
    let text = match args.of {
        SchemaOf::Model => costate_model::SCHEMA,
        SchemaOf::Solve => include_str!("schema/solve.json"),
        SchemaOf::Fit => include_str!("schema/fit.json"),
        SchemaOf::Gradient => include_str!("schema/gradient.json"),
        SchemaOf::Audit => include_str!("schema/audit.json"),
        SchemaOf::Check => include_str!("schema/check.json"),
        SchemaOf::Methods => include_str!("schema/methods.json"),
    };
    print(console, text.as_bytes())
}

pub(crate) fn completions(args: &Completions, console: Console) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "costate", &mut text);
    print(console, &text)
}

pub(crate) fn man(args: &Man, console: Console) -> Result<()> {
    let mut cli = Cli::command();
    cli.build();
    let command = match &args.command {
        None => cli,
        Some(name) => {
            let Some(own) = cli.find_subcommand(name) else {
                let names: Vec<&str> = cli
                    .get_subcommands()
                    .map(|command| command.get_name())
                    .collect();
                return Err(Error::Misuse(format!(
                    "no command is called '{name}'; commands: {}",
                    names.join(", ")
                )));
            };
            // Its own page is named like a program.
            own.clone().display_name(format!("costate-{name}"))
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    print(console, &text)
}

fn print(console: Console, text: &[u8]) -> Result<()> {
    let mut out = console.output();
    out.write_all(text)?;
    Ok(out.flush()?)
}
