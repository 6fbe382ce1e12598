//! What can go wrong when a recorded function meets inputs it was not recorded for.

use crate::function::Guard;
use crate::shape::Shape;

/// Errors of this crate.
///
/// ```
/// use costate_tape::{Error, Function};
///
/// let f = Function::<f64>::record_at(&[("x", &[], &[1.0])], |v| vec![if v[0] < v[0] * 0.0 { -v[0] } else { v[0] }])?;
/// let error = f.eval(&[&[-2.0]]).unwrap_err();
/// assert!(matches!(error, Error::GuardFailed { held: false, .. }));
/// assert!(error.to_string().contains("record at this point, or keep both sides with `select`"), "{error}");
/// assert!(matches!(f.eval(&[]), Err(Error::InputCount { expected: 1, given: 0 })));
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two inputs share a name.
    #[error("two inputs are called '{name}': give each its own name")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// Not as many inputs as the function has.
    #[error("the function has {expected} inputs, but {given} were given")]
    InputCount {
        /// How many it has.
        expected: usize,
        /// How many were given.
        given: usize,
    },
    /// An input of another length than recorded.
    #[error("input '{name}' of shape {shape} has {expected} elements, but {given} were given")]
    InputLength {
        /// The input.
        name: String,
        /// Its recorded shape.
        shape: Shape,
        /// Its number of elements.
        expected: usize,
        /// How many were given.
        given: usize,
    },
    /// A branch that was taken while recording would not be taken at this point.
    #[error(
        "the record does not hold here: the comparison `{comparison}` at {location} was {held} while recording and is {} now; \
         record at this point, or keep both sides with `select`",
        !held
    )]
    GuardFailed {
        /// The comparison's name.
        comparison: &'static str,
        /// File, line and column where it is written.
        location: String,
        /// What it was while recording.
        held: bool,
    },
    /// The same at one of many points.
    #[error(
        "the record does not hold at point {point}: the comparison `{comparison}` at {location} was {held} while recording and is \
         {} there; record at this point, or keep both sides with `select`",
        !held
    )]
    GuardFailedAt {
        /// The first such point, from 0.
        point: usize,
        /// The comparison's name.
        comparison: &'static str,
        /// File, line and column where it is written.
        location: String,
        /// What it was while recording.
        held: bool,
    },
    /// A program that works on whole arrays cannot run over points in lanes.
    #[error(
        "only programs of single numbers run over lanes, and this one has {step}: \
         index the elements, or evaluate it point by point"
    )]
    NotScalar {
        /// What it has.
        step: &'static str,
    },
    /// A function too large to compile: its arrays together have more elements than 32 bits can count.
    #[error(
        "the arrays of the function have {elements} elements together, and a program can hold {most}: \
         take a smaller batch, or split the function"
    )]
    TooLarge {
        /// The elements of all its arrays.
        elements: usize,
        /// How many a program can hold.
        most: usize,
    },
    /// An operation that cannot be written as source without a library.
    #[error(
        "`{operation}` is not in Rust's standard library, so it cannot be written as source of its own"
    )]
    NoSource {
        /// The operation's name.
        operation: &'static str,
    },
}

impl Error {
    pub(crate) fn guard_failed(guard: &Guard) -> Self {
        Error::GuardFailed {
            comparison: guard.op.name(),
            location: guard.location.to_string(),
            held: guard.held,
        }
    }

    pub(crate) fn guard_failed_at(point: usize, guard: &Guard) -> Self {
        Error::GuardFailedAt {
            point,
            comparison: guard.op.name(),
            location: guard.location.to_string(),
            held: guard.held,
        }
    }
}
