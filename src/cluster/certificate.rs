//! The Secret with the certificate: made once, followed by every replica, rotated and repaired by
//! the one that leads.
//!
//! A replica writes what it read into a directory, in one step, and the server looks there as it
//! looks at any other certificate.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fs, io};

use futures_util::StreamExt as _;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::PostParams;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::watch_object;
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::{info, warn};

use super::keys::{Keys, ROTATE, Told};
use super::own::Own;
use super::words;
use crate::pki;

/// How often the leader looks whether a step of a rotation is due.
const TICK: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_secs(1);

/// Keeps the certificate.
pub struct Certificates {
    secrets: Api<Secret>,
    name: String,
    instance: String,
    hosts: Vec<String>,
    owner: Option<OwnerReference>,
    directory: PathBuf,
    keys: Keys,
    /// Whether somebody asks for a rotation.
    asked: bool,
    trusted: watch::Sender<String>,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot make a certificate for the Service")]
    Make(#[from] rcgen::Error),
    #[error("cannot write the certificate below `{}`", .0.display())]
    Write(PathBuf, #[source] io::Error),
}

impl Certificates {
    /// Waits until there is a certificate, and makes it if nobody did.
    ///
    /// # Errors
    ///
    /// None can be made or kept. That the API server is away is none: it is waited for.
    pub async fn start(
        client: Client,
        own: &Own,
        owner: Option<OwnerReference>,
        directory: &Path,
    ) -> Result<Self, Error> {
        let secrets: Api<Secret> = Api::namespaced(client, &own.namespace);
        let fresh = Keys::make(&own.hosts(), SystemTime::now())?;
        let mut this = Self {
            secrets,
            name: own.secret(),
            instance: own.name.clone(),
            hosts: own.hosts(),
            owner,
            directory: directory.to_owned(),
            trusted: watch::Sender::new(fresh.authority.clone()),
            keys: fresh,
            asked: false,
        };
        loop {
            match this.first().await {
                Ok(true) => break,
                Ok(false) => {}
                Err(error) => warn!("the Secret `{}` can't be had: {}", this.name, words(&error)),
            }
            sleep(RETRY).await;
        }
        this.write()?;
        Ok(this)
    }

    /// Where the certificate and its key are.
    pub fn paths(directory: &Path) -> (PathBuf, PathBuf) {
        let current = directory.join(CURRENT);
        (current.join("tls.crt"), current.join("tls.key"))
    }

    /// Whom to trust, from now on.
    pub fn trusted(&self) -> watch::Receiver<String> {
        self.trusted.subscribe()
    }

    /// Follows the Secret for ever. `told` is what API servers are told to trust.
    pub async fn run(mut self, leads: watch::Receiver<bool>, told: watch::Receiver<Told>) {
        let secrets = self.secrets.clone();
        let name = self.name.clone();
        let mut seen = watch_object(secrets, &name).default_backoff().boxed();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                Some(secret) = seen.next() => match secret {
                    Ok(secret) => {
                        let leads = *leads.borrow();
                        self.follow(secret, leads).await
                    }
                    Err(error) => {
                        warn!("the Secret `{name}` can't be watched: {error}");
                        Ok(())
                    }
                },
                _ = tick.tick() => {
                    let leads = *leads.borrow();
                    let told = told.borrow().clone();
                    if leads { self.rotate(&told).await } else { Ok(()) }
                }
            };
            if let Err(problem) = done {
                warn!("the Secret `{name}`: {problem}");
            }
        }
    }

    /// Whether the first keys are there.
    async fn first(&mut self) -> Result<bool, kube::Error> {
        let found = self.secrets.get_opt(&self.name).await?;
        if let Some(keys) = found.as_ref().and_then(|secret| self.good(secret)) {
            self.take(keys);
            return Ok(true);
        }
        let why = if found.is_some() { "is no good, and is made again" } else { "is made" };
        info!("the Secret `{}` {why}", self.name);
        match self.save(found.as_ref(), &self.keys).await {
            Ok(()) => Ok(true),
            // Another replica was faster.
            Err(kube::Error::Api(status)) if status.is_conflict() || status.is_already_exists() => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// What a Secret holds, if it can be served.
    fn good(&self, secret: &Secret) -> Option<Keys> {
        Keys::of(secret).filter(|keys| keys.are_good(&self.hosts, SystemTime::now()))
    }

    async fn follow(&mut self, secret: Option<Secret>, leads: bool) -> Result<(), Problem> {
        if let Some(keys) = secret.as_ref().and_then(|secret| self.good(secret)) {
            let annotations = secret.and_then(|it| it.metadata.annotations);
            self.asked = annotations.is_some_and(|all| all.contains_key(ROTATE));
            if keys != self.keys {
                self.take(keys);
                self.write()?;
            }
            return Ok(());
        }
        if leads {
            warn!("the Secret `{}` was deleted or broken, and is restored", self.name);
            self.save(secret.as_ref(), &self.keys).await?;
        }
        Ok(())
    }

    async fn rotate(&mut self, told: &Told) -> Result<(), Problem> {
        let next = self.keys.step(&self.hosts, self.asked, told, SystemTime::now())?;
        let Some(next) = next else { return Ok(()) };
        let Some(secret) = self.secrets.get_opt(&self.name).await? else { return Ok(()) };
        // A step is made from what is there, so that two who lead for a moment make it once.
        if Keys::of(&secret).as_ref() != Some(&self.keys) {
            return Ok(());
        }
        self.save(Some(&secret), &next).await?;
        self.asked = false;
        info!("the certificate is being rotated: a step was made");
        Ok(())
    }

    async fn save(&self, before: Option<&Secret>, keys: &Keys) -> Result<(), kube::Error> {
        let metadata = ObjectMeta {
            name: Some(self.name.clone()),
            labels: Some(super::labels(&self.instance)),
            owner_references: self.owner.clone().map(|owner| vec![owner]),
            ..ObjectMeta::default()
        };
        let made =
            Secret { metadata, type_: Some("kubernetes.io/tls".to_owned()), ..Secret::default() };
        let mut secret = before.cloned().unwrap_or(made);
        keys.put_into(&mut secret);
        match before {
            Some(_) => {
                self.secrets.replace(&self.name, &PostParams::default(), &secret).await?;
            }
            None => {
                self.secrets.create(&PostParams::default(), &secret).await?;
            }
        }
        Ok(())
    }

    fn take(&mut self, keys: Keys) {
        self.trusted.send_if_modified(|before| {
            let changed = *before != keys.authority;
            before.clone_from(&keys.authority);
            changed
        });
        self.keys = keys;
    }

    fn write(&self) -> Result<(), Error> {
        let failed = |error| Error::Write(self.directory.clone(), error);
        write(&self.directory, &self.keys).map_err(failed)
    }
}

/// Why a step could not be made.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Api(#[from] kube::Error),
    #[error(transparent)]
    Make(#[from] rcgen::Error),
    #[error("{0}: {1}")]
    Write(String, io::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Make(error) => Self::Make(error),
            Error::Write(path, error) => Self::Write(path.display().to_string(), error),
        }
    }
}

/// The link to the directory that holds the pair in use.
const CURRENT: &str = "current";

/// Writes certificate and key so that whoever reads both finds two that belong together.
fn write(directory: &Path, keys: &Keys) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let old = fs::read_link(directory.join(CURRENT)).ok();
    let name = match old.as_deref().and_then(Path::to_str) {
        Some("pair-a") => "pair-b",
        _ => "pair-a",
    };
    let fresh = directory.join(name);
    let _ = fs::remove_dir_all(&fresh);
    fs::create_dir(&fresh)?;
    pki::keep(&fresh.join("tls.key"), &keys.pair.key, 0o600)?;
    fs::write(fresh.join("tls.crt"), &keys.pair.certificate)?;
    let link = directory.join("next");
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink(name, &link)?;
    fs::rename(link, directory.join(CURRENT))
}
