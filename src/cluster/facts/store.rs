//! What the rules of an engine noted of the objects in the cluster, kept as these change.
//!
//! An inventory that was handed out never changes. What changes later lies over it, and once that
//! has grown, both become one again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use kube::discovery::ApiResource;
use tokio::sync::{Notify, watch};

use super::watch::Sink;
use super::{Gap, Why};
use crate::cluster::page::Object;
use crate::engine::{Engine, Inventory, Notes, Subject};

/// How many objects may have changed before what was handed out is made anew; or one in eight.
const CHANGES: usize = 1024;

/// A group and a kind.
pub(super) type Name = (String, String);

/// What is known of the objects that rules want to know of.
pub(super) struct Store {
    engine: Arc<Engine>,
    held: Mutex<Held>,
    changed: Arc<Notify>,
    /// How many kinds are not listed yet.
    waiting: watch::Sender<usize>,
}

/// One kind's part of a store.
pub(super) struct Shelf {
    store: Arc<Store>,
    api: ApiResource,
}

#[derive(Default)]
struct Held {
    base: Arc<Inventory>,
    /// By uid, what has been noted since `base` was handed out; nothing of objects that are gone.
    since: HashMap<Box<str>, Notes>,
    kinds: BTreeMap<Name, Kind>,
}

/// What is known of a kind.
struct Kind {
    /// By uid, of which anything was noted.
    objects: HashMap<Box<str>, Print>,
    state: State,
    heard: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Listing,
    Known,
    Refused(Why),
}

/// What was noted of an object, without the notes.
#[derive(Clone, Copy)]
struct Print {
    print: u64,
    bytes: u32,
}

/// How large a store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) objects: usize,
    pub(super) bytes: usize,
}

impl Store {
    pub(super) fn new(engine: &Arc<Engine>, changed: &Arc<Notify>) -> Self {
        let mut base = Inventory::default();
        base.placed = true;
        Self {
            engine: Arc::clone(engine),
            held: Mutex::new(Held { base: Arc::new(base), ..Held::default() }),
            changed: Arc::clone(changed),
            waiting: watch::Sender::new(0),
        }
    }

    /// Makes room for a kind that is going to be watched.
    pub(super) fn shelf(self: &Arc<Self>, api: &ApiResource) -> Shelf {
        let kind = Kind { objects: HashMap::new(), state: State::Listing, heard: Instant::now() };
        self.held().kinds.insert((api.group.clone(), api.kind.clone()), kind);
        self.waiting.send_modify(|kinds| *kinds += 1);
        Shelf { store: Arc::clone(self), api: api.clone() }
    }

    /// Forgets a kind that is not watched any more.
    pub(super) fn drop_shelf(&self, name: &Name) {
        let mut held = self.held();
        let Some(kind) = held.kinds.remove(name) else { return };
        kind.objects.into_keys().for_each(|uid| {
            held.since.insert(uid, Notes::default());
        });
        if kind.state == State::Listing {
            self.waiting.send_modify(|kinds| *kinds -= 1);
        }
    }

    /// Waits until every kind is listed, or can't be.
    pub(super) async fn ready(&self) {
        _ = self.waiting.subscribe().wait_for(|kinds| *kinds == 0).await;
    }

    /// What is known now, as engines with the same observers take it; `secrets` are the kinds that
    /// nobody may list.
    pub(super) fn known(&self, secrets: &[Name]) -> Arc<Inventory> {
        let mut held = self.held();
        let objects: usize = held.kinds.values().map(|kind| kind.objects.len()).sum();
        if held.since.len() > CHANGES.max(objects / 8) {
            held.base = Arc::new(held.over().merged());
            held.since.clear();
        }
        let refused = held
            .kinds
            .iter()
            .filter(|(_, kind)| matches!(kind.state, State::Refused(why) if why.blinds()));
        let refused: Vec<&Name> = refused.map(|(name, _)| name).collect();
        if held.since.is_empty() && refused.is_empty() && secrets.is_empty() {
            return Arc::clone(&held.base);
        }
        let mut known = held.over();
        for (group, kind) in refused {
            let why = format!("there is no right to list `{kind}`");
            self.engine.lack(&mut known, (group, kind), &why, false);
        }
        for (group, kind) in secrets {
            let why = format!("`{kind}` is never listed");
            self.engine.lack(&mut known, (group, kind), &why, true);
        }
        Arc::new(known)
    }

    pub(super) fn gaps(&self) -> Vec<(Name, Why)> {
        let held = self.held();
        let refused = held.kinds.iter().filter_map(|(name, kind)| match kind.state {
            State::Refused(why) => Some((name.clone(), why)),
            State::Listing | State::Known => None,
        });
        refused.collect()
    }

    pub(super) fn extent(&self) -> Extent {
        let held = self.held();
        let prints = held.kinds.values().flat_map(|kind| kind.objects.values());
        let bytes = prints.clone().map(|print| print.bytes as usize).sum();
        Extent { objects: prints.count(), bytes }
    }

    /// When the kind was heard of last of which nothing has been heard for longest.
    pub(super) fn heard(&self) -> Option<Instant> {
        let held = self.held();
        let known = held.kinds.values().filter(|kind| kind.state == State::Known);
        known.map(|kind| kind.heard).min()
    }

    pub(super) fn kinds(&self) -> Vec<Name> {
        self.held().kinds.keys().cloned().collect()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn over(&self) -> Inventory {
        let replaced = self.since.keys().cloned().collect();
        Inventory::over(&self.base, replaced, self.since.values().cloned())
    }

    /// Takes in what was noted of an object; `was_known` says whether anything was noted before.
    fn put(&mut self, uid: &str, notes: Notes, was_known: bool) {
        // Nobody else has it while the kinds are listed for the first time.
        if !was_known
            && !self.since.contains_key(uid)
            && let Some(base) = Arc::get_mut(&mut self.base)
        {
            base.add(notes);
            return;
        }
        self.since.insert(uid.into(), notes);
    }
}

impl Shelf {
    pub(super) fn gap(&self, why: Why) -> Gap {
        Gap::new(&self.api, why)
    }

    fn change(&self, change: impl FnOnce(&mut Held, &Name) -> bool) {
        let name = (self.api.group.clone(), self.api.kind.clone());
        let mut held = self.store.held();
        if let Some(kind) = held.kinds.get_mut(&name) {
            kind.heard = Instant::now();
            if change(&mut held, &name) {
                self.store.changed.notify_one();
            }
        }
    }

    fn forget_but(&self, uids: &HashSet<Box<str>>) {
        self.change(|held, name| {
            let Some(kind) = held.kinds.get(name) else { return false };
            let gone: Vec<Box<str>> =
                kind.objects.keys().filter(|uid| !uids.contains(*uid)).cloned().collect();
            for uid in &gone {
                held.note(name, uid, Notes::default());
            }
            !gone.is_empty()
        });
    }

    fn enter(&self, state: State) {
        self.change(|held, name| {
            let Some(kind) = held.kinds.get_mut(name) else { return false };
            let before = std::mem::replace(&mut kind.state, state);
            if before == State::Listing {
                self.store.waiting.send_modify(|kinds| *kinds -= 1);
            }
            before != state
        });
    }
}

impl Sink for Shelf {
    fn take(&self, objects: Vec<Object<'_>>) {
        let noted: Vec<(Box<str>, Notes)> = objects
            .into_iter()
            .map(|Object { identity, value }| {
                let uid = identity.uid.clone().unwrap_or_default().into();
                (uid, self.store.engine.notes(&Subject::new(identity, &value)))
            })
            .collect();
        self.change(|held, name| {
            let mut is_other = false;
            for (uid, notes) in noted {
                is_other |= held.note(name, &uid, notes);
            }
            is_other
        });
    }

    fn remove(&self, uid: &str) {
        self.change(|held, name| held.note(name, uid, Notes::default()));
    }

    fn listed(&self, uids: &HashSet<Box<str>>) {
        self.forget_but(uids);
        self.enter(State::Known);
    }

    fn refuse(&self, why: Why) {
        tracing::warn!("{}", self.gap(why));
        if why == Why::NotServed {
            self.forget_but(&HashSet::new());
        }
        self.enter(State::Refused(why));
    }

    fn hear(&self) {
        self.change(|_, _| false);
    }
}

impl Held {
    /// Takes in what is now noted of an object, and returns whether that is something else than
    /// before. What most changes of most objects change is of interest to no rule.
    fn note(&mut self, name: &Name, uid: &str, notes: Notes) -> bool {
        let Some(kind) = self.kinds.get_mut(name) else { return false };
        let print =
            Print { print: notes.print(), bytes: u32::try_from(notes.bytes()).unwrap_or(u32::MAX) };
        let before = match notes.is_empty() {
            true => kind.objects.remove(uid),
            false => kind.objects.insert(uid.into(), print),
        };
        let is_same = match before {
            None => notes.is_empty(),
            Some(before) => !notes.is_empty() && before.print == print.print,
        };
        if !is_same {
            self.put(uid, notes, before.is_some());
        }
        !is_same
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::engine;
    use crate::engine::{Budget, Facts, Status};

    const POLICY: &str = "apiVersion: portcullis.skao.int/v1alpha1
kind: Policy
metadata: {name: test}
spec:
  rules:
  - {rule: unique, scope: {kinds: [v1/ConfigMap]}, params: {field: data.port, within: cluster}}
";

    fn config_maps() -> ApiResource {
        ApiResource::erase::<k8s_openapi::api::core::v1::ConfigMap>(&())
    }

    fn text(name: &str, port: &str) -> String {
        format!(
            r#"{{"metadata":{{"name":"{name}","namespace":"demo","uid":"u-{name}"}},
            "data":{{"port":"{port}","other":"x"}}}}"#
        )
    }

    fn put(shelf: &Shelf, name: &str, port: &str) {
        let text = text(name, port);
        shelf.take(vec![Object::read(&text, &config_maps()).unwrap().unwrap()]);
    }

    /// What is found in an object with a port, given what is known.
    fn found(engine: &Engine, inventory: &Inventory, port: &str) -> Vec<String> {
        let text = text("judged", port);
        let Object { identity, value } = Object::read(&text, &config_maps()).unwrap().unwrap();
        let facts = Facts { inventory: Some(inventory), ..Facts::default() };
        let report = engine.evaluate(&Subject::new(identity, &value), &facts, Budget::default());
        let skipped = report.outcomes.into_iter().filter(|it| it.status == Status::Skip);
        let skipped = skipped.filter_map(|it| it.reason);
        report.findings.into_iter().map(|it| it.message).chain(skipped).collect()
    }

    fn store() -> (Arc<Engine>, Arc<Store>, Shelf) {
        let engine = Arc::new(engine(POLICY));
        let store = Arc::new(Store::new(&engine, &Arc::new(Notify::new())));
        let shelf = store.shelf(&config_maps());
        (engine, store, shelf)
    }

    #[test]
    fn what_changes_after_it_was_told_is_told_the_next_time_and_not_before() {
        let (engine, store, shelf) = store();
        put(&shelf, "a", "1");
        shelf.listed(&HashSet::from(["u-a".into()]));
        let first = store.known(&[]);
        assert_eq!(found(&engine, &first, "1").len(), 1);
        put(&shelf, "a", "2");
        let second = store.known(&[]);
        assert_eq!(found(&engine, &first, "1").len(), 1);
        assert_eq!(found(&engine, &second, "1").len(), 0);
        assert_eq!(found(&engine, &second, "2").len(), 1);
        shelf.remove("u-a");
        assert_eq!(found(&engine, &store.known(&[]), "2").len(), 0);
        assert_eq!(store.extent(), Extent::default());
    }

    #[test]
    fn a_list_forgets_what_is_gone() {
        let (engine, store, shelf) = store();
        put(&shelf, "a", "1");
        put(&shelf, "b", "2");
        shelf.listed(&HashSet::from(["u-a".into(), "u-b".into()]));
        assert_eq!(store.extent().objects, 2);
        _ = store.known(&[]);
        shelf.listed(&HashSet::from(["u-b".into()]));
        let known = store.known(&[]);
        assert_eq!(found(&engine, &known, "1").len(), 0);
        assert_eq!(found(&engine, &known, "2").len(), 1);
    }

    #[test]
    fn many_changes_become_one_layer_that_says_the_same() {
        let (engine, store, shelf) = store();
        put(&shelf, "a", "1");
        shelf.listed(&HashSet::from(["u-a".into()]));
        let first = store.known(&[]);
        for rank in 0..2 * CHANGES {
            put(&shelf, &format!("n{rank}"), &format!("p{rank}"));
        }
        put(&shelf, "a", "p7");
        let known = store.known(&[]);
        assert!(store.held().since.is_empty());
        assert_eq!(known.len(), 2 * CHANGES + 1);
        assert_eq!((found(&engine, &known, "1").len(), first.len()), (0, 1));
        assert_eq!(found(&engine, &known, "p8").len(), 1);
    }

    #[test]
    fn what_no_rule_wants_to_know_changes_nothing() {
        let (_, store, shelf) = store();
        put(&shelf, "a", "1");
        shelf.listed(&HashSet::from(["u-a".into()]));
        let first = store.known(&[]);
        let other = text("a", "1").replace("\"x\"", "\"y\"");
        shelf.take(vec![Object::read(&other, &config_maps()).unwrap().unwrap()]);
        assert!(Arc::ptr_eq(&first, &store.known(&[])));
    }

    #[test]
    fn rules_that_ask_for_a_kind_which_is_forbidden_skip_until_it_is_not() {
        let (engine, store, shelf) = store();
        shelf.refuse(Why::Forbidden);
        let why = "the other objects not known: there is no right to list `ConfigMap`";
        assert_eq!(found(&engine, &store.known(&[]), "1"), [why]);
        assert_eq!(store.gaps(), [((String::new(), "ConfigMap".to_owned()), Why::Forbidden)]);
        shelf.listed(&HashSet::new());
        assert_eq!(found(&engine, &store.known(&[]), "1"), Vec::<String>::new());
        assert_eq!(store.gaps(), []);
    }
}
