//! Reports for other programs: each is what its readers take, and nothing in a manifest gets out
//! of the place where it is text.

mod baseline;
mod fix;
mod github;
mod gitlab;
mod html;
mod junit;
mod markdown;
mod output;
mod page;
mod people;
mod policyreport;
mod sarif;
mod schema;

use std::fs;
use std::path::PathBuf;

use serde_json::Value as Json;

use crate::folder::Folder;

const POLICY: &str = include_str!("../../fixtures/report/policy.yaml");
const MANIFESTS: &str = include_str!("../../fixtures/report/manifests.yaml");

/// A name that every format has to escape in another way.
const HOSTILE_FILE: &str = "a,b:c%0A &<i>.yaml";

impl Folder {
    /// With the policy of the fixtures and with their manifests.
    fn hostile() -> Self {
        let folder = Self::with_policy(POLICY);
        folder.write(&format!("texts/{HOSTILE_FILE}"), MANIFESTS);
        folder
    }

    /// The report in this format.
    fn report(&self, format: &str) -> String {
        let ran = self.lint_texts(&["--format", format]);
        assert_eq!(ran.stderr, "", "{ran:?}");
        ran.stdout
    }

    fn json(&self, format: &str) -> Json {
        let text = self.report(format);
        serde_json::from_str(&text).unwrap_or_else(|err| panic!("{err}: {text}"))
    }
}

/// The ids of the findings, in the order of the JSON report.
fn ids(folder: &Folder) -> Vec<String> {
    let report = folder.json("json");
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

/// The schema of this name, if the folder with published ones is there. Each test checks the most
/// important by itself, too.
fn published(name: &str) -> Option<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folders = [root.join("../shared/schemas"), root.join("../../shared/schemas")];
    folders.iter().find_map(|folder| fs::read_to_string(folder.join(name)).ok())
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let folder = Folder::hostile();
    for format in portcullis::report::FORMATS {
        let first = folder.report(format.name);
        assert_eq!(first, folder.report(format.name), "{}", format.name);
        assert!(first.ends_with('\n'), "{}", format.name);
    }
}

#[test]
fn a_run_without_findings_is_a_report_too() {
    let folder = Folder::with_policy(POLICY);
    folder.write(
        "texts/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: {app: a}\n",
    );
    for format in portcullis::report::FORMATS {
        let ran = folder.lint_texts(&["--format", format.name]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.stdout.is_empty(), format.name == "github", "{ran:?}");
    }
}
