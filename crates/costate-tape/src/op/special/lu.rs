//! Linear systems by elimination with row exchanges, self-contained but for the scalar: this file also goes into printed Rust source.

use super::Scalar;

/// PA = LU in place, for a matrix \[n, n\] row by row: U from the diagonal on, L below it without its ones. Step k exchanged the rows
/// k and `order[k]`, where the largest number of the column stood; a column of zeros is left as it is.
#[inline(always)]
pub(crate) fn factor<T: Scalar>(a: &mut [T], order: &mut [u32], n: usize) {
    for k in 0..n {
        let mut best = k;
        for i in k + 1..n {
            if a[i * n + k].abs() > a[best * n + k].abs() {
                best = i;
            }
        }
        order[k] = best as u32;
        if best != k {
            for j in 0..n {
                a.swap(k * n + j, best * n + j);
            }
        }
        if is_zero(a[k * n + k]) {
            continue;
        }
        let (above, below) = a.split_at_mut((k + 1) * n);
        let row = &above[k * n..];
        for other in below.chunks_exact_mut(n) {
            let multiple = other[k] / row[k];
            other[k] = multiple;
            for (x, &u) in other[k + 1..].iter_mut().zip(&row[k + 1..]) {
                *x = *x - multiple * u;
            }
        }
    }
}

/// Whether it is 0 and no NaN.
#[inline(always)]
fn is_zero<T: Scalar>(x: T) -> bool {
    x.abs() <= T::from_f64(0.0)
}

/// A⁻¹x in place of x, or A⁻ᵀx, for the `columns` of x \[n, columns\] and the factors of A. NaN if A is singular.
#[inline(always)]
pub(crate) fn substitute<T: Scalar>(
    lu: &[T],
    order: &[u32],
    x: &mut [T],
    n: usize,
    columns: usize,
    transposed: bool,
) {
    if (0..n).any(|k| is_zero(lu[k * n + k])) {
        x.fill(T::from_f64(f64::NAN));
        return;
    }
    // Row i less a multiple of row k.
    #[inline(always)]
    fn subtract<T: Scalar>(x: &mut [T], columns: usize, i: usize, k: usize, multiple: T) {
        let (first, second) = x.split_at_mut(i.max(k) * columns);
        let (to, from) = if i > k {
            (&mut second[..columns], &first[k * columns..][..columns])
        } else {
            (&mut first[i * columns..][..columns], &second[..columns])
        };
        for (x, &y) in to.iter_mut().zip(from) {
            *x = *x - multiple * y;
        }
    }
    #[inline(always)]
    fn divide<T: Scalar>(x: &mut [T], columns: usize, i: usize, by: T) {
        for x in &mut x[i * columns..][..columns] {
            *x = *x / by;
        }
    }
    #[inline(always)]
    fn exchange<T: Scalar>(x: &mut [T], columns: usize, i: usize, k: usize) {
        for j in 0..columns {
            x.swap(i * columns + j, k * columns + j);
        }
    }
    if transposed {
        // Aᵀ = UᵀLᵀP.
        for i in 0..n {
            for k in 0..i {
                subtract(x, columns, i, k, lu[k * n + i]);
            }
            divide(x, columns, i, lu[i * n + i]);
        }
        for i in (0..n).rev() {
            for k in i + 1..n {
                subtract(x, columns, i, k, lu[k * n + i]);
            }
        }
        for k in (0..n).rev() {
            exchange(x, columns, k, order[k] as usize);
        }
    } else {
        for k in 0..n {
            exchange(x, columns, k, order[k] as usize);
        }
        for i in 0..n {
            for k in 0..i {
                subtract(x, columns, i, k, lu[i * n + k]);
            }
        }
        for i in (0..n).rev() {
            for k in i + 1..n {
                subtract(x, columns, i, k, lu[i * n + k]);
            }
            divide(x, columns, i, lu[i * n + i]);
        }
    }
}

/// det A from the factors of A.
#[inline(always)]
pub(crate) fn determinant<T: Scalar>(lu: &[T], order: &[u32], n: usize) -> T {
    let mut product = T::from_f64(1.0);
    for k in 0..n {
        product = product * lu[k * n + k];
        if order[k] as usize != k {
            product = -product;
        }
    }
    product
}

/// ln |det A| from the factors of A; −∞ if A is singular.
#[inline(always)]
pub(crate) fn log_abs_determinant<T: Scalar>(lu: &[T], n: usize) -> T {
    (0..n).fold(T::from_f64(0.0), |sum, k| sum + lu[k * n + k].abs().ln())
}

/// A⁻¹b, or A⁻ᵀb.
pub(crate) fn solve<T: Scalar>(a: &[T], b: &[T], n: usize, transposed: bool) -> Vec<T> {
    let (mut lu, mut order, mut x) = (a.to_vec(), vec![0; n], b.to_vec());
    factor(&mut lu, &mut order, n);
    let columns = b.len().checked_div(n).unwrap_or(0);
    substitute(&lu, &order, &mut x, n, columns, transposed);
    x
}

/// det A.
pub(crate) fn det<T: Scalar>(a: &[T], n: usize) -> T {
    let (mut lu, mut order) = (a.to_vec(), vec![0; n]);
    factor(&mut lu, &mut order, n);
    determinant(&lu, &order, n)
}

/// ln |det A|.
pub(crate) fn log_abs_det<T: Scalar>(a: &[T], n: usize) -> T {
    let (mut lu, mut order) = (a.to_vec(), vec![0; n]);
    factor(&mut lu, &mut order, n);
    log_abs_determinant(&lu, n)
}
