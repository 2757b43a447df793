//! What the facts lack.

use std::fmt;

use kube::discovery::ApiResource;

/// A kind that rules want to know of, and nobody can.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gap {
    /// As a scope writes it: `apps/*/Deployment`.
    pub kind: String,
    pub why: Why,
}

/// Why nobody can know of the objects of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// There is no right to list and to watch them. Rules that want to know of them end as `skip`.
    Forbidden,
    /// The API server does not know the kind. There are no such objects then, and rules judge on.
    NotServed,
    /// They are Secrets, which are never listed. Rules that name them end as `skip`.
    Secret,
}

impl Gap {
    pub(in crate::cluster) fn new(api: &ApiResource, why: Why) -> Self {
        let kind = match api.group.as_str() {
            "" => format!("{}/{}", api.version, api.kind),
            group => format!("{group}/*/{}", api.kind),
        };
        Self { kind, why }
    }
}

impl Why {
    /// The word for conditions and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "Forbidden",
            Self::NotServed => "NotServed",
            Self::Secret => "Secret",
        }
    }

    /// Whether rules that want to know of such objects can't judge.
    pub const fn blinds(self) -> bool {
        !matches!(self, Self::NotServed)
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = &self.kind;
        match self.why {
            Why::Forbidden => write!(f, "there is no right to list and watch `{kind}`"),
            Why::NotServed => write!(f, "the API server does not serve `{kind}`"),
            Why::Secret => write!(f, "`{kind}` is never listed"),
        }
    }
}
