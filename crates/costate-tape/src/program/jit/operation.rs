//! Instructions of the interpreter as operations that a processor has, on values that are made once.

use std::collections::{HashMap, HashSet};

use super::assembler::{Arithmetic, Bits, Comparison};
use super::{Port, Ports};
use crate::kernel::elementary::Constants;
use crate::kernel::straight::{Code, Instruction};
use crate::op::{Binary, Unary};

/// A value by its number.
pub(super) type Value = usize;

/// What operations need beside the numbers of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Constant {
    Zero,
    One,
    /// Only the sign bit set.
    Sign,
    /// All but the sign bit set.
    Magnitude,
}

impl Constant {
    /// As a number of eight bytes or of four.
    pub(super) fn bytes(self, double: bool) -> Vec<u8> {
        let (eight, four) = match self {
            Constant::Zero => (0.0, 0.0),
            Constant::One => (1.0, 1.0),
            Constant::Sign => (f64::SIGN, f32::SIGN),
            Constant::Magnitude => (f64::MAGNITUDE, f32::MAGNITUDE),
        };
        if double {
            eight.to_le_bytes().into()
        } else {
            four.to_le_bytes().into()
        }
    }
}

/// Where a value can be read from memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// A number of a port.
    Port(Port, usize),
    /// The same number in every lane.
    Constant(Constant),
}

/// Where a value is before it is in a register.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    Memory(Home),
    /// An operation makes it; its place in the file is free for it as long as it is wanted.
    Made(Option<u32>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    Arithmetic(Arithmetic, [Value; 2], Value),
    Bits(Bits, [Value; 2], Value),
    /// The third where the first compares so with the second, else the fourth.
    Select(Comparison, [Value; 4], Value),
    /// The one rule of an operation.
    Unary(Unary, [Value; 1], Value),
    Binary(Binary, [Value; 2], Value),
    Store(Value, Port, usize),
    /// Two numbers side by side.
    StorePair([Value; 2], Port, usize),
}

impl Operation {
    pub(super) fn reads(&self) -> &[Value] {
        match self {
            Operation::Arithmetic(_, from, _)
            | Operation::Bits(_, from, _)
            | Operation::Binary(_, from, _)
            | Operation::StorePair(from, ..) => from,
            Operation::Select(_, from, _) => from,
            Operation::Unary(_, from, _) => from,
            Operation::Store(from, ..) => std::slice::from_ref(from),
        }
    }
}

fn comparison(op: Binary) -> Option<Comparison> {
    Some(match op {
        Binary::Lt => Comparison::Less,
        Binary::Le => Comparison::LessOrEqual,
        Binary::Gt => Comparison::Greater,
        Binary::Ge => Comparison::GreaterOrEqual,
        Binary::Eq => Comparison::Equal,
        Binary::Ne => Comparison::NotEqual,
        _ => return None,
    })
}

/// A list as operations.
pub(super) struct Selection<'a> {
    ports: &'a Ports,
    pub(super) values: Vec<Origin>,
    pub(super) operations: Vec<Operation>,
    /// What is at each place by now.
    places: HashMap<u32, Value>,
    constants: HashMap<Constant, Value>,
}

impl<'a> Selection<'a> {
    pub(super) fn new(list: &[Instruction], ports: &'a Ports, pairs: bool) -> Self {
        let mut selection = Selection {
            ports,
            values: Vec::new(),
            operations: Vec::new(),
            places: HashMap::new(),
            constants: HashMap::new(),
        };
        selection.list(list, pairs);
        selection
    }

    fn list(&mut self, list: &[Instruction], pairs: bool) {
        let mut last = HashMap::new();
        for (i, instruction) in list.iter().enumerate() {
            last.insert(instruction.to, i);
        }
        let mut wanted: HashMap<u32, Vec<(Port, usize)>> = HashMap::new();
        for &(at, port, number) in &self.ports.writes {
            wanted.entry(at).or_default().push((port, number));
        }
        let mut stores = Stores::new(self.ports, pairs);
        // A value is stored as soon as it is known, which frees its register; what no instruction makes, at the end.
        for (i, instruction) in list.iter().enumerate() {
            let value = self.instruction(instruction);
            if last[&instruction.to] == i {
                for (port, number) in wanted.remove(&instruction.to).unwrap_or_default() {
                    self.operations.extend(stores.store(value, port, number));
                }
            }
        }
        let mut rest: Vec<_> = wanted.into_iter().collect();
        rest.sort_unstable_by_key(|&(at, _)| at);
        for (at, to) in rest {
            let value = self.at(at);
            for (port, number) in to {
                self.operations.extend(stores.store(value, port, number));
            }
        }
    }

    /// The value at a place.
    fn at(&mut self, place: u32) -> Value {
        if let Some(&value) = self.places.get(&place) {
            return value;
        }
        let (port, number) = self.ports.read(place);
        let value = self.value(Origin::Memory(Home::Port(port, number)));
        self.places.insert(place, value);
        value
    }

    fn value(&mut self, origin: Origin) -> Value {
        self.values.push(origin);
        self.values.len() - 1
    }

    fn constant(&mut self, constant: Constant) -> Value {
        if let Some(&value) = self.constants.get(&constant) {
            return value;
        }
        let value = self.value(Origin::Memory(Home::Constant(constant)));
        self.constants.insert(constant, value);
        value
    }

    fn made(&mut self, to: Option<u32>, operation: impl FnOnce(Value) -> Operation) -> Value {
        let value = self.value(Origin::Made(to));
        self.operations.push(operation(value));
        if let Some(to) = to {
            self.places.insert(to, value);
        }
        value
    }

    fn arithmetic(&mut self, op: Arithmetic, from: [Value; 2], to: Option<u32>) -> Value {
        self.made(to, |value| Operation::Arithmetic(op, from, value))
    }

    fn bits(&mut self, op: Bits, from: [Value; 2], to: Option<u32>) -> Value {
        self.made(to, |value| Operation::Bits(op, from, value))
    }

    fn select(&mut self, comparison: Comparison, from: [Value; 4], to: Option<u32>) -> Value {
        self.made(to, |value| Operation::Select(comparison, from, value))
    }

    /// The value that an instruction makes.
    fn instruction(&mut self, instruction: &Instruction) -> Value {
        use Arithmetic::{Add, Div, Mul, Sub};
        let Instruction { code, to, from } = *instruction;
        let to = Some(to);
        let a = self.at(from[0]);
        match code {
            Code::Unary(op) => return self.unary(op, a, to),
            Code::Neg => return self.unary(Unary::Neg, a, to),
            Code::Square => return self.arithmetic(Mul, [a, a], to),
            _ => {}
        }
        let b = self.at(from[1]);
        let (first, second) = match code {
            Code::Add => return self.arithmetic(Add, [a, b], to),
            Code::Sub => return self.arithmetic(Sub, [a, b], to),
            Code::Mul => return self.arithmetic(Mul, [a, b], to),
            Code::Div => return self.arithmetic(Div, [a, b], to),
            Code::Binary(op) => return self.binary(op, [a, b], to),
            Code::Select => {
                let (c, zero) = (self.at(from[2]), self.constant(Constant::Zero));
                return self.select(Comparison::NotEqual, [a, zero, b, c], to);
            }
            Code::MulAdd => (Mul, Add),
            Code::MulSub | Code::SubMul => (Mul, Sub),
            Code::MulMul => (Mul, Mul),
            Code::MulDiv => (Mul, Div),
            Code::DivMul => (Div, Mul),
            Code::SumMul => (Add, Mul),
            Code::DiffMul => (Sub, Mul),
            Code::Neg | Code::Square | Code::Unary(_) => unreachable!("matched above"),
        };
        let c = self.at(from[2]);
        let between = self.arithmetic(first, [a, b], None);
        let operands = if code == Code::SubMul {
            [c, between]
        } else {
            [between, c]
        };
        self.arithmetic(second, operands, to)
    }

    /// As [`registers`](crate::kernel::registers) does, where registers have a way.
    fn unary(&mut self, op: Unary, x: Value, to: Option<u32>) -> Value {
        match op {
            Unary::Identity => self.bits(Bits::Or, [x, x], to),
            Unary::Neg => {
                let sign = self.constant(Constant::Sign);
                self.bits(Bits::Xor, [x, sign], to)
            }
            Unary::Abs => {
                let magnitude = self.constant(Constant::Magnitude);
                self.bits(Bits::And, [x, magnitude], to)
            }
            Unary::Sqrt => self.arithmetic(Arithmetic::Sqrt, [x, x], to),
            Unary::Sign => {
                let [zero, one, sign] =
                    [Constant::Zero, Constant::One, Constant::Sign].map(|x| self.constant(x));
                let sign = self.bits(Bits::And, [x, sign], None);
                let unit = self.bits(Bits::Or, [sign, one], None);
                let unit = self.select(Comparison::Equal, [x, zero, x, unit], None);
                self.select(Comparison::Equal, [x, x, unit, x], to)
            }
            Unary::Relu => {
                let zero = self.constant(Constant::Zero);
                let larger = self.arithmetic(Arithmetic::Max, [zero, x], None);
                self.arithmetic(Arithmetic::Add, [larger, zero], to)
            }
            _ => self.made(to, |value| Operation::Unary(op, [x], value)),
        }
    }

    fn binary(&mut self, op: Binary, [a, b]: [Value; 2], to: Option<u32>) -> Value {
        if let Some(comparison) = comparison(op) {
            let [one, zero] = [Constant::One, Constant::Zero].map(|x| self.constant(x));
            return self.select(comparison, [a, b, one, zero], to);
        }
        // At a tie the first; a NaN of either is the result.
        let first = match op {
            Binary::Min => Comparison::LessOrEqual,
            Binary::Max => Comparison::GreaterOrEqual,
            _ => return self.made(to, |value| Operation::Binary(op, [a, b], value)),
        };
        let other = self.select(Comparison::Equal, [a, a, b, a], None);
        self.select(first, [a, b, a, other], to)
    }
}

/// Puts together what leaves: two numbers that lie side by side in an output leave in one piece. Who calls is likely to read them so,
/// and would wait long for pieces that left one by one.
struct Stores {
    /// Those that another one is to be written with.
    pairs: HashSet<(Port, usize)>,
    /// Those whose value is known, and not yet that of the other.
    waiting: HashMap<(Port, usize), Value>,
}

impl Stores {
    fn new(ports: &Ports, pairs: bool) -> Self {
        let given = |&(_, port, number): &(u32, Port, usize)| {
            (pairs && matches!(port, Port::Given(_))).then_some((port, number))
        };
        let written: HashSet<_> = ports.writes.iter().filter_map(given).collect();
        let paired = |&&(port, number): &&(Port, usize)| written.contains(&(port, number ^ 1));
        Stores {
            pairs: written.iter().filter(paired).copied().collect(),
            waiting: HashMap::new(),
        }
    }

    fn store(&mut self, value: Value, port: Port, number: usize) -> Option<Operation> {
        if !self.pairs.contains(&(port, number)) {
            return Some(Operation::Store(value, port, number));
        }
        let Some(other) = self.waiting.remove(&(port, number ^ 1)) else {
            self.waiting.insert((port, number), value);
            return None;
        };
        let pair = if number.is_multiple_of(2) {
            [value, other]
        } else {
            [other, value]
        };
        Some(Operation::StorePair(pair, port, number & !1))
    }
}
