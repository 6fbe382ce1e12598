//! Parameters into the order in which kernels read them, and their sums back.

use super::geometry::{Kind, Segment};
use crate::kernel::dispatch::Registers;
use crate::kernel::panel;
use crate::kernel::panel_grad::OuterTiles;
use crate::kernel::tail;

/// A matrix inside θ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Matrix {
    /// Its first element.
    pub(crate) start: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Distances of rows and of columns.
    pub(crate) strides: [usize; 2],
}

impl Matrix {
    pub(crate) fn at(&self, row: usize, column: usize) -> usize {
        self.start + row * self.strides[0] + column * self.strides[1]
    }

    pub(crate) fn transposed(self) -> Matrix {
        let [rows, columns] = self.strides;
        Matrix {
            rows: self.columns,
            columns: self.rows,
            strides: [columns, rows],
            ..self
        }
    }
}

/// One packed copy.
#[derive(Clone, Debug)]
pub(crate) enum Pack {
    /// Weights \[unit, input\] for panels: \[tile\]\[input\]\[row of the tile\].
    Panel {
        from: Matrix,
        to: usize,
        rows: usize,
    },
    /// Weights for a tail: \[tile\]\[input\]\[lane\], each repeated for the samples, padded with zeros.
    Tail {
        from: Matrix,
        to: usize,
        samples: usize,
        lanes: usize,
    },
    /// A bias (a matrix of one column), each number repeated for the samples, padded with zeros.
    Bias {
        from: Matrix,
        to: usize,
        samples: usize,
    },
    /// Single parameters, one after another.
    Numbers { from: Box<[u32]>, to: usize },
}

impl Pack {
    /// Numbers of weights packed for a segment.
    pub(crate) fn weights_len(
        segment: &Segment,
        units: usize,
        inputs: usize,
        lanes: usize,
    ) -> usize {
        match segment.kind {
            Kind::Panel(_) => units * inputs,
            Kind::Tail(samples) => (units * samples).next_multiple_of(lanes) * inputs,
            Kind::Rows => units.next_multiple_of(lanes) * inputs,
        }
    }

    /// Copies from `theta` into `constants`.
    pub(crate) fn run<T: Registers>(&self, theta: &[T], constants: &mut [T]) {
        match self {
            &Pack::Panel { from, to, rows } => {
                let (mut at, mut row) = (to, 0);
                for block in panel::blocks(from.rows, rows) {
                    let tile = &mut constants[at..at + block * from.columns];
                    for (input, lanes) in tile.chunks_exact_mut(block).enumerate() {
                        let first = from.at(row, input);
                        for (r, lane) in lanes.iter_mut().enumerate() {
                            *lane = theta[first + r * from.strides[0]];
                        }
                    }
                    at += block * from.columns;
                    row += block;
                }
            }
            &Pack::Tail {
                from,
                to,
                samples,
                lanes,
            } => match samples {
                1 => pack_tail::<T, 1>(from, &mut constants[to..], lanes, theta),
                2 => pack_tail::<T, 2>(from, &mut constants[to..], lanes, theta),
                4 => pack_tail::<T, 4>(from, &mut constants[to..], lanes, theta),
                _ => pack_tail::<T, 8>(from, &mut constants[to..], lanes, theta),
            },
            &Pack::Bias { from, to, samples } => {
                for unit in 0..from.rows {
                    constants[to + unit * samples..][..samples].fill(theta[from.at(unit, 0)]);
                }
            }
            Pack::Numbers { from, to } => {
                for (number, &from) in constants[*to..].iter_mut().zip(from) {
                    *number = theta[from as usize];
                }
            }
        }
    }
}

/// [`Pack::Tail`] for `S` samples.
fn pack_tail<T: Registers, const S: usize>(from: Matrix, to: &mut [T], lanes: usize, theta: &[T]) {
    let (mut at, mut first) = (0, 0);
    for group in tail::groups((from.rows * S).div_ceil(lanes)) {
        let width = group * lanes;
        let filled = (from.rows - first).min(width / S);
        for input in 0..from.columns {
            let (units, padding) = to[at..at + width].split_at_mut(filled * S);
            let weight = from.at(first, input);
            for (unit, lanes) in units.as_chunks_mut::<S>().0.iter_mut().enumerate() {
                *lanes = [theta[weight + unit * from.strides[0]]; S];
            }
            padding.fill(T::ZERO);
            at += width;
        }
        first += filled;
    }
}

/// One set of sums.
#[derive(Clone, Debug)]
pub(crate) enum Fold {
    /// Sums \[row\]\[column\] in tiles.
    Panel {
        sums: usize,
        tiles: OuterTiles,
        to: Matrix,
    },
    /// Sums \[row\]\[column × samples\], rows `stride` apart.
    Tail {
        sums: usize,
        samples: usize,
        stride: usize,
        to: Matrix,
    },
    /// Sums of single numbers, and their elements of θ.
    Numbers { sums: usize, to: Box<[u32]> },
}

impl Fold {
    /// Adds the sums to θ's gradient.
    pub(crate) fn run<T: Registers>(&self, constants: &[T], gradient: &mut [T]) {
        match self {
            &Fold::Panel { sums, tiles, to } => {
                for (row, column, at) in tiles.all(to.rows, to.columns) {
                    let width = tiles.width.min(to.columns - column);
                    let sums = &constants[sums + at..][..width];
                    let first = to.at(row, column);
                    for (c, &sum) in sums.iter().enumerate() {
                        let entry = &mut gradient[first + c * to.strides[1]];
                        *entry = *entry + sum;
                    }
                }
            }
            Fold::Numbers { sums, to } => {
                for (&sum, &to) in constants[*sums..].iter().zip(to) {
                    let entry = &mut gradient[to as usize];
                    *entry = *entry + sum;
                }
            }
            &Fold::Tail {
                sums,
                samples,
                stride,
                to,
            } => {
                let sums = &constants[sums..];
                match samples {
                    1 => fold_tail::<T, 1>(sums, stride, to, gradient),
                    2 => fold_tail::<T, 2>(sums, stride, to, gradient),
                    4 => fold_tail::<T, 4>(sums, stride, to, gradient),
                    _ => fold_tail::<T, 8>(sums, stride, to, gradient),
                }
            }
        }
    }
}

/// [`Fold::Tail`] for `S` samples.
fn fold_tail<T: Registers, const S: usize>(
    sums: &[T],
    stride: usize,
    to: Matrix,
    gradient: &mut [T],
) {
    for (row, sums) in sums.chunks(stride).take(to.rows).enumerate() {
        let first = to.at(row, 0);
        for (column, apart) in sums.as_chunks::<S>().0[..to.columns].iter().enumerate() {
            let entry = &mut gradient[first + column * to.strides[1]];
            *entry = apart.iter().fold(*entry, |sum, &x| sum + x);
        }
    }
}
