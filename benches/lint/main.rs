//! What linting costs with the whole shipped set, beside reading the same files by the exact reader
//! alone, and beside its parser's events with nothing built from them: `make bench-lint`.
//! `PORTCULLIS_BENCH_CORPUS=DIR` takes other manifests than ours.
//!
//! Every run is a process of its own, so that its memory can be told; rounds are interleaved, and
//! what counts is the median. It fails if linting takes longer than reading, or if the findings
//! differ with the threads or the reader.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark that panics is a benchmark that fails, and it talks to a person"
)]

mod input;
mod run;

use std::fs;
use std::process::ExitCode;

use self::input::Workload;
use self::run::{Measured, Work, as_child, measure};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 7;

fn main() -> ExitCode {
    if as_child() {
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut held = true;
    for workload in [input::large(folder.path()), input::small(folder.path())] {
        println!("{workload}");
        for threads in [2, 1] {
            held &= compare(&workload, threads);
        }
        held &= same_findings(&workload);
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints both times and the ratio, and says whether linting takes no longer.
fn compare(workload: &Workload, threads: usize) -> bool {
    let (mut parses, mut reads, mut lints) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        parses.push(measure(workload, threads, Work::Parse));
        reads.push(measure(workload, threads, Work::ReadExactly));
        lints.push(measure(workload, threads, Work::Lint));
    }
    let (parse, read, lint) = (median(parses), median(reads), median(lints));
    let ratio = lint.seconds / read.seconds;
    let verdict = if ratio <= 1.0 { "" } else { ": TOO SLOW" };
    println!(
        "  {threads} threads: lint {:.3} s, exact reader alone {:.3} s, ratio {ratio:.2}{verdict}; \
         lint's peak {:.1} MB, 3 x the largest file {:.1} MB",
        lint.seconds,
        read.seconds,
        lint.peak_bytes / 1e6,
        3.0 * workload.largest_bytes / 1e6,
    );
    println!("  lint/bare parse: {:.2}", lint.seconds / parse.seconds);
    ratio <= 1.0
}

/// Whether the report is the same, byte for byte, whatever the threads and the reader.
fn same_findings(workload: &Workload) -> bool {
    let report = |threads, work: Work| {
        measure(workload, threads, work);
        fs::read(workload.report()).unwrap()
    };
    let first = report(1, Work::Report);
    let same = first == report(2, Work::Report) && first == report(2, Work::ReportExactly);
    let verdict = if same { "the same" } else { "OTHER" };
    println!(
        "  {verdict} findings with 1 and 2 threads, and by the exact reader ({} bytes)",
        first.len()
    );
    same
}

/// The run in the middle by its time, with the most memory of any.
fn median(mut all: Vec<Measured>) -> Measured {
    let peak_bytes = all.iter().map(|it| it.peak_bytes).fold(0.0, f64::max);
    all.sort_by(|one, two| one.seconds.total_cmp(&two.seconds));
    Measured { seconds: all[all.len() / 2].seconds, peak_bytes }
}
