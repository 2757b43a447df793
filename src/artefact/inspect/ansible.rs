//! Ansible collections: an archive with `MANIFEST.json` and `FILES.json` at its root.
//!
//! Source: docs.ansible.com, "Collection structure". Nexus keeps them as `raw`.

use serde::Deserialize;

use super::archive::Files;
use super::{Contents, said};
use crate::artefact::subject::{Declared, Form};

pub(super) const MANIFEST: &str = "MANIFEST.json";
pub(super) const FILES: &str = "FILES.json";

#[derive(Deserialize)]
struct Manifest {
    collection_info: Info,
}

#[derive(Deserialize)]
struct Info {
    name: String,
    version: String,
}

/// What a collection says of itself; `None` if the files are those of something else.
pub(super) fn collection(files: &Files) -> Option<Contents> {
    let text = files.get(MANIFEST).filter(|_| files.contains_key(FILES))?;
    let Manifest { collection_info: info } = serde_json::from_slice(text).ok()?;
    Some(Contents {
        form: Some(Form::Ansible),
        declared: Declared { name: said(&info.name), version: said(&info.version) },
        ..Contents::default()
    })
}
