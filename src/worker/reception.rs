//! A hook from its bytes to the disk.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::intake::{Delivered, Intake, Kept};
use super::keys::Keys;
use super::queue::Wanted;
use super::source::Sources;
use crate::artefact::delivery::{Delivery, Hint};
use crate::artefact::event::{self, Tagged, Told};
use crate::artefact::{Coordinates, Hook, Received, Sender};

/// From when on a hook is late: Nexus sends at once or never.
const LATE: SignedDuration = SignedDuration::from_mins(5);

/// Where hooks come in.
pub struct Reception {
    keys: Keys,
    intake: Intake,
    sources: Sources,
}

/// What a hook says: what to look at, and when it was written.
struct Said {
    delivered: Delivered,
    time: Option<Timestamp>,
}

impl Reception {
    pub const fn new(keys: Keys, intake: Intake, sources: Sources) -> Self {
        Self { keys, intake, sources }
    }

    /// Checks, reads and keeps a hook.
    pub async fn receive(&self, hook: Hook<'_>) -> Received {
        if !self.keys.vouch_for(&hook) {
            return Received::Forged;
        }
        let Said { delivered, time } = match self.said(&hook) {
            Ok(Some(said)) => said,
            Ok(None) => return Received::Elsewhere,
            Err(why) => return Received::Malformed(why),
        };
        let late = time.is_some_and(|time| Timestamp::now().duration_since(time) > LATE);
        match self.intake.keep(delivered).await {
            Ok(kept) => Received::Kept { repeated: kept == Kept::Repeated, late },
            Err(why) => Received::Full(why.to_string()),
        }
    }

    /// Takes secrets that are replaced, for ever, if there are any.
    pub async fn follow(self: Arc<Self>) {
        self.keys.follow().await;
    }

    /// What a hook says, or why it is none; `None` if nothing of it is judged.
    fn said(&self, hook: &Hook<'_>) -> Result<Option<Said>, String> {
        let told = match hook.sender {
            Sender::Nexus => {
                let delivery = Delivery::read(hook.body).map_err(|why| why.to_string())?;
                return Ok(self.delivered(hook.id, delivery));
            }
            Sender::Harbor => Told::of_harbor(hook.body),
            Sender::Registry => Told::of_registry(hook.body),
        };
        Ok(self.told(told.map_err(|why| why.to_string())?))
    }

    /// What Nexus says; `None` if nothing of it is judged.
    fn delivered(&self, id: &str, delivery: Delivery) -> Option<Said> {
        let Delivery { time, initiator, repository, hints } = delivery;
        if self.sources.find(&repository).is_none() || hints.is_empty() {
            return None;
        }
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
        Some(Said { delivered, time })
    }

    /// What a registry says; `None` if nothing of it is judged.
    fn told(&self, told: Told) -> Option<Said> {
        let Told { id, time, tags } = told;
        let wanted: Vec<Wanted> = tags.into_iter().filter_map(|it| self.tagged(it)).collect();
        let delivered = Delivered { id, wanted, unsettled: None };
        (!delivered.wanted.is_empty()).then_some(Said { delivered, time })
    }

    fn tagged(&self, tagged: Tagged) -> Option<Wanted> {
        let Tagged { name, tag, initiator } = tagged;
        let repository = &self.sources.holding(&name)?.settings.name;
        Some(Wanted {
            component: event::component(&name, &tag),
            coordinates: Coordinates::of_image(repository, &name, &tag),
            initiator,
        })
    }
}
