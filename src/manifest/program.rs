//! Another program, run for what it writes.

use std::io::{self, Read as _};
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

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
    /// It was still at it when its time was over, and has been ended.
    Endless,
}

/// How often a program that has written all is asked whether it has ended.
const PATIENCE: Duration = Duration::from_millis(5);

/// How long a program that has ended is listened to. What it started, and left behind, may hold its
/// standard error open for ever.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a program writes to its standard output; it has nothing to read.
///
/// # Errors
///
/// There is no such program, it fails, or it writes more than a reader takes.
pub fn output(command: &mut Command) -> Result<Vec<u8>, Trouble> {
    run(command.stdin(Stdio::null()), None)
}

/// `limit` is the time that the program has.
fn run(command: &mut Command, limit: Option<Duration>) -> Result<Vec<u8>, Trouble> {
    let failed = |error: io::Error| Trouble::Failed(error.to_string());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Trouble::Missing,
        _ => failed(error),
    })?;
    let until = limit.and_then(|limit| Instant::now().checked_add(limit));
    // Both are read at once: a program that waits for one to be read would never end.
    let complaints = child.stderr.take().map(heard);
    let Some(read) = read(child.stdout.take(), until) else { return Err(end(&mut child)) };
    let bytes = read.map_err(failed)?;
    if bytes.len() > MAX_BYTES {
        // It has written enough, and is not waited for.
        _ = child.kill();
    }
    let Some(status) = wait(&mut child, until).map_err(failed)? else {
        return Err(end(&mut child));
    };
    if bytes.len() > MAX_BYTES {
        return Err(Trouble::Failed(format!("it writes more than {} MiB", MAX_BYTES >> 20)));
    }
    if !status.success() {
        let complaint = complaints.map(|it| joined(&it)).unwrap_or_default();
        let complaint = told(&String::from_utf8_lossy(&complaint));
        let complaint = complaint.unwrap_or_else(|| format!("nothing, and ends with {status}"));
        return Err(Trouble::Failed(complaint));
    }
    Ok(bytes)
}

/// All that a program writes; `None` if it was still writing at `until`.
fn read(stream: Option<ChildStdout>, until: Option<Instant>) -> Option<io::Result<Vec<u8>>> {
    let Some(stream) = stream else { return Some(Ok(Vec::new())) };
    let read = move || {
        let mut bytes = Vec::new();
        stream.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map(|_| bytes)
    };
    let Some(until) = until else { return Some(read()) };
    let (sender, receiver) = mpsc::channel();
    // Whoever stopped waiting wants no answer.
    thread::spawn(move || _ = sender.send(read()));
    by(until, &receiver)
}

/// What a program complains about, piece by piece.
fn heard(stream: ChildStderr) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bounded = stream.take(COMPLAINT_BYTES);
        let mut piece = [0; 512];
        // What can't be read is not told; the rest is read so that the program can end.
        while let Ok(count @ 1..) = bounded.read(&mut piece) {
            _ = sender.send(piece.get(..count).unwrap_or_default().to_vec());
        }
        _ = io::copy(bounded.get_mut(), &mut io::sink());
    });
    receiver
}

/// All that a program that has ended complained about.
fn joined(pieces: &Receiver<Vec<u8>>) -> Vec<u8> {
    let until = Instant::now() + LAST_WORDS;
    iter::from_fn(|| by(until, pieces)).flatten().collect()
}

/// What comes before `until`.
fn by<T>(until: Instant, receiver: &Receiver<T>) -> Option<T> {
    receiver.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
}

/// How a program ended; `None` if it had not at `until`.
fn wait(child: &mut Child, until: Option<Instant>) -> io::Result<Option<ExitStatus>> {
    let Some(until) = until else { return child.wait().map(Some) };
    loop {
        match child.try_wait()? {
            None if Instant::now() < until => thread::sleep(PATIENCE),
            status => return Ok(status),
        }
    }
}

/// Ends a program whose time is over.
fn end(child: &mut Child) -> Trouble {
    // It may have ended this moment, which comes to the same.
    _ = child.kill();
    _ = child.wait();
    Trouble::Endless
}

/// The same, where it is a text, of a program that has this long.
///
/// # Errors
///
/// As [`output`], it writes something else, or its time is over.
pub fn text(command: &mut Command, limit: Duration) -> Result<String, Trouble> {
    as_text(run(command.stdin(Stdio::null()), Some(limit))?)
}

/// The same for a program that reads our own standard input.
///
/// # Errors
///
/// As [`text`].
#[cfg(feature = "artefact")]
pub fn text_with_input(command: &mut Command) -> Result<String, Trouble> {
    as_text(run(command.stdin(Stdio::inherit()), None)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn a_program_that_never_ends_is_ended() {
        for script in ["exec sleep 600", "exec >&-; exec sleep 600", "while :; do echo a; done"] {
            let mut command = Command::new("sh");
            let ended = text(command.args(["-c", script]), Duration::from_millis(100));
            assert!(matches!(ended, Err(Trouble::Endless)), "{script}: {ended:?}");
        }
    }

    #[test]
    fn what_a_program_leaves_behind_holds_nothing_up() {
        let told = |script| text(Command::new("sh").args(["-c", script]), LONG);
        assert_eq!(told("sleep 60 >&- & echo a").unwrap(), "a\n");
        let failed = told("sleep 60 >&- & echo b >&2; exit 1");
        assert!(matches!(failed, Err(Trouble::Failed(said)) if said == "b"));
    }

    #[test]
    fn a_program_that_ends_in_time_is_heard() {
        let told = |script| text(Command::new("sh").args(["-c", script]), LONG);
        assert_eq!(told("echo a").unwrap(), "a\n");
        assert!(matches!(told("echo b >&2; exit 1"), Err(Trouble::Failed(said)) if said == "b"));
        assert!(matches!(
            text(&mut Command::new("no-such-program-here"), LONG),
            Err(Trouble::Missing)
        ));
    }
}
