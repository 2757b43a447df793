//! Looking up what was judged: from a path to an answer, as JSON and as pages.

mod page;
mod plot;
mod store;

use tracing::warn;

use super::database::{Database, Error};
use crate::artefact::lookup::{Answer, Ask, Detail, Kind, Query, openapi};
use store::Store;

/// How many days a trend shows.
const DAYS: i64 = 30;

/// What can be looked up.
#[derive(Clone, Debug)]
pub struct Lookup {
    store: Store,
}

impl Lookup {
    pub const fn new(database: Database) -> Self {
        Self { store: Store::new(database) }
    }

    /// Answers a call. There is always an answer.
    pub async fn answer(&self, ask: Ask<'_>) -> Answer {
        let answered = match ask.path {
            "/" => self.front(ask.query).await,
            openapi::PATH => Ok(Answer::json(Kind::Found, &openapi::document())),
            openapi::VERDICTS => self.list(ask.query).await,
            openapi::TRENDS => self.trends().await,
            path => match (below(path, openapi::VERDICTS), below(path, page::VERDICTS)) {
                (Some(id), _) => self.one(id, Answer::json).await,
                (_, Some(id)) => {
                    self.one(id, |kind, it| Answer::html(kind, page::detail(it))).await
                }
                _ => Ok(nothing()),
            },
        };
        answered.unwrap_or_else(|error| {
            warn!("a verdict can't be looked up: {}", super::words(&error));
            Answer::text(Kind::Unable, "the database does not answer".to_owned())
        })
    }

    async fn list(&self, query: &str) -> Result<Answer, Error> {
        let query = match Query::read(query) {
            Ok(query) => query,
            Err(why) => return Ok(Answer::text(Kind::Wrong, why.to_string())),
        };
        Ok(Answer::json(Kind::Found, &self.store.page(&query).await?))
    }

    async fn trends(&self) -> Result<Answer, Error> {
        Ok(Answer::json(Kind::Found, &self.store.trends(DAYS).await?))
    }

    async fn front(&self, query: &str) -> Result<Answer, Error> {
        let (query, why) = match Query::read(query) {
            Ok(query) => (query, None),
            Err(why) => (Query::default(), Some(why.to_string())),
        };
        let (page, trends) = (self.store.page(&query).await?, self.store.trends(DAYS).await?);
        let kind = if why.is_some() { Kind::Wrong } else { Kind::Found };
        Ok(Answer::html(kind, page::front(&query, why.as_deref(), &page, &trends)))
    }

    async fn one(
        &self,
        id: &str,
        show: impl FnOnce(Kind, &Detail) -> Answer,
    ) -> Result<Answer, Error> {
        let detail = match id.parse() {
            Ok(id) => self.store.detail(id).await?,
            Err(_) => None,
        };
        Ok(detail.map_or_else(nothing, |detail| show(Kind::Found, &detail)))
    }
}

/// What stands right below a path.
fn below<'p>(path: &'p str, parent: &str) -> Option<&'p str> {
    path.strip_prefix(parent)?.strip_prefix('/').filter(|rest| !rest.is_empty())
}

fn nothing() -> Answer {
    let paths = ["/", openapi::VERDICTS, openapi::TRENDS, openapi::PATH];
    Answer::text(Kind::Unknown, format!("nothing is here; there is {}", paths.join(", ")))
}
