//! Which replica writes: the one that holds a Lease.
//!
//! As client-go does it, a replica trusts no other's clock: a Lease has run out when nobody
//! renewed it for as long as it says, by the clock of whoever looks.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use super::own::Own;
use super::words;

/// How long a Lease holds without being renewed: client-go's default.
const DURATION: Duration = Duration::from_secs(15);
/// A leader that could not renew for so long has stopped to be one: client-go's default.
const DEADLINE: Duration = Duration::from_secs(10);
/// How often to renew or to look: client-go's default.
const RETRY: Duration = Duration::from_secs(2);

/// Tries to hold the Lease, for ever.
pub struct Election {
    leases: Api<Lease>,
    name: String,
    identity: String,
    leads: watch::Sender<bool>,
    /// What was last seen of another's Lease, and when it was first seen so.
    seen: Option<(LeaseSpec, Instant)>,
    renewed: Instant,
}

impl Election {
    /// One who may come to lead, and where it is said whether it does.
    pub fn new(client: Client, own: &Own) -> (Self, watch::Receiver<bool>) {
        let (leads, receiver) = watch::channel(false);
        let election = Self {
            leases: Api::namespaced(client, &own.namespace),
            name: own.name.clone(),
            identity: own.pod.clone(),
            leads,
            seen: None,
            renewed: Instant::now(),
        };
        (election, receiver)
    }

    /// Goes on until `end`, and then gives the Lease back.
    pub async fn run(mut self, mut end: watch::Receiver<bool>) {
        loop {
            let tried = timeout(DEADLINE, self.take_or_renew()).await;
            let leads = match tried {
                Ok(Ok(leads)) => {
                    self.renewed = Instant::now();
                    leads
                }
                Ok(Err(error)) => {
                    warn!("the Lease `{}` can't be looked at: {}", self.name, words(&error));
                    *self.leads.borrow() && self.renewed.elapsed() < DEADLINE
                }
                Err(_) => false,
            };
            self.say(leads);
            tokio::select! {
                () = sleep(RETRY) => {}
                _ = end.wait_for(|end| *end) => break,
            }
        }
        if *self.leads.borrow() {
            self.say(false);
            if let Err(error) = timeout(DEADLINE, self.give_back()).await.unwrap_or(Ok(())) {
                warn!("the Lease `{}` can't be given back: {}", self.name, words(&error));
            }
        }
    }

    fn say(&self, leads: bool) {
        if self.leads.send_if_modified(|before| std::mem::replace(before, leads) != leads) {
            let what = if leads { "writes from now on" } else { "does not write any more" };
            info!("`{}` {what}", self.identity);
        }
    }

    /// Whether this replica leads now.
    async fn take_or_renew(&mut self) -> Result<bool, kube::Error> {
        let Some(mut lease) = self.leases.get_opt(&self.name).await? else {
            let metadata = ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() };
            let lease = Lease { metadata, spec: Some(self.spec(0)) };
            return won(self.leases.create(&PostParams::default(), &lease).await);
        };
        let spec = lease.spec.take().unwrap_or_default();
        let holder = spec.holder_identity.as_deref().unwrap_or_default();
        let changes = spec.lease_transitions.unwrap_or(0);
        if holder == self.identity {
            let renewed =
                LeaseSpec { renew_time: Some(MicroTime(Timestamp::now())), ..spec.clone() };
            lease.spec = Some(renewed);
        } else if holder.is_empty() || self.has_run_out(&spec) {
            lease.spec = Some(self.spec(changes + 1));
        } else {
            return Ok(false);
        }
        won(self.leases.replace(&self.name, &PostParams::default(), &lease).await)
    }

    fn has_run_out(&mut self, spec: &LeaseSpec) -> bool {
        let duration = spec.lease_duration_seconds.and_then(|it| u64::try_from(it).ok());
        let duration = duration.map_or(DURATION, Duration::from_secs);
        match &self.seen {
            Some((seen, since)) if seen == spec => since.elapsed() > duration,
            _ => {
                self.seen = Some((spec.clone(), Instant::now()));
                false
            }
        }
    }

    fn spec(&self, transitions: i32) -> LeaseSpec {
        let now = MicroTime(Timestamp::now());
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
            acquire_time: Some(now.clone()),
            renew_time: Some(now),
            lease_transitions: Some(transitions),
            ..LeaseSpec::default()
        }
    }

    async fn give_back(&self) -> Result<(), kube::Error> {
        let Some(mut lease) = self.leases.get_opt(&self.name).await? else { return Ok(()) };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() == Some(&self.identity) {
            spec.holder_identity = None;
            self.leases.replace(&self.name, &PostParams::default(), &lease).await?;
        }
        Ok(())
    }
}

/// Whether a write went through; another replica may have been faster.
fn won(written: Result<Lease, kube::Error>) -> Result<bool, kube::Error> {
    match written {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.is_conflict() || status.is_already_exists() => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
