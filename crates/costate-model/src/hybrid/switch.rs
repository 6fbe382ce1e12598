//! Comparisons of the equations whose answers change along a trajectory.

use crate::expression::Compared;
use crate::scope::{Answer, Dependence, Parts, Resolved};

/// One comparison. Between two changes of its answer the equations are smooth.
#[derive(Clone, Debug)]
pub(crate) struct Switch {
    pub(crate) formula: Resolved,
    pub(crate) node: usize,
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
    for Compared {
        node,
        names,
        always,
        text,
    } in compared
    {
        if let Some(always) = always {
            answers.push((node, Answer::Always(always)));
            continue;
        }
        let all = names.iter().map(|&name| depends(name));
        let all = all.fold(Dependence::default(), Dependence::with);
        let is_time = |name: usize| formula.symbols[name] == crate::scope::Symbol::Time;
        answers.push((node, Answer::Switch(switches.len())));
        switches.push(Switch {
            formula: formula.clone(),
            node,
            is_scheduled: all.is_scheduled(),
            // A definition that moves may be of any degree.
            is_affine: names.iter().all(|&name| is_time(name))
                && formula.formula.is_affine(node, is_time),
            text,
        });
    }
    formula.answers = answers;
}
