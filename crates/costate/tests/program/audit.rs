use serde_json::Value;

use crate::room::Room;

#[test]
fn every_method_is_compared_under_the_names_of_the_model() {
    let room = Room::new();
    let run = room.run("audit lynx-hare.toml").done();
    for text in [
        "alpha",
        "hare(start)",
        "discrete",
        "finite-difference",
        "The gradient is right",
    ] {
        assert!(run.out.contains(text), "no '{text}' in:\n{}", run.out);
    }
    let json: Value =
        serde_json::from_str(&room.run("audit lynx-hare.toml --format json").done().out).unwrap();
    assert_eq!(json["verdict"], "right");
    let methods = json["methods"].as_array().unwrap();
    assert!(methods.len() >= 4);
    let discrete = methods
        .iter()
        .find(|method| method["name"] == "discrete")
        .unwrap();
    let gradient = room.run("gradient lynx-hare.toml").done().out;
    let gradient: Value = serde_json::from_str(&gradient).unwrap();
    assert_eq!(
        discrete["gradient"]["alpha"],
        gradient["gradient"]["parameters"]["alpha"]
    );
}

#[test]
fn tolerances_too_loose_for_the_adjoint_exit_with_1_and_say_which_method() {
    // Solved backwards, y' = -k (y - cos t) grows without limit: the state cannot be rebuilt.
    let room = Room::new();
    room.write(
        "damped.toml",
        "[states]\ny = 2.0\n[parameters]\nk = 30.0\n[equations]\ny = \"-k * (y - cos(t))\"\n[time]\nstart = 0.0\nend = 3.0\n\
         [solver]\nrtol = 1e-6\natol = 1e-6\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n",
    );
    room.write("d.csv", "t,y\n0.1,1.2\n3.0,-0.9\n");
    let run = room.run("audit damped.toml").failed(1, &["backsolve"]);
    assert!(run.out.contains("too far apart"), "{}", run.out);
    // So fast that going back ends in overflow, which is told with the state's name.
    let text = room
        .read("damped.toml")
        .replace("[solver]", "[solver]\nmethod = \"tsit5\"");
    room.write("damped.toml", &text);
    let run = room.run("audit damped.toml --set k=300");
    assert!(
        run.out.contains("component 0 (that of y(start))"),
        "{}",
        run.out
    );
}

#[test]
fn a_kink_on_the_solution_exits_with_1_and_names_the_equation_and_the_time() {
    let room = Room::new();
    room.write(
        "kink.toml",
        "[states]\nx = 1.0\ny = 0.5\n[parameters]\nk = 1.0\nc = 0.7\n[equations]\nx = \"-k * y\"\ny = \"k * x - c * abs(y)\"\n\
         [time]\nstart = 0.0\nend = 4.0\n[solver]\nrtol = 1e-9\natol = 1e-9\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n",
    );
    room.write("d.csv", "t,x,y\n1.0,0.4,0.8\n2.5,-0.5,0.5\n4.0,-0.8,-0.5\n");
    let kink = [
        "the equation of y has a kink",
        "t = 2.80",
        "kink.toml:9: abs(y) bends there; if(y > 0, y, -y) is located, and exact",
    ];
    let run = room.run("audit kink.toml").failed(1, &kink);
    assert!(run.out.contains("discrete"), "{}", run.out);
    let json: Value = serde_json::from_str(
        &room
            .run("audit kink.toml --format json")
            .failed(1, &kink)
            .out,
    )
    .unwrap();
    assert_eq!(json["kinks"][0]["state"], "y");
    assert_eq!(json["kinks"][0]["jumps"], false);
}

#[test]
fn a_model_with_events_is_audited_against_differences_of_whole_solutions() {
    let room = Room::new();
    room.write(
        "dosing.toml",
        "[states]\ny = 0.5\n[parameters]\nk = 0.5\ndose = 2.0\nwhen = 1.0\n[equations]\ny = \"-k * y * if(t > 2.5, 2, 1)\"\n\
         [[events]]\nat = [\"when\", 2.0]\nadd = { y = \"dose\" }\n[[events]]\nwhen = \"y - 0.6\"\ndirection = \"falling\"\nset = { y = \"0.5 * y\" }\n\
         [time]\nstart = 0.0\nend = 6.0\n[solver]\nrtol = 1e-9\natol = 1e-9\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n",
    );
    room.write("d.csv", "t,y\n0.5,0.4\n1.5,1.5\n3.0,1.0\n6.0,0.1\n");
    let run = room.run("audit dosing.toml").done();
    assert!(run.out.contains("The gradient is right"), "{}", run.out);
    let run = room.run("gradient dosing.toml --wrt-times").done();
    let json: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(json["gradient"]["events"].as_array().unwrap().len(), 3);
    assert_eq!(json["gradient"]["save"].as_array().unwrap().len(), 4);
}

#[test]
fn a_measurement_soon_after_an_event_is_no_kink() {
    let room = Room::new();
    room.write(
        "dose.toml",
        "[states]\nc = 1.0\n[parameters]\nk = 0.5\nwhen = 1.0\n[equations]\nc = \"-k * c\"\n[[events]]\nat = [\"when\"]\nadd = { c = 2.0 }\n\
         [time]\nstart = 0.0\nend = 3.0\n[solver]\nrtol = 1e-8\natol = 1e-8\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n",
    );
    room.write("d.csv", "t,c\n0.5,0.9\n1.0005,2.5\n3.0,0.8\n");
    let run = room.run("audit dose.toml").done();
    assert!(run.out.contains("The gradient is right"), "{}", run.out);
}

#[test]
fn what_other_steps_of_the_solver_change_is_no_kink() {
    let room = Room::new();
    room.write(
        "sir.toml",
        "[states]\nS = 999.0\nI = 1.0\nR = 0.0\nC = 0.0\n[parameters]\nbeta = 0.5\ngamma = 0.2\n[definitions]\ninfection = \"beta * S * I / 1000\"\n\
         [equations]\nS = \"-infection\"\nI = \"infection - gamma * I\"\nR = \"gamma * I\"\nC = \"infection\"\n\
         [[events]]\nat = { every = 5.0, count = 6, start = 0.0 }\nset = { C = 0 }\n[time]\nstart = 0.0\nend = 30.0\n\
         [observables]\ncases = { is = \"C\" }\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n",
    );
    room.write(
        "d.csv",
        "t,cases\n5,9\n10,38\n15,130\n20,220\n25,190\n30,110\n",
    );
    // Nothing depends on R but the length of steps.
    for rtol in ["1e-5", "1e-8"] {
        let run = room.run(&format!("audit sir.toml --rtol {rtol}")).done();
        assert!(run.out.contains("The gradient is right"), "{}", run.out);
        assert!(!run.out.contains("Not checked"), "{}", run.out);
    }
}

#[test]
fn differences_that_would_leave_the_domain_of_the_equations_keep_to_one_side() {
    let room = Room::new();
    room.write(
        "dose.toml",
        "[states]\na = 0.0\ne = 0.8\n[parameters]\nk = 0.5\nh = 2.5\n[equations]\na = \"-k * a\"\ne = \"1 - e - 0.1 * a^h\"\n[[events]]\nat = [1.0]\nadd = { a = 2.0 }\n\
         [time]\nstart = 0.0\nend = 4.0\n[solver]\nrtol = 1e-9\natol = 1e-9\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n",
    );
    room.write(
        "d.csv",
        "t,a,e\n0.5,0.1,0.9\n1.5,1.5,0.9\n3.0,1.0,0.8\n4.0,0.1,0.7\n",
    );
    let run = room.run("audit dose.toml").done();
    assert!(run.out.contains("The gradient is right"), "{}", run.out);
    assert!(run.out.contains("a(start)"), "{}", run.out);
    assert!(!run.out.contains("Not checked"), "{}", run.out);
    // The same at an upper border.
    let text = room
        .read("dose.toml")
        .replace("a^h", "(1 - a)^h")
        .replace("a = 0.0", "a = 1.0");
    room.write(
        "full.toml",
        &text.replace("add = { a = 2.0 }", "set = { a = 0.9 }"),
    );
    let run = room.run("audit full.toml").done();
    assert!(
        run.out.contains("The gradient is right") && !run.out.contains("Not checked"),
        "{}",
        run.out
    );
    // Where the second derivative is infinite, they say nothing, and the rest is judged without them.
    let run = room.run("audit dose.toml --set h=1.2").done();
    assert!(
        run.out.contains("The gradient is right")
            && run
                .out
                .contains("lead out of what the loss is defined for: a(start)."),
        "{}",
        run.out
    );
}

#[test]
fn a_gradient_that_is_not_finite_is_no_right_one() {
    let room = Room::new();
    room.write(
        "hill.toml",
        "[states]\nx = -1e-12\ny = 0.1\n[parameters]\nn = 2.0\nk = 0.3\n[equations]\nx = \"0\"\ny = \"(x + k)^n - y\"\n[time]\nstart = 0.0\nend = 1.0\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n",
    );
    room.write("d.csv", "t,y\n0.5,0.1\n1.0,0.2\n");
    room.run("audit hill.toml").done();
    for command in ["audit", "gradient"] {
        let run = room.run(&format!("{command} hill.toml --set k=0"));
        let run = run.failed(1, &["its gradient by n is not at t = 0: -1e-12 to the power 2 in '(x + k)^n' has no derivative by its exponent; x went below zero"]);
        assert_eq!(run.out, "");
    }
}

#[test]
fn an_absolute_tolerance_of_large_states_excuses_no_costate() {
    let room = Room::new();
    room.write(
        "virus.toml",
        "[states]\nV = \"V0\"\n[parameters]\nV0 = 1e6\nc = 0.5\n[equations]\nV = \"-c * V\"\n[time]\nstart = 0\nend = 10\n\
         [solver]\nrtol = 1e-8\natol = 1.0\n[observables]\ny = { is = \"log10(V)\", noise = 0.1 }\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n",
    );
    room.write("d.csv", "t,y\n2,5.5\n4,5.1\n6,4.7\n8,4.2\n10,3.9\n");
    // Costates are of 10⁻⁶, and an error of 1 is allowed in them.
    let run = room.run("audit virus.toml").failed(1, &["interpolating"]);
    assert!(run.out.contains("too far apart"), "{}", run.out);
    let run = room.run("gradient virus.toml --gradient gauss").done();
    let told = "gauss holds the costate of V to the atol of V, 1e0, too";
    assert!(run.err.starts_with(told), "{}", run.err);
}
