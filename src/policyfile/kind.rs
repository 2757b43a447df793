//! The kinds of documents that a policy file holds.

use crate::document::Value;

/// What every document of a policy file says.
pub const API_VERSION: &str = "portcullis.skao.int/v1alpha1";

/// The kind of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Policy,
    Waiver,
    PolicySet,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Policy, Self::Waiver, Self::PolicySet];

    /// What the document says it is, if it says one of ours.
    pub(super) fn of(document: &Value<'_>) -> Option<Self> {
        let kind = document.get("kind")?.as_str()?;
        Self::ALL.into_iter().find(|it| it.as_str() == kind)
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "Policy",
            Self::Waiver => "Waiver",
            Self::PolicySet => "PolicySet",
        }
    }

    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Waiver => "waiver",
            Self::PolicySet => "policy set",
        }
    }
}
