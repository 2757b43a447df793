//! The labels of namespaces.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use kube::discovery::ApiResource;
use tokio::sync::{Notify, watch};

use super::Why;
use super::watch::Sink;
use crate::cluster::page::Object;
use crate::engine::Namespaces;

/// What is known of namespaces, and nothing but their labels is.
pub(super) struct Names {
    held: Mutex<Held>,
    changed: Arc<Notify>,
    /// Whether they have been listed, or can't be.
    ready: watch::Sender<bool>,
}

struct Held {
    labels: Arc<Namespaces>,
    /// The names by uid.
    names: HashMap<Box<str>, String>,
    refused: Option<Why>,
    heard: Instant,
}

impl Names {
    pub(super) fn new(changed: Arc<Notify>) -> Self {
        let held = Held {
            labels: Arc::default(),
            names: HashMap::new(),
            refused: None,
            heard: Instant::now(),
        };
        Self { held: Mutex::new(held), changed, ready: watch::Sender::new(false) }
    }

    pub(super) fn kind() -> ApiResource {
        ApiResource::erase::<k8s_openapi::api::core::v1::Namespace>(&())
    }

    /// Waits until they are listed, or can't be.
    pub(super) async fn ready(&self) {
        _ = self.ready.subscribe().wait_for(|ready| *ready).await;
    }

    /// The labels; `None` if nobody knows them.
    pub(super) fn known(&self) -> Option<Arc<Namespaces>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        (*self.ready.borrow() && held.refused.is_none()).then(|| Arc::clone(&held.labels))
    }

    pub(super) fn refused(&self) -> Option<Why> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).refused
    }

    pub(super) fn heard(&self) -> Instant {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).heard
    }

    fn change<T>(&self, change: impl FnOnce(&mut Held) -> T) -> T {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.heard = Instant::now();
        change(&mut held)
    }
}

impl Sink for Names {
    fn take(&self, objects: Vec<Object<'_>>) {
        let is_other = self.change(|held| {
            let mut is_other = false;
            for object in objects {
                let labels = Namespaces::labels_of(&object.value);
                let name = object.identity.name.clone();
                if held.labels.labels.get(&name) != Some(&labels) {
                    Arc::make_mut(&mut held.labels).labels.insert(name.clone(), labels);
                    is_other = true;
                }
                held.names.insert(object.uid().into(), name);
            }
            is_other
        });
        if is_other {
            self.changed.notify_one();
        }
    }

    fn remove(&self, uid: &str) {
        self.change(|held| held.forget(uid));
        self.changed.notify_one();
    }

    fn listed(&self, uids: &HashSet<Box<str>>) {
        self.change(|held| {
            let gone: Vec<Box<str>> =
                held.names.keys().filter(|uid| !uids.contains(*uid)).cloned().collect();
            gone.iter().for_each(|uid| held.forget(uid));
            held.refused = None;
        });
        self.ready.send_replace(true);
        self.changed.notify_one();
    }

    fn refuse(&self, why: Why) {
        self.change(|held| held.refused = Some(why));
        self.ready.send_replace(true);
        self.changed.notify_one();
    }

    fn hear(&self) {
        self.change(|_| ());
    }
}

impl Held {
    fn forget(&mut self, uid: &str) {
        let Some(name) = self.names.remove(uid) else { return };
        // One of the same name may have been made since.
        if !self.names.values().any(|other| *other == name) {
            Arc::make_mut(&mut self.labels).labels.remove(&name);
        }
    }
}
