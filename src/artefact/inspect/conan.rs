//! Conan packages: a recipe and packed folders, each a file of the component.
//!
//! Source: docs.conan.io, "conanfile.py"; ska-cicd-makefile `.make-conan-support`: the recipe
//! copies the metadata into the package.

use std::io::{Read, Seek};
use std::sync::LazyLock;

use regex::Regex;

use super::limits::{Limits, Problems};
use super::{Contents, archive, manifest, said};
use crate::artefact::subject::Declared;

const RECIPE: &str = "conanfile.py";

pub(super) fn read(
    name: &str,
    file: &mut (impl Read + Seek),
    limits: &Limits,
    problems: &mut Problems,
) -> Contents {
    if name == RECIPE {
        return recipe(file, limits, problems);
    }
    let mut contents = Contents::default();
    if name.ends_with(".tgz") {
        // The package copies it to wherever its recipe says.
        let wants = |path: &str| path.rsplit('/').next() == Some(manifest::NAME);
        let files = archive::files(file, limits, problems, wants);
        let found = files.values().next();
        contents.metadata = manifest::found(found);
    }
    contents
}

/// What the recipe sets as plain texts; it may also work them out, and then says nothing.
fn recipe(file: &mut impl Read, limits: &Limits, problems: &mut Problems) -> Contents {
    static FIELD: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r#"(?m)^\s+(name|version)\s*=\s*["']([^"'\n]{1,200})["']"#;
        Regex::new(pattern).unwrap_or_else(|error| unreachable!("{error}"))
    });
    let mut bytes = Vec::new();
    if let Err(error) = file.take(limits.text as u64).read_to_end(&mut bytes) {
        problems.broken(RECIPE, format!("can't be read: {error}"));
    }
    let text = String::from_utf8_lossy(&bytes);
    let field = |wanted: &str| {
        let mut all = FIELD.captures_iter(&text).map(|it| it.extract().1);
        all.find(|[key, _]| *key == wanted).and_then(|[_, value]| said(value))
    };
    let declared = Declared { name: field("name"), version: field("version") };
    Contents { declared, ..Contents::default() }
}
