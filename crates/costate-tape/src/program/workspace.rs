//! The memory of one thread for a program.

use super::buffer::Buffer;
use super::{Lane, Lowering, Program};
use std::sync::Arc;

/// The memory of a workspace, in numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needs {
    /// Beside the frames.
    pub(super) shared: usize,
    /// Distance of two frames: whole cache lines, and never a power of two, so that the same element of many frames does not always fall
    /// into the same set of the cache.
    pub(super) stride: usize,
    /// Past the last frame, where kernels may read.
    pub(super) overhang: usize,
}

impl Needs {
    pub(super) fn of<T: Lane>(lowering: &Lowering<T>) -> Needs {
        let (shared, frame, overhang) = match lowering {
            Lowering::Plain(plain) => (plain.shared_len(), plain.frame_len(), 0),
            Lowering::Batch(batch) => (batch.shared_len(), batch.frame_len(), batch.overhang()),
        };
        let line = 64 / size_of::<T>();
        let lines = frame.div_ceil(line);
        let apart = lines > 0 && lines.is_multiple_of(8);
        Needs {
            shared,
            stride: (if apart { lines + 3 } else { lines }) * line,
            overhang,
        }
    }
}

/// One thread's memory for a [`Program`].
///
/// ```
/// use costate_tape::{Function, Program};
/// let f = Function::<f64>::record(&[("x", &[2])], |v| vec![v[0] * v[0]])?;
/// let program = Program::compile(&f)?; // shared by all threads
/// let (mut workspace, mut y) = (program.workspace(1), [0.0; 2]);
/// program.eval(&mut workspace, 0, &[&[3.0, 4.0]], &mut y);
/// assert_eq!(y, [9.0, 16.0]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Workspace<T> {
    /// The program that it was made for: its constants and parameters lie here.
    program: Arc<()>,
    pub(super) shared: Buffer<T>,
    pub(super) frames: Buffer<T>,
    pub(super) count: usize,
    /// Frames and weights of the accumulation under way.
    pub(super) kept: Vec<(usize, T)>,
    /// The guard that the last evaluation broke.
    pub(super) broken: Option<usize>,
    /// The file of [`Program::run_lanes`].
    pub(super) lanes: Buffer<T>,
}

impl<T> Workspace<T> {
    /// How many evaluations it keeps.
    pub fn frames(&self) -> usize {
        self.count
    }
}

impl<T: Lane> Program<T> {
    /// A workspace with room for `frames` kept evaluations.
    pub fn workspace(&self, frames: usize) -> Workspace<T> {
        let mut shared = Buffer::new(self.memory.shared, T::ZERO);
        if let Lowering::Plain(plain) = &self.lowering {
            plain.prepare(shared.as_mut_slice());
        }
        let mut workspace = Workspace {
            program: Arc::clone(&self.identity),
            shared,
            frames: Buffer::new(0, T::ZERO),
            count: 0,
            kept: Vec::new(),
            broken: None,
            lanes: Buffer::new(0, T::ZERO),
        };
        self.reserve(&mut workspace, frames);
        workspace
    }

    /// Makes room for at least `frames` kept evaluations; those already kept stay.
    ///
    /// # Panics
    /// If the workspace is another program's.
    #[track_caller]
    pub fn reserve(&self, workspace: &mut Workspace<T>, frames: usize) {
        self.check(workspace);
        if frames > workspace.count {
            let stride = self.memory.stride;
            workspace
                .frames
                .grow(frames * stride + self.memory.overhang, T::ZERO);
            if let Lowering::Batch(batch) = &self.lowering {
                for frame in workspace.count..frames {
                    batch.prepare_frame(&mut workspace.frames.as_mut_slice()[frame * stride..]);
                }
            }
            workspace.count = frames;
            workspace.kept.reserve(frames);
        }
    }

    /// The shared memory and one frame, which is as long as its stride and the overhang.
    #[inline(always)]
    #[track_caller]
    pub(super) fn parts<'a>(
        &self,
        workspace: &'a mut Workspace<T>,
        frame: usize,
    ) -> (&'a mut [T], &'a mut [T]) {
        self.check(workspace);
        frame_exists(frame, workspace.count);
        let Needs {
            stride, overhang, ..
        } = self.memory;
        let frames = workspace.frames.as_mut_slice();
        // SAFETY: `reserve`, which alone makes frames, made room for `count` of them and the overhang, of this size.
        let frame =
            unsafe { frames.get_unchecked_mut(frame * stride..(frame + 1) * stride + overhang) };
        (workspace.shared.as_mut_slice(), frame)
    }

    #[inline]
    #[track_caller]
    pub(super) fn check(&self, workspace: &Workspace<T>) {
        if !Arc::ptr_eq(&workspace.program, &self.identity) {
            refuse_workspace();
        }
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn refuse_workspace() -> ! {
    panic!("the workspace is another program's: make it with this program's `workspace`")
}

#[inline]
#[track_caller]
pub(super) fn frame_exists(frame: usize, count: usize) {
    if frame >= count {
        refuse_frame(frame, count);
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn refuse_frame(frame: usize, count: usize) -> ! {
    panic!("frame {frame} of {count}: reserve more frames")
}
