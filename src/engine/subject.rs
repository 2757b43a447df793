//! The one thing that is judged.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Documents;
use super::node::quoted;
use crate::document::{Value, same};

/// One thing to judge, whoever sent it: a Kubernetes object or an artefact, as a tree.
///
/// Doors make subjects. Two subjects that are equal get the same report, whichever door made
/// them.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    pub identity: Arc<Identity>,
    /// The object as it would be stored; of a DELETE the object that goes.
    pub object: &'a Value<'a>,
    pub operation: Operation,
    /// `status`, `scale`, `ephemeralcontainers`, …; `None` for the object itself.
    pub subresource: Option<String>,
    /// Who asks. `None` where nobody does: offline, or in an audit.
    pub user: Option<Arc<User>>,
    /// Whether the door knows that a controller made the object: in an audit, that the owner
    /// with that uid exists. At admission the engine tells by the user.
    pub owner_seen: bool,
    /// The documents that strings of the object hold, where whoever asks has read them already.
    pub documents: Option<&'a Documents<'a>>,
}

/// Which thing it is, apart from what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// The format of an artefact (`docker`, `helm`, …); `None` for a Kubernetes object.
    pub format: Option<String>,
    /// The API group, empty for the core group; the repository of an artefact.
    pub group: String,
    /// The API version; the version of an artefact.
    pub version: String,
    pub kind: String,
    pub namespace: Option<String>,
    /// Empty while the API server has not made one from `generateName`.
    pub name: String,
    pub generate_name: Option<String>,
    pub uid: Option<String>,
}

/// What is being done to the subject.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    Create,
    Update,
    Delete,
    Connect,
}

impl Operation {
    pub const ALL: [Self; 4] = [Self::Create, Self::Update, Self::Delete, Self::Connect];

    /// The operation that Kubernetes calls so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.as_str() == name)
    }

    /// As Kubernetes writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// Who asks for the operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub groups: Vec<String>,
}

/// The controller that an object names among its owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Controller<'a> {
    pub api_version: &'a str,
    pub kind: &'a str,
    pub name: &'a str,
    pub uid: &'a str,
}

impl<'a> Subject<'a> {
    /// An object that is about to be created, by nobody in particular.
    ///
    /// `None` if the value has no `kind` or no `apiVersion`: it is no Kubernetes object.
    pub fn of_object(object: &'a Value<'a>) -> Option<Self> {
        Some(Self::new(Identity::of_object(object)?, object))
    }

    /// A subject that is about to be created, by nobody in particular.
    pub fn new(identity: impl Into<Arc<Identity>>, object: &'a Value<'a>) -> Self {
        Self {
            identity: identity.into(),
            object,
            operation: Operation::Create,
            subresource: None,
            user: None,
            owner_seen: false,
            documents: None,
        }
    }

    /// The same question about another state of the object.
    #[must_use]
    pub fn with_object<'b>(&self, object: &'b Value<'b>) -> Subject<'b> {
        Subject {
            identity: Arc::clone(&self.identity),
            object,
            operation: self.operation,
            subresource: self.subresource.clone(),
            user: self.user.clone(),
            owner_seen: self.owner_seen,
            documents: None,
        }
    }

    /// The controller that the object names among its owners. Anybody can write one, so it says
    /// nothing of who made the object.
    pub fn controller(&self) -> Option<Controller<'a>> {
        let object = self.object;
        let owners = object.at(&["metadata", "ownerReferences"])?.as_list()?;
        let owner = owners
            .iter()
            .find(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true))?;
        let text = |key| owner.get(key).and_then(Value::as_str).unwrap_or_default();
        Some(Controller {
            api_version: text("apiVersion"),
            kind: text("kind"),
            name: text("name"),
            uid: text("uid"),
        })
    }

    /// The value of a label of the object.
    pub fn label(&self, key: &str) -> Option<&'a str> {
        let object = self.object;
        object.at(&["metadata", "labels"])?.get(key)?.as_str()
    }
}

impl Controller<'_> {
    /// What it is, given an object that it made.
    pub(super) fn identity(&self, of: &Identity) -> Identity {
        let (group, version) = self.api_version.split_once('/').unwrap_or(("", self.api_version));
        Identity {
            format: None,
            group: group.to_owned(),
            version: version.to_owned(),
            kind: self.kind.to_owned(),
            namespace: of.namespace.clone(),
            name: self.name.to_owned(),
            generate_name: None,
            uid: Some(self.uid.to_owned()),
        }
    }
}

impl Identity {
    /// What the object says of itself.
    pub fn of_object(object: &Value<'_>) -> Option<Self> {
        let api_version = object.get("apiVersion")?.as_str()?;
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let metadata =
            |key| object.at(&["metadata", key]).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            format: None,
            group: group.to_owned(),
            version: version.to_owned(),
            kind: object.get("kind")?.as_str()?.to_owned(),
            namespace: metadata("namespace"),
            name: metadata("name").unwrap_or_default(),
            generate_name: metadata("generateName"),
            uid: metadata("uid"),
        })
    }

    /// `apiVersion` as an object writes it.
    pub fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// What a person calls it: its name, or as long as it has none, what that will begin with.
    pub fn shown_name(&self) -> &str {
        if self.name.is_empty() { self.stable_name() } else { &self.name }
    }

    /// What is the same for an object and for the one that takes its place: a generated name
    /// counts as what it was generated from.
    pub fn stable_name(&self) -> &str {
        self.generate_name.as_deref().unwrap_or(&self.name)
    }

    /// Whether both are the same thing: by uid where both have one, else by kind, namespace and
    /// name. Versions of a kind are one kind.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.uid, &other.uid) {
            (Some(mine), Some(theirs)) => mine == theirs,
            _ => {
                self.format == other.format
                    && self.kind == other.kind
                    && same(&self.group, &other.group)
                    && self.namespace == other.namespace
                    && self.name == other.name
                    && self.stable_name() == other.stable_name()
            }
        }
    }
}

/// Names it in a message: ``Ingress `taranta/jive` ``.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.namespace {
            None => quoted(self.stable_name()),
            Some(namespace) => quoted(&format!("{namespace}/{}", self.stable_name())),
        };
        write!(f, "{} {name}", self.kind)
    }
}
