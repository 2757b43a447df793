//! Whose a finding is: three umbrella charts, with the TANGO operator and without it.

use super::{Folder, copy_chart, findings, lint, owner, pack, packed_umbrella, places};

const OPERATOR: &str = "--value-set=operator=global.operator=true";
const CLASSIC: &str = "--value-set=classic=global.operator=false";

#[test]
fn the_owner_is_the_sub_chart_in_both_modes() {
    let folder = Folder::new();
    let chart = copy_chart(&folder, "mid");
    let found = findings(&[&chart, OPERATOR, CLASSIC]);
    let images: Vec<(String, String, String)> = found
        .iter()
        .filter(|it| it["rule"] == "image-tag")
        .map(|it| {
            let kind = it["subject"]["kind"].as_str().unwrap().to_owned();
            (owner(it), kind, it["rendered"]["valueSets"].to_string())
        })
        .collect();
    let dish = "ska-demo-mid/ska-demo-dish".to_owned();
    let of = |kind: &str, set: &str| (dish.clone(), kind.to_owned(), format!("[\"{set}\"]"));
    assert!(images.contains(&of("DeviceServer", "operator")), "{images:?}");
    assert!(images.contains(&of("StatefulSet", "classic")), "{images:?}");
    assert!(images.iter().all(|(owner, ..)| *owner == dish), "{images:?}");
    // What both modes render is told once.
    let exposed: Vec<_> = found.iter().filter(|it| it["rule"] == "service-exposed").collect();
    assert_eq!(exposed.len(), 1, "{exposed:?}");
    assert_eq!(owner(exposed[0]), "ska-demo-mid/ska-demo-base");
    assert_eq!(exposed[0]["rendered"]["valueSets"].to_string(), "[\"operator\",\"classic\"]");
}

#[test]
fn objects_of_two_modes_do_not_meet() {
    let folder = Folder::new();
    let chart = copy_chart(&folder, "mid");
    let found = findings(&[&chart, OPERATOR, CLASSIC]);
    let twice = |it: &&serde_json::Value| it["rule"] == "tango-device-duplicate";
    assert_eq!(found.iter().filter(twice).count(), 0, "{found:?}");
    // Those of two charts in one mode do.
    folder.write("more/Chart.yaml", "apiVersion: v2\nname: more\nversion: 0.1.0\n");
    let config = r#"{"servers": {"Other": {"1": {"Other": {"mid-demo/dish/001": {}}}}}}"#;
    let server = format!(
        "apiVersion: tango.tango-controls.org/v1\nkind: DeviceServer\nmetadata: {{name: other, namespace: default}}\n\
         spec: {{databaseds: databaseds, args: '1', dsname: Other, config: '{config}'}}\n"
    );
    folder.write("more/templates/other.yaml", server);
    let found = findings(&[&chart, &folder.path("more"), OPERATOR]);
    assert!(found.iter().any(|it| twice(&it)), "{found:?}");
}

#[test]
fn a_packed_sub_chart_names_the_line_of_its_template() {
    let folder = Folder::new();
    let chart = packed_umbrella(&folder);
    for (set, line) in [(OPERATOR, 9), (CLASSIC, 29)] {
        let found = findings(&[&chart, set]);
        let image = found
            .iter()
            .find(|it| it["rule"] == "image-tag" && owner(it) == "ska-demo-low/ska-demo-station")
            .unwrap_or_else(|| panic!("{found:?}"));
        // No file can be opened at that line: the rendered one stands for it.
        let file = image["location"]["file"].as_str().unwrap();
        assert!(
            file.ends_with("low (rendered, operator)") || file.ends_with("low (rendered, classic)")
        );
        assert_eq!(image["rendered"]["templateLine"], line);
        assert_eq!(image["rendered"]["line"], image["location"]["line"]);
        assert_eq!(image["owner"]["template"], "templates/station.yaml");
    }
    let own = places(&findings(&[&chart]), "privileged-container", &folder);
    assert_eq!(own, ["ska-demo-low low/templates/console.yaml:11"]);
}

#[test]
fn a_chart_may_be_packed_itself() {
    let folder = Folder::new();
    let chart = packed_umbrella(&folder);
    pack(&chart, &folder.path(""));
    let packed = folder.path("ska-demo-low-0.1.0.tgz");
    let found = findings(&[&packed]);
    let image = found.iter().find(|it| it["rule"] == "privileged-container").unwrap();
    assert_eq!(image["rendered"]["templateLine"], 11);
    assert_eq!(owner(image), "ska-demo-low");
    let ran = lint(&[&packed]);
    assert!(ran.stdout.contains("line 11 of the template"), "{}", ran.stdout);
}

#[test]
fn aliases_nested_sub_charts_and_hooks_have_their_owners() {
    let folder = Folder::new();
    let chart = copy_chart(&folder, "sdp");
    for mode in ["global.operator=true", "global.operator=false"] {
        let found = findings(&[&chart, "--set", mode]);
        let owners: Vec<String> =
            found.iter().filter(|it| it["rule"] == "host-namespace").map(owner).collect();
        let proxy =
            ["receive-low", "receive-mid"].map(|it| format!("ska-demo-sdp/{it}/ska-demo-proxy"));
        let mut sorted = owners.clone();
        sorted.sort();
        assert_eq!(sorted, proxy, "{found:?}");
        let template = "sdp/charts/ska-demo-receive/charts/ska-demo-proxy/templates/proxy.yaml:7";
        let at = places(&found, "host-namespace", &folder);
        assert!(at.iter().all(|place| place.ends_with(template)), "{at:?}");
    }
}

#[test]
fn a_folder_is_searched_for_charts_and_manifests() {
    let folder = Folder::new();
    copy_chart(&folder, "mid");
    copy_chart(&folder, "sdp");
    folder.write("plain.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: plain}\n");
    let ran = lint(&[&folder.path(""), "--format", "json"]);
    let report = ran.json();
    assert_eq!(report["summary"]["files"], 3, "{report}");
    let found = report["findings"].as_array().unwrap();
    assert!(found.iter().all(|it| it["rule"] != "document-unreadable"), "{report}");
    // A library beside them says so, and is none of the files.
    copy_chart(&folder, "mid/charts/ska-demo-util");
    let library = folder.path("mid/charts/ska-demo-util");
    let ran = lint(&[&library, "--allow-empty"]);
    assert!(ran.stderr.contains("is a library"), "{ran:?}");
}

#[test]
fn release_namespace_and_values_reach_the_chart() {
    let folder = Folder::new();
    let chart = packed_umbrella(&folder);
    let values = folder.write("values.yaml", "ska-demo-station: {}\n");
    let found = findings(&[
        &chart,
        "--release",
        "mine",
        "--namespace",
        "ci-demo",
        "--values",
        &values,
        "--kube-version",
        "1.30.0",
        "--api-versions",
        "a/v1,b/v1",
    ]);
    let pod = found.iter().find(|it| it["rule"] == "privileged-container").unwrap();
    assert_eq!(pod["subject"]["name"], "mine-console");
    assert_eq!(pod["subject"]["namespace"], "ci-demo");
}
