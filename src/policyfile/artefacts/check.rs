//! What no schema says: names that refer to each other, and addresses.

use super::{ArtefactDoor, HookSettings, RepositorySettings, ServerKind};
use crate::document::{Span, Value};
use crate::engine::nearest;
use crate::policyfile::misfit::did_you_mean;
use crate::policyfile::problem::Problems;
use crate::policyfile::read::{Found, Source};
use crate::policyfile::strict::problems;

/// The formats that can be moved: whose files Nexus takes by its components interface, and images.
const MOVED: [&str; 7] = ["apt", "docker", "helm", "npm", "pypi", "raw", "yum"];

/// The one document of the file, if nothing in it is wrong.
pub(super) fn one(
    source: &Source<'_>,
    all: Vec<(ArtefactDoor, Value<'_>)>,
) -> Result<ArtefactDoor, Problems> {
    let mut all = all.into_iter();
    let Some((door, value)) = all.next() else {
        let message = "the file is empty".to_owned();
        let help = Some("name at least one server and one repository".to_owned());
        return Err(problems(source, vec![Found { span: Span::new(0, 0), message, help }]));
    };
    let mut check = Check { door: &door, value: &value, found: Vec::new() };
    check.servers();
    check.repositories();
    check.addresses();
    check.hooks();
    check.actions();
    let mut found = check.found;
    if let Some((_, second)) = all.next() {
        let message = "a second document in the file".to_owned();
        found.push(Found { span: second.span, message, help: None });
    }
    if found.is_empty() { Ok(door) } else { Err(problems(source, found)) }
}

struct Check<'a> {
    door: &'a ArtefactDoor,
    value: &'a Value<'a>,
    found: Vec<Found>,
}

impl Check<'_> {
    fn servers(&mut self) {
        for (rank, server) in self.door.servers.iter().enumerate() {
            let before = self.door.servers.iter().take(rank);
            if before.into_iter().any(|other| other.name == server.name) {
                let message = format!("a second server is called `{}`", server.name);
                self.note(&["servers"], rank, "name", message, None);
            }
        }
    }

    fn repositories(&mut self) {
        let door = self.door;
        for (rank, repository) in door.repositories.iter().enumerate() {
            let list = &["repositories"][..];
            if door.repositories.iter().take(rank).any(|other| other.name == repository.name) {
                let message = format!("a second repository is called `{}`", repository.name);
                self.note(list, rank, "name", message, None);
            }
            let Some(server) = door.server(repository) else {
                let names = door.servers.iter().map(|server| server.name.as_str());
                let near = nearest(&repository.server, names).map(did_you_mean);
                let message = format!("no server is called `{}`", repository.server);
                self.note(list, rank, "server", message, near);
                continue;
            };
            if server.kind == ServerKind::Oci && repository.format != "docker" {
                let message = "a registry holds images: its format is `docker`".to_owned();
                self.note(list, rank, "format", message, None);
            }
            if let Some(quarantine) = &repository.quarantine {
                self.quarantine(rank, repository, server.kind, quarantine);
            }
            self.registries(rank, repository, server.kind);
        }
    }

    /// Addresses of registries that nobody would ever ask.
    fn registries(&mut self, rank: usize, repository: &RepositorySettings, kind: ServerKind) {
        let RepositorySettings { format, quarantine, registry, quarantine_registry, .. } =
            repository;
        for (field, given) in [("registry", registry), ("quarantineRegistry", quarantine_registry)]
        {
            let message = if given.is_none() {
                continue;
            } else if kind == ServerKind::Oci {
                "a server of `kind: oci` is the registry itself, at its `url`"
            } else if format != "docker" {
                "images alone are in a registry, and the format is not `docker`"
            } else if field == "quarantineRegistry" && quarantine.is_none() {
                "there is no `quarantine` that it would be the address of"
            } else {
                continue;
            };
            self.note(&["repositories"], rank, field, message.to_owned(), None);
        }
    }

    fn quarantine(
        &mut self,
        rank: usize,
        repository: &RepositorySettings,
        kind: ServerKind,
        quarantine: &str,
    ) {
        let RepositorySettings { name, format, server, .. } = repository;
        let is_inside = |it: &RepositorySettings| {
            kind == ServerKind::Oci
                && it.server == *server
                && quarantine.strip_prefix(it.name.as_str()).is_some_and(|it| it.starts_with('/'))
        };
        let mut others = self.door.repositories.iter();
        let (message, help) = if !MOVED.contains(&format.as_str()) {
            let help = format!("formats that can be moved are `{}`", MOVED.join("`, `"));
            (format!("a repository of format `{format}` has no way to quarantine"), Some(help))
        } else if self.door.repository(quarantine).is_some() {
            (format!("`{quarantine}` is itself a repository that is judged"), None)
        } else if let Some(outer) = others.find(|it| is_inside(it)) {
            (format!("`{quarantine}` is in `{}`, which is judged", outer.name), None)
        } else if kind == ServerKind::Nexus
            && format == "docker"
            && repository.registry.is_some()
            && repository.quarantine_registry.is_none()
        {
            let help = "add `quarantineRegistry`, the address that images are pushed to";
            (
                format!("`{name}` has a registry of its own, and `{quarantine}` has none"),
                Some(help.to_owned()),
            )
        } else {
            return;
        };
        self.note(&["repositories"], rank, "quarantine", message, help);
    }

    fn addresses(&mut self) {
        let door = self.door;
        for (rank, server) in door.servers.iter().enumerate() {
            self.address(&["servers"], Some(rank), "url", &server.url);
            if let Some(giver) = &server.token_server {
                self.address(&["servers"], Some(rank), "tokenServer", &giver.url);
            }
            for other in &server.redirects {
                self.address(&["servers"], Some(rank), "redirects", other);
            }
        }
        for (rank, repository) in door.repositories.iter().enumerate() {
            if let Some(registry) = &repository.registry {
                self.address(&["repositories"], Some(rank), "registry", registry);
            }
            if let Some(registry) = &repository.quarantine_registry {
                self.address(&["repositories"], Some(rank), "quarantineRegistry", registry);
            }
        }
        if let Some(gitlab) = &door.gitlab {
            self.address(&["gitlab"], None, "url", &gitlab.url);
        }
    }

    fn hooks(&mut self) {
        let empty = |it: &HookSettings| it.secret_files.is_empty() && it.token_files.is_empty();
        if self.door.hooks.as_ref().is_some_and(empty) {
            let message = "hooks that nobody can send".to_owned();
            let help = "name `secretFiles` for Nexus, or `tokenFiles` for Harbor and registries";
            let span = self.value.get("hooks").unwrap_or(self.value).span;
            self.found.push(Found { span, message, help: Some(help.to_owned()) });
        }
    }

    fn actions(&mut self) {
        let actions = &self.door.actions;
        for (field, kinds) in [("deny", &actions.deny), ("warn", &actions.warn)] {
            for (kind, given) in [
                (super::ActionKind::Author, self.door.gitlab.is_some()),
                (super::ActionKind::Chat, self.door.chat.is_some()),
            ] {
                let asked = self.value.at(&["actions", field]).is_some() && kinds.contains(&kind);
                if asked && !given {
                    let missing = if kind == super::ActionKind::Chat { "chat" } else { "gitlab" };
                    let message = format!("`{}` needs `{missing}`", kind.as_str());
                    let span =
                        self.value.at(&["actions", field]).map_or(self.value.span, |it| it.span);
                    self.found.push(Found { span, message, help: None });
                }
            }
        }
    }

    fn address(&mut self, at: &[&str], rank: Option<usize>, field: &str, url: &str) {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let message = if host.is_empty() {
            format!("`{url}` is no address that begins with `https://` or `http://`")
        } else if host.contains('@') {
            "an address holds no user and no password".to_owned()
        } else if url.contains(['?', '#'])
            || url.chars().any(|c| c.is_whitespace() || c.is_control())
        {
            format!("`{url}` is more than a base address")
        } else {
            return;
        };
        let help = host.contains('@').then(|| "put them into files: `credentials`".to_owned());
        self.note(at, rank.unwrap_or(usize::MAX), field, message, help);
    }

    /// Notes what is wrong with a field of one item of a list, or of a map.
    fn note(
        &mut self,
        at: &[&str],
        rank: usize,
        field: &str,
        message: String,
        help: Option<String>,
    ) {
        let outer = self.value.at(at).unwrap_or(self.value);
        let item = outer.as_list().and_then(|items| items.get(rank)).unwrap_or(outer);
        let span = item.get(field).unwrap_or(item).span;
        self.found.push(Found { span, message, help });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
servers:
  - {name: central, url: https://artefact.skao.int}
repositories:
  - {name: raw-internal, server: central, format: raw, quarantine: raw-quarantine}
";

    fn wrong(text: &str) -> String {
        ArtefactDoor::read(&Source::new("a.yaml", text)).unwrap_err().to_string()
    }

    #[test]
    fn a_new_installation_looks_on() {
        let door = ArtefactDoor::read(&Source::new("a.yaml", GOOD)).unwrap();
        assert!(door.actions.dry_run);
        assert_eq!(door.servers[0].kind, ServerKind::Nexus);
        assert!(door.hooks.is_none() && !door.servers[0].private_addresses);
    }

    #[test]
    fn every_mistake_has_its_line_and_a_suggestion() {
        let told = wrong(&GOOD.replace("server: central", "server: centrla"));
        assert_eq!(
            told,
            "a.yaml:5:34: no server is called `centrla`\n  help: did you mean `central`?"
        );
        let told =
            wrong(&format!("{GOOD}  - {{name: raw-internal, server: central, format: raw}}\n"));
        assert_eq!(told, "a.yaml:6:12: a second repository is called `raw-internal`");
        let told = wrong(&GOOD.replace("https://art", "ftp://art"));
        assert!(told.starts_with("a.yaml:3:26: `ftp://artefact.skao.int` is no address"), "{told}");
        let told = wrong(&GOOD.replace("https://art", "https://me:pass@art"));
        assert!(told.contains("holds no user") && !told.contains("pass@"), "{told}");
        let told = wrong(&GOOD.replace("format: raw", "format: conan"));
        assert!(told.contains("a repository of format `conan` has no way to quarantine"), "{told}");
        let told = wrong(
            &GOOD.replace("format: raw", "format: docker, registry: 'https://docker.skao.int'"),
        );
        assert!(told.contains("add `quarantineRegistry`"), "{told}");
        let registry = GOOD
            .replace("central, url", "central, kind: oci, url")
            .replace("format: raw", "format: docker");
        assert!(ArtefactDoor::read(&Source::new("a.yaml", &registry)).is_ok());
        let told = wrong(&registry.replace("raw-quarantine", "raw-internal/bad"));
        assert!(
            told.contains("`raw-internal/bad` is in `raw-internal`, which is judged"),
            "{told}"
        );
        for (text, expected) in [
            (&registry, "is the registry itself"),
            (&GOOD.to_owned(), "images alone are in a registry"),
            (
                &GOOD.replace("raw, quarantine: raw-quarantine", "docker"),
                "there is no `quarantine`",
            ),
        ] {
            let told = wrong(&text.replace("format:", "quarantineRegistry: 'https://q', format:"));
            assert!(told.contains(expected), "{told}");
        }
        let told = wrong(&registry.replace("format: docker", "format: helm"));
        assert!(told.contains("a registry holds images"), "{told}");
        let told = wrong(&GOOD.replace("raw-quarantine", "raw-internal"));
        assert!(told.contains("is itself a repository that is judged"), "{told}");
        let told = wrong(&format!("{GOOD}hook: {{}}\n"));
        assert!(told.contains("did you mean `hooks`?"), "{told}");
        let told = wrong(&format!("{GOOD}hooks: {{}}\n"));
        assert!(told.contains("hooks that nobody can send"), "{told}");
        let told = wrong(&format!("{GOOD}actions: {{deny: [chat]}}\n"));
        assert!(told.contains("`chat` needs `chat`"), "{told}");
        assert!(wrong("").contains("the file is empty"));
    }
}
