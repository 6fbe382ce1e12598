//! After the first call, points in lanes allocate nothing.
#![allow(unsafe_code)] // A global allocator cannot be written without.

use costate_tape::{Function, Program, Scalar, Var};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting for each thread.
struct Counting;

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn points_in_lanes_allocate_nothing_after_the_first_call() {
    let f = Function::record_at(&[("h", &[2], &[1.0, 2.0]), ("theta", &[1], &[1.0])], |v| {
        let (x, y) = (v[0].index(0), v[0].index(1));
        let slower = if x < y { x } else { y };
        vec![Var::stack(&[slower * v[1].index(0), (x * y).sin()])]
    })
    .unwrap();
    let program = Program::with_products(&f, 1).unwrap();
    let mut workspace = program.workspace(1);
    program.set_params(&mut workspace, &[3.0]);
    let (x, mut out) = ([vec![1.0; 100], vec![2.0; 100]].concat(), vec![0.0; 200]);
    let mut run = || {
        let before = COUNT.get();
        program
            .run_lanes(&mut workspace, 100, &[&x], &mut out)
            .unwrap();
        COUNT.get() - before
    };
    assert!(run() > 0);
    assert_eq!(run(), 0);
    assert_eq!((out[99], out[199]), (3.0, 2.0_f64.sin()));
}
