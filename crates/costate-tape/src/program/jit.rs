//! Lists of scalar instructions as machine code.
//!
//! Every operation rounds as the interpreter's does, and what has no instruction of its own calls the operation's one rule: the bits are
//! the same. Values stay in registers; an address that is written several times is stored once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F32, F64, I32, I64};
use cranelift_codegen::ir::{self, AbiParam, InstBuilder, MemFlagsData, Signature, Value};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Linkage, Module, default_libcall_names};

use super::step::Step;
use super::{Lane, Lowering, Program};
use crate::kernel::dispatch::{Memory, Registers};
use crate::kernel::straight::{Code, Instruction};
use crate::op::{Binary, Unary};

/// A list of instructions as a function of the file; clones share the code.
#[derive(Clone)]
pub(crate) struct MachineCode<T> {
    run: unsafe extern "C" fn(*mut T),
    /// The memory that `run` lies in.
    _owner: Arc<Owner>,
}

impl<T> std::fmt::Debug for MachineCode<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("MachineCode")
    }
}

/// Frees the code with its last user.
struct Owner(Option<JITModule>);

// SAFETY: after compilation the module is never looked at again until it is dropped, by one owner; its code only reads itself.
unsafe impl Send for Owner {}
// SAFETY: as above.
unsafe impl Sync for Owner {}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Some(module) = self.0.take() {
            // SAFETY: no program that could call the code is left.
            unsafe { module.free_memory() };
        }
    }
}

impl<T: Registers> MachineCode<T> {
    /// Compiles a list; none where this processor has no compiler.
    pub(crate) fn new(list: &[Instruction]) -> Option<MachineCode<T>> {
        let mut flags = settings::builder();
        flags.set("opt_level", "speed").ok()?;
        flags
            .set(
                "enable_verifier",
                if cfg!(debug_assertions) {
                    "true"
                } else {
                    "false"
                },
            )
            .ok()?;
        let isa = cranelift_native::builder()
            .ok()?
            .finish(settings::Flags::new(flags))
            .ok()?;
        let mut module = JITModule::new(JITBuilder::with_isa(isa, default_libcall_names()));
        let mut context = module.make_context();
        context
            .func
            .signature
            .params
            .push(AbiParam::new(module.target_config().pointer_type()));
        let mut builder_context = FunctionBuilderContext::new();
        let builder = FunctionBuilder::new(&mut context.func, &mut builder_context);
        Translator::<T>::new(builder, &module).list(list);
        let id = module
            .declare_function("list", Linkage::Export, &context.func.signature)
            .ok()?;
        module.define_function(id, &mut context).ok()?;
        module.finalize_definitions().ok()?;
        let code = module.get_finalized_function(id);
        // SAFETY: the code was compiled with this signature.
        let run = unsafe { std::mem::transmute::<*const u8, unsafe extern "C" fn(*mut T)>(code) };
        Some(MachineCode {
            run,
            _owner: Arc::new(Owner(Some(module))),
        })
    }

    /// Runs the list.
    ///
    /// # Safety
    /// Every place of the list is inside the file.
    #[inline]
    pub(crate) unsafe fn run(&self, memory: &Memory<'_, T>) {
        // SAFETY: the caller's.
        unsafe { (self.run)(memory.frame) };
    }
}

impl<T: Lane> Program<T> {
    /// The same program with its scalar operations interpreted: the same bits, slower. For measuring what machine code gains, and for
    /// finding out whether it is to blame.
    #[must_use]
    pub fn without_machine_code(mut self) -> Self {
        if let Lowering::Plain(plain) = &mut self.lowering {
            plain.steps.iter_mut().flatten().for_each(Step::interpret);
        }
        self
    }
}

/// From instructions to Cranelift's.
struct Translator<'a, T> {
    builder: FunctionBuilder<'a>,
    file: Value,
    float: ir::Type,
    pointer: ir::Type,
    frontend: TargetFrontendConfig,
    calls: [ir::SigRef; 2],
    /// The last value of each address that was read or written.
    values: HashMap<u32, Value>,
    lane: std::marker::PhantomData<T>,
}

impl<'a, T: Registers> Translator<'a, T> {
    fn new(mut builder: FunctionBuilder<'a>, module: &JITModule) -> Self {
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
        Translator {
            file: builder.block_params(block)[0],
            float,
            pointer: module.target_config().pointer_type(),
            frontend: module.target_config(),
            calls,
            values: HashMap::new(),
            lane: std::marker::PhantomData,
            builder,
        }
    }

    fn list(mut self, list: &[Instruction]) {
        let (mut written, mut is_written) = (Vec::new(), HashSet::new());
        for instruction in list {
            let value = self.value(instruction);
            self.values.insert(instruction.to, value);
            if is_written.insert(instruction.to) {
                written.push(instruction.to);
            }
        }
        for at in written {
            let value = self.values[&at];
            let offset = self.offset(at);
            self.builder
                .ins()
                .store(MemFlagsData::trusted(), value, self.file, offset);
        }
        self.builder.ins().return_(&[]);
        self.builder.finalize(self.frontend);
    }

    fn offset(&self, at: u32) -> i32 {
        (at as usize * size_of::<T>()) as i32
    }

    /// The value at a place of the file.
    fn at(&mut self, at: u32) -> Value {
        if let Some(&value) = self.values.get(&at) {
            return value;
        }
        let offset = self.offset(at);
        let value = self
            .builder
            .ins()
            .load(self.float, MemFlagsData::trusted(), self.file, offset);
        self.values.insert(at, value);
        value
    }

    fn number(&mut self, value: f64) -> Value {
        if self.float == F32 {
            self.builder.ins().f32const(value as f32)
        } else {
            self.builder.ins().f64const(value)
        }
    }

    fn value(&mut self, instruction: &Instruction) -> Value {
        let [a, b, c] = instruction.from;
        let a = self.at(a);
        match instruction.code {
            Code::Neg => self.builder.ins().fneg(a),
            Code::Square => self.builder.ins().fmul(a, a),
            Code::Unary(op) => self.unary(op, a),
            Code::Add | Code::Sub | Code::Mul | Code::Div | Code::Binary(_) => {
                let b = self.at(b);
                match instruction.code {
                    Code::Add => self.builder.ins().fadd(a, b),
                    Code::Sub => self.builder.ins().fsub(a, b),
                    Code::Mul => self.builder.ins().fmul(a, b),
                    Code::Div => self.builder.ins().fdiv(a, b),
                    Code::Binary(op) => self.binary(op, a, b),
                    _ => unreachable!("matched above"),
                }
            }
            Code::MulAdd | Code::MulSub | Code::SubMul | Code::MulMul | Code::MulDiv => {
                let (b, c) = (self.at(b), self.at(c));
                let product = self.builder.ins().fmul(a, b);
                match instruction.code {
                    Code::MulAdd => self.builder.ins().fadd(product, c),
                    Code::MulSub => self.builder.ins().fsub(product, c),
                    Code::SubMul => self.builder.ins().fsub(c, product),
                    Code::MulDiv => self.builder.ins().fdiv(product, c),
                    _ => self.builder.ins().fmul(product, c),
                }
            }
            Code::DivMul | Code::SumMul | Code::DiffMul => {
                let (b, c) = (self.at(b), self.at(c));
                let first = match instruction.code {
                    Code::DivMul => self.builder.ins().fdiv(a, b),
                    Code::SumMul => self.builder.ins().fadd(a, b),
                    _ => self.builder.ins().fsub(a, b),
                };
                self.builder.ins().fmul(first, c)
            }
            Code::Select => {
                let (b, c) = (self.at(b), self.at(c));
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
