//! What the objects and names of Kubernetes, TANGO and SKA look like; knows no policy and no door.

pub mod artefact;
pub mod build;
pub mod byte_pattern;
pub mod cni;
pub mod dsconfig;
pub mod field;
pub mod format;
pub mod image;
pub mod image_pattern;
pub mod limit_range;
pub mod metadata_key;
pub mod name;
pub mod nearby;
pub mod owner;
pub mod pattern;
pub mod phrase;
pub mod pod_security;
pub mod quantity;
pub mod reference;
pub mod scalar;
pub mod secret;
pub mod selection;
mod shape;
pub mod shell;
pub mod tag;
pub mod tango;
pub mod tango_host;
pub mod tango_object;
pub mod tango_wait;
pub mod test;
pub mod version;
pub mod workload;

pub use self::shape::{KUBERNETES, Kubernetes, store};
