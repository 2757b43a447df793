//! Reviews go on as ever while the same process has hostile artefacts opened.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::door::{Setup, until};
use super::stand::Stand;
use crate::folder::Folder;
use crate::inspect::{bomb, tell};
use crate::server::harness::{Http1, client_config};

const REVIEW: &str = include_str!("../../../benches/pod.json");
const PATIENCE: Duration = Duration::from_secs(300);
/// From one review to the next.
const STEP: Duration = Duration::from_millis(5);
/// How long the quiet half of a round takes.
const QUIET: Duration = Duration::from_secs(4);
const ROUNDS: usize = 3;
/// How many times as long an answer may take: the processors are shared with other tests, and a
/// review that waited for an artefact would take thousands of times as long.
const MEDIAN: f64 = 3.0;
const P99: f64 = 10.0;

#[test]
fn reviews_do_not_wait_for_bombs() {
    let stand = Stand::start();
    let setup = Setup::new(
        &stand,
        "",
        "sweep: {intervalSeconds: 1, callsPerSecond: 100}
work: {settleMilliseconds: 0}
limits: {inspectSeconds: 5}
",
    );
    setup.change(&[(
        "repositories:",
        "repositories:
  - {name: pypi-internal, server: nexus, format: pypi}
  - {name: helm-internal, server: nexus, format: helm}",
    )]);
    let folder = Folder::new();
    let bombs = [
        ("pypi", "bomb", "-py3-none-any.whl", bomb::of_zeros(&folder)),
        ("helm", "endless", ".tgz", bomb::endless(&folder)),
        ("helm", "many", ".tgz", bomb::of_many_files(&folder)),
    ]
    .map(|(format, name, ending, file)| (format, name, ending, std::fs::read(file).unwrap()));
    let _door = setup.start_beside();
    let clock = Clock::start(&setup);
    let (mut quiet, mut loud) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        clock.take();
        thread::sleep(QUIET);
        quiet.extend(clock.take());
        for (format, name, ending, bytes) in &bombs {
            let file = format!("{name}-{round}.0.0{ending}");
            stand.push_as(format, &format!("{format}-internal"), &file, bytes);
        }
        let judged = || setup.log().matches("outcome=fail").count() == round * bombs.len();
        assert!(until("the verdicts", PATIENCE, judged), "{}", setup.log());
        loud.extend(clock.take());
    }
    let (quiet, loud) = (Answers::of(quiet), Answers::of(loud));
    let (median, p99) = (loud.median / quiet.median, loud.p99 / quiet.p99);
    tell(&format!(
        "reviews beside bombs: {} quiet, {} beside; median {:.2} and {:.2} ms, ratio {median:.2}; \
         p99 {:.2} and {:.2} ms, ratio {p99:.2}",
        quiet.count, loud.count, quiet.median, loud.median, quiet.p99, loud.p99
    ));
    assert!(median < MEDIAN, "the median grew {median:.2} times");
    assert!(p99 < P99, "p99 grew {p99:.2} times");
}

/// Asks for a review at every step, whether the one before is answered or not, and notes how long
/// each took from when it should have been sent.
struct Clock {
    ended: Arc<AtomicBool>,
    taken: Arc<std::sync::Mutex<Vec<f64>>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Clock {
    fn start(setup: &Setup) -> Self {
        let says = || setup.log().contains("serving reviews on ");
        assert!(until("it says where", PATIENCE, says), "{}", setup.log());
        let log = setup.log();
        let address = log.split_once("serving reviews on ").unwrap().1;
        let address = address.split([' ', ',', '\n']).next().unwrap().parse().unwrap();
        let authority = setup.folder.file("data/ca.crt");
        let (ended, taken) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let (until, notes) = (Arc::clone(&ended), Arc::clone(&taken));
        let thread = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(ask(address, authority, &until, &notes));
        });
        Self { ended, taken, thread: Some(thread) }
    }

    /// How many milliseconds each took since the last time, those that wait left out.
    fn take(&self) -> Vec<f64> {
        std::mem::take(&mut *self.taken.lock().unwrap())
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let ended = self.thread.take().map(thread::JoinHandle::join);
        assert!(thread::panicking() || ended.is_some_and(|it| it.is_ok()));
    }
}

async fn ask(
    address: SocketAddr,
    authority: PathBuf,
    ended: &AtomicBool,
    notes: &std::sync::Mutex<Vec<f64>>,
) {
    let config = client_config(&authority, rustls::ALL_VERSIONS);
    let tcp = TcpStream::connect(address).await.unwrap();
    tcp.set_nodelay(true).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap();
    let mut connection = Http1::over(tls).await;
    let mut due = Instant::now();
    while !ended.load(Ordering::SeqCst) {
        tokio::time::sleep_until(due.into()).await;
        let answer = connection.post("/validate?timeout=10s", REVIEW).await.unwrap();
        assert_eq!(answer.status, 200);
        notes.lock().unwrap().push(due.elapsed().as_secs_f64() * 1e3);
        due += STEP;
    }
}

/// How long answers took, in milliseconds.
struct Answers {
    count: usize,
    median: f64,
    p99: f64,
}

impl Answers {
    fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        let at = |part: usize| all[all.len() * part / 100];
        Self { count: all.len(), median: at(50), p99: at(99) }
    }
}
