//! What linting costs beside the bare parse: the parser's events with nothing built from them.
//! `cargo bench --bench lint`, with `PORTCULLIS_BENCH_CORPUS=DIR` on other manifests than ours.
//!
//! Rounds are interleaved, and the last line is the median of the rounds' ratios.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark that panics is a benchmark that fails, and it talks to a person"
)]

use std::fs;
use std::hint::black_box;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use granit_parser::{Parser, options};
use portcullis::cli::{self, Console};
use portcullis::manifest::Manifest;
use rayon::prelude::*;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How much is linted.
const BYTES: usize = 50_000_000;
const FILES: usize = 31;
const ROUNDS: usize = 5;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let size = fill(folder.path());
    println!("{:.1} MB of manifests in {FILES} files", megabytes(size));
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let events = timed(|| parse_only(folder.path()));
        let trees = timed(|| trees_only(folder.path()));
        let lint = timed(|| lint(folder.path()));
        let ratio = lint.as_secs_f64() / events.as_secs_f64();
        println!(
            "round {round}: events {:.0} MB/s, trees {:.0} MB/s, lint {:.0} MB/s, lint/events {ratio:.2}",
            megabytes(size) / events.as_secs_f64(),
            megabytes(size) / trees.as_secs_f64(),
            megabytes(size) / lint.as_secs_f64(),
        );
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!("lint/bare parse: {:.2}", ratios[ROUNDS / 2]);
}

/// Writes files of about the same size: the corpus again and again, under other names and in
/// other namespaces, since a TANGO device that is defined twice is a finding for each.
fn fill(folder: &Path) -> usize {
    let corpus = std::env::var_os("PORTCULLIS_BENCH_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/manifests"),
        PathBuf::from,
    );
    let mut texts: Vec<(PathBuf, String)> = fs::read_dir(corpus)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "yaml"))
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect();
    texts.sort();
    let mut size = 0;
    let mut copy = 0;
    for file in 0..FILES {
        let mut text = String::new();
        while text.len() < BYTES / FILES {
            let (_, part) = &texts[copy % texts.len()];
            text.push_str("---\n");
            for line in part.lines().filter(|line| !line.starts_with("  namespace: ")) {
                text.push_str(line);
                if line == "metadata:" {
                    text.push_str(&format!("\n  namespace: copy-{copy}"));
                }
                if line.starts_with("  name: ") && line.ends_with(char::is_alphanumeric) {
                    text.push_str(&format!("-{copy}"));
                }
                text.push('\n');
            }
            copy += 1;
        }
        size += text.len();
        fs::write(folder.join(format!("{file:02}.yaml")), text).unwrap();
    }
    size
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn parse_only(folder: &Path) {
    files(folder).par_iter().for_each(|file| {
        let text = fs::read_to_string(file).unwrap();
        let mut options = options! {};
        options.set_emit_comments(false);
        let parser = Parser::new_from_str_with_options(&text, options);
        for event in parser {
            black_box(event.unwrap());
        }
    });
}

fn trees_only(folder: &Path) {
    files(folder).par_iter().for_each(|file| {
        let text = fs::read_to_string(file).unwrap();
        black_box(Manifest::read("file", &text).items.len());
    });
}

fn lint(folder: &Path) {
    let mut console = Console {
        stdin: Box::new(Cursor::new(Vec::new())),
        stdout: Box::new(io::sink()),
        stderr: Box::new(io::sink()),
        colour: false,
        screen: None,
    };
    let folder = folder.to_str().unwrap();
    let arguments = ["portcullis", "lint", "--format", "concise", folder];
    assert!(cli::run(arguments, &mut console) < 2);
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

#[expect(clippy::cast_precision_loss, reason = "a size for a person")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
