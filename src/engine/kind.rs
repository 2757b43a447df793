//! Which kinds a scope or a rule means.

use std::fmt;

use super::{Identity, Node, PodTemplate, Schema};
use crate::document::same;

/// The kind of every artefact; its format says which sort it is.
pub const ARTEFACT: &str = "Artefact";

/// A list of kind patterns; a subject matches if it matches one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    pub patterns: Vec<KindPattern>,
}

/// One way to name kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KindPattern {
    /// `pods`: Pod and every kind that holds a pod template.
    Pods,
    /// `GROUP/VERSION/KIND`, `VERSION/KIND` for the core group, or `KIND` in any group; `*` for
    /// any one of them.
    Object { group: Part, version: Part, kind: Part },
    /// `artefacts` of every format, or `artefacts/FORMAT`.
    Artefacts { format: Part },
}

/// Which kinds hold a pod template: those that the schema knows, and those that a policy set
/// names.
#[derive(Clone, Debug)]
pub struct PodKinds {
    pub schema: &'static dyn Schema,
    pub custom: Vec<PodTemplate>,
}

/// Whether patterns mean a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meant {
    No,
    OtherVersion,
    Yes,
}

/// One part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Any,
    Exactly(String),
}

/// How a kind pattern is misspelt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKind {
    #[error("kind `{0}` has more than three parts")]
    TooManyParts(String),
    #[error("kind `{0}` has an empty part")]
    EmptyPart(String),
    #[error("kind `{0}` names a group without a version")]
    NoVersion(String),
}

impl Kinds {
    /// Reads patterns.
    ///
    /// # Errors
    ///
    /// The first that is misspelt, with its index.
    pub fn parse<S: AsRef<str>>(patterns: &[S]) -> Result<Self, (usize, BadKind)> {
        let parse = |(index, text): (usize, &S)| {
            KindPattern::parse(text.as_ref()).map_err(|bad| (index, bad))
        };
        Ok(Self { patterns: patterns.iter().enumerate().map(parse).collect::<Result<_, _>>()? })
    }

    /// Whether the group and kind, or the format, is meant, whatever the version.
    pub fn name(&self, subject: &Identity, pods: &PodKinds) -> bool {
        self.mean(subject, || pods.contain(&subject.group, &subject.kind)) != Meant::No
    }

    /// Whether the kind is meant, where `holds_pods` says whether it is one of [`PodKinds`].
    pub(super) fn mean(&self, subject: &Identity, holds_pods: impl Fn() -> bool) -> Meant {
        let mut meant = Meant::No;
        for pattern in self.patterns.iter().filter(|it| it.names(subject, &holds_pods)) {
            match pattern {
                KindPattern::Object { version, .. } if !version.matches(&subject.version) => {
                    meant = Meant::OtherVersion;
                }
                _ => return Meant::Yes,
            }
        }
        meant
    }

    /// The kinds' own names, where every pattern has one; `None` where one means any kind.
    ///
    /// What an index is made from: a kind that is not named can't match.
    pub(super) fn names(&self, pods: &PodKinds) -> Option<Vec<String>> {
        let mut names = Vec::new();
        for pattern in &self.patterns {
            match pattern {
                KindPattern::Pods => names.extend(pods.all().map(|(_, kind)| kind.to_owned())),
                KindPattern::Artefacts { .. } => names.push(ARTEFACT.to_owned()),
                KindPattern::Object { kind: Part::Exactly(kind), .. } => names.push(kind.clone()),
                KindPattern::Object { kind: Part::Any, .. } => return None,
            }
        }
        Some(names)
    }

    /// The kinds that patterns spell out, as group and kind, with those that hold pods. A kind
    /// that is named in any group counts as one of the core group and of those that hold pods.
    pub(super) fn spelt_out(&self, pods: &PodKinds) -> Vec<(String, String)> {
        let mut kinds = Vec::new();
        for pattern in &self.patterns {
            match pattern {
                KindPattern::Pods => {
                    let owned = |(group, kind): (&str, &str)| (group.to_owned(), kind.to_owned());
                    kinds.extend(pods.all().map(owned));
                }
                KindPattern::Object {
                    group: Part::Exactly(group),
                    kind: Part::Exactly(kind),
                    ..
                } => {
                    kinds.push((group.clone(), kind.clone()));
                }
                KindPattern::Object { group: Part::Any, kind: Part::Exactly(kind), .. } => {
                    let groups = pods.all().filter(|it| it.1 == kind).map(|it| it.0);
                    let groups = groups.chain([""]);
                    kinds.extend(groups.map(|group| (group.to_owned(), kind.clone())));
                }
                KindPattern::Object { .. } | KindPattern::Artefacts { .. } => {}
            }
        }
        kinds
    }

    /// Whether a kind that is meant may hold pods.
    pub fn may_hold_pods(&self, pods: &PodKinds) -> bool {
        let named = |pattern: &KindPattern, group: &str, kind: &str| match pattern {
            KindPattern::Pods => true,
            KindPattern::Object { group: groups, kind: kinds, .. } => {
                groups.matches(group) && kinds.matches(kind)
            }
            KindPattern::Artefacts { .. } => false,
        };
        self.patterns.iter().any(|it| pods.all().any(|(group, kind)| named(it, group, kind)))
    }

    /// Whether a pattern spells out this group and kind.
    pub fn spell_out(&self, subject: &Identity) -> bool {
        self.patterns.iter().any(|pattern| match pattern {
            KindPattern::Object {
                group: Part::Exactly(group), kind: Part::Exactly(kind), ..
            } => *kind == subject.kind && same(group, &subject.group),
            KindPattern::Object { group: Part::Any, kind: Part::Exactly(kind), .. } => {
                *kind == subject.kind
            }
            _ => false,
        })
    }

    /// The kinds that patterns spell out, as group and kind; a kind in any group has the group
    /// `*`.
    pub(super) fn written_out(&self) -> Vec<(String, String)> {
        let pair = |pattern: &KindPattern| match pattern {
            KindPattern::Object { group, kind: Part::Exactly(kind), .. } => {
                Some((group.to_string(), kind.clone()))
            }
            _ => None,
        };
        self.patterns.iter().filter_map(pair).collect()
    }

    /// Whether a pattern spells out a version.
    pub(super) fn names_version(&self) -> bool {
        let exact =
            |it: &KindPattern| matches!(it, KindPattern::Object { version: Part::Exactly(_), .. });
        self.patterns.iter().any(exact)
    }

    /// Whether some subject may match both.
    pub fn overlap(&self, other: &Self) -> bool {
        self.patterns.iter().any(|mine| other.patterns.iter().any(|its| mine.overlaps(its)))
    }
}

impl PodKinds {
    /// The keys from the root of a kind to its pod template; none for a Pod itself.
    pub fn template(&self, group: &str, kind: &str) -> Option<Vec<&str>> {
        if let Some(keys) = self.schema.pod_template(group, kind) {
            return Some(keys.to_vec());
        }
        let custom = self.custom.iter().find(|it| it.group == group && it.kind == kind)?;
        Some(custom.path.iter().map(String::as_str).collect())
    }

    /// Every kind that holds pods, as group and kind.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        let known = self.schema.pod_kinds().iter().copied();
        known.chain(self.custom.iter().map(|it| (it.group.as_str(), it.kind.as_str())))
    }

    /// The pod or pod template of an object; `None` for a kind that has none.
    pub fn pod<'s>(&'s self, object: Node<'s>) -> Option<Node<'s>> {
        Some(object.at(&self.template_of(object.identity())?))
    }

    /// As [`PodKinds::template`], for a subject that may be an artefact.
    pub(super) fn template_of(&self, subject: &Identity) -> Option<Vec<&str>> {
        let is_object = subject.format.is_none();
        self.template(&subject.group, &subject.kind).filter(|_| is_object)
    }

    /// Whether the kind holds a pod template or is a Pod.
    pub fn contain(&self, group: &str, kind: &str) -> bool {
        self.schema.pod_template(group, kind).is_some()
            || self.custom.iter().any(|it| it.group == group && it.kind == kind)
    }
}

impl KindPattern {
    fn parse(text: &str) -> Result<Self, BadKind> {
        let parts: Vec<&str> = text.split('/').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return Err(BadKind::EmptyPart(text.to_owned()));
        }
        match parts.as_slice() {
            ["pods"] => Ok(Self::Pods),
            ["artefacts"] => Ok(Self::Artefacts { format: Part::Any }),
            ["artefacts", format] => Ok(Self::Artefacts { format: Part::of(format) }),
            [kind] => {
                Ok(Self::Object { group: Part::Any, version: Part::Any, kind: Part::of(kind) })
            }
            [version, kind] if is_version(version) => Ok(Self::Object {
                group: Part::Exactly(String::new()),
                version: Part::of(version),
                kind: Part::of(kind),
            }),
            [_, _] => Err(BadKind::NoVersion(text.to_owned())),
            [group, version, kind] => Ok(Self::Object {
                group: Part::of(group),
                version: Part::of(version),
                kind: Part::of(kind),
            }),
            _ => Err(BadKind::TooManyParts(text.to_owned())),
        }
    }

    fn names(&self, subject: &Identity, holds_pods: impl Fn() -> bool) -> bool {
        match (self, &subject.format) {
            (Self::Artefacts { format }, Some(is)) => format.matches(is),
            (Self::Pods, None) => holds_pods(),
            // The kind first: names of kinds differ, most in their length too.
            (Self::Object { group, kind, .. }, None) => {
                kind.matches(&subject.kind) && group.matches(&subject.group)
            }
            _ => false,
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Artefacts { format: mine }, Self::Artefacts { format: its }) => {
                mine.overlaps(its)
            }
            (Self::Artefacts { .. }, _) | (_, Self::Artefacts { .. }) => false,
            (
                Self::Object { group: my_group, kind: my_kind, .. },
                Self::Object { group: its_group, kind: its_kind, .. },
            ) => my_group.overlaps(its_group) && my_kind.overlaps(its_kind),
            (Self::Pods, _) | (_, Self::Pods) => true,
        }
    }
}

impl Part {
    fn of(text: &str) -> Self {
        if text == "*" { Self::Any } else { Self::Exactly(text.to_owned()) }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(exactly) => same(exactly, text),
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exactly(mine), Self::Exactly(its)) => mine == its,
            _ => true,
        }
    }
}

impl fmt::Display for KindPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pods => write!(f, "pods"),
            Self::Artefacts { format: Part::Any } => write!(f, "artefacts"),
            Self::Artefacts { format } => write!(f, "artefacts/{format}"),
            Self::Object { group: Part::Any, version: Part::Any, kind } => write!(f, "{kind}"),
            Self::Object { group: Part::Exactly(group), version, kind } if group.is_empty() => {
                write!(f, "{version}/{kind}")
            }
            Self::Object { group, version, kind } => write!(f, "{group}/{version}/{kind}"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => write!(f, "*"),
            Self::Exactly(text) => write!(f, "{text}"),
        }
    }
}

fn is_version(text: &str) -> bool {
    text == "*"
        || text.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}
