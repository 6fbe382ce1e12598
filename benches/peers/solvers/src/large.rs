//! Systems of many components with sparse Jacobians: the Brusselator with diffusion, in a rod and in a square.
//!
//! Components 2k and 2k + 1 are both substances at site k. [Hairer1996] IV.10, with the square's source on from the start, so that nothing jumps in time.

/// A problem of which the entries of the Jacobian are known, column by column.
pub struct Large {
    pub name: &'static str,
    pub y0: Vec<f64>,
    pub t1: f64,
    /// Where the columns of the Jacobian begin, and the rows of their entries.
    pub starts: Vec<usize>,
    pub rows: Vec<usize>,
    /// Half the width of its band, if that is small.
    pub band: Option<usize>,
    grid: Grid,
}

/// Sites, and who is beside whom.
enum Grid {
    /// This many sites in a row between walls.
    Rod(usize),
    /// This many by as many, without walls.
    Square(usize),
}

impl Grid {
    fn sites(&self) -> usize {
        match self {
            Self::Rod(m) => *m,
            Self::Square(m) => m * m,
        }
    }

    /// The factor of differences between neighbours.
    fn diffusion(&self) -> f64 {
        match self {
            Self::Rod(m) => 0.02 * ((m + 1) * (m + 1)) as f64,
            Self::Square(m) => 0.1 * (m * m) as f64,
        }
    }

    fn degree(&self) -> f64 {
        match self {
            Self::Rod(_) => 2.0,
            Self::Square(_) => 4.0,
        }
    }

    /// The sites beside site k.
    fn neighbours(&self, k: usize) -> ([usize; 4], usize) {
        match self {
            Self::Rod(m) => match (k > 0, k + 1 < *m) {
                (true, true) => ([k - 1, k + 1, 0, 0], 2),
                (true, false) => ([k - 1, 0, 0, 0], 1),
                (false, _) => ([k + 1, 0, 0, 0], 1),
            },
            Self::Square(m) => {
                let (i, j) = (k % m, k / m);
                let right = (i + 1) % m + j * m;
                let left = (i + m - 1) % m + j * m;
                let above = i + (j + 1) % m * m;
                let below = i + (j + m - 1) % m * m;
                ([left, right, below, above], 4)
            }
        }
    }

    /// a and b of 1 + u²v − a u and b u − u²v.
    fn reaction(&self) -> (f64, f64) {
        match self {
            Self::Rod(_) => (4.0, 3.0),
            Self::Square(_) => (4.4, 3.4),
        }
    }

    /// What the walls, or a source, add at site k.
    fn added(&self, k: usize) -> (f64, f64) {
        match self {
            Self::Rod(m) if k == 0 || k + 1 == *m => (self.diffusion(), 3.0 * self.diffusion()),
            Self::Rod(_) => (0.0, 0.0),
            Self::Square(m) => {
                let (x, y) = ((k % m) as f64 / *m as f64, (k / m) as f64 / *m as f64);
                let inside = (x - 0.3).powi(2) + (y - 0.6).powi(2) <= 0.01;
                (if inside { 5.0 } else { 0.0 }, 0.0)
            }
        }
    }

    fn start(&self, k: usize) -> [f64; 2] {
        match self {
            Self::Rod(m) => {
                let x = (k + 1) as f64 / (m + 1) as f64;
                [1.0 + (2.0 * std::f64::consts::PI * x).sin(), 3.0]
            }
            Self::Square(m) => {
                let (x, y) = ((k % m) as f64 / *m as f64, (k / m) as f64 / *m as f64);
                [
                    22.0 * y * (1.0 - y).powf(1.5),
                    27.0 * x * (1.0 - x).powf(1.5),
                ]
            }
        }
    }
}

impl Large {
    fn new(name: &'static str, grid: Grid, t1: f64) -> Self {
        let sites = grid.sites();
        let (mut starts, mut rows) = (vec![0], Vec::new());
        for k in 0..sites {
            for substance in 0..2 {
                let (beside, count) = grid.neighbours(k);
                let others = beside[..count].iter().map(|other| 2 * other + substance);
                let mut column: Vec<usize> = others.chain([2 * k, 2 * k + 1]).collect();
                column.sort_unstable();
                rows.extend(column);
                starts.push(rows.len());
            }
        }
        Self {
            name,
            y0: (0..sites).flat_map(|k| grid.start(k)).collect(),
            t1,
            starts,
            rows,
            band: matches!(grid, Grid::Rod(_)).then_some(2),
            grid,
        }
    }

    /// f.
    pub fn field(&self, y: &[f64], dy: &mut [f64]) {
        let (a, b) = self.grid.reaction();
        let (diffusion, degree) = (self.grid.diffusion(), self.grid.degree());
        for k in 0..self.grid.sites() {
            let (u, v) = (y[2 * k], y[2 * k + 1]);
            let (mut beside_u, mut beside_v) = (-degree * u, -degree * v);
            let (beside, count) = self.grid.neighbours(k);
            for other in &beside[..count] {
                beside_u += y[2 * other];
                beside_v += y[2 * other + 1];
            }
            let (more_u, more_v) = self.grid.added(k);
            dy[2 * k] = 1.0 + u * u * v - a * u + diffusion * beside_u + more_u;
            dy[2 * k + 1] = b * u - u * u * v + diffusion * beside_v + more_v;
        }
    }

    /// ∂f/∂y: the entries of its columns.
    pub fn jacobian(&self, y: &[f64], values: &mut [f64]) {
        let (a, b) = self.grid.reaction();
        let (diffusion, degree) = (self.grid.diffusion(), self.grid.degree());
        for j in 0..self.y0.len() {
            let (u, v) = (y[j & !1], y[j | 1]);
            for at in self.starts[j]..self.starts[j + 1] {
                let i = self.rows[at];
                let same = if i == j { -degree * diffusion } else { 0.0 };
                values[at] = match (i / 2 == j / 2, i & 1, j & 1) {
                    (false, ..) => diffusion,
                    (_, 0, 0) => 2.0 * u * v - a + same,
                    (_, 0, _) => u * u,
                    (_, _, 0) => b - 2.0 * u * v,
                    _ => -u * u + same,
                };
            }
        }
    }
}

pub fn rod() -> Large {
    Large::new("brusselator_1d", Grid::Rod(500), 10.0)
}

pub fn square() -> Large {
    Large::new("brusselator_2d", Grid::Square(32), 5.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jacobian_is_that_of_the_field() {
        for case in [
            Large::new("rod", Grid::Rod(7), 1.0),
            Large::new("square", Grid::Square(4), 1.0),
        ] {
            let n = case.y0.len();
            let mut values = vec![0.0; case.rows.len()];
            case.jacobian(&case.y0, &mut values);
            for j in 0..n {
                let moved = |by: f64| {
                    let (mut y, mut dy) = (case.y0.clone(), vec![0.0; n]);
                    y[j] += by;
                    case.field(&y, &mut dy);
                    dy
                };
                let (up, down) = (moved(1e-4), moved(-1e-4));
                for i in 0..n {
                    let column = case.starts[j]..case.starts[j + 1];
                    let entry = column.clone().find(|at| case.rows[*at] == i);
                    let slope = (up[i] - down[i]) / 2e-4;
                    let exact = entry.map_or(0.0, |at| values[at]);
                    assert!((slope - exact).abs() < 1e-6, "{i} {j}: {slope} {exact}");
                }
            }
        }
    }
}
