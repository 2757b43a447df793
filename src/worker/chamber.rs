//! The inside of the process that opens an artefact: it takes its limits first, then reads the file
//! at its standard input, and writes what it found to its standard output as JSON.
//!
//! It opens no socket, gets no environment and no file but that one. Whatever a hostile artefact
//! does to it ends with it.

use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{
    Resource, Rlimit, Signal, set_parent_process_death_signal, setpriority_process, setrlimit,
};
use serde::{Deserialize, Serialize};

use crate::artefact::inspect::{self, Limits};
use crate::artefact::subject::{Artefact, Form, Problem, Sort};
use crate::document::Value;
use crate::manifest::program::{self, Trouble};

/// What is asked of the process, as JSON in its one argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    pub form: Form,
    /// The name of the file, without its folder.
    pub name: String,
    pub limits: Limits,
    /// The Helm that renders charts; `None` to render none.
    #[serde(default)]
    pub helm: Option<PathBuf>,
    /// What it may write to memory.
    pub memory_bytes: u64,
    /// How long it may work, and as long again the Helm that it starts.
    pub processor_seconds: u64,
}

/// What the process found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    pub artefact: Artefact,
    /// What a chart renders with its own values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered: Option<String>,
    /// The most memory that the process had, in bytes; 0 where the system does not tell.
    #[serde(default)]
    pub peak_bytes: u64,
}

/// How far it stands back behind other processes: as far as there is.
const NICE: i32 = 19;

/// The files that it may have open at once: Helm's runtime wants some.
const MOST_FILES: u64 = 64;

/// How many bytes it may write to one file: its answer may go to one.
const MOST_WRITTEN: u64 = 256 << 20;

/// The longest name of a release, in bytes.
const RELEASE_BYTES: usize = 53;

/// Inspects what stands at the standard input.
///
/// # Errors
///
/// The limits can't be set, there is no Helm, or nobody reads the answer.
pub fn run(task: &Task, answer: &mut dyn Write) -> io::Result<()> {
    limit(task)?;
    let mut file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    // A layer comes as a stream, of which nothing is read twice.
    let mut artefact = if task.form == Form::Docker {
        inspect::layer(file, &task.limits)
    } else {
        file.seek(SeekFrom::Start(0))?;
        inspect::file(task.form, &task.name, &mut file, &task.limits)
    };
    let mut rendered = None;
    if let Some(helm) = task.helm.as_deref().filter(|_| is_rendered(&artefact)) {
        match render(helm, &artefact)? {
            Ok(text) => rendered = Some(text),
            Err(message) => artefact.problems.push(Problem {
                sort: Sort::Broken,
                place: "templates".to_owned(),
                message,
            }),
        }
    }
    let found = Found { artefact, rendered, peak_bytes: peak_bytes().unwrap_or_default() };
    serde_json::to_writer(&mut *answer, &found)?;
    answer.flush()
}

/// Takes the limits, which whatever is started from here has too.
fn limit(task: &Task) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // Whoever waits for a review has the processor first.
    setpriority_process(None, NICE)?;
    let limits = [
        (Resource::Core, 0),
        (Resource::Cpu, task.processor_seconds),
        (Resource::Data, task.memory_bytes),
        (Resource::Fsize, MOST_WRITTEN),
        (Resource::Nofile, MOST_FILES),
    ];
    for (resource, most) in limits {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

/// Whether it is a chart that renders something, and that it does no harm to render.
fn is_rendered(artefact: &Artefact) -> bool {
    let harms = artefact.problems.iter().any(|it| it.sort == Sort::Unsafe);
    let is_library =
        |chart: &Value<'_>| chart.get("type").and_then(Value::as_str) == Some("library");
    !harms && artefact.chart.as_ref().is_some_and(|chart| !is_library(chart))
}

/// Renders the chart at the standard input with its own values, or says why it can't be rendered.
///
/// # Errors
///
/// There is no such Helm, which is no fault of the chart's.
fn render(helm: &Path, artefact: &Artefact) -> io::Result<Result<String, String>> {
    let name = artefact.declared.name.as_deref().unwrap_or_default();
    let plain = name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-');
    let release = if plain && !name.is_empty() { name } else { "release" };
    let release = release.get(..RELEASE_BYTES).unwrap_or(release).trim_matches('-');
    let mut command = Command::new(helm);
    command.args(["template", "--include-crds", "--", release, "/dev/stdin"]);
    Ok(match program::text_with_input(&mut command) {
        Ok(text) => Ok(text),
        Err(Trouble::Failed(said)) => Err(format!("can't be rendered: Helm says: {said}")),
        Err(Trouble::Endless) => Err("can't be rendered: Helm does not end".to_owned()),
        Err(Trouble::Missing) => {
            let helm = helm.display();
            let text =
                format!("there is no program `{helm}` to render charts: name it by `--helm`");
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
    })
}

/// The most memory that this process had.
fn peak_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim_end().parse().ok()?;
    Some(kibibytes << 10)
}
