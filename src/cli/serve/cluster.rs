//! `serve --cluster`: the webhook as a part of a cluster.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::Args;
use tokio::sync::watch;
use tracing::info;

use super::court::Court;
use super::{Arguments, follow};
use crate::cli::audit::Room;
use crate::cli::duration::duration;
use crate::cli::policies::File;
use crate::cli::{ALLOWED, Failure};
use crate::cluster::audit::{self, Limits, Plan};
use crate::cluster::certificate::Certificates;
use crate::cluster::own::Own;
use crate::cluster::{self, Authority, Door};
use crate::engine::{Engine, Known};
use crate::server::{self, Judge, Source};

/// How often the certificate that comes by a watch is looked at.
const REFRESH: Duration = Duration::from_millis(500);

/// Flags of a replica in a cluster.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Follows policies and facts in the cluster of KUBECONFIG, or in the one it runs in, and
    /// registers there
    #[arg(long, requires = "namespace", env = "PORTCULLIS_CLUSTER")]
    pub(super) cluster: bool,
    /// The release: what is made in the cluster has this name
    #[arg(long, value_name = "NAME", default_value = "portcullis", env = "PORTCULLIS_NAME")]
    name: String,
    /// The namespace that it runs in
    #[arg(long, value_name = "NAMESPACE", requires = "cluster", env = "PORTCULLIS_OWN_NAMESPACE")]
    namespace: Option<String>,
    /// The pod: who writes, and whom Events are about; the host's name if not given
    #[arg(long, value_name = "NAME", env = "PORTCULLIS_POD")]
    pod: Option<String>,
    /// The Service that the API server calls; the release's name if not given
    #[arg(long, value_name = "NAME", env = "PORTCULLIS_SERVICE")]
    service: Option<String>,
    /// Its port
    #[arg(long, value_name = "PORT", default_value = "443", env = "PORTCULLIS_SERVICE_PORT")]
    service_port: u16,
    /// The one namespace whose Waivers count; its own if not given
    #[arg(long, value_name = "NAMESPACE", env = "PORTCULLIS_WAIVER_NAMESPACE")]
    waiver_namespace: Option<String>,
    /// Whom API servers are to trust, as PEM, for a certificate that is given
    #[arg(long, value_name = "FILE", requires = "tls_cert", env = "PORTCULLIS_CA_CERT")]
    ca_cert: Option<PathBuf>,
    /// For how long the deletion of a webhook configuration holds
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "1h",
        value_parser = duration,
        env = "PORTCULLIS_BREAK_GLASS_HOLD"
    )]
    break_glass_hold: Duration,
    #[command(flatten)]
    audit: Audit,
}

/// Flags of the audit.
#[derive(Debug, Args)]
struct Audit {
    /// How often all that exists is judged; 0s never
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "1h",
        value_parser = duration,
        env = "PORTCULLIS_AUDIT_INTERVAL"
    )]
    audit_interval: Duration,
    /// Which objects the audit leaves in the cluster
    #[arg(long, value_name = "KIND", default_value = "policyreport", env = "PORTCULLIS_REPORTS")]
    reports: Reports,
    #[command(flatten)]
    room: Room,
}

/// Objects that hold what an audit found.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Reports {
    /// PolicyReports of wgpolicyk8s.io
    Policyreport,
    /// Reports of openreports.io
    Openreports,
    /// None
    None,
}

/// Serves as a part of a cluster until SIGTERM or SIGINT.
pub(super) fn run(
    arguments: &Arguments,
    files: Vec<File>,
    judge: Arc<Judge>,
    drain_delay: Duration,
) -> Result<u8, Failure> {
    let flags = &arguments.cluster;
    let authority = match (&arguments.tls_cert, &flags.ca_cert) {
        (None, _) => Authority::Own { directory: arguments.data_dir.clone() },
        (Some(_), Some(file)) => Authority::File(file.clone()),
        (Some(_), None) => {
            return Err(Failure::new("`--tls-cert` needs `--ca-cert` in a cluster"));
        }
    };
    let certificate = match &authority {
        Authority::Own { directory } => {
            let (certificate, key) = Certificates::paths(directory);
            Source::Files { certificate, key }
        }
        Authority::File(_) => arguments.certificate(),
    };
    let wanted = cluster::Args {
        own: flags.own()?,
        authority,
        hold: flags.break_glass_hold,
        audit: flags.audit.plan(),
    };
    let runtime = server::runtime().map_err(|error| Failure::of(&error))?;
    let ended = runtime.block_on(async {
        let client = cluster::client(None, None).await.map_err(|error| Failure::of(&error))?;
        let joined = tokio::select! {
            joined = cluster::join(client, wanted) => joined.map_err(|error| Failure::of(&error))?,
            // There is nothing to drain yet.
            () = server::asked_to_end() => return Ok(()),
        };
        let mut registry = server::registry();
        let artefacts = arguments.artefact.open(arguments, &judge, &mut registry).await?;
        joined.register(&mut registry);
        let served = joined.served();
        let door: Arc<dyn Door> = Arc::new(Post(Arc::clone(&judge)));
        let files = texts(arguments, files);
        let running = joined.start(files, served, door).await;
        let court = Court::new(judge, running.parts());
        let wanted = server::Args {
            registry,
            refresh: REFRESH,
            awaited: Arc::new(running.readiness()),
            ..arguments.server(certificate, Arc::new(court))
        };
        let served = wanted.run(drain_delay, |_| {}).await.map_err(|error| Failure::of(&error));
        if let Some(door) = artefacts {
            door.end(Duration::ZERO).await;
        }
        running.end().await;
        info!("left the cluster");
        served
    });
    runtime.shutdown_background();
    ended.map(|()| ALLOWED)
}

impl Flags {
    fn own(&self) -> Result<Own, Failure> {
        let namespace = self.namespace.clone().unwrap_or_default();
        let pod = match &self.pod {
            Some(pod) => pod.clone(),
            None => host_name()?,
        };
        Ok(Own {
            name: self.name.clone(),
            pod,
            service: self.service.clone().unwrap_or_else(|| self.name.clone()),
            service_port: self.service_port,
            waiver_namespace: self.waiver_namespace.clone().unwrap_or_else(|| namespace.clone()),
            namespace,
        })
    }
}

impl Audit {
    /// `None` if nothing is audited.
    fn plan(&self) -> Option<Plan> {
        let kind = match self.reports {
            Reports::Policyreport => Some(audit::Reports::PolicyReport),
            Reports::Openreports => Some(audit::Reports::OpenReports),
            Reports::None => None,
        };
        let options = audit::Options::default();
        let limits = Limits {
            max_bytes: self.room.reports_max_bytes,
            requests_per_second: options.requests_per_second,
        };
        (!self.audit_interval.is_zero()).then(|| Plan {
            interval: self.audit_interval,
            options,
            reports: kind.map(|kind| (kind, limits)),
        })
    }
}

/// The policy files, as they change.
fn texts(
    arguments: &Arguments,
    files: Vec<File>,
) -> watch::Receiver<Vec<crate::cluster::assembly::Text>> {
    let choice = arguments.policies.clone();
    let (sender, receiver) = watch::channel(choice.texts(&files));
    if !choice.policy.is_empty() {
        thread::spawn(move || {
            follow(&choice, files, |files| {
                sender.send_replace(choice.texts(files));
            });
        });
    }
    receiver
}

/// The judge, as the cluster sees it.
struct Post(Arc<Judge>);

impl Door for Post {
    fn replace(&self, engine: Arc<Engine>, known: Known) -> Result<(), String> {
        self.0.replace(engine, known).map_err(|unfit| unfit.to_string())
    }

    fn learn(&self, engine: &Arc<Engine>, known: Known) {
        self.0.learn(engine, &known);
    }
}

fn host_name() -> Result<String, Failure> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    let name = name.map_err(|error| Failure::new(format!("`--pod` is needed: {error}")))?;
    Ok(name.trim().to_owned())
}
