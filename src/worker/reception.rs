//! A hook from its bytes to the disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use tokio::time::sleep;
use tracing::{info, warn};

use super::intake::{Delivered, Intake, Kept, NotKept};
use super::queue::Wanted;
use super::source::Sources;
use crate::artefact::delivery::{Delivery, Hint};
use crate::artefact::signature::Secrets;
use crate::artefact::{Hook, Received};

/// From when on a hook is late: Nexus sends at once or never.
const LATE: SignedDuration = SignedDuration::from_mins(5);
/// How often the files of secrets are looked at.
const LOOK: Duration = Duration::from_secs(10);

/// Where hooks come in.
pub struct Reception {
    files: Vec<PathBuf>,
    /// None where no hooks are expected: then nobody can sign.
    secrets: Option<ArcSwap<Secrets>>,
    intake: Intake,
    sources: Sources,
}

/// Why there is nothing to check signatures with.
#[derive(Debug, thiserror::Error)]
pub enum NoSecret {
    #[error("cannot read the secret `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("a hook needs a secret, and none of its files may be empty")]
    Empty,
}

impl Reception {
    /// # Errors
    ///
    /// A file of a secret can't be read, or is empty.
    pub fn new(files: Vec<PathBuf>, intake: Intake, sources: Sources) -> Result<Self, NoSecret> {
        let secrets = match files.is_empty() {
            true => None,
            false => Some(ArcSwap::from_pointee(read(&files)?)),
        };
        Ok(Self { files, secrets, intake, sources })
    }

    /// Checks, reads and keeps a hook.
    pub async fn receive(&self, hook: Hook<'_>) -> Received {
        let signed = |secrets: &ArcSwap<Secrets>| secrets.load().signed(hook.body, hook.signature);
        if !self.secrets.as_ref().is_some_and(signed) {
            return Received::Forged;
        }
        let delivery = match Delivery::read(hook.body) {
            Ok(delivery) => delivery,
            Err(why) => return Received::Malformed(why.to_string()),
        };
        if self.sources.find(&delivery.repository).is_none() || delivery.hints.is_empty() {
            return Received::Elsewhere;
        }
        let late = delivery.time.is_some_and(|time| Timestamp::now().duration_since(time) > LATE);
        match self.intake.keep(delivered(hook.id, delivery)).await {
            Ok(kept) => Received::Kept { repeated: kept == Kept::Repeated, late },
            Err(why @ (NotKept::Full | NotKept::Failed)) => Received::Full(why.to_string()),
        }
    }

    /// Takes secrets that are replaced, for ever, if there are any. One that can't be read leaves those in use.
    pub async fn follow(self: Arc<Self>) {
        let Some(in_use) = &self.secrets else { return };
        let mut known = texts(&self.files).ok();
        loop {
            sleep(LOOK).await;
            let Ok(read) = texts(&self.files) else { continue };
            if known.as_ref() == Some(&read) {
                continue;
            }
            match secrets(&read) {
                Some(secrets) => {
                    in_use.store(Arc::new(secrets));
                    info!("the secrets of hooks were replaced");
                }
                None => warn!("the secrets of hooks stay: one of the new ones is empty"),
            }
            known = Some(read);
        }
    }
}

fn delivered(id: &str, delivery: Delivery) -> Delivered {
    let Delivery { initiator, repository, hints, .. } = delivery;
    let mut delivered = Delivered { id: id.to_owned(), wanted: Vec::new(), unsettled: None };
    for hint in hints {
        match hint {
            Hint::Component { id: component, coordinates } => {
                let initiator = initiator.clone();
                delivered.wanted.push(Wanted { component, coordinates, initiator });
            }
            Hint::File { .. } => delivered.unsettled = Some(repository.clone()),
        }
    }
    delivered
}

fn read(files: &[PathBuf]) -> Result<Secrets, NoSecret> {
    secrets(&texts(files)?).ok_or(NoSecret::Empty)
}

/// What the files hold, without the ends of their lines.
fn texts(files: &[PathBuf]) -> Result<Vec<String>, NoSecret> {
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path)
            .map_err(|source| NoSecret::Read { path: path.clone(), source })?;
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    };
    files.iter().map(read).collect()
}

fn secrets(texts: &[String]) -> Option<Secrets> {
    Secrets::new(texts.iter().map(String::as_bytes))
}
