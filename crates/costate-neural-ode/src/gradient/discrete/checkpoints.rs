//! A solve whose evaluations do not all fit into memory: states kept here and there, steps taken again from them.

use super::sweep::Sweep;
use crate::gradient::Saved;
use crate::gradient::primal::Primal;
use crate::{Error, VectorField};
use costate_ode::{Real, State};

/// The parts of a budget, in percent: for sizes of steps, for frames and for states. Frames may take twice their part while they grow; what is left
/// is for the solver itself.
const PARTS: [usize; 3] = [80, 6, 6];
/// Sizes of steps are kept in blocks of so many, so that more of them never means copying those there are.
const BLOCK: usize = 512;

/// The sizes of some steps.
#[derive(Clone, Debug)]
enum Block<T> {
    Each(Vec<T>),
    /// All are the same.
    Same(T),
}

impl<T: Real> Block<T> {
    fn get(&self, i: usize) -> T {
        match self {
            Self::Each(sizes) => sizes[i],
            Self::Same(size) => *size,
        }
    }
}

/// A state from which steps can be taken again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark<T> {
    /// The step that begins here.
    pub(super) step: usize,
    pub(super) time: T,
    /// How many states were saved before.
    pub(super) saves: usize,
}

/// What is kept of a solve under a budget.
///
/// While the solve goes forward it marks every so many steps; when there is no room for another mark it forgets every second one: so the number of steps need not be
/// known. Going back, the steps between two marks are taken again, in pieces that fit; where marks lie too far apart, new ones are set on the way.
#[derive(Debug)]
pub(super) struct Checkpoints<T, E> {
    budget: usize,
    /// Steps whose evaluations are kept at once.
    pub(super) piece: usize,
    /// The distance of marks, in steps.
    spacing: usize,
    pub(super) most_marks: usize,
    /// The most bytes for sizes, and those of all room made for them, in use or spare.
    most_bytes: usize,
    bytes: usize,
    /// How often room was made.
    rooms: usize,
    /// Room to be used before more is made.
    spare: Vec<Vec<T>>,
    pub(super) marks: Vec<Mark<T>>,
    pub(super) states: Vec<E>,
    sizes: Vec<Block<T>>,
    pub(super) count: usize,
    /// Where the piece under way begins.
    pub(super) begin: usize,
    pub(super) retaken: usize,
}

impl<T: Real, E: Real> Checkpoints<T, E> {
    pub(super) fn new<Y, F>(budget: usize, primal: &mut Primal<T, Y, F>) -> Self
    where
        Y: State<T, Element = E>,
        F: VectorField<E>,
    {
        let rows = primal.it.tableau().dense_len().max(primal.closing() + 1);
        let step = rows * primal.field().frame_bytes() + Primal::<T, Y, F>::RECORD;
        Self::within(budget, step, primal.width())
    }

    /// For steps of `step` bytes each, of a state of `width` components.
    pub(super) fn within(budget: usize, step: usize, width: usize) -> Self {
        let part = |i: usize| budget / 100 * PARTS[i];
        let mark = width * size_of::<E>() + size_of::<Mark<T>>();
        let (piece, most_marks) = ((part(1) / step).max(1), (part(2) / mark).max(2));
        Self {
            budget,
            piece,
            spacing: piece,
            most_bytes: part(0),
            bytes: 0,
            rooms: 0,
            spare: Vec::new(),
            marks: Vec::with_capacity(most_marks),
            states: Vec::with_capacity(most_marks * width),
            most_marks,
            sizes: Vec::new(),
            count: 0,
            begin: 0,
            retaken: 0,
        }
    }

    pub(super) fn sizes(&self) -> impl Iterator<Item = T> + '_ {
        (0..self.count).map(|n| self.size(n))
    }

    pub(super) fn size(&self, n: usize) -> T {
        self.sizes[n / BLOCK].get(n % BLOCK)
    }

    pub(super) fn keep_size(&mut self, size: T) -> Result<(), Error> {
        let place = self.count % BLOCK;
        if place == 0 {
            self.close_block();
            let sizes = self.spare.pop().unwrap_or_else(|| {
                let taken = self.bytes + (self.sizes.len() + 1) * size_of::<Block<T>>();
                let room = self.most_bytes.saturating_sub(taken);
                // The last block may be a short one.
                let sizes = vec![T::zero(); BLOCK.min(room / size_of::<T>())];
                self.bytes += size_of_val(&sizes[..]);
                self.rooms += 1;
                sizes
            });
            self.sizes.push(Block::Each(sizes));
            // For all of them, when the next solve begins.
            self.spare.reserve(self.rooms - self.spare.len());
        }
        match self.sizes.last_mut() {
            Some(Block::Each(sizes)) if place < sizes.len() => sizes[place] = size,
            _ => {
                return Err(Error::Budget {
                    bytes: self.budget,
                    steps: self.count,
                });
            }
        }
        self.count += 1;
        Ok(())
    }

    /// Of a full block of equal sizes one is enough.
    fn close_block(&mut self) {
        let Some(Block::Each(sizes)) = self.sizes.last() else {
            return;
        };
        let first = sizes[0];
        if sizes.iter().all(|size| *size == first)
            && let Some(Block::Each(room)) = self.sizes.pop()
        {
            self.spare.push(room);
            self.sizes.push(Block::Same(first));
        }
    }

    /// Marks where step `step` begins, at (t, h), with so many states saved before.
    pub(super) fn mark(&mut self, step: usize, saves: usize, (time, state): (T, &[E])) {
        self.marks.push(Mark { step, time, saves });
        self.states.extend_from_slice(state);
    }

    /// Begins again, at (t, h).
    pub(super) fn restart(&mut self, start: (T, &[E])) {
        self.marks.clear();
        self.states.clear();
        // A short block goes to the bottom.
        while let Some(block) = self.sizes.pop() {
            if let Block::Each(room) = block {
                self.spare.push(room);
            }
        }
        (self.count, self.begin, self.retaken, self.spacing) = (0, 0, 0, self.piece);
        self.mark(0, 0, start);
    }

    /// A piece ends at (t, h), where so many states are saved: marks it if it is time.
    pub(super) fn end_piece(&mut self, saves: usize, here: (T, &[E])) {
        self.begin = self.count;
        if self.count.is_multiple_of(self.spacing) {
            if self.marks.len() == self.most_marks {
                self.thin(here.1.len());
            }
            if self.count.is_multiple_of(self.spacing) {
                self.mark(self.count, saves, here);
            }
        }
    }

    /// The mark nearest before step `end`; later ones are forgotten.
    pub(super) fn nearest(&mut self, end: usize, width: usize) -> Mark<T> {
        while self.marks.last().is_some_and(|mark| mark.step >= end) {
            self.marks.pop();
        }
        self.states.truncate(self.marks.len() * width);
        *self.marks.last().expect("the start is marked")
    }

    /// The state of the last mark.
    pub(super) fn state(&self, width: usize) -> &[E] {
        &self.states[self.states.len() - width..]
    }

    /// Of the steps from a mark to `end`: how far apart to set marks on the way, as many as fit, and where the last piece begins.
    pub(super) fn plan(&self, mark: Mark<T>, end: usize) -> (usize, usize) {
        let free = self.most_marks - self.marks.len();
        let pieces = (end - mark.step).div_ceil(self.piece);
        let between = pieces.div_ceil(free + 1) * self.piece;
        (between, mark.step + (pieces - 1) * self.piece)
    }

    /// Forgets every second mark.
    fn thin(&mut self, width: usize) {
        let kept = self.marks.len().div_ceil(2);
        for i in 0..kept {
            self.marks[i] = self.marks[2 * i];
            self.states
                .copy_within(2 * i * width..(2 * i + 1) * width, i * width);
        }
        self.marks.truncate(kept);
        self.states.truncate(kept * width);
        self.spacing *= 2;
    }

    /// How many steps a solve of `steps` of them would take again.
    pub(super) fn predict(&self, steps: usize) -> usize {
        let (here, width) = ((T::zero(), &[][..]), 0);
        let mut dry = Self::within(self.budget, 1, width);
        (dry.piece, dry.most_marks) = (self.piece, self.most_marks);
        dry.restart(here);
        for piece in 1..steps.div_ceil(self.piece) {
            dry.count = piece * self.piece;
            dry.end_piece(0, here);
        }
        let mut end = dry.begin;
        while end > 0 {
            let mark = dry.nearest(end, width);
            let (between, begin) = dry.plan(mark, end);
            for n in (mark.step + between..begin).step_by(between) {
                dry.mark(n, 0, here);
            }
            dry.retaken += end - mark.step;
            end = begin;
        }
        dry.retaken
    }

    /// Solves to the end. Of the last piece everything is kept.
    pub(super) fn solve<Y, F>(&mut self, primal: &mut Primal<T, Y, F>) -> Result<(), Error>
    where
        Y: State<T, Element = E>,
        F: VectorField<E>,
    {
        self.restart((primal.it.t(), primal.it.y().as_slice()));
        loop {
            if primal.steps.len() == self.piece && !primal.finished() {
                primal.begin_piece();
                let here = (primal.it.t(), primal.it.y().as_slice());
                self.end_piece(primal.saves.len(), here);
            }
            if !primal.advance()? {
                return Ok(());
            }
            self.keep_size(primal.it.h())?;
        }
    }

    /// Goes back through all pieces before the last, which was gone through already.
    pub(super) fn sweep<Y, F>(
        &mut self,
        primal: &mut Primal<T, Y, F>,
        sweep: &mut Sweep<T, Y>,
        cotangents: &Saved<E>,
    ) where
        Y: State<T, Element = E>,
        F: VectorField<E>,
    {
        let (mut end, width) = (self.begin, primal.width());
        while end > 0 {
            let mark = self.nearest(end, width);
            primal.restore(mark.time, self.state(width), mark.saves);
            let (between, begin) = self.plan(mark, end);
            for n in mark.step..end {
                if n > mark.step && n < begin && (n - mark.step).is_multiple_of(between) {
                    let here = (primal.it.t(), primal.it.y().as_slice());
                    self.mark(n, primal.saves.len(), here);
                }
                if n <= begin {
                    primal.begin_piece();
                }
                primal.retake(self.size(n));
            }
            self.retaken += end - mark.step;
            primal.close_piece();
            for n in (0..primal.steps.len()).rev() {
                sweep.step(primal, n, (begin + n == 0, false), cotangents);
            }
            end = begin;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doc::House;
    use costate_ode::{Options, tableau};

    #[test]
    fn the_parts_of_a_budget_are_filled_and_not_exceeded() {
        for (budget, width) in [(100_000, 1), (1_000_000, 50)] {
            for step in [200, 900] {
                let kept = Checkpoints::<f64, f64>::within(budget, step, width);
                let (piece, marks) = (kept.piece * step, kept.marks.capacity());
                let states = kept.states.capacity() * 8 + marks * size_of::<Mark<f64>>();
                assert!(piece <= budget * 6 / 100 && piece + step > budget * 6 / 100);
                let mark = 8 * width + size_of::<Mark<f64>>();
                assert!(states <= budget * 6 / 100 && states + mark > budget * 6 / 100);
                assert_eq!(kept.most_bytes, budget * 80 / 100);
            }
        }
        // However small the budget, there is a step and a mark on the way.
        let least = Checkpoints::<f64, f64>::within(100, 1_000, 50);
        assert_eq!((least.piece, least.most_marks), (1, 2));
    }

    #[test]
    fn equal_sizes_take_no_room_and_others_as_much_as_they_may() {
        let mut kept = Checkpoints::<f64, f64>::within(20_000, 200, 1);
        kept.restart((0.0, &[0.0]));
        for _ in 0..50_000 {
            kept.keep_size(0.1).unwrap();
        }
        let mut most = 0;
        while kept.keep_size(0.1 + most as f64).is_ok() {
            most += 1;
        }
        assert!(most > 1_200 && most < 16_000 / 8, "{most}");
        let taken =
            |kept: &Checkpoints<f64, f64>| kept.bytes + kept.sizes.len() * size_of::<Block<f64>>();
        assert!(taken(&kept) <= 16_000 && (0..50_000).all(|n| kept.size(n) == 0.1));
        let later = (0..most).map(|n| kept.size(50_000 + n));
        assert!(later.enumerate().all(|(n, size)| size == 0.1 + n as f64));
        // Used again, it begins with the room that there is, and makes no more than it may.
        let before = kept.bytes;
        kept.restart((0.0, &[0.0]));
        for n in 0..most {
            kept.keep_size(n as f64).unwrap();
            assert_eq!((kept.size(n), kept.bytes), (n as f64, before));
        }
        while kept.keep_size(kept.count as f64).is_ok() {}
        assert!(kept.count >= most && taken(&kept) <= 16_000);
    }

    #[test]
    fn marks_are_thinned_where_there_is_no_room_and_new_ones_fit_between() {
        let mut kept = Checkpoints::<f64, f64>::within(100, 1_000, 0);
        kept.most_marks = 4;
        kept.restart((0.0, &[]));
        let steps = |kept: &Checkpoints<f64, f64>| -> Vec<usize> {
            kept.marks.iter().map(|mark| mark.step).collect()
        };
        for (to, marks) in [
            (3, &[0, 1, 2, 3][..]),
            (7, &[0, 2, 4, 6]),
            (15, &[0, 4, 8, 12]),
            (20, &[0, 8, 16]),
        ] {
            for n in kept.count + 1..=to {
                kept.count = n;
                kept.end_piece(0, (n as f64, &[]));
            }
            assert_eq!(steps(&kept), marks);
        }
        // Four steps of one piece each, and room for one mark more: it halves them.
        let last = kept.nearest(20, 0);
        assert_eq!((last.step, last.time), (16, 16.0));
        assert_eq!(kept.plan(last, 20), (2, 19));
    }

    #[test]
    fn a_step_counts_with_every_evaluation_kept_of_it() {
        let budget = 1_000_000;
        let piece = |name: &str| {
            let (tableau, options) = (tableau::by_name(name).unwrap(), Options::constant_step(0.1));
            let mut primal = Primal::new(House::default(), &[0.0], tableau, options).unwrap();
            let (frame, record) = (
                primal.field().frame_bytes(),
                Primal::<f64, [f64; 1], House>::RECORD,
            );
            (Checkpoints::new(budget, &mut primal).piece, frame, record)
        };
        // Euler evaluates f where a step begins and where it ends; dopri5 seven times, the last for both.
        for (name, evaluations) in [("euler", 2), ("dopri5", 7)] {
            let (piece, frame, record) = piece(name);
            assert_eq!(piece, 60_000 / (evaluations * frame + record), "{name}");
        }
    }
}
