//! `[[events]]`: what happens on the way.

use crate::error::{Place, Result};
use crate::expression::Formula;
use crate::file::read::{Entry, Keys, Placed, Section};
use crate::file::{Named, named};

#[derive(Clone, Debug)]
pub(crate) struct EventBlock {
    pub(crate) when: WhenBlock,
    pub(crate) set: Vec<Named>,
    pub(crate) add: Vec<Named>,
    /// How long what is added is infused.
    pub(crate) over: Option<Formula>,
    pub(crate) terminal: bool,
    /// The experiments in which it happens; all of them if none are named.
    pub(crate) experiments: Option<Vec<Placed<String>>>,
    pub(crate) place: Place,
}

#[derive(Clone, Debug)]
pub(crate) enum WhenBlock {
    /// Where the formula crosses zero: only rising, only falling, or either.
    Zero(Formula, Option<bool>),
    At(Vec<Formula>),
    Every {
        every: Formula,
        count: usize,
        start: Option<Formula>,
    },
}

const EVENT: Keys = &[
    "when",
    "direction",
    "at",
    "set",
    "add",
    "over",
    "terminal",
    "experiments",
];
const EVERY: Keys = &["every", "count", "start"];
/// More events of one kind than anyone means.
const MOST: u64 = 100_000;

pub(in crate::file) fn events(tables: &[Section<'_>]) -> Result<Vec<EventBlock>> {
    tables.iter().map(event).collect()
}

fn event(table: &Section<'_>) -> Result<EventBlock> {
    if let Some(entry) = EVERY.iter().find_map(|key| table.get(key)) {
        let help = "for example: at = { every = 24.0, count = 7, start = 0.0 }";
        return Err(entry
            .at_key(format!("'{}' stands within 'at'", entry.key))
            .with_help(Some(help.into()))
            .into());
    }
    table.check(EVENT)?;
    let direction = [
        ("rising", Some(true)),
        ("falling", Some(false)),
        ("any", None),
    ];
    let way = table.get("direction");
    let rising = way.as_ref().map(|entry| entry.choice(&direction));
    let rising = rising.transpose()?.flatten();
    let when = match (table.get("when"), table.get("at")) {
        (Some(when), None) => {
            let formula = when.formula()?;
            if let Some([smaller, larger]) = formula.compared() {
                let is_one = smaller
                    .chars()
                    .all(|c| c.is_alphanumeric() || "._".contains(c));
                let smaller = match is_one {
                    true => smaller,
                    false => format!("({smaller})"),
                };
                let help = format!(
                    "where it becomes true: when = \"{larger} - {smaller}\", with direction = \"rising\""
                );
                let message =
                    "an event happens where 'when' crosses zero, and a comparison does not";
                return Err(when.error(message).with_help(Some(help)).into());
            }
            WhenBlock::Zero(formula, rising)
        }
        (None, Some(at)) => match way {
            Some(way) => {
                return Err(way
                    .at_key("only an event with 'when' has a direction")
                    .into());
            }
            None => at_times(&at)?,
        },
        (Some(_), Some(at)) => {
            return Err(at
                .at_key("an event has either 'when', a zero that is looked for, or 'at', times that are known")
                .into());
        }
        (None, None) => {
            return Err(table
                .error("an event needs 'when' or 'at'")
                .with_help(Some(
                    "for example: when = \"hare - 100\", or at = [2.0, \"t_dose\"]".into(),
                ))
                .into());
        }
    };
    let changes = |key: &str| match table.get(key) {
        Some(entry) => named(&entry.section()?),
        None => Ok(Vec::new()),
    };
    let block = EventBlock {
        when,
        set: changes("set")?,
        add: changes("add")?,
        over: table.get("over").map(|entry| entry.formula()).transpose()?,
        terminal: match table.get("terminal") {
            Some(entry) => entry.truth()?,
            None => false,
        },
        experiments: table
            .get("experiments")
            .map(|entry| entry.texts())
            .transpose()?,
        place: table.place(),
    };
    if let Some(entry) = table.get("over") {
        let wrong = match block.when {
            WhenBlock::Zero(..) => Some("an infusion begins at a known time: 'over' needs 'at'"),
            _ if block.add.is_empty() => Some("'over' is how long 'add' takes: give 'add' too"),
            _ => None,
        };
        if let Some(message) = wrong {
            return Err(entry.at_key(message).into());
        }
    }
    Ok(block)
}

fn at_times(at: &Entry<'_>) -> Result<WhenBlock> {
    if at.is_table() {
        let table = at.section()?;
        table.check(EVERY)?;
        let count = table.required("count")?;
        let many = count.count(1)?.value;
        if many > MOST {
            return Err(count
                .error(format!("{many} events are too many; the most is {MOST}"))
                .into());
        }
        return Ok(WhenBlock::Every {
            every: table.required("every")?.formula()?,
            count: many as usize,
            start: table
                .get("start")
                .map(|entry| entry.formula())
                .transpose()?,
        });
    }
    Ok(WhenBlock::At(match at.is_list() {
        true => at.formulas_or_numbers()?,
        false => vec![at.formula()?],
    }))
}
