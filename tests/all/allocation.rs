//! After warm-up a gradient allocates nothing.
#![allow(unsafe_code)] // A global allocator cannot be written without.

use costate_neural_ode::gradient::by_name;
use costate_neural_ode::layer::{Layer, Mlp};
use costate_neural_ode::{
    Discrete, GradientMethod, Native, Problem, Recorded, RightHandSide, Saved, VectorField,
};
use costate_ode::{Options, State, tableau};
use costate_tape::{Scalar, Unary};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    /// Bytes allocated and not freed, and the most that there were.
    static BYTES: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

fn change(by: isize) {
    let (now, most) = BYTES.get();
    BYTES.set((now + by, most.max(now + by)));
}

/// The system's allocator, counting for each thread.
struct Counting;

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        change(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // Both are there while one is copied.
        change(size as isize);
        change(-(layout.size() as isize));
        unsafe { System.realloc(place, layout, size) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        change(-(layout.size() as isize));
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `run` allocates.
fn allocations(run: impl FnOnce()) -> usize {
    let before = COUNT.get();
    run();
    COUNT.get() - before
}

#[derive(Clone)]
struct LotkaVolterra;

impl RightHandSide<2, 4> for LotkaVolterra {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [x, y]: [S; 2], _t: S, [a, b, c, d]: [S; 4]) -> [S; 2] {
        [a * x - b * x * y, d * x * y - c * y]
    }
}

/// The methods whose later calls allocate nothing.
const METHODS: [&str; 5] = ["discrete", "forward", "backsolve", "interpolating", "gauss"];

fn expect_none<Y, F>(title: &str, field: &F, like: &Y, problem: &Problem<'_, f64, f64>)
where
    Y: State<f64, Element = f64> + 'static,
    F: VectorField<f64> + Clone + 'static,
{
    for name in METHODS {
        for tableau in tableau::tableaus() {
            let options = Options {
                step: tableau.embedded_order.is_none().then_some(0.01),
                ..Options::tolerances(1e-6, 1e-6)
            };
            let mut method = by_name(name, field.clone(), like, tableau, options).unwrap();
            let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
                cotangents.values_mut().copy_from_slice(saved.values());
                0.5 * saved.values().iter().map(|h| h * h).sum::<f64>()
            };
            let mut run = || drop(method.gradient(problem, &mut loss).map(|found| found.loss));
            let first = allocations(&mut run);
            assert!(
                first > 0,
                "the first call makes the frames, so the counter counts"
            );
            let again = allocations(&mut run);
            assert_eq!(
                again, 0,
                "{title}, {name}, {}: {again} allocations",
                tableau.name
            );
        }
    }
}

#[test]
fn a_gradient_allocates_nothing_after_the_first() {
    let problem = Problem {
        h0: &[1.0, 0.5],
        theta: &[0.5, 0.7, 0.8, 0.3],
        t0: 0.0,
        t1: 2.0,
        save_at: &[0.3, 1.1, 1.1, 2.0],
    };
    let native = Native::new(LotkaVolterra);
    let recorded = Recorded::new(&native.function()).unwrap();
    expect_none("native", &native, &[0.0; 2], &problem);
    expect_none("recorded", &recorded, &vec![0.0; 2], &problem);
}

#[test]
fn a_gradient_through_a_network_allocates_nothing_after_the_first() {
    let net = Mlp::new(&[2, 8, 2], Unary::Tanh);
    let field = Recorded::record(&[5, 2], net.parameter_len(), |h, _, theta| {
        net.apply(h * h * h, theta)
    });
    let (theta, h0): (Vec<f64>, _) = (net.initial(1), vec![0.7; 10]);
    let problem = Problem {
        h0: &h0,
        theta: &theta,
        t0: 0.0,
        t1: 1.0,
        save_at: &[],
    };
    expect_none("network", &field.unwrap(), &vec![0.0; 10], &problem);
}

#[test]
fn a_budget_of_one_mebibyte_is_kept_over_a_hundred_thousand_steps() {
    const BUDGET: usize = 1 << 20;
    let problem = Problem {
        h0: &[1.0, 0.5],
        theta: &[0.5, 0.7, 0.8, 0.3],
        t0: 0.0,
        t1: 100.0,
        save_at: &[30.0, 99.99],
    };
    let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
        cotangents.values_mut().copy_from_slice(saved.values());
        0.5 * saved.values().iter().map(|h| h * h).sum::<f64>()
    };
    for name in ["rk4", "tsit5"] {
        let tableau = tableau::by_name(name).unwrap();
        let make = || {
            let (field, options) = (Native::new(LotkaVolterra), Options::constant_step(1e-3));
            Discrete::new(field, &[0.0; 2], tableau, options).unwrap()
        };
        let expected = make().gradient(&problem, &mut loss).unwrap().clone();
        assert!(expected.stats.forward.accepted > 99_999);

        let (now, _) = BYTES.get();
        BYTES.set((now, now));
        let mut method = make().with_budget(BUDGET);
        assert_eq!(method.gradient(&problem, &mut loss).unwrap(), &expected);
        let peak = BYTES.get().1 - now;
        assert!(peak < BUDGET as isize * 11 / 10, "{name}: {peak} bytes");
        // Each step is taken again once.
        assert!(method.retaken() <= 100_001, "{name}: {}", method.retaken());
    }
}
