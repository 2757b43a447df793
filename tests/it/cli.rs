//! A run of the command line without a process.

use std::cell::RefCell;
use std::io::{self, Cursor, Write};
use std::rc::Rc;

use portcullis::cli::{self, Console};
use serde_json::Value as Json;

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: u8,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `portcullis` with these arguments and nothing on its standard input.
pub(crate) fn run(arguments: &[&str]) -> Ran {
    run_with(arguments, "")
}

/// Runs `portcullis` with this on its standard input.
pub(crate) fn run_with(arguments: &[&str], stdin: impl AsRef<[u8]>) -> Ran {
    let (stdout, stderr) = (Stream::default(), Stream::default());
    let mut console = Console {
        stdin: Box::new(Cursor::new(stdin.as_ref().to_vec())),
        stdout: Box::new(stdout.clone()),
        stderr: Box::new(stderr.clone()),
        colour: false,
        screen: None,
    };
    let arguments = ["portcullis"].iter().chain(arguments);
    let code = cli::run(arguments, &mut console);
    Ran { code, stdout: stdout.text(), stderr: stderr.text() }
}

impl Ran {
    /// The report as JSON.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.stdout).unwrap_or_else(|err| panic!("{err}: {self:?}"))
    }
}

#[derive(Clone, Default)]
struct Stream(Rc<RefCell<Vec<u8>>>);

impl Stream {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
