//! Charts, as a team has them in its repository: what Helm renders is judged, and what is found
//! stands where somebody can mend it.

mod changed;
mod endless;
mod kustomization;
mod line;
mod missing;
mod twice;
mod umbrella;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use crate::cli::{Ran, run};
use crate::folder::Folder;

/// A program that `make tools` builds.
pub(crate) fn tool(name: &str) -> String {
    let path = root().join("target/tools").join(name);
    assert!(path.is_file(), "there is no `{}`: `make tools` builds it", path.display());
    path.to_str().unwrap().to_owned()
}

/// A chart that stands beside the tests, in the folder.
fn copy_chart(folder: &Folder, chart: &str) -> String {
    copy(&root().join("tests/fixtures/charts").join(chart), &folder.file(chart));
    folder.path(chart)
}

/// The umbrella `low` with its packed sub-chart, as `helm dependency build` leaves it.
fn packed_umbrella(folder: &Folder) -> String {
    let umbrella = copy_chart(folder, "low");
    let part = copy_chart(folder, "packed/ska-demo-station");
    pack(&part, &format!("{umbrella}/charts"));
    umbrella
}

fn pack(chart: &str, into: &str) {
    let ran = Command::new(tool("helm")).args(["package", chart, "--destination", into]).output();
    let ran = ran.unwrap();
    assert!(ran.status.success(), "{ran:?}");
}

/// Lints by the shipped policies.
fn lint(arguments: &[&str]) -> Ran {
    let helm = format!("--helm={}", tool("helm"));
    run(&[&["lint", &helm], arguments].concat())
}

/// The findings of a run in JSON.
fn findings(arguments: &[&str]) -> Vec<Json> {
    let ran = lint(&[&["--format", "json"], arguments].concat());
    assert!(ran.code < 2, "{ran:?}");
    ran.json()["findings"].as_array().unwrap().clone()
}

/// The findings of a rule as `OWNER FILE:LINE`.
fn places(findings: &[Json], rule: &str, folder: &Folder) -> Vec<String> {
    let root = format!("{}/", folder.path(""));
    let of_rule = findings.iter().filter(|it| it["rule"] == rule);
    of_rule
        .map(|it| {
            let at = &it["location"];
            let file = at["file"].as_str().unwrap().replace(root.trim_end_matches('/'), "");
            let owner = owner(it);
            format!("{owner} {}:{}", file.trim_start_matches('/'), at["line"])
        })
        .collect()
}

fn owner(finding: &Json) -> String {
    let owner = &finding["owner"];
    let subcharts = owner["subcharts"].as_array().unwrap().iter();
    let all = std::iter::once(&owner["chart"]).chain(subcharts);
    all.map(|it| it.as_str().unwrap()).collect::<Vec<_>>().join("/")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
