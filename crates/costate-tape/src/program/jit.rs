//! Scalar programs as machine code.
//!
//! Every operation rounds as the interpreter's does, and what has no instruction of its own calls the operation's one rule: the bits are
//! the same. A phase that is one list becomes one function, which reads the caller's inputs and writes the caller's outputs; values stay
//! in registers. Lists between kernels over arrays read and write the file.

mod translate;

use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr::{null, null_mut};
use std::sync::Arc;

use cranelift_codegen::ir::AbiParam;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Linkage, Module, default_libcall_names};

use super::plain::Plain;
use super::step::Step;
use super::{Lane, Lowering, Program};
use crate::kernel::dispatch::{Memory, Registers};
use crate::kernel::straight::Instruction;
use translate::Translator;

/// Inputs or outputs that a function can have, beside the one output or input that it has anyway.
const MOST: usize = 8;

/// Of all these, those whose addresses are handed over in registers.
const AT_HAND: usize = 3;

/// A list of instructions as a function; clones share the code.
#[derive(Clone)]
pub(crate) struct MachineCode<T> {
    run: Run<T>,
    /// The memory that `run` lies in.
    _owner: Arc<Owner>,
}

/// The file, the frame, what is at hand, a table of the rest.
type Run<T> = unsafe extern "C" fn(*mut T, *mut T, *mut T, *mut T, *mut T, *const *mut T);

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

/// Memory that a function knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Port {
    File,
    Frame,
    /// What the caller hands over: first the one output of an evaluation or the one cotangent of products, then the inputs or outputs.
    Given(usize),
}

/// Where the places of a list are.
#[derive(Debug, Default)]
struct Ports {
    /// Runs of places that are not read from the file: instead from a port, beginning at a number of it.
    reads: Vec<(Range<usize>, Port, usize)>,
    /// Places whose last values are wanted, and where they go.
    writes: Vec<(u32, Port, usize)>,
}

impl Ports {
    /// All in the file.
    fn file(list: &[Instruction]) -> Ports {
        let mut written: Vec<u32> = list.iter().map(|instruction| instruction.to).collect();
        written.sort_unstable();
        written.dedup();
        let stays = |at: u32| (at, Port::File, at as usize);
        Ports {
            reads: Vec::new(),
            writes: written.into_iter().map(stays).collect(),
        }
    }

    /// Where a place is read.
    fn read(&self, at: u32) -> (Port, usize) {
        let at = at as usize;
        let elsewhere = self.reads.iter().find(|(range, ..)| range.contains(&at));
        elsewhere.map_or((Port::File, at), |(range, port, first)| {
            (*port, first + at - range.start)
        })
    }
}

impl<T: Registers> MachineCode<T> {
    /// Compiles a list; none where this processor has no compiler.
    fn new(list: &[Instruction], ports: &Ports) -> Option<MachineCode<T>> {
        let mut flags = settings::builder();
        // The list is simplified already; and a load that serves several uses would only hold a register.
        flags.set("opt_level", "none").ok()?;
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
        let pointer = AbiParam::new(module.target_config().pointer_type());
        context.func.signature.params = vec![pointer; 6];
        let mut builder_context = FunctionBuilderContext::new();
        let builder = FunctionBuilder::new(&mut context.func, &mut builder_context);
        Translator::<T>::new(builder, &module, ports).list(list);
        let id = module
            .declare_function("list", Linkage::Export, &context.func.signature)
            .ok()?;
        module.define_function(id, &mut context).ok()?;
        module.finalize_definitions().ok()?;
        let code = module.get_finalized_function(id);
        // SAFETY: the code was compiled with this signature.
        let run = unsafe { std::mem::transmute::<*const u8, Run<T>>(code) };
        Some(MachineCode {
            run,
            _owner: Arc::new(Owner(Some(module))),
        })
    }

    /// Runs a list over the file.
    ///
    /// # Safety
    /// It was compiled with [`Ports::file`]; every place of the list is inside the file.
    #[inline]
    pub(crate) unsafe fn run(&self, memory: &Memory<'_, T>) {
        let file = memory.frame;
        // SAFETY: the caller's; the code reads and writes the file alone.
        unsafe { (self.run)(file, file, null_mut(), null_mut(), null_mut(), null()) };
    }

    /// Runs a phase.
    ///
    /// # Safety
    /// File, frame and what is given are those that its ports were made for, one and at most [`MOST`] more, and none overlaps another.
    #[inline]
    pub(crate) unsafe fn call(
        &self,
        file: &mut [T],
        frame: &mut [T],
        one: *mut T,
        mut more: impl Iterator<Item = *mut T>,
    ) {
        let mut at_hand = || more.next().unwrap_or(null_mut());
        let (second, third) = (at_hand(), at_hand());
        let mut rest = [const { MaybeUninit::uninit() }; MOST + 1 - AT_HAND];
        for place in &mut rest {
            let Some(given) = more.next() else { break };
            place.write(given);
        }
        let (file, frame) = (file.as_mut_ptr(), frame.as_mut_ptr());
        // SAFETY: the caller's; the code reads only addresses that there are.
        unsafe { (self.run)(file, frame, one, second, third, rest.as_ptr().cast()) };
    }
}

impl<T: Registers> Step<T> {
    /// A list becomes machine code.
    pub(super) fn compile(&mut self) {
        if let Step::Straight(_, list) = self
            && let Some(code) = MachineCode::new(list, &Ports::file(list))
        {
            *self = Step::Machine(code, std::mem::take(list));
        }
    }
}

impl<T: Registers> Plain<T> {
    /// Phases, or at least lists, become machine code.
    pub(super) fn compile_lists(&mut self) {
        for phase in 0..2 {
            self.machine[phase] = self.function(phase);
            if self.machine[phase].is_none() {
                self.steps[phase].iter_mut().for_each(Step::compile);
            }
        }
    }

    /// A phase as a function, if it is one list.
    fn function(&self, phase: usize) -> Option<MachineCode<T>> {
        let [Step::Straight(_, list)] = &self.steps[phase][..] else {
            return None;
        };
        if self.inputs.len() > MOST {
            return None;
        }
        let ports = if phase == 0 {
            self.evaluation(list)
        } else {
            self.of_products()
        };
        MachineCode::new(list, &ports)
    }

    /// Inputs are read where the caller has them; what products need goes into the frame, what guards compare into the file.
    fn evaluation(&self, list: &[Instruction]) -> Ports {
        let mut ports = Ports::default();
        for (i, place) in self.inputs.iter().enumerate() {
            ports.reads.push((place.clone(), Port::Given(1 + i), 0));
        }
        for (i, at) in self.output.addresses().enumerate() {
            ports.writes.push((at, Port::Given(0), i));
        }
        let constant = |at: u32| (at as usize) < self.kept.start;
        for at in self.guards.addresses().filter(|&at| !constant(at)) {
            ports.writes.push((at, Port::File, at as usize));
        }
        let entered = self.inputs.iter().cloned().flatten().map(|at| at as u32);
        let mut kept: Vec<u32> = entered.chain(list.iter().map(|one| one.to)).collect();
        kept.sort_unstable();
        kept.dedup();
        kept.retain(|&at| self.kept.contains(&(at as usize)));
        let goes = |at: u32| (at, Port::Frame, at as usize - self.kept.start);
        ports.writes.extend(kept.into_iter().map(goes));
        ports
    }

    /// What evaluation kept is read in the frame.
    fn of_products(&self) -> Ports {
        let mut ports = Ports {
            reads: vec![
                (self.kept.clone(), Port::Frame, 0),
                (self.cotangent.clone(), Port::Given(0), 0),
            ],
            writes: Vec::new(),
        };
        for (output, export) in self.cotangents.iter().enumerate() {
            for (i, at) in export.addresses().enumerate() {
                ports.writes.push((at, Port::Given(1 + output), i));
            }
        }
        for (i, at) in self.parameter_cotangent.addresses().enumerate() {
            ports.writes.push((at, Port::Frame, self.kept.len() + i));
        }
        ports
    }
}

impl<T: Lane> Program<T> {
    /// The same program with its scalar operations interpreted: the same bits, slower. For measuring what machine code gains, and for
    /// finding out whether it is to blame.
    #[must_use]
    pub fn without_machine_code(mut self) -> Self {
        let steps = match &mut self.lowering {
            Lowering::Plain(plain) => {
                plain.machine = [None, None];
                &mut plain.steps
            }
            Lowering::Batch(batch) => &mut batch.steps,
        };
        steps.iter_mut().flatten().for_each(Step::interpret);
        self
    }
}
