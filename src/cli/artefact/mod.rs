//! `artefact`: what is pushed to a repository, before or after the push.

mod check;
mod inspect;
mod queue;

pub(super) use self::check::itself;

use clap::Subcommand;

use super::{Console, Failure};

/// What can be done with artefacts.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Judges an artefact: a file, or what a registry holds under a reference
    Check(Box<check::Arguments>),
    /// Tells what waits to be judged, and what a person has to look at
    Queue(queue::Arguments),
    /// Opens the file at the standard input, within limits, and writes what is in it as JSON.
    /// Other commands start it
    #[command(hide = true)]
    Inspect(inspect::Arguments),
}

pub(super) fn run(command: &Command, console: &mut Console) -> Result<u8, Failure> {
    match command {
        Command::Check(arguments) => check::run(arguments, console),
        Command::Queue(arguments) => queue::run(arguments, console),
        Command::Inspect(arguments) => inspect::run(arguments, console),
    }
}
