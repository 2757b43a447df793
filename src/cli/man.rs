//! `man`: manual pages, from the same flags as `--help`.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::{Args, CommandFactory};

use super::{ALLOWED, Arguments as All, Console, Failure};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder to write the pages into: `/usr/local/share/man/man1`
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

/// Writes one page for the program and one for each command.
pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    let folder = &arguments.folder;
    let failed = |error: io::Error| {
        Failure::new(format!("cannot write into `{}`: {error}", folder.display()))
    };
    fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(All::command(), folder).map_err(failed)?;
    console.note(format_args!("wrote the pages into `{}`", folder.display()));
    Ok(ALLOWED)
}
