//! `serve`: the admission webhook, with an embedded default for everything.

mod artefact;
mod cluster;
mod court;
#[cfg(feature = "otlp")]
mod traces;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tracing::{error, info};

use super::policies::{Choice, File};
use super::{ALLOWED, Console, Failure};
use crate::cluster::Parts;
use crate::engine::Known;
use crate::server::{self, Bound, Judge, Limits, Review, Source};
use crate::telemetry;
use court::Court;

/// How often policy files are looked at.
const RELOAD: Duration = Duration::from_secs(2);

/// A review that the shipped policies deny, for the line that a newcomer can paste.
const EXAMPLE: &str = include_str!("example-review.json");

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where reviews come in, over TLS
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443", env = "PORTCULLIS_LISTEN")]
    listen: SocketAddr,
    /// Where /livez, /readyz and /metrics are, over plain HTTP
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:9443",
        env = "PORTCULLIS_MANAGEMENT"
    )]
    management: SocketAddr,
    /// A certificate chain as PEM; made by the program if not given
    #[arg(long, value_name = "FILE", requires = "tls_key", env = "PORTCULLIS_TLS_CERT")]
    tls_cert: Option<PathBuf>,
    /// The key of the certificate as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert", env = "PORTCULLIS_TLS_KEY")]
    tls_key: Option<PathBuf>,
    /// Another DNS name or IP address for the certificate that the program makes
    #[arg(long, value_name = "NAME", env = "PORTCULLIS_TLS_HOST", value_delimiter = ',')]
    tls_host: Vec<String>,
    /// Where the program keeps what it makes
    #[arg(long, value_name = "DIR", default_value = ".portcullis", env = "PORTCULLIS_DATA_DIR")]
    data_dir: PathBuf,
    #[command(flatten)]
    policies: Choice,
    #[command(flatten)]
    cluster: cluster::Flags,
    #[command(flatten)]
    artefact: artefact::Flags,
    /// How long to serve on, not ready, after SIGTERM, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "5", env = "PORTCULLIS_DRAIN_DELAY")]
    drain_delay: f64,
    /// How log lines look
    #[arg(long, value_name = "FORMAT", default_value = "ska", env = "PORTCULLIS_LOG_FORMAT")]
    log_format: LogFormat,
    /// What to log: a level, or levels of modules
    #[arg(long, value_name = "FILTER", default_value = "info", env = "PORTCULLIS_LOG")]
    log: String,
    #[cfg(feature = "otlp")]
    #[command(flatten)]
    traces: traces::Flags,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    /// The SKA log line
    Ska,
    /// One JSON object a line
    Json,
}

/// Serves until SIGTERM or SIGINT.
pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    let drain_delay = Duration::try_from_secs_f64(arguments.drain_delay)
        .map_err(|_| Failure::new("`--drain-delay` must be a number of seconds"))?;
    let files = arguments.policies.read()?;
    let loaded = arguments.policies.compile(&files, &[])?;
    let judge = Judge::new(loaded.engine).map_err(|unfit| Failure::new(unfit.to_string()))?;
    let judge = Arc::new(judge);
    let _log = telemetry::install(&telemetry::Args {
        format: match arguments.log_format {
            LogFormat::Ska => telemetry::Format::Ska,
            LogFormat::Json => telemetry::Format::Json,
        },
        output: telemetry::Output::Stdout,
        filter: arguments.log.clone(),
        #[cfg(feature = "otlp")]
        traces: arguments.traces.wanted(),
    })
    .map_err(|error| Failure::of(&error))?;
    info!("policy set {} read", judge.digest());
    if arguments.cluster.cluster {
        return cluster::run(arguments, files, judge, drain_delay);
    }
    let parts = Parts::of_files(arguments.policies.texts(&files));
    let court = Court::new(Arc::clone(&judge), parts);
    if !arguments.policies.policy.is_empty() {
        let (choice, judge) = (arguments.policies.clone(), Arc::clone(&judge));
        thread::spawn(move || keep_in_force(&choice, files, &judge));
    }
    let runtime = server::runtime().map_err(|error| Failure::of(&error))?;
    let ended = runtime.block_on(async {
        let mut registry = server::registry();
        let door = arguments.artefact.open(arguments, &judge, &mut registry).await?;
        let served = if arguments.artefact.only_artefacts {
            server::asked_to_end().await;
            Ok(())
        } else {
            let court = Arc::new(court);
            let wanted =
                server::Args { registry, ..arguments.server(arguments.certificate(), court) };
            let invited = |bound: &Bound| {
                if let Err(problem) = invite(arguments, bound, console) {
                    error!("{}", problem.message);
                }
            };
            wanted.run(drain_delay, invited).await.map_err(|error| Failure::of(&error))
        };
        if let Some(door) = door {
            door.end(arguments.farewell(drain_delay)).await;
        }
        served
    });
    // A judge that never returns does not keep the process.
    runtime.shutdown_background();
    ended.map(|()| ALLOWED)
}

impl Arguments {
    fn server(&self, certificate: Source, review: Arc<dyn Review>) -> server::Args {
        server::Args {
            listen: self.listen,
            management: self.management,
            certificate,
            refresh: server::REFRESH,
            limits: Limits::default(),
            review,
            registry: server::registry(),
            awaited: Arc::new(|| None),
        }
    }

    /// How long the artefact door serves on: the admission door before it has waited already.
    fn farewell(&self, drain_delay: Duration) -> Duration {
        if self.artefact.only_artefacts { drain_delay } else { Duration::ZERO }
    }

    fn certificate(&self) -> Source {
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                Source::Files { certificate: certificate.clone(), key: key.clone() }
            }
            _ => Source::Made { directory: self.data_dir.clone(), hosts: self.tls_host.clone() },
        }
    }
}

/// Prints a line that works as it stands and is denied, for whoever starts it for the first
/// time. With given certificates someone else knows how to trust them.
fn invite(arguments: &Arguments, bound: &Bound, console: &mut Console) -> Result<(), Failure> {
    let Some(authority) = arguments.certificate().authority() else { return Ok(()) };
    let example = arguments.data_dir.join("example-review.json");
    fs::write(&example, EXAMPLE)
        .map_err(|error| Failure::new(format!("cannot write `{}`: {error}", example.display())))?;
    console.note(format_args!(
        "Try it:\n  curl --silent --cacert {} --header 'Content-Type: application/json' \
         --data @{} https://localhost:{}/validate",
        shown(&authority),
        shown(&example),
        bound.addresses().admission.port(),
    ));
    Ok(())
}

/// A path as a shell takes it.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Puts a changed set of files in force, for ever. A broken one is logged once, and the set in
/// force stays.
fn keep_in_force(choice: &Choice, known: Vec<File>, judge: &Judge) {
    follow(choice, known, |files| {
        let replaced =
            choice.compile(files, &[]).map_err(|failure| failure.message).and_then(|loaded| {
                let replaced = judge.replace(loaded.engine, Known::default());
                replaced.map_err(|unfit| unfit.to_string())
            });
        match replaced {
            Ok(()) => info!("policy set {} in force", judge.digest()),
            Err(problem) => {
                let problem = problem.replace('\n', "; ");
                error!("policy set {} stays in force: {problem}", judge.digest());
            }
        }
    });
}

/// Looks at the policy files again and again, and tells of every change.
fn follow(choice: &Choice, mut known: Vec<File>, mut changed: impl FnMut(&[File])) {
    let mut unread = 0_u32;
    loop {
        thread::sleep(RELOAD);
        match choice.read() {
            Ok(files) if files == known => unread = 0,
            Ok(files) => {
                unread = 0;
                changed(&files);
                known = files;
            }
            Err(problem) => {
                unread = unread.saturating_add(1);
                // A file may be missing for a moment while it is replaced.
                if unread == 2 {
                    error!("the policy set stays in force: {}", problem.message);
                }
            }
        }
    }
}
