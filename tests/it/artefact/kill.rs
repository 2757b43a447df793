//! Nothing is lost and nothing is done twice, whenever the process dies.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use sqlx::Row as _;

use super::door::{Setup, asset, component, until};
use super::postgres::Postgres;
use super::stand::Stand;

const FAST: &str = "
work: {workers: 4, leaseSeconds: 2, settleMilliseconds: 50, backoffMilliseconds: 50}
sweep: {intervalSeconds: 3, callsPerSecond: 1000}
actions: {dryRun: false}
";

const PUSHES: usize = 2_000;

/// How often the door is killed meanwhile.
fn kills() -> usize {
    std::env::var("PORTCULLIS_SOAK_KILLS").map_or(20, |text| text.parse().unwrap())
}

#[test]
fn nothing_is_lost_or_done_twice_with_sqlite() {
    let stand = Stand::start();
    let setup = Setup::new(&stand, "", FAST);
    survive(&stand, &setup);
}

#[test]
fn nothing_is_lost_or_done_twice_with_postgres() {
    let postgres = Postgres::start();
    let stand = Stand::start();
    let setup = Setup::new(&stand, "", FAST).with_database(&postgres.database());
    survive(&stand, &setup);
}

/// Pushes while the door dies again and again, and looks at what came of it.
fn survive(stand: &Stand, setup: &Setup) {
    let kills = kills();
    let (pushed, killed) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..PUSHES {
                // As many between two deaths as between any other two.
                while (killed.load(Ordering::SeqCst) + 1) * PUSHES <= number * kills {
                    thread::sleep(Duration::from_millis(5));
                }
                push(stand, setup, number);
            }
            pushed.store(true, Ordering::SeqCst);
        });
        let mut door = setup.start();
        for _ in 0..kills {
            thread::sleep(Duration::from_millis(100 + random() % 900));
            door.kill();
            door = setup.start();
            killed.fetch_add(1, Ordering::SeqCst);
        }
        let all_pushed = || pushed.load(Ordering::SeqCst);
        assert!(until("the last push", Duration::from_secs(600), all_pushed));
        let refused = PUSHES / 2;
        let settled = || {
            let told = stand.state().issues.len() >= refused;
            told && stand.count("raw-quarantine") == refused
                && stand.count("raw-internal") == PUSHES - refused
                && verdicts(&setup.database) == (PUSHES as i64, 0, 0)
        };
        let ended = until("the end of the work", Duration::from_secs(600), settled);
        let state = stand.state();
        assert!(
            ended,
            "issues {}, notices {}, verdicts {:?}, {}",
            state.issues.len(),
            state.notices.len(),
            verdicts(&setup.database),
            setup.log().lines().rev().take(20).collect::<Vec<_>>().join("\n")
        );
        drop(state);
        drop(door);
    });
    let refused = PUSHES / 2;
    let state = stand.state();
    assert_eq!(state.issues.len(), refused, "an author was told twice");
    let marks: BTreeSet<&str> =
        state.notices.iter().filter_map(|it| it.rsplit('[').next()).collect();
    assert_eq!(marks.len(), refused, "a notice is missing");
    let twice = state.notices.len() - refused;
    assert!(twice <= kills, "{twice} notices too many for {kills} kills");
    for it in state.components.values() {
        let [(path, file)] = it.files.iter().collect::<Vec<_>>()[..] else { panic!("{it:?}") };
        let fate = if path.contains("bad-") { "raw-quarantine" } else { "raw-internal" };
        assert_eq!((it.repository.as_str(), &*file.bytes), (fate, path.as_bytes()));
    }
    let _ = writeln!(
        io::stdout(),
        "{PUSHES} pushes, {kills} kills: {refused} moved and told, {twice} notices twice"
    );
}

/// Uploads, and tells of it as Nexus does: several deliveries, in any order, some of them twice,
/// some never, and none again when nobody listens.
fn push(stand: &Stand, setup: &Setup, number: usize) {
    let name = if number.is_multiple_of(2) { "bad" } else { "ska-good" };
    let path = format!("ska-thing/{name}-{number}-1.0.{number}.txt");
    let id = stand.push("raw-internal", &path, path.as_bytes());
    let mut events = [component(&id, &path), asset(&path), component(&id, &path)];
    if random().is_multiple_of(2) {
        events.reverse();
    }
    for (rank, event) in events.iter().enumerate() {
        match random() % 10 {
            0 => {}
            1 => {
                let delivery = format!("{number}-{rank}");
                setup.deliver(event, &delivery);
                setup.deliver(event, &delivery);
            }
            _ => drop(setup.deliver(event, &format!("{number}-{rank}"))),
        }
    }
}

/// How many verdicts there are, how many intents are open, and how much is dead.
fn verdicts(database: &str) -> (i64, i64, i64) {
    let count = "SELECT (SELECT count(*) FROM verdict), \
                 (SELECT count(*) FROM action WHERE state = 'open'), \
                 (SELECT count(*) FROM push WHERE state = 'dead')";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sqlx::Connection as _;
        if database.starts_with("sqlite:") {
            let mut connection = sqlx::SqliteConnection::connect(database).await.unwrap();
            let Ok(row) = sqlx::query(count).fetch_one(&mut connection).await else {
                return (-1, -1, -1);
            };
            (row.get(0), row.get(1), row.get(2))
        } else {
            let mut connection = sqlx::PgConnection::connect(database).await.unwrap();
            let row = sqlx::query(count).fetch_one(&mut connection).await.unwrap();
            (row.get(0), row.get(1), row.get(2))
        }
    })
}

fn random() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    std::hash::RandomState::new().build_hasher().finish()
}
