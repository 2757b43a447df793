use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::document::json;
use crate::engine::{Check, Configure, Context, Missing, Node, ParameterError};
use crate::resource::phrase;

declare_rule! {
    /// Flags a string that should hold JSON and can't be read as it.
    ///
    /// ## Why
    ///
    /// Kubernetes takes any string. That the JSON in it has a comma too many comes to light when
    /// the operator, Multus or the configuration Job reads it: a device server without devices, a
    /// pod without its network.
    ///
    /// ## Fields
    ///
    /// `spec.config` of a `DeviceServer` (dsconfig JSON) and of a NetworkAttachmentDefinition (CNI
    /// JSON), and the `*.json` of a ConfigMap. An empty string is no document and not judged; nor
    /// is a `*.yaml`, which is often the template of one.
    ///
    /// ## Parameters
    ///
    /// It has none.
    ///
    /// ## Fix
    ///
    /// None: what was meant is for a person to say.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: tangotest-test
    /// spec:
    ///   config: |
    ///     {"servers": {"TangoTest": {"test": {}},}}
    /// ```
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: motor-dsconfig-json
    /// data:
    ///   configuration.json: "{'servers': {}}"
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: k8s.cni.cncf.io/v1
    /// kind: NetworkAttachmentDefinition
    /// metadata:
    ///   name: cbf
    /// spec:
    ///   config: '{"cniVersion": "0.3.1", "type": "macvlan"}'
    /// ```
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: notes
    /// data:
    ///   notes.txt: "{not JSON"
    /// ```
    ///
    /// ## References
    ///
    /// - RFC 8259
    /// - ska-tango-charts, `ska-tango-util/templates/_operator-ds.yaml`
    pub(crate) static EMBEDDED_DOCUMENT_UNREADABLE = {
        id: "embedded-document-unreadable",
        category: Reliability,
        severity: High,
        since: "0.1.0",
        kinds: &[
            "tango.tango-controls.org/*/DeviceServer",
            "k8s.cni.cncf.io/*/NetworkAttachmentDefinition",
            "v1/ConfigMap",
        ],
        check: EmbeddedDocumentUnreadable,
    }
}

struct EmbeddedDocumentUnreadable;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for EmbeddedDocumentUnreadable {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

impl Check for EmbeddedDocumentUnreadable {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let object = cx.object();
        let holders: Vec<Node<'s>> = match object.identity().kind.as_str() {
            "ConfigMap" => object.get("data").fields().map(|(_, value)| value).collect(),
            _ => vec![object.at(&["spec", "config"])],
        };
        for holder in holders {
            let text = holder.as_str().unwrap_or_default();
            let is_yaml = holder.key().ends_with(".yaml") || holder.key().ends_with(".yml");
            if is_yaml || text.trim().is_empty() || holder.broken().is_none() {
                continue;
            }
            let Err(problem) = json::read(text) else { continue };
            let before = text.get(..problem.span.start as usize).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let key = phrase::line(holder.key());
            let message =
                format!("the JSON in `{key}` can't be read, line {line}: {}", problem.message);
            cx.report(holder, phrase::line(&message))
                .about_part(problem.span)
                .help("check it with `python3 -m json.tool`");
        }
        Ok(())
    }
}
