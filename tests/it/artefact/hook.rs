//! What the listener takes and what it refuses, from the outside.

use std::time::Duration;

use super::door::{SECRET, Setup, asset, component, sign, until};
use super::stand::Stand;
use crate::cli::run;

const ONLY_RECORDED: &str = "sweep: {intervalSeconds: 3600, callsPerSecond: 100}
work: {settleMilliseconds: 0}
";

#[test]
fn only_what_a_known_secret_signed_is_taken() {
    let stand = Stand::start();
    let setup = Setup::new(&stand, "", ONLY_RECORDED);
    setup.folder.write("old", "the old one\n");
    let text = std::fs::read_to_string(setup.folder.file("artefacts.yaml")).unwrap();
    let text = text.replace("[secret]", "[secret, old]");
    setup.folder.write("artefacts.yaml", text);
    let _door = setup.start();
    let body = component("cmF3OjE", "ska-thing/ska-ünï-0.1.0.txt");

    let status = |signature: &str, id: &str| setup.call(&body, signature, id).unwrap().0;
    assert_eq!(status(&sign(SECRET, &body), "1"), 200);
    assert_eq!(status(&sign("the old one", &body), "2"), 200);
    assert_eq!(status(&sign("another", &body), "3"), 401);
    assert_eq!(status("", "4"), 401);
    assert_eq!(status(&sign(SECRET, &body).to_uppercase(), "5"), 401);
    assert_eq!(status(&sign(SECRET, &format!("{body} ")), "6"), 401);
    assert!(!setup.log().contains(SECRET) && !setup.log().contains("ska-ünï-0.1.0\""));
}

#[test]
fn a_bad_body_is_refused_with_a_reason_and_a_repeated_event_is_not() {
    let stand = Stand::start();
    let setup = Setup::new(&stand, "", ONLY_RECORDED);
    let _door = setup.start();
    let call = |body: &str, id: &str| setup.call(body, &sign(SECRET, body), id).unwrap();

    let (status, text) = call("{}", "1");
    assert_eq!(status, 400, "{text}");
    assert!(text.contains("repositoryName"), "{text}");
    let audit = r#"{"repositoryName":"r","action":"CREATED"}"#;
    assert!(call(audit, "2").1.contains("neither a component nor an asset"));
    let huge = format!("{{\"x\":\"{}\"}}", "x".repeat(2 << 20));
    assert_eq!(call(&huge, "3").0, 413);

    let body = component("cmF3OjE", "ska-thing/a-0.1.0.txt");
    assert_eq!(call(&body, "4"), (200, "kept\n".to_owned()));
    assert_eq!(call(&body, "4"), (200, "known\n".to_owned()));
    let old = body.replace(r#""timestamp":"20"#, r#""timestamp":"19"#);
    assert_eq!(call(&old, "5").0, 200);
    assert_eq!(call(&asset("ska-thing/a-0.1.0.txt"), "6").0, 200);
    let elsewhere = body.replace("raw-internal", "k8s-ci-creds-internal");
    assert_eq!(call(&elsewhere, "7"), (200, "nothing of it is judged\n".to_owned()));
}

#[test]
fn a_new_installation_looks_on_and_acts_when_it_is_told_to() {
    let stand = Stand::start();
    let setup = Setup::new(
        &stand,
        "",
        "sweep: {intervalSeconds: 1, callsPerSecond: 100}
work: {settleMilliseconds: 0, backoffMilliseconds: 50}
",
    );
    let id = stand.push("raw-internal", "x/thing-1.0.0.txt", b"thing");
    let door = setup.start();
    assert!(setup.deliver(&component(&id, "x/thing-1.0.0.txt"), "1"));
    let judged = || setup.log().contains("outcome=fail");
    assert!(until("a verdict", Duration::from_secs(60), judged), "{}", setup.log());
    assert_eq!(stand.count("raw-internal"), 1);
    door.kill();
    assert!(stand.state().issues.is_empty() && stand.state().notices.is_empty());

    let text = std::fs::read_to_string(setup.folder.file("artefacts.yaml")).unwrap();
    setup.folder.write("artefacts.yaml", text + "actions: {dryRun: false}\n");
    let _door = setup.start();
    let moved = || stand.count("raw-quarantine") == 1 && stand.count("raw-internal") == 0;
    assert!(until("the quarantine", Duration::from_secs(60), moved), "{}", setup.log());
    let told = || stand.state().issues.len() == 1 && stand.state().notices.len() == 1;
    assert!(until("the author", Duration::from_secs(60), told), "{}", setup.log());
    let state = stand.state();
    let issue = &state.issues[0];
    assert_eq!(issue["title"], "thing 1.0.0 is not accepted");
    assert!(issue["description"].as_str().unwrap().contains("does not begin with `ska-`"));
}

#[test]
fn an_outage_of_the_repository_loses_nothing() {
    let stand = Stand::start();
    let setup = Setup::new(
        &stand,
        "",
        "work: {settleMilliseconds: 0, backoffMilliseconds: 50, attempts: 2}
actions: {dryRun: false}
",
    );
    let _door = setup.start();
    let id = stand.push("raw-internal", "x/thing-1.0.0.txt", b"thing");
    stand.state().broken = Some(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    assert!(setup.deliver(&component(&id, "x/thing-1.0.0.txt"), "1"));
    let tried = || stand.state().calls.iter().filter(|it| it.contains(&id)).count() > 4;
    assert!(until("more attempts than a fault has", Duration::from_secs(60), tried));
    stand.state().broken = None;
    let moved = || stand.count("raw-quarantine") == 1;
    assert!(until("the quarantine", Duration::from_secs(60), moved), "{}", setup.log());
}

#[test]
fn a_redirect_is_not_followed_and_the_artefact_stays() {
    let stand = Stand::start();
    let setup = Setup::new(
        &stand,
        "",
        "work: {settleMilliseconds: 0, backoffMilliseconds: 20, attempts: 2}
actions: {dryRun: false, deny: [quarantine]}
",
    );
    let _door = setup.start();
    for to in ["http://169.254.169.254/latest", "file:///etc/passwd", "http://127.0.0.1:9/x"] {
        stand.state().redirect = Some(to.to_owned());
        let path = format!("x/thing-{}-1.0.0.txt", to.len());
        let id = stand.push("raw-internal", &path, path.as_bytes());
        assert!(setup.deliver(&component(&id, &path), to));
        let dead = || {
            setup.log().matches("needs a person").count() >= 1
                && setup.log().contains(&format!("{path}` was tried"))
        };
        assert!(until("the dead letter", Duration::from_secs(60), dead), "{}", setup.log());
        assert!(setup.log().contains("leads elsewhere: 302"), "{}", setup.log());
    }
    assert_eq!((stand.count("raw-internal"), stand.count("raw-quarantine")), (3, 0));

    // A person sees them, and has them tried again when the server answers.
    let queue = |more: &[&str]| {
        run(&[&["artefact", "queue", "--database", &setup.database], more].concat())
    };
    let told = queue(&[]);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.stdout.contains("thing-18-1.0.0.txt"), "{told:?}");
    assert!(told.stdout.contains("leads elsewhere: 302"), "{told:?}");
    assert!(told.stdout.ends_with("0 waiting, 0 done, 3 for a person to look at\n"), "{told:?}");
    assert_eq!(queue(&["--retry", "99"]).code, 2);
    stand.state().redirect = None;
    assert_eq!(queue(&["--retry-all"]).code, 0);
    let moved = || stand.count("raw-quarantine") == 3;
    assert!(until("the quarantine", Duration::from_secs(30), moved), "{}", setup.log());
}
