//! Another program, run for what it writes.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use crate::document::MAX_BYTES;
use crate::resource::secret;

/// How much of what a program complains about is told.
const COMPLAINT_BYTES: u64 = 4_000;

/// Why a program wrote nothing of use.
#[derive(Debug)]
pub enum Trouble {
    /// There is no such program.
    Missing,
    /// What it says itself, in one line and without secrets.
    Failed(String),
}

/// What a program writes to its standard output; it has nothing to read.
///
/// # Errors
///
/// There is no such program, it fails, or it writes more than a reader takes.
pub fn output(command: &mut Command) -> Result<Vec<u8>, Trouble> {
    run(command.stdin(Stdio::null()))
}

fn run(command: &mut Command) -> Result<Vec<u8>, Trouble> {
    let failed = |error: io::Error| Trouble::Failed(error.to_string());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Trouble::Missing,
        _ => failed(error),
    })?;
    // Both are read at once: a program that waits for one to be read would never end.
    let errors = child.stderr.take().map(|stream| {
        thread::spawn(move || {
            let mut text = Vec::new();
            let mut bounded = stream.take(COMPLAINT_BYTES);
            // What can't be read is not told; the rest is read so that the program can end.
            _ = bounded.read_to_end(&mut text);
            _ = io::copy(bounded.get_mut(), &mut io::sink());
            text
        })
    });
    let mut bytes = Vec::new();
    let mut read = Ok(0);
    if let Some(stream) = child.stdout.take() {
        read = stream.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
    }
    if bytes.len() > MAX_BYTES {
        // It has written enough, and is not waited for.
        _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    read.map_err(failed)?;
    let complaint = errors.and_then(|it| it.join().ok()).unwrap_or_default();
    if bytes.len() > MAX_BYTES {
        return Err(Trouble::Failed(format!("it writes more than {} MiB", MAX_BYTES >> 20)));
    }
    if !status.success() {
        let complaint = told(&String::from_utf8_lossy(&complaint));
        let complaint = complaint.unwrap_or_else(|| format!("nothing, and ends with {status}"));
        return Err(Trouble::Failed(complaint));
    }
    Ok(bytes)
}

/// The same, where it is a text.
///
/// # Errors
///
/// As [`output`], or it writes something else.
pub fn text(command: &mut Command) -> Result<String, Trouble> {
    as_text(output(command)?)
}

/// The same for a program that reads our own standard input.
///
/// # Errors
///
/// As [`text`].
#[cfg(feature = "artefact")]
pub fn text_with_input(command: &mut Command) -> Result<String, Trouble> {
    as_text(run(command.stdin(Stdio::inherit()))?)
}

fn as_text(bytes: Vec<u8>) -> Result<String, Trouble> {
    String::from_utf8(bytes)
        .map_err(|_| Trouble::Failed("it writes something else than UTF-8 text".to_owned()))
}

/// The first program of these that is there: a path, or a name on the `PATH`.
pub fn first_of<'p>(programs: &[&'p Path]) -> Option<&'p Path> {
    programs.iter().copied().find(|program| is_there(program))
}

/// A path that no program takes for a flag.
pub fn argument(path: &Path) -> PathBuf {
    if path.as_os_str().as_encoded_bytes().starts_with(b"-") {
        return Path::new(".").join(path);
    }
    path.to_owned()
}

fn is_there(program: &Path) -> bool {
    if program.components().count() > 1 {
        return program.is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// In one line, without what looks like a secret; `None` if there is nothing.
fn told(complaint: &str) -> Option<String> {
    let lines: Vec<&str> = complaint
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("Use --debug"))
        .collect();
    let text = lines.join("; ");
    let text = text.strip_prefix("Error: ").unwrap_or(&text);
    (!text.is_empty()).then(|| secret::mask(text).to_string())
}
