//! PolicyReports: the published CRD, and one report for each namespace.

use portcullis::document::yaml;
use serde_json::Value as Json;

use super::schema::assert_valid;
use super::{Folder, published};

fn items(list: &Json) -> &Vec<Json> {
    list["items"].as_array().unwrap()
}

/// The schema of v1alpha2 in a CRD.
fn schema(crd: &str) -> Json {
    let document = yaml::read(crd).find_map(|it| it.ok().filter(|it| !it.empty)).unwrap();
    let crd = Json::from(&document.value);
    let versions = crd["spec"]["versions"].as_array().unwrap();
    let version = versions.iter().find(|it| it["name"] == "v1alpha2").unwrap();
    version["schema"]["openAPIV3Schema"].clone()
}

#[test]
fn it_is_what_the_resource_definition_asks_for() {
    let list = Folder::hostile().json("policyreport");
    assert_eq!((&list["apiVersion"], &list["kind"]), (&"v1".into(), &"List".into()));
    for (kind, crd) in [
        ("PolicyReport", "wgpolicyk8s.io_v1alpha2_policyreports.yaml"),
        ("ClusterPolicyReport", "wgpolicyk8s.io_v1alpha2_clusterpolicyreports.yaml"),
    ] {
        let reports: Vec<&Json> = items(&list).iter().filter(|it| it["kind"] == kind).collect();
        assert!(!reports.is_empty(), "{kind}");
        for report in reports {
            assert_eq!(report["apiVersion"], "wgpolicyk8s.io/v1alpha2");
            if let Some(crd) = published(crd) {
                assert_valid(&schema(&crd), report);
            }
        }
    }
}

#[test]
fn each_namespace_has_its_report() {
    let list = Folder::hostile().json("policyreport");
    let homes: Vec<&Json> = items(&list).iter().map(|it| &it["metadata"]["namespace"]).collect();
    assert_eq!(homes, [&Json::Null, &"demo".into(), &"other".into()]);
}

#[test]
fn a_summary_is_the_sum_of_its_results() {
    let list = Folder::hostile().json("policyreport");
    for report in items(&list) {
        for word in ["fail", "warn", "error", "skip"] {
            let results = report["results"].as_array().unwrap().iter();
            let count = results.filter(|it| it["result"] == word).count();
            assert_eq!(report["summary"][word], count, "{report}");
        }
    }
    let demo = &items(&list)[1];
    assert_eq!(demo["summary"].to_string(), r#"{"error":0,"fail":1,"pass":2,"skip":1,"warn":2}"#);
    assert_eq!(demo["results"][0]["resources"][0]["kind"], "ConfigMap");
}
