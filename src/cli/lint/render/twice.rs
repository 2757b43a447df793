//! What differs when a chart is rendered again: random values, times.

use std::collections::BTreeSet;

use crate::document::{Body, Path, Step, Value};
use crate::engine::{Finding, Identity};
use crate::manifest::{Manifest, file_identity, problem_finding};
use crate::rules::own::RENDERING_DIFFERS;

/// How many places of one object are told.
const PLACES: usize = 20;

/// What differs between two renderings: in an object of the first one, named by its rank, or in
/// how many objects there are.
pub(in crate::cli::lint) fn differences(
    first: &Manifest<'_>,
    second: &Manifest<'_>,
) -> Vec<(Option<usize>, Finding)> {
    let (count, then) = (first.items.len(), second.items.len());
    if count != then {
        let message = format!("the chart renders {count} objects once and {then} the next time");
        return vec![(None, finding(&file_identity(&first.name), Path::root(), message))];
    }
    let mut found = Vec::new();
    for (rank, (one, two)) in first.items.iter().zip(&second.items).enumerate() {
        let mut paths = Vec::new();
        compare(first.value(one), second.value(two), &mut Path::root(), &mut paths);
        found.extend(paths.into_iter().map(|path| {
            let message = "every rendering gives another value here".to_owned();
            (Some(rank), finding(&one.identity, path, message))
        }));
    }
    found
}

fn finding(subject: &Identity, path: Path, message: String) -> Finding {
    let help = "give the value in the values, or look up the one that is in the cluster";
    problem_finding(&RENDERING_DIFFERS, subject, path, message, Some(help.to_owned()))
}

/// The deepest places at which two values differ.
fn compare(one: &Value<'_>, two: &Value<'_>, at: &mut Path, found: &mut Vec<Path>) {
    if one == two || found.len() >= PLACES {
        return;
    }
    let mut below = |step: Step, one: &Value<'_>, two: &Value<'_>| {
        at.steps.push(step);
        compare(one, two, at, found);
        at.steps.pop();
    };
    match (&one.body, &two.body) {
        (Body::Map(first), Body::Map(second)) => {
            let keys: BTreeSet<&str> = first.iter().chain(second).map(|it| &*it.key).collect();
            for key in keys {
                let null = Value::NULL;
                below(
                    key.into(),
                    first.get(key).unwrap_or(&null),
                    second.get(key).unwrap_or(&null),
                );
            }
        }
        (Body::List(first), Body::List(second)) if first.len() == second.len() => {
            for (index, (one, two)) in (0..).zip(first.iter().zip(second)) {
                below(Step::Index(index), one, two);
            }
        }
        _ => found.push(at.clone()),
    }
}
