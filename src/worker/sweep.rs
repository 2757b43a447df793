//! Finds what the hooks did not tell: lost ones, what was pushed while nobody listened, what was
//! judged under other policies.
//!
//! One replica sweeps. Two at once would only look twice.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::database::{Database, Error, Work, sql};
use super::examiner::Examiner;
use super::forget;
use super::leader::Leader;
use super::metrics::Metrics;
use super::queue::{Queue, Wanted, milliseconds};
use super::source::{Source, Sources};
use super::trouble::Trouble;
use crate::artefact::{Page, Push};

/// How often to look whether a sweep is due.
const LOOK: Duration = Duration::from_secs(1);
/// How long a replica leads without a sign of life.
const LEASE: Duration = Duration::from_secs(10);
/// How often old deliveries are forgotten.
const TIDY: Duration = Duration::from_secs(3600);

/// Sweeps repositories in turn.
pub struct Sweep {
    pub(super) database: Database,
    pub(super) sources: Sources,
    pub(super) examiner: Arc<dyn Examiner>,
    pub(super) leader: Leader,
    pub(super) metrics: Metrics,
    /// From the start of one sweep of a repository to the next.
    pub(super) interval: Duration,
    /// Between two calls.
    pub(super) pause: Duration,
    pub(super) dry_run: bool,
    /// How long verdicts on what is gone are kept.
    pub(super) keep: Duration,
}

/// How much one sweep saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Swept {
    looked: i64,
    found: i64,
    /// Not all there yet: the next sweep looks at them again.
    unread: usize,
}

/// Has a repository swept after a pause, or when it was to be swept anyway if that is sooner.
pub(super) async fn soon(work: &mut Work, repository: &str, pause: Duration) -> Result<(), Error> {
    sql("INSERT INTO sweep (repository, due, ended, looked, found, problem) \
         VALUES ($1, :now + $2, 0, 0, 0, '') ON CONFLICT (repository) DO UPDATE SET \
         due = CASE WHEN sweep.due < excluded.due THEN sweep.due ELSE excluded.due END")
    .text(repository)
    .int(milliseconds(pause))
    .run(work)
    .await?;
    Ok(())
}

/// What a component was judged under: the same policies with dry runs leave something to do.
pub(super) fn under(policy_set: &str, dry_run: bool) -> String {
    if dry_run { format!("{policy_set} dry-run") } else { policy_set.to_owned() }
}

impl Sweep {
    /// Has a repository swept at once, or all of them.
    pub async fn ask(database: &Database, repositories: &[&str]) -> Result<(), Error> {
        let mut work = database.write().await?;
        for repository in repositories {
            soon(&mut work, repository, Duration::ZERO).await?;
        }
        work.commit().await
    }

    pub(super) fn new_leader(database: &Database, holder: &str) -> Leader {
        Leader::new(database.clone(), "sweep", holder, LEASE)
    }

    /// Sweeps whenever it is due, until it is cancelled.
    pub(super) async fn run(self, ended: CancellationToken) {
        let swept = ended.run_until_cancelled(async {
            let mut tidy = Instant::now();
            loop {
                if self.leader.lead().await.unwrap_or(false) {
                    self.round().await;
                    if Instant::now() >= tidy {
                        tidy = Instant::now() + TIDY;
                        self.tidy().await;
                    }
                }
                sleep(LOOK).await;
            }
        });
        let _: Option<()> = swept.await;
        let _ = self.leader.leave().await;
    }

    async fn tidy(&self) {
        let _ = Queue::new(self.database.clone()).forget().await;
        match forget::verdicts(&self.database, self.keep).await {
            Ok(0) => {}
            Ok(gone) => info!("{gone} old verdicts on what is gone are forgotten"),
            Err(problem) => warn!("old verdicts stay: {}", super::words(&problem)),
        }
    }

    async fn round(&self) {
        for source in self.sources.all() {
            let name = &source.settings.name;
            match self.begin(name).await {
                Ok(true) => {}
                Ok(false) => continue,
                Err(problem) => {
                    warn!("`{name}` is not swept: {}", super::words(&problem));
                    return;
                }
            }
            let swept = self.sweep(source).await;
            self.metrics.swept(swept.is_ok());
            let (swept, problem) = match swept {
                Ok(swept) => {
                    let Swept { looked, found, unread } = swept;
                    info!(
                        "swept `{name}`: {looked} looked at, {found} to judge, {unread} not all there"
                    );
                    (swept, String::new())
                }
                Err(trouble) => {
                    warn!("the sweep of `{name}` broke off: {}", super::words(&trouble));
                    (Swept::default(), super::words(&trouble))
                }
            };
            let _ = self.note(name, swept, &problem).await;
        }
    }

    /// Takes a repository whose time has come. What comes up meanwhile makes it due again.
    async fn begin(&self, repository: &str) -> Result<bool, Error> {
        let mut work = self.database.write().await?;
        sql("INSERT INTO sweep (repository, due, ended, looked, found, problem) \
             VALUES ($1, 0, 0, 0, 0, '') ON CONFLICT (repository) DO NOTHING")
        .text(repository)
        .run(&mut work)
        .await?;
        let due = sql("UPDATE sweep SET due = :now + $1 WHERE repository = $2 AND due <= :now")
            .int(milliseconds(self.interval))
            .text(repository)
            .run(&mut work)
            .await?;
        work.commit().await?;
        Ok(due > 0)
    }

    async fn sweep(&self, source: &Source) -> Result<Swept, Trouble> {
        let mut swept = Swept::default();
        let mut token = None;
        loop {
            let page = self.page(source, token.as_deref()).await?;
            swept.unread += page.unread;
            swept.looked += i64::try_from(page.pushes.len()).unwrap_or(i64::MAX);
            swept.found += self.want(&page.pushes).await?;
            // A page that leads to itself would never end.
            if page.token.is_none() || page.token == token {
                return Ok(swept);
            }
            token = page.token;
            if !self.leader.lead().await? {
                return Err(Trouble::Lost);
            }
            sleep(self.pause).await;
        }
    }

    /// A page, however long it takes: this replica leads on meanwhile.
    async fn page(&self, source: &Source, token: Option<&str>) -> Result<Page, Trouble> {
        let mut page = std::pin::pin!(source.page(token, self.pause));
        loop {
            match timeout(LEASE / 3, &mut page).await {
                Ok(page) => return page,
                Err(_) if self.leader.lead().await? => {}
                Err(_) => return Err(Trouble::Lost),
            }
        }
    }

    /// Asks for those that were not judged as they are, under the policies that are in force.
    async fn want(&self, pushes: &[Push]) -> Result<i64, Error> {
        let under = under(&self.examiner.policy_set(), self.dry_run);
        let mut found = 0;
        let mut work = self.database.read().await?;
        let (mut new, mut unnoted) = (Vec::new(), Vec::new());
        for push in pushes {
            match known(&mut work, push, &under).await? {
                Known::New => new.push(push),
                Known::Judged { noted: false } => unnoted.push(push),
                Known::Judged { noted: true } | Known::Waiting => {}
            }
        }
        work.commit().await?;
        if new.is_empty() && unnoted.is_empty() {
            return Ok(0);
        }
        let mut work = self.database.write().await?;
        for push in new {
            let wanted = Wanted {
                component: push.component.clone(),
                coordinates: push.coordinates.clone(),
                initiator: String::new(),
            };
            Queue::want(&mut work, &wanted, Duration::ZERO).await?;
            found += 1;
        }
        for push in unnoted {
            sql("UPDATE push SET seen = :now WHERE repository = $1 AND component = $2")
                .text(&push.coordinates.repository)
                .text(&push.component)
                .run(&mut work)
                .await?;
        }
        work.commit().await?;
        Ok(found)
    }

    async fn note(&self, repository: &str, swept: Swept, problem: &str) -> Result<(), Error> {
        let mut work = self.database.write().await?;
        sql("UPDATE sweep SET ended = :now, looked = $1, found = $2, problem = $3 \
             WHERE repository = $4")
        .int(swept.looked)
        .int(swept.found)
        .text(problem)
        .text(repository)
        .run(&mut work)
        .await?;
        work.commit().await
    }
}

/// What is known of a component that is there.
enum Known {
    /// It was not judged as it is.
    New,
    /// It was, and that it is there was noted not long ago, or not.
    Judged { noted: bool },
    /// It waits, or a person has to look at it.
    Waiting,
}

async fn known(work: &mut Work, push: &Push, under: &str) -> Result<Known, Error> {
    let row = sql("SELECT state, digest, judged_under, CAST(:now - seen AS BIGINT) AS unseen \
                   FROM push WHERE repository = $1 AND component = $2")
    .text(&push.coordinates.repository)
    .text(&push.component)
    .row(work)
    .await?;
    let Some(row) = row else { return Ok(Known::New) };
    if row.text("state")? != "done" {
        return Ok(Known::Waiting);
    }
    if row.text("digest")? != push.digest || row.text("judged_under")? != under {
        return Ok(Known::New);
    }
    Ok(Known::Judged { noted: row.int("unseen")? < milliseconds(forget::NOTED) })
}
