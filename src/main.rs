//! The binary: hands the arguments to the library and turns its answer into an exit code.

use std::io::{IsTerminal, stderr, stdin, stdout};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use portcullis::cli::{self, Console};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    portcullis::telemetry::note_place_only();
    let mut console = Console {
        stdin: Box::new(stdin()),
        stdout: Box::new(stdout()),
        stderr: Box::new(stderr()),
        screen: stderr().is_terminal().then(|| Arc::new(Mutex::new(stderr())) as _),
        colour: stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    };
    ExitCode::from(cli::run(std::env::args_os(), &mut console))
}
