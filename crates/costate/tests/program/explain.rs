use crate::room::{HYBRID, Room};

#[test]
fn a_model_is_derived_in_its_own_names() {
    let room = Room::new();
    let text = room.run("explain lynx-hare.toml").done().out;
    let line = |start: &str| {
        let found = text
            .lines()
            .find(|line| line.trim_start().starts_with(start));
        found
            .unwrap_or_else(|| panic!("no '{start}' in:\n{text}"))
            .trim()
            .to_owned()
    };
    assert_eq!(line("d_hare"), "d_hare = alpha*hare - beta*hare*lynx");
    // The equation of lynx has -gamma*lynx, and no other has gamma.
    assert_eq!(line("v1"), "v1 = a_lynx*lynx");
    assert_eq!(line("by_gamma"), "by_gamma = -v1");
    assert_eq!(line("by_alpha"), "by_alpha = a_hare*hare");
    assert_eq!(line("by_t"), "by_t = 0");
    assert_eq!(line("d_a_alpha"), "d_a_alpha = -a_hare*hare");
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
    assert!(
        text.contains("rest_0_weight") && text.contains('@') && text.contains("tanh"),
        "{text}"
    );
    assert!(text.lines().count() < 120, "{text}");
}
