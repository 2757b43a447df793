//! The process that opens an artefact for another one.

use clap::Args;

use super::super::{ALLOWED, Console, Failure};
use crate::worker::chamber::{self, Task};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// What is asked of it, as JSON
    #[arg(value_name = "TASK", value_parser = task)]
    task: Task,
}

pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    chamber::run(&arguments.task, &mut console.stdout)
        .map_err(|error| Failure::new(format!("the artefact can't be opened: {error}")))?;
    Ok(ALLOWED)
}

fn task(text: &str) -> Result<Task, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}
