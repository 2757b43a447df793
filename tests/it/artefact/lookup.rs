//! Verdicts are looked up: by programs, by people, and by nobody else.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis::artefact::lookup::{Answer, Ask, Kind};
use portcullis::artefact::{Asset, Coordinates, Fault, Outcome, Push, Verdict};
use portcullis::engine::{Enforcement, Severity};
use portcullis::worker::database::Database;
use portcullis::worker::intake::{Delivered, Intake};
use portcullis::worker::lookup::Lookup;
use portcullis::worker::queue::{Queue, Wanted};
use portcullis::worker::record::Record;
use serde_json::Value as Json;

use super::door::{Setup, component, until};
use super::queue::with_both;
use super::stand::Stand;

const SHOWING: &str = "|showing verdicts on ";

/// Stores a verdict on a raw file: wrong by this rule, or right if there is none.
async fn judged(database: &Database, path: &str, digest: &str, rule: &str) {
    let coordinates = Coordinates::of("raw-internal", "raw", "", path, "");
    let wanted = Wanted {
        component: path.to_owned(),
        coordinates: coordinates.clone(),
        initiator: "ada".to_owned(),
    };
    let queue = Queue::new(database.clone());
    let (intake, _) = Intake::start(queue.clone(), Duration::ZERO, 1000);
    let delivered = Delivered { id: String::new(), wanted: vec![wanted], unsettled: None };
    intake.keep(delivered).await.unwrap();
    let claim = queue.claim("me", Duration::from_secs(30)).await.unwrap().unwrap();
    let push = Push {
        coordinates,
        component: path.to_owned(),
        assets: Vec::<Asset>::new(),
        digest: digest.to_owned(),
    };
    let fault = Fault {
        policy: "names".to_owned(),
        entry: rule.to_owned(),
        rule: rule.to_owned(),
        severity: Severity::High,
        enforcement: Enforcement::Deny,
        waived: false,
        object: String::new(),
        place: "name".to_owned(),
        message: "name `a` breaks a rule".to_owned(),
        help: Some("give it another".to_owned()),
    };
    let faults = if rule.is_empty() { Vec::new() } else { vec![fault] };
    let verdict = Verdict {
        policy_set: "sha256:5e7".to_owned(),
        outcome: if faults.is_empty() { Outcome::Pass } else { Outcome::Fail },
        faults,
        passed: 4,
        metadata: BTreeMap::from([("CI_JOB_ID".to_owned(), "17".to_owned())]),
    };
    Record::new(database.clone()).store(&claim, &push, &verdict, "under", &[]).await.unwrap();
    claim.finish(Duration::ZERO).await.unwrap();
}

async fn asked(lookup: &Lookup, url: &str) -> Answer {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    lookup.answer(Ask { path, query }).await
}

async fn found(lookup: &Lookup, url: &str) -> Json {
    let answer = asked(lookup, url).await;
    assert_eq!(answer.kind, Kind::Found, "{url}: {}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

async fn names(lookup: &Lookup, query: &str) -> Vec<String> {
    let page = found(lookup, &format!("/api/v1/verdicts?{query}")).await;
    let items = page["items"].as_array().unwrap();
    items.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn programs_find_verdicts_by_what_they_know_of_them() {
    with_both(async |database| {
        judged(&database, "a/ska-a-1.0.0.txt", "sha256:aa", "").await;
        judged(&database, "b/bad-1.0.0.txt", "sha256:bb", "artefact-name").await;
        judged(&database, "c/ska-c-2.0.0.txt", "sha256:cc", "artefact-version").await;
        let lookup = Lookup::new(database);
        for (query, expected) in [
            ("", vec!["ska-c", "bad", "ska-a"]),
            ("name=bad", vec!["bad"]),
            ("version=1.0.0", vec!["bad", "ska-a"]),
            ("digest=sha256%3Aaa", vec!["ska-a"]),
            ("rule=artefact-version", vec!["ska-c"]),
            ("outcome=fail", vec!["ska-c", "bad"]),
            ("repository=raw-internal&outcome=pass", vec!["ska-a"]),
            ("repository=other", vec![]),
            ("since=2020-01-01&until=2999-01-01", vec!["ska-c", "bad", "ska-a"]),
            ("until=2020-01-01", vec![]),
            ("name=%27+OR+1%3D1", vec![]),
        ] {
            assert_eq!(names(&lookup, query).await, expected, "{query}");
        }

        let first = found(&lookup, "/api/v1/verdicts?limit=2").await;
        let next = first["next"].as_i64().unwrap();
        assert_eq!(names(&lookup, &format!("limit=2&before={next}")).await, ["ska-a"]);
        let last = found(&lookup, &format!("/api/v1/verdicts?limit=2&before={next}")).await;
        assert_eq!(last["next"], Json::Null);

        let id = &first["items"][1]["id"];
        let detail = found(&lookup, &format!("/api/v1/verdicts/{id}")).await;
        assert_eq!(detail["verdict"]["faults"][0]["rule"], "artefact-name");
        assert_eq!(detail["verdict"]["metadata"]["CI_JOB_ID"], "17");
        assert_eq!(detail["initiator"], "ada");

        let trends = found(&lookup, "/api/v1/trends").await;
        let days = trends["days"].as_array().unwrap();
        assert_eq!(days.len(), 30);
        let sum = |outcome: &str| days.iter().filter_map(|day| day[outcome].as_i64()).sum::<i64>();
        assert_eq!([sum("pass"), sum("warn"), sum("fail")], [1, 0, 2]);
        assert_eq!(trends["rules"][0]["rule"], "artefact-name");
        assert_eq!(trends["rules"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn people_see_pages_and_a_mistake_is_explained() {
    with_both(async |database| {
        judged(&database, "b/<b>bad-1.0.0.txt", "sha256:bb", "artefact-name").await;
        let lookup = Lookup::new(database);
        let front = asked(&lookup, "/").await;
        assert_eq!((front.kind, front.media_type), (Kind::Found, "text/html; charset=utf-8"));
        assert!(front.body.contains("&lt;b&gt;bad") && !front.body.contains("<b>bad"));
        let id = front.body.split("/verdicts/").nth(1).unwrap();
        let id = id.split('"').next().unwrap();
        let detail = asked(&lookup, &format!("/verdicts/{id}")).await.body;
        for part in ["breaks a rule", "give it another", "sha256:bb", "CI_JOB_ID", "ada"] {
            assert!(detail.contains(part), "{part}: {detail}");
        }
        let mistaken = asked(&lookup, "/?nmae=a").await;
        assert_eq!(mistaken.kind, Kind::Wrong);
        assert!(mistaken.body.contains("did you mean <code>name</code>?"), "{}", mistaken.body);
        assert_eq!(asked(&lookup, "/api/v1/verdicts?limit=many").await.kind, Kind::Wrong);
        for path in
            ["/verdicts/0", "/verdicts/x", "/api/v1/verdicts/99", "/elsewhere", "/verdicts/"]
        {
            assert_eq!(asked(&lookup, path).await.kind, Kind::Unknown, "{path}");
        }
    });
}

/// What the API answers is what its description says.
#[test]
fn answers_are_as_the_api_is_described() {
    with_both(async |database| {
        judged(&database, "b/bad-1.0.0.txt", "sha256:bb", "artefact-name").await;
        let lookup = Lookup::new(database);
        let description = found(&lookup, "/api/openapi.json").await;
        let page = found(&lookup, "/api/v1/verdicts").await;
        let id = page["items"][0]["id"].clone();
        let detail = found(&lookup, &format!("/api/v1/verdicts/{id}")).await;
        let trends = found(&lookup, "/api/v1/trends").await;
        for (name, answer) in [("Page", page), ("Detail", detail), ("Trends", trends)] {
            let schema = serde_json::json!({
                "$ref": format!("#/components/schemas/{name}"),
                "components": description["components"],
            });
            let validator = jsonschema::validator_for(&schema).unwrap();
            let wrong: Vec<_> = validator.iter_errors(&answer).map(|it| it.to_string()).collect();
            assert!(wrong.is_empty(), "{name}: {wrong:?}");
        }
    });
}

/// The status and the whole response.
fn get(setup: &Setup, headers: &str) -> (u16, String) {
    let address = showing(setup);
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nConnection: close\r\n{headers}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

/// Where verdicts are shown.
pub(super) fn showing(setup: &Setup) -> String {
    let says = || setup.log().contains(SHOWING);
    assert!(until("it says where", Duration::from_secs(30), says), "{}", setup.log());
    let log = setup.log();
    log.rsplit_once(SHOWING).unwrap().1.lines().next().unwrap().to_owned()
}

#[test]
fn a_verdict_is_on_the_page_of_the_served_door() {
    let stand = Stand::start();
    let setup = Setup::new(&stand, "", "work: {settleMilliseconds: 0}\n");
    let id = stand.push("raw-internal", "bad/bad-0.1.0.txt", b"x");
    let _door = setup.start();
    assert!(setup.deliver(&component(&id, "bad/bad-0.1.0.txt"), "1"));
    let here = "Host: localhost\r\n";
    let seen = || get(&setup, here).1.contains("bad/bad-0.1.0.txt");
    assert!(until("the verdict", Duration::from_secs(30), seen), "{}", setup.log());
    let page = get(&setup, here).1.to_ascii_lowercase();
    for header in ["frame-ancestors 'none'", "nosniff", "no-store", "no-referrer"] {
        assert!(page.contains(header), "{header}: {page}");
    }
    assert_eq!(get(&setup, "Host: evil.example\r\n").0, 403);
}

#[test]
fn others_need_the_token() {
    let stand = Stand::start();
    let setup = Setup::new(&stand, "", "");
    setup.folder.write("reader", "r3ader\n");
    let ended = setup.refused(&["--lookup-listen", "0.0.0.0:0"]);
    assert!(ended.contains("without a token, verdicts are shown to this machine alone"), "{ended}");
    let _door = setup.start_with(&["--lookup-token-file", "reader"]);
    assert_eq!(get(&setup, "Host: localhost\r\n").0, 401);
    assert_eq!(get(&setup, "Host: x\r\nAuthorization: Bearer wrong\r\n").0, 401);
    assert_eq!(get(&setup, "Host: x\r\nAuthorization: Bearer r3ader\r\n").0, 200);
    let basic = STANDARD.encode("ada:r3ader");
    assert_eq!(get(&setup, &format!("Host: x\r\nAuthorization: Basic {basic}\r\n")).0, 200);
    assert!(!setup.log().contains("r3ader"));
}
