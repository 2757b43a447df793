use std::ptr;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::document::Value;
use crate::engine::glob::AnyCaseGlobs;
use crate::engine::{
    Check, Configure, Context, Globs, Missing, Node, ParameterError, is_label_key, is_label_value,
};
use crate::resource::phrase;

declare_rule! {
    /// Flags a label that a template left broken.
    ///
    /// ## Why
    ///
    /// A chart fills labels from values. Where a value is not set, the label is empty, says
    /// `label:none` or keeps a placeholder, and whoever selects by it, such as the log search,
    /// `make k8s-logs` or a Service, finds nothing. A label that is not valid makes the API server
    /// refuse the object.
    ///
    /// ## Fields
    ///
    /// `metadata.labels` of the object and of its pod template. Flagged are labels that are no
    /// map or hold something else than strings, keys and values that are not valid (more than 63
    /// characters, a `:`, a `<`), placeholders, and empty values. What the template repeats from
    /// the object is one finding.
    ///
    /// ## Parameters
    ///
    /// - `placeholders`: globs of values that stand for something that was never filled in,
    ///   whatever the case. The default, which is ours: `changeme`, `nil`, `null`, `tbd`, `todo`,
    ///   `undefined`, `*example.com*`.
    /// - `empty`: whether an empty value is flagged. The default is `true`.
    /// - `except`: globs of keys that may have any valid value. The default is
    ///   `cicd.skao.int/*`, which pipelines leave empty outside of merge requests.
    ///
    /// ## Fix
    ///
    /// None: what belongs there is for a person to say.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: tangotest-test
    ///   labels:
    ///     app: ska-tango-charts
    ///     function: label:none
    ///     domain:
    ///     subsystem: <subsystem>
    ///     intent: TBD
    ///     replica: 1
    /// ```
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: tangotest-test
    ///   labels: label:none
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata:
    ///   name: ci-ska-tango-examples-c557b975
    ///   labels:
    ///     cicd.skao.int/mrId: ''
    ///     app.kubernetes.io/managed-by: Helm
    ///     replica: "1"
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Labels: syntax and character set](https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set)
    /// - ska-tango-charts, `ska-tango-util/templates/_operator-ds.yaml`: `label:none`
    /// - ska-cicd-makefile, `resources/namespace.yml`
    pub(crate) static LABEL_BROKEN = {
        id: "label-broken",
        category: Convention,
        severity: Medium,
        since: "0.1.0",
        kinds: &["*"],
        check: LabelBroken,
    }
}

struct LabelBroken {
    parameters: Parameters,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Globs of values that stand for something that was never filled in.
    #[serde(default = "placeholders")]
    placeholders: AnyCaseGlobs,
    /// Whether an empty value is flagged.
    #[serde(default = "yes")]
    empty: bool,
    /// Globs of keys that may have any valid value.
    #[serde(default = "pipeline_labels")]
    except: Globs,
}

impl Configure for LabelBroken {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, ParameterError> {
        Ok(Self { parameters })
    }
}

impl Check for LabelBroken {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let own = cx.object().at(&["metadata", "labels"]);
        self.judge(cx, own, None);
        if let Some(pod) = cx.pod() {
            let labels = pod.at(&["metadata", "labels"]);
            // Those of a Pod are its own.
            if labels.value().map(ptr::from_ref) != own.value().map(ptr::from_ref) {
                self.judge(cx, labels, own.value());
            }
        }
        Ok(())
    }
}

impl LabelBroken {
    /// Judges labels but those that `repeated` has too.
    fn judge<'s>(&'s self, cx: &mut Context<'s>, labels: Node<'s>, repeated: Option<&Value<'_>>) {
        let Some(value) = labels.value() else { return };
        let Some(map) = value.as_map() else {
            cx.report(labels, format!("labels are {}, not a map", value.type_name()))
                .help("write one `KEY: VALUE` a line");
            return;
        };
        for entry in map {
            if repeated.and_then(|labels| labels.get(&entry.key)) == Some(&entry.value) {
                continue;
            }
            if !is_label_key(&entry.key) {
                let key = phrase::line(&entry.key);
                cx.report(labels.get(&entry.key), format!("key `{key}` of a label is not valid"))
                    .about_key()
                    .help(
                        "use letters, digits, `-`, `_` and `.`, up to 63 after an optional prefix",
                    );
            } else if let Some((problem, help)) = self.problem(&entry.key, &entry.value) {
                let label = labels.get(&entry.key);
                let (key, shown) = (phrase::line(&entry.key), label.shown());
                let message = match problem {
                    Problem::Empty => format!("label `{key}` is empty"),
                    Problem::Type(found) => format!("label `{key}` is {found}, not a string"),
                    Problem::Placeholder => format!("label `{key}` was never filled in: {shown}"),
                    Problem::TooLong(length) => {
                        format!("label `{key}` has {length} characters, more than 63")
                    }
                    Problem::Characters => {
                        format!("label `{key}` has a value that is not valid: {shown}")
                    }
                };
                cx.report(label, message).help(help);
            }
        }
    }

    fn problem(&self, key: &str, value: &Value<'_>) -> Option<(Problem, &'static str)> {
        const FILL: &str = "set the value that the template fills in, or leave the label out";
        // An absent value of a label is an empty one to the API server.
        let text = if value.is_null() { Some("") } else { value.as_str() };
        let may_be_anything = self.parameters.except.matches(key);
        match text {
            None => Some((Problem::Type(value.type_name()), "put it in quotes")),
            Some("") if self.parameters.empty && !may_be_anything => Some((Problem::Empty, FILL)),
            Some(text) if !may_be_anything && self.parameters.placeholders.matches(text) => {
                Some((Problem::Placeholder, FILL))
            }
            Some(text) if is_label_value(text) => None,
            Some(text) if text.len() > 63 => Some((
                Problem::TooLong(text.chars().count()),
                "shorten it, as Helm's `trunc 63` does",
            )),
            Some(_) => Some((
                Problem::Characters,
                "use letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
            )),
        }
    }
}

enum Problem {
    Empty,
    Type(&'static str),
    Placeholder,
    TooLong(usize),
    Characters,
}

fn placeholders() -> AnyCaseGlobs {
    let values = ["changeme", "nil", "null", "tbd", "todo", "undefined", "*example.com*"];
    AnyCaseGlobs::new(values).unwrap_or_default()
}

fn pipeline_labels() -> Globs {
    Globs::new(["cicd.skao.int/*"]).unwrap_or_default()
}

fn yes() -> bool {
    true
}
