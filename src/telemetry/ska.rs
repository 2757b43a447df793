//! The SKA log line: `1|TIME|SEVERITY|THREAD|FUNCTION|FILE#LINE|TAGS|MESSAGE`.
//!
//! The format has a grammar and a regular expression, and they differ. What is written here is
//! what both accept: a dot for `::` in a module's path, no hyphen in a file's name, and nothing
//! but letters, digits, hyphens and underscores in a tag's value.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

/// Fields that are tags. All others follow the message as `name=value`.
const TAGS: [&str; 6] = ["stage", "uid", "kind", "namespace", "operation", "decision"];
const VERSION: &str = "1";
const LONGEST_THREAD: usize = 32;
const LONGEST_FILE: usize = 64;
const LARGEST_LINE: u32 = 99_999;

/// Writes events as SKA log lines.
#[derive(Clone, Copy, Debug)]
pub struct SkaFormat;

impl<S, N> FormatEvent<S, N> for SkaFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        write!(line, "{VERSION}|{:.3}|", jiff::Timestamp::now())?;
        write!(line, "{}|", severity(*metadata.level()))?;

        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default();
        kept(&mut line, name, LONGEST_THREAD, |c| c == '-')?;
        line.write_char('|')?;

        let function = metadata.target().replace("::", ".");
        kept(&mut line, &function, usize::MAX, |c| matches!(c, '.' | '_' | '-'))?;
        line.write_char('|')?;

        let file = metadata.file().map(|path| path.rsplit(['/', '\\']).next().unwrap_or(path));
        if let (Some(file), Some(number)) = (file, metadata.line()) {
            kept(&mut line, file, LONGEST_FILE, |c| matches!(c, '.' | '_'))?;
            write!(line, "#{}", number.min(LARGEST_LINE))?;
        }
        line.write_char('|')?;

        let mut fields = Fields::default();
        event.record(&mut fields);
        writeln!(line, "{}|{}{}", fields.tags, fields.message, fields.others)
    }
}

/// tracing's levels in syslog's words.
fn severity(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG | Level::TRACE => "DEBUG",
    }
}

/// Writes at most `length` characters, with `_` for each that may not be there.
fn kept(
    line: &mut dyn fmt::Write,
    text: &str,
    length: usize,
    also: impl Fn(char) -> bool,
) -> fmt::Result {
    text.chars().take(length).try_for_each(|c| match c.is_ascii_alphanumeric() || also(c) {
        true => line.write_char(c),
        false => line.write_char(if also('_') { '_' } else { '-' }),
    })
}

/// The fields of an event, sorted into the places that a line has for them.
#[derive(Default)]
struct Fields {
    tags: String,
    message: String,
    others: String,
}

impl Fields {
    fn put(&mut self, field: &Field, value: &str) {
        let name = field.name();
        // Writing to a string does not fail.
        let _ = match name {
            "message" => one_line(&mut self.message, value),
            name if TAGS.contains(&name) && !value.is_empty() => {
                let comma = if self.tags.is_empty() { "" } else { "," };
                let _ = write!(self.tags, "{comma}{name}:");
                kept(&mut self.tags, value, usize::MAX, |c| matches!(c, '-' | '_'))
            }
            name if TAGS.contains(&name) => Ok(()),
            name => {
                let _ = write!(self.others, " {name}=");
                one_line(&mut self.others, value)
            }
        };
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, &format!("{value:?}"));
    }
}

/// Writes text without line breaks, escapes or anything else that a terminal would act upon.
fn one_line(line: &mut String, text: &str) -> fmt::Result {
    text.chars().try_for_each(|c| match c.is_control() {
        true => write!(line, "{}", c.escape_default()),
        false => line.write_char(c),
    })
}
