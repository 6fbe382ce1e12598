//! Every solver of the library, by family.

use crate::text::Table;
use costate_neural_ode::gradient;
use costate_ode::{Family, Method, Options};

/// A family's heading, and when it is recommended and when not.
fn words(family: Family) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match family {
        Family::Explicit(_) => (
            "Explicit Runge–Kutta",
            "Whatever is not stiff. `tsit5` if in doubt.",
            "Stiff problems: no tolerance makes their steps longer.",
        ),
        Family::Dirk(_) => (
            "Diagonally implicit Runge–Kutta",
            "Stiff problems whose Jacobian is dear: it is kept over several steps. The KenCarp methods also take a split field, one part explicitly.",
            "Small stiff problems with a cheap Jacobian: Rosenbrock methods take less work.",
        ),
        Family::Gauss(_) => (
            "Gauss collocation",
            "Mechanics over long times: symplectic and symmetric, with constant steps.",
            "Stiff parts that must die out: they are kept, ringing.",
        ),
        Family::Rosenbrock(_) => (
            "Rosenbrock",
            "Stiff problems of up to some hundred components, mass matrices; the first thing to try.",
            "Jacobians that are dear or inexact: it is evaluated in every step and its errors count.",
        ),
        Family::Radau => (
            "Radau IIA",
            "Very stiff and differential-algebraic problems at tight tolerances.",
            "Loose tolerances on small problems: its linear algebra is the largest of all.",
        ),
        Family::Bdf => (
            "Backward differentiation",
            "Large stiff problems, one evaluation of f a step.",
            "Oscillating stiff parts; frequent events, which start it anew at order 1; discrete gradients, which it has none of.",
        ),
        Family::Adams => (
            "Adams",
            "Smooth problems at tight tolerances whose f is dear.",
            "Frequent events; discrete gradients, which it has none of.",
        ),
        Family::Auto => (
            "Switching",
            "When you do not know, or when it changes on the way.",
            "When you know: the method itself spares the watching.",
        ),
        Family::Rock(_) => (
            "Stabilised explicit",
            "Diffusion on fine grids, where linear algebra is dear: as many stages as stability needs, no matrices.",
            "Oscillations, very stiff reactions, tight tolerances.",
        ),
        Family::Symplectic(_) => (
            "Symplectic",
            "q″ = force(q) over long times with constant steps: the energy error does not grow.",
            "Friction, adaptive steps, anything that is no pair of positions and momenta.",
        ),
        _ => return None,
    })
}

/// Which gradient methods go through a solver, found by asking for them.
pub(super) fn gradients_through(method: Method) -> Vec<&'static str> {
    let options = if method.adaptive {
        Options::tolerances(1e-6, 1e-6)
    } else {
        Options::constant_step(0.01)
    };
    let field = || costate_neural_ode::Native::<_, f64, 2, 1>::new(Pair);
    let made = |name: &str| {
        gradient::by_name(name, field(), &vec![0.0; 2], method, options.clone()).is_ok()
    };
    let names = gradient::METHODS.iter().map(|about| about.name);
    names.filter(|name| made(name)).collect()
}

/// q′ = p, p′ = −θ q: a field for every family.
struct Pair;

impl costate_neural_ode::RightHandSide<2, 1> for Pair {
    fn eval<S: costate_tape::Scalar>(&self, [q, p]: [S; 2], _t: S, [theta]: [S; 1]) -> [S; 2] {
        [p, -(theta * q)]
    }
}

/// One table for each family.
pub(super) fn tables() -> String {
    let mut text = String::new();
    let mut family = None;
    let mut table: Option<Table> = None;
    for method in Method::all() {
        let kind = std::mem::discriminant(&method.family());
        if family != Some(kind) {
            text += &table.take().map(Table::markdown).unwrap_or_default();
            let (heading, when, when_not) = words(method.family()).expect("a family with words");
            text += &format!(
                "\n### {heading}\n\n**Recommended**: {when}  \n**Not recommended**: {when_not}\n\n"
            );
            let headings = [
                "method",
                "order",
                "steps",
                "gradients",
                "take it for",
                "source",
            ];
            (family, table) = (Some(kind), Some(Table::words(&headings)));
        }
        let order = if method.variable_order {
            format!("1 to {}", method.order)
        } else {
            method.order.to_string()
        };
        let gradients = match gradients_through(method).len() {
            0 => "none",
            n if n == gradient::METHODS.len() => "all",
            _ => "`discrete`",
        };
        let table = table.as_mut().expect("its family has one");
        table.row(&[
            format!("`{}`", method.name),
            order,
            if method.adaptive {
                "chosen"
            } else {
                "constant"
            }
            .to_owned(),
            gradients.to_owned(),
            method.when.to_owned(),
            method.reference.replace('[', "\\[").replace(']', "\\]"),
        ]);
    }
    text + &table.map(Table::markdown).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_solver_stands_in_the_tables_with_both_words_for_its_family() {
        let tables = tables();
        for method in Method::all() {
            assert!(
                tables.contains(&format!("| `{}` |", method.name)),
                "{}",
                method.name
            );
        }
        let families = tables.matches("### ").count();
        assert_eq!(tables.matches("**Recommended**").count(), families);
        assert_eq!(tables.matches("**Not recommended**").count(), families);
    }

    #[test]
    fn multistep_methods_have_no_discrete_gradient() {
        for name in ["bdf", "adams"] {
            let through = gradients_through(Method::by_name(name).unwrap());
            assert!(!through.contains(&"discrete"), "{name}: {through:?}");
        }
        let tsit5 = gradients_through(Method::by_name("tsit5").unwrap());
        assert_eq!(tsit5.len(), gradient::METHODS.len());
    }
}
