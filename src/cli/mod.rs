//! What a person types, and the wiring of everything else.

mod console;
mod explain;
mod facts;
mod lint;
mod policies;
mod review;
mod rules;
mod schema;
#[cfg(feature = "server")]
mod serve;
mod test;
mod whole;

pub use self::console::{Console, Failure};

use std::ffi::OsString;

use clap::{CommandFactory, Parser, Subcommand};

/// The run did what was asked, and the cluster would allow it.
pub const ALLOWED: u8 = 0;
/// The run did what was asked, and the cluster would not allow it.
pub const DENIED: u8 = 1;
/// The run could not do all that was asked.
pub const COULD_NOT_RUN: u8 = 2;

/// One rule engine for the conventions of Kubernetes objects and artefacts, and doors to it.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, max_term_width = 100, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judges manifests, and shows the line of every finding
    Lint(Box<lint::Arguments>),
    /// Serves the admission webhook
    #[cfg(feature = "server")]
    Serve(Box<serve::Arguments>),
    /// Answers one AdmissionReview from a file
    Review(review::Arguments),
    /// Lists the rules
    Rules(rules::Arguments),
    /// Shows the page of a rule, and where policies use it
    Explain(explain::Arguments),
    /// Runs the cases that lie beside policies
    Test(test::Arguments),
    /// Writes the JSON Schema of policy files
    Schema,
    /// Works on policy sets
    #[command(subcommand)]
    Policies(policies::Command),
    /// Writes completions for a shell
    Completions {
        /// The shell to complete for
        shell: clap_complete::Shell,
    },
}

/// Runs what the arguments say, and returns the exit code.
pub fn run(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    console: &mut Console,
) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return console.usage(&error),
    };
    let ended = match arguments.command {
        Command::Lint(arguments) => lint::run(&arguments, console),
        #[cfg(feature = "server")]
        Command::Serve(arguments) => serve::run(&arguments, console),
        Command::Review(arguments) => review::run(&arguments, console),
        Command::Rules(arguments) => rules::run(&arguments, console),
        Command::Explain(arguments) => explain::run(&arguments, console),
        Command::Test(arguments) => test::run(&arguments, console),
        Command::Schema => schema::run(console),
        Command::Policies(command) => policies::run(&command, console),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "portcullis", &mut script);
            console.write(&String::from_utf8_lossy(&script)).map(|()| ALLOWED)
        }
    };
    ended.unwrap_or_else(|failure| console.fail(&failure))
}
