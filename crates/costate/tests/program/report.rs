use std::path::PathBuf;
use std::process::Command;

use crate::explain::is_balanced;
use crate::room::{HYBRID, LYNX_HARE, Room};

/// The report of a fit that ends well, of one with validation data, and of one with a network.
fn reports(room: &Room) -> Vec<(&'static str, String)> {
    room.variant(
        "split.toml",
        "time = \"year\"",
        "time = \"year\"\nuse = \"t <= 1915\"",
    );
    room.write(
        "hybrid.toml",
        &HYBRID.replace("iterations = 60", "iterations = 5"),
    );
    ["lynx-hare", "split", "hybrid"]
        .into_iter()
        .map(|name| {
            room.run(&format!("fit {name}.toml --quiet")).done();
            (name, room.read(&format!("{name}-fit/report.html")))
        })
        .collect()
}

/// The headings in the order of the page.
fn headings(page: &str) -> Vec<&str> {
    let parts = page.split("<h2>").skip(1);
    parts
        .filter_map(|part| Some(part.split_once("</h2>")?.0))
        .collect()
}

#[test]
fn a_report_says_everything_in_its_order_on_one_page() {
    let room = Room::new();
    for (name, page) in reports(&room) {
        assert!(page.len() < 2_000_000, "{name}: {}", page.len());
        let (markup, rest) = page.split_once("<script>").unwrap();
        let (_, end) = rest.split_once("</script>").unwrap();
        assert!(is_balanced(&format!("{markup}{end}")), "{name}");
        // Nothing is fetched: the only address is the name of SVG.
        let addresses = page.matches("http").count();
        assert_eq!(
            addresses,
            page.matches("http://www.w3.org/2000/svg").count(),
            "{name}"
        );
        assert!(
            !page.contains("src=") && !page.contains("@import"),
            "{name}"
        );
        let mut expected = vec![
            "The fit",
            "Residuals",
            "Observed against predicted",
            "Parameters",
            "Loss and gradient",
            "Phase portrait",
            "Evaluations, steps and events",
            "Audit of the gradient",
            "The model and its derivation",
            "Versions and command line",
        ];
        if name == "hybrid" {
            expected.insert(6, "What the networks learned");
        }
        assert_eq!(headings(&page), expected, "{name}");
        let verdict = page.find("class=\"verdict").unwrap();
        assert!(verdict < page.find("<h2>").unwrap(), "{name}");
        // Every plot has its sentence.
        let plots: Vec<&str> = page.split("<figure>").skip(1).collect();
        assert!(plots.len() >= 9, "{name}: {}", plots.len());
        for plot in plots {
            let (_, words) = plot.split_once("<figcaption>").unwrap();
            let (words, _) = words.split_once("</figcaption>").unwrap();
            assert!(words.len() > 20 && words.ends_with('.'), "{name}: {words}");
        }
        assert!(!page.contains("NaN"), "{name}");
    }
}

#[test]
fn a_report_tells_what_was_found() {
    let room = Room::new();
    let pages = reports(&room);
    let (_, page) = &pages[0];
    for expected in [
        "<strong>Converged",
        "loss 2.01866 over 42 measurements",
        "<td>alpha</td>",
        "identifiable",
        "is known least",
        "an equilibrium",
        "<mi>predation</mi>",
        "<pre>costate fit lynx-hare.toml</pre>",
    ] {
        assert!(page.contains(expected), "no '{expected}'");
    }
    let (_, split) = &pages[1];
    for expected in [
        "Validation: loss",
        "10 measurements that were not fitted",
        "Rings are validation data",
        "class=\"hole\"",
    ] {
        assert!(split.contains(expected), "no '{expected}'");
    }
    assert!(!page.contains("class=\"hole\""));
    let (_, hybrid) = &pages[2];
    for expected in [
        "class=\"band\"",
        "<b>change</b> runs from",
        "<strong>All iterations are done",
    ] {
        assert!(hybrid.contains(expected), "no '{expected}'");
    }
}

#[test]
fn parameters_that_only_act_together_are_named() {
    let room = Room::new();
    let text = LYNX_HARE
        .replace("alpha = 0.55", "alpha = 0.55\ntwice = 1.1")
        .replace("alpha * hare", "alpha * twice * hare")
        .replace("\"Hares and lynxes\"", "\"<b>Hares</b> & 'lynxes'\"");
    room.write("tied.toml", &text);
    room.run("fit tied.toml --quiet").done();
    let page = room.read("tied-fit/report.html");
    assert!(page.contains("Not identifiable from these data: <b>alpha, twice</b>"));
    assert!(page.contains("<h1>&lt;b&gt;Hares&lt;/b&gt; &amp; 'lynxes'</h1>"));
    assert!(page.contains("these data do not bound it"));
}

#[test]
fn experiments_have_a_picture_each_and_what_changes_nothing_is_told() {
    let room = Room::new();
    let mut rows = String::from("plot,t,y,sd\n");
    for (plot, y0) in [("north", 2.0), ("so<uth", 5.0)] {
        for i in 0..7 {
            let (t, error) = (f64::from(i) * 0.5, 0.05 * (2.0 + f64::from(7 * i)).sin());
            rows += &format!("{plot},{t},{},0.1\n", y0 * (-0.5 * t).exp() + error);
        }
    }
    room.write("decay.csv", &rows);
    room.write(
        "decay.toml",
        "[states]\ny = \"y0\"\n[parameters]\ny0 = { value = 1.5, lower = 0.1, per = \"plot\" }\nk = { value = 0.4, lower = 0.01 }\nidle = 1.0\n\
         [equations]\ny = \"-k * y\"\n[time]\nstart = 0.0\nend = 3.0\n[observables]\ny = { is = \"y\", noise = { column = \"sd\" } }\n\
         [data]\nfile = \"decay.csv\"\ntime = \"t\"\nexperiment = \"plot\"\n",
    );
    room.run("fit decay.toml --quiet").done();
    let page = room.read("decay-fit/report.html");
    for expected in [
        "<b>y</b>, north: the data are typically",
        "<b>y</b>, so&lt;uth: the data are typically",
        "<td>y0[north]</td>",
        "Not identifiable from these data: <b>idle</b>",
        "<b>idle</b> changes nothing that was measured",
        "of the measurements",
    ] {
        assert!(page.contains(expected), "no '{expected}'");
    }
    // One state has no phase plane; known error bars are not estimated.
    assert!(!page.contains("Phase portrait") && !page.contains("the model gives no noise"));
}

#[test]
fn events_are_listed_with_their_times() {
    let room = Room::new();
    room.write("decay.csv", "t,y\n0.5,1.2\n1.5,2.0\n2.5,0.9\n3.5,0.4\n");
    room.write(
        "decay.toml",
        "[states]\ny = 2.0\n[parameters]\nk = 0.8\n[equations]\ny = \"-k * y\"\n[[events]]\nat = 1.25\nadd = { y = 2.0 }\n\
         [time]\nstart = 0.0\nend = 4.0\n[data]\nfile = \"decay.csv\"\ntime = \"t\"\n",
    );
    room.run("fit decay.toml --quiet").done();
    let page = room.read("decay-fit/report.html");
    assert!(page.contains("<td>1.25</td>"), "{page}");
}

/// A browser without a window, if there is one: the one that the environment names, which then must work, or Chromium.
fn browser() -> Option<(PathBuf, bool)> {
    if let Some(named) = std::env::var_os("COSTATE_TEST_BROWSER") {
        return Some((named.into(), true));
    }
    let known = ["chromium", "chromium-browser", "google-chrome"];
    let starts = |name: &&str| {
        Command::new(name)
            .arg("--version")
            .output()
            .is_ok_and(|run| run.status.success())
    };
    known
        .into_iter()
        .find(starts)
        .map(|name| (name.into(), false))
}

/// What a page looks like to a browser after its scripts have run, and what these complained of.
fn opened(browser: &PathBuf, page: &str, room: &Room) -> (String, Vec<String>) {
    room.write("opened.html", page);
    let run = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ])
        .args([
            "--enable-logging=stderr",
            "--window-size=1000,800",
            "--virtual-time-budget=2000",
            "--dump-dom",
        ])
        .arg(format!(
            "--user-data-dir={}",
            room.path("profile").display()
        ))
        .arg(format!("file://{}", room.path("opened.html").display()))
        .output()
        .expect("the browser starts");
    let said = String::from_utf8_lossy(&run.stderr);
    let complaints = said
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .map(String::from);
    (
        String::from_utf8_lossy(&run.stdout).into_owned(),
        complaints.collect(),
    )
}

/// A hand at the mouse: it points at the first dot of the first plot, draws a rectangle, and clicks twice; what it sees, it writes down.
const HAND: &str = r#"<pre id="seen"></pre><script>
const svg = document.querySelector("svg.plot"), seen = document.getElementById("seen");
const box = svg.getBoundingClientRect(), scale = box.width / 480;
const send = (type, x, y) => {
  try { svg.dispatchEvent(new PointerEvent(type, { clientX: box.left + x * scale, clientY: box.top + y * scale, pointerId: 1, pointerType: "mouse", button: 0, bubbles: true })); }
  catch (error) { console.error(error); }
};
svg.setPointerCapture = () => {};
const labels = () => [...svg.querySelectorAll(".ticks text")].map((text) => text.textContent).join(" ");
const dot = svg.querySelector("path.dots").getAttribute("d").match(/M([\d.]+) ([\d.]+)/);
send("pointermove", 66 + Number(dot[1]), 12 + Number(dot[2]));
const tip = document.getElementById("tip");
const lines = ["tip: " + tip.style.display + " " + tip.textContent, "before: " + labels()];
send("pointerdown", 100, 50); send("pointermove", 200, 150); send("pointerup", 200, 150);
lines.push("closer: " + labels());
svg.dispatchEvent(new MouseEvent("dblclick"));
lines.push("back: " + labels());
lines.push("formulas: " + [...document.querySelectorAll("math")].every((math) => math.getBoundingClientRect().height > 10));
lines.push("fits: " + (document.documentElement.scrollWidth <= innerWidth));
seen.textContent = lines.join("\n");
</script></body>"#;

#[test]
fn a_browser_opens_reports_without_complaint_and_their_plots_answer() {
    let Some((browser, _)) = browser() else {
        eprintln!("skipped: there is no Chromium here; COSTATE_TEST_BROWSER names another");
        return;
    };
    let room = Room::new();
    // A page that does complain is heard.
    let (_, complaints) = opened(&browser, "<script>nothing.at.all()</script>", &room);
    assert!(!complaints.is_empty());
    for (name, page) in reports(&room) {
        let (dom, complaints) = opened(&browser, &page.replace("</body>", HAND), &room);
        assert!(complaints.is_empty(), "{name}: {complaints:?}");
        let (_, seen) = dom
            .split_once("<pre id=\"seen\">")
            .expect("the page is whole");
        let (seen, _) = seen.split_once("</pre>").unwrap();
        let line = |start: &str| {
            let found = seen.lines().find_map(|line| line.strip_prefix(start));
            found
                .unwrap_or_else(|| panic!("{name}: no '{start}' in {seen}"))
                .to_owned()
        };
        // The first measurement: 30 hares in 1900.
        assert_eq!(line("tip: "), "block hare (data): 1900, 30", "{name}");
        assert_ne!(line("before: "), line("closer: "), "{name}");
        assert_eq!(line("before: "), line("back: "), "{name}");
        assert_eq!(line("formulas: "), "true", "{name}");
        assert_eq!(line("fits: "), "true", "{name}");
    }
}
