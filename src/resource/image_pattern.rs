//! Patterns of image names: `artefact.skao.int/ska-*`, anchored at both ends.
//!
//! A pattern is a glob over `registry/path`, without tag and digest. `*` stops at a `/`; `**` does
//! not. As in an image reference, a pattern without a registry is one of Docker Hub.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::image::{ImageRef, split_registry};
use crate::engine::glob::{GlobError, Globs};

/// A list of patterns that knows which of them matched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
#[schemars(with = "Globs")]
pub struct ImagePatterns {
    written: Vec<String>,
    globs: Globs,
}

/// Why a list of patterns can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImagePatternError {
    #[error("image pattern `{0}` names a registry and no repository; all of it is `{0}/**`")]
    RegistryAlone(String),
    #[error("image pattern `{0}` has a tag or digest")]
    Tag(String),
    #[error("image pattern `*` matches no registry; every image is `**`")]
    LoneStar,
    #[error(transparent)]
    Glob(#[from] GlobError),
}

impl ImagePatterns {
    pub fn new<P: Into<String>>(
        patterns: impl IntoIterator<Item = P>,
    ) -> Result<Self, ImagePatternError> {
        let written: Vec<String> = patterns.into_iter().map(P::into).collect();
        let full = written.iter().map(|it| in_full(it)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { globs: Globs::for_paths(full)?, written })
    }

    pub fn matches(&self, image: &ImageRef<'_>) -> bool {
        self.globs.matches(&image.name())
    }

    /// The first pattern that matches, as the policy writes it.
    pub fn matching(&self, image: &ImageRef<'_>) -> Option<&str> {
        let name = image.name();
        let full = self.globs.matching(&name)?;
        let place = self.globs.patterns().iter().position(|it| it == full)?;
        self.written.get(place).map(String::as_str)
    }

    pub fn patterns(&self) -> &[String] {
        &self.written
    }

    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }
}

impl TryFrom<Vec<String>> for ImagePatterns {
    type Error = ImagePatternError;

    fn try_from(patterns: Vec<String>) -> Result<Self, ImagePatternError> {
        Self::new(patterns)
    }
}

impl From<ImagePatterns> for Vec<String> {
    fn from(patterns: ImagePatterns) -> Self {
        patterns.written
    }
}

/// The pattern with its registry, as [`ImageRef::name`] writes names.
fn in_full(pattern: &str) -> Result<String, ImagePatternError> {
    let (registry, path) = match split_registry(pattern) {
        (Some(registry), path) => (Cow::Borrowed(registry), path),
        // A wildcard in the first part is one for the registry.
        (None, path) => match path.split_once('/') {
            Some((registry, path)) if is_wild(registry) => (Cow::Borrowed(registry), path),
            None if path == "**" => return Ok(path.into()),
            None if path == "*" => return Err(ImagePatternError::LoneStar),
            None if path == "localhost" || path.contains('.') => {
                return Err(ImagePatternError::RegistryAlone(pattern.into()));
            }
            None if path.is_empty() => return Err(GlobError::Empty.into()),
            _ => (Cow::Borrowed("docker.io"), path),
        },
    };
    if path.contains(['@', ':']) {
        return Err(ImagePatternError::Tag(pattern.into()));
    }
    let registry = if registry == "index.docker.io" { "docker.io" } else { &registry };
    if registry == "docker.io" && !path.contains('/') && path != "**" {
        return Ok(format!("{registry}/library/{path}"));
    }
    Ok(format!("{registry}/{path}"))
}

fn is_wild(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching<'p>(patterns: &'p ImagePatterns, image: &str) -> Option<&'p str> {
        patterns.matching(&ImageRef::parse(image).unwrap())
    }

    #[test]
    fn a_pattern_is_anchored_at_both_ends() {
        let patterns = ImagePatterns::new(["registry.x/ska", "artefact.skao.int/ska-*"]).unwrap();
        for image in ["registry.x/ska", "registry.x/ska:1.0", "artefact.skao.int/ska-evil:1"] {
            assert!(matching(&patterns, image).is_some(), "{image}");
        }
        for image in [
            "registry.x/ska-evil",
            "registry.x/ska/evil",
            "evil.registry.x/ska",
            "registry.x:5000/ska",
            "artefact.skao.int/ska-a/b",
            "artefact.skao.int.evil.x/ska-a",
            "evil.x/artefact.skao.int/ska-a",
            "artefact.skao.int/nginx",
        ] {
            assert_eq!(matching(&patterns, image), None, "{image}");
        }
    }

    #[test]
    fn docker_hub_has_its_aliases_in_patterns_too() {
        for pattern in ["nginx", "docker.io/nginx", "index.docker.io/library/nginx", "ngin?"] {
            let patterns = ImagePatterns::new([pattern]).unwrap();
            assert_eq!(matching(&patterns, "docker.io/nginx:1.27"), Some(pattern));
            assert_eq!(matching(&patterns, "quay.io/nginx"), None, "{pattern}");
            assert_eq!(matching(&patterns, "a/nginx"), None, "{pattern}");
        }
        let patterns = ImagePatterns::new(["bitnami/*", "docker.io/**"]).unwrap();
        assert_eq!(matching(&patterns, "bitnami/kubectl"), Some("bitnami/*"));
        assert_eq!(matching(&patterns, "nginx"), Some("docker.io/**"));
    }

    #[test]
    fn registries_may_be_globs() {
        let patterns =
            ImagePatterns::new(["*.skao.int/**", "{a,b}.x/c", "**/ska-*", "h:5000/**"]).unwrap();
        assert_eq!(matching(&patterns, "harbor.skao.int/production/x"), Some("*.skao.int/**"));
        assert_eq!(matching(&patterns, "b.x/c"), Some("{a,b}.x/c"));
        assert_eq!(matching(&patterns, "q.io/a/b/ska-c"), Some("**/ska-*"));
        assert_eq!(matching(&patterns, "h:5000/a/b"), Some("h:5000/**"));
        assert_eq!(matching(&patterns, "nginx"), None);
        assert!(matching(&ImagePatterns::new(["**"]).unwrap(), "nginx").is_some());
    }

    #[test]
    fn a_pattern_that_can_match_nothing_is_refused() {
        let refused = |pattern: &str| ImagePatterns::new([pattern]).unwrap_err().to_string();
        assert_eq!(
            refused("artefact.skao.int"),
            "image pattern `artefact.skao.int` names a registry and no repository; \
             all of it is `artefact.skao.int/**`"
        );
        assert_eq!(refused("*"), "image pattern `*` matches no registry; every image is `**`");
        assert_eq!(refused("a.b/c:1.*"), "image pattern `a.b/c:1.*` has a tag or digest");
        assert_eq!(refused(""), "a glob must not be empty");
    }
}
