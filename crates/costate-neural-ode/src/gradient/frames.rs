//! In which frame an evaluation of a step is kept.

use crate::VectorField;
use costate_ode::{Element, Real, State, System};
use std::ops::Range;

/// Numbers the evaluations of an integration so that those of accepted steps are kept and those of rejected tries are overwritten.
///
/// A step has rows: its stages 0, 1, …, then what dense output adds. Row 0 is often known from the step before, where it was the *closing*
/// row f(t + dt, h₁): then it keeps the frame it had there. All other rows follow one another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frames {
    /// The frame of row 0 and of row 1.
    span: FrameSpan,
    /// Whether row 0 is known.
    known: bool,
    /// The frame of the next evaluation.
    next: usize,
    /// f is evaluated once more after the first row 0, to estimate the first step.
    estimates: bool,
    /// Steps of so many rows take turns in two places; 0: every step has its own.
    rows: usize,
}

/// The frames of one step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FrameSpan {
    first: usize,
    base: usize,
}

impl FrameSpan {
    /// The frame of row `i`.
    #[inline]
    pub(crate) fn of(self, i: usize) -> usize {
        if i == 0 {
            self.first
        } else {
            self.base + i - 1
        }
    }
}

impl Frames {
    /// Frames of no more than a step of `rows` rows and the one before, whose last row may be the first of this.
    pub(crate) fn of_one_step(rows: usize) -> Self {
        Self {
            rows,
            ..Self::default()
        }
    }

    /// How many frames those are.
    pub(crate) fn of_two_steps(rows: usize) -> usize {
        2 * rows
    }

    /// An integration begins. `estimates`: its first step is not given.
    pub(crate) fn begin(&mut self, estimates: bool) {
        *self = Self {
            rows: self.rows,
            estimates,
            ..Self::default()
        };
        self.restart();
    }

    /// Row 0 of the next step is not known, after all.
    pub(crate) fn restart(&mut self) {
        let first = if self.rows == 0 { self.next } else { 0 };
        self.span = FrameSpan {
            first,
            base: first + 1,
        };
        self.known = false;
    }

    /// What was kept may be overwritten: frames are numbered from 0 again. Row 0 of the next step is not among them, if it is known.
    pub(crate) fn renumber(&mut self) {
        self.span = FrameSpan { first: 0, base: 1 };
    }

    /// The frame of row 0 of the next step, if it is not known.
    pub(crate) fn missing(&self) -> Option<usize> {
        (!self.known).then(|| self.span.of(0))
    }

    /// A step is about to be tried.
    #[inline]
    pub(crate) fn attempt(&mut self) {
        self.next = if self.known {
            self.span.base
        } else {
            self.span.first
        };
        self.known = true;
    }

    /// The frame for the evaluation that comes now.
    #[inline]
    pub(crate) fn take(&mut self) -> usize {
        let frame = self.next;
        if self.estimates && frame == self.span.base {
            // The evaluation for the estimate; row 1 will overwrite it.
            self.estimates = false;
        } else {
            self.next += 1;
        }
        if self.rows == 0 {
            frame
        } else {
            // Where nobody counts the steps, as with the augmented system by itself, they go round and round.
            frame % Self::of_two_steps(self.rows)
        }
    }

    /// The row that comes now and the frames of it and of those behind it, up to so many.
    pub(crate) fn ahead(&self, rows: usize) -> (usize, Range<usize>) {
        let row = usize::from(self.next == self.span.base);
        (row, self.next..self.next + rows - row)
    }

    /// The frame of a row of the step at hand.
    pub(crate) fn of(&self, row: usize) -> usize {
        self.span.of(row)
    }

    /// The step was taken and will not be interpolated any more. Returns its frames and turns to the next step.
    #[inline]
    pub(crate) fn accept(&mut self, closing: usize) -> FrameSpan {
        let done = self.span;
        let first = done.base + closing - 1;
        self.known = first < self.next;
        self.span = if self.rows == 0 {
            FrameSpan {
                first,
                base: self.next.max(first + 1),
            }
        } else {
            let place = if done.base > self.rows { 0 } else { self.rows };
            FrameSpan {
                first: if self.known { first } else { place },
                base: place + 1,
            }
        };
        done
    }
}

/// A field as a system whose evaluations are kept in frames.
#[derive(Clone, Debug)]
pub(crate) struct Framed<F> {
    pub(crate) field: F,
    pub(crate) frames: Frames,
}

impl<T, Y, F> System<T, Y> for Framed<F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    #[inline]
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        let frame = self.frames.take();
        self.field
            .eval(frame, scalar(t), y.as_slice(), dy.as_mut_slice());
    }
}

/// A time, weight or step in the number type of the state.
#[inline]
pub(crate) fn scalar<T: Real, E: Element<T> + Real>(value: T) -> E {
    <E as Element<T>>::zero().add_scaled(E::weight(value), E::one())
}
