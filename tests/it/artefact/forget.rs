//! Old verdicts go with what they are about, and no others.

use std::time::Duration;

use sqlx::{Connection as _, Executor as _, Row as _};

use super::door::{Setup, component, until};
use super::postgres::Postgres;
use super::stand::Stand;

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn verdicts_on_what_is_gone_are_forgotten_with_sqlite() {
    let stand = Stand::start();
    let setup = Setup::new(&stand, "", FAST);
    forgotten(&stand, &setup);
}

#[test]
fn verdicts_on_what_is_gone_are_forgotten_with_postgres() {
    let (postgres, stand) = (Postgres::start(), Stand::start());
    let setup = Setup::new(&stand, "", FAST).with_database(&postgres.database());
    forgotten(&stand, &setup);
}

const FAST: &str = "
work: {settleMilliseconds: 0, backoffMilliseconds: 50}
sweep: {intervalSeconds: 1, callsPerSecond: 1000}
verdicts: {keepDays: 1}
";

fn forgotten(stand: &Stand, setup: &Setup) {
    let paths = ["a/ska-stays-1.0.0.txt", "a/ska-goes-1.0.0.txt", "a/goes-1.0.0.txt"];
    let ids = paths.map(|path| stand.push("raw-internal", path, path.as_bytes()));
    let door = setup.start();
    for (id, path) in ids.iter().zip(paths) {
        assert!(setup.deliver(&component(id, path), path));
    }
    let judged = || setup.log().matches("outcome=").count() == 3;
    assert!(until("the verdicts", PATIENCE, judged), "{}", setup.log());
    drop(door);
    for id in &ids[1..] {
        stand.state().components.remove(id);
    }
    // A sweep that did not come to its end knows nothing.
    change(setup, "UPDATE sweep SET problem = 'broken off', due = due + 86400000");
    change(setup, "UPDATE verdict SET judged_at = 0");
    change(setup, "UPDATE push SET seen = 0, last_seen = 0");
    change(setup, "UPDATE leader SET lease_until = 0");
    let door = setup.start();
    std::thread::sleep(Duration::from_secs(3));
    drop(door);
    assert_eq!(names(setup), ["goes", "ska-goes", "ska-stays"]);

    change(setup, "UPDATE sweep SET due = 0");
    change(setup, "UPDATE leader SET lease_until = 0");
    let _door = setup.start();
    let gone = || names(setup) == ["ska-stays"];
    assert!(until("the end of two", PATIENCE, gone), "{}", setup.log());
    assert!(setup.log().contains("2 old verdicts on what is gone are forgotten"));
}

fn change(setup: &Setup, text: &'static str) {
    asked(setup, text);
}

fn names(setup: &Setup) -> Vec<String> {
    asked(setup, "SELECT name FROM verdict ORDER BY name")
}

/// The first column of what the database answers.
fn asked(setup: &Setup, text: &'static str) -> Vec<String> {
    let database = &setup.database;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if database.starts_with("sqlite:") {
            let mut connection = sqlx::SqliteConnection::connect(database).await.unwrap();
            let rows = connection.fetch_all(text).await.unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        } else {
            let mut connection = sqlx::PgConnection::connect(database).await.unwrap();
            let rows = connection.fetch_all(text).await.unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        }
    })
}
