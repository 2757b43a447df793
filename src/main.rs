//! The binary: hands the arguments to the library and turns its answer into an exit code.

use std::io::{IsTerminal, stderr, stdin, stdout};
use std::process::ExitCode;

use portcullis::cli::{self, Console};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    portcullis::telemetry::note_place_only();
    let mut console = Console {
        stdin: Box::new(stdin()),
        stdout: Box::new(stdout()),
        stderr: Box::new(stderr()),
        colour: stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    };
    ExitCode::from(cli::run(std::env::args_os(), &mut console))
}
