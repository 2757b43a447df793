//! One run, in a process of its own: what it took, and the most memory that it had.

use std::fs;
use std::hint::black_box;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use granit_parser::{Parser, options};
use portcullis::cli::{self, Console};
use portcullis::document::yaml;
use rayon::prelude::*;

use crate::input::Workload;

/// Says to a process what it is to do.
const CHILD: &str = "PORTCULLIS_BENCH_WORK";

/// What a run does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Parses by the exact reader's parser, and builds nothing of its events.
    Parse,
    /// Reads all documents by the exact reader, and does nothing with them.
    ReadExactly,
    /// Lints, with a line for each finding, which goes nowhere.
    Lint,
    /// Lints, and writes down what it found.
    Report,
    /// The same without the fast reader.
    ReportExactly,
}

/// What a run took.
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    pub(crate) peak_bytes: f64,
}

impl Work {
    const ALL: [(&'static str, Self); 5] = [
        ("parse", Self::Parse),
        ("read", Self::ReadExactly),
        ("lint", Self::Lint),
        ("report", Self::Report),
        ("report-exactly", Self::ReportExactly),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, work)| *work == self).unwrap().0
    }
}

/// Does the work in another process.
pub(crate) fn measure(workload: &Workload, threads: usize, work: Work) -> Measured {
    let ran = Command::new(std::env::current_exe().unwrap())
        .arg(&workload.folder)
        .arg(workload.report())
        .env(CHILD, work.name())
        .env("RAYON_NUM_THREADS", threads.to_string())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let said = String::from_utf8(ran.stdout).unwrap();
    let mut numbers = said.split_whitespace().map(|number| number.parse::<f64>().unwrap());
    Measured { seconds: numbers.next().unwrap(), peak_bytes: numbers.next().unwrap() }
}

/// Does the work that this process was started for, if it was.
pub(crate) fn as_child() -> bool {
    let Ok(name) = std::env::var(CHILD) else { return false };
    let work = Work::ALL.iter().find(|(known, _)| *known == name).unwrap().1;
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (folder, report) = (arguments.next().unwrap(), arguments.next().unwrap());
    let begun = Instant::now();
    let output = format!("json={}", report.display());
    match work {
        Work::Parse => parse(&folder),
        Work::ReadExactly => read_exactly(&folder),
        Work::Lint => lint(&folder, &[]),
        Work::Report => lint(&folder, &["--output", &output]),
        Work::ReportExactly => lint(&folder, &["--output", &output, "--exact-reader"]),
    }
    println!("{} {}", begun.elapsed().as_secs_f64(), peak_bytes());
    true
}

fn parse(folder: &Path) {
    each_text(folder, |text| {
        let mut options = options! {};
        options.set_emit_comments(false);
        Parser::new_from_str_with_options(text, options)
            .for_each(|event| _ = black_box(event.unwrap()));
    });
}

fn read_exactly(folder: &Path) {
    each_text(folder, |text| {
        yaml::read_exactly(text).for_each(|document| _ = black_box(document.unwrap()));
    });
}

/// Many files at once.
fn each_text(folder: &Path, work: impl Fn(&str) + Sync) {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.par_iter().for_each(|file| work(&fs::read_to_string(file).unwrap()));
}

fn lint(folder: &Path, more: &[&str]) {
    let mut console = Console {
        stdin: Box::new(Cursor::new(Vec::new())),
        stdout: Box::new(io::sink()),
        stderr: Box::new(io::sink()),
        colour: false,
        screen: None,
    };
    let folder = folder.to_str().unwrap();
    let fixed = ["portcullis", "lint", "--no-config", "--format", "concise", folder];
    assert!(cli::run(fixed.iter().chain(more), &mut console) < 2);
}

/// The most memory that this process had, as Linux counts it.
fn peak_bytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0
}
