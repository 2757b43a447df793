//! One kind, listed and then watched for as long as anybody wants to know of it.

use std::collections::HashSet;
use std::convert::Infallible;
use std::hash::BuildHasher as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use futures_util::{AsyncBufReadExt as _, TryStreamExt as _};
use kube::Client;
use kube::api::{Request, WatchParams};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::Why;
use crate::cluster::page::{Depth, Object, Pages, Target};
use crate::cluster::words;

/// How long one watch goes on, in seconds. Then the next begins where it ended.
const WATCH: u32 = 240;

/// A connection that says nothing for so long is dead: the API server ends a watch before.
const SILENCE: Duration = Duration::from_secs(WATCH as u64 + 20);

/// How long to wait, in the end, before a kind that is forbidden or not served is tried again.
const LATER: Duration = Duration::from_secs(60);

/// How often a kind that was known is refused before it counts as refused.
const PATIENCE: u32 = 4;

/// The first wait after something failed; each one is twice as long as the one before, up to the
/// last.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LAST_WAIT: Duration = Duration::from_secs(10);

/// Who takes in what is seen.
pub(super) trait Sink: Send + Sync + 'static {
    /// Takes in objects as they now are.
    fn take(&self, objects: Vec<Object<'_>>);

    /// An object is gone.
    fn remove(&self, uid: &str);

    /// All objects have been taken in, and there are no others.
    fn listed(&self, uids: &HashSet<Box<str>>);

    /// The objects can't be known.
    fn refuse(&self, why: Why);

    /// The API server spoke, if only to say that nothing has changed.
    fn hear(&self);
}

/// A kind that is watched.
pub(super) struct Watch<S> {
    pub(super) client: Client,
    pub(super) target: Target,
    pub(super) sink: Arc<S>,
    /// How many lists go on at once.
    pub(super) lists: Arc<Semaphore>,
}

/// Why a watch has ended.
enum End {
    /// Its version is too old: all must be listed again.
    Relist,
    Failed(Trouble),
}

/// What went wrong.
enum Trouble {
    Refused(Why),
    /// It may be right the next time.
    Passing(String),
}

/// What a watch tells, one a line.
#[derive(Deserialize)]
struct Event<'e> {
    r#type: &'e str,
    #[serde(borrow)]
    object: &'e RawValue,
}

/// What of an object says which version the watch has reached.
#[derive(Deserialize)]
struct Mark {
    metadata: MarkMeta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MarkMeta {
    resource_version: String,
}

impl<S: Sink> Watch<S> {
    /// Keeps what the sink knows as it is in the cluster. Never ends by itself.
    pub(super) async fn run(self) -> Infallible {
        let (mut failures, mut refusals) = (0_u32, 0_u32);
        let mut is_known = false;
        loop {
            let trouble = match self.list(&mut failures).await {
                Ok(version) => {
                    (is_known, refusals) = (true, 0);
                    self.follow(version, &mut failures).await
                }
                Err(trouble) => Some(trouble),
            };
            match trouble {
                None => {}
                Some(Trouble::Refused(why)) => {
                    // An API server that has just started refuses what it soon allows.
                    if !is_known || refusals >= PATIENCE {
                        self.sink.refuse(why);
                        is_known = false;
                    }
                    sleep(FIRST_WAIT.saturating_mul(1 << refusals.min(8)).min(LATER)).await;
                    refusals = refusals.saturating_add(1);
                }
                Some(Trouble::Passing(error)) => self.wait(&error, &mut failures).await,
            }
        }
    }

    /// Lists all there is, and returns the version of the list.
    async fn list(&self, failures: &mut u32) -> Result<String, Trouble> {
        let turn = self.lists.acquire().await;
        let mut pages = Pages::new(&self.client, &self.target);
        let mut uids = HashSet::new();
        while let Some(page) = pages.next().await? {
            let sink = Arc::clone(&self.sink);
            let taken = tokio::task::spawn_blocking(move || {
                let objects = page.read().map_err(|problem| problem.to_string())?;
                let uids: Vec<Box<str>> = objects.iter().map(|it| it.uid().into()).collect();
                sink.take(objects);
                Ok(uids)
            });
            let taken = taken.await.unwrap_or_else(|error| Err(error.to_string()));
            uids.extend(taken.map_err(Trouble::Passing)?);
        }
        drop(turn);
        self.sink.listed(&uids);
        *failures = 0;
        Ok(pages.version().unwrap_or_default().to_owned())
    }

    /// Watches on from a version until all must be listed again; a connection that is lost is
    /// made again, and what happened meanwhile is told then.
    async fn follow(&self, mut version: String, failures: &mut u32) -> Option<Trouble> {
        loop {
            match self.watch(&mut version, failures).await {
                Ok(()) => {}
                Err(End::Relist) => return None,
                Err(End::Failed(Trouble::Passing(error))) => self.wait(&error, failures).await,
                Err(End::Failed(refused)) => return Some(refused),
            }
        }
    }

    /// One watch, until the API server ends it.
    async fn watch(&self, version: &mut String, failures: &mut u32) -> Result<(), End> {
        let wanted = WatchParams { timeout: Some(WATCH), ..WatchParams::default() };
        let request = Request::new(self.target.url());
        let request = match self.target.depth {
            Depth::Whole => request.watch(&wanted, version),
            Depth::Metadata => request.watch_metadata(&wanted, version),
        };
        let request = request.map_err(|error| End::passing(&error))?;
        let stream = timeout(SILENCE, self.client.request_stream(request)).await;
        let stream = stream.map_err(|_| End::silent())?.map_err(End::of)?;
        self.sink.hear();
        let mut lines = stream.lines();
        loop {
            let line = timeout(SILENCE, lines.try_next()).await.map_err(|_| End::silent())?;
            let Some(line) = line.map_err(|error: io::Error| End::passing(&error))? else {
                return Ok(());
            };
            self.event(&line, version)?;
            *failures = 0;
        }
    }

    fn event(&self, line: &str, version: &mut String) -> Result<(), End> {
        let event: Event<'_> = serde_json::from_str(line).map_err(|error| End::passing(&error))?;
        let text = event.object.get();
        if event.r#type == "ERROR" {
            return Err(End::Relist);
        }
        let mark: Mark = serde_json::from_str(text).map_err(|error| End::passing(&error))?;
        self.sink.hear();
        if event.r#type != "BOOKMARK" {
            // An object that the reader refuses is none that could have been created.
            if let Ok(Some(object)) = Object::read(text, &self.target.api) {
                match event.r#type {
                    "DELETED" => self.sink.remove(object.uid()),
                    _ => self.sink.take(vec![object]),
                }
            }
        }
        *version = mark.metadata.resource_version;
        Ok(())
    }

    async fn wait(&self, error: &str, failures: &mut u32) {
        let kind = &self.target.api.kind;
        if *failures == 2 {
            tracing::warn!("the facts on {kind} may be old: {error}");
        }
        let doubled = FIRST_WAIT.saturating_mul(1 << (*failures).min(8)).min(LAST_WAIT);
        *failures = failures.saturating_add(1);
        // Not all kinds and replicas at the same moment.
        let spread = RandomState::default().hash_one(kind) % 50;
        sleep(doubled.mul_f64(0.75 + f64::from(u8::try_from(spread).unwrap_or(0)) / 100.0)).await;
    }
}

impl End {
    fn of(error: kube::Error) -> Self {
        match &error {
            // Too old, or newer than what an API server has whose store was replaced.
            kube::Error::Api(status) if matches!(status.code, 400 | 410 | 504) => Self::Relist,
            _ => Self::Failed(Trouble::from(error)),
        }
    }

    fn passing(error: &dyn std::error::Error) -> Self {
        Self::Failed(Trouble::Passing(error.to_string()))
    }

    fn silent() -> Self {
        Self::Failed(Trouble::Passing("the API server says nothing".to_owned()))
    }
}

impl From<kube::Error> for Trouble {
    fn from(error: kube::Error) -> Self {
        match &error {
            kube::Error::Api(status) if status.code == 403 => Self::Refused(Why::Forbidden),
            kube::Error::Api(status) if matches!(status.code, 404 | 405) => {
                Self::Refused(Why::NotServed)
            }
            _ => Self::Passing(words(&error)),
        }
    }
}
