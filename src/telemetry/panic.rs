//! What is said of a panic: where it was, and nothing of what it said.
//!
//! A panic's text may hold a value of the object that was judged.

use std::panic::{self, PanicHookInfo};

/// From here on a panic in this process is noted by its place alone.
pub fn note_place_only() {
    panic::set_hook(Box::new(note));
}

#[expect(clippy::print_stderr, reason = "there may be no log yet, and stdout is the report's")]
fn note(panic: &PanicHookInfo<'_>) {
    let place =
        panic.location().map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
    if tracing::dispatcher::has_been_set() {
        tracing::error!("panicked at {place}");
    } else {
        eprintln!("panicked at {place}");
    }
}
