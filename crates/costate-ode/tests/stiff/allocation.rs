//! A step allocates nothing, a rejected one included.

use crate::systems::{Chain, VanDerPol};
use costate_ode::{
    Auto, Bdf, Dirk, DirkTableau, Engine, Integrator, Options, Radau, Rosenbrock,
    RosenbrockTableau, System,
};
use std::alloc::{GlobalAlloc, Layout, System as Heap};
use std::cell::Cell;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// Counts what its own thread asks for.
struct Counting;

#[allow(unsafe_code)] // Counting allocations takes an allocator.
// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: as the caller promises.
        unsafe { Heap.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { Heap.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of a second integration with an integrator that has done one, and its steps.
fn allocations<S, E>(engine: E, system: S, y0: &Vec<f64>, end: f64) -> usize
where
    S: System<f64, Vec<f64>>,
    E: Engine<f64, Vec<f64>, S>,
{
    let options = Options::tolerances(1e-5, 1e-8);
    let mut it = Integrator::with_engine(engine, system, 0.0, y0, options).unwrap();
    let mut middle = y0.clone();
    let mut before = 0;
    for round in 0..2 {
        if round == 1 {
            before = COUNT.with(Cell::get);
        }
        it.reset(0.0, y0);
        it.set_end(end);
        while !it.finished() {
            it.step().unwrap();
            let t = 0.5 * (it.t_prev() + it.t());
            it.interpolate(t, &mut middle);
        }
    }
    assert!(
        it.stats().rejected > 0 && it.stats().accepted > 10,
        "{:?}",
        it.stats()
    );
    COUNT.with(Cell::get) - before
}

#[test]
fn steps_of_rosenbrock_methods_allocate_nothing() {
    for tableau in RosenbrockTableau::all() {
        let y0 = vec![2.0, 0.0];
        let engine = Rosenbrock::new(tableau, &VanDerPol, &y0);
        assert_eq!(
            allocations(engine, VanDerPol, &y0, 2000.0),
            0,
            "{}",
            tableau.name
        );
        for chain in Chain::all(20) {
            let y0 = chain.start();
            let engine = Rosenbrock::new(tableau, &chain, &y0);
            assert_eq!(allocations(engine, chain, &y0, 1.0), 0, "{}", tableau.name);
        }
    }
}

#[test]
fn steps_of_backward_differentiation_allocate_nothing() {
    let y0 = vec![2.0, 0.0];
    let engine = Bdf::new(&VanDerPol, &y0);
    assert_eq!(allocations(engine, VanDerPol, &y0, 2000.0), 0);
}

#[test]
fn steps_that_change_their_method_allocate_nothing() {
    let y0 = vec![2.0, 0.0];
    let engine = Auto::new(&VanDerPol, &y0);
    assert_eq!(allocations(engine, VanDerPol, &y0, 2000.0), 0);
}

#[test]
fn steps_of_radau_allocate_nothing() {
    let y0 = vec![2.0, 0.0];
    let engine = Radau::new(&VanDerPol, &y0);
    assert_eq!(allocations(engine, VanDerPol, &y0, 2000.0), 0);
    for chain in Chain::all(20) {
        let y0 = chain.start();
        let engine = Radau::new(&chain, &y0);
        assert_eq!(allocations(engine, chain, &y0, 1.0), 0);
    }
}

#[test]
fn steps_of_diagonally_implicit_methods_allocate_nothing() {
    let adaptive = |tableau: &&&DirkTableau| tableau.embedded_order.is_some();
    for tableau in DirkTableau::all().iter().filter(adaptive) {
        let y0 = vec![2.0, 0.0];
        let engine = Dirk::new(tableau, &VanDerPol, &y0);
        assert_eq!(
            allocations(engine, VanDerPol, &y0, 2000.0),
            0,
            "{}",
            tableau.name
        );
    }
}
