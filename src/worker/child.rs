//! Has artefacts opened by a process of their own, with limits and without anything to steal.

use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::chamber::{Found, Task};
use crate::artefact::inspect::Limits;
use crate::artefact::subject::{Artefact, Form, Problem, Sort};

/// Starts such processes, a few at once.
#[derive(Clone, Debug)]
pub struct Inspector {
    /// This program: the process is another one of it.
    program: PathBuf,
    bounds: Bounds,
    room: Arc<Semaphore>,
}

/// What a process may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How much of an artefact is looked at.
    pub limits: Limits,
    /// The Helm that renders charts; `None` to render none.
    pub helm: Option<PathBuf>,
    /// What each process may write to memory.
    pub memory_bytes: u64,
    /// How long each process may work.
    pub processor_seconds: u64,
    /// How long the answer may take.
    pub patience: Duration,
    /// How many are open at once.
    pub at_once: usize,
}

/// Why an artefact was not opened: nothing is known of it.
#[derive(Debug, thiserror::Error)]
pub enum Unopened {
    #[error("the process that opens artefacts can't be started")]
    Start(#[source] io::Error),
    #[error("the process that opens artefacts failed: {0}")]
    Failed(String),
}

/// How long a chart may take to open, and to render: one is small, and its template may never end.
const CHART_SECONDS: u64 = 20;

/// The longest answer: a rendered chart as long as a reader takes, written as JSON.
const ANSWER_BYTES: u64 = 256 << 20;

/// How much of what the process complains about is told.
const COMPLAINT_BYTES: u64 = 2_000;

impl Default for Bounds {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            helm: Some("helm".into()),
            memory_bytes: 512 << 20,
            processor_seconds: 60,
            patience: Duration::from_secs(60),
            at_once: 2,
        }
    }
}

impl Inspector {
    /// `program` is this program, which knows the command `artefact inspect`.
    pub fn new(program: PathBuf, bounds: Bounds) -> Self {
        let room = Arc::new(Semaphore::new(bounds.at_once.max(1)));
        Self { program, bounds, room }
    }

    /// Opens a file of an artefact. What the process breaks on is a problem of the artefact.
    ///
    /// # Errors
    ///
    /// The process could not be started, or fails by itself.
    pub async fn open(&self, form: Form, name: &str, file: File) -> Result<Found, Unopened> {
        let (found, ()) =
            self.run(form, name, Stdio::from(file), |_| std::future::ready(())).await?;
        Ok(found)
    }

    /// Opens a layer of an image while `feed` writes it.
    ///
    /// # Errors
    ///
    /// The process could not be started, or fails by itself.
    pub(super) async fn open_stream<T: Send, F: Future<Output = T> + Send>(
        &self,
        feed: impl FnOnce(Option<ChildStdin>) -> F + Send,
    ) -> Result<(Found, T), Unopened> {
        self.run(Form::Docker, "layer", Stdio::piped(), feed).await
    }

    async fn run<T: Send, F: Future<Output = T> + Send>(
        &self,
        form: Form,
        name: &str,
        input: Stdio,
        feed: impl FnOnce(Option<ChildStdin>) -> F + Send,
    ) -> Result<(Found, T), Unopened> {
        // The semaphore is never closed.
        let _place = self.room.acquire().await;
        let folder = TempDir::new().map_err(Unopened::Start)?;
        let mut command = self.command(form, name, &folder);
        let mut child = command.stdin(input).spawn().map_err(Unopened::Start)?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let fed = feed(child.stdin.take());
        let (ended, fed) = tokio::join!(timeout(self.bounds.patience, answer(&mut child)), fed);
        // What it started may outlive it.
        if let Some(group) = group {
            _ = kill_process_group(group, Signal::KILL);
        }
        _ = child.wait().await;
        match ended {
            // It waits for nothing: a machine that leaves it no processor is not the artefact's fault.
            Err(_) => {
                let seconds = self.bounds.patience.as_secs();
                Err(Unopened::Failed(format!("it had too little of a processor for {seconds} s")))
            }
            Ok(Err(error)) => Err(Unopened::Start(error)),
            Ok(Ok(ended)) => self.found(form, &ended).map(|found| (found, fed)),
        }
    }

    fn command(&self, form: Form, name: &str, folder: &TempDir) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["artefact", "inspect"]);
        command.arg(self.task(form, name));
        command.env_clear().env("HOME", folder.path());
        // The allocator would take a gigabyte at once, which counts as written memory.
        command.env("MIMALLOC_ARENA_EAGER_COMMIT", "0");
        // Helm is found there, and nothing else of the environment is anybody's business.
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.current_dir(folder.path()).process_group(0).kill_on_drop(true);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The argument. JSON writes a zero byte as an escape, so any name is one argument.
    fn task(&self, form: Form, name: &str) -> String {
        let Bounds { limits, helm, memory_bytes, .. } = self.bounds.clone();
        let (name, processor_seconds) = (name.to_owned(), self.seconds(form));
        let task = Task { form, name, limits, helm, memory_bytes, processor_seconds };
        // A path of Helm's that is no Unicode text can't be written, and no chart is rendered.
        let text = serde_json::to_string(&task);
        text.or_else(|_| serde_json::to_string(&Task { helm: None, ..task })).unwrap_or_default()
    }

    /// How long a process may work that opens such a file.
    fn seconds(&self, form: Form) -> u64 {
        let most = self.bounds.processor_seconds;
        if form == Form::Helm { most.min(CHART_SECONDS) } else { most }
    }

    fn found(&self, form: Form, ended: &Ended) -> Result<Found, Unopened> {
        if ended.status.success() {
            return serde_json::from_slice(&ended.answer)
                .map_err(|error| Unopened::Failed(format!("its answer can't be read: {error}")));
        }
        match ended.status.signal() {
            Some(_) => Ok(broken(form, self.died(form, ended.status))),
            None => {
                let said = String::from_utf8_lossy(&ended.complaint);
                Err(Unopened::Failed(said.trim().replace('\n', "; ")))
            }
        }
    }

    /// Which limit a process met that was ended.
    fn died(&self, form: Form, status: ExitStatus) -> String {
        const OUT_OF_TIME: [Option<i32>; 2] =
            [Some(Signal::XCPU.as_raw()), Some(Signal::KILL.as_raw())];
        if OUT_OF_TIME.contains(&status.signal()) {
            format!("opening it takes more than {} s of a processor", self.seconds(form))
        } else {
            format!("opening it takes more than {} MiB of memory", self.bounds.memory_bytes >> 20)
        }
    }
}

/// How a process ended.
struct Ended {
    status: ExitStatus,
    answer: Vec<u8>,
    complaint: Vec<u8>,
}

async fn answer(child: &mut Child) -> io::Result<Ended> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (answer, complaint) =
        tokio::try_join!(some_of(stdout, ANSWER_BYTES), some_of(stderr, COMPLAINT_BYTES))?;
    Ok(Ended { status: child.wait().await?, answer, complaint })
}

/// The first bytes of a stream. The rest is let go, so that whoever writes it can end.
async fn some_of(stream: Option<impl AsyncRead + Unpin>, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        let mut bounded = stream.take(most);
        bounded.read_to_end(&mut bytes).await?;
        tokio::io::copy(bounded.get_mut(), &mut tokio::io::sink()).await?;
    }
    Ok(bytes)
}

/// An artefact of which only this is known.
fn broken(form: Form, message: String) -> Found {
    let problem = Problem { sort: Sort::Unsafe, place: String::new(), message };
    let artefact = Artefact { format: form, problems: vec![problem], ..Artefact::default() };
    Found { artefact, ..Found::default() }
}
