//! From instructions to Cranelift's.

use std::collections::{HashMap, HashSet};

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F32, F64, F64X2, I32, I64};
use cranelift_codegen::ir::{self, AbiParam, InstBuilder, MemFlagsData, Signature, Value};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::FunctionBuilder;
use cranelift_jit::JITModule;
use cranelift_module::Module;

use super::{AT_HAND, Port, Ports};
use crate::kernel::dispatch::Registers;
use crate::kernel::straight::{Code, Instruction};
use crate::op::{Binary, Unary};

/// Writes one function.
pub(super) struct Translator<'a, T> {
    builder: FunctionBuilder<'a>,
    ports: &'a Ports,
    /// File, frame, what is at hand, a table of the rest.
    arguments: [Value; 6],
    /// Where a port begins, once it was asked for.
    begins: HashMap<Port, Value>,
    float: ir::Type,
    pointer: ir::Type,
    frontend: TargetFrontendConfig,
    calls: [ir::SigRef; 2],
    /// −0, whose bits are a sign and nothing else.
    sign: Value,
    /// The last value of each place that was read or written.
    values: HashMap<u32, Value>,
    /// Numbers of outputs that another one is to be written with.
    pairs: HashSet<(Port, usize)>,
    /// Those whose value is known, and not yet that of the other.
    waiting: HashMap<(Port, usize), Value>,
    lane: std::marker::PhantomData<T>,
}

impl<'a, T: Registers> Translator<'a, T> {
    pub(super) fn new(
        mut builder: FunctionBuilder<'a>,
        module: &JITModule,
        ports: &'a Ports,
    ) -> Self {
        let block = builder.create_block();
        builder.append_block_params_for_function_params(block);
        builder.switch_to_block(block);
        builder.seal_block(block);
        let float = if size_of::<T>() == 4 { F32 } else { F64 };
        let call = |arguments: usize| {
            let mut signature = Signature::new(module.target_config().default_call_conv);
            signature.params.push(AbiParam::new(I32));
            signature
                .params
                .extend(vec![AbiParam::new(float); arguments]);
            signature.returns.push(AbiParam::new(float));
            signature
        };
        let calls = [1, 2].map(|arguments| builder.import_signature(call(arguments)));
        let arguments = std::array::from_fn(|i| builder.block_params(block)[i]);
        let written: HashSet<(Port, usize)> = ports
            .writes
            .iter()
            .map(|&(_, port, number)| (port, number))
            .filter(|(port, _)| float == F64 && matches!(port, Port::Given(_)))
            .collect();
        let paired = |&&(port, number): &&(Port, usize)| written.contains(&(port, number ^ 1));
        let sign = if float == F64 {
            builder.ins().f64const(-0.0)
        } else {
            builder.ins().f32const(-0.0)
        };
        Translator {
            sign,
            pairs: written.iter().filter(paired).copied().collect(),
            waiting: HashMap::new(),
            ports,
            arguments,
            begins: HashMap::new(),
            float,
            pointer: module.target_config().pointer_type(),
            frontend: module.target_config(),
            calls,
            values: HashMap::new(),
            lane: std::marker::PhantomData,
            builder,
        }
    }

    pub(super) fn list(mut self, list: &[Instruction]) {
        let mut last = HashMap::new();
        for (i, instruction) in list.iter().enumerate() {
            last.insert(instruction.to, i);
        }
        // A value is stored as soon as it is known, which frees its register; what no instruction makes, at the end.
        let mut wanted: HashMap<u32, Vec<(Port, usize)>> = HashMap::new();
        for &(at, port, number) in &self.ports.writes {
            wanted.entry(at).or_default().push((port, number));
        }
        for (i, instruction) in list.iter().enumerate() {
            let value = self.value(instruction, &last);
            self.values.insert(instruction.to, value);
            if last[&instruction.to] == i {
                for (port, number) in wanted.remove(&instruction.to).unwrap_or_default() {
                    self.store(value, port, number);
                }
            }
        }
        let mut rest: Vec<_> = wanted.into_iter().collect();
        rest.sort_unstable_by_key(|&(at, _)| at);
        for (at, to) in rest {
            let value = self.at(at, &last);
            for (port, number) in to {
                self.store(value, port, number);
            }
        }
        self.builder.ins().return_(&[]);
        self.builder.finalize(self.frontend);
    }

    /// Where a port begins.
    fn begin(&mut self, port: Port) -> Value {
        let [file, frame, .., rest] = self.arguments;
        let given = match port {
            Port::File => return file,
            Port::Frame => return frame,
            Port::Given(i) => i,
        };
        if given < AT_HAND {
            return self.arguments[2 + given];
        }
        if let Some(&begin) = self.begins.get(&port) {
            return begin;
        }
        let offset = ((given - AT_HAND) * size_of::<usize>()) as i32;
        let begin = self
            .builder
            .ins()
            .load(self.pointer, only_read(), rest, offset);
        self.begins.insert(port, begin);
        begin
    }

    /// Writes a number of a port. Two that lie side by side in an output leave in one piece: who calls is likely to read them so, and would wait
    /// long for pieces that left one by one.
    fn store(&mut self, value: Value, port: Port, number: usize) {
        let begin = self.begin(port);
        if !self.pairs.contains(&(port, number)) {
            let offset = offset::<T>(number);
            let flags = MemFlagsData::trusted();
            self.builder.ins().store(flags, value, begin, offset);
            return;
        }
        let Some(other) = self.waiting.remove(&(port, number ^ 1)) else {
            self.waiting.insert((port, number), value);
            return;
        };
        let (low, high) = if number.is_multiple_of(2) {
            (value, other)
        } else {
            (other, value)
        };
        // One instruction; a scalar as a vector would have its other lane cleared first.
        let pair = self.builder.ins().splat(F64X2, low);
        let pair = self.builder.ins().insertlane(pair, high, 1);
        // Outputs are aligned as numbers are, not as pairs.
        let flags = MemFlagsData::new().with_notrap();
        let offset = offset::<T>(number & !1);
        self.builder.ins().store(flags, pair, begin, offset);
    }

    /// The value at a place; `written` are the places that the list writes.
    fn at(&mut self, at: u32, written: &HashMap<u32, usize>) -> Value {
        if let Some(&value) = self.values.get(&at) {
            return value;
        }
        let (port, number) = self.ports.read(at);
        // What is never written may be read wherever that is best.
        let flags = if port == Port::File && written.contains_key(&at) {
            MemFlagsData::trusted()
        } else {
            only_read()
        };
        let begin = self.begin(port);
        self.builder
            .ins()
            .load(self.float, flags, begin, offset::<T>(number))
    }

    fn number(&mut self, value: f64) -> Value {
        if self.float == F32 {
            self.builder.ins().f32const(value as f32)
        } else {
            self.builder.ins().f64const(value)
        }
    }

    fn value(&mut self, instruction: &Instruction, written: &HashMap<u32, usize>) -> Value {
        let [a, b, c] = instruction.from;
        let a = self.at(a, written);
        match instruction.code {
            Code::Neg => self.builder.ins().bxor(a, self.sign),
            Code::Square => self.builder.ins().fmul(a, a),
            Code::Unary(op) => self.unary(op, a),
            Code::Add | Code::Sub | Code::Mul | Code::Div | Code::Binary(_) => {
                let b = self.at(b, written);
                match instruction.code {
                    Code::Add => self.builder.ins().fadd(a, b),
                    Code::Sub => self.builder.ins().fsub(a, b),
                    Code::Mul => self.builder.ins().fmul(a, b),
                    Code::Div => self.builder.ins().fdiv(a, b),
                    Code::Binary(op) => self.binary(op, a, b),
                    _ => unreachable!("matched above"),
                }
            }
            // What is read right before its only use is an operand of that instruction.
            Code::MulAdd | Code::MulSub | Code::SubMul | Code::MulMul | Code::MulDiv => {
                let b = self.at(b, written);
                let product = self.builder.ins().fmul(a, b);
                let c = self.at(c, written);
                match instruction.code {
                    Code::MulAdd => self.builder.ins().fadd(product, c),
                    Code::MulSub => self.builder.ins().fsub(product, c),
                    Code::SubMul => self.builder.ins().fsub(c, product),
                    Code::MulDiv => self.builder.ins().fdiv(product, c),
                    _ => self.builder.ins().fmul(product, c),
                }
            }
            Code::DivMul | Code::SumMul | Code::DiffMul => {
                let b = self.at(b, written);
                let first = match instruction.code {
                    Code::DivMul => self.builder.ins().fdiv(a, b),
                    Code::SumMul => self.builder.ins().fadd(a, b),
                    _ => self.builder.ins().fsub(a, b),
                };
                let c = self.at(c, written);
                self.builder.ins().fmul(first, c)
            }
            Code::Select => {
                let (b, c) = (self.at(b, written), self.at(c, written));
                let zero = self.number(0.0);
                let condition = self.builder.ins().fcmp(FloatCC::NotEqual, a, zero);
                self.builder.ins().select(condition, b, c)
            }
        }
    }

    fn unary(&mut self, op: Unary, x: Value) -> Value {
        match op {
            Unary::Identity => x,
            Unary::Abs => self.builder.ins().fabs(x),
            Unary::Sqrt => self.builder.ins().sqrt(x),
            _ => {
                let rule = if self.float == F32 {
                    unary_f32 as *const ()
                } else {
                    unary_f64 as *const ()
                };
                self.call(0, rule, op as i64, &[x])
            }
        }
    }

    fn binary(&mut self, op: Binary, a: Value, b: Value) -> Value {
        let comparison = match op {
            Binary::Lt => FloatCC::LessThan,
            Binary::Le => FloatCC::LessThanOrEqual,
            Binary::Gt => FloatCC::GreaterThan,
            Binary::Ge => FloatCC::GreaterThanOrEqual,
            Binary::Eq => FloatCC::Equal,
            Binary::Ne => FloatCC::NotEqual,
            _ => {
                let rule = if self.float == F32 {
                    binary_f32 as *const ()
                } else {
                    binary_f64 as *const ()
                };
                return self.call(1, rule, op as i64, &[a, b]);
            }
        };
        let holds = self.builder.ins().fcmp(comparison, a, b);
        let (one, zero) = (self.number(1.0), self.number(0.0));
        self.builder.ins().select(holds, one, zero)
    }

    /// The rule of operation number `op`.
    fn call(&mut self, signature: usize, rule: *const (), op: i64, arguments: &[Value]) -> Value {
        let address = self.builder.ins().iconst(I64, rule as i64);
        let address = if self.pointer == I64 {
            address
        } else {
            self.builder.ins().ireduce(self.pointer, address)
        };
        let op = self.builder.ins().iconst(I32, op);
        let all: Vec<Value> = std::iter::once(op)
            .chain(arguments.iter().copied())
            .collect();
        let call = self
            .builder
            .ins()
            .call_indirect(self.calls[signature], address, &all);
        self.builder.inst_results(call)[0]
    }
}

fn only_read() -> MemFlagsData {
    MemFlagsData::trusted().with_readonly().with_can_move()
}

/// Number `number` of a port, in bytes.
fn offset<T>(number: usize) -> i32 {
    (number * size_of::<T>()) as i32
}

extern "C" fn unary_f64(op: u32, x: f64) -> f64 {
    Unary::ALL[op as usize].value(x)
}

extern "C" fn unary_f32(op: u32, x: f32) -> f32 {
    Unary::ALL[op as usize].value(x)
}

extern "C" fn binary_f64(op: u32, a: f64, b: f64) -> f64 {
    Binary::ALL[op as usize].value(a, b)
}

extern "C" fn binary_f32(op: u32, a: f32, b: f32) -> f32 {
    Binary::ALL[op as usize].value(a, b)
}
