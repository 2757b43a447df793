//! Where the images of a repository stand: a registry, and the folders before its names.

use super::registry::Registry;
use super::site::{Site, Unfit};
use super::source::site;
use crate::policyfile::{RepositorySettings, ServerKind, ServerSettings};

/// A place for images.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    pub(super) site: Site,
    /// The folders before `v2` in addresses: Nexus serves registries below its own.
    before: Vec<String>,
}

/// The shelf of a repository, and that of its quarantine.
#[derive(Clone, Debug)]
pub(super) struct Shelves {
    pub(super) from: Shelf,
    pub(super) to: Shelf,
    /// What names begin with here, and what in quarantine, where one registry holds both.
    folders: Option<(String, String)>,
}

impl Shelf {
    /// Where a repository's own images stand.
    pub(super) fn of(
        server: &ServerSettings,
        repository: &RepositorySettings,
    ) -> Result<Self, Unfit> {
        Self::at(server, repository.registry.as_deref(), &repository.name)
    }

    /// `registry` is an address of its own; without one a Nexus serves `name` below its address.
    fn at(server: &ServerSettings, registry: Option<&str>, name: &str) -> Result<Self, Unfit> {
        let plain = registry.is_some() || server.kind == ServerKind::Oci;
        let before = if plain { vec![] } else { vec!["repository".to_owned(), name.to_owned()] };
        Ok(Self { site: site(server, registry.unwrap_or(&server.url))?, before })
    }

    /// One of its repositories, to do these things with: `pull`, `push`, `delete`.
    pub(super) fn registry<'s>(&'s self, name: &'s str, actions: &str) -> Registry<'s> {
        let before = self.before.iter().map(String::as_str).collect();
        Registry::new(&self.site, before, name, actions)
    }
}

impl Shelves {
    /// None where images are not moved.
    pub(super) fn of(
        server: &ServerSettings,
        repository: &RepositorySettings,
    ) -> Result<Option<Self>, Unfit> {
        let Some(quarantine) = &repository.quarantine else { return Ok(None) };
        if repository.format != "docker" {
            return Ok(None);
        }
        let from = Shelf::of(server, repository)?;
        let to = Shelf::at(server, repository.quarantine_registry.as_deref(), quarantine)?;
        let folders = match server.kind {
            ServerKind::Nexus => None,
            ServerKind::Oci => Some((repository.name.clone(), quarantine.clone())),
        };
        Ok(Some(Self { from, to, folders }))
    }

    /// Whether one registry holds both, so that it need not be sent what it has.
    pub(super) const fn are_one(&self) -> bool {
        self.folders.is_some()
    }

    /// What a name is in quarantine.
    pub(super) fn renamed(&self, name: &str) -> String {
        match &self.folders {
            None => name.to_owned(),
            Some((here, there)) => format!("{there}{}", name.strip_prefix(here).unwrap_or(name)),
        }
    }
}
