//! Instructions of the interpreter as operations that a processor has, on values that are made once.

use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;

use super::assembler::{Arithmetic, Bits, Comparison, Form, Fused, Shift};
use super::function::{Trace, Traced};
use super::{Port, Ports};
use crate::kernel::dispatch::Registers;
use crate::kernel::elementwise::{function, is_function};
use crate::kernel::straight::{Code, Instruction};
use crate::op::{Binary, Unary};

/// A value by its number.
pub(super) type Value = usize;

/// The bits of a number.
pub(super) fn bits<T: Registers>(x: T) -> u64 {
    let mut bits = [0; size_of::<u64>()];
    // SAFETY: a number of registers is one of four or eight bytes.
    unsafe {
        let from = std::ptr::from_ref(&x).cast();
        std::ptr::copy_nonoverlapping(from, bits.as_mut_ptr(), size_of::<T>());
    }
    u64::from_le_bytes(bits)
}

/// Where a value can be read from memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// A number of a port.
    Port(Port, usize),
    /// The number of these bits in every lane.
    Constant(u64),
}

/// Where a value is before it is in a register.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    Memory(Home),
    /// An operation makes it; if it has a place in the file, that is free for it as long as it is wanted.
    Made(Option<u32>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    Arithmetic(Arithmetic, [Value; 2], Value),
    /// The product of the first two and the third, rounded once.
    Fused(Fused, [Value; 3], Value),
    Bits(Bits, [Value; 2], Value),
    Shift(Shift, [Value; 1], Value),
    /// The third where the first compares so with the second, else the fourth.
    Select(Comparison, [Value; 4], Value),
    /// The last; where the first compares so with the second, the operation's one rule makes it of the third instead.
    Rare(Unary, Comparison, [Value; 4], Value),
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
            Operation::Fused(_, from, _) => from,
            Operation::Select(_, from, _) | Operation::Rare(_, _, from, _) => from,
            Operation::Unary(_, from, _) | Operation::Shift(_, from, _) => from,
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

/// Operations on values, as they are made.
#[derive(Default)]
pub(super) struct Operations {
    pub(super) values: Vec<Origin>,
    pub(super) list: Vec<Operation>,
    constants: HashMap<u64, Value>,
}

impl Operations {
    fn value(&mut self, origin: Origin) -> Value {
        self.values.push(origin);
        self.values.len() - 1
    }

    pub(super) fn constant(&mut self, bits: u64) -> Value {
        if let Some(&value) = self.constants.get(&bits) {
            return value;
        }
        let value = self.value(Origin::Memory(Home::Constant(bits)));
        self.constants.insert(bits, value);
        value
    }

    /// The value that an operation makes.
    pub(super) fn make(&mut self, operation: impl FnOnce(Value) -> Operation) -> Value {
        let value = self.value(Origin::Made(None));
        self.list.push(operation(value));
        value
    }
}

impl Operation {
    /// The same with other values, and stores so many numbers farther.
    fn of(&self, value: impl Fn(Value) -> Value, farther: usize) -> Operation {
        match *self {
            Operation::Arithmetic(op, from, to) => {
                Operation::Arithmetic(op, from.map(&value), value(to))
            }
            Operation::Fused(op, from, to) => Operation::Fused(op, from.map(&value), value(to)),
            Operation::Bits(op, from, to) => Operation::Bits(op, from.map(&value), value(to)),
            Operation::Shift(op, from, to) => Operation::Shift(op, from.map(&value), value(to)),
            Operation::Select(op, from, to) => Operation::Select(op, from.map(&value), value(to)),
            Operation::Rare(op, comparison, from, to) => {
                Operation::Rare(op, comparison, from.map(&value), value(to))
            }
            Operation::Unary(op, from, to) => Operation::Unary(op, from.map(&value), value(to)),
            Operation::Binary(op, from, to) => Operation::Binary(op, from.map(&value), value(to)),
            Operation::Store(from, port, number) => {
                Operation::Store(value(from), port, number + farther)
            }
            Operation::StorePair(from, port, number) => {
                Operation::StorePair(from.map(&value), port, number + farther)
            }
        }
    }
}

impl Operations {
    /// These on so many registers of each array, side by side: a processor works on one while it waits for another.
    pub(super) fn side_by_side(&self, registers: usize, lanes: usize) -> Operations {
        let mut wide = Operations::default();
        let mut values = Vec::with_capacity(self.values.len());
        for &origin in &self.values {
            let first = wide.values.len();
            let alone = match origin {
                Origin::Memory(Home::Constant(_)) => true,
                Origin::Memory(Home::Port(port, _)) => port.is_number(),
                Origin::Made(_) => false,
            };
            values.push((first, !alone));
            let own = |register: usize| match origin {
                Origin::Memory(Home::Port(port, number)) => {
                    Origin::Memory(Home::Port(port, number + register * lanes))
                }
                Origin::Made(Some(place)) => Origin::Made(Some(place + (register * lanes) as u32)),
                origin => origin,
            };
            wide.values
                .extend((0..if alone { 1 } else { registers }).map(own));
        }
        for operation in &self.list {
            let of = |register: usize| {
                let value = |value: Value| {
                    let (first, several) = values[value];
                    first + if several { register } else { 0 }
                };
                operation.of(value, register * lanes)
            };
            wide.list.extend((0..registers).map(of));
        }
        wide
    }
}

/// A list as operations.
pub(super) struct Selection<'a, T> {
    ports: &'a Ports,
    form: Form,
    trace: Trace,
    /// What is at each place by now.
    places: HashMap<u32, Value>,
    number: PhantomData<T>,
}

impl<'a, T: Registers> Selection<'a, T> {
    /// What a list does between these ports.
    pub(super) fn operations(list: &[Instruction], ports: &'a Ports, form: Form) -> Operations {
        let mut selection = Selection::<T> {
            ports,
            form,
            trace: Trace {
                scales: form.wide,
                ..Trace::default()
            },
            places: HashMap::new(),
            number: PhantomData,
        };
        selection.list(list, form.one() && form.double());
        selection.trace.operations.into_inner()
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
                    self.made().list.extend(stores.store(value, port, number));
                }
            }
        }
        let mut rest: Vec<_> = wanted.into_iter().collect();
        rest.sort_unstable_by_key(|&(at, _)| at);
        for (at, to) in rest {
            let value = self.at(at);
            for (port, number) in to {
                self.made().list.extend(stores.store(value, port, number));
            }
        }
    }

    /// The value at a place.
    fn at(&mut self, place: u32) -> Value {
        if let Some(&value) = self.places.get(&place) {
            return value;
        }
        let (port, number) = self.ports.read(place);
        let home = Origin::Memory(Home::Port(port, number));
        let value = self.made().value(home);
        self.places.insert(place, value);
        value
    }

    fn constant(&mut self, x: T) -> Value {
        self.made().constant(bits(x))
    }

    fn made(&mut self) -> &mut Operations {
        self.trace.operations.get_mut()
    }

    fn arithmetic(&mut self, op: Arithmetic, from: [Value; 2]) -> Value {
        self.made()
            .make(|value| Operation::Arithmetic(op, from, value))
    }

    fn bits(&mut self, op: Bits, from: [Value; 2]) -> Value {
        self.made().make(|value| Operation::Bits(op, from, value))
    }

    fn select(&mut self, comparison: Comparison, from: [Value; 4]) -> Value {
        self.made()
            .make(|value| Operation::Select(comparison, from, value))
    }

    /// The value that an instruction makes, which is at its place then.
    fn instruction(&mut self, instruction: &Instruction) -> Value {
        let value = self.result(instruction);
        let place = instruction.to;
        if !self.ports.inside.contains(&place) {
            self.made().values[value] = Origin::Made(Some(place));
        }
        self.places.insert(place, value);
        value
    }

    fn result(&mut self, instruction: &Instruction) -> Value {
        use Arithmetic::{Add, Div, Mul, Sub};
        let Instruction { code, from, .. } = *instruction;
        let a = self.at(from[0]);
        match code {
            Code::Unary(op) => return self.unary(op, a),
            Code::Neg => return self.unary(Unary::Neg, a),
            Code::Square => return self.arithmetic(Mul, [a, a]),
            _ => {}
        }
        let b = self.at(from[1]);
        let (first, second) = match code {
            Code::Add => return self.arithmetic(Add, [a, b]),
            Code::Sub => return self.arithmetic(Sub, [a, b]),
            Code::Mul => return self.arithmetic(Mul, [a, b]),
            Code::Div => return self.arithmetic(Div, [a, b]),
            Code::Binary(op) => return self.binary(op, [a, b]),
            Code::Select => {
                let (c, zero) = (self.at(from[2]), self.constant(T::ZERO));
                return self.select(Comparison::NotEqual, [a, zero, b, c]);
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
        let between = self.arithmetic(first, [a, b]);
        let operands = if code == Code::SubMul {
            [c, between]
        } else {
            [between, c]
        };
        self.arithmetic(second, operands)
    }

    /// As [`registers`](crate::kernel::registers) does, where registers have a way.
    fn unary(&mut self, op: Unary, x: Value) -> Value {
        if !self.form.one() && is_function(op) {
            return self.function(op, x);
        }
        match op {
            Unary::Identity => self.bits(Bits::Or, [x, x]),
            Unary::Neg => {
                let sign = self.constant(T::SIGN);
                self.bits(Bits::Xor, [x, sign])
            }
            Unary::Abs => {
                let magnitude = self.constant(T::MAGNITUDE);
                self.bits(Bits::And, [x, magnitude])
            }
            Unary::Sqrt => self.arithmetic(Arithmetic::Sqrt, [x, x]),
            Unary::Sign => {
                let [zero, one, sign] = [T::ZERO, T::ONE, T::SIGN].map(|x| self.constant(x));
                let sign = self.bits(Bits::And, [x, sign]);
                let unit = self.bits(Bits::Or, [sign, one]);
                let unit = self.select(Comparison::Equal, [x, zero, x, unit]);
                self.select(Comparison::Equal, [x, x, unit, x])
            }
            Unary::Relu => {
                let zero = self.constant(T::ZERO);
                let larger = self.arithmetic(Arithmetic::Max, [zero, x]);
                self.arithmetic(Arithmetic::Add, [larger, zero])
            }
            _ => self.made().make(|value| Operation::Unary(op, [x], value)),
        }
    }

    /// A function of registers, as its operations.
    fn function(&mut self, op: Unary, argument: Value) -> Value {
        let x = Traced::<T>::Made(&self.trace, argument);
        // SAFETY: a value that is only traced needs no instruction set.
        let result = unsafe { function(op, [x]) };
        let [result] = result.expect("registers have a way of their own");
        let result = result.value(&self.trace);
        let Some((comparison, [a, b])) = self.trace.asked.take() else {
            return result;
        };
        let from = [a, b, argument, result];
        let rare = |value| Operation::Rare(op, comparison, from, value);
        self.made().make(rare)
    }

    fn binary(&mut self, op: Binary, [a, b]: [Value; 2]) -> Value {
        if let Some(comparison) = comparison(op) {
            let [one, zero] = [T::ONE, T::ZERO].map(|x| self.constant(x));
            return self.select(comparison, [a, b, one, zero]);
        }
        // At a tie the first; a NaN of either is the result.
        let first = match op {
            Binary::Min => Comparison::LessOrEqual,
            Binary::Max => Comparison::GreaterOrEqual,
            _ => {
                return self
                    .made()
                    .make(|value| Operation::Binary(op, [a, b], value));
            }
        };
        let other = self.select(Comparison::Equal, [a, a, b, a]);
        self.select(first, [a, b, a, other])
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
