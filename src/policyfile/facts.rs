//! Facts that a person writes down, because nobody can look them up: for a case, and for
//! `lint --facts`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::problem::Problems;
use super::read::Source;
use super::strict;
use crate::document::Value;
use crate::engine::{ARTEFACT, Engine, Facts, Identity, Inventory, Namespaces, Subject};

/// What is known besides the subject. What is left out is not known, which is not the same as
/// empty.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct KnownFacts {
    /// The namespaces by name.
    #[schemars(with = "BTreeMap<String, KnownNamespace>")]
    pub namespaces: Option<BTreeMap<String, KnownNamespace>>,
    /// The tier of the subject's namespace, whatever the settings' `tiers` say.
    #[schemars(with = "String")]
    pub tier: Option<String>,
    /// Other objects that exist. Those of kind Namespace also count as namespaces.
    #[serde(deserialize_with = "owned")]
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    pub objects: Vec<Value<'static>>,
    /// Whether no further objects exist, so that what is not among `objects` is missing.
    pub complete: bool,
    /// The day on which the subject is judged: `2026-12-31`. It ends waivers.
    #[schemars(with = "String", regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    #[schemars(extend("x-wanted" = "a date such as `2026-12-31`"))]
    pub date: Option<Date>,
}

/// What is known of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KnownNamespace {
    pub labels: BTreeMap<String, String>,
}

/// Facts made ready for one engine.
#[derive(Clone, Debug, Default)]
pub struct ReadyFacts {
    pub namespaces: Option<Namespaces>,
    pub tier: Option<String>,
    pub inventory: Option<Inventory>,
    pub now: Option<Timestamp>,
}

impl KnownFacts {
    /// Reads a file of facts. An empty one says nothing.
    ///
    /// # Errors
    ///
    /// Every mistake of the file.
    pub fn read(source: &Source<'_>) -> Result<Self, Problems> {
        let mut all = strict::read(source)?.into_iter().map(|(facts, _)| facts);
        let first = all.next().unwrap_or_default();
        Ok(all.fold(first, Self::with))
    }

    /// Makes the facts ready: the engine notes what its rules want to know of the objects.
    pub fn ready(&self, engine: &Engine) -> ReadyFacts {
        let mut inventory = Inventory::default();
        inventory.complete = self.complete;
        let mut labels = BTreeMap::new();
        for object in &self.objects {
            let Some(subject) = subject_of(object) else { continue };
            engine.observe(&subject, &mut inventory);
            if subject.identity.group.is_empty() && subject.identity.kind == "Namespace" {
                labels.insert(subject.identity.name.clone(), Namespaces::labels_of(object));
            }
        }
        let named = self.namespaces.iter().flatten();
        labels.extend(named.map(|(name, known)| (name.clone(), known.labels.clone())));
        let known = self.namespaces.is_some() || !labels.is_empty();
        ReadyFacts {
            namespaces: known.then_some(Namespaces { labels }),
            tier: self.tier.clone(),
            inventory: (self.complete || !self.objects.is_empty()).then_some(inventory),
            now: self.date.and_then(|date| Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())),
        }
    }

    /// These facts and, where they say nothing, those of `other`.
    fn with(self, other: Self) -> Self {
        let namespaces = match (self.namespaces, other.namespaces) {
            (Some(mine), Some(theirs)) => Some(theirs.into_iter().chain(mine).collect()),
            (mine, theirs) => mine.or(theirs),
        };
        Self {
            namespaces,
            tier: self.tier.or(other.tier),
            objects: [self.objects, other.objects].concat(),
            complete: self.complete || other.complete,
            date: self.date.or(other.date),
        }
    }
}

impl ReadyFacts {
    /// As the engine takes them.
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            namespaces: self.namespaces.as_ref(),
            tier: self.tier.as_deref(),
            inventory: self.inventory.as_ref(),
            now: self.now,
            ..Facts::default()
        }
    }
}

/// What a document is about: a Kubernetes object if it names its kind, an artefact if it names
/// its `format`.
pub(super) fn subject_of<'a>(value: &'a Value<'a>) -> Option<Subject<'a>> {
    let text = |key| value.get(key).and_then(Value::as_str).map(str::to_owned);
    if let Some(subject) = Subject::of_object(value) {
        return Some(subject);
    }
    let identity = Identity {
        format: Some(text("format")?),
        group: text("repository").unwrap_or_default(),
        version: text("version").unwrap_or_default(),
        kind: ARTEFACT.to_owned(),
        name: text("name").unwrap_or_default(),
        ..Identity::default()
    };
    Some(Subject::new(identity, value))
}

fn owned<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Value<'static>>, D::Error> {
    let objects = Vec::<Value<'de>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(Value::into_owned).collect())
}
