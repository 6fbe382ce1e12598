//! A layer whose sizes are part of its type.

// ANCHOR: linear
/// y = W x + b, from `IN` numbers to `OUT`.
#[derive(Clone, Debug)]
pub struct Linear<const IN: usize, const OUT: usize> {
    weight: [[f64; IN]; OUT],
    bias: [f64; OUT],
}

impl<const IN: usize, const OUT: usize> Linear<IN, OUT> {
    /// A layer with these weights.
    #[must_use]
    pub fn new(weight: [[f64; IN]; OUT], bias: [f64; OUT]) -> Self {
        const {
            assert!(
                IN > 0 && OUT > 0,
                "Linear<IN, OUT>: both sizes must be at least 1"
            )
        };
        Self { weight, bias }
    }

    /// W x + b.
    #[must_use]
    pub fn apply(&self, x: &[f64; IN]) -> [f64; OUT] {
        let mut y = self.bias;
        for (y, row) in y.iter_mut().zip(&self.weight) {
            for (w, x) in row.iter().zip(x) {
                *y += w * x;
            }
        }
        y
    }

    /// This layer and then another, which takes what this one gives.
    #[must_use]
    pub fn then<const K: usize>(self, next: Linear<OUT, K>) -> Chain<IN, OUT, K> {
        Chain { first: self, next } // book: (shape-rule)
    }
}
// ANCHOR_END: linear

/// Two layers, one after the other.
///
/// ```
/// use costate_book::types::linear::Linear;
///
/// let first = Linear::<3, 4>::new([[0.1; 3]; 4], [0.0; 4]);
/// let chain = first.then(Linear::<4, 2>::new([[0.1; 4]; 2], [0.0; 2]));
/// assert_eq!(chain.apply(&[1.0; 3]).len(), 2);
/// ```
///
/// The same with one number changed does not compile:
///
/// ```compile_fail
/// use costate_book::types::linear::Linear;
///
/// let first = Linear::<3, 4>::new([[0.1; 3]; 4], [0.0; 4]);
/// let chain = first.then(Linear::<5, 2>::new([[0.1; 5]; 2], [0.0; 2]));
/// assert_eq!(chain.apply(&[1.0; 3]).len(), 2);
/// ```
///
/// Nor does a layer without outputs, by its assertion:
///
/// ```compile_fail
/// use costate_book::types::linear::Linear;
///
/// let none = Linear::<3, 0>::new([], []);
/// assert_eq!(none.apply(&[1.0; 3]).len(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct Chain<const IN: usize, const MID: usize, const OUT: usize> {
    first: Linear<IN, MID>,
    next: Linear<MID, OUT>,
}

impl<const IN: usize, const MID: usize, const OUT: usize> Chain<IN, MID, OUT> {
    /// next(first(x)).
    #[must_use]
    pub fn apply(&self, x: &[f64; IN]) -> [f64; OUT] {
        self.next.apply(&self.first.apply(x))
    }
}
