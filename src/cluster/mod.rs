//! Portcullis as a part of a cluster: policies and facts by watches, and what it leaves there.
//!
//! Nothing here answers a review. A [`Door`] does, from what it was last handed; when the API
//! server is away it goes on with that.

pub mod assembly;
pub mod discovery;
pub mod own;
pub mod registration;

use std::sync::Arc;

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
