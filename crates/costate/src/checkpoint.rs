//! The file from which a fit continues: how it was started, and where it stands.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::args::Overrides;
use crate::error::{Error, Result};

const FORMAT: u32 = 1;

/// How a fit was started, so that `--resume` needs nothing but the folder.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) model: PathBuf,
    pub(crate) overrides: Overrides,
    pub(crate) iterations: Option<usize>,
    #[serde(default)]
    pub(crate) starts: Option<usize>,
}

/// A plan with the state of its fit. As a file: one line of JSON with the plan, and after it the state as the fit wrote it.
pub(crate) struct Checkpoint {
    pub(crate) plan: Plan,
    pub(crate) finished: bool,
    pub(crate) state: String,
}

#[derive(Serialize, Deserialize)]
struct Head {
    costate_checkpoint: u32,
    finished: bool,
    #[serde(flatten)]
    plan: Plan,
}

impl Checkpoint {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let head = Head {
            costate_checkpoint: FORMAT,
            finished: self.finished,
            plan: self.plan.clone(),
        };
        let mut bytes = serde_json::to_vec(&head).expect("a plan is plain data");
        bytes.push(b'\n');
        bytes.extend_from_slice(self.state.as_bytes());
        bytes
    }

    /// # Errors
    /// If this is not a checkpoint, or one of a newer program; `path` is for the message.
    pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        let not_ours =
            || Error::Misuse(format!("'{}' is not a checkpoint of a fit", path.display()));
        let text = str::from_utf8(bytes).map_err(|_| not_ours())?;
        let (head, state) = text.split_once('\n').ok_or_else(not_ours)?;
        let head: Head = serde_json::from_str(head).map_err(|_| not_ours())?;
        if head.costate_checkpoint > FORMAT {
            return Err(Error::Misuse(format!(
                "'{}' is newer than this program",
                path.display()
            )));
        }
        Ok(Checkpoint {
            plan: head.plan,
            finished: head.finished,
            state: state.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Setting;

    #[test]
    fn a_checkpoint_reads_back_as_it_was() {
        let overrides = Overrides {
            rtol: Some(0.1 + 0.2),
            set: vec![Setting {
                name: "alpha".into(),
                value: 1.0 / 3.0,
            }],
            ..Overrides::default()
        };
        let plan = Plan {
            model: "/a/mödel.toml".into(),
            overrides: overrides.clone(),
            iterations: Some(7),
            starts: None,
        };
        let bytes = Checkpoint {
            plan,
            finished: true,
            state: "two\nlines\n".into(),
        }
        .to_bytes();
        let read = Checkpoint::parse(&bytes, Path::new("checkpoint")).unwrap();
        assert_eq!((read.finished, read.state.as_str()), (true, "two\nlines\n"));
        assert_eq!(read.plan.model, Path::new("/a/mödel.toml"));
        assert_eq!(
            (read.plan.overrides.rtol, read.plan.overrides.set),
            (overrides.rtol, overrides.set)
        );
    }

    #[test]
    fn what_is_no_checkpoint_is_refused_by_name() {
        let newer = b"{\"costate_checkpoint\":2,\"finished\":true,\"model\":\"m\",\"overrides\":{\"set\":[]}}\n";
        for (bytes, text) in [
            (&b"nonsense"[..], "not a checkpoint"),
            (b"\xff\n", "not a checkpoint"),
            (newer, "newer"),
        ] {
            let error = Checkpoint::parse(bytes, Path::new("fit/checkpoint"))
                .err()
                .unwrap();
            assert!(
                error.message().unwrap().contains(text)
                    && error.message().unwrap().contains("fit/checkpoint")
            );
        }
    }
}
