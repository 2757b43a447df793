use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, ParameterError};
use crate::resource::build::Build;
use crate::resource::phrase;
use crate::resource::version::Version;

declare_rule! {
    /// Flags an artefact whose version is no release.
    ///
    /// ## Why
    ///
    /// What is in the central repository stays there and never changes. A development build, a
    /// build from a changed tree, or a version such as `latest` names something that can't be
    /// built again, or that is another thing tomorrow.
    ///
    /// ## Fields
    ///
    /// `version` of an artefact: `X.Y.Z`, or `X.Y.Z-rc.N` for a release candidate, in Python
    /// `X.Y.ZrcN`. An image that has only a digest has no version, and is not judged.
    ///
    /// ## Parameters
    ///
    /// - `stages`: which versions are accepted, of `release`, `candidate`, `development` (`-dev.c`
    ///   or `+dev.c` and a commit), `dirty` and `other` (a semantic version with any other
    ///   suffix). The default is `release` and `candidate`.
    ///
    /// ## Fix
    ///
    /// None: a version is published once.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// format: docker
    /// repository: docker-internal
    /// name: ska-tango-examples
    /// version: latest
    /// ```
    ///
    /// ```yaml
    /// format: helm
    /// repository: helm-internal
    /// name: ska-tango-examples
    /// version: 0.4.18-dev.c557b9753
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// format: helm
    /// repository: helm-internal
    /// name: ska-tango-examples
    /// version: 0.4.18-rc.1
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Central Artefact Repository](https://developer.skatelescope.org/en/latest/explanation/central-artefact-repository.html):
    ///   semantic versions, no `latest`, immutable
    /// - ska-cicd-makefile, `.make-release-support`, `k8s.mk`: what development builds are called
    pub(crate) static ARTEFACT_VERSION = {
        id: "artefact-version",
        category: Convention,
        severity: High,
        since: "0.1.0",
        kinds: &["artefacts"],
        check: ArtefactVersion,
    }
}

struct ArtefactVersion {
    stages: Vec<Build>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Which versions are accepted.
    #[serde(default = "published")]
    #[schemars(length(min = 1))]
    stages: Vec<Build>,
}

impl Configure for ArtefactVersion {
    type Parameters = Parameters;

    fn configure(Parameters { stages }: Parameters) -> Result<Self, ParameterError> {
        if stages.is_empty() {
            return Err(ParameterError::new("stages", "must name at least one stage"));
        }
        Ok(Self { stages })
    }
}

impl Check for ArtefactVersion {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        const HELP: &str = "publish a release: `make bump-patch-release`, then tag it";
        let artefact = cx.object();
        let version = artefact.get("version");
        let text = version.as_str().unwrap_or_default();
        if text.is_empty() && !artefact.get("digest").is_empty() {
            return Ok(());
        }
        match Version::parse(text).map(|it| Build::from(it.stage)) {
            Err(error) => {
                cx.report(version, phrase::line(&error.to_string())).help(HELP);
            }
            Ok(build) if !self.stages.contains(&build) => {
                let message = format!("version {} is {}", version.shown(), build.as_str());
                cx.report(version, message).help(HELP);
            }
            Ok(_) => {}
        }
        Ok(())
    }
}

fn published() -> Vec<Build> {
    vec![Build::Release, Build::Candidate]
}
