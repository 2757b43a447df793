//! What the objects and names of Kubernetes, TANGO and SKA look like; knows no policy and no door.

pub mod dsconfig;
pub mod field;
pub mod format;
pub mod image;
pub mod image_pattern;
pub mod name;
pub mod owner;
pub mod pattern;
pub mod quantity;
pub mod scalar;
pub mod secret;
mod shape;
pub mod tango;
pub mod tango_host;
pub mod test;
pub mod version;
pub mod workload;

pub use self::shape::{KUBERNETES, Kubernetes, stored};
