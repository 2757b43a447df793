//! What a person types, and the wiring of everything else.

#[cfg(feature = "artefact")]
mod artefact;
#[cfg(feature = "cluster")]
mod audit;
mod bench;
mod console;
mod coverage;
mod duration;
mod explain;
mod facts;
mod lint;
mod man;
mod output;
mod policies;
mod progress;
mod review;
mod rules;
mod schema;
#[cfg(all(feature = "artefact", feature = "cluster"))]
mod serve;
mod test;
mod trace;
mod whole;

pub use self::console::{Console, Failure};
pub use self::progress::Screen;

use std::ffi::OsString;

use clap::{ArgMatches, CommandFactory, FromArgMatches as _, Parser, Subcommand};

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
    #[cfg(all(feature = "artefact", feature = "cluster"))]
    Serve(Box<serve::Arguments>),
    /// Judges what exists in a cluster
    #[cfg(feature = "cluster")]
    Audit(Box<audit::Arguments>),
    /// Works on what is pushed to a repository
    #[cfg(feature = "artefact")]
    #[command(subcommand)]
    Artefact(artefact::Command),
    /// Answers one AdmissionReview from a file
    Review(review::Arguments),
    /// Lists the rules
    Rules(rules::Arguments),
    /// Shows the page of a rule, and where policies use it
    Explain(explain::Arguments),
    /// Measures what the policies cost for each object of some manifests
    Bench(bench::Arguments),
    /// Runs the cases that lie beside policies
    Test(test::Arguments),
    /// Writes a JSON Schema, for editors
    Schema(schema::Arguments),
    /// Works on policy sets
    #[command(subcommand)]
    Policies(policies::Command),
    /// Writes manual pages
    Man(man::Arguments),
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
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let parsed = Arguments::command().try_get_matches_from(&arguments).and_then(|typed| {
        let read = Arguments::from_arg_matches(&typed);
        read.map(|read| (typed, read))
    });
    let ended = match parsed {
        Ok((typed, read)) => with_configuration(arguments, &typed, read, console),
        Err(error) => return console.usage(&error),
    };
    ended.unwrap_or_else(|failure| console.fail(&failure))
}

/// Adds the flags of a configuration to those that were typed, and does what all of them say.
fn with_configuration(
    mut arguments: Vec<OsString>,
    typed: &ArgMatches,
    read: Arguments,
    console: &mut Console,
) -> Result<u8, Failure> {
    let configured = match typed.subcommand_matches("lint") {
        Some(lint) => lint::configured(lint)?,
        None => lint::Configured::default(),
    };
    if configured.flags.is_empty() && configured.paths.is_empty() {
        return carry_out(read.command, console);
    }
    // Behind the word `lint`, so that a `--` of the person's ends their own flags only.
    let at = arguments.iter().position(|it| it == "lint").map_or(arguments.len(), |it| it + 1);
    arguments.splice(at..at, configured.flags);
    if !configured.paths.is_empty() {
        arguments.push("--".into());
        arguments.extend(configured.paths);
    }
    match Arguments::try_parse_from(arguments) {
        Ok(arguments) => carry_out(arguments.command, console),
        Err(error) => {
            console.note("error: the flags and the configuration don't fit together");
            Ok(console.usage(&error))
        }
    }
}

fn carry_out(command: Command, console: &mut Console) -> Result<u8, Failure> {
    match command {
        Command::Lint(arguments) => lint::run(&arguments, console),
        #[cfg(all(feature = "artefact", feature = "cluster"))]
        Command::Serve(arguments) => serve::run(&arguments, console),
        #[cfg(feature = "cluster")]
        Command::Audit(arguments) => audit::run(&arguments, console),
        #[cfg(feature = "artefact")]
        Command::Artefact(command) => artefact::run(&command, console),
        Command::Review(arguments) => review::run(&arguments, console),
        Command::Rules(arguments) => rules::run(&arguments, console),
        Command::Explain(arguments) => explain::run(&arguments, console),
        Command::Bench(arguments) => bench::run(&arguments, console),
        Command::Test(arguments) => test::run(&arguments, console),
        Command::Schema(arguments) => schema::run(&arguments, console),
        Command::Policies(command) => policies::run(&command, console),
        Command::Man(arguments) => man::run(&arguments, console),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "portcullis", &mut script);
            console.write(&String::from_utf8_lossy(&script)).map(|()| ALLOWED)
        }
    }
}
