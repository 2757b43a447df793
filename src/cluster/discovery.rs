//! Which kinds the API server serves, and under which names of resources.

use kube::Client;
use kube::discovery::{ApiCapabilities, ApiGroup, ApiResource, Discovery, Scope, verbs};

/// The kinds that are served, in every version, in order of group, version and kind.
#[derive(Clone, Debug, Default)]
pub struct Served {
    pub resources: Vec<Resource>,
}

/// A kind in one version.
#[derive(Clone, Debug)]
pub struct Resource {
    pub api: ApiResource,
    pub namespaced: bool,
    /// Whether this version is the one that the group prefers.
    pub preferred: bool,
    pub subresources: Vec<Subresource>,
    operations: Vec<String>,
}

/// A part of a kind that is written by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subresource {
    /// What comes behind the slash: `status`, `scale`, `ephemeralcontainers`.
    pub name: String,
    /// The kind of what is sent there.
    pub group: String,
    pub version: String,
    pub kind: String,
}

impl Served {
    /// Asks the API server: two requests, whatever the number of groups.
    ///
    /// # Errors
    ///
    /// The API server does not answer, or not in a way that is understood.
    pub async fn ask(client: Client) -> Result<Self, kube::Error> {
        let discovery = Discovery::new(client).run_aggregated().await?;
        let mut resources: Vec<Resource> = discovery.groups().flat_map(resources_of).collect();
        resources.sort_by(|one, two| key(&one.api).cmp(&key(&two.api)));
        Ok(Self { resources })
    }

    /// The kinds once each, in the version that their group prefers.
    pub fn preferred(&self) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(|resource| resource.preferred)
    }

    /// Whether a kind is served, in whatever version; the group `*` is any one.
    pub fn has(&self, group: &str, kind: &str) -> bool {
        self.resources
            .iter()
            .any(|it| it.api.kind == kind && (group == "*" || it.api.group == group))
    }
}

impl Resource {
    pub fn can_be_listed(&self) -> bool {
        self.supports(verbs::LIST)
    }

    pub fn can_be_watched(&self) -> bool {
        self.supports(verbs::LIST) && self.supports(verbs::WATCH)
    }

    fn supports(&self, verb: &str) -> bool {
        self.operations.iter().any(|it| it == verb)
    }
}

fn resources_of(group: &ApiGroup) -> Vec<Resource> {
    let recommended = group.recommended_resources();
    let in_version = |version| {
        let recommended = &recommended;
        group.versioned_resources(version).into_iter().map(move |(api, capabilities)| {
            // What the preferred version lacks is served in another one.
            let preferred = recommended.iter().any(|(it, _)| *it == api);
            Resource::new(api, capabilities, preferred)
        })
    };
    group.versions().flat_map(in_version).collect()
}

impl Resource {
    fn new(api: ApiResource, capabilities: ApiCapabilities, preferred: bool) -> Self {
        let subresources = capabilities.subresources.into_iter().map(|(part, _)| Subresource {
            name: part.plural,
            group: part.group,
            version: part.version,
            kind: part.kind,
        });
        Self {
            api,
            namespaced: capabilities.scope == Scope::Namespaced,
            preferred,
            subresources: subresources.collect(),
            operations: capabilities.operations,
        }
    }
}

fn key(api: &ApiResource) -> (&str, &str, &str) {
    (&api.group, &api.version, &api.kind)
}
