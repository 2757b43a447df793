//! An API server takes objects into a namespace before it has told everybody of the namespace.

use serde_json::json;

use super::release::{DENY, Release};
use super::strict::{create, denied_for, until_denied_for};

#[test]
fn what_is_created_in_a_namespace_of_a_moment_ago_is_judged_like_the_rest() {
    let release = Release::with(DENY);
    release.plane.apply(
        "apiVersion: portcullis.skao.int/v1alpha1\nkind: Policy\nmetadata: {name: moment}\nspec:\n  \
         onError: Deny\n  rules: [{rule: label-required, params: {labels: [first]}}]\n  scope:\n    \
         kinds: [v1/ConfigMap]\n    namespaceSelector: {matchLabels: {team: moment}}\n",
    );
    let made = |name: &str| {
        let metadata = json!({"name": name, "labels": {"team": "moment"}});
        release.api().post("/api/v1/namespaces", &json!({"metadata": metadata})).unwrap();
    };
    made("moment-first");
    until_denied_for(&release, "moment-first", "first");
    for number in 0..20 {
        let name = format!("moment-{number}");
        made(&name);
        create(&release, &name, &["first"]).unwrap();
        denied_for(&release, &name, "first").unwrap();
    }
}
