//! `.portcullis.yaml`: what a repository says of how it is linted, so that nobody types it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::kind::API_VERSION;
use super::problem::Problems;
use super::read::Source;
use super::schema::of_type;
use super::strict;

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Configuration {
    /// What `portcullis lint` is told. Each field is the flag of that name; a flag and an environment
    /// variable take its place. Paths are from the folder of this file.
    pub lint: LintConfiguration,
}

/// The flags of `lint`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LintConfiguration {
    /// What is linted if nobody names it: files, directories, globs, charts, kustomizations.
    pub paths: Vec<String>,
    /// Files and directories of policies, beside the shipped ones.
    pub policy: Vec<String>,
    /// Leaves the shipped policies out.
    pub no_default_policies: bool,
    /// How the report on the standard output looks.
    #[schemars(with = "String")]
    pub format: Option<String>,
    /// Files of further reports, by format.
    pub output: BTreeMap<String, String>,
    /// What makes the run fail: `deny`, `warn`, `audit` or a severity.
    #[schemars(with = "String")]
    pub fail_on: Option<String>,
    /// The file of what was known before.
    #[schemars(with = "String")]
    pub baseline: Option<String>,
    /// The namespace of objects that name none.
    #[schemars(with = "String")]
    pub namespace: Option<String>,
    /// The labels of that namespace.
    pub namespace_labels: BTreeMap<String, String>,
    /// The tier of the place.
    #[schemars(with = "String")]
    pub tier: Option<String>,
    /// A file with more facts.
    #[schemars(with = "String")]
    pub facts: Option<String>,
    /// Fails if a rule could not judge.
    pub strict: bool,
    /// Takes a run without any object for a good one.
    pub allow_empty: bool,
    /// Files with values for charts; the last one wins.
    pub values: Vec<String>,
    /// Values for charts: `KEY=VALUE`.
    pub set: Vec<String>,
    /// Values by name; charts are judged with each of these sets.
    pub value_sets: BTreeMap<String, ValueSetConfiguration>,
    /// The name of the release.
    #[schemars(with = "String")]
    pub release: Option<String>,
    /// The Kubernetes version that charts see.
    #[schemars(with = "String")]
    pub kube_version: Option<String>,
    /// APIs that charts see, beside Kubernetes' own.
    pub api_versions: Vec<String>,
    /// Renders twice, and reports what differs.
    pub render_twice: bool,
}

/// One set of values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ValueSetConfiguration {
    /// Files with values.
    pub values: Vec<String>,
    /// Values: `KEY=VALUE`.
    pub set: Vec<String>,
}

impl Configuration {
    /// What the file is called, in the folder of the repository or in one above.
    pub const FILE: &str = ".portcullis.yaml";

    /// Reads the file. An empty one says nothing.
    ///
    /// # Errors
    ///
    /// Every mistake of the file.
    pub fn read(source: &Source<'_>) -> Result<Self, Problems> {
        let all = strict::read(source)?;
        Ok(all.into_iter().map(|(read, _)| read).next().unwrap_or_default())
    }

    /// The JSON Schema of the file, for editors.
    pub fn schema() -> Json {
        let mut schema = of_type::<Self>();
        if let Some(schema) = schema.as_object_mut() {
            let draft = "https://json-schema.org/draft/2020-12/schema";
            schema.insert("$schema".to_owned(), json!(draft));
            let id = format!("https://{API_VERSION}/configuration.schema.json");
            schema.insert("$id".to_owned(), json!(id));
            schema.insert("title".to_owned(), json!("Portcullis configuration"));
        }
        schema
    }
}
