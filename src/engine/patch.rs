//! Fixes and changes: RFC 6902 patches, and their application.

use json_patch::{AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation};
use jsonptr::PointerBuf;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Node;
use crate::document::{Path, Value};

/// How to put a finding right.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// What it does, as an imperative: `set the pull policy to IfNotPresent`.
    pub title: String,
    pub applicability: Applicability,
    pub patch: Patch,
}

/// Whether a fix may be applied without looking.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Applicability {
    /// Keeps what the subject does.
    Safe,
    /// May change what the subject does: a person decides.
    Unsafe,
}

/// A patch that does not fit the object it was made for.
#[derive(Debug, thiserror::Error)]
#[error("the patch does not apply")]
pub struct Unfit {
    #[from]
    source: json_patch::PatchError,
}

impl Fix {
    /// Puts `value` at the node: replaces what is there, or adds it together with the parents
    /// that are missing.
    pub fn set(
        title: impl Into<String>,
        applicability: Applicability,
        node: Node<'_>,
        value: &Value<'_>,
    ) -> Self {
        let value = Json::from(value);
        let (present, missing) = node.written_part();
        let operation = match missing.split_first() {
            None => {
                PatchOperation::Replace(ReplaceOperation { path: pointer(&node.path()), value })
            }
            Some((first, rest)) => {
                let wrap = |inner, key: &&str| {
                    Json::Object([((*key).to_owned(), inner)].into_iter().collect())
                };
                let value = rest.iter().rev().fold(value, wrap);
                let mut path = present.path();
                path.steps.push((*first).into());
                PatchOperation::Add(AddOperation { path: pointer(&path), value })
            }
        };
        Self { title: title.into(), applicability, patch: Patch(vec![operation]) }
    }

    /// Takes away what is at the node.
    pub fn remove(title: impl Into<String>, applicability: Applicability, node: Node<'_>) -> Self {
        let operation = PatchOperation::Remove(RemoveOperation { path: pointer(&node.path()) });
        Self { title: title.into(), applicability, patch: Patch(vec![operation]) }
    }

    /// Whether it only adds keys or appends, which is all that a change may do.
    pub fn only_adds(&self) -> bool {
        self.patch.iter().all(|operation| matches!(operation, PatchOperation::Add(_)))
    }
}

/// A JSON Pointer in the json-patch crate's type.
fn pointer(path: &Path) -> PointerBuf {
    let tokens = path.steps.iter().map(|step| match step {
        crate::document::Step::Key(key) => key.to_string(),
        crate::document::Step::Index(index) => index.to_string(),
    });
    PointerBuf::from_tokens(tokens)
}

/// The object after the patch. What the patch did not touch loses its places too.
pub(super) fn apply(object: &Value<'_>, patch: &Patch) -> Result<Value<'static>, Unfit> {
    let mut json = Json::from(object);
    json_patch::patch(&mut json, patch)?;
    Ok(Value::from(json))
}

/// The same patch for an object that holds the patched one at `prefix`.
pub(super) fn rebased(patch: &Patch, prefix: &[&str]) -> Patch {
    let mut moved = patch.clone();
    for operation in &mut moved.0 {
        let path = match operation {
            PatchOperation::Add(it) => &mut it.path,
            PatchOperation::Replace(it) => &mut it.path,
            PatchOperation::Remove(it) => &mut it.path,
            PatchOperation::Test(it) => &mut it.path,
            PatchOperation::Move(it) => &mut it.path,
            PatchOperation::Copy(it) => &mut it.path,
        };
        for key in prefix.iter().rev() {
            path.push_front(*key);
        }
    }
    moved
}
