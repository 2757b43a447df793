//! What rules ask besides the subject, by watches: namespace labels, and the other objects.
//!
//! ```text
//! prepare(engine) ── lists what its rules want to know of ──▶ Known     before it is in force
//! follow(engine, door) ── whatever changes, in batches ──▶ Door::learn  while it is
//! ```
//!
//! Of an object only what rules noted is kept. While the API server is away the last known state
//! stays. Secrets are never listed, whatever a rule asks for.

mod gap;
mod namespaces;
mod store;
mod watch;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kube::Client;
use kube::discovery::ApiResource;
use tokio::sync::{Notify, Semaphore};
use tokio::task::AbortHandle;

pub use self::gap::{Gap, Why};
use self::namespaces::Names;
use self::store::{Name, Store};
use self::watch::Watch;
use super::Door;
use super::discovery::Served;
use super::page::{Depth, Target};
use crate::engine::{Engine, Known};

/// How long changes are gathered before they are told.
const BATCH: Duration = Duration::from_millis(200);

/// How many kinds are listed at once.
const LISTS: usize = 4;

/// The facts of a cluster.
pub struct Facts {
    client: Client,
    names: Arc<Names>,
    changed: Arc<Notify>,
    lists: Arc<Semaphore>,
    state: Mutex<State>,
    /// One engine is prepared at a time.
    turn: tokio::sync::Mutex<()>,
}

/// How much is known, and how old it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub kinds: usize,
    pub namespaces: usize,
    /// The objects of which rules noted something.
    pub objects: usize,
    /// What was noted, roughly, in memory.
    pub bytes: usize,
    /// How long ago the API server last said anything of the kind of which it has been silent for
    /// longest. Up to two minutes is the ordinary silence of a kind that does not change.
    pub silent: Duration,
}

#[derive(Default)]
struct State {
    /// Of the engine in force.
    current: Option<Arc<Collection>>,
    /// Of an engine that is going to be.
    next: Option<Arc<Collection>>,
    names: Option<Task>,
    follower: Option<Task>,
}

/// All that engines with the same observers want to know of other objects.
struct Collection {
    observers: Arc<str>,
    store: Arc<Store>,
    /// By group and kind.
    watches: Mutex<BTreeMap<Name, (ApiResource, Task)>>,
    /// What is known of what is not watched.
    absent: Mutex<Absent>,
}

/// Kinds that rules want to know of and that are not watched.
#[derive(Clone, Default)]
struct Absent {
    gaps: Vec<Gap>,
    secrets: Vec<Name>,
}

/// Something that goes on until nobody wants it any more.
struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Facts {
    /// Knows nothing yet, and asks nothing.
    pub fn new(client: Client) -> Self {
        let changed = Arc::new(Notify::new());
        Self {
            client,
            names: Arc::new(Names::new(Arc::clone(&changed))),
            changed,
            lists: Arc::new(Semaphore::new(LISTS)),
            state: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Gathers what the rules of an engine want to know, and returns when all of it is known or
    /// known to be out of reach. It takes as long as the API server is away, and may be given up.
    ///
    /// An engine whose observers are those of the one that is followed takes over what is known,
    /// and only the kinds that were not served before are listed. So this is also how a change of
    /// what is served is told.
    pub async fn prepare(&self, engine: &Arc<Engine>, served: &Served) -> Known {
        let _turn = self.turn.lock().await;
        self.watch_names();
        let collection = self.collection(engine);
        self.cover(&collection, engine, served);
        collection.store.ready().await;
        self.names.ready().await;
        self.known_from(&collection).await
    }

    /// Tells `door` from now on what is known for `engine`, whenever that changes. The engine that
    /// was followed before no longer is.
    pub fn follow(self: &Arc<Self>, engine: Arc<Engine>, door: Arc<dyn Door>) {
        let mut state = self.state();
        let next = state.next.take().filter(|next| next.observers == *engine.observers());
        if let Some(next) = next {
            state.current = Some(next);
        }
        let Some(collection) = state.current.clone() else { return };
        let facts = Arc::downgrade(self);
        let changed = Arc::clone(&self.changed);
        let follower = tokio::spawn(async move {
            loop {
                let Some(facts) = facts.upgrade() else { return };
                door.learn(&engine, facts.known_from(&collection).await);
                drop(facts);
                changed.notified().await;
                tokio::time::sleep(BATCH).await;
            }
        });
        state.follower = Some(Task(follower.abort_handle()));
    }

    /// The kinds that rules of the engine that is followed want to know of, and nobody can.
    pub fn gaps(&self) -> Vec<Gap> {
        let state = self.state();
        let mut gaps = state.current.as_ref().map(|it| it.gaps()).unwrap_or_default();
        gaps.extend(self.names.refused().map(|why| Gap::new(&Names::kind(), why)));
        gaps.sort();
        gaps.dedup();
        gaps
    }

    /// How much is known for the engine that is followed; `None` before there is one.
    pub fn size(&self) -> Option<Size> {
        let current = self.state().current.clone()?;
        let extent = current.store.extent();
        let heard = current.store.heard().into_iter().chain([self.names.heard()]).min();
        Some(Size {
            kinds: current.store.kinds().len(),
            namespaces: self.names.known().map_or(0, |known| known.labels.len()),
            objects: extent.objects,
            bytes: extent.bytes,
            silent: heard.map(|heard| Instant::now().duration_since(heard)).unwrap_or_default(),
        })
    }

    fn watch_names(&self) {
        let mut state = self.state();
        if state.names.is_none() {
            let target = Target { depth: Depth::Metadata, ..Target::new(&Names::kind()) };
            let watch = self.watch(target, Arc::clone(&self.names));
            state.names = Some(Task(tokio::spawn(watch.run()).abort_handle()));
        }
    }

    /// The collection that there is for engines with the same observers, or a new one.
    fn collection(&self, engine: &Arc<Engine>) -> Arc<Collection> {
        let mut state = self.state();
        let fits = |it: &&Arc<Collection>| it.observers == *engine.observers();
        if let Some(current) = state.current.iter().chain(&state.next).find(fits).cloned() {
            return current;
        }
        let collection = Arc::new(Collection {
            observers: Arc::clone(engine.observers()),
            store: Arc::new(Store::new(engine, &self.changed)),
            watches: Mutex::default(),
            absent: Mutex::default(),
        });
        state.next = Some(Arc::clone(&collection));
        collection
    }

    /// Watches what the engine wants to know of and is served, and nothing else.
    fn cover(&self, collection: &Collection, engine: &Engine, served: &Served) {
        let wanted = served.preferred().filter(|it| it.can_be_watched());
        let wanted = wanted.filter(|it| engine.observes_kind(&it.api.group, &it.api.kind));
        let (secrets, wanted): (Vec<&ApiResource>, Vec<&ApiResource>) =
            wanted.map(|it| &it.api).partition(|api| is_secret(api));
        let mut watches = lock(&collection.watches);
        let gone: Vec<Name> = watches
            .iter()
            .filter(|(_, (api, _))| !wanted.contains(&api))
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            watches.remove(&name);
            collection.store.drop_shelf(&name);
        }
        for api in wanted {
            let name = (api.group.clone(), api.kind.clone());
            watches.entry(name).or_insert_with(|| {
                let shelf = Arc::new(collection.store.shelf(api));
                let watch = self.watch(Target::new(api), shelf);
                (api.clone(), Task(tokio::spawn(watch.run()).abort_handle()))
            });
        }
        let names: Vec<(&str, &str)> =
            served.preferred().map(|it| (&*it.api.group, &*it.api.kind)).collect();
        let absent = engine.observed_but_not(&names).into_iter();
        let absent = absent.map(|kind| Gap { kind, why: Why::NotServed });
        let named = |api: &&ApiResource| engine.observes_by_name(&api.group, &api.kind);
        let secrets: Vec<&ApiResource> = secrets.into_iter().filter(named).collect();
        let never = secrets.iter().map(|api| Gap::new(api, Why::Secret));
        *lock(&collection.absent) = Absent {
            gaps: absent.chain(never).collect(),
            secrets: secrets.iter().map(|it| (it.group.clone(), it.kind.clone())).collect(),
        };
    }

    fn watch<S>(&self, target: Target, sink: Arc<S>) -> Watch<S> {
        Watch { client: self.client.clone(), target, sink, lists: Arc::clone(&self.lists) }
    }

    async fn known_from(&self, collection: &Arc<Collection>) -> Known {
        let collection = Arc::clone(collection);
        let inventory = tokio::task::spawn_blocking(move || {
            let secrets = lock(&collection.absent).secrets.clone();
            collection.store.known(&secrets)
        });
        Known { namespaces: self.names.known(), inventory: inventory.await.ok() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Collection {
    fn gaps(&self) -> Vec<Gap> {
        let mut gaps = lock(&self.absent).gaps.clone();
        let watches = lock(&self.watches);
        for (name, why) in self.store.gaps() {
            gaps.extend(watches.get(&name).map(|(api, _)| Gap::new(api, why)));
        }
        gaps
    }
}

/// Whether it is the kind whose objects nobody here ever lists.
pub(super) fn is_secret(api: &ApiResource) -> bool {
    api.group.is_empty() && api.kind == "Secret"
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
