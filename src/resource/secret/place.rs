//! Keys that say more than they should, and the places they lead to.

use std::ops::Range;

use super::{mask, private_parts};
use crate::document::{Path, Step};

/// The parts of a key that must not be shown. Most keys are too plain to hold a secret.
pub fn private_parts_of_key(key: &str) -> Vec<Range<usize>> {
    const SHORTEST: usize = 16;
    match key.len() >= SHORTEST || key.contains([':', '=', ' ', '@']) {
        true => private_parts(key),
        false => Vec::new(),
    }
}

/// The path as anybody may see it: with `•••` for what of its keys must not be shown. A place is
/// found by the path itself.
pub fn mask_path(path: &Path) -> Path {
    masked_path(path).unwrap_or_else(|| path.clone())
}

/// The same; `None` for a path that anybody may see as it is.
pub fn masked_path(path: &Path) -> Option<Path> {
    let is_private = |step: &Step| match step {
        Step::Key(key) => !private_parts(key).is_empty(),
        Step::Index(_) => false,
    };
    let masked = |step: &Step| match step {
        Step::Key(key) => Step::from(&*mask(key)),
        Step::Index(index) => Step::Index(*index),
    };
    let any = path.steps.iter().any(is_private);
    any.then(|| Path { steps: path.steps.iter().map(masked).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_key_are_those_of_a_text() {
        for key in ["image", "mid-dish/dish-manager/SKA001", "kubernetes.io/metadata.name", ""] {
            assert!(private_parts_of_key(key).is_empty(), "{key}");
        }
        for key in ["ska:hunter2@db", "password=hunter2", "--token hunter2", "kJ8s2Lq0Zx9Tn4Vb7Wc1"]
        {
            assert!(!private_parts_of_key(key).is_empty(), "{key}");
        }
    }

    #[test]
    fn a_key_that_holds_a_secret_is_shown_without_it() {
        for (path, shown) in [
            ("", ""),
            ("/spec/containers/0/image", "/spec/containers/0/image"),
            ("/data/password", "/data/password"),
            ("/data/password=hunter2/0", "/data/password=•••/0"),
            ("/data/a:~1~1b:hunter2@c", "/data/a:~1~1b:•••@c"),
            ("/data/kJ8s2Lq0Zx9Tn4Vb7Wc1", "/data/•••"),
        ] {
            let path = Path::parse(path).unwrap();
            assert_eq!(mask_path(&path).to_string(), shown);
            assert_eq!(masked_path(&path).is_some(), path.to_string() != shown);
        }
    }
}
