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
        }
    }

    /// Copies from `theta` into `constants`.
    pub(crate) fn run<T: Registers>(&self, theta: &[T], constants: &mut [T]) {
        match *self {
            Pack::Panel { from, to, rows } => {
                let (mut at, mut row) = (to, 0);
                for block in panel::blocks(from.rows, rows) {
                    for input in 0..from.columns {
                        for r in 0..block {
                            constants[at] = theta[from.at(row + r, input)];
                            at += 1;
                        }
                    }
                    row += block;
                }
            }
            Pack::Tail {
                from,
                to,
                samples,
                lanes,
            } => {
                let (mut at, mut first) = (to, 0);
                for group in tail::groups((from.rows * samples).div_ceil(lanes)) {
                    let width = group * lanes;
                    for input in 0..from.columns {
                        for lane in 0..width {
                            let unit = (first + lane) / samples;
                            constants[at + lane] = if unit < from.rows {
                                theta[from.at(unit, input)]
                            } else {
                                T::ZERO
                            };
                        }
                        at += width;
                    }
                    first += width;
                }
            }
            Pack::Bias { from, to, samples } => {
                for unit in 0..from.rows {
                    constants[to + unit * samples..][..samples].fill(theta[from.at(unit, 0)]);
                }
            }
        }
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
}

impl Fold {
    /// Adds the sums to θ's gradient.
    pub(crate) fn run<T: Registers>(&self, constants: &[T], gradient: &mut [T]) {
        match *self {
            Fold::Panel { sums, tiles, to } => {
                for row in 0..to.rows {
                    for column in 0..to.columns {
                        let at = to.at(row, column);
                        gradient[at] =
                            gradient[at] + constants[sums + tiles.at(row, column, to.columns)];
                    }
                }
            }
            Fold::Tail {
                sums,
                samples,
                stride,
                to,
            } => {
                for row in 0..to.rows {
                    for column in 0..to.columns {
                        let at = to.at(row, column);
                        let apart = &constants[sums + row * stride + column * samples..][..samples];
                        gradient[at] = apart.iter().fold(gradient[at], |sum, &x| sum + x);
                    }
                }
            }
        }
    }
}
