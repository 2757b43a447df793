//! Which values of an object must not be shown: the question of everybody who shows one.

use std::ops::Range;

use super::argument::before;
use super::name::name_is_private;
use super::tree::{Around, NAMES, VALUES, parts};
use crate::document::{Body, Step};
use crate::engine::Node;

/// What of the value at a place must not be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hidden {
    Nothing,
    /// Parts of its text, in bytes, by place.
    Parts(Vec<Range<usize>>),
    All,
}

/// What `kubectl apply` keeps of the object, a Secret's values included.
const LAST_APPLIED: [&str; 3] =
    ["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"];

/// What may be shown of a Secret besides its keys.
const OPEN: [&[&str]; 6] = [
    &["apiVersion"],
    &["kind"],
    &["metadata", "generateName"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["type"],
];

/// What of the value at a place must not be shown, by where it stands, by the names above it and
/// beside it, or by what it says.
///
/// Nothing of a map or list is hidden as such: each value in it answers for itself.
pub fn hidden(place: Node<'_>) -> Hidden {
    let Some(body) = place.value().map(|value| &value.body) else { return Hidden::Nothing };
    if matches!(body, Body::Map(_) | Body::List(_) | Body::Null) {
        return Hidden::Nothing;
    }
    if is_closed(place) {
        return Hidden::All;
    }
    let Some(text) = place.scalar().filter(|_| !matches!(body, Body::Bool(_))) else {
        return Hidden::Nothing;
    };
    let parts = parts(&around(place), &text);
    match parts.as_slice() {
        [] => Hidden::Nothing,
        [whole] if *whole == (0..text.len()) => Hidden::All,
        _ => Hidden::Parts(parts),
    }
}

/// Whether the object is a Secret, of which next to nothing may be shown.
pub fn is_secret(object: Node<'_>) -> bool {
    let identity = object.identity();
    identity.kind == "Secret" && identity.group.is_empty()
}

/// Whether nothing that stands here may be shown, whatever it is.
fn is_closed(place: Node<'_>) -> bool {
    let identity = place.identity();
    let holds_data = identity.group.is_empty() && matches!(&*identity.kind, "ConfigMap" | "Secret");
    if !holds_data && place.parent().key() != "annotations" {
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
    keys == LAST_APPLIED
        || (is_secret(place) && !OPEN.contains(&keys.as_slice()))
        || (identity.kind == "ConfigMap"
            && identity.group.is_empty()
            && keys.first() == Some(&"binaryData"))
}

fn around(place: Node<'_>) -> Around<'_> {
    let mut around = Around::default();
    let mut named = place;
    let mut depth = place.depth();
    while depth > 1 && named.key().is_empty() {
        (named, depth) = (named.parent(), depth - 1);
    }
    around.key = named.key();
    if VALUES.contains(&around.key) {
        let holder = named.parent();
        around.name = NAMES.iter().find_map(|key| holder.get(key).as_str()).unwrap_or_default();
    }
    // In a document, every name on the way counts, the one of the string that holds it too.
    let mut above = place;
    while place.is_inside() && !around.within {
        around.within = name_is_private(above.key())
            || (matches!(above.key(), "data" | "stringData")
                && above.parent().get("kind").as_str() == Some("Secret"));
        if !above.is_inside() {
            break;
        }
        above = above.parent();
    }
    around.before = before(place).collect();
    around
}
