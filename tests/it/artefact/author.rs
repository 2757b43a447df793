//! Who is told, and where: with verdicts made up for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use portcullis::artefact::{Fault, Outcome, Push, Verdict};
use portcullis::engine::{Enforcement, Severity};
use portcullis::policyfile::{ArtefactDoor, Source};
use portcullis::worker::database::Database;
use portcullis::worker::examiner::{Examiner, Examining};
use portcullis::worker::source::Sources;
use portcullis::worker::{Labour, Metrics};
use sqlx::Connection as _;

use super::door::Setup;
use super::stand::Stand;
use crate::server::harness;

const FAST: &str = "
work: {workers: 1, leaseSeconds: 5, settleMilliseconds: 0, backoffMilliseconds: 20}
sweep: {intervalSeconds: 1, callsPerSecond: 1000}
";

/// Says the same of everything.
struct Fixed(Verdict);

impl Examiner for Fixed {
    fn policy_set(&self) -> String {
        self.0.policy_set.clone()
    }

    fn examine<'a>(&'a self, _: &'a Push, _: &'a [String]) -> Examining<'a> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

fn verdict(metadata: &[(&str, &str)]) -> Verdict {
    let fault = Fault {
        policy: "artefacts".to_owned(),
        entry: "artefact-name".to_owned(),
        rule: "artefact-name".to_owned(),
        severity: Severity::High,
        enforcement: Enforcement::Deny,
        waived: false,
        object: String::new(),
        place: "name".to_owned(),
        message: "name `x` does not begin with `ska-`".to_owned(),
        help: None,
    };
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Verdict {
        policy_set: "sha256:set".to_owned(),
        outcome: Outcome::Fail,
        faults: vec![fault],
        passed: 3,
        metadata: metadata.iter().map(text).collect::<BTreeMap<_, _>>(),
    }
}

const GOOD: [(&str, &str); 3] = [
    ("CI_PROJECT_ID", "42"),
    ("CI_PROJECT_URL", "https://gitlab.com/ska-telescope/ska-thing"),
    ("GITLAB_USER_ID", "7"),
];

/// Works everything off that the sweep finds, and returns when `done` is so.
async fn work(setup: &Setup, verdict: Verdict, done: impl Fn() -> bool) {
    let text = std::fs::read_to_string(setup.folder.file("artefacts.yaml")).unwrap();
    // The test's own process has another folder.
    let text = ["secret", "user", "password", "token", "chat"].iter().fold(text, |text, name| {
        let path = setup.folder.path(name);
        text.replace(&format!("File: {name}"), &format!("File: {path}"))
    });
    let door = ArtefactDoor::read(&Source::new("artefacts.yaml", &text)).unwrap();
    let database = Database::open(&setup.database.parse().unwrap()).await.unwrap();
    let sources = Sources::new(&door).unwrap();
    let examiner = Arc::new(Fixed(verdict));
    let labour =
        Labour::new(&door, &database, &sources, examiner, Metrics::default(), "test").unwrap();
    let running = labour.start();
    harness::until("the work", async || done()).await;
    running.end(Duration::from_secs(10)).await;
    database.close().await;
}

/// Forgets that anything was done, as a process that dies between the deed and the note.
async fn forget(setup: &Setup, kind: &str) {
    let mut connection = sqlx::SqliteConnection::connect(&setup.database).await.unwrap();
    for text in [
        "UPDATE action SET state = 'open' WHERE kind = $1",
        "UPDATE push SET state = 'waiting', run_at = 0 WHERE $1 <> ''",
    ] {
        sqlx::query(text).bind(kind).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

async fn open_actions(setup: &Setup) -> i64 {
    let mut connection = sqlx::SqliteConnection::connect(&setup.database).await.unwrap();
    let text = "SELECT count(*) FROM action WHERE state = 'open'";
    sqlx::query_scalar(text).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_project_of_the_metadata_gets_one_merge_request() {
    let stand = Stand::start();
    let setup =
        Setup::new(&stand, "", &format!("{FAST}actions: {{dryRun: false, deny: [author]}}"));
    stand.push("raw-internal", "x/thing-1.0.0.txt", b"thing");
    work(&setup, verdict(&GOOD), || stand.state().merge_requests.len() == 1).await;
    let request = stand.state().merge_requests[0].clone();
    assert_eq!(request["title"], "thing 1.0.0 is not accepted");
    assert_eq!((&request["assignee_id"], &request["target_branch"]), (&7.into(), &"main".into()));
    assert_eq!(request["source_branch"], stand.state().branches[0].as_str());
    let text = request["description"].as_str().unwrap();
    assert!(text.contains("name `x` does not begin with `ska-`"), "{text}");

    forget(&setup, "author").await;
    let before = stand.state().calls.len();
    let looked = || stand.state().calls[before..].iter().any(|it| it.contains("merge_requests"));
    work(&setup, verdict(&GOOD), looked).await;
    assert_eq!(open_actions(&setup).await, 0);
    let state = stand.state();
    assert_eq!((state.merge_requests.len(), state.issues.len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_that_gitlab_does_not_confirm_go_to_the_platform_team() {
    for metadata in [
        &[("CI_PROJECT_ID", "1"), GOOD[1]][..],
        &[("CI_PROJECT_ID", "../1"), GOOD[1]],
        &[("CI_PROJECT_ID", "404"), GOOD[1]],
        &[],
    ] {
        let stand = Stand::start();
        let more = format!("{FAST}actions: {{dryRun: false, deny: [author]}}");
        let setup = Setup::new(&stand, "", &more);
        stand.push("raw-internal", "x/thing-1.0.0.txt", b"thing");
        work(&setup, verdict(metadata), || stand.state().issues.len() == 1).await;
        assert_eq!(stand.state().issues[0]["project"], "1", "{metadata:?}");
        assert!(stand.state().merge_requests.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_may_ask_for_an_issue() {
    let stand = Stand::start();
    let actions = "actions: {dryRun: false, deny: [author], issueFor: [artefacts]}";
    let setup = Setup::new(&stand, "", &format!("{FAST}{actions}"));
    stand.push("raw-internal", "x/thing-1.0.0.txt", b"thing");
    work(&setup, verdict(&GOOD), || stand.state().issues.len() == 1).await;
    assert_eq!(stand.state().issues[0]["project"], "42");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_died_after_the_copy_goes_on_there() {
    let stand = Stand::start();
    let more = format!("{FAST}actions: {{dryRun: false, deny: [quarantine]}}");
    let setup = Setup::new(&stand, "", &more);
    let path = "x/thing-1.0.0.txt";
    stand.push("raw-quarantine", path, b"thing");
    stand.push("raw-internal", path, b"thing");
    work(&setup, verdict(&[]), || stand.count("raw-internal") == 0).await;
    assert_eq!(stand.count("raw-quarantine"), 1);
    let uploads = stand.state().calls.iter().filter(|it| it.starts_with("POST")).count();
    assert_eq!(uploads, 0, "it was there already");

    // Pushed again, with the same bytes: it is another component, and goes too.
    stand.push("raw-internal", path, b"thing");
    work(&setup, verdict(&[]), || stand.count("raw-internal") == 0).await;
    assert_eq!(stand.count("raw-quarantine"), 1);
}
