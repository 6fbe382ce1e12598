//! Chromium without a window, spoken to over two pipes in the DevTools protocol: JSON messages that end with a zero byte.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// How long one answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page.
#[derive(Debug)]
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    session: String,
    sent: u64,
    /// Events that nobody has asked for yet.
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts the browser of this name.
    pub(crate) fn start(name: &str) -> Result<Self, String> {
        let profile = tempfile::tempdir().map_err(|error| error.to_string())?;
        // The protocol is on descriptors 3 and 4, which a shell can give to a child and the standard library cannot.
        let mut child = Command::new("sh")
            .args([
                "-c",
                "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null",
                name,
            ])
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
            ])
            .args(["--no-first-run", "--remote-debugging-pipe"])
            // Nothing outside this machine has an address.
            .arg("--host-resolver-rules=MAP * ~NOTFOUND")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name} does not start: {error}"))?;
        let to = child.stdin.take().expect("it is piped");
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, from) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while out
                .read_until(0, &mut message)
                .is_ok_and(|length| length > 0)
            {
                message.pop();
                let Ok(value) = serde_json::from_slice(&message) else {
                    break;
                };
                if sender.send(value).is_err() {
                    break;
                }
                message.clear();
            }
        });
        let mut browser = Self {
            child,
            to,
            from,
            session: String::new(),
            sent: 0,
            events: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }))?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach)?;
        browser.session = attached["sessionId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}))?;
        }
        Ok(browser)
    }

    /// Calls a method of the protocol.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.sent += 1;
        let id = self.sent;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let failed = |error| format!("{method}: {error}");
        write!(self.to, "{message}\0").map_err(failed)?;
        self.to.flush().map_err(failed)?;
        loop {
            let answer = self.receive(method)?;
            if answer["id"] == id {
                return match answer.get("error") {
                    Some(error) => Err(format!("{method}: {error}")),
                    None => Ok(answer["result"].clone()),
                };
            }
            self.events.push(answer);
        }
    }

    fn receive(&mut self, what: &str) -> Result<Value, String> {
        self.from
            .recv_timeout(PATIENCE)
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => format!("{what}: no answer from the browser"),
                RecvTimeoutError::Disconnected => format!("{what}: the browser is gone"),
            })
    }

    /// Opens a page and waits until it is loaded with its fonts; returns what it complained of on the way.
    pub(crate) fn open(&mut self, url: &str) -> Result<Vec<String>, String> {
        self.events.clear();
        self.call("Page.navigate", json!({ "url": url }))?;
        while !self
            .events
            .iter()
            .any(|event| event["method"] == "Page.loadEventFired")
        {
            let event = self.receive(url)?;
            self.events.push(event);
        }
        self.evaluate("document.fonts.ready.then(() => 0)")?;
        Ok(self.complaints())
    }

    /// What the page complained of since this was last asked: errors, warnings, and whatever it wanted that is not in a file.
    pub(crate) fn complaints(&mut self) -> Vec<String> {
        self.events
            .drain(..)
            .filter_map(|event| complaint(&event))
            .collect()
    }

    /// The value of a JavaScript expression, awaited.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Result<Value, String> {
        let params =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", params)?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(format!("{expression}: {details}")),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// Waits until an expression is true.
    pub(crate) fn wait(&mut self, expression: &str) -> Result<(), String> {
        for _ in 0..600 {
            if self.evaluate(expression)? == json!(true) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(format!("this did not come true: {expression}"))
    }

    /// Makes the page this wide.
    pub(crate) fn width(&mut self, width: u32) -> Result<(), String> {
        let phone = width < 600;
        let metrics =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": phone });
        self.call("Emulation.setDeviceMetricsOverride", metrics)?;
        Ok(())
    }

    /// Presses a key.
    pub(crate) fn press(&mut self, key: &str, code: u32) -> Result<(), String> {
        for kind in ["keyDown", "keyUp"] {
            let mut event =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if key == "Enter" && kind == "keyDown" {
                event["text"] = json!("\r");
            }
            self.call("Input.dispatchKeyEvent", event)?;
        }
        Ok(())
    }

    /// The page as it looks, as a PNG in base64.
    pub(crate) fn picture(&mut self) -> Result<String, String> {
        let whole = json!({ "captureBeyondViewport": true });
        let shot = self.call("Page.captureScreenshot", whole)?;
        Ok(shot["data"].as_str().unwrap_or_default().to_owned())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An event that is a complaint, in words.
fn complaint(event: &Value) -> Option<String> {
    let params = &event["params"];
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match event["method"].as_str()? {
        "Runtime.exceptionThrown" => {
            let details = &params["exceptionDetails"];
            Some(format!(
                "{} {}",
                word(&details["text"]),
                word(&details["exception"]["description"])
            ))
        }
        "Runtime.consoleAPICalled" if params["type"] == "error" || params["type"] == "warning" => {
            Some(format!("console: {}", params["args"]))
        }
        "Log.entryAdded"
            if params["entry"]["level"] == "error" || params["entry"]["level"] == "warning" =>
        {
            Some(format!(
                "{} {}",
                word(&params["entry"]["text"]),
                word(&params["entry"]["url"])
            ))
        }
        "Network.requestWillBeSent" => {
            let url = word(&params["request"]["url"]);
            let here = ["file:", "data:", "blob:", "about:"]
                .iter()
                .any(|scheme| url.starts_with(scheme));
            (!here).then(|| format!("it asks the network for {url}"))
        }
        _ => None,
    }
}
