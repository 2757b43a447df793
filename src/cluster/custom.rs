//! Our custom resources as the API server has them.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::api::{ApiResource, DynamicObject};
use kube::{Api, Client};
use serde_json::{Value as Json, json};

use super::assembly::{Custom, Key, Kind};
use super::own::Own;
use crate::document::Value;
use crate::policyfile::API_VERSION;

/// The digest of what the program wrote into an object that only shows what a file says.
pub(super) const MIRRORS: &str = "portcullis.skao.int/mirrors";

/// A custom resource and what is known of it besides what it says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) custom: Custom,
    pub(super) namespace: Option<String>,
    pub(super) uid: String,
    pub(super) generation: i64,
    pub(super) status: Json,
}

impl Seen {
    /// What an object is, unless it lacks what every stored one has.
    pub(super) fn of(kind: Kind, object: DynamicObject) -> Option<Self> {
        let spec = object.data.get("spec").unwrap_or(&Json::Null);
        let metadata = object.metadata;
        let mirrors = metadata.annotations.and_then(|mut all| all.remove(MIRRORS));
        let custom = Custom {
            key: Key { kind, name: metadata.name? },
            spec: Value::from(spec).into_owned(),
            mirrors,
        };
        Some(Self {
            custom,
            namespace: metadata.namespace,
            uid: metadata.uid?,
            generation: metadata.generation.unwrap_or(0),
            status: object.data.get("status").cloned().unwrap_or_default(),
        })
    }

    /// Whether it says the same, whatever its status.
    pub(super) fn says_as(&self, other: &Self) -> bool {
        self.custom == other.custom && self.uid == other.uid
    }

    pub(super) fn reference(&self) -> ObjectReference {
        ObjectReference {
            api_version: Some(API_VERSION.to_owned()),
            kind: Some(self.custom.key.kind.as_str().to_owned()),
            name: Some(self.custom.key.name.clone()),
            namespace: self.namespace.clone(),
            uid: Some(self.uid.clone()),
            ..ObjectReference::default()
        }
    }

    /// Its status with these conditions; the time of one changes only with its truth.
    pub(super) fn with_conditions(&self, conditions: &[Condition], rest: Json) -> Json {
        let before = |type_: &str, word: &str| {
            let all = self.status.get("conditions").and_then(Json::as_array);
            let same =
                all.into_iter().flatten().find(|it| it["type"] == type_ && it["status"] == word);
            same.and_then(|it| it["lastTransitionTime"].as_str()).map(str::to_owned)
        };
        let now = || Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let condition = |it: &Condition| {
            let word = if it.holds { "True" } else { "False" };
            json!({
                "type": it.type_,
                "status": word,
                "reason": it.reason,
                "message": it.message,
                "observedGeneration": self.generation,
                "lastTransitionTime": before(it.type_, word).unwrap_or_else(now),
            })
        };
        let conditions: Vec<Json> = conditions.iter().map(condition).collect();
        let mut status = json!({"observedGeneration": self.generation, "conditions": conditions});
        if let (Some(status), Json::Object(rest)) = (status.as_object_mut(), rest) {
            status.extend(rest);
        }
        status
    }
}

/// Something that holds of an object, or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) type_: &'static str,
    pub(super) holds: bool,
    /// One word, for programs.
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// The resource of one of our kinds.
pub(super) fn resource(kind: Kind) -> ApiResource {
    let (group, version) = API_VERSION.split_once('/').unwrap_or_default();
    ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: API_VERSION.to_owned(),
        kind: kind.as_str().to_owned(),
        plural: kind.plural().to_owned(),
    }
}

/// The objects of one of our kinds that count: Waivers from one namespace alone.
pub(super) fn api(client: Client, own: &Own, kind: Kind) -> Api<DynamicObject> {
    match kind {
        Kind::Policy => Api::all_with(client, &resource(kind)),
        Kind::Waiver => Api::namespaced_with(client, &own.waiver_namespace, &resource(kind)),
    }
}
