//! The program's log.

use std::io;
use std::sync::{Arc, Mutex};

use portcullis::telemetry::{self, Format};
use regex::Regex;
use tracing_subscriber::fmt::MakeWriter;

/// The pattern that SKA publishes for its log lines.
const PUBLISHED: &str = r"^(?<version>\d+)[|](?<timestamp>[0-9TZ\-:.]+)[|](?<level>[\w\s]+)[|](?<thread>[\w-]*)[|](?<function>[\w\-.]*)[|](?<lineloc>[\w\s.#]*)[|](?<tags>[\w\:,-]*)[|](?<message>.*)$";

/// SKA's grammar, which is narrower in some places and wider in others.
const GRAMMAR: &str = r"^\d{1,2}\|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z\|(DEBUG|INFO|WARNING|ERROR|CRITICAL)\|[-A-Za-z0-9]{0,32}\|([A-Za-z0-9._-]*)\|([A-Za-z0-9._-]{1,64}#\d{1,5})?\|([A-Za-z-]+:[!-~]+(,[A-Za-z-]+:[!-~]+)*)?\|.*$";

#[test]
fn every_line_fits_the_grammar_and_the_published_pattern() {
    let log = Log::default();
    let lines = log.lines(Format::Ska, "debug", || {
        tracing::debug!("a plain event");
        tracing::info!(uid = "0df28fbd-5f5f", name = "tango.test", milliseconds = 0.25, "review");
        tracing::warn!(kind = "x|y z", namespace = "a/b.c", "a | in the\nmessage\u{1b}[31m");
        tracing::error!(operation = "", count = 3, ok = true);
        std::thread::Builder::new()
            .name("a name: longer than the thirty-two that fit".to_owned())
            .spawn(|| ())
            .unwrap();
    });
    let (published, grammar) = (Regex::new(PUBLISHED).unwrap(), Regex::new(GRAMMAR).unwrap());
    assert_eq!(lines.len(), 4);
    for line in &lines {
        assert!(published.is_match(line), "{line}");
        assert!(grammar.is_match(line), "{line}");
    }
    let tail = |n: usize| lines[n].splitn(6, '|').nth(5).unwrap().split_once('|').unwrap().1;
    assert_eq!(tail(0), "|a plain event");
    assert_eq!(tail(1), "uid:0df28fbd-5f5f|review name=tango.test milliseconds=0.25");
    assert_eq!(tail(2), r"kind:x_y_z,namespace:a_b_c|a | in the\nmessage\u{1b}[31m");
    assert_eq!(tail(3), "| count=3 ok=true");
    assert!(lines[0].contains("|it.telemetry|telemetry.rs#"), "{}", lines[0]);
}

#[test]
fn a_level_below_the_filter_is_not_logged() {
    let log = Log::default();
    let lines = log.lines(Format::Ska, "info,it::telemetry=warn", || {
        tracing::info!("not wanted");
        tracing::warn!("wanted");
    });
    assert_eq!(lines.len(), 1);
    assert!(lines[0].ends_with("|wanted"));
    let error = telemetry::subscriber(Format::Ska, "it=loud", Log::default()).err().unwrap();
    assert_eq!(error.to_string(), "log filter `it=loud` is not a level or a list of them");
}

#[test]
fn json_is_one_object_a_line() {
    let log = Log::default();
    let lines = log.lines(Format::Json, "info", || {
        tracing::info!(uid = "0df28fbd", decision = "deny", "two\nlines");
    });
    assert_eq!(lines.len(), 1);
    let event: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(event["message"], "two\nlines");
    assert_eq!(event["decision"], "deny");
    assert_eq!(event["level"], "INFO");
    assert_eq!(event["target"], "it::telemetry");
    assert!(event["line_number"].is_u64());
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// The lines that `act` logs.
    fn lines(&self, format: Format, filter: &str, act: impl FnOnce()) -> Vec<String> {
        let subscriber = telemetry::subscriber(format, filter, self.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, act);
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
