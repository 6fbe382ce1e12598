//! What the names of a model mean, and in which order its named parts are computed.

use std::collections::{HashMap, HashSet};

use crate::error::{Error, Place, Result, nearest};
use crate::expression::Formula;
use crate::file::{ModelFile, Placed};

/// The meaning of a name in a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Symbol {
    Time,
    State(usize),
    Parameter(usize),
    Definition(usize),
    Output { network: usize, index: usize },
    Input(usize),
}

impl Symbol {
    fn kind(self) -> &'static str {
        match self {
            Symbol::Time => "time",
            Symbol::State(_) => "state",
            Symbol::Parameter(_) => "parameter",
            Symbol::Definition(_) => "definition",
            Symbol::Output { .. } => "output of a network",
            Symbol::Input(_) => "input",
        }
    }

    /// The named part that has to be computed before this symbol has a value.
    pub(crate) fn part(self) -> Option<Part> {
        match self {
            Symbol::Definition(i) => Some(Part::Definition(i)),
            Symbol::Output { network, .. } => Some(Part::Network(network)),
            _ => None,
        }
    }
}

/// A part of a model that is computed on the way to its equations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Definition(usize),
    Network(usize),
}

/// A formula whose names have a meaning.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub(crate) formula: Formula,
    pub(crate) symbols: Vec<Symbol>,
    /// The comparisons whose answers change along a trajectory, by their nodes: what answers in the equations.
    pub(crate) answers: Vec<(usize, Answer)>,
}

/// What answers a comparison in the equations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Answer {
    /// A switch of [`crate::hybrid`], by its number.
    Switch(usize),
    /// Always the same.
    Always(bool),
}

/// All names of a model.
pub(crate) struct Scope {
    names: HashMap<String, (Symbol, Place)>,
}

impl Scope {
    /// # Errors
    /// If a name is given twice.
    pub(crate) fn new(file: &ModelFile) -> Result<Self> {
        let mut scope = Scope {
            names: HashMap::new(),
        };
        for (i, state) in file.states.iter().enumerate() {
            scope.insert(&state.name, Symbol::State(i))?;
        }
        for (i, parameter) in file.parameters.iter().enumerate() {
            scope.insert(&parameter.name, Symbol::Parameter(i))?;
        }
        for (i, definition) in file.definitions.iter().enumerate() {
            scope.insert(&definition.name, Symbol::Definition(i))?;
        }
        for (i, input) in file.inputs.iter().enumerate() {
            scope.insert(&input.name, Symbol::Input(i))?;
        }
        for (network, block) in file.networks.iter().enumerate() {
            for (index, output) in block.outputs.iter().enumerate() {
                scope.insert(output, Symbol::Output { network, index })?;
            }
        }
        Ok(scope)
    }

    fn insert(&mut self, name: &Placed<String>, symbol: Symbol) -> Result<()> {
        match self
            .names
            .insert(name.value.clone(), (symbol, name.place.clone()))
        {
            None => Ok(()),
            Some((first, place)) => {
                let message = format!(
                    "'{}' is already the name of a {} (line {})",
                    name.value,
                    first.kind(),
                    place.line()
                );
                Err(name.place.error(message).into())
            }
        }
    }

    /// Gives every name of the formula its meaning.
    pub(crate) fn resolve(&self, formula: &Formula) -> Result<Resolved> {
        let symbol = |(i, name): (usize, &str)| match self.names.get(name) {
            _ if name == "t" => Ok(Symbol::Time),
            Some(&(symbol, _)) => Ok(symbol),
            None => Err(formula
                .error_at_name(i, format!("nothing is called '{name}'"))
                .with_help(self.suggestion(name))
                .into()),
        };
        let symbols = formula
            .names()
            .enumerate()
            .map(symbol)
            .collect::<Result<_>>()?;
        Ok(Resolved {
            formula: formula.clone(),
            symbols,
            answers: Vec::new(),
        })
    }

    fn suggestion(&self, name: &str) -> Option<String> {
        let mut known: Vec<&str> = self.names.keys().map(String::as_str).collect();
        known.sort_unstable();
        let near = nearest(name, known)?;
        let (symbol, place) = &self.names[near];
        Some(format!(
            "did you mean '{near}' ({}, line {})?",
            symbol.kind(),
            place.line()
        ))
    }

    /// The index of a state, for tables by state.
    pub(crate) fn state(&self, name: &Placed<String>) -> Result<usize> {
        match self.names.get(&name.value) {
            Some(&(Symbol::State(i), _)) => Ok(i),
            Some((symbol, _)) => Err(name
                .place
                .error(format!(
                    "'{}' is a {}, not a state",
                    name.value,
                    symbol.kind()
                ))
                .into()),
            None => {
                let error = name
                    .place
                    .error(format!("no state is called '{}'", name.value));
                Err(error.with_help(self.suggestion(&name.value)).into())
            }
        }
    }
}

impl Scope {
    /// What an experiment gives another value: a parameter, or a state where it begins.
    pub(crate) fn overridable(&self, name: &Placed<String>) -> Result<Symbol> {
        match self.names.get(&name.value) {
            Some(&(symbol @ (Symbol::State(_) | Symbol::Parameter(_)), _)) => Ok(symbol),
            Some((symbol, _)) => {
                let message = format!(
                    "'{}' is a {}: an experiment gives other values to parameters and to states at the start",
                    name.value,
                    symbol.kind()
                );
                Err(name.place.error(message).into())
            }
            None => {
                let message = format!("no parameter or state is called '{}'", name.value);
                let error = name.place.error(message);
                Err(error.with_help(self.suggestion(&name.value)).into())
            }
        }
    }
}

/// What a value may change with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dependence {
    pub(crate) states: bool,
    pub(crate) time: bool,
    pub(crate) networks: bool,
    pub(crate) inputs: bool,
}

impl Dependence {
    pub(crate) fn with(self, other: Self) -> Self {
        Dependence {
            states: self.states | other.states,
            time: self.time | other.time,
            networks: self.networks | other.networks,
            inputs: self.inputs | other.inputs,
        }
    }

    /// Whether the value changes along a trajectory.
    pub(crate) fn moves(self) -> bool {
        self.states | self.time | self.inputs
    }

    /// Whether the value follows from the time and parameters alone.
    pub(crate) fn is_scheduled(self) -> bool {
        !(self.states | self.inputs | self.networks)
    }
}

/// Definitions and networks, resolved, in an order in which each needs only earlier ones.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) definitions: Vec<Resolved>,
    pub(crate) definition_names: Vec<String>,
    /// The inputs of each network.
    pub(crate) networks: Vec<Vec<Resolved>>,
    pub(crate) order: Vec<Part>,
    definition_depends: Vec<Dependence>,
    network_depends: Vec<Dependence>,
}

impl Parts {
    /// # Errors
    /// If a name is unknown, or if definitions or networks need each other in a circle.
    pub(crate) fn new(file: &ModelFile, scope: &Scope) -> Result<Self> {
        let definitions: Vec<_> = file
            .definitions
            .iter()
            .map(|d| scope.resolve(&d.formula))
            .collect::<Result<_>>()?;
        let inputs = |formulas: &[Formula]| {
            formulas
                .iter()
                .map(|input| scope.resolve(input))
                .collect::<Result<Vec<_>>>()
        };
        let networks: Vec<_> = file
            .networks
            .iter()
            .map(|network| inputs(&network.inputs))
            .collect::<Result<_>>()?;
        let definition_depends = vec![Dependence::default(); definitions.len()];
        let network_depends = vec![Dependence::default(); networks.len()];
        let mut parts = Parts {
            definitions,
            definition_names: file
                .definitions
                .iter()
                .map(|definition| definition.name.value.clone())
                .collect(),
            networks,
            order: Vec::new(),
            definition_depends,
            network_depends,
        };
        parts.sort(file)?;
        for i in 0..parts.order.len() {
            let part = parts.order[i];
            let formulas = parts.formulas(part);
            let depends = formulas
                .iter()
                .map(|f| parts.dependence(f))
                .fold(Dependence::default(), Dependence::with);
            match part {
                Part::Definition(d) => parts.definition_depends[d] = depends,
                Part::Network(n) => {
                    let varies = file.networks[n].depth.as_ref().is_some_and(|d| d.terms > 1);
                    parts.network_depends[n] = Dependence {
                        networks: true,
                        time: depends.time || varies,
                        ..depends
                    }
                }
            }
        }
        Ok(parts)
    }

    /// The value of a formula of parameters alone, at φ.
    pub(crate) fn evaluate(&self, formula: &Resolved, phi: &[f64]) -> f64 {
        let mut definitions = vec![f64::NAN; self.definitions.len()];
        let value = |formula: &Resolved, definitions: &[f64]| {
            formula
                .formula
                .eval::<f64>(|name| match formula.symbols[name] {
                    Symbol::Parameter(i) => phi[i],
                    Symbol::Definition(i) => definitions[i],
                    _ => f64::NAN,
                })
        };
        for part in self.needed([formula]) {
            if let Part::Definition(i) = part {
                definitions[i] = value(&self.definitions[i], &definitions);
            }
        }
        value(formula, &definitions)
    }

    pub(crate) fn formulas(&self, part: Part) -> &[Resolved] {
        match part {
            Part::Definition(i) => std::slice::from_ref(&self.definitions[i]),
            Part::Network(i) => &self.networks[i],
        }
    }

    fn needs(&self, part: Part) -> Vec<Part> {
        self.formulas(part)
            .iter()
            .flat_map(|formula| formula.symbols.iter().filter_map(|symbol| symbol.part()))
            .collect()
    }

    /// Depth first, without recursion: `path` holds the parts entered and not yet left.
    fn sort(&mut self, file: &ModelFile) -> Result<()> {
        let all = (0..self.definitions.len())
            .map(Part::Definition)
            .chain((0..self.networks.len()).map(Part::Network));
        let mut done = HashSet::new();
        for root in all {
            let mut path = if done.contains(&root) {
                Vec::new()
            } else {
                vec![(root, self.needs(root))]
            };
            while let Some((part, needs)) = path.last_mut() {
                match needs.pop() {
                    Some(next) if done.contains(&next) => {}
                    Some(next) => {
                        if let Some(at) = path.iter().position(|&(entered, _)| entered == next) {
                            let circle: Vec<Part> =
                                path[at..].iter().map(|&(part, _)| part).collect();
                            return Err(circular(file, &circle));
                        }
                        path.push((next, self.needs(next)));
                    }
                    None => {
                        self.order.push(*part);
                        done.insert(*part);
                        path.pop();
                    }
                }
            }
        }
        Ok(())
    }

    pub(crate) fn dependence_of(&self, symbol: Symbol) -> Dependence {
        match symbol {
            Symbol::Time => Dependence {
                time: true,
                ..Dependence::default()
            },
            Symbol::State(_) => Dependence {
                states: true,
                ..Dependence::default()
            },
            Symbol::Parameter(_) => Dependence::default(),
            Symbol::Input(_) => Dependence {
                inputs: true,
                ..Dependence::default()
            },
            Symbol::Definition(i) => self.definition_depends[i],
            Symbol::Output { network, .. } => self.network_depends[network],
        }
    }

    pub(crate) fn dependence(&self, formula: &Resolved) -> Dependence {
        formula
            .symbols
            .iter()
            .map(|&symbol| self.dependence_of(symbol))
            .fold(Dependence::default(), Dependence::with)
    }

    /// The parts that these formulas need, in the order of their computation.
    pub(crate) fn needed<'a>(&self, formulas: impl IntoIterator<Item = &'a Resolved>) -> Vec<Part> {
        let mut wanted: HashSet<Part> = formulas
            .into_iter()
            .flat_map(|f| f.symbols.iter().filter_map(|symbol| symbol.part()))
            .collect();
        let mut needed: Vec<Part> = Vec::new();
        for &part in self.order.iter().rev() {
            if wanted.contains(&part) {
                wanted.extend(self.needs(part));
                needed.push(part);
            }
        }
        needed.reverse();
        needed
    }

    /// The formulas of the parts that these need, in the order of their computation, and then these.
    pub(crate) fn with_needed<'a>(&'a self, formulas: &[&'a Resolved]) -> Vec<&'a Resolved> {
        let needed = self.needed(formulas.iter().copied()).into_iter();
        let needed = needed.flat_map(|part| self.formulas(part));
        needed.chain(formulas.iter().copied()).collect()
    }

    pub(crate) fn formulas_mut(&mut self, part: Part) -> &mut [Resolved] {
        match part {
            Part::Definition(i) => std::slice::from_mut(&mut self.definitions[i]),
            Part::Network(i) => &mut self.networks[i],
        }
    }
}

/// `a` needs `b` needs … needs `a`, told at the first of them in the file.
fn circular(file: &ModelFile, circle: &[Part]) -> Error {
    let name = |part: Part| match part {
        Part::Definition(i) => &file.definitions[i].name,
        Part::Network(i) => &file.networks[i].name,
    };
    let first = (0..circle.len())
        .min_by_key(|&i| name(circle[i]).place.span.start)
        .unwrap_or(0);
    let mut names: Vec<&str> = circle[first..]
        .iter()
        .chain(&circle[..first])
        .map(|&part| name(part).value.as_str())
        .collect();
    names.push(names[0]);
    let message = match names.len() {
        2 => format!("'{}' is defined by itself", names[0]),
        _ => format!("definitions go in a circle: {}", names.join(" needs ")),
    };
    name(circle[first]).place.error(message).into()
}
