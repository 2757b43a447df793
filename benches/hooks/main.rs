//! How many hooks a second the artefact door keeps, against bare inserts of the same size into the
//! same kind of file: one row, one transaction, one sync each.
//!
//! Both take turns on one disk. Then hooks come at 500 a second, which is many times what a busy
//! repository sends, and the time to their answers is told.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that measures and stops"
)]

mod caller;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis::artefact::Hook;
use portcullis::policyfile::{ArtefactDoor, Source};
use portcullis::server::hooks::{self, HookMetrics, Hooks, Receiving};
use portcullis::worker::database::Database;
use portcullis::worker::intake::Intake;
use portcullis::worker::keys::Keys;
use portcullis::worker::queue::Queue;
use portcullis::worker::reception::Reception;
use portcullis::worker::source::Sources;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection as _, SqliteConnection};

use caller::{Call, every, flood};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SECRET: &str = "s3cret";
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
/// As many as Nexus' pool of threads is likely to have under way.
const CONNECTIONS: usize = 32;
const PACE: u32 = 500;
const PACED: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() {
    let directory = tempfile::tempdir().unwrap();
    let address = door(directory.path()).await;
    let mut inserts = bare(&directory.path().join("bare.db")).await;
    let mut number = 0;
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let bare = insert(&mut inserts, ROUND).await;
        let kept = flood(address, CONNECTIONS, ROUND, &mut number).await;
        println!("{bare:6.0} bare inserts a second, {kept:6.0} hooks a second");
        ratios.push(kept / bare);
    }
    let mut times = every(address, Duration::from_secs(1) / PACE, PACED, &mut number).await;
    times.sort();
    let at = |part: usize| times[times.len() * part / 1000].as_secs_f64() * 1e3;
    println!(
        "{} hooks at {PACE} a second: answered in {:.2} ms at the median, {:.2} ms at 99 %, \
         {:.2} ms at 99.9 %",
        times.len(),
        at(500),
        at(990),
        at(999),
    );
    ratios.sort_by(f64::total_cmp);
    println!("hooks are kept {:.2} times as fast as bare inserts", ratios[ROUNDS / 2]);
}

/// The listener, the reception and the queue; nobody works it off.
async fn door(directory: &Path) -> SocketAddr {
    let secret = directory.join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    let file = format!(
        "servers: [{{name: nexus, url: 'http://127.0.0.1:9', privateAddresses: true}}]\n\
         repositories: [{{name: raw-internal, server: nexus, format: raw}}]\n\
         hooks: {{secretFiles: ['{}']}}\n",
        secret.display()
    );
    let settings = ArtefactDoor::read(&Source::new("artefacts.yaml", &file)).unwrap();
    let database = format!("sqlite:{}", directory.join("door.db").display());
    let database = Database::open(&database.parse().unwrap()).await.unwrap();
    let (intake, _) = Intake::start(Queue::new(database), Duration::ZERO, 10_000_000);
    let sources = Sources::new(&settings).unwrap();
    let keys = Keys::new(settings.hooks.as_ref()).unwrap();
    let reception = Reception::new(keys, intake, sources);
    let wanted = hooks::Args {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        certificate: None,
        refresh: Duration::from_secs(10),
        body_bytes: 1 << 20,
        hooks: Arc::new(Porch(reception)),
        metrics: HookMetrics::default(),
        management: None,
        awaited: Arc::new(|| None),
    };
    let bound = wanted.bind().await.unwrap();
    let address = bound.address();
    std::mem::forget(bound.serve());
    address
}

struct Porch(Reception);

impl Hooks for Porch {
    fn receive<'h>(&'h self, hook: Hook<'h>) -> Receiving<'h> {
        Box::pin(self.0.receive(hook))
    }
}

/// A table with the room of one hook in each row.
async fn bare(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let table = "CREATE TABLE bare (id INTEGER PRIMARY KEY, body TEXT NOT NULL)";
    sqlx::query(table).execute(&mut connection).await.unwrap();
    connection
}

async fn insert(connection: &mut SqliteConnection, time: Duration) -> f64 {
    let body = Call::new(0).body;
    let start = Instant::now();
    let mut rows = 0_u32;
    while start.elapsed() < time {
        let query = sqlx::query("INSERT INTO bare (body) VALUES ($1)").bind(&body);
        query.execute(&mut *connection).await.unwrap();
        rows += 1;
    }
    f64::from(rows) / start.elapsed().as_secs_f64()
}
