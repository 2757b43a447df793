//! Keeps the webhook configurations as the policy set in force wants them.
//!
//! One that somebody edits is repaired at once. One that somebody deletes is break-glass: it works
//! with Portcullis down, it is told, and it holds for a while before the configuration comes back.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::events::EventType;
use kube::runtime::watcher::watch_object;
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{info, warn};

use super::discovery::Served;
use super::event::Events;
use super::keys::Told;
use super::metrics::Metrics;
use super::own::Own;
use super::policies::InForce;
use super::registration::{Frame, Registration};
use super::{goes_with, words};

const RETRY: Duration = Duration::from_secs(2);
/// Says that the configurations were once there, so that their absence means something.
const REGISTERED: &str = "portcullis.skao.int/registered";
/// Since when the glass is broken.
const SINCE: &str = "portcullis.skao.int/break-glass-since";

/// Registers, while this replica leads.
pub(super) struct Registrar {
    pub(super) client: Client,
    pub(super) own: Own,
    pub(super) owner: Option<OwnerReference>,
    pub(super) events: Events,
    pub(super) metrics: Arc<Metrics>,
    pub(super) in_force: watch::Receiver<Option<Arc<InForce>>>,
    pub(super) served: watch::Receiver<Arc<Served>>,
    /// Whom API servers are to trust, as PEM.
    pub(super) trusted: watch::Receiver<String>,
    pub(super) leads: watch::Receiver<bool>,
    /// What API servers are told to trust.
    pub(super) told: watch::Sender<Told>,
    /// How long a deletion holds.
    pub(super) hold: Duration,
    /// Whether it is written down that the configurations are there.
    pub(super) marked: bool,
}

/// The two configurations as they are; `None` until that is known.
#[derive(Default)]
struct Current {
    validating: Option<Option<ValidatingWebhookConfiguration>>,
    mutating: Option<Option<MutatingWebhookConfiguration>>,
}

/// A webhook configuration, of which there are two types that differ in nothing that matters here.
trait Configuration:
    Resource<DynamicType = (), Scope = kube::core::ClusterResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Serialize
    + Send
    + Sync
    + 'static
{
    /// Whether the API server is told the same by both.
    fn tells_as(&self, other: &Self) -> bool;
}

impl Configuration for ValidatingWebhookConfiguration {
    fn tells_as(&self, other: &Self) -> bool {
        self.webhooks == other.webhooks && kept_by(&self.metadata, &other.metadata)
    }
}

impl Configuration for MutatingWebhookConfiguration {
    fn tells_as(&self, other: &Self) -> bool {
        self.webhooks.as_deref().unwrap_or_default()
            == other.webhooks.as_deref().unwrap_or_default()
            && kept_by(&self.metadata, &other.metadata)
    }
}

/// Whether the labels and owners that are wanted are there; there may be more.
fn kept_by(wanted: &ObjectMeta, metadata: &ObjectMeta) -> bool {
    let labels = metadata.labels.clone().unwrap_or_default();
    let wanted_labels = wanted.labels.iter().flatten();
    let mut wanted_owners = wanted.owner_references.iter().flatten();
    wanted_labels.into_iter().all(|(key, value)| labels.get(key) == Some(value))
        && wanted_owners.all(|owner| goes_with(metadata, owner))
}

impl Registrar {
    pub(super) async fn run(mut self) {
        let mut current = Current::default();
        let name = self.own.name.clone();
        let mut validating =
            watch_object(Api::all(self.client.clone()), &name).default_backoff().boxed();
        let mut mutating =
            watch_object(Api::all(self.client.clone()), &name).default_backoff().boxed();
        let mut again = None;
        loop {
            tokio::select! {
                Some(event) = validating.next() => heard(event, &mut current.validating),
                Some(event) = mutating.next() => heard(event, &mut current.mutating),
                Ok(()) = self.in_force.changed() => {}
                Ok(()) = self.served.changed() => {}
                Ok(()) = self.trusted.changed() => {}
                Ok(()) = self.leads.changed() => {}
                () = sleep(again.unwrap_or_default()), if again.is_some() => {}
            }
            again = match self.reconcile(&mut current).await {
                Ok(again) => again,
                Err(error) => {
                    warn!("the webhook configurations can't be written: {}", words(&error));
                    Some(RETRY)
                }
            };
        }
    }

    /// Makes what is there what should be; says when to look again if nothing happens before.
    async fn reconcile(&mut self, current: &mut Current) -> Result<Option<Duration>, kube::Error> {
        let in_force = self.in_force.borrow_and_update().clone();
        let served = self.served.borrow_and_update().clone();
        let trusted = self.trusted.borrow_and_update().clone();
        let leads = *self.leads.borrow_and_update();
        let (Some(in_force), Some(validating), Some(mutating), true) =
            (in_force, &mut current.validating, &mut current.mutating, leads)
        else {
            return Ok(None);
        };
        if served.resources.is_empty() {
            return Ok(Some(RETRY));
        }
        let frame =
            Frame { own: &self.own, authority: trusted.as_bytes(), owner: self.owner.clone() };
        let wanted = Registration::of(&in_force.assembly.engine, &served, &frame);
        let missing = validating.is_none() || mutating.is_none();
        let mut create = false;
        if missing {
            self.marked = false;
            match self.absence().await? {
                Absence::NotYetThere => create = true,
                Absence::BreakGlass(left) if left.is_zero() => {
                    create = true;
                    let note = "the webhook configurations that were deleted are restored";
                    self.events.say(EventType::Normal, "Restored", note.to_owned()).await;
                    info!("{note}");
                }
                Absence::BreakGlass(left) => {
                    self.metrics.break_glass(true);
                    self.say(Told::Nothing);
                    return Ok(Some(left));
                }
            }
        }
        let told = self.put(&wanted.validating, validating, create).await?
            & self.put(&wanted.mutating, mutating, create).await?;
        self.metrics.break_glass(false);
        if told {
            self.say(Told::Trust(trusted));
            if !self.marked {
                // It is on its way.
                let Some(_) = self.memory().await? else { return Ok(Some(RETRY)) };
                self.mark(json!({REGISTERED: "true", SINCE: null})).await?;
                self.marked = true;
            }
        }
        Ok(None)
    }

    fn say(&self, told: Told) {
        self.told.send_if_modified(|before| {
            let changed = *before != told;
            *before = told;
            changed
        });
    }

    /// Writes a configuration where it is not as it should be; whether it was.
    async fn put<C: Configuration>(
        &self,
        wanted: &C,
        current: &mut Option<C>,
        create: bool,
    ) -> Result<bool, kube::Error> {
        let api: Api<C> = Api::all(self.client.clone());
        let name = &self.own.name;
        let Some(current) = current else {
            if create {
                match api.create(&PostParams::default(), wanted).await {
                    Ok(created) => {
                        info!("{} `{name}` is created", C::kind(&()));
                        *current = Some(created);
                    }
                    // It is on its way here.
                    Err(kube::Error::Api(status)) if status.is_already_exists() => {}
                    Err(error) => return Err(error),
                }
            }
            return Ok(false);
        };
        if wanted.tells_as(current) {
            return Ok(true);
        }
        info!("{} `{name}` is brought up to date", C::kind(&()));
        let mut written = wanted.clone();
        written.meta_mut().resource_version = current.resource_version();
        match api.replace(name, &PostParams::default(), &written).await {
            Ok(_) => Ok(false),
            // What it is now is on its way here.
            Err(kube::Error::Api(status)) if status.is_conflict() || status.is_not_found() => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// What it means that a configuration is not there.
    async fn absence(&self) -> Result<Absence, kube::Error> {
        let memory = self.memory().await?;
        let annotations = memory.and_then(|map| map.metadata.annotations).unwrap_or_default();
        if !annotations.contains_key(REGISTERED) {
            return Ok(Absence::NotYetThere);
        }
        let since = annotations.get(SINCE).and_then(|it| it.parse::<Timestamp>().ok());
        let since = match since {
            Some(since) => since,
            None => {
                let now = Timestamp::now();
                let note = format!(
                    "webhook configurations were deleted: they stay away for {:#}",
                    jiff::SignedDuration::try_from(self.hold).unwrap_or_default()
                );
                warn!("{note}");
                self.events.say(EventType::Warning, "BreakGlass", note).await;
                self.mark(json!({SINCE: now.to_string()})).await?;
                now
            }
        };
        let passed = Timestamp::now().duration_since(since);
        let passed = Duration::try_from(passed).unwrap_or_default();
        Ok(Absence::BreakGlass(self.hold.saturating_sub(passed)))
    }

    /// The ConfigMap of this release. That of an earlier one says nothing about now.
    async fn memory(&self) -> Result<Option<ConfigMap>, kube::Error> {
        let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), &self.own.namespace);
        let map = maps.get_opt(&self.own.policy_set()).await?;
        let owner = self.owner.as_ref();
        Ok(map.filter(|map| owner.is_none_or(|owner| goes_with(&map.metadata, owner))))
    }

    async fn mark(&self, annotations: Json) -> Result<(), kube::Error> {
        let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), &self.own.namespace);
        let patch = Patch::Merge(json!({"metadata": {"annotations": annotations}}));
        maps.patch(&self.own.policy_set(), &PatchParams::default(), &patch).await?;
        Ok(())
    }
}

/// Why a configuration is not there.
enum Absence {
    NotYetThere,
    /// Somebody deleted it; for so long it stays away.
    BreakGlass(Duration),
}

fn heard<C>(
    event: Result<Option<C>, kube::runtime::watcher::Error>,
    current: &mut Option<Option<C>>,
) {
    match event {
        Ok(object) => *current = Some(object),
        Err(error) => warn!("the webhook configurations can't be watched: {error}"),
    }
}
