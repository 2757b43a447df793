use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, Node, ParameterError};
use crate::resource::format::Format;
use crate::resource::phrase;

declare_rule! {
    /// Flags a namespace of a pipeline that does not say which pipeline.
    ///
    /// ## Why
    ///
    /// The namespace manager tells the author of a namespace that it fails, and deletes it when its
    /// time has come; dashboards lead from it to its job. Both read what `make k8s-namespace`
    /// writes into `cicd.skao.int/…`. A namespace without it belongs to nobody.
    ///
    /// ## Fields
    ///
    /// `metadata.labels` and `metadata.annotations` of a Namespace. One finding names all labels
    /// that are missing, one all annotations. A value may be empty, as that of `mrId` is outside
    /// of merge requests; if it is not, ids are numbers, `commit` is 8 to 40 hexadecimal digits,
    /// `environmentTier` is one of GitLab's tiers, `jobUrl` and `pipelineUrl` are URLs and
    /// `authorEmail` is an address.
    ///
    /// ## Parameters
    ///
    /// - `domain`: what stands before the `/` of each key. The default is `cicd.skao.int`.
    /// - `labels`: the labels that must be there. The default is what ska-cicd-makefile writes:
    ///   `author`, `authorId`, `branch`, `commit`, `job`, `jobId`, `pipelineSource`, `pipelineId`,
    ///   `environmentTier`, `projectId`, `project`, `projectPath` and `mrId`.
    /// - `annotations`: the annotations that must be there. The default is `authorEmail`,
    ///   `environment`, `jobUrl`, `mrAssignees`, `pipelineUrl` and `timestamp`.
    ///
    /// ## Fix
    ///
    /// None: the pipeline knows what belongs there.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata:
    ///   name: ci-ska-tango-examples-c557b975
    ///   labels:
    ///     cicd.skao.int/commit: main
    ///     cicd.skao.int/jobId: forty-two
    ///     cicd.skao.int/environmentTier: prod
    ///   annotations:
    ///     cicd.skao.int/jobUrl: job 42
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {labels: [commit, jobId, mrId], annotations: [jobUrl]}
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata:
    ///   name: ci-ska-tango-examples-c557b975
    ///   labels:
    ///     cicd.skao.int/commit: c557b975
    ///     cicd.skao.int/jobId: "42"
    ///     cicd.skao.int/mrId: ''
    ///   annotations:
    ///     cicd.skao.int/jobUrl: https://gitlab.com/ska-telescope/ska-tango-examples/-/jobs/42
    /// ```
    ///
    /// ## References
    ///
    /// - ska-cicd-makefile, `resources/namespace.yml` and `.make-k8s-support`: the keys. The shapes
    ///   of their values are those of GitLab's variables.
    pub(crate) static NAMESPACE_METADATA = {
        id: "namespace-metadata",
        category: Convention,
        severity: Low,
        since: "0.1.0",
        kinds: &["v1/Namespace"],
        check: NamespaceMetadata,
    }
}

/// The tiers of a GitLab environment.
const TIERS: [&str; 5] = ["production", "staging", "testing", "development", "other"];

struct NamespaceMetadata {
    labels: Vec<String>,
    annotations: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// What stands before the `/` of each key.
    #[serde(default = "domain")]
    domain: String,
    /// The labels that must be there.
    #[serde(default = "labels")]
    labels: Vec<String>,
    /// The annotations that must be there.
    #[serde(default = "annotations")]
    annotations: Vec<String>,
}

impl Configure for NamespaceMetadata {
    type Parameters = Parameters;

    fn configure(given: Parameters) -> Result<Self, ParameterError> {
        let Parameters { domain, labels, annotations } = given;
        let keys = |names: Vec<String>| -> Vec<String> {
            names.into_iter().map(|name| format!("{domain}/{name}")).collect()
        };
        let it = Self { labels: keys(labels), annotations: keys(annotations) };
        match it.labels.iter().chain(&it.annotations).find(|key| !crate::engine::is_label_key(key))
        {
            Some(key) => {
                let problem = format!("makes `{key}`, which can't be the key of a label");
                Err(ParameterError::new("domain", problem))
            }
            None => Ok(it),
        }
    }
}

impl Check for NamespaceMetadata {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let metadata = cx.object().get("metadata");
        for (map, what, keys) in
            [("labels", "label", &self.labels), ("annotations", "annotation", &self.annotations)]
        {
            let place = metadata.get(map);
            let missing: Vec<&str> =
                keys.iter().map(String::as_str).filter(|key| !place.get(key).exists()).collect();
            if !missing.is_empty() {
                let message = format!("the namespace lacks {}", phrase::named(what, &missing));
                cx.report(place, message).about_key().help("create it with `make k8s-namespace`");
            }
            for key in keys {
                judge(cx, place.get(key), what);
            }
        }
        Ok(())
    }
}

fn judge<'s>(cx: &mut Context<'s>, place: Node<'s>, what: &str) {
    let Some(value) = place.as_str().filter(|value| !value.is_empty()) else { return };
    let name = place.key().rsplit('/').next().unwrap_or_default();
    let is_hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
    let (holds, wanted) = match name {
        "authorId" | "jobId" | "pipelineId" | "projectId" | "mrId" => {
            (value.chars().all(|c| c.is_ascii_digit()), "a number".to_owned())
        }
        "commit" => {
            ((8..=40).contains(&value.len()) && is_hex(value), "the hash of a commit".to_owned())
        }
        "environmentTier" => (TIERS.contains(&value), format!("one of {}", phrase::either(&TIERS))),
        "jobUrl" | "pipelineUrl" => (Format::Url.check(value).is_ok(), "a URL".to_owned()),
        "authorEmail" => (Format::Email.check(value).is_ok(), "an email address".to_owned()),
        _ => return,
    };
    if !holds {
        let message = format!("{what} `{}` is {}, not {wanted}", place.key(), place.shown());
        cx.report(place, message).help("write what GitLab's variable holds");
    }
}

fn domain() -> String {
    "cicd.skao.int".to_owned()
}

fn labels() -> Vec<String> {
    [
        "author",
        "authorId",
        "branch",
        "commit",
        "job",
        "jobId",
        "pipelineSource",
        "pipelineId",
        "environmentTier",
        "projectId",
        "project",
        "projectPath",
        "mrId",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn annotations() -> Vec<String> {
    ["authorEmail", "environment", "jobUrl", "mrAssignees", "pipelineUrl", "timestamp"]
        .map(str::to_owned)
        .to_vec()
}
