//! The food chain and its products written by hand.

/// What the program computes: f, a·∂f/∂h, a·∂f/∂θ.
pub type Products = ([f64; 3], [f64; 3], [f64; 6]);

#[inline(never)]
pub fn food_chain(h: &[f64; 3], theta: &[f64; 6], bar: &[f64; 3]) -> Products {
    let [x, y, z] = *h;
    let [a, b, c, d, m, n] = *theta;
    let (p, q) = (b * x + 1.0, d * y + 1.0);
    let (ax, cy) = (a * x, c * y);
    let (grazed, hunted) = (ax * y / p, cy * z / q);
    let one_less = 1.0 - x;
    let f = [
        x * one_less - grazed,
        grazed - m * y - hunted,
        hunted - n * z,
    ];
    let (up, vq) = ((bar[1] - bar[0]) / p, (bar[2] - bar[1]) / q);
    let (rise, risen) = (up * y, vq * z);
    let (u, v) = (up * grazed, vq * hunted);
    let bar_h = [
        bar[0] * (one_less - x) + rise * a - u * b,
        up * ax - m * bar[1] + risen * c - v * d,
        vq * cy - n * bar[2],
    ];
    let bar_theta = [
        rise * x,
        -(u * x),
        risen * y,
        -(v * y),
        -(bar[1] * y),
        -(bar[2] * z),
    ];
    (f, bar_h, bar_theta)
}
