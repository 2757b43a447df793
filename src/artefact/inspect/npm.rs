//! npm packages: `package.json` in the one folder that everything lies in.
//!
//! Source: docs.npmjs.com, `package.json`; npm packs all files below `package/`.

use std::io::{Read, Seek};

use serde::Deserialize;

use super::limits::{Limits, Problems};
use super::{Contents, archive, manifest, said};
use crate::artefact::subject::Declared;

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
}

const PACKAGE: &str = "package.json";

pub(super) fn read(
    file: &mut (impl Read + Seek),
    limits: &Limits,
    problems: &mut Problems,
) -> Contents {
    let files = archive::files(file, limits, problems, |path| manifest::is_beside(PACKAGE, path));
    let find = |wanted| files.iter().find(|it| it.0.ends_with(wanted)).map(|it| it.1);
    let mut contents = Contents::default();
    match find(PACKAGE).map(|text| serde_json::from_slice::<Package>(text)) {
        None => problems.broken(PACKAGE, "is not in the package"),
        Some(Err(error)) => problems.broken(PACKAGE, format!("can't be read: {error}")),
        Some(Ok(Package { name, version })) => {
            // A scope says whose it is: `@skao/ska-panel`.
            let name = name.rsplit_once('/').map_or(name.as_str(), |(_, name)| name);
            contents.declared = Declared { name: said(name), version: said(&version) };
        }
    }
    contents.metadata = manifest::found(find(manifest::NAME));
    contents
}
