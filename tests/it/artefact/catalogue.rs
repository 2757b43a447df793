//! A registry that sends no hooks: the sweep finds what is in it.

use std::time::{Duration, Instant};

use super::door::{Setup, until};
use super::postgres::Postgres;
use super::stand::Stand;
use crate::inspect::registry::{AMD64, Layout, Registry, layer};

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn what_a_registry_holds_is_found_by_the_sweep() {
    let (stand, registry) = (Stand::start(), Registry::start());
    let image = Layout::new(&registry.folder, "image");
    image.close(&[image.image(AMD64, &[], &layer(1))]);
    for name in ["production/thing", "production/ska-thing", "elsewhere/thing"] {
        registry.push("image", &format!("{name}:1.0.0"));
    }
    let setup = Setup::new(
        &stand,
        "",
        "sweep: {intervalSeconds: 1, callsPerSecond: 100}
work: {settleMilliseconds: 0}
actions: {dryRun: false, deny: [author]}
",
    );
    setup.judge_registry(&registry.host, "");
    let _door = setup.start();
    let told = || stand.state().issues.len() == 1;
    assert!(until("the author", PATIENCE, told), "{}", setup.log());
    let judged = || setup.log().matches("outcome=").count() == 2;
    assert!(until("both verdicts", PATIENCE, judged), "{}", setup.log());
    assert_eq!(stand.state().issues[0]["title"], "thing 1.0.0 is not accepted");
}

#[test]
fn a_registry_without_a_catalogue_is_not_taken_for_an_empty_one() {
    let stand = Stand::start();
    let setup = Setup::new(&stand, "", "sweep: {intervalSeconds: 1, callsPerSecond: 100}\n");
    setup.judge_registry(&format!("{}/nowhere", stand.address), "");
    let _door = setup.start();
    let told = || setup.log().contains("the sweep of `production` broke off");
    assert!(until("the problem", PATIENCE, told), "{}", setup.log());
    assert!(setup.log().contains("answers 404 Not Found to the catalogue"), "{}", setup.log());
}

/// How many calls a second the next test allows.
const CALLS: usize = 2;
/// So many tags take longer to ask for than a replica leads without a sign of life.
const TAGS: usize = 24;

#[test]
fn a_sweep_keeps_to_its_pace_and_to_its_replica() {
    let (postgres, stand, registry) = (Postgres::start(), Stand::start(), Registry::start());
    let image = Layout::new(&registry.folder, "image");
    image.close(&[image.image(AMD64, &[], &layer(1))]);
    for number in 0..TAGS {
        registry.push("image", &format!("production/ska-thing:1.0.{number}"));
    }
    let database = postgres.database();
    let more = format!("sweep: {{intervalSeconds: 3600, callsPerSecond: {CALLS}}}\n");
    let setups = ["/one", "/two"].map(|replica| {
        let setup = Setup::new(&stand, replica, &more).with_database(&database);
        setup.judge_registry(&registry.host, "");
        setup
    });
    let begin = Instant::now();
    let _doors = setups.each_ref().map(Setup::start);
    let logs = || setups.each_ref().map(Setup::log).concat();
    let swept = || logs().contains(&format!("swept `production`: {TAGS} looked at"));
    assert!(until("the sweep", PATIENCE, swept), "{}", logs());
    assert!(!logs().contains("broke off"), "{}", logs());
    assert!(begin.elapsed() >= Duration::from_secs(1) * (TAGS / CALLS) as u32, "{}", logs());
}
