use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, Node, ParameterError, is_label_key};
use crate::resource::phrase;

declare_rule! {
    /// Flags an object, or its pods, with none of several sets of labels in full.
    ///
    /// ## Why
    ///
    /// SKA has two sets of labels in use: Kubernetes' own, which the guidelines ask for, and the
    /// older one, by which `make k8s-wait`, `make k8s-logs` and the log search find what belongs
    /// together. An object with neither in full is found by nobody. One finding names all that is
    /// missing from the set that is nearest to complete.
    ///
    /// ## Fields
    ///
    /// `metadata.labels` of the object, or of its pod or pod template. That a value is empty is left
    /// to `label-broken`. What a controller made is judged at the controller.
    ///
    /// ## Parameters
    ///
    /// - `sets`: the sets, each a list of labels under a name; one of them in full is enough. The
    ///   default is `current`, which the guidelines ask for (`app.kubernetes.io/name`,
    ///   `app.kubernetes.io/instance`, `app.kubernetes.io/managed-by` and `helm.sh/chart`), and
    ///   `classic` (`app`, `component`, `function` and `domain`). Which labels of the classic set
    ///   are needed is ours: those that ska-tango-charts writes on all that it makes.
    /// - `at`: whose labels: `object`, which is the default, or `pods`.
    ///
    /// ## Fix
    ///
    /// None: what a label says is for a person to know.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: databaseds
    ///   labels:
    ///     app: ska-tango-base
    ///     component: databaseds
    /// spec: {}
    /// ```
    ///
    /// Pods that the log search does not find:
    ///
    /// ```yaml
    /// # params: {at: pods, sets: {current: [app.kubernetes.io/component], classic: [component]}}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    ///   labels:
    ///     app: receiver
    /// spec:
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: databaseds
    ///   labels:
    ///     app.kubernetes.io/name: databaseds
    ///     app.kubernetes.io/instance: test
    ///     app.kubernetes.io/managed-by: Helm
    ///     helm.sh/chart: ska-tango-base-0.4.18
    /// spec: {}
    /// ```
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: databaseds
    ///   labels:
    ///     app: ska-tango-base
    ///     component: databaseds
    ///     function: tangodb-interface
    ///     domain: tango-configuration
    /// spec: {}
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Container Orchestration Guidelines](https://developer.skatelescope.org/en/latest/tools/containers/orchestration-guidelines.html):
    ///   name and labels
    /// - ska-tango-charts, `ska-tango-util`; ska-cicd-makefile, `k8s.mk`
    pub(crate) static LABEL_SET_INCOMPLETE = {
        id: "label-set-incomplete",
        category: Convention,
        severity: Low,
        since: "0.1.0",
        kinds: &["*"],
        check: LabelSetIncomplete,
    }
}

struct LabelSetIncomplete {
    sets: BTreeMap<String, Vec<String>>,
    at: At,
    help: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The sets, each a list of labels under a name.
    #[serde(default = "current_and_classic")]
    sets: BTreeMap<String, Vec<String>>,
    /// Whose labels.
    #[serde(default)]
    at: At,
}

/// Whose labels are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum At {
    #[default]
    Object,
    Pods,
}

impl Configure for LabelSetIncomplete {
    type Parameters = Parameters;

    fn configure(Parameters { sets, at }: Parameters) -> Result<Self, ParameterError> {
        if sets.is_empty() {
            return Err(ParameterError::new("sets", "must have at least one set"));
        }
        for (name, labels) in &sets {
            if labels.is_empty() {
                return Err(ParameterError::new("sets", format!("has no label in `{name}`")));
            }
            if let Some(key) = labels.iter().find(|key| !is_label_key(key)) {
                let problem = format!("has `{key}`, which can't be the key of a label");
                return Err(ParameterError::new("sets", problem));
            }
        }
        let help = match sets.len() {
            1 => "let the chart's template set it".to_owned(),
            _ => {
                let names: Vec<&String> = sets.keys().collect();
                format!("give it all labels of one set: {}", phrase::either(&names))
            }
        };
        Ok(Self { sets, at, help })
    }
}

impl Check for LabelSetIncomplete {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        if cx.is_judged_at_owner() {
            return Ok(());
        }
        let (holder, whose) = match (self.at, cx.pod()) {
            (At::Object, _) => (cx.object(), "the object"),
            (At::Pods, Some(pod)) if pod.depth() == 0 => (pod, "the pod"),
            (At::Pods, Some(pod)) => (pod, "the pod template"),
            (At::Pods, None) => return Ok(()),
        };
        let labels = holder.at(&["metadata", "labels"]);
        if self.sets.values().any(|set| set.iter().all(|key| has(labels, key))) {
            return Ok(());
        }
        let missing = |set: &'s [String]| -> Vec<&'s str> {
            set.iter().map(String::as_str).filter(|key| !has(labels, key)).collect()
        };
        let nearest = self.sets.values().map(|set| missing(set)).min_by_key(Vec::len);
        let message =
            format!("{whose} lacks {}", phrase::named("label", &nearest.unwrap_or_default()));
        cx.report(labels, message).about_key().help(self.help.clone());
        Ok(())
    }
}

/// Whether the label is there, if only as the empty one that a template left.
fn has(labels: Node<'_>, key: &str) -> bool {
    labels.value().and_then(|labels| labels.get(key)).is_some()
}

fn current_and_classic() -> BTreeMap<String, Vec<String>> {
    const CURRENT: [&str; 4] = [
        "app.kubernetes.io/name",
        "app.kubernetes.io/instance",
        "app.kubernetes.io/managed-by",
        "helm.sh/chart",
    ];
    const CLASSIC: [&str; 4] = ["app", "component", "function", "domain"];
    [("current", CURRENT), ("classic", CLASSIC)]
        .map(|(name, labels)| (name.to_owned(), labels.map(str::to_owned).to_vec()))
        .into()
}
