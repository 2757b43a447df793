//! The file of the artefact door: which repositories there are, and what is done about a push.
//!
//! Secrets are never in it: it names the files that hold them.

mod check;
mod defaults;
mod server;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::kind::API_VERSION;
use super::problem::Problems;
use super::read::Source;
use super::schema::of_type;
use super::strict;
use crate::engine::Globs;

pub use server::{
    CredentialSettings, RepositorySettings, ServerKind, ServerSettings, TokenServerSettings,
};

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArtefactDoor {
    /// The servers that hold repositories. Nothing else is ever fetched from.
    #[schemars(length(min = 1))]
    pub servers: Vec<ServerSettings>,
    /// The repositories whose artefacts are judged.
    #[schemars(length(min = 1))]
    pub repositories: Vec<RepositorySettings>,
    /// What is needed to take hooks. Without it the sweep alone finds what was pushed.
    #[schemars(with = "HookSettings")]
    #[serde(default)]
    pub hooks: Option<HookSettings>,
    #[serde(default)]
    pub sweep: SweepSettings,
    #[serde(default)]
    pub actions: ActionSettings,
    /// Where authors are told. Without it nobody is told there.
    #[schemars(with = "GitlabSettings")]
    #[serde(default)]
    pub gitlab: Option<GitlabSettings>,
    /// A chat that is told of every artefact that was not accepted.
    #[schemars(with = "ChatSettings")]
    #[serde(default)]
    pub chat: Option<ChatSettings>,
    #[serde(default)]
    pub work: WorkSettings,
    #[serde(default)]
    pub limits: LimitSettings,
    #[serde(default)]
    pub verdicts: VerdictSettings,
    /// The folder in which a scanner leaves its report of an artefact, as `sha256-DIGITS.json` by the
    /// artefact's digest, in the JSON of Trivy or of CycloneDX.
    #[schemars(with = "String")]
    #[serde(default)]
    pub vulnerability_reports: Option<String>,
}

/// How hooks come in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HookSettings {
    /// Files that hold a secret of Nexus' webhook each: several while one takes the place of another.
    #[serde(default)]
    pub secret_files: Vec<String>,
    /// Files that hold a token each, which Harbor and other registries send in `Authorization`, alone
    /// or after `Bearer`.
    #[serde(default)]
    pub token_files: Vec<String>,
    /// The largest event, in bytes.
    #[serde(default = "a_mebibyte")]
    #[schemars(range(min = 1024))]
    pub max_bytes: u32,
    /// How many events may wait to be judged; beyond it the answer is 503, and the sweep finds
    /// them later.
    #[serde(default = "a_million")]
    #[schemars(range(min = 1))]
    pub max_waiting: u32,
}

/// How the sweep finds what the hooks did not tell.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SweepSettings {
    /// How long after the start of one sweep the next begins, in seconds.
    #[schemars(range(min = 1))]
    pub interval_seconds: u32,
    /// How many calls a second it makes at most.
    #[schemars(range(min = 1))]
    pub calls_per_second: u32,
}

/// What is done about an artefact that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ActionSettings {
    /// Whether actions are only recorded. A new installation looks on first.
    pub dry_run: bool,
    /// What follows a finding of an entry with `enforcement: Deny`.
    pub deny: Vec<ActionKind>,
    /// What follows a finding of an entry with `enforcement: Warn`, if there is none with `Deny`.
    pub warn: Vec<ActionKind>,
    /// Policies whose findings alone make an issue where others make a merge request.
    pub issue_for: Vec<String>,
}

/// One thing that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ActionKind {
    /// Copies the artefact to the quarantine repository, and takes it out of its own.
    Quarantine,
    /// Tells the author in GitLab, by a merge request or an issue.
    Author,
    /// Tells the chat.
    Chat,
}

/// GitLab, where authors are told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GitlabSettings {
    /// Its base address: `https://gitlab.com`.
    pub url: String,
    /// The file that holds the token, which needs the scope `api`.
    pub token_file: String,
    /// Paths of projects that may be named by an artefact's metadata, as globs: `*` is any text.
    #[serde(default = "ska_projects")]
    pub projects: Globs,
    /// The path of the platform team's project, which is told where the metadata name no other.
    pub platform_project: String,
    /// A file of certificates to trust beside the usual ones, as PEM.
    #[schemars(with = "String")]
    #[serde(default)]
    pub ca_file: Option<String>,
    /// Whether its address may be one that only this network knows, or this machine's own.
    #[serde(default)]
    pub private_addresses: bool,
}

/// A chat with an incoming webhook that takes `{"text": …}`: Slack, Mattermost, Rocket.Chat.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatSettings {
    /// The file that holds the address of the webhook: whoever knows it can write.
    pub webhook_file: String,
    /// Whether its address may be one that only this network knows, or this machine's own.
    #[serde(default)]
    pub private_addresses: bool,
}

/// How pushes are worked off.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WorkSettings {
    /// How many are worked on at once.
    #[schemars(range(min = 1, max = 64))]
    pub workers: u8,
    /// How long one replica may hold a push without a sign of life, in seconds.
    #[schemars(range(min = 2))]
    pub lease_seconds: u32,
    /// How long after a hook the component is looked at, in milliseconds: its files may follow.
    pub settle_milliseconds: u32,
    /// How often a push is tried before a person has to look at it.
    #[schemars(range(min = 1))]
    pub attempts: u32,
    /// How long to wait after the first failure, in milliseconds. It doubles each time, up to an
    /// hour.
    #[schemars(range(min = 1))]
    pub backoff_milliseconds: u32,
}

/// How much of an artefact is read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LimitSettings {
    /// The largest file that is fetched, in bytes.
    #[schemars(range(min = 1024))]
    pub file_bytes: u64,
    /// What all that is unpacked may take, in bytes.
    #[schemars(range(min = 1024))]
    pub unpacked_bytes: u64,
    /// How many entries an archive may have.
    #[schemars(range(min = 1))]
    pub entries: u32,
    /// How many times larger than the archive its content may be.
    #[schemars(range(min = 2))]
    pub ratio: u32,
    /// How long one artefact may be fetched, in seconds.
    #[schemars(range(min = 1))]
    pub fetch_seconds: u32,
    /// How long one artefact may be inspected, in seconds of a processor.
    #[schemars(range(min = 1))]
    pub inspect_seconds: u32,
    /// The memory of the process that inspects, in bytes.
    #[schemars(range(min = 67_108_864))]
    pub memory_bytes: u64,
}

/// How long verdicts are kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct VerdictSettings {
    /// For how many days a verdict is kept on what is not in its repository any more, or has other
    /// files there. Others stay.
    #[schemars(range(min = 1))]
    pub keep_days: u32,
}

impl ArtefactDoor {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// Every mistake of the file.
    pub fn read(source: &Source<'_>) -> Result<Self, Problems> {
        let all = strict::read::<Self>(source)?;
        check::one(source, all)
    }

    /// The JSON Schema of the file, for editors.
    pub fn schema() -> Json {
        let mut schema = of_type::<Self>();
        if let Some(schema) = schema.as_object_mut() {
            let draft = "https://json-schema.org/draft/2020-12/schema";
            schema.insert("$schema".to_owned(), json!(draft));
            let id = format!("https://{API_VERSION}/artefacts.schema.json");
            schema.insert("$id".to_owned(), json!(id));
            schema.insert("title".to_owned(), json!("Portcullis artefact door"));
        }
        schema
    }

    /// The repository of a name that is judged.
    pub fn repository(&self, name: &str) -> Option<&RepositorySettings> {
        self.repositories.iter().find(|it| it.name == name)
    }

    /// The server that holds a repository.
    pub fn server(&self, repository: &RepositorySettings) -> Option<&ServerSettings> {
        self.servers.iter().find(|it| it.name == repository.server)
    }
}

impl ActionKind {
    /// Its name in the file, in the database and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quarantine => "quarantine",
            Self::Author => "author",
            Self::Chat => "chat",
        }
    }
}

const fn a_mebibyte() -> u32 {
    1 << 20
}

const fn a_million() -> u32 {
    1_000_000
}

fn ska_projects() -> Globs {
    Globs::new(["ska-telescope/*"]).unwrap_or_default()
}
