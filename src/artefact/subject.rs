//! What is known of an artefact: the tree that rules judge.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::{Value, owned};
use crate::engine::{ARTEFACT, Identity};

/// What sort of thing an artefact is. Nexus keeps several of them in repositories of the format
/// `raw`; which one it is, the thing itself says.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    Ansible,
    Conan,
    Deb,
    Docker,
    Helm,
    Npm,
    Pypi,
    #[default]
    Raw,
    Rpm,
}

/// An artefact, as its inspector found it and as its repository knows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Artefact {
    pub format: Form,
    /// Empty for one that is in no repository.
    pub repository: String,
    pub name: String,
    /// Empty for an image that is named by its digest alone.
    pub version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// How an image is named where it runs: `artefact.skao.int/ska-tango-examples:1.0.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The keys of `resource::metadata_key`; nothing else gets in, since a build's environment
    /// stands beside them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// What it says itself that it is called.
    #[serde(skip_serializing_if = "Declared::is_empty")]
    pub declared: Declared,
    /// The platforms of an image, the files of a component.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// The `Chart.yaml` of a chart.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "tree")]
    pub chart: Option<Value<'static>>,
    /// What the same version was before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
    /// What a scanner elsewhere found; `None` if there is no report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vulnerabilities: Option<Vec<Vulnerability>>,
    /// What its inspector came upon, the first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// What an artefact says in itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Declared {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// One of several that make an artefact: a platform of an image, a file of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Part {
    /// `linux/arm64`, or the name of the file.
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Declared::is_empty")]
    pub declared: Declared,
}

/// What a repository had under the same name and version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    pub digest: String,
}

/// One line of a scanner's report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vulnerability {
    pub id: String,
    /// In lower case: `critical`, `high`, `medium`, `low`, `unknown`.
    pub severity: String,
    pub package: String,
    /// The first version without it, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_in: Option<String>,
}

/// Something that an inspector came upon, at a place in the artefact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub sort: Sort,
    /// The entry of an archive, or the file; empty for the artefact as a whole.
    pub place: String,
    /// One lower-case phrase.
    pub message: String,
}

/// What a problem says of the artefact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// It harms whoever unpacks or renders it.
    Unsafe,
    /// It is not what its format says.
    Broken,
}

impl Form {
    pub const ALL: [Self; 9] = [
        Self::Ansible,
        Self::Conan,
        Self::Deb,
        Self::Docker,
        Self::Helm,
        Self::Npm,
        Self::Pypi,
        Self::Raw,
        Self::Rpm,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ansible => "ansible",
            Self::Conan => "conan",
            Self::Deb => "deb",
            Self::Docker => "docker",
            Self::Helm => "helm",
            Self::Npm => "npm",
            Self::Pypi => "pypi",
            Self::Raw => "raw",
            Self::Rpm => "rpm",
        }
    }

    /// What a repository of this format holds, as Nexus names formats; `raw` for one that nothing
    /// is known of.
    pub fn of_repository(format: &str) -> Self {
        match format {
            "apt" | "deb" => Self::Deb,
            "conan" => Self::Conan,
            "docker" => Self::Docker,
            "helm" => Self::Helm,
            "npm" => Self::Npm,
            "pypi" => Self::Pypi,
            "rpm" | "yum" => Self::Rpm,
            _ => Self::Raw,
        }
    }

    /// What a file is by its name; `None` if the name does not tell.
    pub fn of_file(name: &str) -> Option<Self> {
        let ends = |ending: &str| name.ends_with(ending);
        match () {
            () if ends(".whl") || ends(".egg") => Some(Self::Pypi),
            () if ends(".deb") => Some(Self::Deb),
            () if ends(".rpm") => Some(Self::Rpm),
            () => None,
        }
    }
}

impl Artefact {
    /// Which subject it is.
    pub fn identity(&self) -> Identity {
        Identity {
            format: Some(self.format.as_str().to_owned()),
            group: self.repository.clone(),
            version: self.version.clone(),
            kind: ARTEFACT.to_owned(),
            name: self.name.clone(),
            ..Identity::default()
        }
    }

    /// The tree as a text of JSON, which [`crate::document::json`] reads.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string(self);
        text.unwrap_or_else(|_| unreachable!("strings, maps and lists only"))
    }

    /// Takes what was found in one more file of the same component.
    pub fn join(&mut self, other: Self) {
        if self.metadata.is_empty() {
            self.metadata.clone_from(&other.metadata);
        }
        if self.declared.is_empty() {
            self.declared.clone_from(&other.declared);
        }
        self.chart = self.chart.take().or(other.chart);
        self.parts.extend(other.parts);
        self.problems.extend(other.problems);
        // What a file in a repository of the format `raw` is, it says itself.
        if self.format == Form::Raw {
            self.format = other.format;
        }
    }
}

impl Declared {
    pub fn is_empty(&self) -> bool {
        self.name.is_none() && self.version.is_none()
    }
}

fn tree<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value<'static>>, D::Error> {
    owned(from).map(|value| Some(value).filter(|it| !it.is_null()))
}
