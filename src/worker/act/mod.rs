//! What is done about a verdict: at least once, and repeatable.
//!
//! The intent is stored before anything is done. Whoever carries it out looks first whether it is
//! done already, so that after a crash at any moment another does the rest and nothing twice; but
//! for the chat, where nothing can be looked up, and a crash may cost one more notice.

mod author;
mod chat;
mod gitlab;
mod image;
mod quarantine;
mod text;

use tokio::sync::Mutex;

use author::Author;
use chat::Chat;

use super::queue::Claim;
use super::record::{Ended, Intent, Open, Record};
use super::site::Unfit;
use super::source::Source;
use super::trouble::Trouble;
use crate::artefact::{Outcome, Push, Verdict};
use crate::policyfile::{ActionKind, ActionSettings, ArtefactDoor};

/// What can be done here.
#[derive(Debug)]
pub(super) struct Acts {
    settings: ActionSettings,
    author: Option<Author>,
    chat: Option<Chat>,
    /// Held from before a notice is sent until it is noted that it was: so a crash costs one more
    /// notice, however many workers there are.
    notice: Mutex<()>,
}

impl Acts {
    /// # Errors
    ///
    /// A server of the configuration can't be called.
    pub(super) fn new(door: &ArtefactDoor) -> Result<Self, Unfit> {
        let author = door.gitlab.as_ref().map(|gitlab| Author::new(gitlab, &door.actions));
        Ok(Self {
            settings: door.actions.clone(),
            author: author.transpose()?,
            chat: door.chat.as_ref().map(Chat::new),
            notice: Mutex::new(()),
        })
    }

    pub(super) const fn dry_run(&self) -> bool {
        self.settings.dry_run
    }

    /// What a verdict asks for: only what can be done for that repository.
    pub(super) fn intents(&self, source: &Source, verdict: &Verdict) -> Vec<Intent> {
        let kinds = match verdict.outcome {
            Outcome::Fail => &self.settings.deny[..],
            Outcome::Warn => &self.settings.warn,
            Outcome::Pass => &[],
        };
        let can = |kind: ActionKind| match kind {
            ActionKind::Quarantine => source.settings.quarantine.is_some(),
            ActionKind::Author => self.author.is_some(),
            ActionKind::Chat => self.chat.is_some(),
        };
        let mut kinds: Vec<_> = kinds.iter().copied().filter(|kind| can(*kind)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.into_iter().map(|kind| Intent { kind, dry: self.settings.dry_run }).collect()
    }

    /// Carries out one intent, unless that was done before, and notes how it ended. `there` is
    /// what the repository holds.
    pub(super) async fn carry_out(
        &self,
        claim: &Claim,
        record: &Record,
        source: &Source,
        open: &Open,
        there: Option<&Push>,
    ) -> Result<Ended, Trouble> {
        let _alone = match open.kind {
            ActionKind::Chat => Some(self.notice.lock().await),
            ActionKind::Quarantine | ActionKind::Author => None,
        };
        let ended = self.attempt(claim, record, source, open, there).await?;
        record.close(claim, open, &ended).await?;
        Ok(ended)
    }

    async fn attempt(
        &self,
        claim: &Claim,
        record: &Record,
        source: &Source,
        open: &Open,
        there: Option<&Push>,
    ) -> Result<Ended, Trouble> {
        let missing = |what: &str| Ok(Ended::Moot(format!("there is no {what} any more")));
        match open.kind {
            ActionKind::Quarantine => quarantine::run(claim, record, source, open, there).await,
            ActionKind::Author => match &self.author {
                Some(author) => author.tell(claim, open).await,
                None => missing("GitLab"),
            },
            ActionKind::Chat => match &self.chat {
                Some(chat) => chat.tell(claim, open).await,
                None => missing("chat"),
            },
        }
    }
}
