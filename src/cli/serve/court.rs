//! What answers reviews: of objects by the judge, of policies by what they would be among the
//! others.

use std::sync::Arc;

use tokio::sync::watch;

use crate::admission::{self, Malformed, Reviewed, Stage};
use crate::cluster::Parts;
use crate::server::{Judge, Review};

pub(super) struct Court {
    judge: Arc<Judge>,
    parts: Parts,
}

impl Court {
    pub(super) fn new(judge: Arc<Judge>, parts: Parts) -> Self {
        Self { judge, parts }
    }
}

impl Review for Court {
    fn review(&self, stage: Stage, body: &[u8]) -> Result<Reviewed, Malformed> {
        match stage {
            Stage::Policies => {
                admission::own(&self.judge.digest(), body, |object| self.parts.check(object))
            }
            Stage::Validate | Stage::Mutate => self.judge.review(stage, body),
        }
    }

    fn overdue(&self, stage: Stage, body: &[u8], reason: &str) -> Result<Reviewed, Malformed> {
        self.judge.overdue(stage, body, reason)
    }

    fn news(&self) -> Option<watch::Receiver<()>> {
        self.judge.news()
    }
}
