//! The policy set in force: files and custom resources, compiled and swapped as they change.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, select};
use kube::Client;
use kube::api::DynamicObject;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{Config, Error, Event, watcher};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{error, info, warn};

use super::Door;
use super::assembly::{self, Assembly, Custom, Key, Kind, Text, assemble};
use super::custom::{self, Seen};
use super::discovery::Served;
use super::facts::Facts;
use super::own::Own;
use crate::document::Value;
use crate::engine::PolicySet;

/// How long to wait for more of what comes in one go, such as one `kubectl apply` of many files.
const GATHER: Duration = Duration::from_millis(50);

/// What is in force, and all that it came from.
#[derive(Clone)]
pub(super) struct InForce {
    pub(super) assembly: Assembly,
    pub(super) seen: Arc<BTreeMap<Key, Seen>>,
}

/// What is known of the parts of a set, for whoever checks another part.
#[derive(Clone, Debug, Default)]
pub struct Parts(Arc<Mutex<Arc<Known>>>);

#[derive(Debug, Default)]
struct Known {
    files: Vec<Text>,
    customs: Vec<Custom>,
}

/// Puts policies in force.
pub(super) struct Policies {
    client: Client,
    own: Own,
    sources: Sources,
    facts: Arc<Facts>,
    door: Arc<dyn Door>,
    parts: Parts,
    seen: BTreeMap<Key, Seen>,
    in_force: watch::Sender<Option<Arc<InForce>>>,
}

/// What a policy set is made from, besides custom resources.
pub(super) struct Sources {
    pub(super) files: watch::Receiver<Vec<Text>>,
    /// Which kinds there are facts about.
    pub(super) served: watch::Receiver<Arc<Served>>,
    /// The set that was last in force, perhaps of an earlier process.
    pub(super) before: Option<Arc<PolicySet>>,
}

impl Parts {
    /// What is wrong with a policy or a waiver beside all others, each thing as a phrase.
    pub fn check(&self, object: &Value<'_>) -> Vec<String> {
        let text = |key: &str| object.at(&["metadata", key]).and_then(Value::as_str);
        let kind = object.get("kind").and_then(Value::as_str).and_then(Kind::of);
        let (Some(kind), Some(name)) = (kind, text("name")) else {
            return vec!["this is no named Policy or Waiver".to_owned()];
        };
        let mirrors = object.at(&["metadata", "annotations", custom::MIRRORS]);
        let candidate = Custom {
            key: Key { kind, name: name.to_owned() },
            spec: object.get("spec").cloned().unwrap_or(Value::NULL).into_owned(),
            mirrors: mirrors.and_then(Value::as_str).map(str::to_owned),
        };
        let known = Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner));
        assembly::check(&known.files, &known.customs, candidate)
    }

    /// The same beside files alone.
    pub fn of_files(files: Vec<Text>) -> Self {
        Self(Arc::new(Mutex::new(Arc::new(Known { files, customs: Vec::new() }))))
    }

    fn set(&self, files: Vec<Text>, customs: Vec<Custom>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(Known { files, customs });
    }
}

impl Policies {
    pub(super) fn new(
        client: Client,
        own: &Own,
        sources: Sources,
        facts: Arc<Facts>,
        door: Arc<dyn Door>,
    ) -> (Self, watch::Receiver<Option<Arc<InForce>>>, Parts) {
        let (in_force, receiver) = watch::channel(None);
        let parts = Parts::default();
        let policies = Self {
            client,
            own: own.clone(),
            sources,
            facts,
            door,
            parts: parts.clone(),
            seen: BTreeMap::new(),
            in_force,
        };
        (policies, receiver, parts)
    }

    /// Follows files and custom resources for ever.
    pub(super) async fn run(mut self) {
        let watch =
            |kind: Kind| -> BoxStream<'static, (Kind, Result<Event<DynamicObject>, Error>)> {
                let api = custom::api(self.client.clone(), &self.own, kind);
                let events = watcher(api, Config::default()).default_backoff();
                events.map(move |event| (kind, event)).boxed()
            };
        let mut events = select(watch(Kind::Policy), watch(Kind::Waiver));
        let mut listed = Listed::default();
        let mut changed = true;
        // Of nothing that is served nothing can be known.
        let _ = self.sources.served.wait_for(|served| !served.resources.is_empty()).await;
        loop {
            tokio::select! {
                Some((kind, event)) = events.next() => {
                    changed |= self.hear(kind, event, &mut listed);
                    continue;
                }
                Ok(()) = self.sources.files.changed() => changed = true,
                Ok(()) = self.sources.served.changed() => {
                    self.cover().await;
                    continue;
                }
                // Nothing more came for a moment.
                () = sleep(GATHER), if changed && listed.all() => {}
            }
            if changed && listed.all() {
                changed = false;
                self.refresh().await;
            }
        }
    }

    /// Takes one event in; whether anything changed by it.
    fn hear(
        &mut self,
        kind: Kind,
        event: Result<Event<DynamicObject>, Error>,
        listed: &mut Listed,
    ) -> bool {
        let listing = listed.of(kind);
        match event {
            Ok(Event::Init) => {
                listing.fresh.clear();
                false
            }
            Ok(Event::InitApply(object)) => {
                listing.fresh.extend(Seen::of(kind, object));
                false
            }
            Ok(Event::InitDone) => {
                listing.done = true;
                let fresh = std::mem::take(&mut listing.fresh);
                self.seen.retain(|key, _| key.kind != kind);
                self.seen.extend(fresh.into_iter().map(|seen| (seen.custom.key.clone(), seen)));
                true
            }
            Ok(Event::Apply(object)) => {
                let Some(seen) = Seen::of(kind, object) else { return false };
                let key = seen.custom.key.clone();
                let before = self.seen.insert(key, seen.clone());
                // Our own words in its status change nothing.
                let is_same = before.is_some_and(|before| before.says_as(&seen));
                if is_same {
                    self.keep_status(seen);
                }
                !is_same
            }
            Ok(Event::Delete(object)) => {
                let Some(seen) = Seen::of(kind, object) else { return false };
                self.seen.remove(&seen.custom.key).is_some()
            }
            Err(error) => {
                warn!("the {} can't be watched: {error}", kind.plural());
                // Without a definition there are none.
                let missing = is_missing(&error);
                let first = missing && !listing.done;
                listing.done |= missing;
                first
            }
        }
    }

    /// Lists what has come to be served and is wanted by the engine in force.
    async fn cover(&mut self) {
        let served = self.sources.served.borrow_and_update().clone();
        let Some(in_force) = self.in_force.borrow().clone() else { return };
        let known = self.facts.prepare(&in_force.assembly.engine, &served).await;
        self.door.learn(&in_force.assembly.engine, known);
    }

    /// Keeps the status of a part beside what is in force, which goes on: whoever writes the next one
    /// starts from it.
    fn keep_status(&self, part: Seen) {
        self.in_force.send_if_modified(|in_force| {
            if let Some(InForce { assembly, seen }) = in_force.as_deref() {
                let mut seen = BTreeMap::clone(seen);
                seen.insert(part.custom.key.clone(), part);
                let (assembly, seen) = (assembly.clone(), Arc::new(seen));
                *in_force = Some(Arc::new(InForce { assembly, seen }));
            }
            false
        });
    }

    async fn refresh(&mut self) {
        let files = self.sources.files.borrow_and_update().clone();
        let customs: Vec<Custom> = self.seen.values().map(|seen| seen.custom.clone()).collect();
        self.parts.set(files.clone(), customs.clone());
        let assembly = match assemble(&files, &customs, self.sources.before.as_deref()) {
            Ok(assembly) => assembly,
            Err(problems) => {
                let problems = problems.to_string().replace('\n', "; ");
                error!("the policy set stays in force: {problems}");
                return;
            }
        };
        let digest = Arc::clone(assembly.engine.digest());
        let current = self.in_force.borrow().clone();
        let same = current.filter(|it| *it.assembly.engine.digest() == digest);
        let assembly = match same {
            // The engine in force goes on; only what is said of the parts may differ.
            Some(same) => Assembly { engine: Arc::clone(&same.assembly.engine), ..assembly },
            None => {
                let served = self.sources.served.borrow_and_update().clone();
                let known = self.facts.prepare(&assembly.engine, &served).await;
                if let Err(unfit) = self.door.replace(Arc::clone(&assembly.engine), known) {
                    error!("the policy set stays in force: {unfit}");
                    return;
                }
                self.facts.follow(Arc::clone(&assembly.engine), Arc::clone(&self.door));
                info!("policy set {digest} in force");
                assembly
            }
        };
        self.sources.before = Some(Arc::clone(&assembly.set));
        let seen = Arc::new(self.seen.clone());
        self.in_force.send_replace(Some(Arc::new(InForce { assembly, seen })));
    }
}

/// Which of our kinds were listed, and what came of a listing that is under way.
#[derive(Default)]
struct Listed {
    policies: Listing,
    waivers: Listing,
}

#[derive(Default)]
struct Listing {
    fresh: Vec<Seen>,
    done: bool,
}

impl Listed {
    fn of(&mut self, kind: Kind) -> &mut Listing {
        match kind {
            Kind::Policy => &mut self.policies,
            Kind::Waiver => &mut self.waivers,
        }
    }

    fn all(&self) -> bool {
        self.policies.done && self.waivers.done
    }
}

fn is_missing(error: &Error) -> bool {
    let cause = match error {
        Error::InitialListFailed(cause) | Error::WatchStartFailed(cause) => cause,
        _ => return false,
    };
    matches!(cause, kube::Error::Api(status) if status.is_not_found())
}
