//! `NAME.test.yaml`: what the policies of `NAME.yaml` are to say of some objects.
//!
//! A case is one object with facts, and what is expected of it. It is judged as admission judges:
//! changed first, then judged, and on an UPDATE with a ratchet.

mod run;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

pub use self::run::{Touched, Verdict};
use super::facts::{KnownFacts, subject_of};
use super::misfit::spot;
use super::problem::Problems;
use super::read::{Found, Source};
use super::strict;
use crate::document::{Path, Value};
use crate::engine::{Operation, Severity, State};

/// The cases of one file.
#[derive(Debug)]
pub struct Cases<'t> {
    source: Source<'t>,
    cases: Vec<Case<'t>>,
}

/// A case, with the trees whose places its findings have.
#[derive(Debug)]
struct Case<'t> {
    written: WrittenCase,
    facts: KnownFacts,
    /// The whole case.
    tree: Value<'t>,
    object: Value<'t>,
    old: Option<Value<'t>>,
    patched: Option<Value<'t>>,
}

/// A file of cases.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    /// What holds in every case that has no facts of its own.
    #[serde(default)]
    facts: KnownFacts,
    #[schemars(length(min = 1))]
    cases: Vec<WrittenCase>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenCase {
    /// A sentence: `an image without a tag is denied`.
    #[schemars(length(min = 1))]
    name: String,
    /// The object that is judged; of a DELETE the one that goes.
    #[expect(dead_code, reason = "taken from the tree, with its places")]
    object: Tree,
    /// The object before an UPDATE.
    #[serde(default)]
    #[expect(dead_code, reason = "taken from the tree, with its places")]
    #[schemars(with = "Tree")]
    old: Option<Tree>,
    /// CREATE if not given, or UPDATE where there is an `old`.
    #[serde(default)]
    #[schemars(with = "Operation")]
    operation: Option<Operation>,
    #[serde(default)]
    #[schemars(with = "String")]
    subresource: Option<String>,
    /// Who asks.
    #[serde(default)]
    #[schemars(with = "WrittenUser")]
    user: Option<WrittenUser>,
    /// What is known besides the object, in place of the file's `facts`.
    #[serde(default)]
    #[schemars(with = "KnownFacts")]
    facts: Option<KnownFacts>,
    /// Every finding, in any order. Not compared if not given.
    #[serde(default)]
    #[schemars(with = "Vec<Expected>")]
    findings: Option<Vec<Expected>>,
    /// The entries whose rules can't judge, as for want of a fact. Any other such entry fails
    /// the case.
    #[serde(default)]
    unjudged: Vec<String>,
    /// What happens to the object. Not compared if not given.
    #[serde(default)]
    #[schemars(with = "Effect")]
    decision: Option<Effect>,
    /// The whole object after the changes of the policies. Not compared if not given.
    #[serde(default)]
    #[expect(dead_code, reason = "taken from the tree, with its places")]
    #[schemars(with = "Tree")]
    patched: Option<Tree>,
}

/// A finding that is expected. What is not given may be anything.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Expected {
    /// The entry of the policy: its `id`, or its rule where it has none.
    entry: String,
    /// Where, as a JSON Pointer from the object's root: `/spec/containers/0/image`. It goes on
    /// inside an embedded document.
    #[serde(default, deserialize_with = "pointer")]
    #[schemars(with = "String", regex(pattern = "^(/.*)?$"))]
    #[schemars(extend("x-wanted" = "a JSON Pointer such as `/spec/replicas`"))]
    path: Option<Path>,
    /// The line of the object that is meant, from 1 for its first.
    #[serde(default)]
    #[schemars(with = "u32", range(min = 1))]
    line: Option<u32>,
    #[serde(default)]
    #[schemars(with = "String")]
    message: Option<String>,
    #[serde(default)]
    #[schemars(with = "Severity")]
    severity: Option<Severity>,
    /// `new`, `existing` or `waived`.
    #[serde(default)]
    #[schemars(with = "ExpectedState")]
    state: Option<ExpectedState>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WrittenUser {
    name: String,
    #[serde(default)]
    groups: Vec<String>,
}

/// What happens to an object: it is refused, or taken with or without a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Effect {
    Allow,
    Warn,
    Deny,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ExpectedState {
    New,
    Existing,
    Waived,
}

/// An object, which is checked by whoever judges it.
#[derive(Debug)]
struct Tree;

impl<'t> Cases<'t> {
    /// Reads a file of cases.
    ///
    /// # Errors
    ///
    /// Every mistake of the file.
    pub fn read(source: Source<'t>) -> Result<Self, Problems> {
        let mut cases: Vec<Case<'t>> = Vec::new();
        let mut found = Vec::new();
        for (file, tree) in strict::read::<File>(&source)? {
            let trees = tree.get("cases").and_then(Value::as_list).unwrap_or_default();
            for (written, tree) in file.cases.into_iter().zip(trees) {
                let twin = cases.iter().any(|case| case.written.name == written.name);
                cases.extend(Case::new(written, &file.facts, tree.clone(), twin, &mut found));
            }
        }
        match found.is_empty() {
            true => Ok(Self { source, cases }),
            false => Err(strict::problems(&source, found)),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }
}

impl<'t> Case<'t> {
    fn new(
        written: WrittenCase,
        facts: &KnownFacts,
        tree: Value<'t>,
        twin: bool,
        found: &mut Vec<Found>,
    ) -> Option<Self> {
        let name = tree.get("name").map_or(tree.span, |name| name.span);
        let mut tell = |span, message: &str, help: &str| {
            found.push(Found { span, message: message.to_owned(), help: Some(help.to_owned()) });
        };
        if twin {
            tell(name, "two cases have this name", "name what differs");
        }
        if written.findings.is_none() && written.decision.is_none() && tree.get("patched").is_none()
        {
            tell(name, "the case expects nothing", "add `findings`, `decision` or `patched`");
        }
        let mut object = |key| {
            let object = tree.get(key)?;
            if subject_of(object).is_none() {
                let help = "give it `apiVersion` and `kind`, or the `format` of an artefact";
                tell(spot(None, object), "neither a Kubernetes object nor an artefact", help);
            }
            Some(object.clone())
        };
        let (judged, old) = (object("object")?, object("old"));
        let patched = tree.get("patched").cloned();
        let facts = written.facts.clone().unwrap_or_else(|| facts.clone());
        Some(Self { written, facts, object: judged, old, patched, tree })
    }
}

impl From<State> for ExpectedState {
    fn from(state: State) -> Self {
        match state {
            State::New => Self::New,
            State::Existing => Self::Existing,
            State::Waived => Self::Waived,
        }
    }
}

impl Effect {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl JsonSchema for Tree {
    fn schema_name() -> Cow<'static, str> {
        "Object".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}

fn pointer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Path>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(Path::parse(&text))
}
