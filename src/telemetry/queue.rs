//! Lines on their way to a stream that may be slow.
//!
//! Whoever logs appends to a buffer and goes on; one thread writes. A reader that does not read
//! costs lines, never an answer: beyond a bound they are dropped, and the log says how many.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{mem, thread};

use tracing_subscriber::fmt::MakeWriter;

/// How many bytes wait at most: some thousand lines.
const CAPACITY: usize = 1 << 20;
/// How long the end of the program waits for a reader.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The end of the queue that is written to.
#[derive(Clone, Debug)]
pub struct Queue(Arc<Shared>);

/// Waits, when it is dropped, until what was logged is written.
#[derive(Debug)]
pub struct Guard(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<u8>,
    dropped: u64,
    /// Nothing more will be logged.
    closed: bool,
    /// Everything is written.
    ended: bool,
}

impl Queue {
    /// Starts a thread that writes to `stream`.
    pub fn start(stream: impl Write + Send + 'static) -> io::Result<(Self, Guard)> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        thread::Builder::new().name("log".to_owned()).spawn(move || theirs.write_to(stream))?;
        Ok((Self(Arc::clone(&shared)), Guard(shared)))
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_to(&self, mut stream: impl Write) {
        let mut batch = Vec::new();
        loop {
            let state = self.state();
            let waits = self.changed.wait_while(state, |s| s.lines.is_empty() && !s.closed);
            let mut state = waits.unwrap_or_else(PoisonError::into_inner);
            if state.lines.is_empty() {
                state.ended = true;
                self.changed.notify_all();
                return;
            }
            mem::swap(&mut batch, &mut state.lines);
            let dropped = mem::take(&mut state.dropped);
            drop(state);
            // A stream that is closed leaves nobody to tell.
            let _ = stream.write_all(&batch).and_then(|()| stream.flush());
            batch.clear();
            if dropped > 0 {
                tracing::warn!("{dropped} lines of this log were dropped");
            }
        }
    }
}

impl Write for &Queue {
    /// Takes a whole line or drops it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut state = self.0.state();
        let idle = state.lines.is_empty();
        if state.lines.len() + line.len() > CAPACITY {
            state.dropped += 1;
        } else {
            state.lines.extend_from_slice(line);
        }
        drop(state);
        if idle {
            self.0.changed.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Queue {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed = true;
        self.0.changed.notify_all();
        let _ = self.0.changed.wait_timeout_while(state, LAST_WORDS, |state| !state.ended);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    /// A stream that hands over what is written, and waits for its reader.
    struct Pipe(SyncSender<Vec<u8>>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn pipe() -> (Pipe, Receiver<Vec<u8>>) {
        let (sender, receiver) = sync_channel(0);
        (Pipe(sender), receiver)
    }

    #[test]
    fn what_was_logged_is_written_before_the_end() {
        let (stream, reader) = pipe();
        let (queue, guard) = Queue::start(stream).unwrap();
        let reading = thread::spawn(move || reader.iter().flatten().collect::<Vec<u8>>());
        for line in ["one\n", "two\n"] {
            (&queue).write_all(line.as_bytes()).unwrap();
        }
        drop(guard);
        assert_eq!(reading.join().unwrap(), b"one\ntwo\n");
    }

    #[test]
    fn a_reader_that_does_not_read_costs_lines_and_no_time() {
        let (stream, reader) = pipe();
        let (queue, guard) = Queue::start(stream).unwrap();
        let line = vec![b'x'; CAPACITY / 4];
        (&queue).write_all(&line).unwrap();
        while !queue.0.state().lines.is_empty() {
            thread::yield_now();
        }
        // One line is on its way; four wait.
        for _ in 0..15 {
            (&queue).write_all(&line).unwrap();
        }
        assert_eq!(queue.0.state().dropped, 11);
        let reading = thread::spawn(move || reader.iter().flatten().count());
        drop(guard);
        assert_eq!(reading.join().unwrap(), 5 * line.len());
    }
}
