//! The derivation as a document: plain text, LaTeX, HTML.

use std::fmt::Write as _;

use costate_tape::Notation;

use super::happens::HEADING;
use super::left;
use super::system::{System, Written};

/// A part of the derivation: what it is, in words for a terminal and for a page, and its formulas.
#[derive(Clone, Debug)]
pub(super) struct Section {
    heading: &'static str,
    /// What the plain names mean.
    plain: &'static str,
    /// What the formulas are.
    words: &'static str,
    pub(super) written: Written,
}

pub(super) fn sections(system: &System<'_>) -> Result<Vec<Section>, costate_tape::Error> {
    let zeros = system.zeros()?;
    let start = Section {
        heading: "The state at the start",
        plain: match zeros {
            None => "x(t0) is x at the start of time",
            Some(_) => "x(t0) is x at the start of time, of algebraic states a first guess",
        },
        words: "The initial values, by parameters.",
        written: system.start()?,
    };
    let rates = Section {
        heading: "The equations",
        plain: "d_x is dx/dt",
        words: "The right-hand side f, component by component.",
        written: system.rates()?,
    };
    let algebraic = zeros.map(|written| Section {
        heading: "The algebraic equations",
        plain: "zero_x is zero along every solution",
        words: "They are zero along every solution. Differentiated by t they give the rates of their states, which are among the equations above; what these \
                states begin with are first guesses, from which Newton's method solves the algebraic equations.",
        written,
    });
    let products = Section {
        heading: "The products of the row a with the derivatives of f",
        plain: "by_x is a·∂f/∂x",
        words: "Every gradient method needs these three and no others: the products with the derivatives of f by the state, by the parameters and by time. \
                The row a has one component for each state.",
        written: system.products()?,
    };
    let augmented = Section {
        heading: "The augmented adjoint system, solved from the end of time back to its start",
        plain: "a_x is the costate of x",
        words: "At the end of time a is the derivative of the loss by the state, and the other costates are zero; at a measurement a jumps by the derivative of its \
                loss. At the start of time the costates of the states are the gradient by the initial values, those of parameters the gradient by these.",
        written: system.augmented()?,
    };
    let sections = [
        Some(start),
        Some(rates),
        algebraic,
        Some(products),
        Some(augmented),
    ];
    Ok(sections.into_iter().flatten().collect())
}

pub(super) fn text(
    title: &str,
    sections: &[Section],
    happens: &[String],
    mark: &dyn Fn(&str) -> String,
) -> String {
    let mut out = format!("{}\n", mark(title));
    for section in sections {
        let heading = format!("{}: {}", section.heading, section.plain);
        let _ = writeln!(out, "\n{}\n", mark(&heading));
        let written = &section.written;
        let formulas = written.function.formulas(&written.names, Notation::Text);
        for line in formulas.lines {
            let _ = writeln!(out, "  {} = {}", line.name, line.parts.concat());
        }
        for condition in formulas.conditions {
            let _ = writeln!(out, "  where {condition}");
        }
    }
    if let Some((what, events)) = happens.split_first() {
        let _ = writeln!(out, "\n{}\n\n{what}\n", mark(HEADING));
        for event in events {
            let _ = writeln!(out, "  {event}");
        }
    }
    out
}

pub(super) fn latex(title: &str, sections: &[Section], happens: &[String]) -> String {
    let mut out = String::from(
        "\\documentclass{article}\n\\usepackage[utf8]{inputenc}\n\\usepackage[T1]{fontenc}\n\\usepackage{amsmath,amssymb}\n\\usepackage[margin=2cm]{geometry}\n\\allowdisplaybreaks\n\\begin{document}\n",
    );
    let _ = writeln!(out, "\\section*{{{}}}", latex_text(title));
    for section in sections {
        let _ = writeln!(out, "\n\\subsection*{{{}}}\n", latex_text(section.heading));
        let _ = writeln!(out, "{}\n\\begin{{align*}}", latex_text(section.words));
        let written = &section.written;
        let formulas = written.function.formulas(&written.names, Notation::Latex);
        let lines = formulas.lines.iter().map(|line| {
            let name = left(written, &line.name, Notation::Latex);
            format!("{name} &= {}", line.parts.join(" \\\\\n&\\quad"))
        });
        let conditions = formulas.conditions.iter();
        let conditions = conditions.map(|condition| format!(r"&\text{{where }} {condition}"));
        let all: Vec<String> = lines.chain(conditions).collect();
        let _ = writeln!(out, "{}\n\\end{{align*}}", all.join(" \\\\\n"));
    }
    if let Some((what, events)) = happens.split_first() {
        let _ = writeln!(out, "\n\\subsection*{{{HEADING}}}\n\n{}", latex_text(what));
        out.push_str("\\begin{itemize}\n");
        for event in events {
            let _ = writeln!(out, "\\item {}", latex_text(event));
        }
        out.push_str("\\end{itemize}\n");
    }
    out.push_str("\\end{document}\n");
    out
}

/// Text with the signs that LaTeX gives a meaning.
fn latex_text(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' => out.push_str(r"\textbackslash{}"),
            '~' => out.push_str(r"\textasciitilde{}"),
            '^' => out.push_str(r"\textasciicircum{}"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            // What plain pdfLaTeX has no letters for.
            _ if c > '\u{17f}' && !"–—‘’“”…·".contains(c) => out.push('?'),
            _ => out.push(c),
        }
    }
    out
}

const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
.formulas { overflow-x: auto; margin: 1rem 0; }
.formulas math { font-size: 1.1rem; }
";

pub(super) fn html(title: &str, sections: &[Section], happens: &[String]) -> String {
    let title = html_text(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{}</body>\n</html>\n",
        html_sections(sections, happens, "h2")
    )
}

pub(super) fn html_sections(sections: &[Section], happens: &[String], heading: &str) -> String {
    const RIGHT: &str = "text-align: right; padding: 0.35em 0 0.35em 0.2em";
    const LEFT: &str = "text-align: left; padding: 0.35em 0.2em";
    let mut out = String::new();
    for section in sections {
        let _ = writeln!(out, "<{heading}>{}</{heading}>", html_text(section.heading));
        let _ = writeln!(out, "<p>{}</p>", html_text(section.words));
        out.push_str("<div class=\"formulas\"><math display=\"block\" style=\"text-align: left; width: fit-content; margin: 0\">\n<mtable>\n");
        let written = &section.written;
        let formulas = written.function.formulas(&written.names, Notation::MathMl);
        let mut row = |left: &str, right: &str| {
            let _ = writeln!(
                out,
                "<mtr><mtd style=\"{RIGHT}\">{left}</mtd><mtd style=\"{LEFT}\"><mrow>{right}</mrow></mtd></mtr>"
            );
        };
        for line in &formulas.lines {
            let mut name = left(written, &line.name, Notation::MathMl);
            for (i, part) in line.parts.iter().enumerate() {
                let sign = if i == 0 {
                    "<mo>=</mo>"
                } else {
                    "<mspace width=\"2em\"/>"
                };
                row(&std::mem::take(&mut name), &format!("{sign}{part}"));
            }
        }
        for condition in &formulas.conditions {
            row("", &format!("<mtext>where </mtext>{condition}"));
        }
        out.push_str("</mtable>\n</math></div>\n");
    }
    if let Some((what, events)) = happens.split_first() {
        let _ = writeln!(
            out,
            "<{heading}>{HEADING}</{heading}>\n<p>{}</p>\n<ul>",
            html_text(what)
        );
        for event in events {
            let _ = writeln!(out, "<li>{}</li>", html_text(event));
        }
        out.push_str("</ul>\n");
    }
    out
}

fn html_text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
