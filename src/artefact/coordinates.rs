//! Where an artefact is and what it is called.

use std::fmt;

/// Which artefact it is: the repository, what that calls it, and what it is judged as.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Coordinates {
    /// The repository's name: `docker-internal`.
    pub repository: String,
    /// The repository's format, in Nexus' word for it: `docker`, `helm`, `pypi`, `raw`, …
    pub format: String,
    /// The whole name in the repository, with its group: one artefact has it there, together with
    /// the version. Of a raw file it is the path without its leading slash.
    pub path: String,
    /// The name that is judged: `ska-tango-examples`.
    pub name: String,
    /// The version that is judged; empty where there is none.
    pub version: String,
}

impl Coordinates {
    /// What a repository's own words mean. They may be empty; Nexus writes `/` before the group
    /// and the name of raw files, and gives them no version: both are read from the file's name.
    pub fn of(repository: &str, format: &str, group: &str, name: &str, version: &str) -> Self {
        let group = group.trim_matches('/');
        let whole = name.trim_start_matches('/');
        let (path, name, version) = if format == "raw" {
            let file = whole.rsplit('/').next().unwrap_or_default();
            let (stem, read) = split(file);
            let version = if version.is_empty() { read } else { version };
            (whole.to_owned(), stem, version)
        } else if group.is_empty() {
            (whole.to_owned(), whole, version)
        } else {
            (format!("{group}/{whole}"), whole, version)
        };
        Self {
            repository: repository.to_owned(),
            format: format.to_owned(),
            path,
            name: name.to_owned(),
            version: version.to_owned(),
        }
    }

    /// An image under a tag of a registry: what comes before the last slash is a folder.
    pub fn of_image(repository: &str, name: &str, tag: &str) -> Self {
        let last = name.rsplit('/').next().unwrap_or(name).to_owned();
        Self { name: last, ..Self::of(repository, "docker", "", name, tag) }
    }
}

/// As a person writes it: `docker-internal/ska-tango-examples:1.0.0`.
impl fmt::Display for Coordinates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.repository, self.path)?;
        match self.version.as_str() {
            "" => Ok(()),
            _ if self.format == "raw" => Ok(()),
            version => write!(f, ":{version}"),
        }
    }
}

/// Endings of archives and of what is signed, longest first. They are no part of a version.
const ENDINGS: [&str; 16] = [
    ".tar.bz2", ".tar.zst", ".tar.gz", ".tar.xz", ".tgz", ".tar", ".zip", ".whl", ".rpm", ".deb",
    ".json", ".yaml", ".yml", ".txt", ".jar", ".gz",
];

/// The name and the version in the name of a file: `ska-thing-0.1.0.tar.gz`. The version begins
/// at the first hyphen that digits and a dot follow; there may be none.
fn split(file: &str) -> (&str, &str) {
    let ending = ENDINGS.iter().find_map(|ending| file.strip_suffix(ending));
    let stem = ending.filter(|stem| !stem.is_empty()).unwrap_or(file);
    let begins = |rest: &str| {
        let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        digits.len() < rest.len() && digits.starts_with('.')
    };
    let split = stem.match_indices('-').find_map(|(at, _)| {
        let (name, version) = (stem.get(..at)?, stem.get(at + 1..)?);
        (!name.is_empty() && begins(version)).then_some((name, version))
    });
    split.unwrap_or((stem, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_file_says_its_name_and_version_in_its_path() {
        for (path, name, version) in [
            ("/ska-thing/ska-thing-0.1.0.tar.gz", "ska-thing", "0.1.0"),
            ("/ska-thing-0.1.0-rc.1.zip", "ska-thing", "0.1.0-rc.1"),
            ("/a/ska-2-thing-1.2.3+dev.c0ffee.tgz", "ska-2-thing", "1.2.3+dev.c0ffee"),
            ("/ska-thïng/ska-ünï-0.1.0.txt", "ska-ünï", "0.1.0"),
            ("/a/readme", "readme", ""),
            ("/a/.json", ".json", ""),
            ("/a/-1.0.zip", "-1.0", ""),
        ] {
            let read = Coordinates::of("raw-internal", "raw", "/a", path, "");
            assert_eq!((&*read.name, &*read.version), (name, version), "{path}");
            assert_eq!(read.path, path.trim_start_matches('/'));
        }
    }

    #[test]
    fn a_group_is_a_part_of_the_path_and_not_of_the_name() {
        let read = Coordinates::of("npm-internal", "npm", "skao", "ska-panel", "1.0.0");
        assert_eq!((&*read.path, &*read.name), ("skao/ska-panel", "ska-panel"));
        assert_eq!(read.to_string(), "npm-internal/skao/ska-panel:1.0.0");
        let read = Coordinates::of("docker-internal", "docker", "", "ska-tango", "2.0.0");
        assert_eq!((&*read.path, &*read.name), ("ska-tango", "ska-tango"));
    }
}
