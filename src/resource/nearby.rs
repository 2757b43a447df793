//! Finding other objects in the namespace of the subject.
//!
//! An object without a namespace is of a kind that has none, or a manifest that gets one when it is
//! applied; and a subject of which nobody knows the namespace may lie beside any object.

use crate::engine::{Context, Mention, Missing, Node, Observer, Placement};

/// The namespace under which every object is noted besides its own, where one may be looked for
/// without.
const ANY: &str = "*";

/// The namespace of objects that have none, or none yet.
const NONE: &str = "";

/// Notes a place under `what`, to be found by what lies in the same namespace.
pub fn note<'s>(observer: &mut Observer<'s>, what: &str, place: Node<'s>, text: &str) {
    let namespace = observer.object().identity().namespace.as_deref().unwrap_or(NONE);
    observer.note_with(key(namespace, what), place, text);
    if !observer.is_placed() {
        observer.note_with(key(ANY, what), place, text);
    }
}

/// What was noted under `what` in the namespace of the subject.
///
/// # Errors
///
/// Nobody knows of the other objects.
pub fn find<'s>(cx: &Context<'s>, what: &str) -> Result<Vec<&'s Mention>, Missing> {
    // As where no namespace has a LimitRange.
    if cx.noted_nothing()? {
        return Ok(Vec::new());
    }
    match cx.object().schema().place(&cx.subject().identity) {
        Placement::Namespace(namespace) => find_in(cx, namespace, what),
        Placement::Cluster => find_in(cx, NONE, what),
        // In a cluster every object says where it lies.
        Placement::Unknown if cx.knows_places()? => find_in(cx, NONE, what),
        Placement::Unknown => Ok(cx.others(&key(ANY, what))?.collect()),
    }
}

/// What was noted under `what` in a namespace, or of objects without one.
///
/// # Errors
///
/// Nobody knows of the other objects.
pub fn find_in<'s>(
    cx: &Context<'s>,
    namespace: &str,
    what: &str,
) -> Result<Vec<&'s Mention>, Missing> {
    let mut found: Vec<&Mention> = cx.others(&key(namespace, what))?.collect();
    if namespace != NONE {
        found.extend(cx.others(&key(NONE, what))?);
    }
    Ok(found)
}

/// How a message speaks of an object that was not found.
///
/// # Errors
///
/// Nobody knows of the other objects.
pub fn absence(cx: &Context<'_>) -> Result<&'static str, Missing> {
    Ok(match cx.knows_all_others()? {
        true => "which does not exist",
        false => "which is not among the objects that are known",
    })
}

fn key(namespace: &str, what: &str) -> String {
    [namespace, "\n", what].concat()
}
