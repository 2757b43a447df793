//! Any body is answered, or told to be no review, and an answer is JSON.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portcullis::admission::{self, Stage};
use portcullis::engine::{Engine, Facts};
use portcullis::resource::KUBERNETES;
use portcullis::{policyfile, rules};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    policyfile::load(policyfile::shipped(), rules::ALL, &KUBERNETES).unwrap().engine
});

fuzz_target!(|body: &[u8]| {
    for stage in [Stage::Validate, Stage::Mutate] {
        if let Ok(reviewed) = admission::review(&ENGINE, &Facts::default(), stage, body) {
            serde_json::from_slice::<serde_json::Value>(&reviewed.body).unwrap();
        }
    }
});
