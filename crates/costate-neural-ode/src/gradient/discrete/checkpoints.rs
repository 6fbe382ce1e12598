//! A solve whose evaluations do not all fit into memory: states kept here and there, steps taken again from them.

use super::sweep::Sweep;
use crate::gradient::Saved;
use crate::gradient::primal::Primal;
use crate::{Error, VectorField};
use costate_ode::{Real, State};

/// The parts of a budget, in percent: for sizes of steps, for frames and for states. Frames may take twice their part while they grow.
const PARTS: [usize; 3] = [80, 6, 6];
/// Sizes of steps are kept in blocks of so many, so that more of them never means copying those there are.
const BLOCK: usize = 512;

/// A state from which steps can be taken again.
#[derive(Clone, Copy, Debug)]
struct Mark<T> {
    /// The step that begins here.
    step: usize,
    time: T,
    /// How many states were saved before.
    saves: usize,
}

/// What is kept of a solve under a budget.
///
/// While the solve goes forward it marks every so many steps; when there is no room for another mark it forgets every second one: so the number of steps need not be
/// known. Going back, the steps between two marks are taken again, in pieces that fit; where marks lie too far apart, new ones are set on the way.
#[derive(Debug)]
pub(super) struct Checkpoints<T, E> {
    budget: usize,
    /// Steps whose evaluations are kept at once.
    piece: usize,
    /// The distance of marks, in steps.
    spacing: usize,
    most_marks: usize,
    most_sizes: usize,
    marks: Vec<Mark<T>>,
    states: Vec<E>,
    sizes: Vec<Vec<T>>,
    count: usize,
    /// Where the piece under way begins.
    begin: usize,
    pub(super) retaken: usize,
}

impl<T: Real, E: Real> Checkpoints<T, E> {
    pub(super) fn new<Y, F>(budget: usize, primal: &mut Primal<T, Y, F>) -> Self
    where
        Y: State<T, Element = E>,
        F: VectorField<E>,
    {
        let part = |i: usize| budget / 100 * PARTS[i];
        let rows = primal.it.tableau().dense_len().max(primal.closing() + 1);
        let step = rows * primal.field().frame_bytes() + Primal::<T, Y, F>::RECORD;
        let mark = primal.width() * size_of::<E>() + size_of::<Mark<T>>();
        let (piece, most_marks) = ((part(1) / step).max(1), (part(2) / mark).max(2));
        Self {
            budget,
            piece,
            spacing: piece,
            most_sizes: part(0) / size_of::<T>(),
            marks: Vec::with_capacity(most_marks),
            states: Vec::with_capacity(most_marks * primal.width()),
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

    fn size(&self, n: usize) -> T {
        self.sizes[n / BLOCK][n % BLOCK]
    }

    fn keep_size(&mut self, size: T) -> Result<(), Error> {
        if self.count == self.most_sizes {
            return Err(Error::Budget {
                bytes: self.budget,
                steps: self.count,
            });
        }
        if self.count / BLOCK == self.sizes.len() {
            self.sizes.push(vec![T::zero(); BLOCK]);
        }
        self.sizes[self.count / BLOCK][self.count % BLOCK] = size;
        self.count += 1;
        Ok(())
    }

    fn mark<Y, F>(&mut self, primal: &Primal<T, Y, F>, step: usize)
    where
        Y: State<T, Element = E>,
        F: VectorField<E>,
    {
        self.marks.push(Mark {
            step,
            time: primal.it.t(),
            saves: primal.saves.len(),
        });
        self.states.extend_from_slice(primal.it.y().as_slice());
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

    /// Solves to the end. Of the last piece everything is kept.
    pub(super) fn solve<Y, F>(&mut self, primal: &mut Primal<T, Y, F>) -> Result<(), Error>
    where
        Y: State<T, Element = E>,
        F: VectorField<E>,
    {
        self.marks.clear();
        self.states.clear();
        (self.count, self.begin, self.retaken, self.spacing) = (0, 0, 0, self.piece);
        self.mark(primal, 0);
        loop {
            if primal.steps.len() == self.piece && !primal.it.finished() {
                self.begin = self.count;
                primal.begin_piece();
                if self.count.is_multiple_of(self.spacing) {
                    if self.marks.len() == self.most_marks {
                        self.thin(primal.width());
                    }
                    if self.count.is_multiple_of(self.spacing) {
                        self.mark(primal, self.count);
                    }
                }
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
            // The mark that is nearest before the end.
            while self.marks.last().is_some_and(|mark| mark.step >= end) {
                self.marks.pop();
            }
            self.states.truncate(self.marks.len() * width);
            let mark = *self.marks.last().expect("the start is marked");
            let state = &self.states[self.states.len() - width..];
            primal.restore(mark.time, state, mark.saves);
            let free = self.most_marks - self.marks.len();
            let pieces = (end - mark.step).div_ceil(self.piece);
            // Marks on the way, evenly, as many as fit; then the last piece.
            let between = pieces.div_ceil(free + 1) * self.piece;
            let begin = mark.step + (pieces - 1) * self.piece;
            for n in mark.step..end {
                if n > mark.step && n < begin && (n - mark.step).is_multiple_of(between) {
                    self.mark(primal, n);
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
