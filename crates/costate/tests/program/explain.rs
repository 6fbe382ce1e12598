use crate::room::{HYBRID, Room};

/// The line that begins with this.
fn line<'a>(text: &'a str, start: &str) -> &'a str {
    let found = text
        .lines()
        .find(|line| line.trim_start().starts_with(start));
    found
        .unwrap_or_else(|| panic!("no '{start}' in:\n{text}"))
        .trim()
}

#[test]
fn a_model_is_derived_in_its_own_names() {
    let room = Room::new();
    let text = room.run("explain lynx-hare.toml").done().out;
    for expected in [
        "hare(t0) = hare0",
        "predation = beta*hare*lynx",
        "d_hare = alpha*hare - predation",
        // The equation of lynx has -gamma*lynx, and no other has gamma.
        "v1 = a_lynx*lynx",
        "by_gamma = -v1",
        "by_alpha = a_hare*hare",
        "by_t = 0",
        "d_a_alpha = -a_hare*hare",
    ] {
        let (name, _) = expected.split_once(" =").unwrap();
        assert_eq!(line(&text, &format!("{name} =")), expected);
    }
    assert!(!text.contains("-0\n"), "{text}");
    assert!(
        room.run("explain lynx-hare.toml --format dot")
            .done()
            .out
            .starts_with("digraph")
    );
}

#[test]
fn networks_stay_matrices() {
    let room = Room::new();
    room.write("hybrid.toml", HYBRID);
    let text = room.run("explain hybrid.toml").done().out;
    assert_eq!(
        line(&text, "change ="),
        "change = W_rest_1 @ tanh(W_rest_0 @ [ln(hare), ln(lynx)] + b_rest_0) + b_rest_1"
    );
    // What is one value has one name.
    let is_name = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == '_');
    let copies = text
        .lines()
        .filter_map(|line| line.trim().split_once(" = "));
    let copy = copies
        .filter(|(name, _)| name.starts_with('v'))
        .find(|(_, value)| is_name(value));
    assert_eq!(copy, None, "{text}");
    assert_eq!(line(&text, "by_b_rest_1"), "by_b_rest_1 = v1");
    assert!(text.lines().count() < 90, "{text}");
}

/// An index after an index, or a power after a power, which TeX refuses: where it stands.
fn twice(text: &str) -> Option<&str> {
    ["_{", "^{"].iter().find_map(|mark| {
        text.match_indices(mark).find_map(|(start, _)| {
            let mut depth = 0;
            let end = text[start + 1..].find(|c| {
                depth += i32::from(c == '{') - i32::from(c == '}');
                depth == 0
            })?;
            let after = &text[start + end + 2..];
            after.starts_with(&mark[..1]).then(|| &text[start..])
        })
    })
}

#[test]
fn latex_is_a_document_that_tex_can_read() {
    let room = Room::new();
    room.write(
        "hybrid.toml",
        &HYBRID.replacen("[states]", "title = \"100 % of_it & more\"\n[states]", 1),
    );
    for model in ["lynx-hare.toml", "hybrid.toml"] {
        let text = room
            .run(&format!("explain {model} --format latex"))
            .done()
            .out;
        assert!(text.starts_with("\\documentclass") && text.ends_with("\\end{document}\n"));
        let count = |sign: &str| text.matches(sign).count();
        assert_eq!(count(r"\begin{"), count(r"\end{"));
        assert_eq!(count(r"\left"), count(r"\right"));
        assert_eq!(count("{") - count(r"\{"), count("}") - count(r"\}"));
        assert_eq!(count(r"\begin{align*}"), 4);
        assert_eq!(twice(&text), None);
        assert!(twice("a_{b_{c}}_{d}").is_some() && twice("{a_{b}}_{d}").is_none());
        assert!(!text.contains("-0 "), "{text}");
    }
    let text = room.run("explain hybrid.toml --format latex").done().out;
    assert!(text.contains(r"\section*{100 \% of\_it \& more}"), "{text}");
    let text = room.run("explain lynx-hare.toml --format latex").done().out;
    for expected in [
        r"\mathrm{predation} &= \beta\,\mathrm{hare}\,\mathrm{lynx}",
        r"\frac{\mathrm{d}\,\mathrm{hare}}{\mathrm{d}t} &= \alpha\,\mathrm{hare} - \mathrm{predation}",
        r"a\,\frac{\partial f}{\partial \alpha} &= a_{\mathrm{hare}}\,\mathrm{hare}",
        r"\frac{\mathrm{d}\,a_{\alpha}}{\mathrm{d}t} &= -a_{\mathrm{hare}}\,\mathrm{hare}",
    ] {
        assert!(text.contains(expected), "no {expected} in:\n{text}");
    }
}

/// Whether every element is closed, in order.
pub(crate) fn is_balanced(html: &str) -> bool {
    const OPEN_ENDED: [&str; 4] = ["!DOCTYPE", "meta", "br", "link"];
    let mut open = Vec::new();
    for tag in html.split('<').skip(1) {
        let Some((tag, _)) = tag.split_once('>') else {
            return false;
        };
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else if !tag.ends_with('/') && !OPEN_ENDED.contains(&name) {
            open.push(name);
        }
    }
    open.is_empty()
}

#[test]
fn a_page_of_mathml_needs_no_network() {
    let room = Room::new();
    room.write("hybrid.toml", HYBRID);
    for model in ["lynx-hare.toml", "hybrid.toml"] {
        let page = room
            .run(&format!("explain {model} --format html"))
            .done()
            .out;
        assert!(page.starts_with("<!DOCTYPE html>"));
        assert!(is_balanced(&page), "{page}");
        assert!(
            !page.contains("http") && !page.contains("<script"),
            "{page}"
        );
        assert_eq!(page.matches("<math ").count(), 4);
    }
    let page = room.run("explain lynx-hare.toml --format html").done().out;
    assert!(
        page.contains(
            "<mi>α</mi><mspace width=\"0.17em\"/><mi>hare</mi><mo>−</mo><mi>predation</mi>"
        )
    );
}

#[test]
fn rust_source_says_what_it_is_and_prints_the_derivatives_at_the_start() {
    let room = Room::new();
    let source = room.run("explain lynx-hare.toml --format rust").done().out;
    assert!(source.starts_with("//! Hares and lynxes\n"), "{source}");
    assert!(source.contains("pub const STATES: [&str; 2] = [\"hare\", \"lynx\"];"));
    room.write("model.rs", &source);
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let built = std::process::Command::new(rustc)
        .args(["--edition", "2021", "-o"])
        .args([room.path("model"), room.path("model.rs")])
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let ran = std::process::Command::new(room.path("model"))
        .output()
        .unwrap();
    let text = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(line(&text, "h "), "h     [33.0, 5.9]");
    // 0.55·33 − 0.028·33·5.9 and its partner, in the order of the model's own arithmetic.
    let (hare, lynx) = (
        0.55 * 33.0 - 0.028 * 33.0 * 5.9,
        0.024 * 33.0 * 5.9 - 0.8 * 5.9,
    );
    assert_eq!(line(&text, "dh/dt"), format!("dh/dt [{hare:?}, {lynx:?}]"));
}

#[test]
fn a_parameter_called_as_a_costate_would_be_leaves_it_another_name() {
    let room = Room::new();
    room.write(
        "taken.toml",
        "[states]\nx = 1.0\n[parameters]\na_x = 0.4\n[equations]\nx = \"-a_x * x^2\"\n[time]\nstart = 0\nend = 1\n",
    );
    for format in ["text", "rust"] {
        let run = room
            .run(&format!("explain taken.toml --format {format}"))
            .done();
        assert!(run.out.contains("costate_x"), "{}", run.out);
    }
}
