//! The policies that come with the program.

use super::read::{Origin, Source};

/// Names files of `policies/` and takes in their texts.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(Source {
            name: concat!("policies/", $name),
            text: include_str!(concat!("../../policies/", $name)),
            origin: Origin::Shipped,
        }),*]
    };
}

/// Every file of `policies/`, without its packs and its cases, by name.
static SHIPPED: &[Source<'static>] = files![
    "artefacts.yaml",
    "cluster.yaml",
    "images.yaml",
    "labels.yaml",
    "namespaces.yaml",
    "network.yaml",
    "sdp.yaml",
    "secrets.yaml",
    "security.yaml",
    "settings.yaml",
    "storage.yaml",
    "tango-config.yaml",
    "tango-devices.yaml",
    "workloads.yaml",
];

/// The default set.
pub fn shipped() -> &'static [Source<'static>] {
    SHIPPED
}
