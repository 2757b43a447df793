//! Judging what exists: all that rules ask for is listed first, then every object is judged.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use kube::Client;
use kube::discovery::ApiResource;

use super::owners::Owners;
use super::{Error, Options};
use crate::cluster::discovery::{Resource, Served};
use crate::cluster::facts::{Gap, Why, is_secret};
use crate::cluster::page::{Depth, Object, Pace, Page, Pages, Target};
use crate::engine::{
    Budget, Decision, Enforcement, Engine, Facts, Ground, Identity, Inventory, Namespaces, Report,
    Status, Subject,
};

/// How much text of objects is kept from the first list to the judgement. What is more is listed
/// again.
const KEPT: usize = 64 << 20;

/// How often owners of owners are looked up.
const ROUNDS: usize = 4;

/// The groups of the reports that are written here and by others like this.
const REPORTS: [&str; 2] = ["wgpolicyk8s.io", "openreports.io"];

/// By what is judged.
#[derive(Clone, Debug)]
pub struct Court {
    pub engine: Arc<Engine>,
    /// If given, only that counts which the engine denies and this one does not.
    pub beyond: Option<Arc<Engine>>,
}

/// All that came of one audit.
#[derive(Debug, Default)]
pub struct Scan {
    /// The digest of the policy set that judged.
    pub policy_set: String,
    /// What was judged and has a finding, or a rule that could not judge it; all objects if asked
    /// for. By kind, namespace and name.
    pub judged: Vec<Judged>,
    pub objects: usize,
    /// Objects that would not be admitted.
    pub denied: usize,
    /// How many rules had nothing to say, by namespace; under the empty name of what lies in none.
    pub passed: BTreeMap<String, usize>,
    pub skipped: usize,
    pub errors: usize,
    /// What could not be listed.
    pub gaps: Vec<Gap>,
    /// How many requests it took.
    pub requests: usize,
}

/// An object that was judged.
#[derive(Debug)]
pub struct Judged {
    pub identity: Arc<Identity>,
    /// What owns it in the end: itself if nothing does.
    pub root: Arc<Identity>,
    pub report: Report,
}

/// What is known before anything is judged.
struct Bench {
    court: Court,
    owners: Owners,
    namespaces: Option<Namespaces>,
    /// One for each engine.
    inventories: Vec<Inventory>,
    now: Timestamp,
    all: bool,
}

/// A kind on its way through an audit.
struct Lot<'s> {
    api: &'s ApiResource,
    namespaced: bool,
    is_judged: bool,
    is_observed: bool,
    /// Whether only the objects of one namespace may be listed.
    is_narrowed: bool,
    /// What was listed already, if it was kept.
    pages: Option<Vec<Arc<Page>>>,
}

/// Lists, and remembers what it could not.
struct Listing<'l> {
    client: &'l Client,
    pace: &'l Pace,
    options: &'l Options,
    gaps: Vec<Gap>,
    kept: usize,
}

/// Judges what exists in the cluster.
///
/// # Errors
///
/// The API server does not answer, or what it says is not understood. What is forbidden is no
/// error but a gap.
pub async fn scan(
    client: &Client,
    court: &Court,
    served: &Served,
    options: &Options,
) -> Result<Scan, Error> {
    let pace = Pace::new(options.requests_per_second);
    let mut listing = Listing { client, pace: &pace, options, gaps: Vec::new(), kept: 0 };
    let mut lots: Vec<Lot<'_>> = served.preferred().filter_map(|it| court.lot(it)).collect();
    let bench = Arc::new(listing.learn(court, served, &mut lots).await?);
    let policy_set = court.engine.digest().to_string();
    let mut scan = Scan { policy_set, ..Scan::default() };
    for lot in lots.into_iter().filter(|lot| lot.is_judged) {
        listing.judge(&bench, lot, &mut scan).await?;
    }
    let key = |it: &Judged| {
        let Identity { group, kind, namespace, name, .. } = &*it.identity;
        (group.clone(), kind.clone(), namespace.clone(), name.clone())
    };
    scan.judged.sort_by_cached_key(key);
    listing.gaps.sort();
    listing.gaps.dedup();
    scan.gaps = listing.gaps;
    scan.requests = pace.count();
    Ok(scan)
}

impl Court {
    fn engines(&self) -> impl Iterator<Item = &Arc<Engine>> {
        std::iter::once(&self.engine).chain(&self.beyond)
    }

    /// What is to be done with a kind; `None` if nothing.
    fn lot<'s>(&self, resource: &'s Resource) -> Option<Lot<'s>> {
        let api = &resource.api;
        let (group, kind) = (api.group.as_str(), api.kind.as_str());
        if !resource.can_be_listed() || is_secret(api) || REPORTS.contains(&group) {
            return None;
        }
        let is_judged = self.engine.may_judge_existing(group, kind);
        let is_observed = self.engines().any(|engine| engine.observes_kind(group, kind));
        (is_judged || is_observed || is_namespace(api)).then_some(Lot {
            api,
            namespaced: resource.namespaced,
            is_judged,
            is_observed,
            is_narrowed: false,
            pages: None,
        })
    }
}

impl Listing<'_> {
    /// Lists all kinds: what rules want to know of other objects, who owns what, and the labels of
    /// namespaces.
    async fn learn(
        &mut self,
        court: &Court,
        served: &Served,
        lots: &mut [Lot<'_>],
    ) -> Result<Bench, Error> {
        let mut inventories: Vec<Inventory> = court.engines().map(|_| whole()).collect();
        let mut owners = Owners::default();
        let mut namespaces = None;
        for lot in &mut *lots {
            let observers = match lot.is_observed {
                true => court.engines().zip(&mut inventories).collect(),
                false => Vec::new(),
            };
            let mut eyes = Eyes { observers, owners: &mut owners, namespaces: &mut namespaces };
            if let Err(why) = self.look(lot, &mut eyes).await? {
                let (group, kind) = (lot.api.group.as_str(), lot.api.kind.as_str());
                let reason = format!("there is no right to list `{kind}`");
                for (engine, inventory) in court.engines().zip(&mut inventories) {
                    if why.blinds() {
                        engine.lack(inventory, (group, kind), &reason, false);
                    }
                }
                lot.is_judged = false;
                self.gaps.push(Gap::new(lot.api, why));
            }
        }
        for (engine, inventory) in court.engines().zip(&mut inventories) {
            engine.lack(inventory, ("", "Secret"), "`Secret` is never listed", true);
            // Where only one namespace can be seen, what is not there may be elsewhere.
            inventory.complete = !lots.iter().any(|lot| lot.is_observed && lot.is_narrowed);
        }
        self.look_up(served, lots, &mut owners).await?;
        Ok(Bench {
            court: court.clone(),
            owners,
            namespaces,
            inventories,
            now: Timestamp::now(),
            all: self.options.all,
        })
    }

    /// Lists owners of kinds that were not listed, and their owners, by their metadata alone.
    async fn look_up(
        &mut self,
        served: &Served,
        lots: &[Lot<'_>],
        owners: &mut Owners,
    ) -> Result<(), Error> {
        let mut seen: Vec<&ApiResource> = lots.iter().map(|lot| lot.api).collect();
        for _ in 0..ROUNDS {
            let unseen = owners.unseen();
            let named = |it: &&Resource| {
                it.can_be_listed()
                    && !is_secret(&it.api)
                    && unseen.contains(&(it.api.group.as_str(), it.api.kind.as_str()))
            };
            let found = served.preferred().filter(named).filter(|it| !seen.contains(&&it.api));
            let found: Vec<&Resource> = found.collect();
            if found.is_empty() {
                break;
            }
            for resource in found {
                seen.push(&resource.api);
                let mut lot = Lot {
                    api: &resource.api,
                    namespaced: resource.namespaced,
                    is_judged: false,
                    is_observed: false,
                    is_narrowed: false,
                    pages: None,
                };
                let mut none = None;
                let mut eyes = Eyes { observers: Vec::new(), owners, namespaces: &mut none };
                // An owner that can't be seen owns nothing.
                _ = self.look(&mut lot, &mut eyes).await?;
            }
        }
        Ok(())
    }

    /// Lists a kind for the first time. What is going to be judged is kept, if there is room.
    async fn look(
        &mut self,
        lot: &mut Lot<'_>,
        eyes: &mut Eyes<'_>,
    ) -> Result<Result<(), Why>, Error> {
        let keeps = lot.is_judged && self.kept < KEPT;
        let whole = lot.is_observed || keeps;
        // What others own and know may lie anywhere; what is only judged lies here.
        lot.is_narrowed = lot.namespaced && self.options.namespace.is_some() && !lot.is_observed;
        let mut kept = keeps.then(Vec::new);
        loop {
            let target = self.target(lot, if whole { Depth::Whole } else { Depth::Metadata });
            let mut pages = Pages::new(self.client, &target).paced(self.pace);
            let failed = loop {
                let page = match pages.next().await {
                    Ok(Some(page)) => Arc::new(page),
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                };
                eyes.see(&page, lot.api)?;
                self.kept += if kept.is_some() { page.bytes() } else { 0 };
                if self.kept >= KEPT {
                    kept = None;
                }
                if let Some(kept) = &mut kept {
                    kept.push(page);
                }
            };
            let Some(error) = failed else { break };
            let can_narrow = lot.namespaced && self.options.namespace.is_some();
            match refused(&error) {
                Some(Why::Forbidden) if can_narrow && !lot.is_narrowed => lot.is_narrowed = true,
                Some(why) => return Ok(Err(why)),
                None => return Err(Error::Api(error)),
            }
        }
        lot.pages = kept;
        Ok(Ok(()))
    }

    /// Judges the objects of a kind.
    async fn judge(
        &mut self,
        bench: &Arc<Bench>,
        mut lot: Lot<'_>,
        scan: &mut Scan,
    ) -> Result<(), Error> {
        let wanted = self.options.namespace.clone();
        if let Some(pages) = lot.pages.take() {
            for page in pages {
                scan.add(bench.judge(page, wanted.clone()).await?);
            }
            return Ok(());
        }
        lot.is_narrowed = lot.namespaced && wanted.is_some();
        let target = self.target(&lot, Depth::Whole);
        let mut pages = Pages::new(self.client, &target).paced(self.pace);
        loop {
            match pages.next().await {
                Ok(Some(page)) => scan.add(bench.judge(Arc::new(page), wanted.clone()).await?),
                Ok(None) => return Ok(()),
                Err(error) => match refused(&error) {
                    Some(why) => {
                        self.gaps.push(Gap::new(lot.api, why));
                        return Ok(());
                    }
                    None => return Err(Error::Api(error)),
                },
            }
        }
    }

    fn target(&self, lot: &Lot<'_>, depth: Depth) -> Target {
        let namespace = self.options.namespace.clone().filter(|_| lot.is_narrowed);
        Target { namespace, depth, ..Target::new(lot.api) }
    }
}

/// Who learns from an object that is listed.
struct Eyes<'e> {
    observers: Vec<(&'e Arc<Engine>, &'e mut Inventory)>,
    owners: &'e mut Owners,
    namespaces: &'e mut Option<Namespaces>,
}

impl Eyes<'_> {
    fn see(&mut self, page: &Page, api: &ApiResource) -> Result<(), Error> {
        let objects = page.read().map_err(|problem| Error::unreadable(api, &problem))?;
        for object in &objects {
            self.owners.add(object);
            if is_namespace(api) {
                let labels = Namespaces::labels_of(&object.value);
                let known = self.namespaces.get_or_insert_default();
                known.labels.insert(object.identity.name.clone(), labels);
            }
            let subject = Subject::new(Arc::clone(&object.identity), &object.value);
            for (engine, inventory) in &mut self.observers {
                engine.observe(&subject, inventory);
            }
        }
        Ok(())
    }
}

impl Bench {
    /// Judges the objects of a page, without keeping up what else is to be done.
    async fn judge(
        self: &Arc<Self>,
        page: Arc<Page>,
        namespace: Option<String>,
    ) -> Result<Scan, Error> {
        let bench = Arc::clone(self);
        let judged = tokio::task::spawn_blocking(move || {
            let objects = page.read().map_err(|problem| Error::unreadable(page.api(), &problem))?;
            let mut scan = Scan::default();
            let is_wanted = |object: &Object<'_>| match &namespace {
                None => true,
                Some(wanted) => object.identity.namespace.as_ref() == Some(wanted),
            };
            for object in objects.into_iter().filter(is_wanted) {
                bench.judge_object(object, &mut scan);
            }
            Ok(scan)
        });
        judged.await.unwrap_or_else(|_| Err(Error::Stopped))
    }

    fn judge_object(&self, object: Object<'_>, scan: &mut Scan) {
        let Object { identity, value } = object;
        let owners = self.owners.above(&identity);
        let mut subject = Subject::new(identity, &value);
        subject.owner_seen = self.owners.is_owned(&subject.identity);
        let mut reports = self.court.engines().zip(&self.inventories).map(|(engine, inventory)| {
            let facts = Facts {
                namespaces: self.namespaces.as_ref(),
                inventory: Some(inventory),
                owners: &owners,
                now: Some(self.now),
                ..Facts::default()
            };
            engine.evaluate(&subject, &facts, Budget::default())
        });
        let Some(mut report) = reports.next() else { return };
        if let Some(before) = reports.next() {
            leave_out(&mut report, &before);
        }
        let waived = report.outcomes.iter().filter(|it| it.status == Status::Pass).count();
        let namespace = report.subject.namespace.clone().unwrap_or_default();
        let count = |status| report.outcomes.iter().filter(|it| it.status == status).count();
        scan.objects += 1;
        scan.denied += usize::from(!Decision::of(&report).allowed());
        *scan.passed.entry(namespace).or_default() += report.passed + waived;
        scan.skipped += count(Status::Skip);
        scan.errors += count(Status::Error);
        report.outcomes.retain(|outcome| outcome.could_not_judge());
        if self.all || !report.findings.is_empty() || !report.outcomes.is_empty() {
            let identity = Arc::clone(&report.subject);
            let root = Arc::clone(owners.last().unwrap_or(&identity));
            scan.judged.push(Judged { identity, root, report });
        }
    }
}

impl Scan {
    fn add(&mut self, other: Self) {
        self.judged.extend(other.judged);
        self.objects += other.objects;
        self.denied += other.denied;
        self.skipped += other.skipped;
        self.errors += other.errors;
        for (namespace, passed) in other.passed {
            *self.passed.entry(namespace).or_default() += passed;
        }
    }
}

/// Leaves in a report what denies, and did not in the one before.
fn leave_out(report: &mut Report, before: &Report) {
    let denied = Decision::of(before).denials;
    let was_denied = |ground: &Ground<'_>| {
        match ground {
        Ground::Finding(finding) => denied
            .iter()
            .any(|it| matches!(it, Ground::Finding(other) if other.id == finding.id)),
        Ground::Unjudged(outcome) => denied.iter().any(|it| {
            matches!(it, Ground::Unjudged(other) if (&other.policy, &other.entry) == (&outcome.policy, &outcome.entry))
        }),
    }
    };
    let is_new =
        |ground: Ground<'_>| ground.enforcement() == Enforcement::Deny && !was_denied(&ground);
    let findings = std::mem::take(&mut report.findings);
    report.findings = findings.into_iter().filter(|it| is_new(Ground::Finding(it))).collect();
    let outcomes = std::mem::take(&mut report.outcomes);
    let kept = outcomes.into_iter().filter(|it| it.could_not_judge());
    report.outcomes = kept.filter(|it| is_new(Ground::Unjudged(it))).collect();
}

fn whole() -> Inventory {
    let mut inventory = Inventory::default();
    inventory.judged = true;
    inventory.placed = true;
    inventory
}

fn is_namespace(api: &ApiResource) -> bool {
    api.group.is_empty() && api.kind == "Namespace"
}

fn refused(error: &kube::Error) -> Option<Why> {
    match error {
        kube::Error::Api(status) if status.code == 403 => Some(Why::Forbidden),
        kube::Error::Api(status) if matches!(status.code, 404 | 405) => Some(Why::NotServed),
        _ => None,
    }
}
