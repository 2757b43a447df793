//! Opens an artefact, and finds what rules judge: one file a format.
//!
//! An inspector reads from whatever holds the bytes, and opens no file itself. It never fails:
//! what is wrong with an artefact is a [`Problem`](super::subject::Problem) of it, with its place.
//! Its memory is bounded by [`Limits`]; what still goes beyond them ends with the process that it
//! runs in (`worker::child`).

mod ansible;
mod archive;
mod conan;
mod deb;
mod entry;
mod helm;
mod layer;
mod limits;
mod manifest;
mod meter;
mod npm;
pub mod oci;
mod python;
mod raw;
mod rpm;
mod unpack;

pub use self::limits::Limits;
pub(super) use self::limits::shown;

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use self::limits::Problems;
use super::subject::{Artefact, Declared, Form, Part};
use crate::document::Value;

/// What an inspector read in one file.
#[derive(Debug, Default)]
struct Contents {
    /// Where the file says more than its repository's format does.
    form: Option<Form>,
    declared: Declared,
    metadata: BTreeMap<String, String>,
    chart: Option<Value<'static>>,
}

/// Inspects one file of an artefact. `name` is the file's, without its folder.
pub fn file(form: Form, name: &str, file: &mut (impl Read + Seek), limits: &Limits) -> Artefact {
    let form = match form {
        Form::Raw => Form::of_file(name).unwrap_or(Form::Raw),
        form => form,
    };
    let mut problems = Problems::default();
    let contents = match form {
        Form::Docker => layer::read(file, limits, &mut problems),
        Form::Ansible | Form::Raw => raw::read(file, limits, &mut problems),
        Form::Conan => conan::read(name, file, limits, &mut problems),
        Form::Deb => deb::read(file, limits, &mut problems),
        Form::Helm => helm::read(file, limits, &mut problems),
        Form::Npm => npm::read(file, limits, &mut problems),
        Form::Pypi => python::read(name, file, limits, &mut problems),
        Form::Rpm => rpm::read(file, limits, &mut problems),
    };
    let Contents { form: said, declared, metadata, chart } = contents;
    let form = said.unwrap_or(form);
    // A wheel and the sources beside it say the same; a conan recipe and its package do not.
    let part = (form == Form::Pypi).then(|| Part {
        name: limits::shown(name),
        digest: None,
        metadata: metadata.clone(),
        declared: declared.clone(),
    });
    Artefact {
        format: form,
        metadata,
        declared,
        chart,
        parts: part.into_iter().collect(),
        problems: problems.into_list(),
        ..Artefact::default()
    }
}

/// Inspects a layer of an image, as it comes in.
pub fn layer(stream: impl Read, limits: &Limits) -> Artefact {
    let mut problems = Problems::default();
    layer::read(stream, limits, &mut problems);
    let problems = problems.into_list();
    Artefact { format: Form::Docker, problems, ..Artefact::default() }
}

/// A value of lines such as `Name: ska-thing`, as mail has them; the first stands.
fn header<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let head = text.lines().take_while(|line| !line.is_empty());
    let mut pairs = head.filter_map(|line| line.split_once(':'));
    let value = pairs.find(|(name, _)| name.eq_ignore_ascii_case(key))?.1.trim();
    (!value.is_empty()).then_some(value)
}

/// A name or version as it is kept: short, and on one line.
fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| limits::shown(text))
}
