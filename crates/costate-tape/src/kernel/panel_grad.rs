//! Parameter products over batch panels: dot products over all samples of all kept evaluations.

use super::dispatch::{Kernel, Memory};
use super::elementary::Constants;
use super::vector::Vector;

/// G\[p\]\[q\] += Σ weight · left\[p\]·right\[q\], over kept frames, panels and samples.
#[derive(Clone, Debug)]
pub(crate) struct Outer {
    /// In each frame: the arrays; `left` is the one with fewer units, which the tiles like.
    pub(crate) left: usize,
    pub(crate) right: usize,
    /// Their units.
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// In the constants: the sums, tile by tile (see [`OuterTiles`]).
    pub(crate) sums: usize,
    /// Panels, and their distances in the two arrays.
    pub(crate) panels: usize,
    pub(crate) left_panel: usize,
    pub(crate) right_panel: usize,
}

/// How sums are stored: tiles of `height` × `width`, row of tiles by row of tiles, each tile filled up to a multiple of eight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OuterTiles {
    pub(crate) height: usize,
    pub(crate) width: usize,
}

impl OuterTiles {
    /// The tile whose sums and operands fit the registers.
    pub(crate) const fn new(registers: usize) -> OuterTiles {
        OuterTiles {
            height: 3,
            width: if registers >= 32 { 8 } else { 4 },
        }
    }

    const fn tile_len(self, height: usize) -> usize {
        (height * self.width).next_multiple_of(8)
    }

    /// Numbers that `rows` × `columns` sums take.
    pub(crate) fn len(self, rows: usize, columns: usize) -> usize {
        self.at(rows.next_multiple_of(self.height), 0, columns)
    }

    /// For every row of every tile: its row and first column among the sums, and where its sums are.
    pub(crate) fn all(
        self,
        rows: usize,
        columns: usize,
    ) -> impl Iterator<Item = (usize, usize, usize)> {
        (0..rows).flat_map(move |row| {
            let tiles = (0..columns).step_by(self.width);
            tiles.map(move |column| (row, column, self.at(row, column, columns)))
        })
    }

    /// Where the sum of `row` and `column` is.
    fn at(self, row: usize, column: usize, columns: usize) -> usize {
        let across = columns.div_ceil(self.width);
        let tile = row / self.height * across + column / self.width;
        tile * self.tile_len(self.height) + row % self.height * self.width + column % self.width
    }
}

/// [`Outer`] over panels of `VECTORS` registers. Without `WEIGHTED` every weight is 1.
///
/// The last tiles read past the end of their arrays into whatever follows in the frame; those sums are never looked at.
pub(crate) struct PanelOuter<const VECTORS: usize, const WEIGHTED: bool>;

impl<const VECTORS: usize, const WEIGHTED: bool> Kernel for PanelOuter<VECTORS, WEIGHTED> {
    type Args = Outer;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Outer) {
        if VECTORS > 2 && V::REGISTERS < 32 {
            unreachable!("a tile of four registers needs 32");
        }
        let tiles = OuterTiles::new(V::REGISTERS);
        let width = VECTORS * V::N;
        // SAFETY: the caller's.
        unsafe {
            let mut sums = memory.constants.add(args.sums);
            for row in (0..args.rows).step_by(tiles.height) {
                let height = tiles.height.min(args.rows - row);
                for column in (0..args.columns).step_by(tiles.width) {
                    let tile = Tile {
                        frames: memory.frame,
                        kept: memory.kept,
                        left: args.left + row * width,
                        right: args.right + column * width,
                        left_panel: args.left_panel,
                        right_panel: args.right_panel,
                        panels: args.panels,
                        sums,
                    };
                    match (height, tiles.width) {
                        (3, 8) => tile.run::<V, 3, 8, VECTORS, WEIGHTED>(),
                        (2, 8) => tile.run::<V, 2, 8, VECTORS, WEIGHTED>(),
                        (_, 8) => tile.run::<V, 1, 8, VECTORS, WEIGHTED>(),
                        (3, _) => tile.run::<V, 3, 4, VECTORS, WEIGHTED>(),
                        (2, _) => tile.run::<V, 2, 4, VECTORS, WEIGHTED>(),
                        (_, _) => tile.run::<V, 1, 4, VECTORS, WEIGHTED>(),
                    }
                    sums = sums.add(tiles.tile_len(tiles.height));
                }
            }
        }
    }
}

/// Where one tile of sums comes from.
struct Tile<'a, T> {
    frames: *const T,
    kept: &'a [(usize, T)],
    left: usize,
    right: usize,
    left_panel: usize,
    right_panel: usize,
    panels: usize,
    sums: *mut T,
}

impl<T: Constants> Tile<'_, T> {
    /// `R` × `C` sums.
    ///
    /// # Safety
    /// The processor has the instruction set of `V`; the arrays of every kept frame, and the sums, are where the tile says.
    #[inline(always)]
    unsafe fn run<
        V: Vector<T = T>,
        const R: usize,
        const C: usize,
        const A: usize,
        const WEIGHTED: bool,
    >(
        &self,
    ) {
        // SAFETY: the caller's.
        unsafe {
            let zero = V::splat(V::T::ZERO);
            let mut sums = [[zero; C]; R];
            for &(frame, weight) in self.kept {
                let weight = V::splat(weight);
                let (mut left, mut right) = (
                    self.frames.add(frame + self.left),
                    self.frames.add(frame + self.right),
                );
                for _ in 0..self.panels {
                    for a in 0..A {
                        let mut rows = [zero; R];
                        for r in 0..R {
                            rows[r] = V::load(left.add((r * A + a) * V::N));
                            if WEIGHTED {
                                rows[r] = rows[r].mul(weight);
                            }
                        }
                        for c in 0..C {
                            let column = V::load(right.add((c * A + a) * V::N));
                            for r in 0..R {
                                sums[r][c] = rows[r].fma(column, sums[r][c]);
                            }
                        }
                    }
                    left = left.add(self.left_panel);
                    right = right.add(self.right_panel);
                }
            }
            let mut eights = [[zero; 8]; 3];
            for r in 0..R {
                for c in 0..C {
                    eights[(r * C + c) / 8][(r * C + c) % 8] = sums[r][c];
                }
            }
            for e in 0..(R * C).div_ceil(8) {
                V::add_sums(eights[e], self.sums.add(8 * e));
            }
        }
    }
}

/// s\[p\] += Σ weight · x\[p\], over kept frames, panels and samples.
#[derive(Clone, Debug)]
pub(crate) struct Sum {
    /// In each frame: the array.
    pub(crate) x: usize,
    /// Its units.
    pub(crate) units: usize,
    /// In the constants: the sums, filled up to a multiple of eight.
    pub(crate) sums: usize,
    /// Panels, and their distance.
    pub(crate) panels: usize,
    pub(crate) panel: usize,
}

/// [`Sum`] over panels of `VECTORS` registers.
pub(crate) struct PanelSum<const VECTORS: usize>;

impl<const VECTORS: usize> Kernel for PanelSum<VECTORS> {
    type Args = Sum;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Sum) {
        let width = VECTORS * V::N;
        // SAFETY: the caller's; the last eight may read past the array into what follows in the frame, for sums nobody looks at.
        unsafe {
            for unit in (0..args.units).step_by(8) {
                let mut sums = [V::splat(V::T::ZERO); 8];
                for &(frame, weight) in memory.kept {
                    let weight = V::splat(weight);
                    for panel in 0..args.panels {
                        let x = memory
                            .frame
                            .add(frame + args.x + panel * args.panel + unit * width);
                        for u in 0..8 {
                            for a in 0..VECTORS {
                                sums[u] =
                                    weight.fma(V::load(x.add((u * VECTORS + a) * V::N)), sums[u]);
                            }
                        }
                    }
                }
                V::add_sums(sums, memory.constants.add(args.sums + unit));
            }
        }
    }
}
