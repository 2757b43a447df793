//! `docs/conventions.md` says what the rules and the shipped policies do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use portcullis::policyfile::{self, Source};
use portcullis::resource::KUBERNETES;
use portcullis::rules;

/// A row of a table that names an entry.
#[derive(Debug)]
struct Row {
    rule: String,
    entry: String,
    severity: String,
    enforcement: String,
}

/// Rule, severity and enforcement of every entry of the shipped policies and the packs, by
/// `policy/entry`.
fn entries() -> BTreeMap<String, (String, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/packs");
    let packs: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| !path.to_str().unwrap().ends_with(".test.yaml"))
        .map(|path| (path.to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect();
    let mut sources = policyfile::shipped().to_vec();
    sources.extend(packs.iter().map(|(name, text)| Source::new(name, text)));
    let set = policyfile::load(&sources, rules::ALL, &KUBERNETES).unwrap().set;
    let mut entries = BTreeMap::new();
    for policy in set.policies {
        for entry in policy.rules {
            let rule = rules::find(&entry.rule).unwrap();
            let name = entry.id.as_deref().unwrap_or(&entry.rule);
            let severity = entry.severity.unwrap_or(rule.severity).as_str().to_owned();
            let enforcement = entry.enforcement.unwrap_or(policy.enforcement).as_str().to_owned();
            let key = format!("{}/{name}", policy.name);
            entries.insert(key, (entry.rule.clone(), severity, enforcement));
        }
    }
    entries
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/conventions.md");
    fs::read_to_string(path).unwrap()
}

/// The cells of the rows of six columns.
fn cells(page: &str) -> Vec<[String; 6]> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    rows.filter_map(|line| {
        let cells: Vec<String> =
            line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        cells.try_into().ok().filter(|cells: &[String; 6]| cells[0] != "convention")
    })
    .collect()
}

fn rows(page: &str) -> Vec<Row> {
    let plain = |cell: &str| cell.trim_matches('`').to_owned();
    let judged = cells(page).into_iter().filter(|cells| cells[2] != "none");
    judged
        .map(|[_, _, rule, entry, severity, enforcement]| Row {
            rule: plain(&rule),
            entry: plain(&entry),
            severity,
            enforcement,
        })
        .collect()
}

#[test]
fn each_row_says_what_the_policy_does() {
    let entries = entries();
    for row in rows(&page()) {
        let Some((rule, severity, enforcement)) = entries.get(&row.entry) else {
            panic!("there is no entry {row:?}");
        };
        assert_eq!((&row.rule, &row.severity, &row.enforcement), (rule, severity, enforcement));
    }
}

#[test]
fn every_entry_and_every_rule_has_a_row() {
    let page = page();
    let told: BTreeSet<String> = rows(&page).into_iter().map(|row| row.entry).collect();
    let all: BTreeSet<String> = entries().into_keys().collect();
    assert_eq!(told, all);
    for rule in rules::ALL {
        assert!(page.contains(&format!("| `{}` |", rule.id)), "{}", rule.id);
    }
}

#[test]
fn what_nothing_judges_has_a_reason() {
    let unjudged: Vec<_> = cells(&page()).into_iter().filter(|cells| cells[2] == "none").collect();
    assert!(unjudged.len() > 10);
    for [convention, source, _, reason, severity, enforcement] in unjudged {
        assert!(reason.len() > 15 && !source.is_empty(), "{convention}");
        assert!(severity.is_empty() && enforcement.is_empty(), "{convention}");
    }
}
