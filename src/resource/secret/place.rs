//! Places in an object whose value must not be shown.

use super::{argument_is_secret, is_literal, name_is_secret, text_holds_secret};
use crate::document::Step;
use crate::engine::Node;

/// What a Secret keeps besides its metadata, and the annotation in which `kubectl apply` keeps
/// a copy of it.
const SECRET_FIELDS: [&str; 2] = ["data", "stringData"];
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Whether the value at the place is a secret, by where it stands, by its name, or by itself.
///
/// Every value of a Secret is one. So is what an environment variable, a ConfigMap or an
/// embedded document keeps under the name of a secret, and an argument after a flag for one.
pub fn place_is_secret(place: Node<'_>) -> bool {
    is_in_secret(place) || place.scalar().is_some_and(|text| scalar_is_secret(place, &text))
}

fn scalar_is_secret(place: Node<'_>, text: &str) -> bool {
    if text_holds_secret(text) {
        return true;
    }
    let holder = place.parent();
    match place.path().steps.last() {
        Some(Step::Index(index)) => {
            // `"password": ["…"]`, as properties of TANGO devices are written.
            (name_is_secret(holder.key()) && is_literal(text))
                || is_secret_argument(holder, *index, text)
        }
        Some(Step::Key(key)) => {
            let is_named = name_is_secret(key)
                || (**key == *"value" && holder.get("name").as_str().is_some_and(name_is_secret));
            is_named && is_literal(text)
        }
        None => false,
    }
}

fn is_in_secret(place: Node<'_>) -> bool {
    let identity = place.identity();
    if identity.kind != "Secret" || !identity.group.is_empty() {
        return false;
    }
    let path = place.path();
    let keys: Vec<&str> = path
        .steps
        .iter()
        .map(|step| match step {
            Step::Key(key) => &**key,
            Step::Index(_) => "",
        })
        .collect();
    match keys.as_slice() {
        [field, ..] => {
            SECRET_FIELDS.contains(field)
                || keys.starts_with(&["metadata", "annotations", LAST_APPLIED])
        }
        [] => false,
    }
}

/// Whether an item of `command` or `args` is a secret because of the items before it.
fn is_secret_argument(list: Node<'_>, index: u32, text: &str) -> bool {
    let earlier = list.items().take(index as usize).filter_map(Node::as_str);
    match list.key() {
        "command" => argument_is_secret(earlier, text),
        "args" => {
            let command = list.parent().get("command");
            argument_is_secret(command.items().filter_map(Node::as_str).chain(earlier), text)
        }
        _ => false,
    }
}
