//! OpenBLAS, if there is one on the machine.

use libloading::Library;
use std::ffi::OsStr;

type Wide = unsafe extern "C" fn(
    i32,
    i32,
    i32,
    i64,
    i64,
    i64,
    f64,
    *const f64,
    i64,
    *const f64,
    i64,
    f64,
    *mut f64,
    i64,
);
type Narrow = unsafe extern "C" fn(
    i32,
    i32,
    i32,
    i32,
    i32,
    i32,
    f64,
    *const f64,
    i32,
    *const f64,
    i32,
    f64,
    *mut f64,
    i32,
);

pub struct OpenBlas {
    gemm: Gemm,
    _library: Library,
}

enum Gemm {
    Wide(Wide),
    Narrow(Narrow),
}

const ROW_MAJOR: i32 = 101;
const AS_IT_IS: i32 = 111;
const TRANSPOSED: i32 = 112;

impl OpenBlas {
    pub fn load(path: &OsStr) -> Option<Self> {
        // SAFETY: the library's own start is trusted; the types are those of its C header for these names.
        unsafe {
            let library = Library::new(path).ok()?;
            let gemm = if let Ok(f) = library.get::<Wide>(b"scipy_cblas_dgemm64_") {
                Gemm::Wide(*f)
            } else if let Ok(f) = library.get::<Narrow>(b"cblas_dgemm") {
                Gemm::Narrow(*f)
            } else {
                Gemm::Narrow(*library.get::<Narrow>(b"scipy_cblas_dgemm").ok()?)
            };
            Some(OpenBlas {
                gemm,
                _library: library,
            })
        }
    }

    pub fn product(
        &self,
        a: &[f64],
        b: &[f64],
        c: &mut [f64],
        [m, k, n]: [usize; 3],
        transposed: bool,
    ) {
        assert!(a.len() == m * k && b.len() == k * n && c.len() == m * n);
        let turned = if transposed { TRANSPOSED } else { AS_IT_IS };
        let row = if transposed { k } else { n };
        let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
        // SAFETY: the slices hold row-major matrices of these shapes.
        unsafe {
            match self.gemm {
                Gemm::Wide(gemm) => {
                    let [m, k, n, row] = [m, k, n, row].map(|x| x as i64);
                    gemm(
                        ROW_MAJOR, AS_IT_IS, turned, m, n, k, 1.0, a, k, b, row, 0.0, c, n,
                    );
                }
                Gemm::Narrow(gemm) => {
                    let [m, k, n, row] = [m, k, n, row].map(|x| x as i32);
                    gemm(
                        ROW_MAJOR, AS_IT_IS, turned, m, n, k, 1.0, a, k, b, row, 0.0, c, n,
                    );
                }
            }
        }
    }
}
