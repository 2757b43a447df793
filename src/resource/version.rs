//! Versions of artefacts: semantic versions, and the forms that SKA's build tools write.
//!
//! Sources: semver.org 2.0, PEP 440, ska-cicd-makefile (`.make-release-support`, `k8s.mk`,
//! `.make-python-support`).
//!
//! | what | form |
//! | --- | --- |
//! | release | `1.2.3` |
//! | release candidate | `1.2.3-rc.1`, in Python `1.2.3rc1` |
//! | development build | `1.2.3-dev.c` and eight hexadecimal digits; in Python `1.2.3+dev`, `1.2.3+dev.c…` |
//! | build of a changed tree | `1.2.3-dirty` |

/// A version that has the form `X.Y.Z` with or without something after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version<'a> {
    pub text: &'a str,
    pub major: u64,
    pub minor: u64,
    pub patch: u64,
    pub stage: Stage<'a>,
}

/// How far a version is from a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage<'a> {
    Release,
    /// The number of the release candidate, from 1.
    Candidate(u64),
    /// A build from a branch, with the short hash of its commit if it is there.
    Development(Option<&'a str>),
    /// A build from a tree with uncommitted changes.
    Dirty,
    /// A semantic version whose pre-release or build part is none of SKA's.
    Other,
}

/// Why a text is no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError<'a> {
    #[error("version is empty")]
    Empty,
    /// `latest` and its like: which artefact it names changes.
    #[error("version `{0}` names no fixed artefact")]
    Moving(&'a str),
    #[error("version `{0}` begins with `v`")]
    LeadingV(&'a str),
    #[error("version `{0}` has a number with a leading zero")]
    LeadingZero(&'a str),
    #[error("version `{0}` is not `major.minor.patch`")]
    NotThreeNumbers(&'a str),
    #[error("version `{0}` is no semantic version")]
    NotSemantic(&'a str),
}

/// Versions that name another artefact from one day to the next.
const MOVING: [&str; 11] = [
    "latest",
    "local",
    "main",
    "master",
    "dev",
    "develop",
    "development",
    "edge",
    "nightly",
    "stable",
    "HEAD",
];

impl<'a> Version<'a> {
    pub fn parse(text: &'a str) -> Result<Self, VersionError<'a>> {
        if text.is_empty() {
            return Err(VersionError::Empty);
        }
        if MOVING.contains(&text) {
            return Err(VersionError::Moving(text));
        }
        if let Some(version) = Self::python_candidate(text) {
            return Ok(version);
        }
        match semver::Version::parse(text) {
            Ok(it) => Ok(Self {
                text,
                major: it.major,
                minor: it.minor,
                patch: it.patch,
                stage: Stage::of(text),
            }),
            Err(_) => Err(reason(text)),
        }
    }

    /// Whether the central artefact repository takes it: a release or a release candidate.
    pub fn is_publishable(&self) -> bool {
        matches!(self.stage, Stage::Release | Stage::Candidate(_))
    }

    /// `1.2.3rc1`, which PEP 440 has and semver has not.
    fn python_candidate(text: &'a str) -> Option<Self> {
        let (base, number) = text.split_once("rc")?;
        let base = semver::Version::parse(base).ok()?;
        let plain = base.pre.is_empty() && base.build.is_empty();
        let stage = Stage::Candidate(positive(number)?);
        let (major, minor, patch) = (base.major, base.minor, base.patch);
        plain.then_some(Self { text, major, minor, patch, stage })
    }
}

impl<'a> Stage<'a> {
    /// The stage of a semantic version, from what stands after its three numbers.
    fn of(text: &'a str) -> Self {
        let (version, build) = match text.split_once('+') {
            Some((version, build)) => (version, Some(build)),
            None => (text, None),
        };
        let before_release = version.split_once('-').map(|(_, it)| it);
        // A development or dirty build may also follow a release candidate: `1.2.3-rc.1-dirty`.
        let last = before_release.map(|it| it.rsplit_once('-').map_or(it, |(_, last)| last));
        match (before_release, build) {
            (None, None) => Self::Release,
            (_, Some("dev")) => Self::Development(None),
            (_, Some(build)) => {
                development(build).map_or(Self::Other, |it| Self::Development(Some(it)))
            }
            (Some(before), None) => {
                if last == Some("dirty") {
                    Self::Dirty
                } else if let Some(commit) = last.and_then(development) {
                    Self::Development(Some(commit))
                } else {
                    before
                        .strip_prefix("rc.")
                        .and_then(positive)
                        .map_or(Self::Other, Self::Candidate)
                }
            }
        }
    }
}

/// The commit in `dev.c` and eight hexadecimal digits. The `c` is there because an identifier of
/// digits alone may not begin with a zero.
fn development(part: &str) -> Option<&str> {
    let commit = part.strip_prefix("dev.c")?;
    let is_short_hash =
        commit.len() == 8 && commit.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
    is_short_hash.then_some(commit)
}

/// A number from 1, without leading zeros.
fn positive(text: &str) -> Option<u64> {
    let plain = !text.starts_with('0') && text.bytes().all(|it| it.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Why `text`, which is no semantic version, is none.
fn reason(text: &str) -> VersionError<'_> {
    if text.strip_prefix(['v', 'V']).is_some_and(|it| it.starts_with(|c: char| c.is_ascii_digit()))
    {
        return VersionError::LeadingV(text);
    }
    let numbers = text.split_once(['-', '+']).map_or(text, |(numbers, _)| numbers);
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    if !text.starts_with(|c: char| c.is_ascii_digit()) || !numbers.split('.').all(is_number) {
        VersionError::NotSemantic(text)
    } else if numbers.split('.').count() != 3 {
        VersionError::NotThreeNumbers(text)
    } else if numbers.split('.').any(|it| it.len() > 1 && it.starts_with('0')) {
        VersionError::LeadingZero(text)
    } else {
        VersionError::NotSemantic(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_the_build_tools_has_its_stage() {
        let cases = [
            ("1.2.3", Stage::Release),
            ("0.0.0", Stage::Release),
            ("1.2.3-rc.1", Stage::Candidate(1)),
            ("1.2.3rc12", Stage::Candidate(12)),
            ("0.0.12-dev.c557b9753", Stage::Development(Some("557b9753"))),
            ("1.0.0-dev.cff1b3868", Stage::Development(Some("ff1b3868"))),
            ("1.0.0-rc.2-dev.c00000000", Stage::Development(Some("00000000"))),
            ("1.0.0+dev", Stage::Development(None)),
            ("1.0.0+dev.c0123abcd", Stage::Development(Some("0123abcd"))),
            ("1.0.0-dirty", Stage::Dirty),
            ("1.0.0-rc.1-dirty", Stage::Dirty),
            ("1.0.0-dev.c1234567", Stage::Other),
            ("1.0.0-dev.cABCDEF01", Stage::Other),
            ("1.0.0-rc1", Stage::Other),
            ("1.0.0-rc.0", Stage::Other),
            ("14.3.0-debian-11-r3", Stage::Other),
            ("1.0.0+build", Stage::Other),
        ];
        for (text, stage) in cases {
            let version = Version::parse(text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(version.stage, stage, "{text}");
            let publishable = matches!(stage, Stage::Release | Stage::Candidate(_));
            assert_eq!(version.is_publishable(), publishable, "{text}");
        }
        let version = Version::parse("1.20.300rc1").unwrap();
        assert_eq!((version.major, version.minor, version.patch), (1, 20, 300));
    }

    #[test]
    fn what_is_no_version_is_refused_with_a_reason() {
        let cases = [
            ("", "version is empty"),
            ("latest", "version `latest` names no fixed artefact"),
            ("main", "version `main` names no fixed artefact"),
            ("v1.2.3", "version `v1.2.3` begins with `v`"),
            ("1.2", "version `1.2` is not `major.minor.patch`"),
            ("1.2.3.4", "version `1.2.3.4` is not `major.minor.patch`"),
            ("01.2.3", "version `01.2.3` has a number with a leading zero"),
            ("1.2.3-", "version `1.2.3-` is no semantic version"),
            ("1.2.3-01", "version `1.2.3-01` is no semantic version"),
            ("1.2.x", "version `1.2.x` is no semantic version"),
            ("at1-123-fix", "version `at1-123-fix` is no semantic version"),
            ("1.2.3rc", "version `1.2.3rc` is no semantic version"),
            ("1.2.3rc01", "version `1.2.3rc01` is no semantic version"),
        ];
        for (text, expected) in cases {
            assert_eq!(Version::parse(text).unwrap_err().to_string(), expected);
        }
    }
}
