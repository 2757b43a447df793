//! What a door looked up before it asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Identity, Inventory, Questions};
use crate::document::Value;

/// What is known besides the subject. A rule that needs a fact which is not known ends as
/// `skip`, and the outcome names the fact.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'f> {
    /// The labels of namespaces.
    pub namespaces: Option<&'f Namespaces>,
    /// The tier of the subject's namespace, where it is not to be worked out from the settings.
    pub tier: Option<&'f str>,
    /// The other objects.
    pub inventory: Option<&'f Inventory>,
    /// What owns the subject, the nearest first, where the door knows more than the subject and the
    /// inventory say.
    pub owners: &'f [Arc<Identity>],
    /// The time, which ends waivers.
    pub now: Option<Timestamp>,
    /// Takes down what is asked of namespaces and of the other objects.
    pub questions: Option<&'f Questions>,
}

/// Facts that a door keeps from one subject to the next, and replaces as it learns.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub namespaces: Option<Arc<Namespaces>>,
    /// Of use to engines with the same [`observers`](super::Engine::observers).
    pub inventory: Option<Arc<Inventory>>,
}

impl Known {
    /// As an engine takes them, at a time.
    pub fn facts(&self, now: Timestamp) -> Facts<'_> {
        Facts {
            namespaces: self.namespaces.as_deref(),
            inventory: self.inventory.as_deref(),
            now: Some(now),
            ..Facts::default()
        }
    }
}

/// The labels of the namespaces that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    pub labels: BTreeMap<String, BTreeMap<String, String>>,
}

impl Namespaces {
    /// The labels that an object has.
    pub fn labels_of(object: &Value<'_>) -> BTreeMap<String, String> {
        let labels = object.at(&["metadata", "labels"]).and_then(Value::as_map);
        let text = |value: &Value<'_>| value.as_str().map(str::to_owned);
        let pairs = labels.into_iter().flatten();
        pairs.filter_map(|it| Some((it.key.to_string(), text(&it.value)?))).collect()
    }
}
