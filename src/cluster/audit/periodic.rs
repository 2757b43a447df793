//! The audit that the leader makes again and again.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::Client;
use kube::runtime::events::EventType;
use tokio::sync::watch;
use tokio::time::sleep;

use super::counts::Counts;
use super::scan::{Court, Scan, scan};
use super::write::{Limits, Unwritten, Written, write};
use super::{Error, Options, Reports};
use crate::cluster::discovery::Served;
use crate::cluster::event::Events;
use crate::cluster::policies::InForce;
use crate::engine::Engine;

/// How soon another policy set is audited: several policies often change together.
const SETTLED: Duration = Duration::from_secs(15);

/// How soon an audit that came to nothing is tried again.
const AGAIN: Duration = Duration::from_secs(60);

/// How audits are made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// From the end of one audit to the begin of the next.
    pub interval: Duration,
    pub options: Options,
    /// Where reports are written, if anywhere.
    pub reports: Option<(Reports, Limits)>,
}

/// Who audits.
pub(in crate::cluster) struct Auditor {
    pub(in crate::cluster) client: Client,
    /// The policy set in force; `None` before there is one.
    pub(in crate::cluster) in_force: watch::Receiver<Option<Arc<InForce>>>,
    pub(in crate::cluster) served: watch::Receiver<Arc<Served>>,
    /// Whether this replica is the one that writes.
    pub(in crate::cluster) leads: watch::Receiver<bool>,
    pub(in crate::cluster) plan: Plan,
    pub(in crate::cluster) counts: Arc<Counts>,
    pub(in crate::cluster) events: Events,
    /// Tells what became of the reports.
    pub(in crate::cluster) reporting: watch::Sender<Reporting>,
}

/// What became of the reports of the last audit that came to something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cluster) enum Reporting {
    /// There was none, or it was not to write any.
    #[default]
    Unknown,
    Written,
    /// Their definitions are not installed; what is missing.
    NotServed(String),
    /// Why they, or some of them, could not be written.
    Failed(String),
}

/// What came of an audit.
#[derive(Debug)]
pub(super) struct Last {
    pub(super) at: Timestamp,
    pub(super) took: Duration,
    /// The audit without what was found.
    pub(super) scan: Result<Scan, Error>,
    /// The findings that deny, that warn, and those that only count.
    pub(super) findings: [usize; 3],
    /// What became of the reports, if any were to be written.
    pub(super) reports: Option<Result<Written, Unwritten>>,
}

/// Audits for as long as this replica leads, and waits while it does not.
pub(in crate::cluster) async fn run(mut auditor: Auditor) -> Infallible {
    loop {
        let engine = auditor.engine().await;
        let last = auditor.audit(engine).await;
        let pause = if last.scan.is_ok() { auditor.plan.interval } else { AGAIN };
        auditor.counts.take(&last);
        let reporting = auditor.tell(&last).await;
        tokio::select! {
            () = sleep(pause) => {}
            () = changed(&mut auditor.in_force) => sleep(SETTLED).await,
            // What was missing may be there now.
            () = changed(&mut auditor.served), if matches!(reporting, Reporting::NotServed(_)) => {}
        }
    }
}

impl Auditor {
    /// Waits until this replica leads and there is a policy set in force.
    async fn engine(&mut self) -> Arc<Engine> {
        loop {
            if self.leads.wait_for(|leads| *leads).await.is_err() {
                std::future::pending::<()>().await;
            }
            if let Some(set) = self.in_force.borrow_and_update().clone() {
                return Arc::clone(&set.assembly.engine);
            }
            changed(&mut self.in_force).await;
        }
    }

    /// Tells what became of the reports, and makes an Event of news that is bad.
    async fn tell(&self, last: &Last) -> Reporting {
        let now = Reporting::of(last).unwrap_or_else(|| self.reporting.borrow().clone());
        let is_news = self.reporting.send_if_modified(|before| {
            let changed = *before != now;
            before.clone_from(&now);
            changed
        });
        if let (true, Some((reason, message))) = (is_news, now.trouble()) {
            self.events.say(EventType::Warning, reason, message).await;
        }
        now
    }

    async fn audit(&mut self, engine: Arc<Engine>) -> Last {
        let (at, begin) = (Timestamp::now(), Instant::now());
        let court = Court { engine, beyond: None };
        let served = self.served.borrow_and_update().clone();
        let ended = async {
            let scan = scan(&self.client, &court, &served, &self.plan.options).await?;
            let written = match &self.plan.reports {
                None => None,
                Some((reports, limits)) => {
                    let namespace = self.plan.options.namespace.as_deref();
                    Some(write(&self.client, &served, &scan, namespace, *reports, *limits).await)
                }
            };
            Ok((scan, written))
        };
        let (scan, reports) = match ended.await {
            Ok((scan, written)) => (Ok(scan), written),
            Err(error) => (Err(error), None),
        };
        let mut last = Last { at, took: begin.elapsed(), scan, findings: [0; 3], reports };
        last.count();
        last.log();
        last
    }
}

impl Reporting {
    /// `None` if nobody tried to write any.
    fn of(last: &Last) -> Option<Self> {
        Some(match last.reports.as_ref()? {
            Err(Unwritten::NotServed(kind)) => Self::NotServed(kind.clone()),
            Err(Unwritten::Failed(error)) => Self::Failed(error.to_string()),
            Ok(Written { problem: Some(problem), .. }) => Self::Failed(problem.clone()),
            Ok(_) => Self::Written,
        })
    }

    /// Why reports are missing, in a word and in a sentence.
    pub(in crate::cluster) fn trouble(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Unknown | Self::Written => None,
            Self::NotServed(kind) => {
                let help = "install the definitions of the reports, or set `--reports none`";
                let message =
                    format!("no report is written: the API server does not serve `{kind}`; {help}");
                Some(("ReportsNotServed", message))
            }
            Self::Failed(why) => Some(("ReportsNotWritten", format!("reports are missing: {why}"))),
        }
    }
}

impl Last {
    /// Counts the findings, and keeps nothing else of them.
    fn count(&mut self) {
        let Ok(scan) = &mut self.scan else { return };
        let run = super::show(scan);
        let [deny, warn, audit, ..] = run.counts();
        self.findings = [deny, warn, audit];
        scan.judged = Vec::new();
    }

    fn log(&self) {
        match &self.scan {
            Err(error) => tracing::error!("the audit came to nothing: {error}"),
            Ok(scan) => {
                let [deny, warn, audit] = self.findings;
                tracing::info!(
                    "audited {} objects in {:.1} s by {} requests: {deny} deny, {warn} warn, {audit} audit",
                    scan.objects,
                    self.took.as_secs_f64(),
                    scan.requests,
                );
            }
        }
        match &self.reports {
            None => {}
            Some(Err(error)) => tracing::warn!("no reports are written: {error}"),
            Some(Ok(written)) => tracing::info!(
                "{} reports of {} bytes: {} created, {} changed, {} deleted, {} failed",
                written.reports,
                written.bytes,
                written.created,
                written.changed,
                written.deleted,
                written.failed,
            ),
        }
    }
}

/// Waits for another value; for ever if there will be none.
async fn changed<T>(receiver: &mut watch::Receiver<T>) {
    if receiver.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
