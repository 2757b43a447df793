//! Verdicts and what is to be done about them, as they are stored.

use sha2::{Digest as _, Sha256};

use super::database::{Database, Error, Row, Work, sql};
use super::fetch::hex;
use super::queue::{Claim, coordinates};
use super::trouble::Trouble;
use crate::artefact::{Coordinates, Push, Verdict};
use crate::policyfile::ActionKind;

/// The store of verdicts.
#[derive(Clone, Debug)]
pub struct Record {
    database: Database,
}

/// What is to be done, and whether really.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intent {
    pub kind: ActionKind,
    /// Only recorded.
    pub dry: bool,
}

/// An intent that is not carried out yet, with all that is needed for it.
#[derive(Clone, Debug)]
pub struct Open {
    pub id: i64,
    pub kind: ActionKind,
    /// Which artefact, in a few letters that nothing else has: 16 hex digits.
    pub mark: String,
    /// What was noted on the way.
    pub detail: String,
    pub coordinates: Coordinates,
    pub digest: String,
    pub verdict: Verdict,
}

/// How an intent ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It is done: where, or how.
    Done(String),
    /// There was nothing left to do, and why.
    Moot(String),
}

impl Record {
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// The verdict on a push under a policy set, if there is one.
    pub async fn verdict(&self, push: &Push, policy_set: &str) -> Result<Option<Verdict>, Error> {
        let it = &push.coordinates;
        let mut work = self.database.read().await?;
        let row = sql("SELECT report FROM verdict WHERE repository = $1 AND path = $2 \
                       AND version = $3 AND digest = $4 AND policy_set = $5")
        .text(&it.repository)
        .text(&it.path)
        .text(&it.version)
        .text(&push.digest)
        .text(policy_set)
        .row(&mut work)
        .await?;
        row.map(|row| report(&row)).transpose()
    }

    /// The other digests that the same version was seen with, the latest first.
    pub async fn earlier(&self, push: &Push) -> Result<Vec<String>, Error> {
        let it = &push.coordinates;
        let mut work = self.database.read().await?;
        let rows = sql("SELECT digest, max(judged_at) AS latest FROM verdict \
                        WHERE repository = $1 AND path = $2 AND version = $3 AND digest <> $4 \
                        GROUP BY digest ORDER BY latest DESC LIMIT 16")
        .text(&it.repository)
        .text(&it.path)
        .text(&it.version)
        .text(&push.digest)
        .rows(&mut work)
        .await?;
        rows.iter().map(|row| row.text("digest")).collect()
    }

    /// Stores a verdict and what is to be done about it, in one step and only for who holds the
    /// claim. What is there already stays: nobody is told twice, and only what was recorded for a
    /// dry run, or had become moot, is opened again.
    pub async fn store(
        &self,
        claim: &Claim,
        push: &Push,
        verdict: &Verdict,
        under: &str,
        intents: &[Intent],
    ) -> Result<(), Trouble> {
        let mut work = self.database.write().await?;
        if !claim.guard(&mut work).await? {
            return Err(Trouble::Lost);
        }
        let id = insert(&mut work, claim, push, verdict).await?;
        for intent in intents {
            let state = if intent.dry { "dry" } else { "open" };
            sql("INSERT INTO action (push, verdict, kind, subject, state, detail, changed_at) \
                 VALUES ($1, $2, $3, $4, $5, '', :now) ON CONFLICT (kind, subject) DO UPDATE SET \
                 push = excluded.push, verdict = excluded.verdict, state = excluded.state, \
                 detail = '', changed_at = excluded.changed_at \
                 WHERE action.state IN ('dry', 'moot') AND excluded.state = 'open'")
            .int(claim.id)
            .int(id)
            .text(intent.kind.as_str())
            .text(&subject(push, intent.kind))
            .text(state)
            .run(&mut work)
            .await?;
        }
        let it = &push.coordinates;
        sql("UPDATE push SET digest = $1, judged_under = $2, format = $3, path = $4, name = $5, \
             version = $6, seen = :now WHERE id = $7")
        .text(&push.digest)
        .text(under)
        .text(&it.format)
        .text(&it.path)
        .text(&it.name)
        .text(&it.version)
        .int(claim.id)
        .run(&mut work)
        .await?;
        Ok(work.commit().await?)
    }

    /// What is to be done still for a component, in the order in which it is done.
    pub async fn open(&self, claim: &Claim) -> Result<Vec<Open>, Error> {
        let mut work = self.database.read().await?;
        let rows = sql("SELECT action.id, kind, subject, detail, repository, format, path, name, \
                        version, digest, report FROM action JOIN verdict \
                        ON verdict.id = action.verdict \
                        WHERE push = $1 AND state = 'open' ORDER BY action.id")
        .int(claim.id)
        .rows(&mut work)
        .await?;
        rows.iter().map(opened).collect()
    }

    /// Notes how far an intent has come.
    pub async fn note(&self, claim: &Claim, open: &Open, detail: &str) -> Result<(), Trouble> {
        self.set(claim, open, "open", detail).await
    }

    /// Notes how an intent ended.
    pub async fn close(&self, claim: &Claim, open: &Open, ended: &Ended) -> Result<(), Trouble> {
        match ended {
            Ended::Done(detail) => self.set(claim, open, "done", detail).await,
            Ended::Moot(detail) => self.set(claim, open, "moot", detail).await,
        }
    }

    async fn set(
        &self,
        claim: &Claim,
        open: &Open,
        state: &str,
        detail: &str,
    ) -> Result<(), Trouble> {
        let mut work = self.database.write().await?;
        if !claim.guard(&mut work).await? {
            return Err(Trouble::Lost);
        }
        sql("UPDATE action SET state = $1, detail = $2, changed_at = :now WHERE id = $3")
            .text(state)
            .text(detail)
            .int(open.id)
            .run(&mut work)
            .await?;
        Ok(work.commit().await?)
    }
}

/// The id of the verdict, which may be there already.
async fn insert(
    work: &mut Work,
    claim: &Claim,
    push: &Push,
    verdict: &Verdict,
) -> Result<i64, Error> {
    let it = &push.coordinates;
    let report =
        serde_json::to_string(verdict).map_err(|error| Error::Broken(error.to_string()))?;
    let new = sql("INSERT INTO verdict (repository, format, path, name, version, digest, \
                   policy_set, judged_at, outcome, initiator, report) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, :now, $8, $9, $10) \
                   ON CONFLICT (repository, path, version, digest, policy_set) DO NOTHING")
    .text(&it.repository)
    .text(&it.format)
    .text(&it.path)
    .text(&it.name)
    .text(&it.version)
    .text(&push.digest)
    .text(&verdict.policy_set)
    .text(verdict.outcome.as_str())
    .text(&claim.initiator)
    .text(&report)
    .run(work)
    .await?;
    let row = sql("SELECT id FROM verdict WHERE repository = $1 AND path = $2 AND version = $3 \
                   AND digest = $4 AND policy_set = $5")
    .text(&it.repository)
    .text(&it.path)
    .text(&it.version)
    .text(&push.digest)
    .text(&verdict.policy_set)
    .row(work)
    .await?;
    let id = row.ok_or_else(|| Error::Broken("a verdict is not there".to_owned()))?.int("id")?;
    if new > 0 {
        faults(work, id, verdict).await?;
    }
    Ok(id)
}

async fn faults(work: &mut Work, id: i64, verdict: &Verdict) -> Result<(), Error> {
    for (fault, position) in verdict.faults.iter().zip(0..) {
        sql("INSERT INTO fault (verdict, position, policy, rule, severity, enforcement) \
             VALUES ($1, $2, $3, $4, $5, $6)")
        .int(id)
        .int(position)
        .text(&fault.policy)
        .text(&fault.rule)
        .text(fault.severity.as_str())
        .text(fault.enforcement.as_str())
        .run(work)
        .await?;
    }
    Ok(())
}

/// What an intent is about. Authors are told of an artefact once, whatever judged it and however
/// often it is pushed; each component that holds it is moved away.
fn subject(push: &Push, kind: ActionKind) -> String {
    let it = &push.coordinates;
    let component = if kind == ActionKind::Quarantine { &push.component } else { "" };
    let all = [&it.repository, &it.path, &it.version, &push.digest, component].join("\0");
    let mut mark = hex(&Sha256::digest(all));
    mark.truncate(16);
    mark
}

fn opened(row: &Row) -> Result<Open, Error> {
    let kind = row.text("kind")?;
    let kind = [ActionKind::Quarantine, ActionKind::Author, ActionKind::Chat]
        .into_iter()
        .find(|it| it.as_str() == kind)
        .ok_or_else(|| Error::Broken(format!("action `{kind}`")))?;
    Ok(Open {
        id: row.int("id")?,
        kind,
        mark: row.text("subject")?,
        detail: row.text("detail")?,
        coordinates: coordinates(row)?,
        digest: row.text("digest")?,
        verdict: report(row)?,
    })
}

/// The verdict of a row that has its report.
pub(super) fn report(row: &Row) -> Result<Verdict, Error> {
    serde_json::from_str(&row.text("report")?).map_err(|error| Error::Broken(error.to_string()))
}
