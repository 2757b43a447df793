//! `portcullis serve` as a process, ended with the test.

use std::cell::{Cell, OnceCell};
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::folder::Folder;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process in a folder of its own.
pub(crate) struct Process {
    child: Child,
    pub folder: Folder,
    pub stdout: Lines,
    pub stderr: Lines,
    addresses: OnceCell<(SocketAddr, SocketAddr)>,
}

/// What came out of a stream, read line by line.
pub(crate) struct Lines {
    file: PathBuf,
    /// How many bytes were looked at.
    read: Cell<usize>,
}

impl Process {
    /// Serves on free ports, with nothing in the environment but this.
    pub(crate) fn start(folder: Folder, flags: &[&str], environment: &[(&str, &str)]) -> Self {
        let file = |name| File::create(folder.file(name)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .args(["serve", "--listen", "127.0.0.1:0", "--management", "127.0.0.1:0"])
            .args(flags)
            .current_dir(folder.root())
            .env_clear()
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            .spawn()
            .unwrap();
        let lines = |name| Lines { file: folder.file(name), read: Cell::new(0) };
        let (stdout, stderr) = (lines("stdout"), lines("stderr"));
        Self { child, folder, stdout, stderr, addresses: OnceCell::new() }
    }

    /// Where it listens for reviews and for its managers, as its log says.
    pub(crate) fn addresses(&self) -> (SocketAddr, SocketAddr) {
        *self.addresses.get_or_init(|| {
            let line = self.stdout.until("serving reviews on ");
            let words = line.split([' ', ',', '"']);
            let mut addresses = words.filter_map(|word| word.parse().ok());
            (addresses.next().unwrap(), addresses.next().unwrap())
        })
    }

    /// Tells it to end.
    pub(crate) fn terminate(&self) {
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }

    /// The exit code, once it has ended.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the process does not end: {}", self.stdout.text());
    }

    /// Ends it as it is meant to end.
    pub(crate) fn end(&mut self) {
        self.terminate();
        assert_eq!(self.wait(), Some(0), "{}", self.stdout.text());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already where the test passed.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Lines {
    /// All that came so far.
    pub(crate) fn text(&self) -> String {
        fs::read_to_string(&self.file).unwrap()
    }

    /// The next line that has this in it.
    pub(crate) fn until(&self, what: &str) -> String {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let text = self.text();
            for line in text[self.read.get()..].split_inclusive('\n') {
                // What is still being written.
                let Some(whole) = line.strip_suffix('\n') else { break };
                self.read.set(self.read.get() + line.len());
                if whole.contains(what) {
                    return whole.to_owned();
                }
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("no line with `{what}`: {}", self.text());
    }
}
