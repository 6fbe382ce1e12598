//! Stiff reactions: their gradients in every stiff solver against differences in double-double arithmetic, through the same steps.

use super::reactions::{HIRES, Hires, POLLUTION, Pollution, Reactions, Robertson};
use costate_neural_ode::{
    Discrete, GradientMethod, Native, Problem, Recorded, RightHandSide, Saved,
};
use costate_ode::{
    Auto, Dirk, Engine, Family, Integrator, Matrix, Method, Options, Radau, Rosenbrock, State,
    System,
};
use costate_problems::DoubleDouble;
use costate_tape::Scalar;

/// The same as a right-hand side.
struct Side<R>(R);

impl<R: Reactions<N, P>, const N: usize, const P: usize> RightHandSide<N, P> for Side<R> {
    #[inline(always)]
    fn eval<S: Scalar>(&self, h: [S; N], _t: S, theta: [S; P]) -> [S; N] {
        R::rates(h, theta, S::from_f64)
    }
}

/// The reactions as a recorded field.
fn recorded<R: Reactions<N, P>, const N: usize, const P: usize>(reactions: R) -> Recorded {
    let native = Native::<_, f64, N, P>::new(Side(reactions));
    Recorded::new(&native.function()).unwrap()
}

/// Reactions in double-double arithmetic. They are quadratic, so a central difference over any distance is their Jacobian.
struct Extended<R, const N: usize, const P: usize>([DoubleDouble; P], std::marker::PhantomData<R>);

impl<R: Reactions<N, P>, Y, const N: usize, const P: usize> System<DoubleDouble, Y>
    for Extended<R, N, P>
where
    Y: State<DoubleDouble, Element = DoubleDouble>,
{
    fn eval(&mut self, _t: DoubleDouble, y: &Y, dy: &mut Y) {
        let y: [DoubleDouble; N] = std::array::from_fn(|i| y.as_slice()[i]);
        let rates = R::rates(y, self.0, DoubleDouble::new);
        dy.as_mut_slice().copy_from_slice(&rates);
    }

    fn jacobian(&mut self, _t: DoubleDouble, y: &Y, jacobian: &mut Matrix<DoubleDouble>) -> bool {
        let y: [DoubleDouble; N] = std::array::from_fn(|i| y.as_slice()[i]);
        let far = DoubleDouble::new(1.0 / 1024.0);
        for j in 0..N {
            let moved = |by: DoubleDouble| {
                let mut y = y;
                y[j] = y[j] + by;
                R::rates(y, self.0, DoubleDouble::new)
            };
            let (ahead, behind) = (moved(far), moved(DoubleDouble::new(0.0) - far));
            for i in 0..N {
                jacobian.set(i, j, (ahead[i] - behind[i]) / (far + far));
            }
        }
        true
    }

    fn time_derivative(&mut self, _t: DoubleDouble, _y: &Y, out: &mut Y) -> bool {
        out.as_mut_slice().fill(DoubleDouble::new(0.0));
        true
    }
}

/// L = Σ w_i h_i(t₁), through the steps of a solve by `method`, in double-double arithmetic.
fn extended<R: Reactions<N, P>, const N: usize, const P: usize>(
    method: Method,
    (rtol, atol): (f64, f64),
    (h0, k): ([DoubleDouble; N], [DoubleDouble; P]),
    steps: &[f64],
    weights: &[f64; N],
) -> DoubleDouble {
    let number = DoubleDouble::new;
    let system = || Extended::<R, N, P>(k, std::marker::PhantomData);
    fn end<S, E>(
        engine: E,
        system: S,
        h0: &Vec<DoubleDouble>,
        (rtol, atol): (f64, f64),
        steps: &[f64],
    ) -> Vec<DoubleDouble>
    where
        S: System<DoubleDouble, Vec<DoubleDouble>>,
        E: Engine<DoubleDouble, Vec<DoubleDouble>, S>,
    {
        let number = DoubleDouble::new;
        let options = Options::tolerances(number(rtol), number(atol));
        let mut it = Integrator::with_engine(engine, system, number(0.0), h0, options).unwrap();
        for size in steps {
            it.force_step(number(*size));
        }
        it.y().clone()
    }
    let (h0, tolerances) = (h0.to_vec(), (rtol, atol));
    let end = match method.family() {
        Family::Dirk(tableau) => {
            let engine = Dirk::new(tableau, &system(), &h0).settled(1);
            end(engine, system(), &h0, tolerances, steps)
        }
        Family::Rosenbrock(tableau) => {
            let engine = Rosenbrock::new(tableau, &system(), &h0);
            end(engine, system(), &h0, tolerances, steps)
        }
        Family::Radau => {
            let engine = Radau::new(&system(), &h0).settled(1);
            end(engine, system(), &h0, tolerances, steps)
        }
        Family::Auto => end(Auto::new(&system(), &h0), system(), &h0, tolerances, steps),
        other => panic!("no oracle for {other:?}"),
    };
    let terms = end.iter().zip(weights);
    terms.fold(number(0.0), |sum, (h, w)| sum + *h * number(*w))
}

/// A variable and its value.
#[derive(Clone, Copy, Debug)]
enum Variable {
    H0(usize),
    Rate(usize),
}

struct Case<const N: usize, const P: usize> {
    h0: [f64; N],
    rates: [f64; P],
    end: f64,
    tolerances: (f64, f64),
    /// The state at the end, to its size: weights of the loss are its reciprocals.
    sizes: [f64; N],
    variables: Vec<Variable>,
}

/// The gradient by every stiff solver that chooses its steps, against differences, relative: each variable times its derivative.
fn agrees_with_extended_differences<R, const N: usize, const P: usize>(
    make: impl FnOnce() -> R,
    case: &Case<N, P>,
) where
    R: Reactions<N, P>,
{
    let field = recorded(make());
    let all = Method::all().into_iter();
    let mut tried = 0;
    for method in all.filter(|method| method.stiff && method.adaptive) {
        let (rtol, atol) = case.tolerances;
        let options = Options::tolerances(rtol, atol);
        let Ok(mut discrete) = Discrete::new(field.clone(), &vec![0.0; N], method, options) else {
            continue;
        };
        tried += 1;
        let weights = case.sizes.map(|size| 1.0 / size);
        let problem = Problem {
            h0: &case.h0,
            theta: &case.rates,
            t0: 0.0,
            t1: case.end,
            save_at: &[],
        };
        let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
            cotangents.state_mut(0).copy_from_slice(&weights);
            let terms = saved.state(0).iter().zip(&weights);
            terms.map(|(h, w)| h * w).sum()
        };
        let found = discrete.gradient(&problem, &mut loss).unwrap().clone();
        let steps: Vec<f64> = discrete.steps().collect();
        let at = |moved: Option<(Variable, f64)>| {
            let lift = |value: f64, by: Option<f64>| {
                let one = DoubleDouble::new(1.0);
                DoubleDouble::new(value) * (one + DoubleDouble::new(by.unwrap_or(0.0)))
            };
            let h0 = std::array::from_fn(|i| {
                let by = moved.filter(|(v, _)| matches!(v, Variable::H0(own) if *own == i));
                lift(case.h0[i], by.map(|(_, by)| by))
            });
            let k = std::array::from_fn(|i| {
                let by = moved.filter(|(v, _)| matches!(v, Variable::Rate(own) if *own == i));
                lift(case.rates[i], by.map(|(_, by)| by))
            });
            extended::<R, N, P>(method, case.tolerances, (h0, k), &steps, &weights)
        };
        let here: f64 = num_traits::ToPrimitive::to_f64(&at(None)).unwrap();
        assert!(
            (found.loss - here).abs() < 1e-9 * here.abs(),
            "{}: the loss is {} by f64, {here} by extended precision",
            method.name,
            found.loss
        );
        let pairs: Vec<(f64, f64)> = case
            .variables
            .iter()
            .map(|variable| {
                let far = 1e-7;
                let difference = at(Some((*variable, far))) - at(Some((*variable, -far)));
                let slope: f64 = num_traits::ToPrimitive::to_f64(&difference).unwrap();
                let own = match variable {
                    Variable::H0(i) => found.h0[*i] * case.h0[*i],
                    Variable::Rate(k) => found.theta[*k] * case.rates[*k],
                };
                (own, slope / (2.0 * far))
            })
            .collect();
        let largest = pairs
            .iter()
            .fold(0.0_f64, |max, (_, slope)| max.max(slope.abs()));
        let mut worst = 0.0_f64;
        for (variable, (own, slope)) in case.variables.iter().zip(&pairs) {
            let off = (own - slope).abs() / slope.abs().max(1e-3 * largest);
            worst = worst.max(off);
            assert!(
                off < 1e-6,
                "{}, {} steps: {variable:?}: {own} by the sweep, {slope} by differences, off by {off:e}",
                method.name,
                steps.len()
            );
        }
        println!(
            "{:>8}: {:>4} steps, off by {worst:.0e}",
            method.name,
            steps.len()
        );
    }
    assert!(tried >= 12, "{tried}");
}

#[test]
fn robertson_to_ten_thousand() {
    let case = Case {
        h0: [1.0, 0.0, 0.0],
        rates: [0.04, 1e4, 3e7],
        end: 1e4,
        tolerances: (1e-5, 1e-9),
        sizes: [0.1, 4e-7, 0.9],
        variables: vec![
            Variable::H0(0),
            Variable::Rate(0),
            Variable::Rate(1),
            Variable::Rate(2),
        ],
    };
    agrees_with_extended_differences(|| Robertson, &case);
}

#[test]
fn the_light_response_of_plants() {
    let case = Case {
        h0: [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057],
        rates: HIRES,
        end: 321.8122,
        tolerances: (1e-5, 1e-8),
        sizes: [7e-4, 1.4e-4, 6e-5, 1.2e-3, 2.4e-3, 6e-3, 2.8e-3, 2.8e-3],
        variables: vec![
            Variable::H0(7),
            Variable::Rate(1),
            Variable::Rate(3),
            Variable::Rate(9),
        ],
    };
    agrees_with_extended_differences(|| Hires, &case);
}

fn pollution() -> Case<20, 25> {
    let mut h0 = [0.0; 20];
    for (i, value) in [
        (1, 0.2),
        (3, 0.04),
        (6, 0.1),
        (7, 0.3),
        (8, 0.01),
        (16, 0.007),
    ] {
        h0[i] = value;
    }
    let mut sizes = [f64::INFINITY; 20];
    for (i, size) in [(0, 0.056), (1, 0.13), (3, 0.0055), (6, 0.078), (8, 0.0075)] {
        sizes[i] = size;
    }
    Case {
        h0,
        rates: POLLUTION,
        end: 60.0,
        tolerances: (1e-5, 1e-11),
        sizes,
        variables: vec![Variable::H0(6), Variable::Rate(1), Variable::Rate(13)],
    }
}

#[test]
fn air_pollution() {
    agrees_with_extended_differences(|| Pollution, &pollution());
}

#[test]
fn the_reactions_of_air_pollution_are_those_of_the_test_set() {
    let case = pollution();
    let field = recorded(Pollution);
    let radau = Method::by_name("radau").unwrap();
    let options = Options::tolerances(1e-9, 1e-13);
    let mut discrete = Discrete::new(field, &vec![0.0; 20], radau, options).unwrap();
    let problem = Problem {
        h0: &case.h0,
        theta: &case.rates,
        t0: 0.0,
        t1: case.end,
        save_at: &[],
    };
    let mut end = Vec::new();
    let found = discrete.gradient(&problem, &mut |saved, _| {
        end.extend_from_slice(saved.state(0));
        0.0
    });
    found.unwrap();
    // The first four of the test set's reference solution.
    let expected = [
        0.056_462_554_800_227_69,
        0.134_248_413_042_233_9,
        0.413_973_433_109_942_7e-8,
        0.552_314_020_748_435_9e-2,
    ];
    for (found, expected) in end.iter().zip(expected) {
        assert!((found / expected - 1.0).abs() < 1e-7, "{found} {expected}");
    }
}
