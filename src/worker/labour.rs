//! Works the queue off: look, judge, store, act.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::field::Empty;
use tracing::{Instrument as _, Span, debug, error, info, info_span, warn};

use super::act::Acts;
use super::database::Database;
use super::examiner::Examiner;
use super::metrics::Metrics;
use super::queue::{Claim, Queue};
use super::record::{Ended, Record};
use super::site::Unfit;
use super::source::{Source, Sources};
use super::sweep::{Sweep, under};
use super::trouble::Trouble;
use super::words;
use crate::artefact::Push;
use crate::policyfile::{ArtefactDoor, WorkSettings};

/// How often to look for work when there is none.
const LOOK: Duration = Duration::from_millis(250);
/// How long to wait when the database fails.
const REST: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How often the queue is counted.
const COUNT: Duration = Duration::from_secs(10);
/// The longest pause after a failure, and after one that is somebody else's.
const LONGEST: Duration = Duration::from_secs(3600);
const LONGEST_AWAY: Duration = Duration::from_secs(300);

/// What is needed to work.
pub struct Labour {
    crew: Arc<Crew>,
    sweep: Sweep,
    workers: u8,
}

/// Workers and the sweep, at work.
pub struct Running {
    ended: CancellationToken,
    tasks: TaskTracker,
}

struct Crew {
    queue: Queue,
    record: Record,
    sources: Sources,
    examiner: Arc<dyn Examiner>,
    acts: Acts,
    metrics: Metrics,
    settings: WorkSettings,
    holder: String,
}

impl Labour {
    /// `holder` is this process, and no other.
    ///
    /// # Errors
    ///
    /// A server of the configuration can't be called.
    pub fn new(
        door: &ArtefactDoor,
        database: &Database,
        sources: &Sources,
        examiner: Arc<dyn Examiner>,
        metrics: Metrics,
        holder: &str,
    ) -> Result<Self, Unfit> {
        let acts = Acts::new(door)?;
        let sweep = Sweep {
            database: database.clone(),
            sources: sources.clone(),
            examiner: Arc::clone(&examiner),
            leader: Sweep::new_leader(database, holder),
            metrics: metrics.clone(),
            interval: Duration::from_secs(u64::from(door.sweep.interval_seconds)),
            pause: Duration::from_secs(1) / door.sweep.calls_per_second.max(1),
            dry_run: acts.dry_run(),
            keep: DAY.saturating_mul(door.verdicts.keep_days),
        };
        let crew = Crew {
            queue: Queue::new(database.clone()),
            record: Record::new(database.clone()),
            sources: sources.clone(),
            examiner,
            acts,
            metrics,
            settings: door.work.clone(),
            holder: holder.to_owned(),
        };
        Ok(Self { crew: Arc::new(crew), sweep, workers: door.work.workers.max(1) })
    }

    /// Starts to work, in the current runtime.
    pub fn start(self) -> Running {
        let ended = CancellationToken::new();
        let tasks = TaskTracker::new();
        for _ in 0..self.workers {
            tasks.spawn(Arc::clone(&self.crew).work(ended.clone()));
        }
        tasks.spawn(self.sweep.run(ended.clone()));
        let counting = Arc::clone(&self.crew).count();
        let counted = ended.clone();
        tasks.spawn(async move { counted.run_until_cancelled(counting).await.map(drop) });
        tasks.close();
        Running { ended, tasks }
    }
}

impl Running {
    /// Takes nothing more, and finishes what is under way within `patience`. What is not finished
    /// is taken by another when its lease is over.
    pub async fn end(self, patience: Duration) {
        self.ended.cancel();
        if timeout(patience, self.tasks.wait()).await.is_err() {
            warn!("work on artefacts is cut off");
        }
    }
}

impl Crew {
    async fn work(self: Arc<Self>, ended: CancellationToken) {
        let lease = Duration::from_secs(u64::from(self.settings.lease_seconds));
        let mut troubled = false;
        while !ended.is_cancelled() {
            let pause = match self.queue.claim(&self.holder, lease).await {
                Ok(Some(claim)) => {
                    troubled = false;
                    self.attend(claim).await;
                    continue;
                }
                Ok(None) => {
                    troubled = false;
                    LOOK
                }
                Err(problem) => {
                    if !std::mem::replace(&mut troubled, true) {
                        error!("nothing is taken from the queue: {}", words(&problem));
                    }
                    REST
                }
            };
            let _ = ended.run_until_cancelled(sleep(jittered(pause))).await;
        }
    }

    /// Works on one component for as long as it is ours.
    async fn attend(&self, claim: Claim) {
        let it = &claim.coordinates;
        let span = info_span!(
            "artefact",
            otel.kind = "consumer",
            repository = it.repository,
            name = it.name,
            version = it.version,
            attempt = claim.attempts,
            outcome = Empty,
        );
        let work = self.work_on(&claim).instrument(span);
        let worked = tokio::select! {
            worked = work => worked,
            () = claim.keep() => Err(Trouble::Lost),
        };
        let shown = claim.coordinates.to_string();
        let ended = match worked {
            Ok(()) => claim.finish(self.settle()).await.map(drop),
            Err(trouble) => {
                self.metrics.troubled(&trouble);
                let said = words(&trouble);
                match &trouble {
                    Trouble::Lost => {
                        warn!("`{shown}` is left to others: {said}");
                        return;
                    }
                    Trouble::Database(_) => warn!("`{shown}` is not worked off: {said}"),
                    _ => info!("`{shown}` is not worked off: {said}"),
                }
                let (pause, counts) = self.again(&trouble, claim.attempts);
                if pause.is_none() {
                    error!(
                        "`{shown}` was tried {} times, and needs a person: {said}",
                        claim.attempts
                    );
                }
                claim.fail(&said, pause, counts).await.map(drop)
            }
        };
        if let Err(problem) = ended {
            warn!("`{shown}` is taken again when its lease is over: {}", words(&problem));
        }
    }

    async fn work_on(&self, claim: &Claim) -> Result<(), Trouble> {
        let Some(source) = self.sources.find(&claim.coordinates.repository) else {
            debug!("`{}` is in no repository that is judged", claim.coordinates);
            return Ok(());
        };
        let there = source.look(&claim.component).instrument(info_span!("look")).await?;
        if let Some(push) = &there {
            self.judge(claim, source, push).await?;
        }
        self.act(claim, source, there.as_ref()).instrument(info_span!("act")).await
    }

    /// Sees to it that there is a verdict on what is there, and the intents that follow from it.
    async fn judge(&self, claim: &Claim, source: &Source, push: &Push) -> Result<(), Trouble> {
        let policy_set = self.examiner.policy_set();
        let dry_run = self.acts.dry_run();
        if claim.digest == push.digest && claim.judged_under == under(&policy_set, dry_run) {
            return Ok(());
        }
        let known = self.record.verdict(push, &policy_set).await?;
        let is_new = known.is_none();
        let verdict = match known {
            Some(verdict) => verdict,
            None => {
                let earlier = self.record.earlier(push).await?;
                let examining = self.examiner.examine(push, &earlier);
                examining.instrument(info_span!("examine")).await?
            }
        };
        Span::current().record("outcome", verdict.outcome.as_str());
        let intents = self.acts.intents(source, &verdict);
        let under = under(&verdict.policy_set, dry_run);
        self.record.store(claim, push, &verdict, &under, &intents).await?;
        if is_new {
            self.metrics.judged(verdict.outcome);
            info!(
                repository = push.coordinates.repository,
                name = push.coordinates.name,
                version = push.coordinates.version,
                digest = push.digest,
                outcome = verdict.outcome.as_str(),
                policy_set = verdict.policy_set,
                "artefact"
            );
        }
        Ok(())
    }

    /// Carries out what is open. One failure does not hold up the rest.
    async fn act(
        &self,
        claim: &Claim,
        source: &Source,
        there: Option<&Push>,
    ) -> Result<(), Trouble> {
        let mut first = None;
        for open in self.record.open(claim).await? {
            match self.acts.carry_out(claim, &self.record, source, &open, there).await {
                Ok(ended) => {
                    let done = matches!(ended, Ended::Done(_));
                    self.metrics.acted(open.kind, if done { "done" } else { "moot" });
                    let (Ended::Done(how) | Ended::Moot(how)) = &ended;
                    info!("{} of `{}`: {how}", open.kind.as_str(), open.coordinates);
                }
                Err(trouble @ (Trouble::Lost | Trouble::Database(_))) => return Err(trouble),
                Err(trouble) => {
                    self.metrics.acted(open.kind, "failed");
                    first.get_or_insert(trouble);
                }
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// When to try again, and whether this time counts.
    fn again(&self, trouble: &Trouble, attempts: u32) -> (Option<Duration>, bool) {
        let base = Duration::from_millis(u64::from(self.settings.backoff_milliseconds));
        let doubled = base.saturating_mul(1 << attempts.saturating_sub(1).min(20));
        match trouble {
            Trouble::Failed(_) if attempts >= self.settings.attempts => (None, true),
            Trouble::Failed(_) => (Some(jittered(doubled.min(LONGEST))), true),
            Trouble::Changed => (Some(jittered(base)), false),
            // It is counted at first, so that the pauses grow, and then no more: an outage makes no
            // dead letter, and leaves attempts for what is wrong with the artefact.
            _ => {
                let counts = attempts <= self.settings.attempts / 2;
                (Some(jittered(doubled.min(LONGEST_AWAY))), counts)
            }
        }
    }

    fn settle(&self) -> Duration {
        Duration::from_millis(u64::from(self.settings.settle_milliseconds))
    }

    async fn count(self: Arc<Self>) {
        loop {
            if let Ok(counts) = self.queue.counts().await {
                self.metrics.counted(counts);
            }
            sleep(COUNT).await;
        }
    }
}

/// Between half of it and one and a half, so that many do not come back at once.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish() % 1000;
    pause / 2 + pause.mul_f64(f64::from(u32::try_from(random).unwrap_or_default()) / 1000.0)
}
