//! The queue by itself, the same with both databases.

use std::future::Future;
use std::time::Duration;

use portcullis::artefact::Coordinates;
use portcullis::worker::database::Database;
use portcullis::worker::intake::{Delivered, Intake, Kept, NotKept};
use portcullis::worker::leader::Leader;
use portcullis::worker::queue::{Queue, Wanted};

use super::postgres::Postgres;

const LEASE: Duration = Duration::from_secs(30);
const NOW: Duration = Duration::ZERO;

/// Does the same with a new SQLite and a new PostgreSQL.
pub(super) fn with_both<F: Future<Output = ()>>(test: impl Fn(Database) -> F) {
    let directory = tempfile::tempdir().unwrap();
    let postgres = Postgres::start();
    let sqlite = format!("sqlite:{}/door.db", directory.path().display());
    for address in [sqlite, postgres.database()] {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let database = Database::open(&address.parse().unwrap()).await.unwrap();
            test(database.clone()).await;
            database.close().await;
        });
    }
}

fn delivered(id: &str, component: &str) -> Delivered {
    let wanted = Wanted {
        component: component.to_owned(),
        coordinates: Coordinates::of("raw-internal", "raw", "", "/a/b-1.0.0.txt", ""),
        initiator: "ada".to_owned(),
    };
    Delivered { id: id.to_owned(), wanted: vec![wanted], unsettled: None }
}

async fn keep(database: &Database, id: &str, component: &str) {
    let (intake, _) = Intake::start(Queue::new(database.clone()), NOW, 100);
    intake.keep(delivered(id, component)).await.unwrap();
}

#[test]
fn many_deliveries_of_one_component_are_one_piece_of_work() {
    with_both(async |database| {
        let queue = Queue::new(database.clone());
        for id in ["1", "2", "3"] {
            keep(&database, id, "c").await;
        }
        let claim = queue.claim("me", LEASE).await.unwrap().unwrap();
        assert_eq!((claim.component.as_str(), claim.initiator.as_str()), ("c", "ada"));
        assert!(queue.claim("me", LEASE).await.unwrap().is_none());

        // Asked for again while it is held: once more afterwards, and then no more.
        keep(&database, "4", "c").await;
        assert!(queue.claim("me", LEASE).await.unwrap().is_none());
        assert!(claim.finish(NOW).await.unwrap());
        let again = queue.claim("me", LEASE).await.unwrap().unwrap();
        assert!(again.finish(NOW).await.unwrap());
        assert!(queue.claim("me", LEASE).await.unwrap().is_none());
    });
}

#[test]
fn a_repeated_delivery_is_told_and_a_full_queue_too() {
    with_both(async |database| {
        let (intake, _) = Intake::start(Queue::new(database.clone()), NOW, 2);
        assert_eq!(intake.keep(delivered("1", "a")).await, Ok(Kept::New));
        assert_eq!(intake.keep(delivered("1", "a")).await, Ok(Kept::Repeated));
        assert_eq!(intake.keep(delivered("", "b")).await, Ok(Kept::New));
        assert_eq!(intake.keep(delivered("", "c")).await, Err(NotKept::Full));
    });
}

#[test]
fn whoever_lost_the_lease_changes_nothing() {
    with_both(async |database| {
        let queue = Queue::new(database.clone());
        keep(&database, "1", "c").await;
        let short = Duration::from_millis(50);
        let late = queue.claim("late", short).await.unwrap().unwrap();
        tokio::time::sleep(2 * short).await;
        assert!(!late.renew().await.unwrap());
        let holder = queue.claim("holder", LEASE).await.unwrap().unwrap();
        assert_eq!(holder.attempts, 2);
        assert!(!late.renew().await.unwrap());
        assert!(!late.finish(NOW).await.unwrap());
        assert!(holder.renew().await.unwrap());
        assert!(holder.finish(NOW).await.unwrap());
        assert_eq!(queue.counts().await.unwrap().done, 1);
    });
}

#[test]
fn what_failed_too_often_waits_for_a_person() {
    with_both(async |database| {
        let queue = Queue::new(database.clone());
        keep(&database, "1", "c").await;
        let claim = queue.claim("me", LEASE).await.unwrap().unwrap();
        assert!(claim.fail("away", Some(NOW), false).await.unwrap());
        let claim = queue.claim("me", LEASE).await.unwrap().unwrap();
        assert_eq!(claim.attempts, 1);
        assert!(claim.fail("it has no end", None, true).await.unwrap());
        assert!(queue.claim("me", LEASE).await.unwrap().is_none());
        let dead = queue.dead(10).await.unwrap();
        assert_eq!(dead.len(), 1);
        assert_eq!((dead[0].component.as_str(), dead[0].problem.as_str()), ("c", "it has no end"));
        assert_eq!(queue.retry(Some(dead[0].id)).await.unwrap(), 1);
        assert_eq!(queue.retry(None).await.unwrap(), 0);
        assert_eq!(queue.claim("me", LEASE).await.unwrap().unwrap().attempts, 1);
    });
}

#[test]
fn every_component_is_held_by_one_of_many() {
    with_both(async |database| {
        let (intake, _) = Intake::start(Queue::new(database.clone()), NOW, 1000);
        for number in 0..100 {
            intake.keep(delivered("", &number.to_string())).await.unwrap();
        }
        let mut workers = tokio::task::JoinSet::new();
        for number in 0..4 {
            let queue = Queue::new(database.clone());
            workers.spawn(async move {
                let mut held = Vec::new();
                while let Some(claim) = queue.claim(&number.to_string(), LEASE).await.unwrap() {
                    held.push(claim.component.clone());
                    claim.finish(NOW).await.unwrap();
                }
                held
            });
        }
        let mut all: Vec<String> = workers.join_all().await.concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 100);
        assert_eq!(Queue::new(database).counts().await.unwrap().done, 100);
    });
}

#[test]
fn one_leads_until_its_lease_is_over() {
    with_both(async |database| {
        let lead = |holder, lease| Leader::new(database.clone(), "sweep", holder, lease);
        let (first, second) = (lead("first", LEASE), lead("second", LEASE));
        assert!(first.lead().await.unwrap());
        assert!(!second.lead().await.unwrap());
        assert!(first.lead().await.unwrap());
        // It is over at the moment that it begins.
        assert!(lead("first", Duration::ZERO).lead().await.unwrap());
        assert!(second.lead().await.unwrap());
        assert!(!first.lead().await.unwrap());
        second.leave().await.unwrap();
        assert!(first.lead().await.unwrap());
    });
}

#[test]
fn a_database_of_a_later_version_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}/door.db", directory.path().display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sqlx::Connection as _;
        let open = || async { Database::open(&address.parse().unwrap()).await };
        open().await.unwrap().close().await;
        open().await.unwrap().close().await;
        let mut connection = sqlx::SqliteConnection::connect(&address).await.unwrap();
        let newer = "INSERT INTO schema_version (number) VALUES (99)";
        sqlx::query(newer).execute(&mut connection).await.unwrap();
        let refused = open().await.unwrap_err().to_string();
        assert!(refused.contains("made by a later version: its schema is 99"), "{refused}");
    });
}
