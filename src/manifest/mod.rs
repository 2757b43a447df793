//! Texts of manifests into subjects, and findings back to lines.

mod amend;
mod file;
mod mask;
mod problem;
#[cfg(any(feature = "artefact", feature = "cli"))]
pub mod program;
#[cfg(feature = "cli")]
mod search;
#[cfg(feature = "cli")]
pub mod template;
mod veil;

pub use self::amend::Amendment;
pub use self::file::{Item, Manifest};
pub use self::mask::Masked;
pub use self::problem::{file_identity, problem_finding};
#[cfg(feature = "cli")]
pub use self::search::{Found, Unread, find, read, read_into};
