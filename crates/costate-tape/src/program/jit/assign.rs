//! Registers for values, and the code with them: when all are taken, the value whose next use is farthest leaves (Belady, IBM Systems
//! Journal 5, 1966). A list has no branches, so that all uses are known.

use super::arrays::ROWS;
use super::assembler::{Assembler, Base, Comparison, Form, Fused, Operand, Replaced};
use super::operation::{Home, Operation, Operations, Origin, Selection, Value};
use super::{AT_HAND, Port, Ports};
use crate::kernel::dispatch::Registers;
use crate::kernel::elementwise::too_large_one_by_one;
use crate::kernel::straight::Instruction;
use crate::op::{Binary, Unary};

/// The code of a list; a place of the file has so many bytes, of which it works on the first. Over registers of points, the second
/// argument is not where a frame begins, but how many bytes the rows of what is given are apart.
pub(super) fn code<T: Registers>(
    list: &[Instruction],
    ports: &Ports,
    form: Form,
    apart: usize,
) -> Vec<u8> {
    let operations = Selection::<T>::operations(list, ports, form);
    let calls =
        |operation: &Operation| matches!(operation, Operation::Unary(..) | Operation::Binary(..));
    let calls = operations.list.iter().any(calls);
    let mut writer = Writer::new(form, apart);
    if calls {
        writer.assembler.enter();
        writer.arguments = KEPT;
    }
    writer.operations(operations);
    if calls {
        writer.assembler.leave();
    }
    writer.finish()
}

/// Where the arguments are: of System V's convention, and where [`Assembler::enter`] moves them.
pub(super) const GIVEN: [Base; 6] = [Base::Di, Base::Si, Base::Dx, Base::Cx, Base::R8, Base::R9];
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

/// Where a value is in memory.
#[derive(Clone, Copy)]
enum Memory {
    Home(Home),
    /// So many registers into the stack.
    Stack(usize),
}

impl Memory {
    /// Whether it is one number, which stands for as many as a register holds.
    fn is_number(self) -> bool {
        matches!(self, Memory::Home(Home::Port(port, _)) if port.is_number())
    }
}

/// What is known of a value.
struct State {
    register: Option<u8>,
    home: Option<Memory>,
    /// Its place in the file, where it goes if its register is taken.
    place: Option<u32>,
    /// The operation that reads it next.
    next: u32,
}

impl State {
    fn new(origin: Origin) -> Self {
        let (home, place) = match origin {
            Origin::Memory(home) => (Some(Memory::Home(home)), None),
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

pub(super) struct Writer {
    pub(super) assembler: Assembler,
    values: Vec<State>,
    registers: Vec<Option<Value>>,
    /// The value in each register of the stack.
    stack: Vec<Option<Value>>,
    /// What the masks that are there compare.
    masks: Vec<(Comparison, [Value; 2])>,
    /// Bytes from one place of the file to the next.
    apart: usize,
    arguments: [Base; 6],
    /// The port whose beginning was read from the table of the rest last.
    table: Option<usize>,
}

impl Writer {
    pub(super) fn new(form: Form, apart: usize) -> Self {
        let assembler = Assembler::new(form);
        Writer {
            registers: vec![None; usize::from(assembler.scratch())],
            assembler,
            values: Vec::new(),
            stack: Vec::new(),
            masks: Vec::new(),
            apart,
            arguments: GIVEN,
            table: None,
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        let rules = [rare::<f32> as *const (), rare::<f64> as *const ()];
        let rule = rules[usize::from(self.assembler.form.double())];
        self.assembler.finish(self.stack.len(), rule)
    }

    /// Writes operations whose values are in no register yet.
    pub(super) fn operations(&mut self, operations: Operations) {
        self.values = operations.values.into_iter().map(State::new).collect();
        self.registers.fill(None);
        self.stack.fill(None);
        self.masks.clear();
        // Of each operand of an operation, the next operation that reads it.
        let mut later = vec![[NEVER; 4]; operations.list.len()];
        for (i, operation) in operations.list.iter().enumerate().rev() {
            for (later, &value) in later[i].iter_mut().zip(operation.reads()) {
                *later = self.values[value].next;
            }
            for &value in operation.reads() {
                self.values[value].next = i as u32;
            }
        }
        for (operation, later) in operations.list.iter().zip(later) {
            for (&value, later) in operation.reads().iter().zip(later) {
                self.values[value].next = later;
            }
            self.operation(operation);
            for &value in operation.reads() {
                self.release(value);
                self.pop(value);
            }
        }
    }

    /// Where a value is in memory.
    fn at(&mut self, memory: Memory) -> Operand {
        let (port, number) = match memory {
            Memory::Home(Home::Port(port, number)) => (port, number),
            Memory::Home(Home::Constant(bits)) => {
                return Operand::Table(self.assembler.constant(bits));
            }
            Memory::Stack(register) => {
                let offset = register * self.assembler.form.bytes;
                return Operand::At(Base::Sp, offset as i32);
            }
        };
        let [file, second, .., rest] = self.arguments;
        let base = match port {
            Port::File => file,
            Port::Frame | Port::Number => second,
            Port::Row(row) | Port::RowNumber(row) => ROWS[row],
            Port::Array(i) => self.arguments[2 + i],
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
        if matches!(port, Port::Given(_)) && !self.assembler.form.one() {
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
        let memory = match state.place {
            Some(place) => Memory::Home(Home::Port(Port::File, place as usize)),
            None => Memory::Stack(self.push(value)),
        };
        let register = self.values[value].register.expect("it is in a register");
        self.store(register, value, memory);
    }

    /// A register of the stack for a value.
    fn push(&mut self, value: Value) -> usize {
        let free = self.stack.iter().position(Option::is_none);
        let register = free.unwrap_or_else(|| {
            self.stack.push(None);
            self.stack.len() - 1
        });
        self.stack[register] = Some(value);
        register
    }

    fn store(&mut self, register: u8, value: Value, memory: Memory) {
        let to = self.at(memory);
        self.assembler.store(register, to);
        self.values[value].home.get_or_insert(memory);
    }

    /// A register that holds a value.
    fn register(&mut self, value: Value, needed: &[Value]) -> u8 {
        if let Some(register) = self.values[value].register {
            return register;
        }
        let register = self.take(needed);
        let home = self.values[value].home.expect("it is somewhere");
        let from = self.at(home);
        if home.is_number() {
            self.assembler.broadcast(register, from);
        } else {
            self.assembler.load(register, from);
        }
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
            let constant = matches!(home, Memory::Home(Home::Constant(_)));
            let there = (!(bits && self.assembler.form.one()) || constant) && !home.is_number();
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

    /// Frees the register of the stack of a value that nothing reads any more. Not before the last operation that reads it is written: it
    /// may read it there.
    fn pop(&mut self, value: Value) {
        let state = &self.values[value];
        if let (NEVER, Some(Memory::Stack(register))) = (state.next, state.home) {
            self.stack[register] = None;
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
            Operation::Fused(op, from, to) => self.fused(op, from, to),
            Operation::Shift(shift, [from], to) => {
                let register = self.register(from, &[from]);
                let to = self.result(operation, to);
                self.assembler.shift(shift, to, register);
            }
            Operation::Select(comparison, from, to) => {
                let [a, b, then, otherwise] = from;
                let mask = self.mask(comparison, [a, b], &from);
                let sides = [then, otherwise].map(|value| self.register(value, &from));
                let to = self.result(operation, to);
                self.assembler.blend(mask, sides, to);
            }
            Operation::Rare(op, comparison, from, to) => {
                let [a, b, x, y] = from;
                let mask = self.mask(comparison, [a, b], &from);
                let [x, own] = [x, y].map(|value| self.register(value, &from));
                self.assembler.rare(mask, op as u32, [x, own]);
                self.masks.clear();
                // It is the same but for rare lanes, in the same register.
                self.values[y].register = None;
                self.hold(to, own);
                self.release(to);
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
                self.store(register, value, Memory::Home(Home::Port(port, number)));
            }
            Operation::StorePair(pair, port, number) => {
                let registers = pair.map(|value| self.register(value, &pair));
                let to = self.at(Memory::Home(Home::Port(port, number)));
                self.assembler.store_pair(registers, to);
                // It uses the register that masks may be in.
                self.masks.clear();
            }
        }
    }

    /// The mask of a comparison: one that is still there, or a new one.
    fn mask(&mut self, comparison: Comparison, from: [Value; 2], needed: &[Value]) -> usize {
        let known = self.masks.iter().position(|own| *own == (comparison, from));
        if let Some(mask) = known {
            return mask;
        }
        if self.masks.len() == self.assembler.masks() {
            self.masks.clear();
        }
        let registers = from.map(|value| self.register(value, needed));
        let mask = self.masks.len();
        self.assembler.compare(comparison, mask, registers);
        self.masks.push((comparison, from));
        mask
    }

    /// The result is in the register of an operand that nothing else reads, or of a copy.
    fn fused(&mut self, op: Fused, [a, b, c]: [Value; 3], to: Value) {
        let needed = [a, b, c];
        let free = |value: Value| {
            let state = &self.values[value];
            state.next == NEVER && state.register.is_some()
        };
        let (replaced, first, second, third) = if !free(a) && free(c) {
            (Replaced::Summand, c, a, b)
        } else if !free(a) && free(b) {
            (Replaced::Factor, b, a, c)
        } else {
            (Replaced::Factor, a, b, c)
        };
        let mut register = self.register(first, &needed);
        let second = self.register(second, &needed);
        let third = self.operand(third, &needed, false);
        if self.values[first].next == NEVER {
            self.values[first].register = None;
        } else {
            let other = self.take(&needed);
            self.assembler.copy(other, register);
            register = other;
        }
        self.assembler.fused(op, replaced, register, second, third);
        self.hold(to, register);
        self.release(to);
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
        self.masks.clear();
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

/// The rule of operation `op` for those of `len` numbers that registers do not reach.
extern "sysv64" fn rare<T: Registers>(op: u32, x: *const T, y: *mut T, len: u32) {
    // SAFETY: code calls it with registers in memory, which hold so many numbers.
    unsafe { too_large_one_by_one(Unary::ALL[op as usize], x, y, len as usize) };
}
