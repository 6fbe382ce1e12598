//! Where every element of every array is, before places have addresses.

use std::rc::Rc;

/// An element of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) slot: u32,
    pub(crate) at: u32,
}

/// The slot of the literal 0 that stands for "nothing here": what padding adds and what scattering leaves out.
const NOTHING: u32 = 0;

impl Place {
    /// Structural zero.
    pub(crate) const ZERO: Place = Place {
        slot: NOTHING,
        at: 0,
    };

    pub(crate) fn new(slot: u32) -> Place {
        Place { slot, at: 0 }
    }

    pub(crate) fn plus(self, n: usize) -> Place {
        if self == Place::ZERO {
            self
        } else {
            Place {
                slot: self.slot,
                at: self.at + n as u32,
            }
        }
    }

    pub(crate) fn is_zero(self) -> bool {
        self.slot == NOTHING
    }
}

/// Where the elements of one array are, in row-major order.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Side by side.
    Array(Place, usize),
    /// Anywhere: slices, transposes and the like move nothing.
    View(Rc<[Place]>),
    /// A batch of this many units, in the order of its panels.
    Panels(u32, usize),
    /// A sum of values that no step adds: parts of the gradient of the parameters.
    Total(Rc<[Value]>),
}

impl Value {
    /// A view, or the array that it is.
    pub(crate) fn of(places: Vec<Place>) -> Value {
        match places.first() {
            Some(&first)
                if !first.is_zero()
                    && places.iter().enumerate().all(|(i, &p)| p == first.plus(i)) =>
            {
                Value::Array(first, places.len())
            }
            _ => Value::View(places.into()),
        }
    }
}

/// The place that every element has, if there is one.
pub(crate) fn uniform(places: &[Place]) -> Option<Place> {
    let first = *places.first()?;
    places.iter().all(|&p| p == first).then_some(first)
}

/// First element and distances of rows and columns, if the elements of a \[rows, columns\] matrix are evenly spaced in a slot.
pub(crate) fn strides(
    places: &[Place],
    rows: usize,
    columns: usize,
) -> Option<(Place, [usize; 2])> {
    let first = *places.first()?;
    let step = |i: usize| {
        let place = places[i];
        if place.slot == first.slot {
            place.at.checked_sub(first.at).map(|d| d as usize)
        } else {
            None
        }
    };
    let row = if rows > 1 { step(columns)? } else { 0 };
    let column = if columns > 1 { step(1)? } else { 0 };
    let even = !first.is_zero()
        && (0..rows).all(|i| {
            (0..columns).all(|j| places[i * columns + j] == first.plus(i * row + j * column))
        });
    even.then_some((first, [row, column]))
}
