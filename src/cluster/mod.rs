//! Portcullis as a part of a cluster: policies and facts by watches, and what it leaves there.
//!
//! Nothing here answers a review. A [`Door`] does, from what it was last handed; when the API
//! server is away it goes on with that.

pub mod assembly;
pub mod audit;
pub mod certificate;
pub mod discovery;
pub mod facts;
pub mod keys;
pub mod lease;
pub mod own;
mod page;
pub mod registration;

mod authority;
mod custom;
mod event;
mod metrics;
mod policies;
mod registrar;
mod status;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use self::policies::Parts;
pub use self::words::words;

use self::assembly::Text;
use self::certificate::Certificates;
use self::discovery::Served;
use self::event::Events;
use self::facts::Facts;
use self::keys::Told;
use self::lease::Election;
use self::metrics::Metrics;
use self::own::Own;
use self::policies::Policies;
use self::registrar::Registrar;
use self::status::Status;
use crate::engine::{Engine, Known};

/// What answers reviews, as the cluster sees it.
pub trait Door: Send + Sync {
    /// Puts a policy set in force, with what is known for it, in one step.
    ///
    /// # Errors
    ///
    /// Why the set is unfit, in words. The one in force stays.
    fn replace(&self, engine: Arc<Engine>, known: Known) -> Result<(), String>;

    /// Takes what is now known for `engine`, unless another one has come into force.
    fn learn(&self, engine: &Arc<Engine>, known: Known);
}

/// What is wanted of a part of a cluster.
#[derive(Clone, Debug)]
pub struct Args {
    pub own: Own,
    pub authority: Authority,
    /// For how long the deletion of a webhook configuration holds.
    pub hold: Duration,
    /// How what exists is audited, if it is.
    pub audit: Option<audit::Plan>,
}

/// Whose certificate is served.
#[derive(Clone, Debug)]
pub enum Authority {
    /// Ours: kept in a Secret, and written below a directory for the server.
    Own { directory: PathBuf },
    /// Somebody else's, of whom a file holds whom to trust, as PEM.
    File(PathBuf),
}

/// Why a replica can't be a part of a cluster.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no way to a cluster")]
    Config(#[from] Box<kube::config::InferConfigError>),
    #[error("there is no way to a cluster")]
    File(#[from] Box<kube::config::KubeconfigError>),
    #[error("the way to the cluster can't be used")]
    Client(#[from] Box<kube::Error>),
    #[error("there is no certificate")]
    Certificate(#[from] certificate::Error),
    #[error("cannot read `{}`", .0.display())]
    Authority(PathBuf, #[source] std::io::Error),
}

/// A replica that has a certificate and does nothing else yet.
pub struct Joined {
    client: Client,
    args: Args,
    owner: Option<OwnerReference>,
    certificates: Option<Certificates>,
    trusted: watch::Receiver<String>,
    metrics: Arc<Metrics>,
    audited: Arc<audit::Counts>,
}

/// A replica that follows the cluster.
pub struct Running {
    tasks: JoinSet<()>,
    election: tokio::task::JoinHandle<()>,
    end: watch::Sender<bool>,
    in_force: watch::Receiver<Option<Arc<policies::InForce>>>,
    parts: Parts,
}

/// The way to the API server: a file, a context of it, `KUBECONFIG`, or else what a pod is given.
///
/// # Errors
///
/// There is none, or it can't be used.
pub async fn client(file: Option<&Path>, context: Option<&str>) -> Result<Client, Error> {
    let options =
        KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    let config = match file {
        Some(path) => {
            let file = Kubeconfig::read_from(path).map_err(Box::new)?;
            Config::from_custom_kubeconfig(file, &options).await.map_err(Box::new)?
        }
        None if context.is_some() => Config::from_kubeconfig(&options).await.map_err(Box::new)?,
        None => Config::infer().await.map_err(Box::new)?,
    };
    Ok(Client::try_from(config).map_err(Box::new)?)
}

/// Becomes a part of the cluster: waits until there is a certificate.
///
/// # Errors
///
/// There can't be one. That the API server is away is no error; it is waited for.
pub async fn join(client: Client, args: Args) -> Result<Joined, Error> {
    let (owner, certificates, trusted) = match &args.authority {
        Authority::Own { directory } => {
            let owner = status::owner(client.clone(), &args.own).await;
            let certificates =
                Certificates::start(client.clone(), &args.own, owner.clone(), directory).await?;
            let trusted = certificates.trusted();
            (owner, Some(certificates), trusted)
        }
        Authority::File(path) => {
            let trusted = authority::follow(path.clone());
            let trusted = trusted.map_err(|error| Error::Authority(path.clone(), error))?;
            (status::owner(client.clone(), &args.own).await, None, trusted)
        }
    };
    let metrics = Arc::new(Metrics::new(Arc::new(Facts::new(client.clone()))));
    let audited = Arc::default();
    Ok(Joined { client, args, owner, certificates, trusted, metrics, audited })
}

impl Joined {
    /// Names its metrics.
    pub fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
        if self.args.audit.is_some() {
            self.audited.register(registry);
        }
    }

    /// The kinds that are served, from now on.
    pub fn served(&self) -> watch::Receiver<Arc<Served>> {
        discovery::follow(self.client.clone())
    }

    /// Starts to follow the cluster, and to write into it whenever it leads. `files` are the
    /// policy files, as they change.
    pub async fn start(
        self,
        files: watch::Receiver<Vec<Text>>,
        served: watch::Receiver<Arc<Served>>,
        door: Arc<dyn Door>,
    ) -> Running {
        let Self { client, args, owner, certificates, trusted, metrics, audited } = self;
        let Args { own, hold, audit, .. } = args;
        let before = status::earlier(client.clone(), &own).await.map(Arc::new);
        let (election, leads) = Election::new(client.clone(), &own);
        let (end, ending) = watch::channel(false);
        let facts = Arc::clone(&metrics.facts);
        let sources = policies::Sources { files, served: served.clone(), before };
        let (policies, in_force, parts) =
            Policies::new(client.clone(), &own, sources, Arc::clone(&facts), door);
        let (tell, told) = watch::channel(Told::Unknown);
        let events = Events::new(client.clone(), &own);
        let (reporting, reported) = watch::channel(audit::Reporting::default());
        let status = Status {
            client: client.clone(),
            own: own.clone(),
            owner: owner.clone(),
            events: events.clone(),
            facts,
            in_force: in_force.clone(),
            served: served.clone(),
            leads: leads.clone(),
            reported,
        };
        let counted = count(Arc::clone(&metrics), in_force.clone(), served.clone(), leads.clone());
        let auditor = audit.map(|plan| audit::Auditor {
            client: client.clone(),
            in_force: in_force.clone(),
            served: served.clone(),
            leads: leads.clone(),
            plan,
            counts: audited,
            events: events.clone(),
            reporting,
        });
        let registrar = Registrar {
            client,
            own,
            owner,
            events,
            metrics,
            in_force: in_force.clone(),
            served,
            trusted,
            leads: leads.clone(),
            told: tell,
            hold,
            marked: false,
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(policies.run());
        tasks.spawn(status.run());
        tasks.spawn(registrar.run());
        tasks.spawn(counted);
        if let Some(auditor) = auditor {
            tasks.spawn(async { match audit::run(auditor).await {} });
        }
        if let Some(certificates) = certificates {
            tasks.spawn(certificates.run(leads, told));
        }
        Running { tasks, election: tokio::spawn(election.run(ending)), end, in_force, parts }
    }
}

impl Running {
    /// What a replica still waits for before it can answer reviews.
    pub fn readiness(&self) -> impl Fn() -> Option<String> + Send + Sync + 'static {
        let in_force = self.in_force.clone();
        move || in_force.borrow().is_none().then(|| "waiting for policies and facts".to_owned())
    }

    /// The parts of the policy set, for whoever checks another one.
    pub fn parts(&self) -> Parts {
        self.parts.clone()
    }

    /// Stops, and lets another replica lead.
    pub async fn end(mut self) {
        self.tasks.abort_all();
        self.end.send_replace(true);
        let _ = self.election.await;
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Keeps the gauges as what they tell of changes.
async fn count(
    metrics: Arc<Metrics>,
    mut in_force: watch::Receiver<Option<Arc<policies::InForce>>>,
    mut served: watch::Receiver<Arc<Served>>,
    mut leads: watch::Receiver<bool>,
) {
    loop {
        let set = in_force.borrow_and_update().clone();
        let served_now = served.borrow_and_update().clone();
        metrics.leads(*leads.borrow_and_update());
        if let Some(set) = set {
            metrics.in_force(&set.assembly, Timestamp::now().as_second());
            let unserved = registration::unserved(&set.assembly.engine, &served_now);
            let kinds: std::collections::BTreeSet<_> =
                unserved.into_iter().map(|(_, group, kind)| (group, kind)).collect();
            metrics.unserved(kinds.len());
        }
        tokio::select! {
            Ok(()) = in_force.changed() => {}
            Ok(()) = served.changed() => {}
            Ok(()) = leads.changed() => {}
            else => return,
        }
    }
}

/// The labels of what an installation makes for itself.
fn labels(instance: &str) -> BTreeMap<String, String> {
    let labels = [
        ("app.kubernetes.io/name", "portcullis"),
        ("app.kubernetes.io/instance", instance),
        ("app.kubernetes.io/managed-by", "portcullis"),
    ];
    labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

/// Whether an object goes when its owner does. What an earlier release left goes with another one,
/// and may be there for a while yet.
fn goes_with(metadata: &ObjectMeta, owner: &OwnerReference) -> bool {
    metadata.owner_references.iter().flatten().any(|it| it.uid == owner.uid)
}

/// The engine of a text of policies, for tests.
#[cfg(test)]
fn engine(text: &str) -> Engine {
    use crate::policyfile::{Source, load};
    let loaded =
        load(&[Source::new("test", text)], crate::rules::ALL, &crate::resource::KUBERNETES);
    loaded.unwrap_or_else(|problems| panic!("{problems}")).engine
}
