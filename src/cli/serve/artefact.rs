//! `serve --artefacts`: the artefact door, beside the admission door or alone.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use prometheus_client::registry::Registry;
use tokio::task::JoinHandle;
use tracing::info;

use super::Arguments;
use crate::artefact::Hook;
use crate::artefact::lookup::Ask;
use crate::cli::Failure;
use crate::cli::artefact::itself;
use crate::policyfile::{ArtefactDoor, Source};
use crate::server::hooks::{self, HookMetrics, Hooks, Receiving};
use crate::server::lookup::{self, Answering, LookupMetrics, Token};
use crate::server::{self, Judge};
use crate::worker::database::{Address, Database};
use crate::worker::examine::Bench;
use crate::worker::intake::Intake;
use crate::worker::keys::Keys;
use crate::worker::lookup::Lookup;
use crate::worker::queue::Queue;
use crate::worker::reception::Reception;
use crate::worker::source::Sources;
use crate::worker::{Labour, Metrics, Running};

/// How long work under way may take once the process is to end.
const FAREWELL: Duration = Duration::from_secs(20);

/// Flags of the artefact door.
#[derive(Debug, Args)]
#[group(id = "artefact_flags")]
pub(super) struct Flags {
    /// The repositories whose artefacts are judged, and what is done about them; without it the
    /// artefact door stays closed
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_ARTEFACTS")]
    artefacts: Option<PathBuf>,
    /// Where push hooks come in
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:8444",
        requires = "artefacts",
        env = "PORTCULLIS_HOOKS_LISTEN"
    )]
    hooks_listen: SocketAddr,
    /// Takes hooks over TLS, with the certificate of the admission door
    #[arg(long, requires = "artefacts", env = "PORTCULLIS_HOOKS_TLS")]
    hooks_tls: bool,
    /// Where the queue and the verdicts are: sqlite:PATH, or postgres://… for several replicas; a
    /// file in the data directory if not given
    #[arg(
        long,
        value_name = "ADDRESS",
        requires = "artefacts",
        env = "PORTCULLIS_DATABASE",
        hide_env_values = true
    )]
    database: Option<Address>,
    /// The Helm that renders charts which are pushed
    #[arg(
        long,
        value_name = "PROGRAM",
        default_value = "helm",
        requires = "artefacts",
        env = "PORTCULLIS_HELM"
    )]
    helm: PathBuf,
    /// Where verdicts are shown, as pages and by an API
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:8445",
        requires = "artefacts",
        env = "PORTCULLIS_LOOKUP_LISTEN"
    )]
    lookup_listen: SocketAddr,
    /// The token that whoever reads verdicts must know; without it only this machine may read
    #[arg(long, value_name = "FILE", requires = "artefacts", env = "PORTCULLIS_LOOKUP_TOKEN_FILE")]
    lookup_token_file: Option<PathBuf>,
    /// Shows verdicts over TLS, with the certificate of the admission door
    #[arg(long, requires = "artefacts", env = "PORTCULLIS_LOOKUP_TLS")]
    lookup_tls: bool,
    /// Leaves the admission door closed
    #[arg(
        long,
        requires = "artefacts",
        conflicts_with = "cluster",
        env = "PORTCULLIS_ONLY_ARTEFACTS"
    )]
    pub(super) only_artefacts: bool,
}

/// The open door.
pub(super) struct Door {
    hooks: hooks::Running,
    lookup: lookup::Running,
    labour: Running,
    secrets: JoinHandle<()>,
    database: Database,
}

impl Flags {
    /// Opens the door, if it is asked for. Its metrics go to `registry`, and out by its own port
    /// if there is no other door.
    pub(super) async fn open(
        &self,
        arguments: &Arguments,
        judge: &Arc<Judge>,
        registry: &mut Registry,
    ) -> Result<Option<Door>, Failure> {
        let Some(path) = &self.artefacts else { return Ok(None) };
        let door = read(path)?;
        let address = self.address(arguments)?;
        let database = Database::open(&address).await.map_err(|error| {
            let failure = Failure::of(&error);
            Failure::new(format!("cannot open the database `{address}`: {}", failure.message))
        })?;
        info!("verdicts are in `{address}`");
        let sources = Sources::new(&door).map_err(|error| Failure::of(&error))?;
        let (hook_metrics, metrics) = (HookMetrics::default(), Metrics::default());
        let lookup_metrics = LookupMetrics::default();
        hook_metrics.register(registry);
        lookup_metrics.register(registry);
        metrics.register(registry);

        let settle = Duration::from_millis(u64::from(door.work.settle_milliseconds));
        let queue = Queue::new(database.clone());
        let most = door.hooks.as_ref().map_or(0, |hooks| hooks.max_waiting);
        let (intake, _) = Intake::start(queue, settle, most);
        let keys = Keys::new(door.hooks.as_ref()).map_err(|error| Failure::of(&error))?;
        let reception = Arc::new(Reception::new(keys, intake, sources.clone()));
        let labour = Labour::new(
            &door,
            &database,
            &sources,
            Arc::new(self.bench(&door, judge)?),
            metrics,
            &holder(),
        );
        let labour = labour.map_err(|error| Failure::of(&error))?;

        let management =
            self.only_artefacts.then(|| (arguments.management, std::mem::take(registry)));
        let wanted = hooks::Args {
            listen: self.hooks_listen,
            certificate: self.hooks_tls.then(|| arguments.certificate()),
            refresh: server::REFRESH,
            body_bytes: door.hooks.as_ref().map_or(0, |it| it.max_bytes as usize),
            hooks: Arc::new(Porch(Arc::clone(&reception))),
            metrics: hook_metrics,
            management,
            awaited: Arc::new(|| None),
        };
        let bound = wanted.bind().await.map_err(|error| Failure::of(&error))?;
        let lookup = self.lookup(arguments, &database, lookup_metrics)?.serve().await;
        Ok(Some(Door {
            hooks: bound.serve(),
            lookup: lookup.map_err(|error| Failure::of(&error))?,
            labour: labour.start(),
            secrets: tokio::spawn(reception.follow()),
            database,
        }))
    }

    /// What fetches, opens and judges.
    fn bench(&self, door: &ArtefactDoor, judge: &Arc<Judge>) -> Result<Bench, Failure> {
        let judge = Arc::clone(judge);
        let engine = Arc::new(move || judge.engine());
        let bench = Bench::new(door, itself()?, self.helm.clone(), engine);
        bench.map_err(|error| Failure::of(&error))
    }

    /// Where verdicts are shown.
    fn lookup(
        &self,
        arguments: &Arguments,
        database: &Database,
        metrics: LookupMetrics,
    ) -> Result<lookup::Args, Failure> {
        let token = match &self.lookup_token_file {
            Some(path) => Some(token(path)?),
            None => None,
        };
        Ok(lookup::Args {
            listen: self.lookup_listen,
            certificate: self.lookup_tls.then(|| arguments.certificate()),
            refresh: server::REFRESH,
            token,
            lookup: Arc::new(Window(Lookup::new(database.clone()))),
            metrics,
        })
    }

    fn address(&self, arguments: &Arguments) -> Result<Address, Failure> {
        if let Some(address) = &self.database {
            return Ok(address.clone());
        }
        let directory = &arguments.data_dir;
        std::fs::create_dir_all(directory).map_err(|error| {
            Failure::new(format!("cannot make `{}`: {error}", directory.display()))
        })?;
        Ok(Address::Sqlite(directory.join("artefacts.db")))
    }
}

impl Door {
    /// Takes no more hooks after `delay`, and finishes what is under way.
    pub(super) async fn end(self, delay: Duration) {
        self.hooks.end(delay).await;
        self.lookup.end().await;
        self.secrets.abort();
        self.labour.end(FAREWELL).await;
        self.database.close().await;
        info!("the artefact door is closed");
    }
}

/// The reception, as the listener sees it.
struct Porch(Arc<Reception>);

impl Hooks for Porch {
    fn receive<'h>(&'h self, hook: Hook<'h>) -> Receiving<'h> {
        Box::pin(self.0.receive(hook))
    }
}

/// What can be looked up, as the listener sees it.
struct Window(Lookup);

impl lookup::Lookup for Window {
    fn answer<'a>(&'a self, ask: Ask<'a>) -> Answering<'a> {
        Box::pin(self.0.answer(ask))
    }
}

fn token(path: &Path) -> Result<Token, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("cannot read the token `{shown}`: {error}")))?;
    let token = Token::new(text.trim());
    token.ok_or_else(|| Failure::new(format!("the token `{shown}` is empty")))
}

fn read(path: &PathBuf) -> Result<ArtefactDoor, Failure> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("cannot read `{name}`: {error}")))?;
    ArtefactDoor::read(&Source::new(&name, &text))
        .map_err(|problems| Failure::new(problems.to_string()))
}

/// This process and no other: a replica that starts again does not take its old leases for its
/// own.
fn holder() -> String {
    use std::hash::{BuildHasher as _, Hasher as _};
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let random = std::hash::RandomState::new().build_hasher().finish();
    format!("{}-{}-{random:016x}", host.trim(), std::process::id())
}
