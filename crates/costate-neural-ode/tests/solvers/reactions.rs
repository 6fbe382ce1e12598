//! Reactions, written once for every kind of number.

use std::ops::{Add, Mul, Sub};

/// What the reactions are written in: every number has sums and products.
pub(super) trait Number:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
{
}

impl<N: Copy + Add<Output = N> + Sub<Output = N> + Mul<Output = N>> Number for N {}

/// A system of reactions with P rates.
pub(super) trait Reactions<const N: usize, const P: usize> {
    fn rates<S: Number>(y: [S; N], k: [S; P], number: impl Fn(f64) -> S) -> [S; N];
}

/// Robertson's reaction \[Hairer1996\] IV.10.
pub(super) struct Robertson;

impl Reactions<3, 3> for Robertson {
    #[inline(always)]
    fn rates<S: Number>(y: [S; 3], k: [S; 3], number: impl Fn(f64) -> S) -> [S; 3] {
        let (a, b, c) = (k[0] * y[0], k[1] * y[1] * y[2], k[2] * y[1] * y[1]);
        [b - a, a - b - c, c + number(0.0)]
    }
}

/// The high irradiance response of plants \[Hairer1996\] IV.10.
pub(super) struct Hires;

pub(super) const HIRES: [f64; 12] = [
    1.71, 0.43, 8.32, 0.0007, 8.75, 10.03, 0.035, 1.12, 1.745, 280.0, 0.69, 1.81,
];

impl Reactions<8, 12> for Hires {
    #[inline(always)]
    fn rates<S: Number>(y: [S; 8], k: [S; 12], number: impl Fn(f64) -> S) -> [S; 8] {
        let light = k[9] * y[5] * y[7];
        [
            k[1] * y[1] + k[2] * y[2] + k[3] - k[0] * y[0],
            k[0] * y[0] - k[4] * y[1],
            k[1] * y[3] + k[6] * y[4] - k[5] * y[2],
            k[2] * y[1] + k[0] * y[2] - k[7] * y[3],
            k[1] * y[5] + k[1] * y[6] - k[8] * y[4],
            k[10] * y[3] + k[0] * y[4] + k[10] * y[6] - light - k[1] * y[5],
            light - k[11] * y[6],
            k[11] * y[6] - light + number(0.0),
        ]
    }
}

/// Air pollution: 20 species in 25 reactions, problem POLLU of the test set for initial value problems (Verwer 1994).
pub(super) struct Pollution;

pub(super) const POLLUTION: [f64; 25] = [
    0.35, 26.6, 12_300.0, 0.000_86, 0.000_82, 15_000.0, 0.000_13, 24_000.0, 16_500.0, 9_000.0,
    0.022, 12_000.0, 1.88, 16_300.0, 4.8e6, 0.000_35, 0.0175, 1e8, 4.44e11, 1_240.0, 2.1, 5.78,
    0.0474, 1_780.0, 3.12,
];

impl Reactions<20, 25> for Pollution {
    #[inline(always)]
    fn rates<S: Number>(y: [S; 20], k: [S; 25], number: impl Fn(f64) -> S) -> [S; 20] {
        let r = [
            k[0] * y[0],
            k[1] * y[1] * y[3],
            k[2] * y[4] * y[1],
            k[3] * y[6],
            k[4] * y[6],
            k[5] * y[6] * y[5],
            k[6] * y[8],
            k[7] * y[8] * y[5],
            k[8] * y[10] * y[1],
            k[9] * y[10] * y[0],
            k[10] * y[12],
            k[11] * y[9] * y[1],
            k[12] * y[13],
            k[13] * y[0] * y[5],
            k[14] * y[2],
            k[15] * y[3],
            k[16] * y[3],
            k[17] * y[15],
            k[18] * y[15],
            k[19] * y[16] * y[5],
            k[20] * y[18],
            k[21] * y[18],
            k[22] * y[0] * y[3],
            k[23] * y[18] * y[0],
            k[24] * y[19],
        ];
        let zero = number(0.0);
        [
            r[1] + r[2] + r[8] + r[10] + r[11] + r[21] + r[24]
                - r[0]
                - r[9]
                - r[13]
                - r[22]
                - r[23],
            r[0] + r[20] - r[1] - r[2] - r[8] - r[11],
            r[0] + r[16] + r[18] + r[21] - r[14],
            r[14] - r[1] - r[15] - r[16] - r[22],
            r[3] + r[3] + r[5] + r[6] + r[12] + r[19] - r[2],
            r[2] + r[17] + r[17] - r[5] - r[7] - r[13] - r[19],
            r[12] - r[3] - r[4] - r[5],
            r[3] + r[4] + r[5] + r[6],
            zero - r[6] - r[7],
            r[6] + r[8] - r[11],
            r[7] + r[10] - r[8] - r[9],
            r[8],
            r[9] - r[10],
            r[11] - r[12],
            r[13],
            r[15] - r[17] - r[18],
            zero - r[19],
            r[19],
            r[22] + r[24] - r[20] - r[21] - r[23],
            r[23] - r[24],
        ]
    }
}
