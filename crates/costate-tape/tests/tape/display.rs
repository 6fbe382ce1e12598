//! Functions to read: text that says the formula, LaTeX and DOT that are well formed, Rust that computes the same bits.

use crate::random::{self, for_all, instructions};
use crate::source::{compiled_source_gives_the_same_bits, compiled_under_any_name};
use costate_tape::{Binary, Function, Names, Notation, Rule, Scalar, Unary, Var};
use std::cell::RefCell;

fn scalar(body: impl for<'t> FnOnce(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>) -> String {
    let f = Function::<f64>::record(&[("x", &[]), ("y", &[])], |v| vec![body(v[0], v[1])]).unwrap();
    f.to_string()
        .lines()
        .skip(1)
        .map(str::trim)
        .collect::<Vec<_>>()
        .join("; ")
}

#[test]
fn parentheses_stand_where_the_meaning_needs_them_and_nowhere_else() {
    assert_eq!(scalar(|x, y| x - (y - x)), "y = x - (y - x)");
    assert_eq!(scalar(|x, y| (x - y) - 2.0), "y = x - y - 2");
    assert_eq!(scalar(|x, y| x + (y + 1.5)), "y = x + y + 1.5");
    assert_eq!(scalar(|x, y| x / (y * 2.0)), "y = x/(y*2)");
    assert_eq!(scalar(|x, y| x / y * 2.0), "y = x/y*2");
    assert_eq!(scalar(|x, y| (x + y) * (x - y)), "y = (x + y)*(x - y)");
    assert_eq!(scalar(|x, y| -(x * y)), "y = -x*y");
    assert_eq!(scalar(|x, y| -(x + y)), "y = -(x + y)");
    assert_eq!(scalar(|x, y| x - -y), "y = x - (-y)");
    assert_eq!(scalar(|x, y| x * -y), "y = x*(-y)");
    assert_eq!(
        scalar(|x, y| (-x).powi(2) + y.powi(-3)),
        "y = (-x)^2 + y^(-3)"
    );
    assert_eq!(scalar(|x, y| x.powf(y).powf(y + 1.0)), "y = (x^y)^(y + 1)");
    assert_eq!(scalar(|x, y| x.powf(y.powf(x))), "y = x^y^x");
    assert_eq!(scalar(|x, y| x * -1.5 + y), "y = x*(-1.5) + y");
    assert_eq!(
        scalar(|x, y| Scalar::max(x, y).hypot(x)),
        "y = hypot(max(x, y), x)"
    );
    assert_eq!(
        scalar(|x, y| Var::select(x.binary(Binary::Lt, y * 2.0), x, y)),
        "y = if(x < y*2, x, y)"
    );
}

#[test]
fn what_is_used_twice_gets_a_name_that_nothing_else_has() {
    let f = Function::<f64>::record(&[("x", &[]), ("v1", &[])], |v| {
        let e = v[0].exp();
        vec![e * v[1] + e, e]
    })
    .unwrap();
    assert_eq!(
        f.to_string(),
        "f(x, v1):\n  v2 = exp(x)\n  y0 = v2*v1 + v2\n  y1 = v2\n"
    );
}

#[test]
fn a_network_reads_as_one_would_write_it() {
    let f = Function::<f64>::record(&[("h", &[2]), ("theta", &[17])], |v| {
        let w1 = v[1].slice(0, 0..6).reshape([3, 2]);
        let b1 = v[1].slice(0, 6..9);
        let w2 = v[1].slice(0, 9..15).reshape([2, 3]);
        let hidden = (w1.matmul(v[0].ln()) + b1).tanh();
        vec![w2.matmul(hidden) + v[1].slice(0, 15..17)]
    })
    .unwrap();
    let names = Names::new()
        .elements("h", &["hare", "lynx"])
        .span("theta", 0..6, "W1")
        .span("theta", 6..9, "b1")
        .span("theta", 9..15, "W2")
        .span("theta", 15..17, "b2");
    assert_eq!(
        f.text(&names),
        "f(hare, lynx, W1, b1, W2, b2):\n  y = W2 @ tanh(W1 @ ln(h) + b1) + b2\n"
    );
    assert_eq!(
        f.text(&Names::new()),
        "f(h[2], theta[17]):\n  y = reshape(theta[9:15], [2, 3]) @ tanh(reshape(theta[0:6], [3, 2]) @ ln(h) + theta[6:9]) + theta[15:17]\n"
    );
}

#[test]
fn array_operations_are_named_with_what_they_do() {
    let f = Function::<f64>::record(&[("a", &[2, 3]), ("b", &[3])], |v| {
        let (a, b) = (v[0], v[1]);
        vec![
            a.transpose().sum_axis(1),
            a.slice(1, 1..3),
            b.pad(0, 1, 6),
            a.sum(),
            Var::stack(&[b.sum(), b.index(2)]),
            b.gather(vec![2, 0], [2]),
            a.index(1),
            Var::concat(&[b, b * 2.0], 0),
        ]
    })
    .unwrap();
    let text = f.to_string();
    let lines: Vec<&str> = text.lines().skip(1).map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "y0 = sum(a', axis 1)",
            "y1 = a[:, 1:3]",
            "y2 = pad(b, 1:4, [6])",
            "y3 = sum(a)",
            "y4 = [sum(b), b[2]]",
            "y5 = gather(b, [2, 0])",
            "y6 = a[1]",
            "y7 = concat(b, b*2)",
        ]
    );
}

#[test]
fn the_products_of_a_model_read_as_formulas_of_its_own_names() {
    let f = Function::<f64>::record(&[("h", &[2]), ("theta", &[4])], |v| {
        let (h, p) = (v[0], v[1]);
        let eaten = h.index(0) * h.index(1);
        vec![Var::stack(&[
            p.index(0) * h.index(0) - p.index(1) * eaten,
            p.index(2) * eaten - p.index(3) * h.index(1),
        ])]
    })
    .unwrap();
    let names = Names::new()
        .elements("h", &["hare", "lynx"])
        .elements("theta", &["alpha", "beta", "delta", "gamma"])
        .elements("bar_y", &["a_hare", "a_lynx"]);
    let products = f
        .vjp(&[0, 1])
        .elements(&names)
        .unwrap()
        .simplify_with(&Rule::ALL);
    assert_eq!(
        products.to_string(),
        "\
f(hare, lynx, alpha, beta, delta, gamma, a_hare, a_lynx):
  v1 = hare*lynx
  y[0] = alpha*hare - beta*v1
  y[1] = delta*v1 - gamma*lynx
  v2 = a_lynx*delta - a_hare*beta
  bar_h[0] = a_hare*alpha + v2*lynx
  bar_h[1] = v2*hare - a_lynx*gamma
  bar_theta[0] = a_hare*hare
  bar_theta[1] = -a_hare*v1
  bar_theta[2] = a_lynx*v1
  bar_theta[3] = -a_lynx*lynx
"
    );
    let latex = products.latex(&Names::new());
    assert!(
        latex.contains(r"\bar{\theta_{1}} &= -a_{\mathrm{hare}}\,v_{1}"),
        "{latex}"
    );
}

#[test]
fn elements_have_the_values_of_the_arrays() {
    for_all(150, &instructions(), |code| {
        let f = random::function(&code).vjp(&[0, 1]);
        let mut point = random::point(31);
        point.push(random::Numbers(32).many(f.input_shape(4).len()));
        let slices: Vec<&[f64]> = point.iter().map(Vec::as_slice).collect();
        let expected = f.eval(&slices).unwrap().concat();
        let elements = f.elements(&Names::new()).unwrap();
        let flat = point.concat();
        let numbers: Vec<&[f64]> = flat.iter().map(std::slice::from_ref).collect();
        let found = elements.eval(&numbers).unwrap().concat();
        assert_eq!(found, expected, "{code:?}");
        let simplified = elements
            .simplify_with(&Rule::ALL)
            .eval(&numbers)
            .unwrap()
            .concat();
        for (found, expected) in simplified.iter().zip(&expected) {
            assert!(
                (found - expected).abs() <= 1e-11 * expected.abs().max(1.0),
                "{found}, {expected}\n{code:?}"
            );
        }
    });
}

/// Brackets of every kind match, and so do `\left`, `\right`, `\begin` and `\end`.
fn balanced(latex: &str) -> bool {
    let mut open = Vec::new();
    for c in latex.chars() {
        match c {
            '{' => open.push(c),
            '}' if open.pop() != Some('{') => return false,
            _ => {}
        }
    }
    let count = |word: &str| latex.matches(word).count();
    open.is_empty() && count(r"\left") == count(r"\right") && count(r"\begin{") == count(r"\end{")
}

#[test]
fn latex_of_random_functions_is_balanced_and_their_graphs_are_complete() {
    for_all(150, &instructions(), |code| {
        let f = random::function(&code).vjp(&[0]);
        let latex = f.latex(&Names::new());
        assert!(
            balanced(&latex) && latex.starts_with("\\begin{aligned}\n"),
            "{latex}"
        );
        let dot = f.dot(&Names::new());
        let edges: usize = f
            .graph()
            .nodes()
            .iter()
            .map(|node| node.operands.len())
            .sum();
        assert_eq!(dot.matches(" -> ").count(), edges + f.outputs().len());
        assert_eq!(
            dot.matches(" [label=").count(),
            f.graph().len() + f.outputs().len()
        );
    });
}

#[test]
fn names_become_letters() {
    let f = Function::<f64>::record(
        &[("alpha", &[]), ("hare", &[]), ("x2", &[]), ("k_max", &[])],
        |v| vec![v[0] * v[1] + v[2] / v[3] + (v[0] + v[1]).tanh().powi(2) + 1e-7],
    )
    .unwrap();
    assert_eq!(
        f.latex(&Names::new()),
        "\\begin{aligned}\ny &= \\alpha\\,\\mathrm{hare} + \\frac{x_{2}}{k_{\\mathrm{max}}} + \
         \\left(\\tanh \\left(\\alpha + \\mathrm{hare}\\right)\\right)^{2} + 1\\cdot 10^{-7}\n\\end{aligned}\n"
    );
}

#[test]
fn a_guard_is_printed_as_a_condition() {
    let f = Function::<f64>::record_at(&[("x", &[], &[2.0])], |v| {
        vec![if v[0] > Var::from_f64(1.0) {
            v[0]
        } else {
            -v[0]
        }]
    })
    .unwrap();
    assert_eq!(f.to_string(), "f(x):\n  y = x\n  where x > 1\n");
    assert!(f.latex(&Names::new()).contains(r"\text{where } [x > 1]"));
    assert!(f.rust("f").unwrap().contains("assert!((x > 1.0f64)"));
}

#[test]
fn rust_source_of_random_functions_computes_the_same_bits() {
    let functions = RefCell::new(Vec::new());
    for_all(70, &instructions(), |code| {
        let f = random::function(&code);
        let mut point = random::point(41);
        functions.borrow_mut().push((f.clone(), point.clone()));
        let products = f.vjp(&[0, 2]);
        point.push(random::Numbers(42).many(f.output_shape(0).len()));
        functions.borrow_mut().push((products, point));
    });
    let functions = functions.into_inner();
    assert!(functions.len() > 60, "{}", functions.len());
    compiled_source_gives_the_same_bits("random_f64", &functions, f64::to_bits);
}

#[test]
fn a_long_chain_is_printed_in_named_steps_and_source_of_it_computes_the_same_bits() {
    let chain = |shape: &[usize], links: usize| {
        let chained = Function::<f64>::record(&[("x", shape)], |v| {
            let mut y = v[0];
            for _ in 0..links {
                y = y.sin() * 1.0001 + 0.1;
            }
            vec![y.sum()]
        });
        chained.unwrap()
    };
    for shape in [&[][..], &[2]] {
        let f = chain(shape, 10_000);
        let text = f.to_string();
        assert!(text.lines().all(|line| line.len() < 400));
        assert!(balanced(&f.latex(&Names::new())));
        let pieces = f.formulas(&Names::new(), Notation::MathMl).lines.len();
        assert!(pieces > 100, "{pieces}");
        assert!(f.rust("long").unwrap().len() > text.len());
    }
    let functions = [
        (chain(&[], 500), vec![vec![0.3]]),
        (chain(&[2], 500), vec![vec![0.3, -0.7]]),
    ];
    compiled_source_gives_the_same_bits("chains", &functions, f64::to_bits);
}

/// Keywords, what is no identifier, and what the printed source calls things itself.
const WORDS: &str = "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub \
    ref return self Self static struct super trait true type unsafe use where while abstract become box do final gen macro \
    override priv try typeof unsized virtual yield _ __ Some None Ok Err k₁ k₂ x² ⓐ 1st n3 i i0 i1 i0_ j k at to powi mask \
    sigmoid max min linear std f64 usize ünit y' Δx";

/// Every kind of loop and of helper, over an input of this name and one beside it.
fn with_every_helper(name: &str) -> (Function<f64>, Vec<Vec<f64>>) {
    let inputs: [(&str, &[usize]); 2] = [(name, &[2, 2]), ("k_", &[])];
    let f = Function::<f64>::record(&inputs, |v| {
        let (x, k) = (v[0], v[1]);
        let moved = x.gather(vec![3, 0, 2, 1], [2, 2]) + x.scatter_add(vec![0, 1, 1, 3], [2, 2]);
        let turned = x.transpose().matmul(x) + x.sum_axis(0) + x.slice(1, 0..1);
        let helped = x.powi(3).sigmoid() + Scalar::max(x, k) + x.binary(Binary::Lt, k);
        vec![
            moved + turned + helped + x.det() + k.erf(),
            Var::concat(&[x, x], 1),
        ]
    });
    (f.unwrap(), vec![vec![0.5, -1.25, 2.0, 0.75], vec![0.625]])
}

#[test]
fn inputs_may_have_any_name_in_rust_source() {
    let functions: Vec<_> = WORDS.split_whitespace().map(with_every_helper).collect();
    compiled_source_gives_the_same_bits("names", &functions, f64::to_bits);
}

#[test]
fn a_function_may_have_any_name_in_rust_source() {
    let mut names: Vec<&str> = WORDS.split_whitespace().collect();
    names.extend(["", "two words", "x", "run_", "erf", "max_"]);
    let mut functions = vec![with_every_helper("x"); names.len()];
    // An input and a function of one name, which is a helper's too.
    names.push("max");
    functions.push(with_every_helper("max"));
    compiled_under_any_name("functions", &names, &functions, f64::to_bits);
    let named = |name: &str| functions[0].0.rust(name).unwrap();
    assert!(named("run_").starts_with("pub fn run_("));
    assert!(named("max").starts_with("pub fn max(") && named("max").contains("\nfn max_("));
}

#[test]
fn rust_source_of_every_operation_computes_the_same_bits_in_both_precisions() {
    let mut double = Vec::new();
    let mut single = Vec::new();
    for &op in Unary::ALL {
        let f = Function::<f64>::record(&[("x", &[])], |v| vec![v[0].unary(op)]).unwrap();
        for x in [
            op.test_point(),
            -op.test_point(),
            0.0,
            -0.0,
            1e300,
            f64::INFINITY,
        ] {
            double.push((f.clone(), vec![vec![x]]));
            single.push((f.over(|x| x as f32), vec![vec![x as f32]]));
        }
    }
    for &op in Binary::ALL {
        let f = Function::<f64>::record(&[("a", &[]), ("b", &[])], |v| vec![v[0].binary(op, v[1])])
            .unwrap();
        let (a, b) = op.test_point();
        for (a, b) in [(a, b), (b, a), (0.0, -0.0), (2.0, 2.0)] {
            double.push((f.clone(), vec![vec![a], vec![b]]));
            single.push((f.over(|x| x as f32), vec![vec![a as f32], vec![b as f32]]));
        }
    }
    compiled_source_gives_the_same_bits("operations_f64", &double, |x| {
        if x.is_nan() { 0 } else { x.to_bits() }
    });
    compiled_source_gives_the_same_bits("operations_f32", &single, |x| u64::from(x.to_bits()));
}
