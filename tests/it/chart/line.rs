//! On which line a finding of a chart is: the template's if it is certain, else the rendered one,
//! said as such.

use std::fs;

use super::{Folder, copy_chart, findings, lint, places};

#[test]
fn a_certain_line_is_the_one_that_wrote_it() {
    let folder = Folder::new();
    let chart = copy_chart(&folder, "mid");
    let found = findings(&[&chart, "--set", "global.operator=false"]);
    // Both instances are written by one line of the library, which two charts below include.
    let util = "mid/charts/ska-demo-util/templates/_deviceserver.tpl";
    let dish = "ska-demo-mid/ska-demo-dish";
    let expected: Vec<String> =
        [62, 62, 66, 66].iter().map(|line| format!("{dish} {util}:{line}")).collect();
    assert_eq!(places(&found, "image-tag", &folder), expected);
    let text = fs::read_to_string(folder.file(util)).unwrap();
    for finding in found.iter().filter(|it| it["rule"] == "image-tag") {
        let at = &finding["location"];
        let line = text.lines().nth(at["line"].as_u64().unwrap() as usize - 1).unwrap();
        assert!(line.contains("image:"), "{line}");
        let column = at["column"].as_u64().unwrap() as usize;
        // Where the template says it as it was rendered, the column is that of the value.
        let is_literal = !line.contains("{{");
        assert_eq!(line[column - 1..].starts_with("bitnami/kubectl:latest"), is_literal, "{line}");
    }
}

#[test]
fn a_line_out_of_values_is_the_rendered_one_and_says_so() {
    let folder = Folder::new();
    let chart = copy_chart(&folder, "mid");
    let found = places(&findings(&[&chart]), "service-exposed", &folder);
    assert_eq!(found, ["ska-demo-mid/ska-demo-base mid (rendered):12"]);
    let full = lint(&[&chart]).stdout;
    assert!(full.contains("mid (rendered), the template's line is not certain"), "{full}");
    // A code host is shown the nearest line above that is certain.
    let gitlab = lint(&[&chart, "--format", "gitlab"]).json();
    let shown = gitlab.as_array().unwrap().iter().find(|it| it["check_name"] == "service-exposed");
    let shown = shown.unwrap();
    let path = shown["location"]["path"].as_str().unwrap();
    assert!(path.ends_with("mid/charts/ska-demo-base/templates/databaseds.yaml"), "{shown}");
    assert_eq!(shown["location"]["lines"]["begin"], 22, "{shown}");
    let text = shown["description"].as_str().unwrap();
    assert!(text.contains("line 12 of") && text.contains("is not certain"), "{text}");
}

#[test]
fn every_report_names_a_file_that_is_there_or_says_that_it_is_rendered() {
    let folder = Folder::new();
    let chart = copy_chart(&folder, "mid");
    for set in ["global.operator=true", "global.operator=false"] {
        for finding in findings(&[&chart, "--set", set]) {
            let file = finding["location"]["file"].as_str().unwrap();
            let is_file = std::path::Path::new(file).is_file();
            assert!(is_file || file.ends_with("mid (rendered)"), "{finding}");
            assert_eq!(
                is_file,
                finding["location"]["line"] != finding["rendered"]["line"]
                    || finding["location"]["file"] != finding["rendered"]["text"],
                "{finding}"
            );
        }
        let args = [&chart, "--set", set];
        let sarif = lint(&[&args[..], &["--format", "sarif"]].concat()).json();
        for result in sarif["runs"][0]["results"].as_array().unwrap() {
            let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            let uri = uri.as_str().unwrap();
            let file = uri.strip_prefix("file://").unwrap();
            assert!(std::path::Path::new(file).is_file(), "{result}");
            assert!(result["fixes"].is_null(), "{result}");
        }
    }
}

#[test]
fn no_fix_is_written_to_what_is_rendered() {
    let folder = Folder::new();
    let chart = copy_chart(&folder, "mid");
    let policy = folder.write(
        "policy.yaml",
        crate::folder::policy_about_config_maps(&[
            "{rule: field-default, params: {field: 'metadata.labels[\"team\"]', value: unknown}}",
        ]),
    );
    let plain =
        folder.write("plain.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n");
    let before = all_texts(&folder);
    let ran = lint(&[
        &chart,
        &plain,
        "--no-default-policies",
        "--policy",
        &policy,
        "--fix",
        "--set",
        "global.operator=false",
    ]);
    let source = folder.path("mid");
    assert!(ran.stderr.contains("wrote 1 fix into 1 file"), "{ran:?}");
    let told = format!("not fixed, since `{source}` is rendered: 2 fixes");
    assert!(ran.stderr.contains(&told), "{ran:?}");
    let after = all_texts(&folder);
    let changed: Vec<&String> = before
        .iter()
        .zip(&after)
        .filter(|(one, two)| one != two)
        .map(|((name, _), _)| name)
        .collect();
    assert_eq!(changed, [&plain]);
}

fn all_texts(folder: &Folder) -> Vec<(String, String)> {
    fn walk(path: &std::path::Path, all: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, all);
            } else {
                all.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut all = Vec::new();
    walk(folder.root(), &mut all);
    all.sort();
    all
}
