//! What goes around instructions on numbers: beginning and end of a function, loops, calls.

use super::assembler::{Assembler, Base, NONE, Opcode, Operand};

/// What is counted down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    /// In rax.
    Registers,
    /// In r11.
    Rows,
}

/// A call that is seldom made, behind the code.
pub(super) struct Rare {
    /// Where a jump there is, behind which the code goes on.
    from: usize,
    first: u32,
    registers: [u8; 2],
}

impl Assembler {
    /// Saves the registers that a caller wants back, and moves the arguments there, where calls leave them.
    pub(super) fn enter(&mut self) {
        self.code.extend([
            0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41,
            0x57, // push rbx, rbp, r12 to r15
            0x48, 0x83, 0xec, 0x08, // sub rsp, 8
            0x48, 0x89, 0xfb, 0x48, 0x89, 0xf5, // mov rbx, rdi; mov rbp, rsi
            0x49, 0x89, 0xd4, 0x49, 0x89, 0xcd, // mov r12, rdx; mov r13, rcx
            0x4d, 0x89, 0xc6, 0x4d, 0x89, 0xcf, // mov r14, r8; mov r15, r9
        ]);
    }

    /// Undoes [`enter`](Assembler::enter).
    pub(super) fn leave(&mut self) {
        self.code.extend([
            0x48, 0x83, 0xc4, 0x08, // add rsp, 8
            0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, // pop in turn
        ]);
    }

    /// Calls a function of System V's convention whose first argument is `first`.
    pub(super) fn call(&mut self, function: *const (), first: u32) {
        self.code.push(0xbf); // mov edi, …
        self.code.extend(first.to_le_bytes());
        self.code.extend([0x48, 0xb8]); // mov rax, …
        self.code.extend((function as u64).to_le_bytes());
        self.code.extend([0xff, 0xd0]); // call rax
    }

    /// If a mask holds anywhere, calls the rule that [`finish`](Assembler::finish) is told, with `first`, these two registers in memory, and
    /// how many numbers they hold; it may change the second. All other registers are kept, masks are not.
    pub(super) fn rare(&mut self, mask: usize, first: u32, registers: [u8; 2]) {
        if self.form.wide {
            let mask = mask as u8 + 1;
            self.code
                .extend([0xc5, 0xf8, 0x98, 0xc0 | mask << 3 | mask]); // kortestw mask, mask
        } else {
            let scratch = self.scratch();
            let test = Opcode {
                map: 2,
                prefix: 1,
                ..self.opcode_of_bits(0x17)
            };
            self.emit(test, [scratch, NONE], Operand::Register(scratch), 0, None); // vptest
        }
        self.code.extend([0x0f, 0x85]); // jnz …
        self.code.extend([0; 4]);
        self.rare.push(Rare {
            from: self.code.len(),
            first,
            registers,
        });
    }

    /// A distance of four bytes that ends at `end`.
    fn distance(&mut self, end: usize, to: usize) {
        let distance = (to as i64 - end as i64) as i32;
        self.code[end - 4..end].copy_from_slice(&distance.to_le_bytes());
    }

    /// What [`rare`](Assembler::rare) jumps to: its arguments go on the stack, all else is common.
    fn write_rare(&mut self, rule: *const ()) {
        let rare = std::mem::take(&mut self.rare);
        if rare.is_empty() {
            return;
        }
        let size = self.form.bytes;
        let mut calls = Vec::new();
        for Rare {
            from,
            first,
            registers,
        } in rare
        {
            self.distance(from, self.code.len());
            let [x, y] = registers.map(|register| u32::from(register) * size as u32);
            for argument in [first, x, y] {
                self.code.push(0x68); // push …
                self.code.extend(argument.to_le_bytes());
            }
            self.code.extend([0xe8, 0, 0, 0, 0]); // call …
            calls.push(self.code.len());
            self.code.extend([0x48, 0x83, 0xc4, 0x18]); // add rsp, 24
            self.code.extend([0xe9, 0, 0, 0, 0]); // jmp …
            self.distance(self.code.len(), from);
        }
        for call in calls {
            self.distance(call, self.code.len());
        }
        self.code.extend([
            0x50, 0x51, 0x52, 0x56, 0x57, 0x41, 0x50, 0x41, 0x51, 0x41, 0x52, 0x41, 0x53,
            0x53, // push rax, rcx, rdx, rsi, rdi, r8 to r11, rbx
            0x48, 0x89, 0xe3, 0x48, 0x83, 0xe4, 0xc0, 0x48, 0x81,
            0xec, // mov rbx, rsp; and rsp, −64; sub rsp, …
        ]);
        let all = usize::from(self.form.registers()) * size;
        self.code.extend((all as u32).to_le_bytes());
        let saved = |register: u8| Operand::At(Base::Sp, i32::from(register) * size as i32);
        for register in 0..self.form.registers() {
            self.store(register, saved(register));
        }
        self.code.extend([
            0x8b, 0x7b, 0x68, // mov edi, [rbx + 104]
            0x48, 0x8b, 0x73, 0x60, 0x48, 0x01, 0xe6, // mov rsi, [rbx + 96]; add rsi, rsp
            0x48, 0x8b, 0x53, 0x58, 0x48, 0x01, 0xe2, // mov rdx, [rbx + 88]; add rdx, rsp
            0xb9, // mov ecx, …
        ]);
        let numbers = (size / self.form.number) as u32;
        self.code.extend(numbers.to_le_bytes());
        self.code.extend([0xc5, 0xf8, 0x77, 0x48, 0xb8]); // vzeroupper; mov rax, …
        self.code.extend((rule as u64).to_le_bytes());
        self.code.extend([0xff, 0xd0]); // call rax
        for register in 0..self.form.registers() {
            self.load(register, saved(register));
        }
        self.code.extend([
            0x48, 0x89, 0xdc, 0x5b, 0x41, 0x5b, 0x41, 0x5a, 0x41, 0x59, 0x41, 0x58, 0x5f, 0x5e,
            0x5a, 0x59, 0x58, 0xc3, // mov rsp, rbx; pop in turn; ret
        ]);
    }

    /// Where the next instruction will be.
    pub(super) fn here(&self) -> usize {
        self.code.len()
    }

    /// The number of times that what follows will be done.
    pub(super) fn count(&mut self, counter: Counter, times: u32) {
        match counter {
            Counter::Registers => self.code.push(0xb8), // mov eax, …
            Counter::Rows => self.code.extend([0x41, 0xbb]), // mov r11d, …
        }
        self.code.extend(times.to_le_bytes());
    }

    /// The table of what rows begin with, which [`begin_row`](Assembler::begin_row) reads on.
    pub(super) fn starts(&mut self, starts: impl Iterator<Item = u32>) {
        self.code.extend([0x48, 0x8d, 0x15]); // lea rdx, …
        self.offsets.push((self.code.len(), usize::MAX, 0));
        self.code.extend([0; 4]);
        self.starts = starts.flat_map(u32::to_le_bytes).collect();
    }

    /// Where each row begins, from a file on.
    pub(super) fn begin_row(&mut self, file: Base, rows: &[Base]) {
        for (i, &row) in rows.iter().enumerate() {
            let (row, file) = (row as u8, file as u8);
            self.code.extend([
                0x40 | row >> 3 << 2,
                0x8b,
                0x42 | (row & 7) << 3,
                4 * i as u8,
            ]); // mov row, [rdx + 4·i]
            self.code
                .extend([0x48 | row >> 3, 0x01, 0xc0 | file << 3 | row & 7]); // add row, file
        }
        if !rows.is_empty() {
            self.advance(Base::Dx, 4 * rows.len() as i32);
        }
    }

    /// Moves a port on.
    pub(super) fn advance(&mut self, port: Base, bytes: i32) {
        let port = port as u8;
        self.code.extend([0x48 | port >> 3, 0x81, 0xc0 | port & 7]); // add port, …
        self.code.extend(bytes.to_le_bytes());
    }

    /// Back to `start`, unless that was the last time.
    pub(super) fn again(&mut self, counter: Counter, start: usize) {
        match counter {
            Counter::Registers => self.code.extend([0xff, 0xc8]), // dec eax
            Counter::Rows => self.code.extend([0x41, 0xff, 0xcb]), // dec r11d
        }
        self.code.extend([0x0f, 0x85]); // jnz …
        let back = start as i64 - (self.code.len() as i64 + 4);
        self.code.extend((back as i32).to_le_bytes());
    }

    /// Returns, and gives the code with its table behind it; before it, room for so many registers on the stack, if it wants any.
    /// `rule` is that of rare calls, of System V's convention.
    pub(super) fn finish(mut self, stack: usize, rule: *const ()) -> Vec<u8> {
        let size = self.form.bits();
        if stack > 0 {
            self.code.extend([0x48, 0x89, 0xec, 0x5d]); // mov rsp, rbp; pop rbp
        }
        if !self.form.one() {
            // Upper halves in use would slow what the caller has without them.
            self.code.extend([0xc5, 0xf8, 0x77]); // vzeroupper
        }
        self.code.push(0xc3);
        self.write_rare(rule);
        if stack > 0 {
            let mut begin = vec![0x55, 0x48, 0x89, 0xe5, 0x48, 0x81, 0xec]; // push rbp; mov rbp, rsp; sub rsp, …
            begin.extend(((stack * size) as u32).to_le_bytes());
            begin.extend([0x48, 0x83, 0xe4, 0xc0]); // and rsp, −64
            self.offsets
                .iter_mut()
                .for_each(|(at, ..)| *at += begin.len());
            self.code.splice(0..0, begin);
        }
        let table = self.code.len().next_multiple_of(64);
        for &(at, number, follow) in &self.offsets {
            let number = number.min(self.table.len());
            let offset = (table + number * size - (at + 4 + follow)) as i32;
            self.code[at..at + 4].copy_from_slice(&offset.to_le_bytes());
        }
        self.code.resize(table, 0xcc);
        self.code.extend(self.table.concat());
        self.code.extend(self.starts);
        self.code
    }
}
