//! Instructions of x86-64 as bytes: those on registers of numbers with three operands (Intel, Software Developer's Manual, volume 2).

use super::control::Rare;
use crate::kernel::dispatch::Isa;

/// What a register of numbers holds, and how instructions on it are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    /// Bytes of a number.
    pub(super) number: usize,
    /// Bytes of a register that are worked on: those of one number, or all.
    pub(super) bytes: usize,
    /// As AVX-512 writes them, with 32 registers, and masks apart from them; else as AVX does, with 16.
    pub(super) wide: bool,
}

impl Form {
    /// Registers with so many of these numbers; none where there are no instructions with three operands.
    pub(super) fn new(isa: Isa, number: usize, numbers: usize) -> Option<Form> {
        let wide = match isa {
            Isa::Avx512 => true,
            Isa::Avx2 => false,
            _ => return None,
        };
        Some(Form {
            number,
            bytes: number * numbers,
            wide,
        })
    }

    pub(super) fn registers(self) -> u8 {
        if self.wide { 32 } else { 16 }
    }

    /// Whether numbers have eight bytes.
    pub(super) fn double(self) -> bool {
        self.number == size_of::<f64>()
    }

    /// Whether one number of a register is worked on.
    pub(super) fn one(self) -> bool {
        self.bytes == self.number
    }

    /// Bytes of a register that operations on bits work on.
    pub(super) fn bits(self) -> usize {
        self.bytes.max(16)
    }
}

/// Registers of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Base {
    Cx = 1,
    Dx,
    Bx,
    Bp = 5,
    Si,
    Di,
    R8,
    R9,
    R10,
    Sp = 4,
    R12 = 12,
    R13,
    R14,
    R15,
}

/// The last operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Register(u8),
    At(Base, i32),
    /// As far from there as [`Assembler::row`] computed last, in rax.
    Row(Base),
    /// A number of the table behind the code.
    Table(usize),
}

/// Operations by their last byte; of two numbers, or of all that registers hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Arithmetic {
    Sqrt = 0x51,
    Add = 0x58,
    Mul = 0x59,
    Sub = 0x5c,
    /// The second where either is NaN.
    Min = 0x5d,
    Div = 0x5e,
    /// The second where either is NaN.
    Max = 0x5f,
    /// Of AVX-512: by the power of two that the second rounds down to.
    Scale = 0x2c,
}

impl Arithmetic {
    pub(super) fn commutes(self) -> bool {
        matches!(self, Arithmetic::Add | Arithmetic::Mul)
    }
}

/// Products with a third number, rounded once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fused {
    /// a·b + c
    Add,
    /// c − a·b
    SubtractFrom,
}

/// Which operand of a fused product the result replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replaced {
    Factor,
    Summand,
}

/// Moves of bits by as many as there are before an exponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Shift {
    Right = 2,
    Left = 6,
}

/// Operations on bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Bits {
    And = 0x54,
    Or = 0x56,
    Xor = 0x57,
}

/// Comparisons, false of NaN except the last; without a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Comparison {
    Equal = 0x00,
    Less = 0x11,
    LessOrEqual = 0x12,
    GreaterOrEqual = 0x1d,
    Greater = 0x1e,
    NotEqual = 0x04,
}

/// What comes before the operands.
#[derive(Clone, Copy)]
pub(super) struct Opcode {
    /// The second byte of opcodes of old, or what extends it.
    pub(super) map: u8,
    /// 0x66, 0xf3, 0xf2 as 1, 2, 3.
    pub(super) prefix: u8,
    pub(super) byte: u8,
    /// Bytes of the registers.
    pub(super) bytes: usize,
    /// Bytes of an operand in memory.
    pub(super) memory: usize,
    /// Whether AVX wants to be told that numbers have eight bytes.
    pub(super) double: bool,
}

/// Code being written.
pub(super) struct Assembler {
    pub(super) form: Form,
    pub(super) code: Vec<u8>,
    pub(super) table: Vec<Vec<u8>>,
    /// Where an offset of a number of the table is to be, which number (past the last, what rows begin with), and how many bytes of the instruction follow.
    pub(super) offsets: Vec<(usize, usize, usize)>,
    /// What rows begin with, behind the table.
    pub(super) starts: Vec<u8>,
    pub(super) rare: Vec<Rare>,
}

/// Of what instructions do not use, all bits are set, which are written inverted.
pub(super) const NONE: u8 = 0;

impl Assembler {
    pub(super) fn new(form: Form) -> Self {
        Assembler {
            form,
            code: Vec::new(),
            table: Vec::new(),
            offsets: Vec::new(),
            starts: Vec::new(),
            rare: Vec::new(),
        }
    }

    /// The register that no value is in.
    pub(super) fn scratch(&self) -> u8 {
        self.form.registers() - 1
    }

    /// The entry of the table with these bits, repeated as often as a register holds them.
    pub(super) fn constant(&mut self, bits: u64) -> usize {
        let number = &bits.to_le_bytes()[..self.form.number];
        let bytes = number.repeat(self.form.bits() / number.len());
        let known = self.table.iter().position(|other| *other == bytes);
        known.unwrap_or_else(|| {
            self.table.push(bytes);
            self.table.len() - 1
        })
    }

    fn opcode(&self, byte: u8) -> Opcode {
        Opcode {
            map: 1,
            prefix: match (self.form.one(), self.form.double()) {
                (false, false) => 0,
                (false, true) => 1,
                (true, false) => 2,
                (true, true) => 3,
            },
            byte,
            bytes: self.form.bytes,
            memory: self.form.bytes,
            double: false,
        }
    }

    /// An operation on the bits of whole registers.
    pub(super) fn opcode_of_bits(&self, byte: u8) -> Opcode {
        Opcode {
            map: 1,
            prefix: u8::from(self.form.double()),
            byte,
            bytes: self.form.bits(),
            memory: self.form.bits(),
            double: false,
        }
    }

    pub(super) fn arithmetic(&mut self, op: Arithmetic, to: u8, a: u8, b: Operand) {
        let mut opcode = self.opcode(op as u8);
        if op == Arithmetic::Scale {
            (opcode.map, opcode.prefix) = (2, 1);
        }
        // Roots have one operand; of a register with one number, the rest comes from the first.
        let roots = op == Arithmetic::Sqrt && !self.form.one();
        self.emit(opcode, [to, if roots { NONE } else { a }], b, 0, None);
    }

    pub(super) fn bits(&mut self, op: Bits, to: u8, a: u8, b: Operand) {
        self.emit(self.opcode_of_bits(op as u8), [to, a], b, 0, None);
    }

    /// `to`, which is a factor or the summand, with the other two.
    pub(super) fn fused(&mut self, op: Fused, replaced: Replaced, to: u8, a: u8, b: Operand) {
        let byte = match (op, replaced) {
            (Fused::Add, Replaced::Factor) => 0xa8,
            (Fused::Add, Replaced::Summand) => 0xb8,
            (Fused::SubtractFrom, Replaced::Factor) => 0xac,
            (Fused::SubtractFrom, Replaced::Summand) => 0xbc,
        };
        let opcode = Opcode {
            map: 2,
            prefix: 1,
            double: self.form.double(),
            ..self.opcode(byte)
        };
        self.emit(opcode, [to, a], b, 0, None);
    }

    pub(super) fn shift(&mut self, shift: Shift, to: u8, from: u8) {
        let (byte, bits) = if self.form.double() {
            (0x73, 52)
        } else {
            (0x72, 23)
        };
        let opcode = Opcode {
            prefix: 1,
            ..self.opcode_of_bits(byte)
        };
        let from = Operand::Register(from);
        self.emit(opcode, [shift as u8, to], from, 0, Some(bits));
    }

    /// How many masks there can be at a time: those of AVX-512, all but the one that stands for none; else one, in the register that no value
    /// is in.
    pub(super) fn masks(&self) -> usize {
        if self.form.wide { 7 } else { 1 }
    }

    /// Mask number `mask`: where the comparison of `a` with `b` holds.
    pub(super) fn compare(&mut self, comparison: Comparison, mask: usize, [a, b]: [u8; 2]) {
        let to = if self.form.wide {
            mask as u8 + 1
        } else {
            self.scratch()
        };
        let how = Some(comparison as u8);
        self.emit(self.opcode(0xc2), [to, a], Operand::Register(b), 0, how);
    }

    /// `to` = `then` where a mask holds, else `otherwise`.
    pub(super) fn blend(&mut self, mask: usize, [then, otherwise]: [u8; 2], to: u8) {
        let then = Operand::Register(then);
        if self.form.wide {
            let blend = Opcode {
                map: 2,
                prefix: 1,
                ..self.opcode_of_bits(0x65)
            };
            self.emit(blend, [to, otherwise], then, mask as u8 + 1, None);
        } else {
            let byte = if self.form.double() { 0x4b } else { 0x4a };
            let blend = Opcode {
                map: 3,
                prefix: 1,
                ..self.opcode_of_bits(byte)
            };
            let mask = Some(self.scratch() << 4);
            self.emit(blend, [to, otherwise], then, 0, mask);
        }
    }

    pub(super) fn load(&mut self, to: u8, from: Operand) {
        self.emit(self.opcode(0x10), [to, NONE], from, 0, None);
    }

    pub(super) fn copy(&mut self, to: u8, from: u8) {
        let copy = self.opcode_of_bits(0x28);
        self.emit(copy, [to, NONE], Operand::Register(from), 0, None);
    }

    /// One number in every lane.
    pub(super) fn broadcast(&mut self, to: u8, from: Operand) {
        let byte = if self.form.double() { 0x19 } else { 0x18 };
        let opcode = Opcode {
            map: 2,
            prefix: 1,
            memory: self.form.number,
            ..self.opcode(byte)
        };
        self.emit(opcode, [to, NONE], from, 0, None);
    }

    pub(super) fn store(&mut self, from: u8, to: Operand) {
        self.emit(self.opcode(0x11), [from, NONE], to, 0, None);
    }

    /// Two numbers side by side in memory, by one instruction.
    pub(super) fn store_pair(&mut self, [low, high]: [u8; 2], to: Operand) {
        let scratch = self.scratch();
        let unpack = self.opcode_of_bits(0x14);
        self.emit(unpack, [scratch, low], Operand::Register(high), 0, None);
        let store = self.opcode_of_bits(0x11);
        self.emit(store, [scratch, NONE], to, 0, None);
    }

    pub(super) fn emit(
        &mut self,
        op: Opcode,
        [to, a]: [u8; 2],
        b: Operand,
        mask: u8,
        immediate: Option<u8>,
    ) {
        let bit = |register: u8, bit: u8| register >> bit & 1;
        let not = |register: u8, at: u8| bit(!register, at);
        let last = match b {
            Operand::Register(register) => register,
            Operand::At(base, _) | Operand::Row(base) => base as u8,
            Operand::Table(_) => 0,
        };
        let length = match op.bytes {
            64 => 2,
            32 => 1,
            _ => 0,
        };
        let first = not(to, 3) << 7 | not(last, 4) << 6 | not(last, 3) << 5;
        let second = (!a & 15) << 3 | op.prefix;
        if self.form.wide {
            // This form alone says whether numbers have eight bytes.
            let double = u8::from(self.form.double()) << 7;
            let third = length << 5 | not(a, 4) << 3 | mask;
            let first = first | not(to, 4) << 4 | op.map;
            self.code.extend([0x62, first, double | second | 4, third]);
        } else {
            let double = u8::from(op.double) << 7;
            let third = double | second | length << 2;
            self.code.extend([0xc4, first | op.map, third]);
        }
        self.code.push(op.byte);
        let register = (to & 7) << 3;
        match b {
            Operand::Register(last) => self.code.push(0xc0 | register | last & 7),
            Operand::At(base, offset) => {
                let unit = if self.form.wide { op.memory } else { 1 };
                self.address(register, base, offset, unit);
            }
            Operand::Row(base) => {
                // The base's low bits are not those that would want an offset too.
                self.code.extend([register | 4, base as u8 & 7]);
            }
            Operand::Table(number) => {
                self.code.push(register | 5);
                let follow = usize::from(immediate.is_some());
                self.offsets.push((self.code.len(), number, follow));
                self.code.extend([0; 4]);
            }
        }
        self.code.extend(immediate);
    }

    /// An operand in memory; AVX-512 counts short offsets in units.
    fn address(&mut self, register: u8, base: Base, offset: i32, unit: usize) {
        let base = base as u8 & 7;
        let unit = unit as i32;
        let short = i8::try_from(offset / unit)
            .ok()
            .filter(|_| offset % unit == 0);
        let mode = if short.is_some() { 0x40 } else { 0x80 };
        self.code.push(mode | register | base);
        if base == 4 {
            self.code.push(0x24);
        }
        match short {
            Some(short) => self.code.push(short as u8),
            None => self.code.extend(offset.to_le_bytes()),
        }
    }

    /// An address from memory.
    pub(super) fn load_address(&mut self, to: Base, from: Base, offset: i32) {
        let high = |base: Base| base as u8 >> 3;
        self.code.extend([0x48 | high(to) << 2 | high(from), 0x8b]);
        self.address((to as u8 & 7) << 3, from, offset, 1);
    }

    /// An address from another port.
    pub(super) fn copy_address(&mut self, to: Base, from: Base) {
        let (to, from) = (to as u8, from as u8);
        self.code.extend([
            0x48 | from >> 3 << 2 | to >> 3,
            0x89,
            0xc0 | (from & 7) << 3 | to & 7,
        ]); // mov to, from
    }

    /// The address of row `number` of a port whose rows are as many bytes apart as `apart` says.
    pub(super) fn row(&mut self, begin: Base, apart: Base, number: i32) -> Operand {
        if number == 0 {
            return Operand::At(begin, 0);
        }
        // imul rax, apart, number
        self.code
            .extend([0x48 | apart as u8 >> 3, 0x69, 0xc0 | apart as u8 & 7]);
        self.code.extend(number.to_le_bytes());
        Operand::Row(begin)
    }
}
