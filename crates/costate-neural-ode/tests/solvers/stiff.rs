//! Stiff reactions: their gradients in every stiff solver against differences in double-double arithmetic, through the same steps.

use costate_neural_ode::{
    Discrete, GradientMethod, Native, Problem, Recorded, RightHandSide, Saved,
};
use costate_ode::{
    Auto, Dirk, Engine, Family, Integrator, Matrix, Method, Options, Radau, Rosenbrock, State,
    System,
};
use costate_problems::DoubleDouble;
use costate_tape::Scalar;
use std::ops::{Add, Mul, Sub};

/// What the reactions are written in: every number has sums and products.
trait Number: Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {}

impl<N: Copy + Add<Output = N> + Sub<Output = N> + Mul<Output = N>> Number for N {}

/// A system of reactions with P rates.
trait Reactions<const N: usize, const P: usize> {
    fn rates<S: Number>(y: [S; N], k: [S; P], number: impl Fn(f64) -> S) -> [S; N];
}

/// Robertson's reaction \[Hairer1996\] IV.10.
struct Robertson;

impl Reactions<3, 3> for Robertson {
    #[inline(always)]
    fn rates<S: Number>(y: [S; 3], k: [S; 3], number: impl Fn(f64) -> S) -> [S; 3] {
        let (a, b, c) = (k[0] * y[0], k[1] * y[1] * y[2], k[2] * y[1] * y[1]);
        [b - a, a - b - c, c + number(0.0)]
    }
}

/// The high irradiance response of plants \[Hairer1996\] IV.10.
struct Hires;

const HIRES: [f64; 12] = [
    1.71, 0.43, 8.32, 0.0007, 8.75, 10.03, 0.035, 1.12, 1.745, 280.0, 0.69, 1.81,
];

impl Reactions<8, 12> for Hires {
    #[inline(always)]
    fn rates<S: Number>(y: [S; 8], k: [S; 12], number: impl Fn(f64) -> S) -> [S; 8] {
        let light = k[9] * y[5] * y[7];
        [
            k[1] * y[1] + k[2] * y[2] + k[3] - k[0] * y[0],
            k[0] * y[0] - k[4] * y[1],
            k[1] * y[3] + k[6] * y[4] - k[5] * y[2],
            k[2] * y[1] + k[0] * y[2] - k[7] * y[3],
            k[1] * y[5] + k[1] * y[6] - k[8] * y[4],
            k[10] * y[3] + k[0] * y[4] + k[10] * y[6] - light - k[1] * y[5],
            light - k[11] * y[6],
            k[11] * y[6] - light + number(0.0),
        ]
    }
}

/// Air pollution: 20 species in 25 reactions, problem POLLU of the test set for initial value problems (Verwer 1994).
struct Pollution;

const POLLUTION: [f64; 25] = [
    0.35, 26.6, 12_300.0, 0.000_86, 0.000_82, 15_000.0, 0.000_13, 24_000.0, 16_500.0, 9_000.0,
    0.022, 12_000.0, 1.88, 16_300.0, 4.8e6, 0.000_35, 0.0175, 1e8, 4.44e11, 1_240.0, 2.1, 5.78,
    0.0474, 1_780.0, 3.12,
];

impl Reactions<20, 25> for Pollution {
    #[inline(always)]
    fn rates<S: Number>(y: [S; 20], k: [S; 25], number: impl Fn(f64) -> S) -> [S; 20] {
        let r = [
            k[0] * y[0],
            k[1] * y[1] * y[3],
            k[2] * y[4] * y[1],
            k[3] * y[6],
            k[4] * y[6],
            k[5] * y[6] * y[5],
            k[6] * y[8],
            k[7] * y[8] * y[5],
            k[8] * y[10] * y[1],
            k[9] * y[10] * y[0],
            k[10] * y[12],
            k[11] * y[9] * y[1],
            k[12] * y[13],
            k[13] * y[0] * y[5],
            k[14] * y[2],
            k[15] * y[3],
            k[16] * y[3],
            k[17] * y[15],
            k[18] * y[15],
            k[19] * y[16] * y[5],
            k[20] * y[18],
            k[21] * y[18],
            k[22] * y[0] * y[3],
            k[23] * y[18] * y[0],
            k[24] * y[19],
        ];
        let zero = number(0.0);
        [
            r[1] + r[2] + r[8] + r[10] + r[11] + r[21] + r[24]
                - r[0]
                - r[9]
                - r[13]
                - r[22]
                - r[23],
            r[0] + r[20] - r[1] - r[2] - r[8] - r[11],
            r[0] + r[16] + r[18] + r[21] - r[14],
            r[14] - r[1] - r[15] - r[16] - r[22],
            r[3] + r[3] + r[5] + r[6] + r[12] + r[19] - r[2],
            r[2] + r[17] + r[17] - r[5] - r[7] - r[13] - r[19],
            r[12] - r[3] - r[4] - r[5],
            r[3] + r[4] + r[5] + r[6],
            zero - r[6] - r[7],
            r[6] + r[8] - r[11],
            r[7] + r[10] - r[8] - r[9],
            r[8],
            r[9] - r[10],
            r[11] - r[12],
            r[13],
            r[15] - r[17] - r[18],
            zero - r[19],
            r[19],
            r[22] + r[24] - r[20] - r[21] - r[23],
            r[23] - r[24],
        ]
    }
}

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
