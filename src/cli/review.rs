//! `review`: one AdmissionReview, offline.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::policies::{self, Choice};
use super::{ALLOWED, Console, DENIED, Failure, trace};
use crate::admission::{self, Stage};
use crate::engine::Facts;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The AdmissionReview as JSON; `-` for the standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Asks for changes instead of a verdict
    #[arg(long, env = "PORTCULLIS_MUTATE")]
    mutate: bool,
    /// Shows which policies match and what they say, and why the others don't, in place of the
    /// answer
    #[arg(long, conflicts_with = "mutate", env = "PORTCULLIS_TRACE")]
    trace: bool,
    #[command(flatten)]
    policies: Choice,
}

/// Prints the response. The exit code is the verdict.
pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    let body = match arguments.file.to_str() {
        Some("-") => console.read()?,
        _ => fs::read(&arguments.file)
            .map_err(|error| policies::unreadable(&arguments.file, &error))?,
    };
    let engine = arguments.policies.load()?.engine;
    let stage = if arguments.mutate { Stage::Mutate } else { Stage::Validate };
    let facts = Facts { now: Some(Timestamp::now()), ..Facts::default() };
    let reviewed = admission::review(&engine, &facts, stage, &body)
        .map_err(|malformed| Failure::new(malformed.to_string()))?;
    if arguments.trace {
        let trace = admission::trace(&engine, &facts, &body)
            .map_err(|malformed| Failure::new(malformed.to_string()))?;
        console.write(&trace::text(&trace, reviewed.summary.answer))?;
        return Ok(if reviewed.allowed { ALLOWED } else { DENIED });
    }
    console.write(&(String::from_utf8_lossy(&reviewed.body).into_owned() + "\n"))?;
    Ok(if reviewed.allowed { ALLOWED } else { DENIED })
}
