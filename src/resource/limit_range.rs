//! What a LimitRange of the namespace fills in where a container says nothing.
//!
//! Source: Kubernetes, `pkg/apis/core/v1/defaults.go`, `SetDefaults_LimitRangeItem`: of what is left
//! out of the LimitRange itself the API server takes the largest as limit, and the limit or else the
//! least as request.

use super::nearby;
use crate::engine::{Context, Missing, Observer};

/// The lists of a LimitRange, and what each gives.
const LISTS: [(&str, &[&str]); 4] = [
    ("default", &["limit", "request"]),
    ("max", &["limit", "request"]),
    ("defaultRequest", &["request"]),
    ("min", &["request"]),
];

/// Notes what the observed LimitRange gives to containers, for [`fills`].
pub fn note(observer: &mut Observer<'_>) {
    let items = observer.object().at(&["spec", "limits"]).items();
    for item in items.filter(|item| item.get("type").as_str() == Some("Container")) {
        for (list, gives) in LISTS {
            for (resource, amount) in item.get(list).fields() {
                for what in gives {
                    nearby::note(observer, &key(&format!("{resource} {what}")), amount, "");
                }
            }
        }
    }
}

/// Whether every container of the subject's namespace is given `what`: `cpu request`,
/// `memory limit`.
///
/// # Errors
///
/// Nobody knows of the other objects.
pub fn fills(cx: &Context<'_>, what: &str) -> Result<bool, Missing> {
    Ok(!nearby::find(cx, &key(what))?.is_empty())
}

fn key(what: &str) -> String {
    format!("LimitRange {what}")
}
