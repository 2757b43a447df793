//! A line that says how far a long run is: on a terminal, and after a second.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Whoever waits shorter than that needs no line.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line is written anew.
const EVERY: Duration = Duration::from_millis(200);

/// Where the line goes; `None` where nobody watches.
pub type Screen = Option<Arc<Mutex<dyn Write + Send>>>;

/// Counts, and shows the count. The line goes when this is dropped.
#[derive(Debug)]
pub(super) struct Progress {
    done: Arc<AtomicUsize>,
    /// Hanging up ends the thread.
    line: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Of `all` things, such as `files judged`.
    pub(super) fn of(screen: &Screen, all: usize, what: &'static str) -> Self {
        Self::after(screen, all, what, PATIENCE)
    }

    /// Takes note of one thing more.
    pub(super) fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn after(screen: &Screen, all: usize, what: &'static str, patience: Duration) -> Self {
        let done = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&done);
        let line = screen.clone().map(|screen| {
            let (sender, hung_up) = channel::<()>();
            let write = move |text: &str| {
                let mut screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
                // A screen that is gone shows nothing, and nothing else is lost.
                _ = screen.write_all(text.as_bytes()).and_then(|()| screen.flush());
            };
            let thread = thread::spawn(move || {
                let mut wait = patience;
                while hung_up.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                    write(&format!("\r{} of {all} {what}", counted.load(Ordering::Relaxed)));
                    wait = EVERY;
                }
                if wait == EVERY {
                    write("\r\u{1b}[K");
                }
            });
            (sender, thread)
        });
        Self { done, line }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.line.take() {
            drop(sender);
            // It holds nothing that could panic; a line is no reason to fail.
            _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(patience: Duration, until_shown: bool) -> String {
        let text = Arc::new(Mutex::new(Vec::new()));
        let screen: Screen = Some(text.clone());
        let progress = Progress::after(&screen, 3, "files judged", patience);
        progress.step();
        while until_shown && text.lock().unwrap().is_empty() {
            thread::yield_now();
        }
        drop(progress);
        let text = text.lock().unwrap().clone();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn the_line_comes_and_goes() {
        let text = shown(Duration::ZERO, true);
        assert!(text.starts_with("\r") && text.contains(" of 3 files judged"), "{text:?}");
        assert!(text.ends_with("\r\u{1b}[K"), "{text:?}");
    }

    #[test]
    fn a_short_run_shows_none() {
        assert_eq!(shown(Duration::from_secs(1_000), false), "");
        let progress = Progress::of(&None, 3, "files judged");
        progress.step();
        assert!(progress.line.is_none());
    }
}
