//! Linear combinations of states in one pass over memory.

use crate::{Element, Real, State};
use smallvec::SmallVec;

/// One term of a combination: which slope, and its coefficient.
///
/// ```
/// use costate_ode::{Scheme, Term, tableau};
/// // Heun's solution is y + h (½ k₀ + ½ k₁).
/// let heun = Scheme::<f64>::new(tableau::by_name("heun")?);
/// let terms: &[Term<f64>] = &heun.b;
/// assert_eq!(terms, [(0, 0.5), (1, 0.5)]);
/// # Ok::<(), costate_ode::Error>(())
/// ```
pub type Term<T> = (usize, T);

/// The nonzero terms of a row of a method.
///
/// ```
/// use costate_ode::Terms;
/// // Of the row 1, 0, ½ only two terms are worth computing.
/// let row = [1.0, 0.0, 0.5];
/// let terms: Terms<f64> = row.into_iter().enumerate().filter(|(_, weight)| *weight != 0.0).collect();
/// assert_eq!(terms.as_slice(), [(0, 1.0), (2, 0.5)]);
/// ```
pub type Terms<T> = SmallVec<[Term<T>; PASS]>;

/// Terms that one pass takes; longer sums take another pass for the rest.
pub(crate) const PASS: usize = 12;

/// Writes y + h Σ_j w_j k_j into `out`, for the terms (j, w_j).
///
/// The number of terms becomes a constant of the compiled loop: an array state unrolls, a vector is read once and vectorised. Coefficients are multiplied
/// by h once, the slopes are summed in the order of the terms, and y is added last.
///
/// # Panics
/// If the states differ in length, or a term names a slope that is not there.
///
/// ```
/// use costate_ode::combine;
/// let (y, slopes) = ([1.0, 2.0], [[0.5, 1.0], [1.5, -1.0]]);
/// let mut out = [0.0; 2];
/// combine(&mut out, &y, &slopes, &[(0, 0.5), (1, 0.5)], 0.5);
/// assert_eq!(out, [1.0 + 0.5 * 1.0, 2.0 + 0.5 * 0.0]);
/// ```
#[inline]
pub fn combine<T: Real, Y: State<T>>(out: &mut Y, y: &Y, slopes: &[Y], terms: &[Term<T>], h: T) {
    let (first, rest) = terms.split_at(terms.len().min(PASS));
    sum(out.as_mut_slice(), y.as_slice(), slopes, first, h);
    if !rest.is_empty() {
        add_rest(out, slopes, rest, h);
    }
}

#[inline(never)]
fn add_rest<T: Real, Y: State<T>>(out: &mut Y, slopes: &[Y], terms: &[Term<T>], h: T) {
    for (j, w) in terms {
        let weight = Y::Element::weight(h * *w);
        for (out, k) in out.as_mut_slice().iter_mut().zip(slopes[*j].as_slice()) {
            *out = out.add_scaled(weight, *k);
        }
    }
}

#[inline]
fn sum<T: Real, Y: State<T>>(
    out: &mut [Y::Element],
    y: &[Y::Element],
    slopes: &[Y],
    terms: &[Term<T>],
    h: T,
) {
    match terms.len() {
        0 => out.copy_from_slice(y),
        1 => sum_of::<T, Y, 1>(out, y, slopes, terms, h),
        2 => sum_of::<T, Y, 2>(out, y, slopes, terms, h),
        3 => sum_of::<T, Y, 3>(out, y, slopes, terms, h),
        4 => sum_of::<T, Y, 4>(out, y, slopes, terms, h),
        5 => sum_of::<T, Y, 5>(out, y, slopes, terms, h),
        6 => sum_of::<T, Y, 6>(out, y, slopes, terms, h),
        7 => sum_of::<T, Y, 7>(out, y, slopes, terms, h),
        8 => sum_of::<T, Y, 8>(out, y, slopes, terms, h),
        9 => sum_of::<T, Y, 9>(out, y, slopes, terms, h),
        10 => sum_of::<T, Y, 10>(out, y, slopes, terms, h),
        11 => sum_of::<T, Y, 11>(out, y, slopes, terms, h),
        _ => sum_of::<T, Y, PASS>(out, y, slopes, terms, h),
    }
}

#[inline]
fn sum_of<T: Real, Y: State<T>, const N: usize>(
    out: &mut [Y::Element],
    y: &[Y::Element],
    slopes: &[Y],
    terms: &[Term<T>],
    h: T,
) {
    let n = out.len();
    let y = &y[..n];
    let combination = Combination::<T, Y::Element, N>::new(n, slopes, terms, h);
    for i in 0..n {
        let one = <Y::Element as Element<T>>::weight(T::one());
        out[i] = y[i].add_scaled(one, combination.at(i));
    }
}

/// Writes y + h Σ_j w_j k_j into `out` for the first N slopes, all of them: straight-line code for small states.
///
/// Where components fill registers of 16 bytes they leave in one piece, which is how an f that is a function of its own is likely to read them: it would wait long
/// for pieces that left one by one. Where they do not, such an f is likely to write them one by one, and to read and write them so costs less.
#[inline(always)]
pub(crate) fn combine_first<T: Real, Y: State<T>, const N: usize>(
    out: &mut Y,
    y: &Y,
    slopes: &[Y],
    weights: &[Pair<T>; N],
    h: T,
) {
    let one = <Y::Element as Element<T>>::weight(T::one());
    let y = y.as_slice();
    if !size_of::<Y>().is_multiple_of(16) {
        let (out, slopes) = (&mut out.as_mut_slice()[..y.len()], &slopes[..N]);
        for i in 0..y.len() {
            out[i] = y[i].add_scaled(one, component::<T, Y, N>(slopes, weights, h, i));
        }
        return;
    }
    let mut sum = sum_first::<T, Y, N>(slopes, weights, h);
    let all = &mut sum.as_mut_slice()[..y.len()];
    for i in 0..y.len() {
        all[i] = y[i].add_scaled(one, all[i]);
    }
    *out = sum;
}

/// Component i of h Σ_j w_j k_j.
#[inline(always)]
fn component<T: Real, Y: State<T>, const N: usize>(
    slopes: &[Y],
    weights: &[Pair<T>; N],
    h: T,
    i: usize,
) -> Y::Element {
    let weight = |j: usize| Y::Element::weight(h * weights[j][0]);
    let mut sum = slopes[0].as_slice()[i].scaled(weight(0));
    for j in 1..N {
        sum = sum.add_scaled(weight(j), slopes[j].as_slice()[i]);
    }
    sum
}

/// A weight, twice: for two components side by side in a register.
pub(crate) type Pair<T> = [T; 2];

/// h Σ_j w_j k_j for the first N slopes of a small state: all components of a term together, which share registers then.
#[inline(always)]
pub(crate) fn sum_first<T: Real, Y: State<T>, const N: usize>(
    slopes: &[Y],
    weights: &[Pair<T>; N],
    h: T,
) -> Y {
    let slopes = &slopes[..N];
    let weight = |j: usize, i: usize| Y::Element::weight(h * weights[j][i % 2]);
    let mut sum = slopes[0].clone();
    let all = sum.as_mut_slice();
    for i in 0..all.len() {
        all[i] = all[i].scaled(weight(0, i));
    }
    for j in 1..N {
        let slope = &slopes[j].as_slice()[..all.len()];
        for i in 0..all.len() {
            all[i] = all[i].add_scaled(weight(j, i), slope[i]);
        }
    }
    sum
}

/// h Σ_j w_j k_j with N terms, component by component.
pub(crate) struct Combination<'a, T, E: Element<T>, const N: usize> {
    weights: [E::Weight; N],
    slopes: [&'a [E]; N],
}

impl<'a, T: Real, E: Element<T>, const N: usize> Combination<'a, T, E, N> {
    #[inline]
    pub(crate) fn new<Y: State<T, Element = E>>(
        n: usize,
        slopes: &'a [Y],
        terms: &[Term<T>],
        h: T,
    ) -> Self {
        let terms = &terms[..N];
        let mut these = Self {
            weights: [E::weight(h); N],
            slopes: [&[]; N],
        };
        for j in 0..N {
            these.weights[j] = E::weight(h * terms[j].1);
            these.slopes[j] = &slopes[terms[j].0].as_slice()[..n];
        }
        these
    }

    #[inline(always)]
    pub(crate) fn at(&self, i: usize) -> E {
        let mut sum = self.slopes[0][i].scaled(self.weights[0]);
        for j in 1..N {
            sum = sum.add_scaled(self.weights[j], self.slopes[j][i]);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_terms_gives_the_plain_sum() {
        let slopes: Vec<Vec<f64>> = (0..40)
            .map(|j| vec![1.0 + f64::from(j), 0.5, -f64::from(j)])
            .collect();
        let y = vec![10.0, 20.0, 30.0];
        for n in 0..40 {
            let terms: Vec<Term<f64>> = (0..n).map(|j| (j, 0.25 * (j as f64 - 7.0))).collect();
            let mut out = vec![0.0; 3];
            combine(&mut out, &y, &slopes, &terms, 0.5);
            for i in 0..3 {
                let plain: f64 = terms.iter().map(|(j, w)| 0.5 * w * slopes[*j][i]).sum();
                assert!(
                    (out[i] - (y[i] + plain)).abs() < 1e-12 * (1.0 + plain.abs()),
                    "{n} terms"
                );
            }
        }
    }
}
