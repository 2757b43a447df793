//! The shipped policies hold what their cases say.

use std::fs;
use std::path::Path;

use portcullis::policyfile::{self, Cases, Source};
use portcullis::resource::KUBERNETES;
use portcullis::rules;

/// The files of a directory with this ending, by name, with their texts.
fn files(directory: &str, ending: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut files: Vec<(String, String)> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && path.to_str().unwrap().ends_with(ending))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn every_policy_has_cases_beside_it_and_they_hold() {
    for directory in ["policies", "policies/packs"] {
        let all = files(directory, ".yaml");
        let text = |name: &str| all.iter().find(|(it, _)| it == name).map(|(_, text)| text);
        for (name, policy) in all.iter().filter(|(name, _)| !name.ends_with(".test.yaml")) {
            if name == "settings.yaml" {
                continue;
            }
            let cases = text(&name.replace(".yaml", ".test.yaml"));
            let cases = cases.unwrap_or_else(|| panic!("{name} has no cases"));
            let source = Source::new(name, policy);
            let loaded = policyfile::load(&[source], rules::ALL, &KUBERNETES);
            let engine = loaded.unwrap_or_else(|problems| panic!("{problems}")).engine;
            let cases = Cases::read(Source::new(name, cases));
            let verdicts = cases.unwrap_or_else(|problems| panic!("{problems}")).run(&engine);
            for verdict in &verdicts {
                assert!(verdict.passed(), "{name}: {}: {:#?}", verdict.name, verdict.problems);
            }
            // Every entry is shown to find something, but those that fill what they find.
            for (_, entry, _) in engine.rules().filter(|(_, _, it)| !it.id.ends_with("-default")) {
                let named = format!("entry: {entry}");
                let text = text(&name.replace(".yaml", ".test.yaml")).unwrap();
                assert!(text.contains(&named), "{name}: no case finds by `{entry}`");
            }
        }
    }
}

#[test]
fn the_shipped_set_names_no_entry_twice_and_describes_each_policy() {
    let loaded = policyfile::load(policyfile::shipped(), rules::ALL, &KUBERNETES).unwrap();
    for policy in &loaded.set.policies {
        assert!(policy.description.ends_with('.'), "{}", policy.name);
    }
}

#[test]
fn the_packs_load_beside_the_shipped_set() {
    for (name, text) in files("policies/packs", ".yaml") {
        if name.ends_with(".test.yaml") {
            continue;
        }
        let mut sources = policyfile::shipped().to_vec();
        sources.push(Source::new(&name, &text));
        let loaded = policyfile::load(&sources, rules::ALL, &KUBERNETES);
        assert!(loaded.is_ok(), "{name}: {}", loaded.unwrap_err());
    }
}
