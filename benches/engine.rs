//! What one review costs: reading it, judging it, answering it. `cargo bench --bench engine`.

#![allow(clippy::unwrap_used, reason = "a benchmark that panics is a benchmark that fails")]

use divan::Bencher;
use divan::counter::BytesCount;
use portcullis::admission::{self, Stage};
use portcullis::document::{Value, json};
use portcullis::engine::{Budget, Engine, Facts, Subject};
use portcullis::policyfile::Source;
use portcullis::resource::KUBERNETES;
use portcullis::{policyfile, rules};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A Deployment of three containers with fields managed by four managers, as one is after a
/// while in a cluster: 9 kB, half of it `managedFields`.
const REVIEW: &str = include_str!("review.json");

/// A Pod as the API server sends it when a ReplicaSet's controller makes it: what is asked most.
const POD: &str = include_str!("pod.json");

/// A Pod that keeps to the Pod Security Standards, as `make bench-cluster` makes it.
const SECURED_POD: &str = include_str!("secured-pod.json");

/// A Pod with much to say about: what a refusal costs.
const BAD_POD: &str = include_str!("../tests/fixtures/pairs/pod.validating.json");

fn main() {
    divan::main();
}

fn shipped() -> Engine {
    policyfile::load(policyfile::shipped(), rules::ALL, &KUBERNETES).unwrap().engine
}

#[divan::bench]
fn decode_all_of_a_review(bencher: Bencher<'_, '_>) {
    bencher
        .counter(BytesCount::of_str(REVIEW))
        .bench(|| serde_json::from_str::<Value<'_>>(divan::black_box(REVIEW)).unwrap());
}

#[divan::bench]
fn decode_with_places(bencher: Bencher<'_, '_>) {
    bencher
        .counter(BytesCount::of_str(REVIEW))
        .bench(|| json::read(divan::black_box(REVIEW)).unwrap());
}

#[divan::bench]
fn review_of_a_kind_that_no_policy_is_about(bencher: Bencher<'_, '_>) {
    let body = REVIEW.replace("\"kind\":\"Deployment\"", "\"kind\":\"Whatever\"");
    review(bencher, Stage::Validate, &body);
}

#[divan::bench]
fn validate(bencher: Bencher<'_, '_>) {
    review(bencher, Stage::Validate, REVIEW);
}

#[divan::bench]
fn validate_a_pod(bencher: Bencher<'_, '_>) {
    review(bencher, Stage::Validate, POD);
}

#[divan::bench]
fn refuse_a_pod(bencher: Bencher<'_, '_>) {
    review(bencher, Stage::Validate, BAD_POD);
}

#[divan::bench]
fn mutate(bencher: Bencher<'_, '_>) {
    review(bencher, Stage::Mutate, REVIEW);
}

/// As when an API server asks now and then, and other programs have the processor in between.
#[divan::bench]
fn validate_a_pod_with_cold_caches(bencher: Bencher<'_, '_>) {
    let engine = shipped();
    cold(bencher, || reviewed(&engine, Stage::Validate, POD));
}

/// By one rule: what is left is the reading, the walk and the answer.
#[divan::bench]
fn validate_a_secured_pod(bencher: Bencher<'_, '_>) {
    let engine = packed(include_str!("../policies/packs/pod-security-restricted.yaml"));
    bencher.bench(|| reviewed(&engine, Stage::Validate, SECURED_POD));
}

#[divan::bench]
fn validate_a_secured_pod_with_cold_caches(bencher: Bencher<'_, '_>) {
    let engine = packed(include_str!("../policies/packs/pod-security-restricted.yaml"));
    cold(bencher, || reviewed(&engine, Stage::Validate, SECURED_POD));
}

/// Asked for what it lacks, which is nothing.
#[divan::bench]
fn mutate_a_secured_pod(bencher: Bencher<'_, '_>) {
    let engine = packed(include_str!("../policies/packs/pod-defaults.yaml"));
    bencher.bench(|| reviewed(&engine, Stage::Mutate, SECURED_POD));
}

fn packed(pack: &str) -> Engine {
    policyfile::load(&[Source::new("pack.yaml", pack)], rules::ALL, &KUBERNETES).unwrap().engine
}

fn reviewed(engine: &Engine, stage: Stage, body: &str) -> admission::Reviewed {
    admission::review(engine, &Facts::default(), stage, body.as_bytes()).unwrap()
}

/// Times `work` after something else has filled the caches of the core.
fn cold<T>(bencher: Bencher<'_, '_>, work: impl Fn() -> T) {
    /// Several times what a core keeps for itself.
    const MANY: usize = 16 << 20;
    let mut memory = vec![0_u8; MANY];
    let fill = move || memory.iter_mut().step_by(64).for_each(|byte| *byte = byte.wrapping_add(1));
    bencher.with_inputs(fill).bench_local_values(|()| work());
}

fn review(bencher: Bencher<'_, '_>, stage: Stage, body: &str) {
    let engine = shipped();
    bencher.counter(BytesCount::of_str(body)).bench(|| reviewed(&engine, stage, body));
}

#[divan::bench]
fn evaluate(bencher: Bencher<'_, '_>) {
    let engine = shipped();
    let review = json::read(REVIEW).unwrap().value;
    let object = review.at(&["request", "object"]).unwrap();
    let subject = Subject::of_object(object).unwrap();
    bencher.bench(|| engine.evaluate(&subject, &Facts::default(), Budget::default()));
}

#[divan::bench]
fn compile_the_shipped_set() -> Engine {
    shipped()
}
