//! CVODE of SUNDIALS 6.4, as C programs call it: its vectors read in place, its Jacobian written in place.
//!
//! Debian's package is built with int64 indices and double precision; the declarations below are those of its headers.

use super::Ended;
use crate::Contestant;
use crate::large::Large;
use crate::problem::Case;
use std::ffi::{c_int, c_long, c_void};
use std::ptr::null_mut;

type Handle = *mut c_void;

/// `N_Vector` of its serial kind.
#[repr(C)]
struct Vector {
    content: *mut Content,
}
#[repr(C)]
struct Content {
    length: i64,
    own_data: c_int,
    data: *mut f64,
}

type Rhs = extern "C" fn(f64, *mut Vector, *mut Vector, Handle) -> c_int;
type Jacobian = extern "C" fn(
    f64,
    *mut Vector,
    *mut Vector,
    Handle,
    Handle,
    *mut Vector,
    *mut Vector,
    *mut Vector,
) -> c_int;

#[link(name = "sundials_cvode")]
#[link(name = "sundials_nvecserial")]
#[link(name = "sundials_sunmatrixdense")]
#[link(name = "sundials_sunmatrixsparse")]
#[link(name = "sundials_sunlinsoldense")]
#[link(name = "sundials_sunlinsolklu")]
#[link(name = "sundials_sunnonlinsolfixedpoint")]
#[link(name = "sundials_generic")]
unsafe extern "C" {
    fn SUNContext_Create(communicator: Handle, context: *mut Handle) -> c_int;
    fn SUNContext_Free(context: *mut Handle) -> c_int;
    fn N_VNew_Serial(length: i64, context: Handle) -> *mut Vector;
    fn N_VDestroy_Serial(vector: *mut Vector);
    fn SUNDenseMatrix(rows: i64, columns: i64, context: Handle) -> Handle;
    fn SUNDenseMatrix_Data(matrix: Handle) -> *mut f64;
    fn SUNSparseMatrix(
        rows: i64,
        columns: i64,
        entries: i64,
        kind: c_int,
        context: Handle,
    ) -> Handle;
    fn SUNSparseMatrix_Data(matrix: Handle) -> *mut f64;
    fn SUNSparseMatrix_IndexValues(matrix: Handle) -> *mut i64;
    fn SUNSparseMatrix_IndexPointers(matrix: Handle) -> *mut i64;
    fn SUNMatDestroy(matrix: Handle);
    fn SUNLinSol_Dense(y: *mut Vector, matrix: Handle, context: Handle) -> Handle;
    fn SUNLinSol_KLU(y: *mut Vector, matrix: Handle, context: Handle) -> Handle;
    fn SUNLinSolFree(solver: Handle) -> c_int;
    fn SUNNonlinSol_FixedPoint(y: *mut Vector, acceleration: c_int, context: Handle) -> Handle;
    fn SUNNonlinSolFree(solver: Handle) -> c_int;
    fn CVodeCreate(formula: c_int, context: Handle) -> Handle;
    fn CVodeInit(memory: Handle, rhs: Rhs, t0: f64, y0: *mut Vector) -> c_int;
    fn CVodeSStolerances(memory: Handle, rtol: f64, atol: f64) -> c_int;
    fn CVodeSetUserData(memory: Handle, data: Handle) -> c_int;
    fn CVodeSetMaxNumSteps(memory: Handle, steps: c_long) -> c_int;
    fn CVodeSetMaxOrd(memory: Handle, order: c_int) -> c_int;
    fn CVodeSetStopTime(memory: Handle, t: f64) -> c_int;
    fn CVodeSetLinearSolver(memory: Handle, solver: Handle, matrix: Handle) -> c_int;
    fn CVodeSetJacFn(memory: Handle, jacobian: Jacobian) -> c_int;
    fn CVodeSetNonlinearSolver(memory: Handle, solver: Handle) -> c_int;
    fn CVodeSetErrFile(memory: Handle, file: Handle) -> c_int;
    fn CVode(memory: Handle, t: f64, y: *mut Vector, reached: *mut f64, task: c_int) -> c_int;
    fn CVodeGetNumRhsEvals(memory: Handle, count: *mut c_long) -> c_int;
    fn CVodeFree(memory: *mut Handle);
}

const ADAMS: c_int = 1;
const BDF: c_int = 2;
const COLUMNS: c_int = 0;
const NORMAL: c_int = 1;

/// The components of a vector.
///
/// # Safety
/// The vector is a serial one, and nobody writes to it while the slice lives.
unsafe fn read<'a>(vector: *mut Vector) -> &'a [f64] {
    // SAFETY: a serial vector's content has this layout.
    unsafe {
        let content = &*(*vector).content;
        std::slice::from_raw_parts(content.data, content.length as usize)
    }
}

/// The components, to write.
///
/// # Safety
/// The vector is a serial one, and nobody else uses it while the slice lives.
unsafe fn write<'a>(vector: *mut Vector) -> &'a mut [f64] {
    // SAFETY: a serial vector's content has this layout.
    unsafe {
        let content = &*(*vector).content;
        std::slice::from_raw_parts_mut(content.data, content.length as usize)
    }
}

/// A problem as CVODE calls it.
trait Called {
    fn field(&self, t: f64, y: &[f64], dy: &mut [f64]);
    /// Writes ∂f/∂y into its matrix.
    ///
    /// # Safety
    /// The matrix is of the kind that the problem was set up with.
    unsafe fn jacobian(&self, t: f64, y: &[f64], matrix: Handle);
}

impl<const N: usize> Called for Case<N> {
    fn field(&self, t: f64, y: &[f64], dy: &mut [f64]) {
        let y = y.try_into().expect("a state of the problem's size");
        (self.field)(t, y, dy.try_into().expect("a slope of the problem's size"));
    }
    unsafe fn jacobian(&self, t: f64, y: &[f64], matrix: Handle) {
        let y = y.try_into().expect("a state of the problem's size");
        // SAFETY: a dense matrix has N columns of N entries behind each other.
        let entries = unsafe { std::slice::from_raw_parts_mut(SUNDenseMatrix_Data(matrix), N * N) };
        for (i, row) in Case::jacobian(self, t, y).iter().enumerate() {
            for (j, entry) in row.iter().enumerate() {
                entries[j * N + i] = *entry;
            }
        }
    }
}

impl Called for Large {
    fn field(&self, _t: f64, y: &[f64], dy: &mut [f64]) {
        Large::field(self, y, dy);
    }
    unsafe fn jacobian(&self, _t: f64, y: &[f64], matrix: Handle) {
        let (n, entries) = (self.y0.len(), self.rows.len());
        // SAFETY: the sparse matrix was made with n columns and this many entries. Its pattern is lost whenever CVODE zeroes it, so it is written too.
        unsafe {
            let starts =
                std::slice::from_raw_parts_mut(SUNSparseMatrix_IndexPointers(matrix), n + 1);
            let rows = std::slice::from_raw_parts_mut(SUNSparseMatrix_IndexValues(matrix), entries);
            for (to, from) in starts.iter_mut().zip(&self.starts) {
                *to = *from as i64;
            }
            for (to, from) in rows.iter_mut().zip(&self.rows) {
                *to = *from as i64;
            }
            let values = std::slice::from_raw_parts_mut(SUNSparseMatrix_Data(matrix), entries);
            Large::jacobian(self, y, values);
        }
    }
}

extern "C" fn field_of<P: Called>(t: f64, y: *mut Vector, dy: *mut Vector, data: Handle) -> c_int {
    // SAFETY: CVODE gives back the problem it was given, and two vectors of its own.
    unsafe { (*data.cast::<P>()).field(t, read(y), write(dy)) };
    0
}

extern "C" fn jacobian_of<P: Called>(
    t: f64,
    y: *mut Vector,
    _dy: *mut Vector,
    matrix: Handle,
    data: Handle,
    _: *mut Vector,
    _: *mut Vector,
    _: *mut Vector,
) -> c_int {
    // SAFETY: as above; the matrix is the one it was set up with.
    unsafe { (*data.cast::<P>()).jacobian(t, read(y), matrix) };
    0
}

/// How the equations of a step are solved.
#[derive(Clone, Copy)]
enum Solver {
    /// By Adams formulas, without a matrix.
    Adams,
    Dense,
    /// With this many entries.
    Klu(usize),
}

fn solve<P: Called>(
    problem: &P,
    (t0, y0, t1): (f64, &[f64], f64),
    tolerance: f64,
    solver: Solver,
) -> Ended<Vec<f64>> {
    let n = y0.len() as i64;
    let said = |code: c_int| {
        if code < 0 {
            Err(format!("CVODE says {code}"))
        } else {
            Ok(())
        }
    };
    // SAFETY: calls in the order of SUNDIALS' own examples; everything made is freed, whatever the outcome, and the problem outlives the memory that points to it.
    unsafe {
        let mut context = null_mut();
        said(SUNContext_Create(null_mut(), &mut context))?;
        let y = N_VNew_Serial(n, context);
        write(y).copy_from_slice(y0);
        let formula = if matches!(solver, Solver::Adams) {
            ADAMS
        } else {
            BDF
        };
        let mut memory = CVodeCreate(formula, context);
        let (mut matrix, mut linear, mut nonlinear) = (null_mut(), null_mut(), null_mut());
        let mut run = || {
            said(CVodeInit(memory, field_of::<P>, t0, y))?;
            said(CVodeSetErrFile(memory, null_mut()))?;
            said(CVodeSStolerances(memory, tolerance, tolerance))?;
            said(CVodeSetUserData(
                memory,
                std::ptr::from_ref(problem).cast_mut().cast(),
            ))?;
            // Ten times what any of the problems needs; where a solution has run away, CVODE would go on for hours.
            said(CVodeSetMaxNumSteps(memory, 100_000))?;
            said(CVodeSetStopTime(memory, t1))?;
            match solver {
                Solver::Adams => {
                    nonlinear = SUNNonlinSol_FixedPoint(y, 0, context);
                    said(CVodeSetNonlinearSolver(memory, nonlinear))?;
                }
                Solver::Dense => {
                    matrix = SUNDenseMatrix(n, n, context);
                    linear = SUNLinSol_Dense(y, matrix, context);
                }
                Solver::Klu(entries) => {
                    matrix = SUNSparseMatrix(n, n, entries as i64, COLUMNS, context);
                    linear = SUNLinSol_KLU(y, matrix, context);
                }
            }
            if !linear.is_null() {
                said(CVodeSetMaxOrd(memory, 5))?;
                said(CVodeSetLinearSolver(memory, linear, matrix))?;
                said(CVodeSetJacFn(memory, jacobian_of::<P>))?;
            }
            let (mut reached, mut evaluations) = (t0, 0);
            said(CVode(memory, t1, y, &mut reached, NORMAL))?;
            said(CVodeGetNumRhsEvals(memory, &mut evaluations))?;
            Ok((read(y).to_vec(), evaluations as usize))
        };
        let ended = run();
        CVodeFree(&mut memory);
        if !linear.is_null() {
            SUNLinSolFree(linear);
            SUNMatDestroy(matrix);
        }
        if !nonlinear.is_null() {
            SUNNonlinSolFree(nonlinear);
        }
        N_VDestroy_Serial(y);
        SUNContext_Free(&mut context);
        ended
    }
}

fn small<const N: usize>(case: &Case<N>, tolerance: f64, solver: Solver) -> Ended<[f64; N]> {
    let (end, nfe) = solve(case, (case.t0, &case.y0, case.t1), tolerance, solver)?;
    Ok((end.try_into().expect("a state of the problem's size"), nfe))
}

pub fn nonstiff<const N: usize>() -> Vec<Contestant<N>> {
    vec![Contestant {
        name: "CVODE",
        method: "adams",
        solve: |case, tolerance| small(case, tolerance, Solver::Adams),
    }]
}

pub fn stiff<const N: usize>() -> Vec<Contestant<N>> {
    vec![Contestant {
        name: "CVODE",
        method: "bdf",
        solve: |case, tolerance| small(case, tolerance, Solver::Dense),
    }]
}

/// BDF with KLU.
pub fn sparse(case: &Large, tolerance: f64) -> Ended<Vec<f64>> {
    let solver = Solver::Klu(case.rows.len());
    solve(case, (0.0, &case.y0, case.t1), tolerance, solver)
}
