//! Registers for values, and the code with them: when all are taken, the value whose next use is farthest leaves (Belady, IBM Systems
//! Journal 5, 1966). A list has no branches, so that all uses are known.

use super::assembler::{Assembler, Base, Form, Operand};
use super::operation::{Home, Operation, Origin, Selection, Value};
use super::{AT_HAND, Port, Ports};
use crate::kernel::straight::Instruction;
use crate::op::{Binary, Unary};

/// The code of a list; a place of the file has so many registers, of which it works on the first. Over registers of points, the second
/// argument is not where a frame begins, but how many bytes the rows of what is given are apart.
pub(super) fn code(list: &[Instruction], ports: &Ports, form: Form, apart: usize) -> Vec<u8> {
    let selection = Selection::new(list, ports, form.one() && form.double());
    let operations = selection.operations;
    let mut values: Vec<State> = selection.values.into_iter().map(State::new).collect();
    // Of each operand of an operation, the next operation that reads it.
    let mut later = vec![[NEVER; 4]; operations.len()];
    for (i, operation) in operations.iter().enumerate().rev() {
        for (later, &value) in later[i].iter_mut().zip(operation.reads()) {
            *later = values[value].next;
        }
        for &value in operation.reads() {
            values[value].next = i as u32;
        }
    }
    let calls =
        |operation: &Operation| matches!(operation, Operation::Unary(..) | Operation::Binary(..));
    let calls = operations.iter().any(calls);
    let mut assembler = Assembler::new(form);
    if calls {
        assembler.enter();
    }
    let mut writer = Writer {
        registers: vec![None; usize::from(assembler.scratch())],
        assembler,
        values,
        apart: apart * form.bytes,
        arguments: if calls { KEPT } else { GIVEN },
        table: None,
    };
    for (operation, later) in operations.iter().zip(later) {
        for (&value, later) in operation.reads().iter().zip(later) {
            writer.values[value].next = later;
        }
        writer.operation(operation);
        for &value in operation.reads() {
            writer.release(value);
        }
    }
    if calls {
        writer.assembler.leave();
    }
    writer.assembler.finish()
}

/// Where the arguments are: of System V's convention, and where [`Assembler::enter`] moves them.
const GIVEN: [Base; 6] = [Base::Di, Base::Si, Base::Dx, Base::Cx, Base::R8, Base::R9];
const KEPT: [Base; 6] = [
    Base::Bx,
    Base::Bp,
    Base::R12,
    Base::R13,
    Base::R14,
    Base::R15,
];

/// No operation.
const NEVER: u32 = u32::MAX;

/// What is known of a value.
struct State {
    register: Option<u8>,
    home: Option<Home>,
    /// Its place in the file, where it goes if its register is taken.
    place: Option<u32>,
    /// The operation that reads it next.
    next: u32,
}

impl State {
    fn new(origin: Origin) -> Self {
        let (home, place) = match origin {
            Origin::Memory(home) => (Some(home), None),
            Origin::Made(place) => (None, place),
        };
        State {
            register: None,
            home,
            place,
            next: NEVER,
        }
    }
}

struct Writer {
    assembler: Assembler,
    values: Vec<State>,
    registers: Vec<Option<Value>>,
    /// Bytes from one place of the file to the next.
    apart: usize,
    arguments: [Base; 6],
    /// The port whose beginning was read from the table of the rest last.
    table: Option<usize>,
}

impl Writer {
    /// Where a value is in memory.
    fn at(&mut self, home: Home) -> Operand {
        let (port, number) = match home {
            Home::Port(port, number) => (port, number),
            Home::Constant(constant) => {
                let bytes = constant.bytes(self.assembler.form.double());
                return Operand::Table(self.assembler.constant(&bytes));
            }
        };
        let [file, second, .., rest] = self.arguments;
        let base = match port {
            Port::File => file,
            Port::Frame => second,
            Port::Given(i) if i < AT_HAND => self.arguments[2 + i],
            Port::Given(i) => {
                if self.table != Some(i) {
                    let entry = (i - AT_HAND) * size_of::<usize>();
                    self.assembler.load_address(Base::R10, rest, entry as i32);
                    self.table = Some(i);
                }
                Base::R10
            }
        };
        if port != Port::File && !self.assembler.form.one() {
            return self.assembler.row(base, second, number as i32);
        }
        Operand::At(base, (number * self.apart) as i32)
    }

    /// A register for another value; those of `needed` stay.
    fn take(&mut self, needed: &[Value]) -> u8 {
        if let Some(free) = self.registers.iter().position(Option::is_none) {
            return free as u8;
        }
        let (register, value) = self.farthest(needed);
        self.save(value);
        self.values[value].register = None;
        self.registers[usize::from(register)] = None;
        register
    }

    /// The value in a register that is read last of all but these.
    fn farthest(&self, needed: &[Value]) -> (u8, Value) {
        let held = self.registers.iter().enumerate();
        held.filter_map(|(register, value)| Some((register as u8, (*value)?)))
            .filter(|(_, value)| !needed.contains(value))
            .max_by_key(|&(_, value)| self.values[value].next)
            .expect("there are more registers than operands")
    }

    /// Puts a value into memory, if it is not there.
    fn save(&mut self, value: Value) {
        let state = &self.values[value];
        if state.home.is_some() {
            return;
        }
        let (register, place) = (state.register, state.place);
        let (Some(register), Some(place)) = (register, place) else {
            unreachable!("what has no place of its own is read by the next operation")
        };
        self.store(register, value, Port::File, place as usize);
    }

    fn store(&mut self, register: u8, value: Value, port: Port, number: usize) {
        let home = Home::Port(port, number);
        let to = self.at(home);
        self.assembler.store(register, to);
        self.values[value].home.get_or_insert(home);
    }

    /// A register that holds a value.
    fn register(&mut self, value: Value, needed: &[Value]) -> u8 {
        if let Some(register) = self.values[value].register {
            return register;
        }
        let register = self.take(needed);
        let home = self.values[value].home;
        let from = self.at(home.expect("it is somewhere"));
        self.assembler.load(register, from);
        self.hold(value, register);
        register
    }

    fn hold(&mut self, value: Value, register: u8) {
        self.values[value].register = Some(register);
        self.registers[usize::from(register)] = Some(value);
    }

    /// A last operand: in memory, if it is there alone and a register would serve others better.
    fn operand(&mut self, value: Value, needed: &[Value], bits: bool) -> Operand {
        let state = &self.values[value];
        if let (None, Some(home)) = (state.register, state.home) {
            // Operations on bits read a whole register, which may be more than the one number that there is.
            let there = !(bits && self.assembler.form.one()) || matches!(home, Home::Constant(_));
            let full = self.registers.iter().all(Option::is_some);
            let last = state.next == NEVER;
            let later = || state.next > self.values[self.farthest(needed).1].next;
            if there && (last || full && later()) {
                return self.at(home);
            }
        }
        Operand::Register(self.register(value, needed))
    }

    /// A register for what an operation makes; its operands have been read.
    fn result(&mut self, operation: &Operation, value: Value) -> u8 {
        for &read in operation.reads() {
            self.release(read);
        }
        let register = self.take(&[]);
        self.hold(value, register);
        // What nothing reads is in nobody's way.
        self.release(value);
        register
    }

    /// Frees the register of a value that nothing reads any more.
    fn release(&mut self, value: Value) {
        let state = &mut self.values[value];
        if state.next == NEVER
            && let Some(register) = state.register.take()
        {
            self.registers[usize::from(register)] = None;
        }
    }

    fn operation(&mut self, operation: &Operation) {
        match *operation {
            Operation::Arithmetic(op, from, to) => {
                let (a, b) = self.two(from, op.commutes(), false);
                let to = self.result(operation, to);
                self.assembler.arithmetic(op, to, a, b);
            }
            Operation::Bits(op, from, to) => {
                let (a, b) = self.two(from, true, true);
                let to = self.result(operation, to);
                self.assembler.bits(op, to, a, b);
            }
            Operation::Select(comparison, from, to) => {
                let registers = from.map(|value| self.register(value, &from));
                let to = self.result(operation, to);
                self.assembler.select(comparison, registers, to);
            }
            Operation::Unary(op, from, to) => {
                let rules = [unary_f32 as *const (), unary_f64 as *const ()];
                self.call(rules, op as u32, &from, to);
            }
            Operation::Binary(op, from, to) => {
                let rules = [binary_f32 as *const (), binary_f64 as *const ()];
                self.call(rules, op as u32, &from, to);
            }
            Operation::Store(value, port, number) => {
                let register = self.register(value, &[]);
                self.store(register, value, port, number);
            }
            Operation::StorePair(pair, port, number) => {
                let registers = pair.map(|value| self.register(value, &pair));
                let to = self.at(Home::Port(port, number));
                self.assembler.store_pair(registers, to);
            }
        }
    }

    fn two(&mut self, from: [Value; 2], commutes: bool, bits: bool) -> (u8, Operand) {
        let held = |value: Value| self.values[value].register.is_some();
        let [first, second] = if commutes && !held(from[0]) && held(from[1]) {
            [from[1], from[0]]
        } else {
            from
        };
        let a = self.register(first, &from);
        (a, self.operand(second, &from, bits))
    }

    /// The rule of operation number `op`, for f32 and for f64. A function may use all registers, so that all values leave theirs.
    fn call(&mut self, rules: [*const (); 2], op: u32, from: &[Value], to: Value) {
        for register in 0..self.registers.len() {
            if let Some(value) = self.registers[register] {
                self.save(value);
                self.values[value].register = None;
                self.registers[register] = None;
            }
        }
        for (argument, &value) in from.iter().enumerate() {
            let home = self.values[value].home;
            let from = self.at(home.expect("all values are in memory"));
            self.assembler.load(argument as u8, from);
        }
        let double = usize::from(self.assembler.form.double());
        self.assembler.call(rules[double], op);
        self.table = None;
        self.hold(to, 0);
        self.release(to);
    }
}

extern "sysv64" fn unary_f64(op: u32, x: f64) -> f64 {
    Unary::ALL[op as usize].value(x)
}

extern "sysv64" fn unary_f32(op: u32, x: f32) -> f32 {
    Unary::ALL[op as usize].value(x)
}

extern "sysv64" fn binary_f64(op: u32, a: f64, b: f64) -> f64 {
    Binary::ALL[op as usize].value(a, b)
}

extern "sysv64" fn binary_f32(op: u32, a: f32, b: f32) -> f32 {
    Binary::ALL[op as usize].value(a, b)
}
