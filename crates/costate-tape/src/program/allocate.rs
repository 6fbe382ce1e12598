//! Addresses for slots: constants, what both phases need, and memory that is used again and again.

use std::collections::HashMap;

use super::draft::{Draft, Operand};
use super::place::Place;

/// A run of numbers that a step, an input or the parameters make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) len: usize,
    pub(crate) from: Origin,
}

/// Who writes a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Parameters and literals: written before any run.
    Constant,
    /// An input of a phase.
    Input(usize),
    /// A step that writes exactly the slot.
    Scalar,
    /// A step that may write up to a register past its end.
    Array,
}

/// Where everything is in the file: constants, kept values, then the rest.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// For each slot; slots that live only inside one chain have none.
    pub(crate) address: Vec<Option<u32>>,
    /// The end of the constants, where the kept values begin.
    pub(crate) kept: usize,
    /// The end of the kept values.
    pub(crate) shared: usize,
    pub(crate) len: usize,
}

impl Layout {
    /// The address of an element.
    pub(crate) fn at(&self, place: Place) -> u32 {
        let slot = self.address[place.slot as usize]
            .expect("every slot that a step touches has an address");
        slot + place.at
    }
}

/// When a slot is written and last read.
#[derive(Clone, Copy, Debug)]
struct Life {
    phase: usize,
    birth: usize,
    death: usize,
    /// Read after the phase that made it.
    kept: bool,
    /// Read only by the step that made it.
    inside: bool,
}

/// Gives addresses. A phase is its steps and the slots that are read when it ends; `lanes` is the room past an array's end.
pub(crate) fn allocate(slots: &[Slot], phases: &[(&[Draft], &[u32])], lanes: usize) -> Layout {
    let lives = lives(slots, phases);
    let homes = homes(slots, phases, &lives);
    let size = |slot: usize| match slots[slot].from {
        Origin::Array => (slots[slot].len + lanes - 1).next_multiple_of(lanes),
        _ => slots[slot].len,
    };
    let mut file = File {
        lanes,
        len: 0,
        free: HashMap::new(),
    };
    let mut address = vec![None; slots.len()];
    for slot in 0..slots.len() {
        if slots[slot].from == Origin::Constant {
            address[slot] = Some(file.push(size(slot)));
        }
    }
    file.align(lanes);
    let kept = file.len;
    for slot in 0..slots.len() {
        if lives[slot].kept {
            address[slot] = Some(file.push(size(slot)));
        }
    }
    file.align(lanes);
    let shared = file.len;
    for (phase, (steps, _)) in phases.iter().enumerate() {
        // Each phase may use all of the rest.
        file.free = HashMap::new();
        let (end, mut most) = (file.len, file.len);
        file.len = shared;
        // Slots by the step that reads them last.
        let mut dying: Vec<(u32, u32)> = Vec::new();
        for (slot, life) in lives.iter().enumerate() {
            let is_home = homes[slot] == slot;
            if life.phase == phase && address[slot].is_none() && !life.inside && is_home {
                dying.push((life.death as u32, slot as u32));
            }
            if slots[slot].from == Origin::Input(phase) && address[slot].is_none() {
                address[slot] = Some(file.take(size(slot)));
            }
        }
        dying.sort_unstable();
        let mut gone = 0;
        for (time, step) in steps.iter().enumerate() {
            let time = time + 1;
            let scalar = matches!(step, Draft::One(_));
            let mut release = |file: &mut File, address: &[Option<u32>]| {
                while let Some(&(death, slot)) = dying.get(gone)
                    && death as usize <= time
                {
                    gone += 1;
                    let slot = slot as usize;
                    if death as usize == time
                        && let Some(at) = address[slot]
                    {
                        file.give(at, size(slot));
                    }
                }
            };
            // A scalar step has read its operands before it writes; others may not share memory with what they read, but for `homes`.
            if scalar {
                release(&mut file, &address);
            }
            step.writes(|slot| {
                let slot = homes[slot as usize];
                if address[slot].is_none() && !lives[slot].inside {
                    address[slot] = Some(file.take(size(slot)));
                }
            });
            if !scalar {
                release(&mut file, &address);
            }
        }
        most = most.max(file.len);
        file.len = most.max(end);
    }
    // Reads of whole registers may pass the last element.
    Layout {
        address: homes.iter().map(|&home| address[home]).collect(),
        kept,
        shared,
        len: (file.len + lanes).next_multiple_of(lanes),
    }
}

/// For each slot, the one in whose memory it is: its own, or that of what a chain writes over it, element by element, where nothing reads it
/// afterwards.
fn homes(slots: &[Slot], phases: &[(&[Draft], &[u32])], lives: &[Life]) -> Vec<usize> {
    let mut homes: Vec<usize> = (0..slots.len()).collect();
    for (phase, (steps, _)) in phases.iter().enumerate() {
        // Backwards, as such chains may follow one another.
        for (time, step) in steps.iter().enumerate().rev() {
            if let Some([from, to]) = overwritten(step, slots) {
                let life = &lives[from];
                let ends = life.phase == phase && life.death == time + 1;
                if ends && !life.kept && !life.inside && !lives[to].inside {
                    homes[from] = homes[to];
                }
            }
        }
    }
    homes
}

/// An array that a chain of one operation reads as a whole, and nothing else of, and its result.
fn overwritten(step: &Draft, slots: &[Slot]) -> Option<[usize; 2]> {
    let Draft::Chain { len, each, .. } = step else {
        return None;
    };
    let [each] = &each[..] else { return None };
    let is_whole = |place: Place| {
        let slot = slots[place.slot as usize];
        place.at == 0 && slot.len == *len && slot.from == Origin::Array
    };
    let whole = |operand: &Operand| match *operand {
        Operand::Array(place) if is_whole(place) => Some(place.slot),
        _ => None,
    };
    let from = each.from.iter().find_map(whole)?;
    let mut of_it = each.from.iter().filter(|o| o.place().slot == from);
    let is_alone = of_it.all(|operand| whole(operand).is_some());
    (is_alone && is_whole(each.to)).then_some([from as usize, each.to.slot as usize])
}

fn lives(slots: &[Slot], phases: &[(&[Draft], &[u32])]) -> Vec<Life> {
    let mut lives: Vec<Life> = slots
        .iter()
        .map(|slot| {
            let phase = if let Origin::Input(phase) = slot.from {
                phase
            } else {
                0
            };
            Life {
                phase,
                birth: 0,
                death: 0,
                kept: false,
                inside: false,
            }
        })
        .collect();
    for (phase, (steps, ends)) in phases.iter().enumerate() {
        let read = |slot: u32, time: usize, lives: &mut Vec<Life>| {
            let life = &mut lives[slot as usize];
            if life.phase == phase {
                life.inside &= time == life.birth;
                life.death = life.death.max(time);
            } else {
                life.inside = false;
                life.kept = slots[slot as usize].from != Origin::Constant;
            }
        };
        for (time, step) in steps.iter().enumerate() {
            let time = time + 1;
            step.writes(|slot| {
                let inside = matches!(step, Draft::Chain { .. });
                lives[slot as usize] = Life {
                    phase,
                    birth: time,
                    death: time,
                    kept: false,
                    inside,
                };
            });
            step.reads(|slot| read(slot, time, &mut lives));
        }
        for &slot in *ends {
            read(slot, steps.len() + 1, &mut lives);
        }
    }
    lives
}

/// A growing file with memory given back by size.
struct File {
    /// Numbers of a register.
    lanes: usize,
    len: usize,
    free: HashMap<usize, Vec<u32>>,
}

impl File {
    fn push(&mut self, size: usize) -> u32 {
        // What fills a register begins where one does in memory.
        if size >= self.lanes {
            self.align(self.lanes);
        }
        let at = self.len as u32;
        self.len += size;
        at
    }

    fn take(&mut self, size: usize) -> u32 {
        match self.free.get_mut(&size).and_then(Vec::pop) {
            Some(at) => at,
            None => self.push(size),
        }
    }

    fn give(&mut self, at: u32, size: usize) {
        self.free.entry(size).or_default().push(at);
    }

    fn align(&mut self, to: usize) {
        self.len = self.len.next_multiple_of(to);
    }
}
