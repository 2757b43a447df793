//! Artefacts, as their own tools make them and as somebody hostile would: `artefact check` says
//! what is in them.

pub(crate) mod bomb;
pub(crate) mod build;
mod examine;
mod format;
mod hostile;
mod redirect;
pub(crate) mod registry;

use std::process::{Command, Output};

use serde_json::Value as Json;

/// What `artefact check` says of a file, as JSON, and its exit code.
struct Checked {
    json: Json,
    code: i32,
}

/// Judges a file by the shipped policies, as one of a repository.
fn check(file: &str, repository: &str, more: &[&str]) -> Checked {
    let repository = format!("--repository={repository}");
    let is_said = more.iter().any(|it| it.starts_with("--repository"));
    let repository = Some(repository.as_str()).filter(|_| !is_said);
    let arguments: Vec<&str> =
        ["--format=json", file].into_iter().chain(repository).chain(more.iter().copied()).collect();
    let output = judge(&arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    let json = serde_json::from_slice(&output.stdout);
    let json = json.unwrap_or_else(|error| panic!("{error}: {errors}"));
    Checked { json, code: output.status.code().unwrap_or_else(|| panic!("{errors}")) }
}

/// Runs `artefact check`.
fn judge(arguments: &[&str]) -> Output {
    let helm = format!("--helm={}", crate::chart::tool("helm"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(["artefact", "check", &helm]).args(arguments).output().unwrap()
}

impl Checked {
    /// The findings of the artefact itself, as `rule: message`.
    fn itself(&self) -> Vec<String> {
        self.findings("Artefact")
    }

    /// The findings of objects of a kind, as `rule: message`.
    fn findings(&self, kind: &str) -> Vec<String> {
        let all = self.json["findings"].as_array().unwrap().iter();
        let text = |finding: &Json, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        all.filter(|finding| finding["subject"]["kind"] == kind)
            .map(|finding| format!("{}: {}", text(finding, "rule"), text(finding, "message")))
            .collect()
    }
}

/// Says a figure to whoever watches the tests.
#[allow(clippy::print_stderr, reason = "a figure of the acceptance, for whoever runs the tests")]
pub(crate) fn tell(figure: &str) {
    eprintln!("{figure}");
}
