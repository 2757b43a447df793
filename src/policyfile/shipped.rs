//! The policies that come with the program.

use super::read::Source;

/// Names files of `policies/` and takes in their texts.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(Source::new(
            concat!("policies/", $name),
            include_str!(concat!("../../policies/", $name)),
        )),*]
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
