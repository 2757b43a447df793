//! Which verdicts are asked for.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::engine::nearest;

/// How many verdicts a page has at most.
pub const LIMIT: i64 = 200;
/// How many it has if nobody says.
const USUAL: i64 = 50;

/// What a verdict must have to be in the answer; an empty text is not asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub repository: String,
    pub name: String,
    pub version: String,
    pub digest: String,
    /// A rule that found something.
    pub rule: String,
    /// `pass`, `warn` or `fail`.
    pub outcome: String,
    /// From this time on.
    pub since: Timestamp,
    /// Up to, and without, this time.
    pub until: Timestamp,
    /// Only verdicts with a smaller id: those of the next page.
    pub before: i64,
    pub limit: i64,
}

/// Why a question is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unasked(String);

/// The parameters, with what each is for.
pub(super) const PARAMETERS: [(&str, &str); 10] = [
    ("repository", "the repository's name"),
    ("name", "the artefact's name"),
    ("version", "its version"),
    ("digest", "its digest, with the algorithm before a colon"),
    ("rule", "a rule that found something in it"),
    ("outcome", "pass, warn or fail"),
    ("since", "judged at this time or later: a date or an RFC 3339 time"),
    ("until", "judged before this time"),
    ("before", "only ids smaller than this: `next` of the page before"),
    ("limit", "how many verdicts a page has: 1 to 200, 50 if not given"),
];

impl Default for Query {
    fn default() -> Self {
        let none = String::new;
        Self {
            repository: none(),
            name: none(),
            version: none(),
            digest: none(),
            rule: none(),
            outcome: none(),
            since: Timestamp::UNIX_EPOCH,
            until: Timestamp::MAX,
            before: i64::MAX,
            limit: USUAL,
        }
    }
}

impl Query {
    /// Reads what stands behind the `?` of a URL. A parameter without a value asks nothing, as a
    /// form sends it.
    ///
    /// # Errors
    ///
    /// A parameter is not known, stands twice, or has a value that it can't have.
    pub fn read(text: &str) -> Result<Self, Unasked> {
        let mut query = Self::default();
        let mut seen = Vec::new();
        for (key, value) in form_urlencoded::parse(text.as_bytes()) {
            if seen.contains(&key) {
                return Err(Unasked(format!("`{}` stands twice", shown(&key))));
            }
            query.set(&key, value.trim())?;
            seen.push(key);
        }
        Ok(query)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), Unasked> {
        let known = PARAMETERS.iter().any(|(name, _)| *name == key);
        if known && value.is_empty() {
            return Ok(());
        }
        let text = value.to_owned();
        match key {
            "repository" => self.repository = text,
            "name" => self.name = text,
            "version" => self.version = text,
            "digest" => self.digest = text,
            "rule" => self.rule = text,
            "outcome" if ["pass", "warn", "fail"].contains(&value) => self.outcome = text,
            "outcome" => return Err(wrong(key, value, "pass, warn or fail")),
            "since" => self.since = time(key, value)?,
            "until" => self.until = time(key, value)?,
            "before" => self.before = number(key, value, i64::MAX)?,
            "limit" => self.limit = number(key, value, LIMIT)?,
            _ => return Err(unknown(key)),
        }
        Ok(())
    }

    /// The same question for the page that begins below an id, as it stands behind a `?`.
    pub fn next(&self, before: i64) -> String {
        Self { before, ..self.clone() }.written()
    }

    /// The question as it stands behind a `?`.
    pub fn written(&self) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        for (name, _) in PARAMETERS {
            let value = self.value(name);
            if !value.is_empty() {
                text.append_pair(name, &value);
            }
        }
        text.finish()
    }

    /// A parameter as it is written; empty if it asks nothing.
    pub fn value(&self, name: &str) -> String {
        let usual = Self::default();
        let unless = |usual: bool, text: String| if usual { String::new() } else { text };
        match name {
            "repository" => self.repository.clone(),
            "name" => self.name.clone(),
            "version" => self.version.clone(),
            "digest" => self.digest.clone(),
            "rule" => self.rule.clone(),
            "outcome" => self.outcome.clone(),
            "since" => unless(self.since == usual.since, self.since.to_string()),
            "until" => unless(self.until == usual.until, self.until.to_string()),
            "before" => unless(self.before == usual.before, self.before.to_string()),
            "limit" => unless(self.limit == usual.limit, self.limit.to_string()),
            _ => String::new(),
        }
    }
}

fn number(key: &str, value: &str, most: i64) -> Result<i64, Unasked> {
    let number = value.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| wrong(key, value, &format!("a number from 1 to {most}")))
}

/// A time, or the beginning of a day in UTC.
fn time(key: &str, value: &str) -> Result<Timestamp, Unasked> {
    let day =
        |value: &str| Some(value.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let time = if value.contains(['T', 't']) { value.parse().ok() } else { day(value) };
    time.ok_or_else(|| wrong(key, value, "a date such as 2026-11-22, or an RFC 3339 time"))
}

fn wrong(key: &str, value: &str, expected: &str) -> Unasked {
    Unasked(format!("`{key}` is `{}`, and must be {expected}", shown(value)))
}

fn unknown(key: &str) -> Unasked {
    let known = PARAMETERS.map(|(name, _)| name);
    let help = match nearest(key, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are `{}`", known.join("`, `")),
    };
    Unasked(format!("there is no parameter `{}`; {help}", shown(key)))
}

/// The first characters of what a stranger sent.
fn shown(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_survives_being_written() {
        let read = Query::read(
            "repository=raw-internal&name=ska%2Fa+b&rule=artefact-name&outcome=fail\
             &since=2026-11-01&until=2026-11-22T10:00:00%2B01:00&limit=7&version=",
        )
        .unwrap();
        assert_eq!(read.name, "ska/a b");
        assert_eq!(read.since.to_string(), "2026-11-01T00:00:00Z");
        assert_eq!(read.until.to_string(), "2026-11-22T09:00:00Z");
        let next = Query { before: 12, ..read.clone() };
        assert_eq!(Query::read(&read.next(12)), Ok(next));
        assert_eq!(Query::read(""), Ok(Query::default()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("nmae=a", "there is no parameter `nmae`; did you mean `name`?"),
            ("zzzzzzzzzz=a", "there is no parameter `zzzzzzzzzz`; known are `repository`, `name`"),
            ("name=a&name=b", "`name` stands twice"),
            ("outcome=bad", "`outcome` is `bad`, and must be pass, warn or fail"),
            ("limit=0", "`limit` is `0`, and must be a number from 1 to 200"),
            ("limit=201", "`limit` is `201`"),
            ("since=yesterday", "`since` is `yesterday`, and must be a date"),
        ] {
            let told = Query::read(text).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{told}");
        }
    }
}
