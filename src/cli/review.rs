//! `review`: one AdmissionReview, offline.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::policies::{self, Choice};
use super::{ALLOWED, Console, DENIED, Failure};
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
    console.write(&(String::from_utf8_lossy(&reviewed.body).into_owned() + "\n"))?;
    Ok(if reviewed.allowed { ALLOWED } else { DENIED })
}
