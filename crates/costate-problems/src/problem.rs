//! What a reference problem is.

use num_traits::Float;

/// A right-hand side: `field(t, y, dy)` writes f(t, y) into `dy`.
pub type Field<T, const N: usize> = fn(T, &[T; N], &mut [T; N]);

/// dy/dt = f(t, y), y(t0) = y0, with the known y1 = y(t1).
#[derive(Clone, Debug)]
pub struct Problem<T, const N: usize> {
    /// Its name.
    pub name: &'static str,
    /// f.
    pub field: Field<T, N>,
    /// The start.
    pub t0: T,
    /// The state there.
    pub y0: [T; N],
    /// The end.
    pub t1: T,
    /// The state there.
    pub y1: [T; N],
    /// Correct digits of y1, relative to its largest component.
    pub digits: u32,
    /// How many times larger than the errors of the steps the error at the end may grow, roughly; for tests.
    pub condition: f64,
}

/// A right-hand side of a size known at run time.
pub type BoxedField<T> = Box<dyn Fn(T, &[T], &mut [T])>;

/// A problem whose size is a value, so that problems of different sizes can be listed.
pub struct Boxed<T> {
    /// Its name.
    pub name: &'static str,
    /// f.
    pub field: BoxedField<T>,
    /// The start.
    pub t0: T,
    /// The state there.
    pub y0: Vec<T>,
    /// The end.
    pub t1: T,
    /// The state there.
    pub y1: Vec<T>,
    /// Correct digits of y1, relative to its largest component.
    pub digits: u32,
    /// How many times larger than the errors of the steps the error at the end may grow, roughly; for tests.
    pub condition: f64,
}

impl<T: Float + 'static, const N: usize> Problem<T, N> {
    /// The same problem with slices for states.
    #[must_use]
    pub fn boxed(self) -> Boxed<T> {
        let field = self.field;
        Boxed {
            name: self.name,
            field: Box::new(move |t, y, dy| {
                let y = y.try_into().expect("a state of the problem's size");
                field(t, y, dy.try_into().expect("a slope of the problem's size"));
            }),
            t0: self.t0,
            y0: self.y0.to_vec(),
            t1: self.t1,
            y1: self.y1.to_vec(),
            digits: self.digits,
            condition: self.condition,
        }
    }
}

impl<T: Float> Boxed<T> {
    /// The [`relative_error`] of an end state.
    #[must_use]
    pub fn error(&self, y: &[T]) -> T {
        relative_error(y, &self.y1)
    }
}

/// max_i |y_i − exact_i| / max_i |exact_i|.
#[must_use]
pub fn relative_error<T: Float>(y: &[T], exact: &[T]) -> T {
    let size = exact.iter().fold(T::zero(), |max, y| max.max(y.abs()));
    y.iter()
        .zip(exact)
        .fold(T::zero(), |max, (a, b)| max.max((*a - *b).abs()))
        / size
}

/// The constant `value` in `T`.
pub(crate) fn number<T: Float>(value: f64) -> T {
    T::from(value).expect("a floating-point type holds every f64, rounded")
}

/// An array of constants in `T`.
pub(crate) fn numbers<T: Float, const N: usize>(values: [f64; N]) -> [T; N] {
    values.map(number)
}
