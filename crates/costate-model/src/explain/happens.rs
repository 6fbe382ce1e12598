//! What happens on the way, in words: the events of the file, and comparisons that turn.

use crate::hybrid::{Event, When};
use crate::model::Model;
use crate::scope::Resolved;

pub(super) const HEADING: &str = "What happens on the way";

/// What the derivation leaves out, and then each event and each comparison; nothing where there are none.
pub(super) fn lines(model: &Model) -> Vec<String> {
    let some = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        many => Some(format!("{many} {what}s")),
    };
    let events = some(model.events.len(), "event");
    // Both ends of a pulse are written as one.
    let mut written: Vec<&str> = Vec::new();
    for switch in &model.switches {
        if !written.contains(&switch.text.as_str()) {
            written.push(&switch.text);
        }
    }
    let turns = some(written.len(), "comparison").map(|count| {
        format!(
            "{count} whose answer{} on the way",
            match written.len() {
                1 => " turns",
                _ => "s turn",
            }
        )
    });
    let all: Vec<String> = events.into_iter().chain(turns).collect();
    if all.is_empty() {
        return all;
    }
    let left_out = format!(
        "The model has {}. The formulas are those between such times: what an event does to the states, the jump of the costates there, and what the gradient owes to \
         the times themselves are no part of this derivation. The book derives them in the chapter 'Gradients through events'.",
        all.join(" and ")
    );
    let events = model.events.iter().enumerate();
    let events =
        events.map(|(i, event)| format!("{}: {}", model.event_name(i), told(model, event)));
    let turns = written.iter().map(|text| format!("a comparison: {text}"));
    [left_out].into_iter().chain(events).chain(turns).collect()
}

fn told(model: &Model, event: &Event) -> String {
    let written = |formula: &Resolved| formula.formula.written();
    let when = match &event.when {
        When::Zero(formula, way) => {
            let way = match way {
                Some(true) => " rises through",
                Some(false) => " falls through",
                None => " crosses",
            };
            format!("where {}{way} 0", written(formula))
        }
        When::At(times) => {
            let times: Vec<String> = times.iter().map(written).collect();
            format!("at t = {}", times.join(", "))
        }
        When::Every {
            every,
            count,
            start,
        } => {
            let start = start.as_ref().map_or("the start of time".into(), written);
            format!("{count} times, every {} from {start} on", written(every))
        }
    };
    let name = |state: usize| &model.states[state].name;
    let set = event.set.iter();
    let set = set.map(|(state, to)| format!("{} is set to {}", name(*state), written(to)));
    let over = event.over.as_ref();
    let over = over.map_or(String::new(), |over| {
        format!(" at a constant rate over {}", written(over))
    });
    let add = event.add.iter();
    let add = add.map(|(state, by)| format!("{} is added to {}{over}", written(by), name(*state)));
    let end = event.terminal.then(|| "the solution ends".to_owned());
    let mut changes: Vec<String> = set.chain(add).chain(end).collect();
    if changes.is_empty() {
        changes.push("nothing changes".into());
    }
    let within = event.experiments.as_ref().map_or(String::new(), |names| {
        format!(" (in {} alone)", names.join(", "))
    });
    format!("{when}, {}{within}", changes.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_lists_the_events_and_says_that_the_formulas_leave_them_out() {
        let text = "[states]\nx = 1.0\ny = 0.0\n[parameters]\nk = 0.5\ndose = 2.0\n[equations]\nx = \"-k * x\"\ny = \"k * x * if(t > 1 + k, 1, 2)\"\n\
            [[events]]\nwhen = \"x - 0.5\"\ndirection = \"falling\"\nset = { x = \"2 * x\" }\n\
            [[events]]\nat = { every = 8.0, count = 3, start = \"k\" }\nadd = { y = \"dose\" }\nover = 0.25\n\
            [[events]]\nat = [5.0]\nterminal = true\n[time]\nstart = 0.0\nend = 30.0\n";
        let explanation = Model::parse(text, "m.toml").unwrap().explain().unwrap();
        let told = [
            "The model has 3 events and 1 comparison whose answer turns on the way. The formulas are those between such times",
            "event 1 (line 10): where x - 0.5 falls through 0, x is set to 2 * x",
            "event 2 (line 14): 3 times, every 8 from k on, dose is added to y at a constant rate over 0.25",
            "event 3 (line 18): at t = 5, the solution ends",
            "a comparison: t > 1 + k",
        ];
        let forms = [
            explanation.text(&str::to_owned),
            explanation.latex(),
            explanation.html(),
            explanation.html_sections(),
            explanation.dot(),
            explanation.rust().unwrap(),
        ];
        for form in forms {
            let form = form.replace("&gt;", ">");
            for line in told {
                assert!(form.contains(line), "no '{line}' in\n{form}");
            }
        }
        let pulse = text.replace("if(t > 1 + k, 1, 2)", "pulse(t, 1, 2)");
        let pulse = Model::parse(&pulse, "m.toml").unwrap().explain().unwrap();
        let pulse = pulse.text(&str::to_owned);
        assert!(pulse.contains("3 events and 1 comparison whose"), "{pulse}");
        assert_eq!(pulse.matches("a comparison: pulse(t, 1, 2)").count(), 1);
        let plain = text.split("[[events]]").next().unwrap();
        let plain = plain.replace("if(t > 1 + k, 1, 2)", "1") + "[time]\nstart = 0.0\nend = 30.0\n";
        let plain = Model::parse(&plain, "m.toml").unwrap().explain().unwrap();
        assert!(!plain.text(&str::to_owned).contains("event"));
    }
}
