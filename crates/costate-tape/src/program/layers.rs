//! Layers over batch panels: which kernels do them, and what is packed for them.

use super::allocate::Layout;
use super::draft::{Epilogue, Layer};
use super::geometry::{Geometry, Kind, Segment};
use super::packing::{Fold, Matrix, Pack};
use super::place::Place;
use super::step::Step;
use crate::kernel::array::Numbers;
use crate::kernel::dispatch::{Isa, Registers, Run, select};
use crate::kernel::panel::{self, Identity, Linear, PanelLinear, TanhSlope};
use crate::kernel::panel_grad::{Outer, OuterTiles, PanelOuter, PanelSum, Sum};
use crate::kernel::rows::{RowsLinear, RowsOuter, RowsSum};
use crate::kernel::tail::{TailLinear, TailOuter, TailSum};

/// The constants of a batch program: packed parameters, then sums.
#[derive(Clone, Debug)]
pub(crate) struct Constants {
    isa: Isa,
    registers: usize,
    geometry: Geometry,
    pub(crate) packs: Vec<Pack>,
    pub(crate) folds: Vec<Fold>,
    pub(crate) len: usize,
    /// Copies that are there already: of which matrix, for which segment.
    known: Vec<(Matrix, usize, usize)>,
}

/// A product a·∂f/∂(part of θ): one kernel for each segment.
#[derive(Clone, Debug)]
pub(crate) enum ParameterStep<T> {
    /// Weights; the second kernel is for weights of frames other than 1.
    Outer([Run<T, Outer>; 2], Outer),
    /// Biases.
    Sum(Run<T, Sum>, Sum),
    /// Numbers that were computed with the other products.
    Numbers(Run<T, Numbers>, Numbers),
}

impl Constants {
    pub(crate) fn new<T: Registers>(isa: Isa, geometry: Geometry) -> Constants {
        let registers = isa.registers::<T>();
        Constants {
            isa,
            registers,
            geometry,
            packs: Vec::new(),
            folds: Vec::new(),
            len: 0,
            known: Vec::new(),
        }
    }

    fn take(&mut self, len: usize) -> usize {
        let at = self.len;
        self.len = (at + len).next_multiple_of(16);
        at
    }

    /// The kernel calls of a layer, one for each segment.
    pub(crate) fn layer<T: Registers>(&mut self, layer: &Layer, layout: &Layout) -> Vec<Step<T>> {
        let Matrix {
            rows: units,
            columns: inputs,
            ..
        } = layer.weights;
        let at = |place: Place| layout.at(place) as usize;
        let segments = self.geometry.segments.clone();
        let calls = segments.iter().enumerate().map(|(index, segment)| {
            let aux = layer
                .aux
                .map_or(0, |aux| at(aux) + self.geometry.offset(index, units));
            let linear = Linear {
                x: at(layer.x) + self.geometry.offset(index, inputs),
                aux,
                o: at(layer.to) + self.geometry.offset(index, units),
                w: self.weights(layer.weights, index, segment),
                bias: self.bias(layer.bias, units, index, segment),
                inputs,
                units,
                panels: segment.panels,
                x_panel: self.geometry.panel(segment, inputs),
                o_panel: self.geometry.panel(segment, units),
                rows: self.rows(segment),
            };
            let kernel = |kind| match layer.epilogue {
                Epilogue::Identity => linear_kernel::<T, Identity>(kind, self.isa),
                Epilogue::TanhSlope => linear_kernel::<T, TanhSlope>(kind, self.isa),
            };
            // Rows read the weights of a tail of one sample.
            let rows = (segment.kind == Kind::Tail(1)).then(|| kernel(Kind::Rows));
            Step::Linear(kernel(segment.kind), rows, linear)
        });
        calls.collect()
    }

    fn rows(&self, segment: &Segment) -> usize {
        match segment.kind {
            Kind::Panel(vectors) => panel::rows(vectors, self.registers),
            Kind::Tail(_) | Kind::Rows => 0,
        }
    }

    fn weights(&mut self, from: Matrix, index: usize, segment: &Segment) -> usize {
        if let Some(&(_, _, at)) = self
            .known
            .iter()
            .find(|(m, s, _)| *m == from && *s == index)
        {
            return at;
        }
        let lanes = self.geometry.lanes;
        let to = self.take(Pack::weights_len(segment, from.rows, from.columns, lanes));
        self.packs.push(match segment.kind {
            Kind::Panel(_) => Pack::Panel {
                from,
                to,
                rows: self.rows(segment),
            },
            Kind::Tail(_) | Kind::Rows => Pack::Tail {
                from,
                to,
                samples: repeats(segment),
                lanes,
            },
        });
        self.known.push((from, index, to));
        to
    }

    fn bias(
        &mut self,
        from: Option<Matrix>,
        units: usize,
        index: usize,
        segment: &Segment,
    ) -> usize {
        let samples = repeats(segment);
        let len = (units * samples).next_multiple_of(self.geometry.lanes);
        // Zeros, if there is none.
        let Some(from) = from else {
            return self.take(len);
        };
        if let Some(&(_, _, at)) = self
            .known
            .iter()
            .find(|(m, s, _)| *m == from && *s == index)
        {
            return at;
        }
        let to = self.take(len);
        self.packs.push(Pack::Bias { from, to, samples });
        self.known.push((from, index, to));
        to
    }

    /// The kernel calls of leftᵀ·right over the batch, and the fold of their sums into `to`, \[units of left, units of right\].
    pub(crate) fn outer<T: Registers>(
        &mut self,
        left: usize,
        right: usize,
        to: Matrix,
    ) -> Vec<ParameterStep<T>> {
        // The tiles like the side with fewer units on the left.
        if to.rows > to.columns {
            return self.outer(right, left, to.transposed());
        }
        let Matrix { rows, columns, .. } = to;
        let segments = self.geometry.segments.clone();
        let calls = segments.iter().enumerate().map(|(index, segment)| {
            let (len, run) = match segment.kind {
                Kind::Panel(vectors) => (
                    OuterTiles::new(self.registers).len(rows, columns),
                    panel_outer::<T>(vectors, self.isa),
                ),
                Kind::Tail(samples) => {
                    let run = tail_outer::<T>(samples, self.isa);
                    (
                        rows * (columns * samples).next_multiple_of(self.geometry.lanes),
                        [run, run],
                    )
                }
                Kind::Rows => {
                    let run = select::<T, RowsOuter>(self.isa);
                    (
                        rows * columns.next_multiple_of(self.geometry.lanes),
                        [run, run],
                    )
                }
            };
            let sums = self.take(len);
            self.folds.push(match segment.kind {
                Kind::Panel(_) => Fold::Panel {
                    sums,
                    tiles: OuterTiles::new(self.registers),
                    to,
                },
                Kind::Tail(_) | Kind::Rows => Fold::Tail {
                    sums,
                    samples: repeats(segment),
                    stride: len / rows,
                    to,
                },
            });
            let left_panel = self.geometry.panel(segment, rows);
            let right_panel = self.geometry.panel(segment, columns);
            let [left, right] = [(left, rows), (right, columns)]
                .map(|(at, units)| at + self.geometry.offset(index, units));
            ParameterStep::Outer(
                run,
                Outer {
                    left,
                    right,
                    rows,
                    columns,
                    sums,
                    panels: segment.panels,
                    left_panel,
                    right_panel,
                },
            )
        });
        calls.collect()
    }

    /// The kernel call that sums single numbers, and the fold of the sums into the elements `to` of θ.
    pub(crate) fn numbers<T: Registers>(
        &mut self,
        from: Box<[u32]>,
        to: Box<[u32]>,
    ) -> ParameterStep<T> {
        let sums = self.take(from.len());
        self.folds.push(Fold::Numbers { sums, to });
        let run = select::<T, Numbers>(self.isa);
        ParameterStep::Numbers(run, Numbers { from, sums })
    }

    /// Room for copies of these elements of θ.
    pub(crate) fn copies(&mut self, from: Box<[u32]>) -> usize {
        let to = self.take(from.len());
        self.packs.push(Pack::Numbers { from, to });
        to
    }

    /// The kernel calls of the sum of `x` over the batch, and the fold of the sums into `to`, \[1, units\].
    pub(crate) fn sum<T: Registers>(&mut self, x: usize, to: Matrix) -> Vec<ParameterStep<T>> {
        let units = to.columns;
        let segments = self.geometry.segments.clone();
        let calls = segments.iter().enumerate().map(|(index, segment)| {
            let (samples, run) = match segment.kind {
                Kind::Panel(vectors) => (1, panel_sum::<T>(vectors, self.isa)),
                Kind::Tail(samples) => (samples, tail_sum::<T>(samples, self.isa)),
                Kind::Rows => (1, select::<T, RowsSum>(self.isa)),
            };
            let len = (units * samples).next_multiple_of(self.geometry.lanes.max(8));
            let sums = self.take(len);
            self.folds.push(Fold::Tail {
                sums,
                samples,
                stride: len,
                to,
            });
            let x = x + self.geometry.offset(index, units);
            ParameterStep::Sum(
                run,
                Sum {
                    x,
                    units,
                    sums,
                    panels: segment.panels,
                    panel: self.geometry.panel(segment, units),
                },
            )
        });
        calls.collect()
    }
}

/// How often a number of θ stands side by side for the samples that share a register with their units.
fn repeats(segment: &Segment) -> usize {
    match segment.kind {
        Kind::Tail(samples) => samples,
        Kind::Panel(_) | Kind::Rows => 1,
    }
}

fn linear_kernel<T: Registers, E: panel::Epilogue>(kind: Kind, isa: Isa) -> Run<T, Linear> {
    match kind {
        Kind::Panel(1) => select::<T, PanelLinear<E, 1>>(isa),
        Kind::Panel(2) => select::<T, PanelLinear<E, 2>>(isa),
        Kind::Panel(_) => select::<T, PanelLinear<E, 4>>(isa),
        Kind::Tail(1) => select::<T, TailLinear<E, 1>>(isa),
        Kind::Tail(2) => select::<T, TailLinear<E, 2>>(isa),
        Kind::Tail(4) => select::<T, TailLinear<E, 4>>(isa),
        Kind::Tail(_) => select::<T, TailLinear<E, 8>>(isa),
        Kind::Rows => select::<T, RowsLinear<E>>(isa),
    }
}

fn panel_outer<T: Registers>(vectors: usize, isa: Isa) -> [Run<T, Outer>; 2] {
    match vectors {
        1 => [
            select::<T, PanelOuter<1, false>>(isa),
            select::<T, PanelOuter<1, true>>(isa),
        ],
        2 => [
            select::<T, PanelOuter<2, false>>(isa),
            select::<T, PanelOuter<2, true>>(isa),
        ],
        _ => [
            select::<T, PanelOuter<4, false>>(isa),
            select::<T, PanelOuter<4, true>>(isa),
        ],
    }
}

fn tail_outer<T: Registers>(samples: usize, isa: Isa) -> Run<T, Outer> {
    match samples {
        1 => select::<T, TailOuter<1>>(isa),
        2 => select::<T, TailOuter<2>>(isa),
        4 => select::<T, TailOuter<4>>(isa),
        _ => select::<T, TailOuter<8>>(isa),
    }
}

fn panel_sum<T: Registers>(vectors: usize, isa: Isa) -> Run<T, Sum> {
    match vectors {
        1 => select::<T, PanelSum<1>>(isa),
        2 => select::<T, PanelSum<2>>(isa),
        _ => select::<T, PanelSum<4>>(isa),
    }
}

fn tail_sum<T: Registers>(samples: usize, isa: Isa) -> Run<T, Sum> {
    match samples {
        1 => select::<T, TailSum<1>>(isa),
        2 => select::<T, TailSum<2>>(isa),
        4 => select::<T, TailSum<4>>(isa),
        _ => select::<T, TailSum<8>>(isa),
    }
}
