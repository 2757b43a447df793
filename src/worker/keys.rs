//! What shows that a hook comes from where it says: the secrets and tokens in use, and their files.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::artefact::signature::{Secrets, Tokens};
use crate::artefact::{Hook, Sender};
use crate::policyfile::HookSettings;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(10);

/// The secrets and tokens in use, which follow their files.
pub struct Keys {
    secrets: Vec<PathBuf>,
    tokens: Vec<PathBuf>,
    in_use: ArcSwap<Known>,
}

/// Why there is nothing to check a sender with.
#[derive(Debug, thiserror::Error)]
pub enum NoSecret {
    #[error("cannot read the secret `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("a hook needs a secret, and none of its files may be empty")]
    Empty,
}

/// None where no such hooks are expected: then nobody can send one.
struct Known {
    secrets: Option<Secrets>,
    tokens: Option<Tokens>,
}

/// What the files hold.
type Texts = (Vec<String>, Vec<String>);

impl Keys {
    /// # Errors
    ///
    /// A file can't be read, or is empty.
    pub fn new(settings: Option<&HookSettings>) -> Result<Self, NoSecret> {
        let paths = |files: fn(&HookSettings) -> &Vec<String>| {
            settings.into_iter().flat_map(files).map(PathBuf::from).collect::<Vec<_>>()
        };
        let (secrets, tokens) = (paths(|it| &it.secret_files), paths(|it| &it.token_files));
        let known = Known::of(&texts(&secrets, &tokens)?).ok_or(NoSecret::Empty)?;
        Ok(Self { secrets, tokens, in_use: ArcSwap::from_pointee(known) })
    }

    /// Whether a hook comes from who knows a secret.
    pub(super) fn vouch_for(&self, hook: &Hook<'_>) -> bool {
        let known = self.in_use.load();
        match hook.sender {
            Sender::Nexus => {
                known.secrets.as_ref().is_some_and(|it| it.signed(hook.body, hook.proof))
            }
            Sender::Harbor | Sender::Registry => {
                known.tokens.as_ref().is_some_and(|it| it.known(hook.proof))
            }
        }
    }

    /// Takes what is replaced, for ever. What can't be read leaves that in use.
    pub(super) async fn follow(&self) {
        if self.secrets.is_empty() && self.tokens.is_empty() {
            return;
        }
        let mut last = texts(&self.secrets, &self.tokens).ok();
        let mut unread = 0_u32;
        loop {
            sleep(LOOK).await;
            let read = match texts(&self.secrets, &self.tokens) {
                Ok(read) => read,
                Err(problem) => {
                    unread = unread.saturating_add(1);
                    // A file may be missing for a moment while it is replaced.
                    if unread == 2 {
                        warn!("the secrets of hooks stay: {}", super::words(&problem));
                    }
                    continue;
                }
            };
            unread = 0;
            if last.as_ref() == Some(&read) {
                continue;
            }
            match Known::of(&read) {
                Some(known) => {
                    self.in_use.store(Arc::new(known));
                    info!("the secrets of hooks were replaced");
                }
                None => warn!("the secrets of hooks stay: one of the new ones is empty"),
            }
            last = Some(read);
        }
    }
}

impl Known {
    /// `None` if one of the texts is empty.
    fn of((secrets, tokens): &Texts) -> Option<Self> {
        let signing = match secrets.as_slice() {
            [] => None,
            some => Some(Secrets::new(some.iter().map(String::as_bytes))?),
        };
        let showing = match tokens.as_slice() {
            [] => None,
            some => Some(Tokens::new(some)?),
        };
        Some(Self { secrets: signing, tokens: showing })
    }
}

/// What the files hold, without the ends of their lines.
fn texts(secrets: &[PathBuf], tokens: &[PathBuf]) -> Result<Texts, NoSecret> {
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path)
            .map_err(|source| NoSecret::Read { path: path.clone(), source })?;
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    };
    let all = |paths: &[PathBuf]| paths.iter().map(read).collect::<Result<Vec<_>, _>>();
    Ok((all(secrets)?, all(tokens)?))
}
