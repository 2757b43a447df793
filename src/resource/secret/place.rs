//! Places whose keys say more than they should.

use super::mask;
use crate::document::{Path, Step};

/// The path as anybody may see it: with `•••` for what of its keys must not be shown. A place is
/// found by the path itself.
pub fn mask_path(path: &Path) -> Path {
    let masked = |step: &Step| match step {
        Step::Key(key) => Step::from(&*mask(key)),
        Step::Index(index) => Step::Index(*index),
    };
    Path { steps: path.steps.iter().map(masked).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_holds_a_secret_is_shown_without_it() {
        for (path, shown) in [
            ("", ""),
            ("/spec/containers/0/image", "/spec/containers/0/image"),
            ("/data/password", "/data/password"),
            ("/data/password=hunter2/0", "/data/password=•••/0"),
            ("/data/a:~1~1b:hunter2@c", "/data/a:~1~1b:•••@c"),
        ] {
            assert_eq!(mask_path(&Path::parse(path).unwrap()).to_string(), shown);
        }
    }
}
