//! The repositories that are judged, and the servers that hold them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::catalogue::Catalogue;
use super::nexus::Nexus;
use super::shelf::Shelves;
use super::site::{Caller, Site, Unfit};
use super::trouble::Trouble;
use crate::artefact::{Page, Push};
use crate::policyfile::{
    ArtefactDoor, CredentialSettings, RepositorySettings, ServerKind, ServerSettings,
    TokenServerSettings,
};

/// All repositories that are judged, by name.
#[derive(Clone, Debug)]
pub struct Sources(Arc<BTreeMap<String, Source>>);

/// A repository, and how to ask about it.
#[derive(Clone, Debug)]
pub struct Source {
    pub settings: RepositorySettings,
    server: Server,
    /// Where images are and where they are moved to, if they are.
    shelves: Option<Shelves>,
}

#[derive(Clone, Debug)]
enum Server {
    Nexus(Nexus),
    Oci(Catalogue),
}

impl Sources {
    /// # Errors
    ///
    /// A server of the configuration can't be called.
    pub fn new(door: &ArtefactDoor) -> Result<Self, Unfit> {
        let mut all = BTreeMap::new();
        for settings in &door.repositories {
            let Some(server) = door.server(settings) else { continue };
            let (site, shelves) = (site(server, &server.url)?, Shelves::of(server, settings)?);
            let server = match server.kind {
                ServerKind::Nexus => Server::Nexus(Nexus::new(site)),
                ServerKind::Oci => Server::Oci(Catalogue::new(site, settings.name.clone())),
            };
            all.insert(
                settings.name.clone(),
                Source { settings: settings.clone(), server, shelves },
            );
        }
        Ok(Self(Arc::new(all)))
    }

    /// The repository of a name, if it is judged.
    pub fn find(&self, name: &str) -> Option<&Source> {
        self.0.get(name)
    }

    /// The repository that holds an image of a registry: the deepest folder before its name.
    pub(super) fn holding(&self, image: &str) -> Option<&Source> {
        let holds = |it: &&Source| {
            let rest = image.strip_prefix(it.settings.name.as_str());
            matches!(it.server, Server::Oci(_)) && rest.is_some_and(|rest| rest.starts_with('/'))
        };
        self.0.values().filter(holds).max_by_key(|it| it.settings.name.len())
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &Source> {
        self.0.values()
    }
}

impl Source {
    /// What the repository says of a component at the moment; none if it is not there.
    pub(super) async fn look(&self, component: &str) -> Result<Option<Push>, Trouble> {
        match &self.server {
            Server::Nexus(nexus) => nexus.component(component).await,
            Server::Oci(registry) => registry.component(component).await,
        }
    }

    /// A page of what is there. Where that takes several calls, there is a pause before each.
    pub(super) async fn page(&self, token: Option<&str>, pause: Duration) -> Result<Page, Trouble> {
        match &self.server {
            Server::Nexus(nexus) => nexus.page(&self.settings.name, token).await,
            Server::Oci(registry) => registry.page(token, pause).await,
        }
    }

    /// What moves files, if it is a server that can.
    pub(super) const fn nexus(&self) -> Option<&Nexus> {
        match &self.server {
            Server::Nexus(nexus) => Some(nexus),
            Server::Oci(_) => None,
        }
    }

    /// Where images are moved from and to, if they are.
    pub(super) const fn shelves(&self) -> Option<&Shelves> {
        self.shelves.as_ref()
    }

    /// Deletes a component; one that is gone already is deleted.
    pub(super) async fn delete(&self, push: &Push) -> Result<(), Trouble> {
        match &self.server {
            Server::Nexus(nexus) => nexus.delete(&push.component).await,
            Server::Oci(registry) => registry.delete(push).await,
        }
    }
}

/// A server of the configuration, at one of its addresses.
pub(super) fn site(server: &ServerSettings, url: &str) -> Result<Site, Unfit> {
    let (caller, private) = (caller(server.credentials.as_ref()), server.private_addresses);
    let site = Site::new(url, caller, server.ca_file.as_deref(), private)?;
    let giver = server.token_server.as_ref().map(token_site).transpose()?;
    Ok(site.sent_on_to(&server.redirects, private)?.with_tokens_of(giver))
}

/// Who gives a server's tokens. It gets its own credentials alone.
fn token_site(settings: &TokenServerSettings) -> Result<Site, Unfit> {
    let TokenServerSettings { url, credentials, ca_file, private_addresses } = settings;
    Site::new(url, caller(credentials.as_ref()), ca_file.as_deref(), *private_addresses)
}

fn caller(credentials: Option<&CredentialSettings>) -> Caller {
    credentials.map_or(Caller::Anybody, |files| Caller::User {
        name: PathBuf::from(&files.username_file),
        password: PathBuf::from(&files.password_file),
    })
}
