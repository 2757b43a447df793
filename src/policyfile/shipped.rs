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

/// The default set: every file of `policies/`, without its packs and its cases.
pub fn shipped() -> &'static [Source<'static>] {
    files![]
}
