//! Any file of policies makes an engine, or is told what is wrong with it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::policyfile::{self, Source};
use portcullis::resource::KUBERNETES;
use portcullis::rules;

fuzz_target!(|text: &str| {
    let sources = [Source::new("fuzz.yaml", text)];
    if let Err(problems) = policyfile::load(&sources, rules::ALL, &KUBERNETES) {
        assert!(!problems.to_string().is_empty());
    }
});
