//! Text to one [`Value`] with places, and changes back into the text.
//!
//! Knows nothing of Kubernetes, of files, of policies.

pub mod edit;
pub mod embedded;
pub mod json;
pub mod scalar;
pub mod yaml;

mod decode;
mod encode;
mod lines;
mod locate;
mod location;
mod map;
mod number;
mod path;
mod problem;
mod same;
mod source;
mod typed;
mod value;

pub use self::decode::owned;
pub use self::lines::{Lines, Position};
pub use self::locate::{Locator, Place, locate};
pub use self::location::{Location, Snippet};
pub use self::map::{Entry, Map, MapBuilder, spread};
pub(crate) use self::path::write_escaped;
pub use self::path::{Path, Pointer, Step};
pub use self::problem::Problem;
pub use self::same::same;
pub use self::source::{Document, Duplicate, MAX_BYTES, MAX_DEPTH};
pub use self::typed::{Field, TypeError, from_value};
pub use self::value::{Body, Span, Value};
