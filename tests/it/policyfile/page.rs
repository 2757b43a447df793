//! The examples of `docs/policies.md`.

use portcullis::policyfile::{Cases, KnownFacts, Source, load};
use portcullis::resource::KUBERNETES;
use portcullis::rules;

#[test]
fn the_examples_of_the_page_are_read_and_its_cases_pass() {
    let page = include_str!("../../../docs/policies.md");
    let blocks = page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let blocks: Vec<&str> = blocks.collect();
    let starting = |word: &str| {
        let sources = blocks.iter().filter(move |block| block.starts_with(word));
        sources.map(|block| Source::new("docs/policies.md", block)).collect::<Vec<_>>()
    };
    let policies = starting("apiVersion:");
    let (cases, facts) = (starting("facts:"), starting("namespaces:"));
    assert_eq!((policies.len(), cases.len(), facts.len()), (3, 1, 1));
    assert_eq!(blocks.len(), 5);

    // The settings of the page cap what denies, so its cases stand for its policy alone.
    load(&policies, rules::ALL, &KUBERNETES).unwrap();
    let loaded = load(&policies[..1], rules::ALL, &KUBERNETES).unwrap();
    for verdict in Cases::read(cases[0]).unwrap().run(&loaded.engine) {
        assert!(verdict.passed(), "{verdict:#?}");
    }
    let known = KnownFacts::read(&facts[0]).unwrap();
    assert_eq!((known.objects.len(), known.complete), (1, false));
}
