//! The servers and repositories in the file of the artefact door.

use schemars::JsonSchema;
use serde::Deserialize;

/// A server that holds repositories.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServerSettings {
    /// What repositories call it.
    pub name: String,
    /// What it is.
    #[serde(default)]
    pub kind: ServerKind,
    /// Its base address: `https://artefact.skao.int`.
    pub url: String,
    /// Who asks. Without it nobody in particular does.
    #[schemars(with = "CredentialSettings")]
    #[serde(default)]
    pub credentials: Option<CredentialSettings>,
    /// A file of certificates to trust beside the usual ones, as PEM.
    #[schemars(with = "String")]
    #[serde(default)]
    pub ca_file: Option<String>,
    /// Whether its address may be one that only this network knows, or this machine's own.
    #[serde(default)]
    pub private_addresses: bool,
    /// Base addresses of others that it may send on to, such as the store where a registry keeps its
    /// layers. No credential goes there.
    #[serde(default)]
    pub redirects: Vec<String>,
    /// Who gives tokens for a registry, if it is not the registry itself. Without it nobody else is
    /// asked for one.
    #[schemars(with = "TokenServerSettings")]
    #[serde(default)]
    pub token_server: Option<TokenServerSettings>,
}

/// A server that gives tokens for a registry. The registry's own credentials don't go there, and
/// these go nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenServerSettings {
    /// Its base address: `https://gitlab.com/jwt`.
    pub url: String,
    /// Who asks. Without it nobody in particular does.
    #[schemars(with = "CredentialSettings")]
    #[serde(default)]
    pub credentials: Option<CredentialSettings>,
    /// A file of certificates to trust beside the usual ones, as PEM.
    #[schemars(with = "String")]
    #[serde(default)]
    pub ca_file: Option<String>,
    /// Whether its address may be one that only this network knows, or this machine's own.
    #[serde(default)]
    pub private_addresses: bool,
}

/// What a server is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ServerKind {
    /// A Nexus Repository.
    #[default]
    Nexus,
    /// A registry of the OCI distribution API: Harbor, or a plain one.
    Oci,
}

/// A user and a password, in files.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CredentialSettings {
    /// The file that holds the name of the user.
    pub username_file: String,
    /// The file that holds the password.
    pub password_file: String,
}

/// A repository whose artefacts are judged.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RepositorySettings {
    /// Its name on the server.
    pub name: String,
    /// The server that holds it.
    pub server: String,
    /// Its format, in Nexus' word for it: `docker`, `helm`, `pypi`, `raw`, …
    pub format: String,
    /// The repository of the same server and format that takes what is not accepted, or the folder
    /// of the same registry. Without it nothing is moved away.
    #[schemars(with = "String")]
    #[serde(default)]
    pub quarantine: Option<String>,
    /// Where images of this repository are pulled from, if not from `/repository/NAME` of the
    /// server: `https://docker.artefact.skao.int`.
    #[schemars(with = "String")]
    #[serde(default)]
    pub registry: Option<String>,
    /// Where images of the quarantine repository are pushed to, if not to `/repository/NAME` of the
    /// server.
    #[schemars(with = "String")]
    #[serde(default)]
    pub quarantine_registry: Option<String>,
}
