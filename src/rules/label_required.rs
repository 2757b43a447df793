use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use crate::declare_rule;
use crate::engine::{
    Check, Configure, Context, FieldStep, Missing, Node, ParameterError, is_label_key,
};
use crate::resource::pattern::Pattern;
use crate::resource::scalar::Scalar;
use crate::resource::test::{Test, alternatives};

declare_rule! {
    /// Flags an object or a pod template without a label, or with a value that the label can't have.
    ///
    /// ## Why
    ///
    /// Labels are how people and programs find what belongs together: whose it is, which telescope,
    /// which release. One that is missing is found by nobody. This is a general rule: a policy says
    /// which labels, on which kinds, and why, in its `message` and `help`.
    ///
    /// ## Fields
    ///
    /// `metadata.labels` of the object, of its pod template, or of both. An empty value counts as
    /// absent unless a test of the label allows it.
    ///
    /// ## Parameters
    ///
    /// - `labels`: the labels, each as its key alone or as a map with its `key` and tests of its
    ///   value, of which all must hold: `pattern` (a regular expression that matches somewhere in
    ///   it; `^` and `$` anchor it) and `oneOf` (the values that are allowed).
    /// - `at`: `object` (the object's own labels), `pods` (those of the pod or pod template), or
    ///   `both`; `object` if not given. Labels of an object are not handed down to its pods.
    ///
    /// ## Fix
    ///
    /// None: what a label says is for a person to know. `field-default` fills one.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # params: {labels: [app.kubernetes.io/name]}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: databaseds
    ///   labels:
    ///     app: databaseds
    /// spec: {}
    /// ```
    ///
    /// ```yaml
    /// # params: {labels: [{key: skao.int/telescope, oneOf: [low, mid]}]}
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: settings
    ///   labels:
    ///     skao.int/telescope: both
    /// ```
    ///
    /// A label on the object alone, where its pods need it:
    ///
    /// ```yaml
    /// # params: {labels: [app.kubernetes.io/name], at: pods}
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: receiver
    ///   labels:
    ///     app.kubernetes.io/name: receiver
    /// spec:
    ///   selector:
    ///     matchLabels:
    ///       app: receiver
    ///   template:
    ///     metadata:
    ///       labels:
    ///         app: receiver
    ///     spec:
    ///       containers:
    ///         - name: receive
    ///           image: artefact.skao.int/ska-sdp-receive:1.0.0
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {labels: [app.kubernetes.io/name, {key: skao.int/telescope, oneOf: [low, mid]}]}
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: settings
    ///   labels:
    ///     app.kubernetes.io/name: settings
    ///     skao.int/telescope: low
    /// ```
    ///
    /// A label that only marks, so that its value may be empty:
    ///
    /// ```yaml
    /// # params: {labels: [{key: skao.int/reviewed, pattern: ''}]}
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: settings
    ///   labels:
    ///     skao.int/reviewed: ''
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Recommended labels](https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/)
    pub(crate) static LABEL_REQUIRED = {
        id: "label-required",
        category: Convention,
        severity: Low,
        since: "0.1.0",
        kinds: &["*"],
        check: LabelRequired,
    }
}

struct LabelRequired {
    labels: Vec<Label>,
    at: Holders,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The labels.
    #[schemars(length(min = 1))]
    labels: Vec<Wanted>,
    /// Whose labels.
    #[serde(default)]
    at: Holders,
}

/// Whose labels are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Holders {
    #[default]
    Object,
    Pods,
    Both,
}

/// A label as a policy writes it: its key, or a map.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the variants are what the JSON Schema is generated from")]
enum KeyOrLabel {
    Key(String),
    Label(Tested),
}

#[derive(JsonSchema)]
#[schemars(transparent)]
struct Wanted(#[schemars(with = "KeyOrLabel")] Tested);

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Tested {
    /// The key of the label.
    key: String,
    /// Matches somewhere in the value.
    pattern: Option<Pattern>,
    /// The values that are allowed.
    #[serde(default)]
    one_of: Vec<Scalar>,
}

struct Label {
    key: String,
    tests: Vec<Test>,
}

impl Configure for LabelRequired {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, ParameterError> {
        if parameters.labels.is_empty() {
            return Err(ParameterError::new("labels", "must name a label"));
        }
        let label = |Wanted(Tested { key, pattern, one_of })| {
            if !is_label_key(&key) {
                let problem = format!("has `{key}`, which can't be the key of a label");
                return Err(ParameterError::new("labels", problem));
            }
            let pattern = pattern.map(Test::Matches);
            let one_of = Some(one_of).filter(|it| !it.is_empty()).map(Test::OneOf);
            Ok(Label { key, tests: pattern.into_iter().chain(one_of).collect() })
        };
        let labels = parameters.labels.into_iter().map(label).collect::<Result<_, _>>()?;
        Ok(Self { labels, at: parameters.at })
    }
}

impl Check for LabelRequired {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let object = (self.at != Holders::Pods).then(|| cx.object());
        let pod = cx.pod().filter(|_| self.at != Holders::Object);
        for holder in object.into_iter().chain(pod) {
            let labels = holder.at(&["metadata", "labels"]);
            for label in &self.labels {
                let node = labels.get(&label.key);
                if let Some(problem) = label.problem(node) {
                    let of = if holder.depth() == 0 { "" } else { " of the pods" };
                    cx.report(node, format!("label `{}`{of} {problem}", label.key))
                        .help(label.help());
                }
            }
        }
        Ok(())
    }

    fn judges_presence_of<'p>(&'p self, template: Option<&[&'p str]>) -> Vec<Vec<FieldStep<'p>>> {
        let object = (self.at != Holders::Pods).then_some(&[][..]);
        let pod = template.filter(|_| self.at != Holders::Object);
        let below = |keys: &[&'p str], label: &'p Label| {
            let labels = ["metadata", "labels", &label.key];
            keys.iter().copied().chain(labels).map(FieldStep::Key).collect()
        };
        let holders = object.into_iter().chain(pod);
        holders.flat_map(|keys| self.labels.iter().map(move |it| below(keys, it))).collect()
    }
}

impl Label {
    fn problem(&self, node: Node<'_>) -> Option<String> {
        let Some(value) = node.scalar() else { return Some("is missing".to_owned()) };
        if self.tests.is_empty() && value.is_empty() {
            return Some("is empty".to_owned());
        }
        let failed = self.tests.iter().find(|test| test.problem(&value, true).is_some())?;
        let problem = failed.problem(&value, node.is_sensitive())?;
        Some(format!("is {}, {problem}", node.shown()))
    }

    fn help(&self) -> String {
        let allowed = self.tests.iter().find_map(|test| match test {
            Test::OneOf(values) => Some(alternatives(values)),
            _ => None,
        });
        match allowed {
            Some(allowed) => format!("set label `{}` to {allowed}", self.key),
            None => format!("set label `{}`", self.key),
        }
    }
}

impl<'de> Deserialize<'de> for Wanted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WantedVisitor)
    }
}

/// Tells a key from a map, and leaves the errors of the map as they are.
struct WantedVisitor;

impl<'de> Visitor<'de> for WantedVisitor {
    type Value = Wanted;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the key of a label, or a map with its `key`,")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Wanted, E> {
        Ok(Wanted(Tested { key: key.to_owned(), pattern: None, one_of: Vec::new() }))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Wanted, A::Error> {
        Tested::deserialize(MapAccessDeserializer::new(map)).map(Wanted)
    }
}
