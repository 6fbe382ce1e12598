//! Where equations jump or bend on the way.

use super::Warning;
use crate::expression::Bend;
use crate::model::Model;
use crate::scope::{Answer, Resolved, Symbol};
use crate::trajectory::Save;
use crate::trouble::Point;

/// A solution is at a bend if it is as near, beside the largest number of the formula: to the solver's error.
const NEAR: f64 = 1e-3;

impl Model {
    /// Where the equations jump without anything that looks for it, and comparisons whose answer is taken for granted.
    ///
    /// ```
    /// use costate_model::Model;
    ///
    /// let text = "[states]\ny = 1.0\n[parameters]\nday = 24.0\n[equations]\ny = \"-floor(t / day) * y\"\n[time]\nstart = 0.0\nend = 48.0";
    /// let jumps = Model::parse(text, "days.toml")?.unseen_jumps();
    /// assert!(jumps[0].to_string().starts_with("days.toml:6: floor(t / day) jumps on the way"), "{}", jumps[0]);
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn unseen_jumps(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for resolved in self.right_hand_sides() {
            let moves = |name: usize| self.parts.dependence_of(resolved.symbols[name]).moves();
            let mut warn = |message| {
                warnings.push(Warning::new(Some(resolved.formula.place()), message));
            };
            for text in resolved.formula.floors(moves) {
                warn(format!(
                    "{text} jumps on the way: its jumps are not located, so steps are small there, and no gradient sees how they move; comparisons, if(a < b, …), and [[events]] are located"
                ));
            }
            for (node, answer) in &resolved.answers {
                if let Answer::Always(answer) = answer {
                    let text = resolved.formula.text_of(*node);
                    warn(format!(
                        "{text} is taken as {answer} throughout: what moves is equal for moments alone; ask which side is smaller, as in if(a < b, …), or abs(a - b) < 0.5 for whole numbers"
                    ));
                }
            }
        }
        warnings
    }

    /// Where the equations bend by a function of states, which nothing looks for: what a gradient loses there.
    pub(super) fn unseen_kinks(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for resolved in self.right_hand_sides() {
            for Bend { text, instead, .. } in self.bends(resolved) {
                let message = format!(
                    "{text} bends on the way: if the solution crosses there, gradients are off by more than the tolerances; {instead} is located, and exact"
                );
                warnings.push(Warning::new(Some(resolved.formula.place()), message));
            }
        }
        warnings
    }

    fn bends(&self, resolved: &Resolved) -> Vec<Bend> {
        let symbol = |name: usize| resolved.symbols[name];
        let moves = |name: usize| self.parts.dependence_of(symbol(name)).states;
        let is_state = |name: usize| matches!(symbol(name), Symbol::State(_));
        resolved.formula.bends(moves, is_state)
    }

    /// What bends in the equation of state `state` where the solution is at `t`, and what to write in its place: `None` where nothing there is close to its bend.
    ///
    /// ```
    /// use costate_model::Model;
    ///
    /// let text = "[states]\nx = 1.0\ny = 1.0\n[definitions]\nlack = \"max(0.5 - x, 0.0)\"\n[equations]\nx = \"-x\"\ny = \"lack - abs(y + 3)\"\n[time]\nstart = 0.0\nend = 2.0";
    /// let model = Model::parse(text, "lack.toml")?;
    /// let bend = model.bend_at(1, 2.0_f64.ln()).expect("x is 0.5 there");
    /// assert_eq!(bend.to_string(), "lack.toml:5: max(0.5 - x, 0.0) bends there; if(0.5 - x > 0.0, 0.5 - x, 0.0) is located, and exact");
    /// assert_eq!(model.bend_at(1, 0.2), None);
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn bend_at(&self, state: usize, t: f64) -> Option<Warning> {
        let solution = self.solve(&Save::At(vec![t])).ok()?;
        let equation = &self.states[state].equation;
        let point = Point::new(self, &[equation], solution.row(0), t)?;
        let behind = self.parts.with_needed(&[equation]).into_iter();
        let all = behind.flat_map(|resolved| {
            let bends = self.bends(resolved).into_iter();
            bends.map(move |bend| (resolved, bend))
        });
        let away = all.map(|(resolved, bend)| {
            let name = |name: usize| point.symbol(resolved.symbols[name]);
            (resolved.formula.distance(&bend, name), resolved, bend)
        });
        let nearest = away.min_by(|a, b| a.0.total_cmp(&b.0));
        let (_, resolved, Bend { text, instead, .. }) =
            nearest.filter(|(away, ..)| *away < NEAR)?;
        let message = format!("{text} bends there; {instead} is located, and exact");
        Some(Warning::new(Some(resolved.formula.place()), message))
    }

    /// The equations, behind all that they are computed from.
    fn right_hand_sides(&self) -> Vec<&Resolved> {
        let equations: Vec<&Resolved> = self.states.iter().map(|state| &state.equation).collect();
        self.parts.with_needed(&equations)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{MODEL, warnings, warnings_without_data};
    use crate::model::Model;

    #[test]
    fn an_equality_of_what_moves_is_warned_of() {
        let told = |equation: &str| {
            let text = MODEL.replace("-a * x\"", &format!("{equation}\""));
            let jumps = Model::parse(&text, "m.toml").unwrap().unseen_jumps();
            jumps.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let told_of = told("-a * if(x == 1, y, 2)");
        assert!(
            told_of.len() == 1
                && told_of[0].starts_with("m.toml:10: x == 1 is taken as false throughout")
        );
        assert!(told("-a * (x != y)")[0].contains("(x != y) is taken as true throughout"));
        assert!(told("-a * if(b == 2, y, 2) * (x < y)").is_empty());
    }

    #[test]
    fn functions_that_bend_are_warned_of_with_what_is_located_in_their_place() {
        let data = "[data]\nfile = \"d.csv\"\ntime = \"t\"\n";
        let told = |equation: &str| {
            let text = MODEL.replace("-a * x\"", &format!("{equation}\""));
            let text = format!("{text}y = {{ is = \"y\" }}\n{data}");
            let mut told = warnings(&text, "t,x,y\n1,0.4,1\n");
            told.retain(|text| text.contains("bends"));
            told
        };
        for (equation, bend, instead) in [
            (
                "-a * abs(x - y)",
                "abs(x - y)",
                "if(x - y > 0, x - y, -(x - y))",
            ),
            ("-a * abs(x) * y", "abs(x)", "if(x > 0, x, -x)"),
            (
                "-a * max(x - b, 0)",
                "max(x - b, 0)",
                "if(x - b > 0, x - b, 0)",
            ),
            ("-a * max(x, 0.5)", "max(x, 0.5)", "if(x > 0.5, x, 0.5)"),
            (
                "-a * min(x, y * t)",
                "min(x, y * t)",
                "if(x < y * t, x, y * t)",
            ),
            ("-relu(x - 1)", "relu(x - 1)", "if(x - 1 > 0, x - 1, 0)"),
        ] {
            let told = told(equation);
            let expected = format!("m.toml:10: {bend} bends on the way: ");
            assert!(
                told.len() == 1
                    && told[0].starts_with(&expected)
                    && told[0].contains(&format!("; {instead} is located")),
                "{equation}: {told:?}"
            );
        }
        // Guards, what is known beforehand, and what has a slope everywhere.
        for equation in [
            "-a * max(x, 0)",
            "-a * sqrt(max(1e-9, x))",
            "-relu(x)",
            "-x * abs(sin(a * t))",
            "-a * x * abs(x) / b",
            "-abs(x - y) * b * (x - y)",
            "-if(x > 1, a * x, 1)",
        ] {
            assert_eq!(told(equation), [""; 0], "{equation}");
        }
        let text = MODEL.replace("-a * x\"", "-a * abs(x + y)\"");
        assert_eq!(warnings_without_data(&text), [""; 0]);
    }
}
