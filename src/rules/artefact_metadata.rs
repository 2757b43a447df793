use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, Node, ParameterError};
use crate::resource::metadata_key::{Form, KEYS};
use crate::resource::phrase;

declare_rule! {
    /// Flags an artefact that does not say which pipeline made it, or contradicts itself.
    ///
    /// ## Why
    ///
    /// The metadata lead from an artefact back to the commit, the pipeline and the person that
    /// made it. Without them nobody can be told that something is wrong with it, and nobody can
    /// tell what is in it.
    ///
    /// ## Fields
    ///
    /// `metadata` of an artefact: the labels of an image, the lines of `MANIFEST.skao.int` of
    /// every other format; also those of each of its `parts`, the platforms of an image and the files
    /// of a Python distribution. Each of the 21 keys must be there, not empty, and in its shape; keys
    /// beyond them are let be. What is missing is one finding. Also flagged are a short commit that
    /// is not the start of the commit, the address of a job or pipeline that does not end with its
    /// number or lies in another project, and a project outside of `https://gitlab.com/ska-telescope/`.
    ///
    /// ## Parameters
    ///
    /// - `keys`: the keys that must be there. The default is all 21.
    /// - `project`: what the address of the project starts with. The default is
    ///   `https://gitlab.com/ska-telescope/`; an empty text is any.
    ///
    /// ## Fix
    ///
    /// None: the pipeline that publishes it adds them.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # params: {keys: [CI_COMMIT_SHA, CI_COMMIT_SHORT_SHA, CI_JOB_ID, CI_JOB_URL, GITLAB_USER_EMAIL]}
    /// format: docker
    /// repository: docker-internal
    /// name: ska-tango-examples
    /// version: 1.0.0
    /// metadata:
    ///   CI_COMMIT_SHA: 0123456789012345678901234567890123456789
    ///   CI_COMMIT_SHORT_SHA: c557b975
    ///   CI_JOB_ID: "42"
    ///   CI_JOB_URL: https://gitlab.com/ska-telescope/ska-tango-examples/-/jobs/43
    /// ```
    ///
    /// ```yaml
    /// format: helm
    /// repository: helm-internal
    /// name: ska-tango-examples
    /// version: 1.0.0
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// format: docker
    /// repository: docker-internal
    /// name: ska-tango-examples
    /// version: 1.0.0
    /// metadata:
    ///   CI_COMMIT_AUTHOR: Ada Lovelace <ada@skao.int>
    ///   CI_COMMIT_REF_NAME: 1.0.0
    ///   CI_COMMIT_REF_SLUG: 1-0-0
    ///   CI_COMMIT_SHA: c557b97501234567890123456789012345678901
    ///   CI_COMMIT_SHORT_SHA: c557b975
    ///   CI_COMMIT_TIMESTAMP: '2025-03-01T12:00:00+00:00'
    ///   CI_JOB_ID: "42"
    ///   CI_JOB_URL: https://gitlab.com/ska-telescope/ska-tango-examples/-/jobs/42
    ///   CI_PIPELINE_ID: "7"
    ///   CI_PIPELINE_IID: "3"
    ///   CI_PIPELINE_URL: https://gitlab.com/ska-telescope/ska-tango-examples/-/pipelines/7
    ///   CI_PROJECT_ID: "9070656"
    ///   CI_PROJECT_PATH_SLUG: ska-telescope-ska-tango-examples
    ///   CI_PROJECT_URL: https://gitlab.com/ska-telescope/ska-tango-examples
    ///   CI_RUNNER_ID: "10"
    ///   CI_RUNNER_REVISION: 41ce9a66
    ///   CI_RUNNER_TAGS: '["ska-default"]'
    ///   GITLAB_USER_NAME: Ada Lovelace
    ///   GITLAB_USER_EMAIL: ada@skao.int
    ///   GITLAB_USER_LOGIN: ada
    ///   GITLAB_USER_ID: "11"
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Metadata of software packages](https://developer.skatelescope.org/en/latest/reference/software-release-package-references.html)
    /// - ska-cicd-makefile, `.make-metadata-support` and `.make-oci-support`. The shapes follow
    ///   from the portal's sample; the cross-checks are ours.
    pub(crate) static ARTEFACT_METADATA = {
        id: "artefact-metadata",
        category: Convention,
        severity: High,
        since: "0.1.0",
        kinds: &["artefacts"],
        check: ArtefactMetadata,
    }
}

const HELP: &str = "publish it with the pipeline's templates, which add the metadata";

struct ArtefactMetadata {
    parameters: Parameters,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The keys that must be there.
    #[serde(default = "all_keys")]
    keys: Vec<String>,
    /// What the address of the project starts with.
    #[serde(default = "ska_projects")]
    project: String,
}

impl Configure for ArtefactMetadata {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, ParameterError> {
        Ok(Self { parameters })
    }
}

impl Check for ArtefactMetadata {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let metadata = cx.object().get("metadata");
        self.judge(cx, metadata);
        for part in cx.object().get("parts").items().map(|part| part.get("metadata")) {
            // A part that says the same as the whole is told there.
            if KEYS.iter().any(|(key, _)| text(part, key) != text(metadata, key)) {
                self.judge(cx, part);
            }
        }
        Ok(())
    }
}

impl ArtefactMetadata {
    fn judge<'s>(&'s self, cx: &mut Context<'s>, metadata: Node<'s>) {
        let missing: Vec<&str> = self
            .parameters
            .keys
            .iter()
            .map(String::as_str)
            .filter(|key| text(metadata, key).is_none_or(|text| text.trim().is_empty()))
            .collect();
        if !missing.is_empty() {
            let message = if missing.len() == self.parameters.keys.len() {
                "the artefact has no metadata".to_owned()
            } else {
                format!("metadata lack {}", phrase::quoted(&missing))
            };
            cx.report(metadata, message).help(HELP);
        }
        for (key, form) in KEYS {
            let Some(value) = text(metadata, key).filter(|value| !value.trim().is_empty()) else {
                continue;
            };
            let place = metadata.get(key);
            if !form.holds(value) {
                let message = format!("`{key}` {} is not {}", place.shown(), form.as_str());
                cx.report(place, message).help(HELP);
            } else if let Some(contradiction) = self.contradiction(metadata, key, form, value) {
                cx.report(place, format!("`{key}` {} {contradiction}", place.shown())).help(HELP);
            }
        }
    }

    fn contradiction(
        &self,
        metadata: Node<'_>,
        key: &str,
        form: Form,
        value: &str,
    ) -> Option<&'static str> {
        let prefix = &self.parameters.project;
        let project = || text(metadata, "CI_PROJECT_URL").filter(|it| Form::Url.holds(it));
        let number = |key| text(metadata, key).filter(|it| Form::Number.holds(it));
        match key {
            "CI_COMMIT_SHORT_SHA" => {
                let sha = text(metadata, "CI_COMMIT_SHA").filter(|it| Form::Sha.holds(it))?;
                (!sha.starts_with(value)).then_some("is not the start of `CI_COMMIT_SHA`")
            }
            "CI_PROJECT_URL" => (!value.starts_with(prefix)).then_some("is no project of SKA's"),
            "CI_JOB_URL" | "CI_PIPELINE_URL" if form == Form::Url => {
                let (id, what) = match key {
                    "CI_JOB_URL" => ("CI_JOB_ID", "does not end with `CI_JOB_ID`"),
                    _ => ("CI_PIPELINE_ID", "does not end with `CI_PIPELINE_ID`"),
                };
                let ends = number(id)
                    .is_none_or(|id| value.rsplit_once('/').is_some_and(|(_, last)| last == id));
                let is_within = project().is_none_or(|project| {
                    value.strip_prefix(project).is_some_and(|rest| rest.starts_with('/'))
                });
                if !ends {
                    Some(what)
                } else if !is_within {
                    Some("lies outside of `CI_PROJECT_URL`")
                } else {
                    None
                }
            }
            _ => None,
        }
    }
}

fn text<'s>(metadata: Node<'s>, key: &'s str) -> Option<&'s str> {
    metadata.get(key).as_str()
}

fn all_keys() -> Vec<String> {
    KEYS.iter().map(|(key, _)| (*key).to_owned()).collect()
}

fn ska_projects() -> String {
    "https://gitlab.com/ska-telescope/".to_owned()
}
