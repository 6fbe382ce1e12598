//! Comparisons of the equations whose answers change along a trajectory.

use crate::expression::Compared;
use crate::scope::{Answer, Dependence, Parts, Resolved, Symbol};

/// One comparison. Between two changes of its answer the equations are smooth.
#[derive(Clone, Debug)]
pub(crate) struct Switch {
    /// The comparison alone.
    pub(crate) formula: Resolved,
    /// Whether it involves only the time and parameters, so that its times are known beforehand.
    pub(crate) is_scheduled: bool,
    /// Whether its margin is of first degree in t: it has one time at most.
    pub(crate) is_affine: bool,
    /// As it is written.
    pub(crate) text: String,
}

/// Finds the moving comparisons of the equations and of what they need, and gives each what answers it.
pub(crate) fn switches(parts: &mut Parts, equations: &mut [&mut Resolved]) -> Vec<Switch> {
    let needed = parts.needed(equations.iter().map(|equation| &**equation));
    let mut switches = Vec::new();
    for part in needed {
        for i in 0..parts.formulas(part).len() {
            let mut formula = parts.formulas(part)[i].clone();
            answer(parts, &mut formula, &mut switches);
            parts.formulas_mut(part)[i] = formula;
        }
    }
    for equation in equations {
        answer(parts, equation, &mut switches);
    }
    switches
}

fn answer(parts: &Parts, formula: &mut Resolved, switches: &mut Vec<Switch>) {
    let depends = |name: usize| parts.dependence_of(formula.symbols[name]);
    let compared = formula.formula.comparisons(|name| depends(name).moves());
    let mut answers = Vec::new();
    for Compared { node, always, text } in compared {
        if let Some(always) = always {
            answers.push((node, Answer::Always(always)));
            continue;
        }
        let (part, names) = formula.formula.part(node);
        let symbols: Vec<Symbol> = names.iter().map(|&name| formula.symbols[name]).collect();
        let moving = |symbol: &&Symbol| parts.dependence_of(**symbol).moves();
        let all = symbols.iter().filter(moving);
        let all = all.map(|&symbol| parts.dependence_of(symbol));
        let all = all.fold(Dependence::default(), Dependence::with);
        answers.push((node, Answer::Switch(switches.len())));
        switches.push(Switch {
            is_scheduled: all.is_scheduled(),
            // A definition that moves may be of any degree.
            is_affine: symbols.iter().filter(moving).all(|s| *s == Symbol::Time)
                && part.is_affine(|name| symbols[name] == Symbol::Time),
            formula: Resolved {
                formula: part,
                symbols,
                answers: Vec::new(),
            },
            text,
        });
    }
    formula.answers = answers;
}
