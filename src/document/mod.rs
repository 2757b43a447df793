//! Text to one [`Value`] with places, and changes back into the text.
//!
//! Knows nothing of Kubernetes, of files, of policies.

mod path;
mod value;

pub use self::path::{Path, Step};
pub use self::value::{Body, Entry, Map, Span, Value};
