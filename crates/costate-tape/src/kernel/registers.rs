//! Instructions over groups of registers: to the bit what [`Straight`](super::straight::Straight) gives for each lane. What registers do not
//! have is done lane by lane by the operation's own rule.

use super::elementary::Constants;
use super::straight::Code;
use super::vector::Vector;
use crate::op::{Binary, Unary};
use crate::scalar::Scalar;

/// Whether registers have operations for an instruction, functions apart.
pub(crate) fn has_operation(code: Code) -> bool {
    match code {
        Code::Unary(op) => matches!(
            op,
            Unary::Identity | Unary::Neg | Unary::Abs | Unary::Sqrt | Unary::Sign | Unary::Relu
        ),
        Code::Binary(op) => matches!(
            op,
            Binary::Lt
                | Binary::Le
                | Binary::Gt
                | Binary::Ge
                | Binary::Eq
                | Binary::Ne
                | Binary::Min
                | Binary::Max
        ),
        _ => true,
    }
}

/// Writes to `to` what `code` makes of the groups at `a`, `b` and `c`; `function` may know a better way for some operations of one argument.
///
/// # Safety
/// The processor has the instruction set of `V`; `to` and the pointers that `code` reads cover `G` registers.
#[inline(always)]
pub(super) unsafe fn perform<V: Vector, const G: usize>(
    code: Code,
    [a, b, c]: [*const V::T; 3],
    to: *mut V::T,
    function: impl Fn(Unary, [V; G]) -> Option<[V; G]>,
) {
    // SAFETY: the caller's.
    unsafe {
        let x: [V; G] = load(a);
        let value = match code {
            Code::Add => two(
                x,
                load(b),
                #[inline(always)]
                |x, y| x.add(y),
            ),
            Code::Sub => two(
                x,
                load(b),
                #[inline(always)]
                |x, y| x.sub(y),
            ),
            Code::Mul => two(
                x,
                load(b),
                #[inline(always)]
                |x, y| x.mul(y),
            ),
            Code::Div => two(
                x,
                load(b),
                #[inline(always)]
                |x, y| x.div(y),
            ),
            Code::Neg => two(
                x,
                x,
                #[inline(always)]
                |x, _| x.neg(),
            ),
            Code::Square => two(
                x,
                x,
                #[inline(always)]
                |x, y| x.mul(y),
            ),
            Code::MulAdd => three(
                x,
                load(b),
                load(c),
                #[inline(always)]
                |x, y, z| x.mul(y).add(z),
            ),
            Code::MulSub => three(
                x,
                load(b),
                load(c),
                #[inline(always)]
                |x, y, z| x.mul(y).sub(z),
            ),
            Code::SubMul => three(
                x,
                load(b),
                load(c),
                #[inline(always)]
                |x, y, z| z.sub(x.mul(y)),
            ),
            Code::MulMul => three(
                x,
                load(b),
                load(c),
                #[inline(always)]
                |x, y, z| x.mul(y).mul(z),
            ),
            Code::MulDiv => three(
                x,
                load(b),
                load(c),
                #[inline(always)]
                |x, y, z| x.mul(y).div(z),
            ),
            Code::DivMul => three(
                x,
                load(b),
                load(c),
                #[inline(always)]
                |x, y, z| x.div(y).mul(z),
            ),
            Code::SumMul => three(
                x,
                load(b),
                load(c),
                #[inline(always)]
                |x, y, z| x.add(y).mul(z),
            ),
            Code::DiffMul => three(
                x,
                load(b),
                load(c),
                #[inline(always)]
                |x, y, z| x.sub(y).mul(z),
            ),
            // The second where the first is not zero, NaN included, else the third.
            Code::Select => three(
                x,
                load(b),
                load(c),
                #[inline(always)]
                |x, y, z| V::select(x.eq(x.xor(x)), z, y),
            ),
            Code::Unary(op) => match function(op, x) {
                Some(value) => value,
                None => match unary(op, x) {
                    Some(value) => value,
                    None => return one_by_one(op, a, to, G * V::N),
                },
            },
            Code::Binary(op) => match binary(op, x, load(b)) {
                Some(value) => value,
                None => return pair_by_pair(op, a, b, to, G * V::N),
            },
        };
        for g in 0..G {
            value[g].store(to.add(g * V::N));
        }
    }
}

/// # Safety
/// The processor has the instruction set; `p` covers `G` registers.
#[inline(always)]
pub(super) unsafe fn load<V: Vector, const G: usize>(p: *const V::T) -> [V; G] {
    // SAFETY: the caller's.
    unsafe {
        let mut x = [V::splat(V::T::ZERO); G];
        for g in 0..G {
            x[g] = V::load(p.add(g * V::N));
        }
        x
    }
}

#[inline(always)]
fn two<V: Vector, const G: usize>(mut x: [V; G], y: [V; G], f: impl Fn(V, V) -> V) -> [V; G] {
    for g in 0..G {
        x[g] = f(x[g], y[g]);
    }
    x
}

#[inline(always)]
fn three<V: Vector, const G: usize>(
    mut x: [V; G],
    y: [V; G],
    z: [V; G],
    f: impl Fn(V, V, V) -> V,
) -> [V; G] {
    for g in 0..G {
        x[g] = f(x[g], y[g], z[g]);
    }
    x
}

/// φ of `len` numbers by the operation's own rule, one after another.
///
/// # Safety
/// Both pointers cover `len` numbers.
#[inline(never)]
unsafe fn one_by_one<T: Scalar>(op: Unary, x: *const T, to: *mut T, len: usize) {
    for i in 0..len {
        // SAFETY: the caller's; each number is read before it may be written.
        unsafe { *to.add(i) = (*x.add(i)).unary(op) };
    }
}

/// φ of `len` pairs by the operation's own rule, one after another.
///
/// # Safety
/// All pointers cover `len` numbers.
#[inline(never)]
unsafe fn pair_by_pair<T: Scalar>(op: Binary, x: *const T, y: *const T, to: *mut T, len: usize) {
    for i in 0..len {
        // SAFETY: the caller's; each number is read before it may be written.
        unsafe { *to.add(i) = (*x.add(i)).binary(op, *y.add(i)) };
    }
}

/// φ of each register, if it is one of these operations.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn unary<V: Vector, const G: usize>(op: Unary, mut x: [V; G]) -> Option<[V; G]> {
    // SAFETY: the caller's.
    let (zero, one) = unsafe { (V::splat(V::T::ZERO), V::splat(V::T::ONE)) };
    match op {
        Unary::Identity => {}
        Unary::Neg => {
            for g in 0..G {
                x[g] = x[g].neg();
            }
        }
        Unary::Abs => {
            for g in 0..G {
                x[g] = x[g].abs();
            }
        }
        Unary::Sqrt => {
            for g in 0..G {
                x[g] = x[g].sqrt();
            }
        }
        Unary::Sign => {
            for g in 0..G {
                let sign = V::select(x[g].eq(zero), x[g], one.with_sign(x[g]));
                x[g] = V::select(x[g].eq(x[g]), sign, x[g]);
            }
        }
        // NaN passes the maximum, and −0 + 0 is +0.
        Unary::Relu => {
            for g in 0..G {
                x[g] = zero.max(x[g]).add(zero);
            }
        }
        _ => return None,
    }
    Some(x)
}

/// φ of each pair of registers, if it is one of these operations.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn binary<V: Vector, const G: usize>(op: Binary, a: [V; G], b: [V; G]) -> Option<[V; G]> {
    // SAFETY: the caller's.
    let (zero, one) = unsafe { (V::splat(V::T::ZERO), V::splat(V::T::ONE)) };
    let mut y = a;
    match op {
        Binary::Lt => {
            for g in 0..G {
                y[g] = V::select(a[g].lt(b[g]), one, zero);
            }
        }
        Binary::Gt => {
            for g in 0..G {
                y[g] = V::select(b[g].lt(a[g]), one, zero);
            }
        }
        Binary::Le => {
            for g in 0..G {
                y[g] = V::select(a[g].lt(b[g]), one, V::select(a[g].eq(b[g]), one, zero));
            }
        }
        Binary::Ge => {
            for g in 0..G {
                y[g] = V::select(b[g].lt(a[g]), one, V::select(a[g].eq(b[g]), one, zero));
            }
        }
        Binary::Eq => {
            for g in 0..G {
                y[g] = V::select(a[g].eq(b[g]), one, zero);
            }
        }
        Binary::Ne => {
            for g in 0..G {
                y[g] = V::select(a[g].eq(b[g]), zero, one);
            }
        }
        // At a tie the first; a NaN of either is the result.
        Binary::Min => {
            for g in 0..G {
                let other = V::select(a[g].eq(a[g]), b[g], a[g]);
                y[g] = V::select(a[g].lt(b[g]), a[g], V::select(a[g].eq(b[g]), a[g], other));
            }
        }
        Binary::Max => {
            for g in 0..G {
                let other = V::select(a[g].eq(a[g]), b[g], a[g]);
                y[g] = V::select(b[g].lt(a[g]), a[g], V::select(a[g].eq(b[g]), a[g], other));
            }
        }
        _ => return None,
    }
    Some(y)
}
