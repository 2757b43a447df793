//! Which values nobody may be shown.
//!
//! Secrets are told by their place, name or text in `resource::secret`. Beyond that nothing is
//! shown that stands where secrets are passed under any name: the values of environment variables
//! and HTTP headers, command lines, and what a ConfigMap holds.

use crate::document::{Body, Value};
use crate::engine::Node;
use crate::resource::secret::place_is_secret;

/// Whether the value at the node must not be shown. Maps and lists never are.
pub(super) fn is_sensitive(node: Node<'_>) -> bool {
    let is_scalar = node.value().is_some_and(|value| {
        !matches!(value.body, Body::Null | Body::Bool(_) | Body::List(_) | Body::Map(_))
    });
    is_scalar && (is_in_config_map(node) || is_argument_or_variable(node) || place_is_secret(node))
}

fn is_in_config_map(node: Node<'_>) -> bool {
    let identity = node.identity();
    if identity.kind != "ConfigMap" || !identity.group.is_empty() {
        return false;
    }
    let path = node.path();
    path.steps.first().is_some_and(|step| *step == "data".into() || *step == "binaryData".into())
}

/// Whether this is `env[*].value`, `httpHeaders[*].value`, or an item of `command` or `args`.
fn is_argument_or_variable(node: Node<'_>) -> bool {
    let holder = node.parent();
    match node.key() {
        "" => matches!(holder.key(), "command" | "args") && is_list(holder),
        "value" => {
            matches!(holder.parent().key(), "env" | "httpHeaders") && is_list(holder.parent())
        }
        _ => false,
    }
}

fn is_list(node: Node<'_>) -> bool {
    node.value().and_then(Value::as_list).is_some()
}
