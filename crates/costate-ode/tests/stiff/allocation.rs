//! A step allocates nothing, a rejected one included.

use crate::systems::{Chain, VanDerPol};
use costate_ode::{
    Adams, Auto, Bdf, Dirk, DirkTableau, Engine, Gauss, GaussTableau, Imex, Integrator, Krylov,
    MatrixFree, Options, Radau, Rock, RockTableau, Rosenbrock, RosenbrockTableau, Split, System,
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

#[test]
fn steps_of_stabilised_methods_allocate_nothing() {
    for tableau in RockTableau::all() {
        let chain = Chain::all(20).remove(0);
        let y0 = chain.start();
        let engine = Rock::new(tableau, &y0);
        assert_eq!(allocations(engine, chain, &y0, 1.0), 0, "{}", tableau.name);
    }
}

#[test]
fn steps_of_adams_methods_allocate_nothing() {
    // A pendulum that is pushed.
    let field = |t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| {
        dy[0] = y[1];
        dy[1] = -y[0].sin() + if t.sin() > 0.0 { 1.0 } else { 0.0 };
    };
    let y0 = vec![1.0, 0.0];
    assert_eq!(allocations(Adams::new(&y0), field, &y0, 50.0), 0);
}

#[test]
fn steps_of_additive_methods_allocate_nothing() {
    let explicit = |_t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| {
        dy[0] = y[1];
        dy[1] = -y[0];
    };
    let implicit = |_t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| {
        dy[0] = 0.0;
        dy[1] = 1000.0 * (1.0 - y[0] * y[0]) * y[1];
    };
    for tableau in DirkTableau::all().iter().filter(|t| !t.explicit.is_empty()) {
        let y0 = vec![2.0, 0.0];
        let mut system = Split::new(explicit, implicit);
        let engine = Imex::new(tableau, &mut system, &y0);
        assert_eq!(
            allocations(engine, system, &y0, 2000.0),
            0,
            "{}",
            tableau.name
        );
    }
}

#[test]
fn steps_of_gauss_methods_allocate_nothing() {
    for tableau in GaussTableau::all() {
        let chain = Chain::all(20).remove(0);
        let y0 = chain.start();
        let engine = Gauss::new(tableau, &chain, &y0);
        let options = Options::constant_step(0.01);
        let mut it = Integrator::with_engine(engine, chain, 0.0, &y0, options).unwrap();
        let mut middle = y0.clone();
        let mut before = 0;
        for round in 0..2 {
            if round == 1 {
                before = COUNT.with(Cell::get);
            }
            it.reset(0.0, &y0);
            it.set_end(1.0);
            while !it.finished() {
                it.step().unwrap();
                it.interpolate(0.5 * (it.t_prev() + it.t()), &mut middle);
            }
        }
        assert_eq!(COUNT.with(Cell::get) - before, 0, "{}", tableau.name);
    }
}

#[test]
fn steps_without_matrices_allocate_nothing() {
    let y0 = vec![2.0, 0.0];
    let system = || MatrixFree::new(VanDerPol, Krylov::default());
    let bdf = Bdf::new(&system(), &y0);
    assert_eq!(allocations(bdf, system(), &y0, 2000.0), 0);
    let kencarp4 = DirkTableau::by_name("kencarp4").unwrap();
    let dirk = Dirk::new(kencarp4, &system(), &y0);
    assert_eq!(allocations(dirk, system(), &y0, 2000.0), 0);
}
