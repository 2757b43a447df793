//! One text that is to be judged. A few are held; what goes beyond is left in its files, to be read
//! again whenever somebody wants it.

use std::hash::BuildHasher as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use foldhash::fast::FixedState;
use memchr::memmem;

use crate::cli::Failure;
use crate::manifest::{self, Unread};
use crate::policyfile;

/// A text, and what findings call the file that it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    name: String,
    content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Held(String),
    Left {
        path: PathBuf,
        print: u64,
        /// Whether it holds no more than comments and white space.
        is_blank: bool,
    },
}

/// What a text is read into, one after another.
#[derive(Debug, Default)]
pub(super) struct Paper(Vec<u8>);

/// Paper for those who read at the same time: as much as there are of them, and used again.
#[derive(Debug, Default)]
pub(super) struct Papers(Mutex<Vec<Paper>>);

/// Room for texts that are held.
#[derive(Debug)]
pub(super) struct Room {
    left: AtomicUsize,
}

impl Papers {
    pub(super) fn lend<T>(&self, read: impl FnOnce(&mut Paper) -> T) -> T {
        let all = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut paper = all().pop().unwrap_or_default();
        let done = read(&mut paper);
        all().push(paper);
        done
    }
}

impl Room {
    pub(super) fn new(bytes: usize) -> Self {
        Self { left: AtomicUsize::new(bytes) }
    }

    /// Takes so much of it, if there is so much.
    fn take(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

impl Text {
    pub(super) fn held(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), content: Content::Held(text.into()) }
    }

    /// Reads a file, and holds its text if there is room, if it may hold a waiver, or if it can't
    /// be read twice.
    pub(super) fn read(path: &Path, room: &Room, paper: &mut Paper) -> Result<Self, Unread> {
        let text = manifest::read_into(path, &mut paper.0)?;
        let name = path.display().to_string();
        if room.take(text.len()) || may_waive(text) || !path.is_file() {
            return Ok(Self::held(name, text));
        }
        let (print, is_blank) = (print(text), is_blank(text));
        Ok(Self { name, content: Content::Left { path: path.to_owned(), print, is_blank } })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The text. If it was left it is read again, into `paper`, whatever that held.
    ///
    /// # Errors
    ///
    /// The file is not what it was.
    pub(super) fn open<'p>(&'p self, paper: &'p mut Paper) -> Result<&'p str, Failure> {
        let path = match &self.content {
            Content::Held(text) => return Ok(text),
            Content::Left { path, .. } => path,
        };
        let changed = |problem: &str| {
            let message = format!("`{}` changed while it was judged: {problem}", self.name);
            Failure::new(message).help("lint again when nobody writes to it")
        };
        let text = manifest::read_into(path, &mut paper.0);
        let text = text.map_err(|unread| changed(&unread.problem))?;
        if self.is(text) { Ok(text) } else { Err(changed("its text is another one")) }
    }

    /// The text if it is held.
    pub(super) fn as_held(&self) -> Option<&str> {
        match &self.content {
            Content::Held(text) => Some(text),
            Content::Left { .. } => None,
        }
    }

    /// Whether it is this text.
    pub(super) fn is(&self, text: &str) -> bool {
        match &self.content {
            Content::Held(held) => held == text,
            Content::Left { print: left, .. } => *left == print(text),
        }
    }

    /// Whether it may hold a waiver. What does is held.
    pub(super) fn may_waive(&self) -> bool {
        self.as_held().is_some_and(may_waive)
    }

    /// Whether it holds no more than comments and white space.
    pub(super) fn is_blank(&self) -> bool {
        match &self.content {
            Content::Held(text) => is_blank(text),
            Content::Left { is_blank, .. } => *is_blank,
        }
    }
}

/// A number that tells a text from others.
fn print(text: &str) -> u64 {
    FixedState::default().hash_one(text)
}

fn may_waive(text: &str) -> bool {
    memmem::find(text.as_bytes(), policyfile::API_VERSION.as_bytes()).is_some()
}

fn is_blank(text: &str) -> bool {
    text.lines().all(|line| {
        let line = line.trim().trim_start_matches('\u{feff}');
        line.is_empty() || line.starts_with('#') || line == "---" || line == "..."
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_there_is_no_room_for_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let room = Room::new(10);
        let mut paper = Paper::default();
        let mut read = |path: &Path| Text::read(path, &room, &mut paper).unwrap();
        let (short, long) = (file("short", "a: 1\n"), file("long", "a: 1\nb: 2\n"));
        let waiver = file("waiver", &format!("apiVersion: {}\n", policyfile::API_VERSION));
        let blank = file("blank", "# nothing but a comment\n---\n");
        assert_eq!(read(&short).as_held(), Some("a: 1\n"));
        assert!(read(&waiver).may_waive() && read(&blank).is_blank());
        let left = read(&long);
        assert!(left.as_held().is_none() && left.is("a: 1\nb: 2\n") && !left.is_blank());
        assert_eq!(left.open(&mut Paper::default()).unwrap(), "a: 1\nb: 2\n");

        fs::write(&long, "a: 1\nb: 3\n").unwrap();
        let failure = |it: &Text| it.open(&mut Paper::default()).unwrap_err().message;
        assert!(failure(&left).ends_with("changed while it was judged: its text is another one"));
        fs::remove_file(&long).unwrap();
        assert!(failure(&left).contains("changed while it was judged: "));
    }
}
