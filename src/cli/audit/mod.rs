//! `audit`: what exists in a cluster against the policy set.

mod what_if;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use self::what_if::beyond;
use super::output::{self, Reporting};
use super::policies::Choice;
use super::{ALLOWED, COULD_NOT_RUN, Console, DENIED, Failure};
use crate::cluster::audit::{
    Court, Limits, Options, Reports, Scan, Unwritten, Written, scan, show, write,
};
use crate::cluster::discovery::Served;
use crate::cluster::{self, words};
use crate::report::{Run, plural};
use crate::resource::quantity::Quantity;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    policies: Choice,
    /// The file that says where the cluster is; by default the one of KUBECONFIG, that of the home
    /// directory, or what a pod is given
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_KUBECONFIG")]
    kubeconfig: Option<PathBuf>,
    /// Which of its contexts
    #[arg(long, value_name = "NAME", env = "PORTCULLIS_CONTEXT")]
    context: Option<String>,
    /// Judges the objects of one namespace only. Rules still know of all the others, as far as it
    /// is allowed to list them
    #[arg(long, value_name = "NAME", env = "PORTCULLIS_NAMESPACE")]
    namespace: Option<String>,
    /// Shows only what the policies of this file, or of the files of a directory, would deny if
    /// they were enforced, and is not denied already
    #[arg(long, value_name = "POLICY", env = "PORTCULLIS_WHAT_IF", value_delimiter = ',')]
    what_if: Vec<PathBuf>,
    #[command(flatten)]
    reporting: Reporting,
    /// Fails if a rule could not judge, or if there was no right to list a kind
    #[arg(long, env = "PORTCULLIS_STRICT")]
    strict: bool,
    /// Writes PolicyReports into the cluster, as the server does
    #[arg(long, value_name = "KIND", conflicts_with = "what_if", env = "PORTCULLIS_WRITE_REPORTS")]
    write_reports: Option<ReportKind>,
    #[command(flatten)]
    room: Room,
    /// At most how many requests a second the API server gets; 0 for as many as it answers
    #[arg(
        long,
        value_name = "NUMBER",
        default_value = "20",
        value_parser = rate,
        env = "PORTCULLIS_REQUESTS_PER_SECOND"
    )]
    requests_per_second: f64,
}

/// How much room the reports have, whoever writes them.
#[derive(Debug, Args)]
pub(super) struct Room {
    /// How many bytes all reports in the cluster may have
    #[arg(
        long,
        value_name = "BYTES",
        default_value = "10Mi",
        value_parser = bytes,
        env = "PORTCULLIS_REPORTS_MAX_BYTES"
    )]
    pub(super) reports_max_bytes: usize,
}

/// Objects that hold what an audit found.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ReportKind {
    /// PolicyReports of wgpolicyk8s.io
    Policyreport,
    /// Reports of openreports.io
    Openreports,
}

/// What came of it.
struct Ended {
    scan: Scan,
    written: Option<Result<Written, Unwritten>>,
    took: Duration,
}

pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    arguments.reporting.check()?;
    let court = arguments.court()?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let ended = runtime.block_on(arguments.audit(court));
    runtime.shutdown_background();
    let ended = ended?;
    let mut run = show(&ended.scan);
    run.summary.notices.extend(run.notices(Timestamp::now()));
    let all_written = arguments.report(&run, console)?;
    let reports_written = ended.tell(console);
    Ok(match () {
        () if !all_written || !reports_written || ended.saw_nothing() => COULD_NOT_RUN,
        () if arguments.reporting.is_failed_by(&run) || arguments.is_missed(&ended.scan) => DENIED,
        () => ALLOWED,
    })
}

impl Arguments {
    fn court(&self) -> Result<Court, Failure> {
        let loaded = self.policies.load()?;
        if self.what_if.is_empty() {
            return Ok(Court { engine: loaded.engine.into(), beyond: None });
        }
        let engine = beyond(&loaded.set, &Choice::of_files(&self.what_if))?;
        Ok(Court { engine: engine.into(), beyond: Some(loaded.engine.into()) })
    }

    async fn audit(&self, court: Court) -> Result<Ended, Failure> {
        let client = cluster::client(self.kubeconfig.as_deref(), self.context.as_deref()).await;
        let client =
            client.map_err(|error| Failure::of(&error).help("name a file with `--kubeconfig`"))?;
        let begin = Instant::now();
        let options = Options {
            namespace: self.namespace.clone(),
            requests_per_second: self.requests_per_second,
            all: self.reporting.needs(self.reporting.format()).objects,
        };
        let served = Served::ask(client.clone()).await.map_err(|error| unreachable_api(&error))?;
        let scan = scan(&client, &court, &served, &options).await;
        let scan = scan.map_err(|error| Failure::new(error.to_string()))?;
        let written = match self.write_reports {
            None => None,
            Some(kind) => {
                let limits = Limits {
                    max_bytes: self.room.reports_max_bytes,
                    requests_per_second: self.requests_per_second,
                };
                let namespace = self.namespace.as_deref();
                Some(write(&client, &served, &scan, namespace, kind.into(), limits).await)
            }
        };
        Ok(Ended { scan, written, took: begin.elapsed() })
    }

    /// Writes what was asked for, and returns whether all could be.
    fn report(&self, run: &Run, console: &mut Console) -> Result<bool, Failure> {
        let all_written = self.reporting.write_files(run, console);
        output::stream(run, self.reporting.format(), console)?;
        self.reporting.stream_others(run, console)?;
        Ok(all_written)
    }

    /// Whether something was not judged that should have been.
    fn is_missed(&self, scan: &Scan) -> bool {
        let is_blind = scan.gaps.iter().any(|gap| gap.why.blinds());
        self.strict && (scan.skipped + scan.errors > 0 || is_blind)
    }
}

impl Ended {
    /// Tells what it took, and what became of the reports in the cluster; whether all is well with
    /// them.
    fn tell(&self, console: &mut Console) -> bool {
        console.note(format_args!(
            "audited {} in {:.1} s by {}",
            plural(self.scan.objects, "object"),
            self.took.as_secs_f64(),
            plural(self.scan.requests, "request"),
        ));
        match &self.written {
            None => true,
            Some(Err(error)) => {
                console.note(format_args!("error: no report is written: {error}"));
                if matches!(error, Unwritten::NotServed(_)) {
                    console.note("help: install the definitions of the reports");
                }
                false
            }
            Some(Ok(written)) => {
                console.note(line(written));
                if let Some(problem) = &written.problem {
                    console.note(format_args!("error: a report is not written: {problem}"));
                }
                written.failed == 0
            }
        }
    }

    /// Whether nothing could be judged for lack of rights.
    fn saw_nothing(&self) -> bool {
        self.scan.objects == 0 && self.scan.gaps.iter().any(|gap| gap.why.blinds())
    }
}

impl From<ReportKind> for Reports {
    fn from(kind: ReportKind) -> Self {
        match kind {
            ReportKind::Policyreport => Self::PolicyReport,
            ReportKind::Openreports => Self::OpenReports,
        }
    }
}

/// What became of the reports in the cluster.
fn line(written: &Written) -> String {
    let Written { reports, bytes, created, changed, deleted, left_out, cut, requests, .. } =
        written;
    let mut line = format!(
        "{} of {} in the cluster: {created} created, {changed} changed, {deleted} deleted by {}",
        plural(*reports, "report"),
        plural(*bytes, "byte"),
        plural(*requests, "request"),
    );
    if *left_out > 0 {
        line.push_str(&format!("; no room for {left_out} more"));
    }
    if *cut > 0 {
        line.push_str(&format!("; {cut} without all results"));
    }
    line
}

fn unreachable_api(error: &kube::Error) -> Failure {
    Failure::new(format!("the API server does not say what it serves: {}", words(error)))
}

/// So many bytes, as Kubernetes writes them: `10Mi`.
fn bytes(text: &str) -> Result<usize, String> {
    let expected = || "expected a number of bytes such as 10Mi".to_owned();
    let quantity = Quantity::parse(text).map_err(|_| expected())?;
    usize::try_from(quantity.nanos() / 1_000_000_000).map_err(|_| expected())
}

fn rate(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    let is_right = number.is_finite() && number >= 0.0;
    if is_right { Ok(number) } else { Err("expected a number that is not negative".to_owned()) }
}
