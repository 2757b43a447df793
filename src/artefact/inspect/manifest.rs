//! `MANIFEST.skao.int`: the metadata that pipelines put into everything but images.
//!
//! Source: ska-cicd-makefile, `.make-metadata-support`: `PROJECT=`, `VERSION=`, then lines of
//! `KEY=VALUE` that were picked from the environment by a part of their name, so that others may
//! stand between them. Those are never kept: a build's environment holds secrets.

use std::collections::BTreeMap;

use crate::resource::metadata_key::KEYS;

/// What the file is called, wherever it lies.
pub(super) const NAME: &str = "MANIFEST.skao.int";

/// The longest value that is kept, in bytes.
const LONGEST: usize = 4 << 10;

/// Whether `path` is the file, or what is called `other`, in the one folder that all lies in.
pub(super) fn is_beside(other: &str, path: &str) -> bool {
    path.split_once('/').is_some_and(|(_, rest)| rest == other || rest == NAME)
}

/// The known keys of the file, each with its first value that is not empty; none without a file.
pub(super) fn found(text: Option<&Vec<u8>>) -> BTreeMap<String, String> {
    text.map(|text| metadata(text)).unwrap_or_default()
}

/// The same of a text that is there.
pub(super) fn metadata(text: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(text);
    pick(text.lines().filter_map(|line| line.split_once('=')))
}

/// The known keys of such pairs.
pub(super) fn pick<'p>(
    pairs: impl IntoIterator<Item = (&'p str, &'p str)>,
) -> BTreeMap<String, String> {
    let mut picked = BTreeMap::new();
    for (key, value) in pairs {
        let (key, value) = (key.trim(), value.trim());
        if !value.is_empty() && value.len() <= LONGEST && KEYS.iter().any(|it| it.0 == key) {
            picked.entry(key.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_keys_are_kept_and_the_first_value_stands() {
        let text = "PROJECT=ska-a\nVERSION=1.0.0\nCI_JOB_ID=42\r\nMY_CI_JOB_ID=7\nCI_JOB_ID=8\n\
                    GITLAB_USER_NAME=Ada = Lovelace\nCI_RUNNER_ID=\nDEPLOY_TOKEN=s3cret\nno pair\n";
        let metadata = metadata(text.as_bytes());
        let pairs: Vec<(&str, &str)> =
            metadata.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("CI_JOB_ID", "42"), ("GITLAB_USER_NAME", "Ada = Lovelace")]);
    }
}
