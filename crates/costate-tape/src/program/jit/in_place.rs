//! Evaluations by chains over arrays that are read and written where the caller has them.

use super::arrays::Together;
use super::assembler::{Base, Form};
use super::assign::{GIVEN, Writer};
use super::operation::{Home, Operations, Origin, Selection};
use super::{AT_HAND, MachineCode, Port, Ports};
use crate::kernel::dispatch::{Isa, Registers};
use crate::kernel::straight::Instruction;
use crate::program::plain::Plain;
use crate::program::step::Step;

impl<T: Registers> Plain<T> {
    /// An evaluation, if it is chains of one loop that write the output, and nothing else is wanted of it. Arrays fill their registers: the
    /// caller may have nothing behind them.
    pub(super) fn in_place(&self, isa: Isa) -> Option<MachineCode<T>> {
        let form = Form::new(isa, size_of::<T>(), isa.lanes::<T>())?;
        let mut chains = self.steps[0].iter().map(|step| match step {
            Step::Chain(_, chain) => Some(chain),
            _ => None,
        });
        let mut together = Together::new(isa.lanes::<T>(), chains.next()??)?;
        chains.try_for_each(|chain| together.add(chain?))?;
        let full = together.len > 0 && together.len.is_multiple_of(together.lanes);
        let nothing_else = self.kept.is_empty() && self.guards.len() == 0;
        if !full || !nothing_else || !together.rows.is_empty() || self.inputs.len() >= AT_HAND {
            return None;
        }
        let list = together.list();
        let ports = self.of_arrays(&together, &list)?;
        together.reaches(form)?;
        let operations = Selection::<T>::operations(&list, &ports, form);
        if !self.are_given(&operations, together.len) {
            return None;
        }
        let mut writer = Writer::new(form, form.number);
        writer.assembler.copy_address(GIVEN[1], GIVEN[0]);
        let arrays = &GIVEN[2..3 + self.inputs.len()];
        let moving: Vec<Base> = arrays.iter().copied().chain([GIVEN[0]]).collect();
        together.row(&mut writer, &operations, &moving);
        MachineCode::of_code(&writer.finish())
    }

    /// Inputs and output as arrays that move on; none where the output is not whole arrays one behind the other, or what is written may lie
    /// over an input that is read elsewhere.
    fn of_arrays(&self, together: &Together<'_>, list: &[Instruction]) -> Option<Ports> {
        let (len, output) = (together.len, &self.output);
        if !output.len().is_multiple_of(len) || together.writes_over(&self.inputs) {
            return None;
        }
        let mut ports = together.ports(list);
        for (i, input) in self.inputs.iter().enumerate() {
            ports.reads.push((input.clone(), Port::Array(1 + i), 0));
        }
        ports.writes.clear();
        for number in (0..output.len()).step_by(len) {
            let at = output.address(number);
            if !(0..len).all(|i| output.address(number + i) == at + i) {
                return None;
            }
            ports.writes.push((at as u32, Port::Array(0), number));
        }
        Some(ports)
    }

    /// Whether all arrays of so many numbers that these read are inputs or constants.
    fn are_given(&self, operations: &Operations, len: usize) -> bool {
        let given = |origin: &Origin| match *origin {
            Origin::Memory(Home::Port(Port::Array(i), number)) => {
                number + len <= self.inputs[i - 1].len()
            }
            Origin::Memory(Home::Port(Port::Number, number)) => number < self.kept.start,
            Origin::Memory(Home::Port(_, number)) => number + len <= self.kept.start,
            Origin::Memory(Home::Constant(_)) | Origin::Made(_) => true,
        };
        operations.values.iter().all(given)
    }
}
