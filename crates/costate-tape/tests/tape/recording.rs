//! What recording promises: each expression once, branches guarded, misuse reported at the user's line.

use costate_tape::{Error, Function, Scalar, SparseJacobian, Tape, Var, gradient, jacobian};
use std::cmp::Ordering;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex};

#[test]
fn no_two_new_names_of_a_derivative_are_equal() {
    let square = |name: &str| {
        Function::<f64>::record(&[(name, &[]), ("bar_y", &[])], |v| vec![v[0] * v[1]]).unwrap()
    };
    for name in ["x", "y"] {
        let f = square(name);
        for derivative in [
            f.vjp(&[0, 1]),
            f.vjp(&[0, 1]).vjp(&[0, 2]),
            f.jvp(&[0]).vjp(&[0]),
            f.vjp(&[0]).jvp(&[0, 2]).vjp(&[0, 1]),
        ] {
            let own = 2 + usize::from(name != "y");
            let ports = derivative.inputs().iter().chain(derivative.outputs());
            let mut names: Vec<&str> = ports.map(|port| port.name.as_str()).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            // The function's own input and output may share one.
            assert_eq!(names.len() + 3 - own, all, "{names:?}");
        }
    }
    let inputs = square("x").vjp(&[0]);
    let names: Vec<&str> = inputs
        .inputs()
        .iter()
        .map(|port| port.name.as_str())
        .collect();
    assert_eq!(names, ["x", "bar_y", "bar_y_"]);
}

#[test]
fn equal_expressions_are_stored_once() {
    let f = Function::<f64>::record(&[("x", &[3])], |v| {
        let x = v[0];
        let once = (x * 2.0).sin() + x.sum();
        let again = (x * 2.0).sin() + x.sum();
        vec![once, again, once * again]
    })
    .unwrap();
    assert_eq!(f.outputs()[0].node, f.outputs()[1].node);
    let names: Vec<&str> = f
        .graph()
        .nodes()
        .iter()
        .map(|node| node.op.name())
        .collect();
    let count = |name: &str| names.iter().filter(|&&n| n == name).count();
    assert_eq!(
        (count("sin"), count("sum"), count("constant")),
        (1, 1, 1),
        "{names:?}"
    );
}

#[test]
fn what_no_output_needs_is_left_out() {
    let f = Function::<f64>::record(&[("x", &[2]), ("unused", &[])], |v| {
        let _ = v[0].exp();
        vec![v[0] * 2.0]
    })
    .unwrap();
    assert!(f.graph().nodes().iter().all(|node| node.op.name() != "exp"));
    assert_eq!(f.inputs().len(), 2);
}

fn branching<S: Scalar>(x: S) -> S {
    if x > S::from_f64(1.0) { x * x } else { x.exp() }
}

#[test]
fn a_branch_that_no_longer_holds_is_an_error_that_names_comparison_and_line() {
    let f = Function::<f64>::record_at(&[("x", &[], &[2.0])], |v| vec![branching(v[0])]).unwrap();
    assert_eq!(f.eval(&[&[3.0]]).unwrap()[0], [9.0]);
    let line = f.guards()[0].location.line();
    let here = include_str!("recording.rs")
        .lines()
        .nth(line as usize - 1)
        .unwrap();
    assert!(
        here.contains("if x > S::from_f64(1.0)"),
        "line {line}: {here}"
    );
    for wrong in [
        f.eval(&[&[0.5]]),
        f.vjp(&[0]).eval(&[&[0.5], &[1.0]]),
        f.simplify().eval(&[&[0.5]]),
    ] {
        let Err(Error::GuardFailed {
            comparison,
            location,
            held,
        }) = wrong
        else {
            panic!("{wrong:?}")
        };
        assert_eq!((comparison, held), ("gt", true));
        assert!(
            location.contains(&format!("recording.rs:{line}:")),
            "{location}"
        );
    }
    // At the edge itself the comparison is false.
    assert!(f.eval(&[&[1.0]]).is_err());
    assert!(f.eval(&[&[f64::NAN]]).is_err());
}

#[test]
fn every_comparison_of_recorded_numbers_is_guarded_at_the_users_line() {
    type Comparison = fn(Var<f64>, Var<f64>) -> bool;
    #[rustfmt::skip]
    let all: &[(&str, bool, u32, Comparison)] = &[
        ("lt", true, line!(), |x, y| x < y), ("lt", true, line!(), |x, _| x < 3.0),
        ("le", true, line!(), |x, y| x <= y), ("le", true, line!(), |x, _| x <= 3.0),
        ("gt", false, line!(), |x, y| x > y), ("gt", false, line!(), |x, _| x > 3.0),
        ("ge", false, line!(), |x, y| x >= y), ("ge", false, line!(), |x, _| x >= 3.0),
        ("eq", false, line!(), |x, y| x == y), ("eq", false, line!(), |x, _| x == 3.0),
        ("eq", false, line!(), |x, y| x != y), ("eq", false, line!(), |x, _| x != 3.0),
        ("lt", true, line!(), |x, _| x.partial_cmp(&3.0) == Some(Ordering::Less)),
    ];
    for &(name, held, line, compare) in all {
        let f = Function::<f64>::record_at(&[("x", &[], &[2.0]), ("y", &[], &[3.0])], |v| {
            vec![if compare(v[0], v[1]) { v[0] } else { -v[0] }]
        })
        .unwrap();
        let guard = &f.guards()[0];
        let found = (guard.op.name(), guard.held, guard.location.line());
        assert_eq!(found, (name, held, line));
        assert_eq!(guard.location.file(), file!());
        // The same side of the comparison again, and the other.
        assert!(f.eval(&[&[1.0], &[3.0]]).is_ok(), "{name}");
        let other = if name == "eq" { 3.0 } else { 4.0 };
        assert!(f.eval(&[&[other], &[3.0]]).is_err(), "{name}");
    }
}

#[test]
fn a_called_function_brings_its_guards() {
    let inner =
        Function::<f64>::record_at(&[("x", &[], &[2.0])], |v| vec![branching(v[0])]).unwrap();
    let outer = Function::<f64>::record(&[("z", &[])], |v| inner.call(&[v[0] + 1.0])).unwrap();
    assert_eq!(outer.eval(&[&[1.0]]).unwrap()[0], [4.0]);
    assert!(matches!(
        outer.eval(&[&[-1.0]]),
        Err(Error::GuardFailed { .. })
    ));
}

#[test]
fn a_called_function_that_was_recorded_on_the_other_side_is_told_at_the_users_line() {
    let inner =
        Function::<f64>::record_at(&[("x", &[], &[2.0])], |v| vec![branching(v[0])]).unwrap();
    let call = |x: f64| gradient(|v| inner.call(&[v.index(0)])[0], &[x]);
    assert_eq!(call(3.0), [6.0]);
    let (message, file, line) = panic_of(|| {
        let _ = jacobian(|v| inner.call(&[v.index(0)])[0], &[-2.0]);
    });
    assert_eq!((file.as_str(), line), (file!(), line!() - 2));
    for words in [
        "called",
        "`gt` at",
        "recording.rs",
        "was true while recording and is false",
    ] {
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn loops_and_branches_on_plain_numbers_leave_no_guard() {
    let f = Function::<f64>::record(&[("x", &[])], |v| {
        let mut y = v[0];
        for i in 0..4 {
            if i % 2 == 0 {
                y = y.sin();
            }
        }
        vec![y]
    })
    .unwrap();
    assert!(f.guards().is_empty());
}

#[test]
fn wrong_inputs_are_errors_that_say_what_was_expected() {
    let f = Function::<f64>::record(&[("h", &[2, 3]), ("t", &[])], |v| vec![v[0] * v[1]]).unwrap();
    assert_eq!(
        f.eval(&[&[0.0; 6]]),
        Err(Error::InputCount {
            expected: 2,
            given: 1
        })
    );
    let message = f.eval(&[&[0.0; 5], &[1.0]]).unwrap_err().to_string();
    assert_eq!(
        message,
        "input 'h' of shape [2, 3] has 6 elements, but 5 were given"
    );
    let twice = Function::<f64>::record(&[("h", &[]), ("h", &[])], |v| vec![v[0]]);
    assert_eq!(
        twice.unwrap_err(),
        Error::DuplicateName {
            name: "h".to_owned()
        }
    );
}

#[test]
fn what_is_known_while_recording_keeps_the_shape_of_its_operands() {
    let f = Function::<f64>::record(&[("x", &[3])], |v| {
        let number = Var::from_f64;
        vec![
            v[0].powi(0),
            v[0].powi(0).sum(),
            Var::select(number(1.0), number(7.0), v[0]),
            Var::select(number(0.0), v[0], number(7.0)).sum(),
            Var::select(number(0.0), number(7.0), v[0]),
        ]
    })
    .unwrap();
    let found = f.eval(&[&[0.0, 5.0, -1.0]]).unwrap();
    let (ones, sevens, x) = (vec![1.0; 3], vec![7.0; 3], vec![0.0, 5.0, -1.0]);
    assert_eq!(found, [ones, vec![3.0], sevens, vec![21.0], x]);
}

#[test]
fn a_function_called_with_plain_numbers_gives_plain_numbers() {
    let scale = Function::<f64>::record(&[("x", &[2]), ("k", &[])], |v| {
        vec![(v[0] * v[1]).sum(), v[1] * v[1] + 1.0]
    })
    .unwrap();
    let f = Function::<f64>::record(&[("z", &[])], |v| {
        let number = Var::from_f64;
        let known = scale.call(&[number(3.0), number(2.0)]);
        let half = scale.call(&[number(3.0), v[0]]);
        vec![known[0] * v[0] + known[1], half[0]]
    })
    .unwrap();
    assert_eq!(f.to_string().lines().nth(1), Some("  y0 = 12*z + 5"));
    assert_eq!(f.eval(&[&[10.0]]).unwrap(), [[125.0], [60.0]]);
    let (message, file, line) = panic_of(|| {
        let array = Function::<f64>::record(&[("x", &[2])], |v| vec![v[0].exp()]).unwrap();
        let _ = array.call(&[Var::from_f64(1.0)]);
    });
    assert!(
        message.contains("'y' is an array of shape [2]"),
        "{message}"
    );
    assert_eq!((file.as_str(), line), (file!(), line!() - 6));
}

#[test]
fn a_function_without_inputs_is_one_like_others() {
    let f = Function::<f64>::record(&[], |_| vec![Var::<f64>::from_f64(3.0) * 2.0]).unwrap();
    assert_eq!(f.simplify().eval(&[]).unwrap(), [[6.0]]);
    assert_eq!(f.call(&[])[0].value(), Some(vec![6.0]));
    assert_eq!(f.jvp(&[]).eval(&[]).unwrap(), [[6.0], [0.0]]);
    assert_eq!(f.vjp(&[]).eval(&[&[1.0]]).unwrap(), [[6.0]]);
    assert_eq!(f.value_and_gradient(&[]).eval(&[]).unwrap(), [[6.0]]);
}

/// The message and the line of a panic.
fn panic_of(body: impl FnOnce()) -> (String, String, u32) {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let seen = Arc::new(Mutex::new(None));
    let hook = panic::take_hook();
    let place = seen.clone();
    let own = std::thread::current().id();
    panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == own {
            let location = info.location().unwrap();
            *place.lock().unwrap() = Some((location.file().to_owned(), location.line()));
        }
    }));
    let caught = panic::catch_unwind(AssertUnwindSafe(body)).expect_err("it panics");
    panic::set_hook(hook);
    let message = caught
        .downcast_ref::<String>()
        .cloned()
        .unwrap_or_else(|| caught.downcast_ref::<&str>().unwrap().to_string());
    let (file, line) = seen.lock().unwrap().take().unwrap();
    (message, file, line)
}

/// Records with inputs a [2, 3], b [4], m [5, 2], s [] and expects a panic with these words at the line of `body`.
#[track_caller]
fn refuses(words: &[&str], body: impl Fn(&[Var<'_, f64>])) {
    let caller = panic::Location::caller();
    let (message, file, line) = panic_of(|| {
        let inputs: [(&str, &[usize]); 4] =
            [("a", &[2, 3]), ("b", &[4]), ("m", &[5, 2]), ("s", &[])];
        let _ = Function::<f64>::record(&inputs, |v| {
            body(v);
            vec![v[0]]
        });
    });
    for word in words {
        assert!(message.contains(word), "'{message}' lacks '{word}'");
    }
    assert_eq!(
        (file.as_str(), line),
        (caller.file(), caller.line()),
        "{message}"
    );
}

#[test]
#[rustfmt::skip]
fn shapes_that_do_not_fit_are_named_at_the_users_line() {
    refuses(&["`add`", "[2, 3]", "[4]"], |v| { let _ = v[0] + v[1]; });
    refuses(&["`mul`", "[2, 3]", "[4]"], |v| { let _ = v[0] * v[1]; });
    refuses(&["`add`", "[2, 3]", "[4]"], |v| { let mut x = v[0]; x += v[1]; });
    refuses(&["`div`", "[2, 3]", "[4]"], |v| { let mut x = v[0]; x /= v[1]; });
    refuses(&["`pow`", "[2, 3]", "[4]"], |v| { let _ = v[0].powf(v[1]); });
    refuses(&["`max`", "[2, 3]", "[4]"], |v| { let _ = Scalar::max(v[0], v[1]); });
    refuses(&["`select`", "[2, 3]", "[4]"], |v| { let _ = Var::select(v[0], v[1], v[1]); });
    refuses(&["2×3", "5×2"], |v| { let _ = v[0].matmul(v[2]); });
    refuses(&["5×3", "2×5"], |v| { let _ = v[0].matmul_with(v[2], true, true).matmul_with(v[2], true, true); });
    refuses(&["matmul", "[2, 3]", "[]"], |v| { let _ = v[0].matmul(v[3]); });
    refuses(&["[2, 3]", "[4, 2]"], |v| { let _ = v[0].reshape([4, 2]); });
    refuses(&["[2, 3]", "[3, 3]"], |v| { let _ = v[0].broadcast_to([3, 3]); });
    refuses(&["1..9", "axis 1", "[2, 3]"], |v| { let _ = v[0].slice(1, 1..9); });
    refuses(&["[2, 3]", "axis 2"], |v| { let _ = v[0].slice(2, 0..1); });
    refuses(&["element 4", "[4]"], |v| { let _ = v[1].index(4); });
    refuses(&["[0, 0]", "[2, 3]"], |v| { let _ = v[0].permute(&[0, 0]); });
    refuses(&["[2, 3]", "[5, 2]", "axis 0"], |v| { let _ = Var::concat(&[v[0], v[2]], 0); });
    refuses(&["single numbers", "`stack`"], |v| { let _ = Var::concat(&[v[3], v[3]], 0); });
    refuses(&["[2, 3]", "axis 5"], |v| { let _ = v[0].sum_axis(5); });
    refuses(&["[4]", "3"], |v| { let _ = v[1].pad(0, 0, 3); });
    refuses(&["[4]"], |v| { let _ = v[1].gather(vec![7], [1]); });
    refuses(&["3 indices", "4 elements"], |v| { let _ = v[1].scatter_add(vec![0, 1, 2], [9]); });
    refuses(&["`gt`", "no", "select"], |v| { let _ = v[3] > Var::from_f64(0.0); });
    refuses(&["`gt`", "no", "select"], |v| { let _ = v[3] > 0.0; });
}

#[test]
fn shapes_that_cannot_be_stacked_are_named_at_the_users_line() {
    #[rustfmt::skip]
    refuses(&["[2, 3]", "[5, 2]"], |v| { let _ = Var::stack(&[v[0], v[2]]); });
}

#[test]
fn an_input_that_there_is_not_is_told_at_the_users_line() {
    let f = Function::<f64>::record(&[("x", &[2])], |v| vec![v[0].sum()]).unwrap();
    let verbs: [(&dyn Fn(), u32); 5] = [
        (&|| drop(f.vjp(&[1])), line!()),
        (&|| drop(f.jvp(&[1])), line!()),
        (&|| drop(f.jacobian(&[1])), line!()),
        (&|| drop(f.hessian(1)), line!()),
        (&|| drop(SparseJacobian::new(&f, 1)), line!()),
    ];
    for (verb, expected) in verbs {
        let (message, file, line) = panic_of(verb);
        assert_eq!(message, "the function has 1 inputs; [1] names another");
        assert_eq!((file.as_str(), line), (file!(), expected));
    }
}

#[test]
fn variables_of_two_tapes_do_not_meet() {
    let (one, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let (x, y) = (
        one.constant([2], &[1.0, 2.0]),
        other.constant([2], &[1.0, 2.0]),
    );
    let mut expected = 0;
    let (message, file, line) = panic_of(|| {
        expected = line!() + 1;
        let _ = x + y;
    });
    assert!(message.contains("different tapes"), "{message}");
    assert_eq!((file.as_str(), line), (file!(), expected));
}

#[test]
fn a_comparison_of_arrays_is_refused_where_it_is_written() {
    let (message, _, _) = panic_of(|| {
        let x: &[f64] = &[1.0, 2.0];
        let _ = Function::<f64>::record_at(&[("x", &[2], x)], |v| {
            vec![if v[0] > v[0] { v[0] } else { -v[0] }]
        });
    });
    assert!(
        message.contains("single numbers") && message.contains("select"),
        "{message}"
    );
}
