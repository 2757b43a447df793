//! The program's log: one line an event, in the format of SKA's logs or as JSON.
//!
//! A log says what was asked and what came of it: uid, kind, namespace, name, operation and
//! decision. No object and no value of one is ever handed to it. Traces, where they are asked for,
//! say the same (`trace`).

mod panic;
mod queue;
mod ska;
#[cfg(feature = "otlp")]
mod trace;

use std::str::FromStr;
use std::{fmt, io};

#[cfg(not(feature = "otlp"))]
use tracing::Dispatch;
use tracing::Subscriber;
use tracing::dispatcher::set_global_default;
use tracing_subscriber::filter::{FilterExt as _, Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

pub use panic::note_place_only;
pub use queue::Queue;
pub use ska::SkaFormat;
#[cfg(feature = "otlp")]
pub use trace::{Error as Untraced, Traces, follow_caller};

/// How an event is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The SKA log line: `1|TIME|SEVERITY|THREAD|FUNCTION|FILE#LINE|TAGS|MESSAGE`.
    #[default]
    Ska,
    /// One JSON object a line.
    Json,
}

/// Where events go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// What SKA asks of a service.
    #[default]
    Stdout,
    /// For a program whose stdout is a report.
    Stderr,
}

/// How to log.
#[derive(Clone, Debug)]
pub struct Args {
    pub format: Format,
    pub output: Output,
    /// What to log: a level, or levels for modules, as `info,portcullis::server=debug`.
    pub filter: String,
    /// Where traces go; `None` sends none, and then they cost nothing.
    #[cfg(feature = "otlp")]
    pub traces: Option<Traces>,
}

/// Logs, and traces if that is wanted, until it is dropped.
#[derive(Debug)]
pub struct Guard {
    // Its farewell may have something to log.
    #[cfg(feature = "otlp")]
    _traces: Option<trace::Sending>,
    _log: queue::Guard,
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("log filter `{filter}` is not a level or a list of them")]
    Filter { filter: String, source: tracing_subscriber::filter::ParseError },
    #[error("there is a log already")]
    Installed(#[from] tracing::subscriber::SetGlobalDefaultError),
    #[error("cannot start the thread that writes the log")]
    Thread(#[from] io::Error),
    #[cfg(feature = "otlp")]
    #[error(transparent)]
    Traces(#[from] Untraced),
}

/// Logs for the whole process, panics included, until the guard is dropped. It is not for an
/// asynchronous runtime.
pub fn install(args: &Args) -> Result<Guard, Error> {
    let (queue, log) = match args.output {
        Output::Stdout => Queue::start(io::stdout())?,
        Output::Stderr => Queue::start(io::stderr())?,
    };
    let subscriber = subscriber(args.format, &args.filter, queue)?;
    #[cfg(feature = "otlp")]
    let traces = args.traces.as_ref().map(trace::Sending::start).transpose()?;
    #[cfg(feature = "otlp")]
    let dispatch = trace::traced(subscriber, traces.as_ref());
    #[cfg(not(feature = "otlp"))]
    let dispatch = Dispatch::new(subscriber);
    set_global_default(dispatch)?;
    note_place_only();
    Ok(Guard {
        #[cfg(feature = "otlp")]
        _traces: traces,
        _log: log,
    })
}

/// Makes a span a part of the trace that a caller names: there are no traces.
#[cfg(not(feature = "otlp"))]
pub const fn follow_caller(_: &tracing::Span, _: &hyper::HeaderMap) {}

/// What takes events and writes them to `writer`.
pub fn subscriber<W>(
    format: Format,
    filter: &str,
    writer: W,
) -> Result<impl Subscriber + for<'a> LookupSpan<'a> + Send + Sync + use<W>, Error>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter: Targets =
        filter.parse().map_err(|source| Error::Filter { filter: filter.to_owned(), source })?;
    // Spans are for traces: where there are none, none are made.
    let filter = filter.and(filter_fn(|it| it.is_event()));
    Ok(Registry::default().with(layer(format, writer).with_filter(filter)))
}

fn layer<S, W>(format: Format, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
    match format {
        Format::Ska => layer.event_format(SkaFormat).boxed(),
        Format::Json => layer
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_file(true)
            .with_line_number(true)
            .boxed(),
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ska" => Ok(Self::Ska),
            "json" => Ok(Self::Json),
            _ => Err(format!("log format `{text}` is neither `ska` nor `json`")),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ska => "ska",
            Self::Json => "json",
        })
    }
}
