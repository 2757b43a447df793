//! Any manifest is judged, no rule fails on it, and every finding has a place in it.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portcullis::engine::{Budget, Engine, Facts, Status};
use portcullis::manifest::Manifest;
use portcullis::resource::KUBERNETES;
use portcullis::{policyfile, rules};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    policyfile::load(policyfile::shipped(), rules::ALL, &KUBERNETES).unwrap().engine
});

fuzz_target!(|text: &str| {
    let manifest = Manifest::read("fuzz.yaml", text);
    let mut locator = manifest.locator();
    for item in &manifest.items {
        let subject = manifest.subject(item);
        let report = ENGINE.evaluate(&subject, &Facts::default(), Budget::default());
        for outcome in &report.outcomes {
            assert_ne!(outcome.status, Status::Error, "{outcome:?}");
        }
        for finding in &report.findings {
            let (_, span) = manifest.place(&mut locator, item, &finding.path, finding.about);
            assert!(text.get(span.range()).is_some(), "{finding:?}");
        }
    }
});
