//! No machine code: other processors, and programs that do without.

use std::convert::Infallible;
use std::marker::PhantomData;

use super::blocks::Group;
use super::plain::Plain;
use crate::kernel::dispatch::{Isa, Memory, Registers};
use crate::kernel::elementwise::Chain;
use crate::kernel::straight::Instruction;

/// There is none.
#[derive(Clone, Debug)]
pub(crate) struct MachineCode<T>(Infallible, PhantomData<T>);

/// Nobody is given anything.
pub(super) struct Given<T>(PhantomData<T>);

impl<T> Given<T> {
    pub(super) fn new(_: usize, _: impl Iterator<Item = *const T>, _: *mut T) -> Self {
        Given(PhantomData)
    }
}

impl<T: Registers> MachineCode<T> {
    pub(super) fn of_file(_: &[Instruction], _: Isa) -> Option<Self> {
        None
    }

    pub(crate) fn of_chains<'a>(
        _: impl Iterator<Item = &'a Chain>,
        _: Isa,
    ) -> Option<(Self, usize)> {
        None
    }

    pub(super) fn writes_lanes(_: Isa, _: usize) -> bool {
        false
    }

    pub(super) fn of_lanes(_: &[Instruction], _: &Group, _: Isa, _: usize) -> Option<Self> {
        None
    }

    pub(crate) fn bytes(&self) -> usize {
        match self.0 {}
    }

    pub(crate) unsafe fn run(&self, _: &Memory<'_, T>) {
        match self.0 {}
    }

    pub(crate) unsafe fn call(
        &self,
        _: *mut T,
        _: *mut T,
        _: *mut T,
        _: usize,
        _: impl FnMut(usize) -> *mut T,
    ) {
        match self.0 {}
    }

    pub(super) unsafe fn run_lanes(&self, _: *mut T, _: &Given<T>, _: usize) {
        match self.0 {}
    }
}

impl<T: Registers> Plain<T> {
    pub(super) fn function(&self, _: usize, _: Isa) -> Option<MachineCode<T>> {
        None
    }
}
