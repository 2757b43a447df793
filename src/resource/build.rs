//! How far a build is from a release, as policies name it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::version::{Stage, Version};

/// What a version says of the build that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Build {
    Release,
    Candidate,
    /// From a branch.
    Development,
    /// From a tree with uncommitted changes.
    Dirty,
    /// A version with a suffix that is none of SKA's, or none at all.
    Other,
}

impl Build {
    /// What the version or tag `text` says.
    pub fn of(text: &str) -> Self {
        Version::parse(text).map_or(Self::Other, |version| version.stage.into())
    }

    /// With its article, for a message.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Release => "a release",
            Self::Candidate => "a release candidate",
            Self::Development => "a development build",
            Self::Dirty => "a build from a changed tree",
            Self::Other => "neither a release nor a candidate for one",
        }
    }
}

impl From<Stage<'_>> for Build {
    fn from(stage: Stage<'_>) -> Self {
        match stage {
            Stage::Release => Self::Release,
            Stage::Candidate(_) => Self::Candidate,
            Stage::Development(_) => Self::Development,
            Stage::Dirty => Self::Dirty,
            Stage::Other => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_says_how_far_it_is_from_a_release() {
        for (tag, build) in [
            ("1.2.3", Build::Release),
            ("1.2.3-rc.1", Build::Candidate),
            ("1.2.3-dev.c557b9753", Build::Development),
            ("1.2.3-dirty", Build::Dirty),
            ("1.2.3-alpine", Build::Other),
            ("v3.3.25", Build::Other),
        ] {
            assert_eq!(Build::of(tag), build, "{tag}");
        }
    }
}
