//! `artefact queue`: what waits, and what a person has to look at.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::super::{ALLOWED, Console, DENIED, Failure};
use crate::worker::database::{Address, Database};
use crate::worker::queue::{Dead, Queue};

/// The most dead letters that are listed.
const MOST: u32 = 1000;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Where the queue is: sqlite:PATH, or postgres://…; the file in the data directory if not
    /// given
    #[arg(long, value_name = "ADDRESS", env = "PORTCULLIS_DATABASE", hide_env_values = true)]
    database: Option<Address>,
    /// Where `serve` keeps what it makes
    #[arg(long, value_name = "DIR", default_value = ".portcullis", env = "PORTCULLIS_DATA_DIR")]
    data_dir: PathBuf,
    /// Has one tried again, by its number in the list
    #[arg(long, value_name = "NUMBER", conflicts_with = "retry_all")]
    retry: Option<i64>,
    /// Has all of them tried again
    #[arg(long)]
    retry_all: bool,
    /// Has what is in a repository judged again under the policies in force
    #[arg(long, value_name = "REPOSITORY")]
    judge_again: Option<String>,
}

/// Exit code 1 says that something waits for a person.
pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    runtime.block_on(arguments.work(console))
}

impl Arguments {
    async fn work(&self, console: &mut Console) -> Result<u8, Failure> {
        let address = self.address()?;
        let database = Database::open(&address).await.map_err(|error| Failure::of(&error))?;
        let queue = Queue::new(database.clone());
        let failed = |error| Failure::of(&error);
        if self.retry.is_some() || self.retry_all {
            let tried = queue.retry(self.retry).await.map_err(failed)?;
            if let (Some(number), 0) = (self.retry, tried) {
                return Err(Failure::new(format!("nothing that is dead has the number {number}")));
            }
            console.note(format_args!("{tried} are tried again"));
        }
        if let Some(repository) = &self.judge_again {
            let again = queue.judge_again(Some(repository)).await.map_err(failed)?;
            console.note(format_args!("{again} of `{repository}` are judged again"));
        }
        let counts = queue.counts().await.map_err(failed)?;
        let dead = queue.dead(MOST).await.map_err(failed)?;
        database.close().await;
        let mut text = String::new();
        for letter in &dead {
            line(&mut text, letter);
        }
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{} waiting, {} done, {} for a person to look at",
            counts.waiting, counts.done, counts.dead
        );
        console.write(&text)?;
        Ok(if dead.is_empty() { ALLOWED } else { DENIED })
    }

    /// A file that is not there is not made here: nobody would find what is asked for in it.
    fn address(&self) -> Result<Address, Failure> {
        let made = || Address::Sqlite(self.data_dir.join("artefacts.db"));
        let address = self.database.clone().unwrap_or_else(made);
        match &address {
            Address::Sqlite(path) if !path.exists() => {
                let failure = Failure::new(format!("there is no database `{}`", path.display()));
                Err(failure.help("name the one of `serve` with `--database` or `--data-dir`"))
            }
            _ => Ok(address),
        }
    }
}

fn line(text: &mut String, dead: &Dead) {
    let seen = Timestamp::from_millisecond(dead.last_seen).unwrap_or_default();
    let shown = dead.coordinates.to_string().replace(char::is_control, " ");
    let _ = writeln!(text, "{} {shown} ({seen:.0}): {}", dead.id, dead.problem);
}
