//! What the leader writes about the policy set in force: the status of every part, an object for
//! each policy of a file, and the whole set as one file.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::rbac::v1::ClusterRole;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions};
use kube::runtime::events::EventType;
use kube::{Api, Client, Resource as _};
use serde_json::{Map, Value as Json, json};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{info, warn};

use super::assembly::{self, Key, Kind, Shipped, Standing};
use super::audit::Reporting;
use super::custom::{self, Condition, MIRRORS, Seen};
use super::discovery::Served;
use super::event::Events;
use super::facts::{Facts, Gap};
use super::own::Own;
use super::policies::InForce;
use super::registration::unserved;
use super::{goes_with, labels, words};
use crate::engine::{Enforcement, Policy, PolicySet, Standing as Term, Waiver};
use crate::policyfile;

const RETRY: Duration = Duration::from_secs(5);
/// How often it is looked whether a waiver has come to its end.
const LOOK: Duration = Duration::from_secs(3600);
/// What the ConfigMap says of the file in it.
pub(super) const DIGEST: &str = "portcullis.skao.int/digest";
/// The file in the ConfigMap.
pub(super) const FILE: &str = "policies.yaml";

/// Writes what is in force, while this replica leads.
pub(super) struct Status {
    pub(super) client: Client,
    pub(super) own: Own,
    pub(super) owner: Option<OwnerReference>,
    pub(super) events: Events,
    pub(super) facts: Arc<Facts>,
    pub(super) in_force: watch::Receiver<Option<Arc<InForce>>>,
    pub(super) served: watch::Receiver<Arc<Served>>,
    pub(super) leads: watch::Receiver<bool>,
    /// What became of the reports of the audit.
    pub(super) reported: watch::Receiver<Reporting>,
}

impl Status {
    pub(super) async fn run(mut self) {
        loop {
            let in_force = self.in_force.borrow_and_update().clone();
            let served = self.served.borrow_and_update().clone();
            let leads = *self.leads.borrow_and_update();
            self.reported.mark_unchanged();
            let mut again = false;
            if let (true, Some(in_force)) = (leads, in_force)
                && let Err(error) = self.write(&in_force, &served).await
            {
                // Written by somebody else meanwhile: what it is now is on its way.
                warn!("the status of the policy set can't be written: {}", words(&error));
                again = true;
            }
            tokio::select! {
                Ok(()) = self.in_force.changed() => {}
                Ok(()) = self.served.changed() => {}
                Ok(()) = self.leads.changed() => {}
                Ok(()) = self.reported.changed() => {}
                () = sleep(if again { RETRY } else { LOOK }) => {}
            }
        }
    }

    async fn write(&self, in_force: &InForce, served: &Served) -> Result<(), kube::Error> {
        self.write_file(in_force).await?;
        self.write_mirrors(in_force).await?;
        let unserved = unserved(&in_force.assembly.engine, served);
        let gaps = self.facts.gaps();
        let reported = reports_written(&self.reported.borrow());
        let now = Timestamp::now();
        for (key, seen) in &*in_force.seen {
            let Some(standing) = in_force.assembly.standings.get(key) else { continue };
            if *standing == Standing::Stale {
                continue;
            }
            let missing: Vec<String> = unserved
                .iter()
                .filter(|(policy, ..)| key.kind == Kind::Policy && *policy == key.name)
                .map(|(_, group, kind)| named(group, kind))
                .collect();
            let mut conditions = vec![ready(standing)];
            if key.kind == Kind::Policy {
                conditions.push(kinds_served(&missing));
                conditions.push(facts_known(&gaps));
                conditions.extend(reported.clone());
            }
            if let Some(waiver) = waiver_of(in_force, key) {
                conditions.push(waives(waiver, now));
            }
            let status = seen.with_conditions(&conditions, self.about(in_force, key, standing));
            if status != seen.status {
                self.tell(in_force, seen, &status, standing, now).await;
                self.write_status(seen, status).await?;
            }
        }
        Ok(())
    }

    /// Says what has become of a part, as an Event.
    async fn tell(
        &self,
        in_force: &InForce,
        seen: &Seen,
        status: &Json,
        standing: &Standing,
        now: Timestamp,
    ) {
        let key = &seen.custom.key;
        let say = |reason, note| {
            let about = seen.reference();
            async move { self.events.say_of(&about, EventType::Warning, reason, note).await }
        };
        if let Standing::Broken { why, .. } = standing
            && seen.status.pointer("/conditions/0/status") != Some(&json!("False"))
        {
            let note = format!("{} `{}` is broken: {why}", key.kind.as_str(), key.name);
            say("Broken", note).await;
        }
        if let Some(waiver) = waiver_of(in_force, key)
            && let Some(notice) = waiver.notice(now)
            && reason(&seen.status, WAIVES) != reason(status, WAIVES)
        {
            say(waives(waiver, now).reason, notice).await;
        }
    }

    async fn write_status(&self, seen: &Seen, status: Json) -> Result<(), kube::Error> {
        let key = &seen.custom.key;
        let api = custom::api(self.client.clone(), &self.own, key.kind);
        let mut fields = status.as_object().cloned().unwrap_or_default();
        // Fields that are gone are taken out by name.
        for gone in seen.status.as_object().into_iter().flat_map(Map::keys) {
            fields.entry(gone).or_insert(Json::Null);
        }
        let patch = json!({"status": fields});
        match api.patch_status(&key.name, &PatchParams::default(), &Patch::Merge(patch)).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What else is worth to be told of a part.
    fn about(&self, in_force: &InForce, key: &Key, standing: &Standing) -> Json {
        let set = &in_force.assembly.set;
        let digest = &**in_force.assembly.engine.digest();
        let policy = set.policies.iter().find(|it| key.kind == Kind::Policy && it.name == key.name);
        let Some(policy) = policy else { return json!({"digest": digest}) };
        let origin = match (standing, in_force.assembly.from_files.get(&key.name)) {
            (Standing::Mirror, Some(Shipped(true))) => "Shipped",
            (Standing::Mirror, _) => "File",
            _ => "Resource",
        };
        json!({
            "digest": digest,
            "origin": origin,
            "enforcement": strongest(policy, set),
            "rules": policy.rules.len(),
        })
    }

    /// Keeps one object for each policy of a file, so that kubectl shows all that is in force.
    async fn write_mirrors(&self, in_force: &InForce) -> Result<(), kube::Error> {
        let api = custom::api(self.client.clone(), &self.own, Kind::Policy);
        for (key, standing) in &in_force.assembly.standings {
            if *standing == Standing::Stale {
                info!("Policy `{}` shows what no file says any more, and is deleted", key.name);
                self.delete(&api, in_force, key).await?;
            }
        }
        let set = &in_force.assembly.set;
        let from_files = &in_force.assembly.from_files;
        for policy in set.policies.iter().filter(|it| from_files.contains_key(&it.name)) {
            let digest = assembly::digest(policy);
            let key = Key { kind: Kind::Policy, name: policy.name.clone() };
            let shown = in_force.seen.get(&key);
            let is_mirror = in_force.assembly.standings.get(&key) == Some(&Standing::Mirror);
            let current = shown.and_then(|it| it.custom.mirrors.as_ref()) == Some(&digest);
            if (shown.is_some() && !is_mirror) || current {
                continue;
            }
            let written = match shown {
                None => {
                    let object = mirror(&self.own, policy, &digest)?;
                    api.create(&PostParams::default(), &object).await
                }
                Some(_) => {
                    let mut object = api.get(&policy.name).await?;
                    let fresh = mirror(&self.own, policy, &digest)?;
                    object.data = fresh.data;
                    object.metadata.annotations = fresh.metadata.annotations;
                    api.replace(&policy.name, &PostParams::default(), &object).await
                }
            };
            match written {
                Ok(_) => {}
                Err(kube::Error::Api(status)) if status.is_already_exists() => {}
                // Without the definition of the kind there is nowhere to show it.
                Err(kube::Error::Api(status)) if status.is_not_found() => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn delete(
        &self,
        api: &Api<DynamicObject>,
        in_force: &InForce,
        key: &Key,
    ) -> Result<(), kube::Error> {
        let uid = in_force.seen.get(key).map(|it| it.uid.clone());
        let preconditions = Some(Preconditions { uid, resource_version: None });
        let parameters = DeleteParams { preconditions, ..DeleteParams::default() };
        match api.delete(&key.name, &parameters).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes the whole set into a ConfigMap: for pipelines, and for a replica that starts while
    /// a policy is broken.
    async fn write_file(&self, in_force: &InForce) -> Result<(), kube::Error> {
        let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), &self.own.namespace);
        let digest = in_force.assembly.engine.digest().to_string();
        let text = policyfile::export_set(&in_force.assembly.set, &digest);
        let name = self.own.policy_set();
        let current = maps.get_opt(&name).await?;
        let data = BTreeMap::from([(FILE.to_owned(), text)]);
        let Some(mut map) = current else {
            let metadata = ObjectMeta {
                name: Some(name),
                labels: Some(labels(&self.own.name)),
                annotations: Some(BTreeMap::from([(DIGEST.to_owned(), digest)])),
                owner_references: self.owner.clone().map(|owner| vec![owner]),
                ..ObjectMeta::default()
            };
            let map = ConfigMap { metadata, data: Some(data), ..ConfigMap::default() };
            maps.create(&PostParams::default(), &map).await?;
            return Ok(());
        };
        let left = self.owner.as_ref().filter(|owner| !goes_with(&map.metadata, owner));
        if left.is_some() || map.data.as_ref() != Some(&data) {
            if let Some(owner) = left {
                // What an earlier release knew of its webhook configurations goes too.
                map.metadata.owner_references = Some(vec![owner.clone()]);
                map.metadata.annotations = None;
            }
            map.data = Some(data);
            map.metadata.annotations.get_or_insert_default().insert(DIGEST.to_owned(), digest);
            maps.replace(&name, &PostParams::default(), &map).await?;
        }
        Ok(())
    }
}

/// Reads the set that an earlier leader wrote; `None` if there is none that can be read.
pub(super) async fn earlier(client: Client, own: &Own) -> Option<PolicySet> {
    let maps: Api<ConfigMap> = Api::namespaced(client, &own.namespace);
    let map = maps.get_opt(&own.policy_set()).await.ok()??;
    let text = map.data?.remove(FILE)?;
    let source = policyfile::Source::new(FILE, &text);
    let loaded = policyfile::load(&[source], crate::rules::ALL, &crate::resource::KUBERNETES);
    loaded.ok().map(|loaded| loaded.set)
}

/// The object that everything which the program makes goes with: the chart's ClusterRole. It
/// waits for the API server.
pub(super) async fn owner(client: Client, own: &Own) -> Option<OwnerReference> {
    let roles: Api<ClusterRole> = Api::all(client);
    loop {
        match roles.get_opt(&own.name).await {
            Ok(Some(role)) => return role.owner_ref(&()),
            Ok(None) => {
                let name = &own.name;
                warn!("there is no ClusterRole `{name}`: what is made here outlives an uninstall");
                return None;
            }
            Err(error) => {
                warn!("the ClusterRole `{}` can't be looked at: {}", own.name, words(&error))
            }
        }
        sleep(RETRY).await;
    }
}

fn mirror(own: &Own, policy: &Policy, digest: &str) -> Result<DynamicObject, kube::Error> {
    let spec = serde_json::to_value(policy).map_err(kube::Error::SerdeError)?;
    let mut object = DynamicObject::new(&policy.name, &custom::resource(Kind::Policy));
    object.metadata.labels = Some(labels(&own.name));
    let annotations = [(MIRRORS.to_owned(), digest.to_owned())];
    object.metadata.annotations = Some(annotations.into());
    object.data = json!({"spec": spec});
    Ok(object)
}

/// The strongest enforcement of a policy's entries, as the set caps it.
fn strongest(policy: &Policy, set: &PolicySet) -> &'static str {
    let own = policy.rules.iter().map(|entry| entry.enforcement.unwrap_or(policy.enforcement));
    let strongest = own.max().unwrap_or(policy.enforcement);
    let cap = set.settings.max_enforcement.unwrap_or(Enforcement::Deny);
    strongest.min(cap).as_str()
}

fn ready(standing: &Standing) -> Condition {
    let (holds, reason, message) = match standing {
        Standing::InForce => (true, "InForce", "in force as it is written".to_owned()),
        Standing::Mirror => (
            true,
            "InForce",
            "in force from a file; edit it here to replace what the file says".to_owned(),
        ),
        Standing::Stale => (false, "Stale", "no file says this any more".to_owned()),
        Standing::Broken { why, kept: true } => {
            (false, "Broken", format!("what was in force before goes on: {why}"))
        }
        Standing::Broken { why, kept: false } => (false, "Broken", format!("not in force: {why}")),
    };
    Condition { type_: "Ready", holds, reason, message }
}

/// The condition of a waiver that says whether its end has come.
const WAIVES: &str = "Waives";

fn waives(waiver: &Waiver, now: Timestamp) -> Condition {
    let (holds, reason) = match waiver.standing(now) {
        Term::Holds => (true, "Holds"),
        Term::EndsSoon => (true, "EndsSoon"),
        Term::Ended => (false, "Ended"),
    };
    let message = format!("to the last second of {} in UTC", waiver.until);
    Condition { type_: WAIVES, holds, reason, message }
}

/// The waiver in force that an object is.
fn waiver_of<'s>(in_force: &'s InForce, key: &Key) -> Option<&'s Waiver> {
    let waivers = in_force.assembly.set.waivers.iter();
    waivers.filter(|_| key.kind == Kind::Waiver).find(|waiver| waiver.name == key.name)
}

/// The reason of a condition in a status.
fn reason<'s>(status: &'s Json, type_: &str) -> Option<&'s str> {
    let conditions = status.get("conditions")?.as_array()?;
    conditions.iter().find(|it| it["type"] == type_)?["reason"].as_str()
}

fn kinds_served(missing: &[String]) -> Condition {
    let (reason, message) = match missing.is_empty() {
        true => ("Served", "every kind that it names is served".to_owned()),
        false => ("NotServed", format!("not served here: {}", missing.join(", "))),
    };
    Condition { type_: "KindsServed", holds: missing.is_empty(), reason, message }
}

/// Of a kind that is not served there are no objects, which is known.
fn facts_known(gaps: &[Gap]) -> Condition {
    let blind = || gaps.iter().filter(|gap| gap.why.blinds());
    let (reason, message) = match blind().next() {
        None => ("Known", "all that the rules want to know of other objects is known".to_owned()),
        Some(first) => {
            let all: Vec<String> = blind().map(ToString::to_string).collect();
            (first.why.as_str(), all.join("; "))
        }
    };
    Condition { type_: "FactsKnown", holds: blind().next().is_none(), reason, message }
}

/// `None` before an audit that was to write reports.
fn reports_written(reported: &Reporting) -> Option<Condition> {
    let (reason, message) = match (reported, reported.trouble()) {
        (Reporting::Unknown, _) => return None,
        (_, Some(trouble)) => trouble,
        (_, None) => ("Written", "the reports of the audit are in the cluster".to_owned()),
    };
    let holds = *reported == Reporting::Written;
    Some(Condition { type_: "ReportsWritten", holds, reason, message })
}

fn named(group: &str, kind: &str) -> String {
    if group.is_empty() || group == "*" { kind.to_owned() } else { format!("{kind}.{group}") }
}
