//! Fixes and changes: RFC 6902 patches, and their application.

use json_patch::{AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation};
use jsonptr::PointerBuf;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Node;
use crate::document::{Body, Path, Value};

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
    ///
    /// `None` if no patch of the object can: the place is inside a string that holds a document,
    /// or below something that has no fields.
    pub fn set(
        title: impl Into<String>,
        applicability: Applicability,
        node: Node<'_>,
        value: &Value<'_>,
    ) -> Option<Self> {
        let value = Json::from(value);
        let (present, missing) = node.written_part()?;
        let has_fields = present.value().is_some_and(|value| value.as_map().is_some());
        if node.is_inside() || (!missing.is_empty() && !has_fields) {
            return None;
        }
        let path = pointer(&node.path());
        let operation = match missing.split_first() {
            // An empty string is how typed clients write that they say nothing.
            None if node.as_str() == Some("") => PatchOperation::Add(AddOperation { path, value }),
            None => PatchOperation::Replace(ReplaceOperation { path, value }),
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
        Some(Self { title: title.into(), applicability, patch: Patch(vec![operation]) })
    }

    /// Puts `value` behind the last item of the list at the node, which may be absent.
    ///
    /// `None` if no patch of the object can, as with [`Fix::set`].
    pub fn append(
        title: impl Into<String>,
        applicability: Applicability,
        list: Node<'_>,
        value: &Value<'_>,
    ) -> Option<Self> {
        let is_list = list.value().is_some_and(|it| it.as_list().is_some());
        if !list.is_written() || !is_list {
            let alone = Value::new(Body::List(vec![value.clone()]));
            return Self::set(title, applicability, list, &alone);
        }
        if list.is_inside() {
            return None;
        }
        let mut path = list.path();
        path.steps.push("-".into());
        let operation = AddOperation { path: pointer(&path), value: Json::from(value) };
        let patch = Patch(vec![PatchOperation::Add(operation)]);
        Some(Self { title: title.into(), applicability, patch })
    }

    /// Takes away what is at the node.
    ///
    /// `None` if no patch of the object can: nothing is written there, or it is inside a string
    /// that holds a document.
    pub fn remove(
        title: impl Into<String>,
        applicability: Applicability,
        node: Node<'_>,
    ) -> Option<Self> {
        if node.is_inside() || !node.is_written() {
            return None;
        }
        let operation = PatchOperation::Remove(RemoveOperation { path: pointer(&node.path()) });
        Some(Self { title: title.into(), applicability, patch: Patch(vec![operation]) })
    }

    /// Whether it changes something at the end of `keys`, above it or below it.
    pub(super) fn touches(&self, keys: &[&str]) -> bool {
        self.patch.iter().any(|operation| {
            let mut steps = operation.path().tokens().zip(keys);
            steps.all(|(token, key)| token.decoded() == *key)
        })
    }
}

/// Adds a map without fields.
pub(super) fn empty_map_at(path: &Path) -> PatchOperation {
    let value = Json::Object(serde_json::Map::new());
    PatchOperation::Add(AddOperation { path: pointer(path), value })
}

/// An object while changes are made to it, which only add.
pub(super) struct Growing {
    object: Json,
}

impl Growing {
    pub(super) fn new(object: &Value<'_>) -> Self {
        Self { object: Json::from(object) }
    }

    /// Carries out a patch that does nothing but add fields and append items. `false` if it would
    /// do anything else, or does not fit; then nothing is done.
    pub(super) fn add(&mut self, patch: &Patch) -> bool {
        // One operation does all or nothing by itself.
        let before = (patch.len() > 1).then(|| self.object.clone());
        for operation in patch.iter() {
            if !is_addition(&self.object, operation)
                || json_patch::patch(&mut self.object, std::slice::from_ref(operation)).is_err()
            {
                if let Some(before) = before {
                    self.object = before;
                }
                return false;
            }
        }
        true
    }

    pub(super) fn into_value(self) -> Value<'static> {
        Value::from(self.object)
    }
}

/// Whether the operation puts something where nothing is, or behind the last item of a list.
fn is_addition(object: &Json, operation: &PatchOperation) -> bool {
    let PatchOperation::Add(AddOperation { path, .. }) = operation else { return false };
    let Some((parent, last)) = path.split_back() else { return false };
    match parent.resolve(object) {
        Ok(Json::Object(fields)) => match fields.get(&*last.decoded()) {
            None | Some(Json::Null) => true,
            Some(Json::String(text)) => text.is_empty(),
            Some(_) => false,
        },
        Ok(Json::Array(items)) => {
            let last = last.decoded();
            last == "-" || last == items.len().to_string()
        }
        _ => false,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(text: &str) -> Patch {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_patch_grows_the_object_as_a_whole_or_not_at_all() {
        let before = r#"{"a":{"b":1,"empty":"","null":null},"list":[1,2]}"#;
        let object: Value<'_> = serde_json::from_str(before).unwrap();
        let add = |path: &str| format!(r#"{{"op":"add","path":"{path}","value":3}}"#);
        for (paths, grows) in [
            (&["/a/c"][..], true),
            (&["/a/empty", "/a/null"], true),
            (&["/list/-", "/list/3"], true),
            (&["/list/2"], true),
            (&["/a/c", "/a/c"], false),
            (&["/a/c", "/a/b"], false),
            (&["/a/c", "/list/0"], false),
            (&["/none/c"], false),
            (&["/list/x"], false),
            (&["/list/5"], false),
            (&["/a/b/c"], false),
            (&[""], false),
        ] {
            let operations: Vec<String> = paths.iter().map(|path| add(path)).collect();
            let mut growing = Growing::new(&object);
            let patch = patch(&format!("[{}]", operations.join(",")));
            assert_eq!(growing.add(&patch), grows, "{paths:?}");
            let after = growing.into_value();
            let expected = if grows { apply(&object, &patch).unwrap() } else { object.clone() };
            assert_eq!(after, expected, "{paths:?}");
        }
    }

    #[test]
    fn what_lies_on_the_way_to_a_template_or_below_it_is_touched() {
        let fix = |path: &str| Fix {
            title: String::new(),
            applicability: Applicability::Safe,
            patch: patch(&format!(r#"[{{"op":"add","path":"{path}","value":1}}]"#)),
        };
        let template = ["spec", "template"];
        for path in ["", "/spec", "/spec/template", "/spec/template/spec/x"] {
            assert!(fix(path).touches(&template), "{path}");
        }
        for path in ["/metadata", "/spec/replicas", "/spec/templates/spec"] {
            assert!(!fix(path).touches(&template), "{path}");
        }
    }
}
