//! Images moved a little: what is learned from many more of them than there are.

use super::net::{PIXELS, SIDE, T};
use rand::{Rng, RngExt};

/// The most that an image is turned (radians), and stretched and sheared (parts of it), and shifted (pixels).
const MOST: [T; 4] = [0.2, 0.1, 0.1, 0.7];

/// The image turned, stretched, sheared and shifted at random, read between its pixels by their bilinear interpolant; 0 around it.
pub(super) fn moved(image: &[T], random: &mut impl Rng) -> Vec<T> {
    let mut within = |most: T| most * (2.0 * random.random::<T>() - 1.0);
    let [angle, size, shear, down] = MOST.map(&mut within);
    let right = within(MOST[3]);
    let ((sin, cos), middle) = (angle.sin_cos(), (SIDE - 1) as T / 2.0);
    let pixel = |row: T, column: T| {
        let inside = 0.0..SIDE as T;
        if inside.contains(&row) && inside.contains(&column) {
            image[row as usize * SIDE + column as usize]
        } else {
            0.0
        }
    };
    let read = |i: usize| {
        let (y, x) = ((i / SIDE) as T - middle, (i % SIDE) as T - middle);
        let x = x + shear * y;
        let row = (cos * y - sin * x) / (1.0 + size) + middle + down;
        let column = (sin * y + cos * x) / (1.0 + size) + middle + right;
        let (above, left) = (row.floor(), column.floor());
        let (v, u) = (row - above, column - left);
        let along = |row: T| (1.0 - u) * pixel(row, left) + u * pixel(row, left + 1.0);
        (1.0 - v) * along(above) + v * along(above + 1.0)
    };
    (0..PIXELS).map(read).collect()
}
