//! Questions to the database.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::artefact::lookup::{Action, Day, Detail, Page, Query, RuleCount, Summary, Trends};
use crate::artefact::{Coordinates, Outcome};
use crate::worker::database::{Database, Error, Row, Work, sql};
use crate::worker::queue::coordinates;
use crate::worker::record::report;

/// In milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

#[derive(Clone, Debug)]
pub(super) struct Store {
    database: Database,
}

impl Store {
    pub(super) const fn new(database: Database) -> Self {
        Self { database }
    }

    /// The verdicts that a question is about, the latest first.
    pub(super) async fn page(&self, query: &Query) -> Result<Page, Error> {
        let mut work = self.database.read().await?;
        let rows = sql("SELECT id, repository, format, path, name, version, digest, policy_set, \
                        judged_at, outcome, initiator FROM verdict \
                        WHERE ($1 = '' OR repository = $1) AND ($2 = '' OR name = $2) \
                        AND ($3 = '' OR version = $3) AND ($4 = '' OR digest = $4) \
                        AND ($5 = '' OR outcome = $5) AND ($6 = '' OR EXISTS \
                        (SELECT 1 FROM fault WHERE fault.verdict = verdict.id AND rule = $6)) \
                        AND judged_at >= $7 AND judged_at < $8 AND id < $9 \
                        ORDER BY id DESC LIMIT $10")
        .text(&query.repository)
        .text(&query.name)
        .text(&query.version)
        .text(&query.digest)
        .text(&query.outcome)
        .text(&query.rule)
        .int(query.since.as_millisecond())
        .int(query.until.as_millisecond())
        .int(query.before)
        // One more tells whether there is another page.
        .int(query.limit + 1)
        .rows(&mut work)
        .await?;
        let mut items = rows.iter().map(summary).collect::<Result<Vec<_>, _>>()?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|last| last.id);
        Ok(Page { items, next })
    }

    /// All that is known of a verdict.
    pub(super) async fn detail(&self, id: i64) -> Result<Option<Detail>, Error> {
        let mut work = self.database.read().await?;
        let row = sql("SELECT id, repository, format, path, name, version, digest, policy_set, \
                       judged_at, outcome, initiator, report FROM verdict WHERE id = $1")
        .int(id)
        .row(&mut work)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let actions = sql("SELECT kind, state, detail, changed_at FROM action \
                           WHERE verdict = $1 ORDER BY id")
        .int(id)
        .rows(&mut work)
        .await?;
        let actions = actions.iter().map(action).collect::<Result<_, _>>()?;
        Ok(Some(Detail { summary: summary(&row)?, verdict: report(&row)?, actions }))
    }

    /// What the last `days` days brought, today included.
    pub(super) async fn trends(&self, days: i64) -> Result<Trends, Error> {
        let mut work = self.database.read().await?;
        let today = sql("SELECT :now / 86400000 AS today").row(&mut work).await?;
        let today = today.map_or(Ok(0), |row| row.int("today"))?;
        let first = today - days + 1;
        let rows = sql("SELECT judged_at / 86400000 AS day, outcome, count(*) AS verdicts \
                        FROM verdict WHERE judged_at >= $1 GROUP BY day, outcome")
        .int(first * DAY)
        .rows(&mut work)
        .await?;
        let mut by_day: BTreeMap<i64, Day> = BTreeMap::new();
        for number in first..=today {
            let day = time(number * DAY)?.to_zoned(TimeZone::UTC).date().to_string();
            by_day.insert(number, Day { day, pass: 0, warn: 0, fail: 0 });
        }
        for row in &rows {
            let count = row.int("verdicts")?;
            let Some(day) = by_day.get_mut(&row.int("day")?) else { continue };
            match outcome(row)? {
                Outcome::Pass => day.pass += count,
                Outcome::Warn => day.warn += count,
                Outcome::Fail => day.fail += count,
            }
        }
        let rules = rules(&mut work, first * DAY).await?;
        Ok(Trends { days: by_day.into_values().collect(), rules })
    }
}

async fn rules(work: &mut Work, since: i64) -> Result<Vec<RuleCount>, Error> {
    let rows = sql("SELECT rule, count(DISTINCT verdict) AS verdicts FROM fault \
                    JOIN verdict ON verdict.id = fault.verdict WHERE judged_at >= $1 \
                    GROUP BY rule ORDER BY verdicts DESC, rule LIMIT 20")
    .int(since)
    .rows(work)
    .await?;
    let count =
        |row: &Row| Ok(RuleCount { rule: row.text("rule")?, verdicts: row.int("verdicts")? });
    rows.iter().map(count).collect()
}

fn summary(row: &Row) -> Result<Summary, Error> {
    let Coordinates { repository, format, path, name, version } = coordinates(row)?;
    Ok(Summary {
        id: row.int("id")?,
        repository,
        format,
        path,
        name,
        version,
        digest: row.text("digest")?,
        policy_set: row.text("policy_set")?,
        judged_at: time(row.int("judged_at")?)?,
        outcome: outcome(row)?,
        initiator: row.text("initiator")?,
    })
}

fn action(row: &Row) -> Result<Action, Error> {
    Ok(Action {
        kind: row.text("kind")?,
        state: row.text("state")?,
        detail: row.text("detail")?,
        changed_at: time(row.int("changed_at")?)?,
    })
}

fn outcome(row: &Row) -> Result<Outcome, Error> {
    let text = row.text("outcome")?;
    let known = [Outcome::Pass, Outcome::Warn, Outcome::Fail];
    let found = known.into_iter().find(|it| it.as_str() == text);
    found.ok_or_else(|| Error::Broken(format!("outcome `{text}`")))
}

fn time(milliseconds: i64) -> Result<Timestamp, Error> {
    Timestamp::from_millisecond(milliseconds).map_err(|error| Error::Broken(error.to_string()))
}
