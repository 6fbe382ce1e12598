//! A step allocates nothing.
#![allow(unsafe_code)] // A counting allocator cannot be had without.

use costate_ode::{Integrator, Options, State, tableau};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = COUNT.with(Cell::get);
    work();
    COUNT.with(Cell::get) - before
}

fn steps_allocate_nothing<Y: State<f64, Element = f64>>(y0: &Y, options: &Options<f64>) {
    let n = y0.as_slice().len();
    let field = |_t: f64, y: &Y, dy: &mut Y| {
        let (y, dy) = (y.as_slice(), dy.as_mut_slice());
        for i in 0..n {
            dy[i] = y[(i + 1) % n] - y[i] * y[i];
        }
    };
    for tableau in tableau::tableaus() {
        if options.step.is_none() && tableau.embedded_order.is_none() {
            continue;
        }
        let mut it = Integrator::new(tableau, field, 0.0, y0, options.clone()).unwrap();
        let mut between = y0.clone();
        it.set_end(2.0);
        let mut run = || {
            while !it.finished() {
                it.step().unwrap();
                it.interpolate(0.5 * (it.t_prev() + it.t()), &mut between);
            }
            it.reset(0.0, y0);
            it.set_end(2.0);
        };
        run();
        assert_eq!(allocations(run), 0, "{} with {n} components", tableau.name);
    }
}

#[test]
fn steps_dense_output_and_resets_allocate_nothing_after_the_first() {
    for options in [
        Options::tolerances(1e-6, 1e-6),
        Options::tolerances(1e-6, [1e-6; 3]),
        Options::constant_step(0.1),
    ] {
        steps_allocate_nothing(&[0.3, 0.8, 0.1], &options);
        steps_allocate_nothing(&vec![0.3, 0.8, 0.1], &options);
        steps_allocate_nothing(&nalgebra::DVector::from_vec(vec![0.3, 0.8, 0.1]), &options);
    }
    steps_allocate_nothing(&vec![0.2; 100], &Options::tolerances(1e-6, 1e-6));
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
}
