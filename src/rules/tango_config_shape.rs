use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::document::Body;
use crate::engine::{Check, Configure, Context, Missing, Node, ParameterError};
use crate::resource::phrase;
use crate::resource::tango_object::{configurations, devices};

declare_rule! {
    /// Flags dsconfig JSON that has not the shape which dsconfig reads.
    ///
    /// ## Why
    ///
    /// dsconfig passes over what it does not know. A device that stands one level too high, a
    /// property that is no list, or properties of a class that no server has, are valid JSON, and
    /// never get into the TANGO database.
    ///
    /// ## Fields
    ///
    /// dsconfig JSON in `spec.config` of a `DeviceServer` and in the `*.json` of a ConfigMap:
    /// `servers`, SERVER, INSTANCE, CLASS and DEVICE are maps, one in the other; `properties` maps
    /// names to lists of scalars; `attribute_properties` does so for each attribute. Empty
    /// levels pass, and so do keys that are not known here. Each class in `classes` is one of a
    /// device.
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
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: motor-dsconfig-json
    /// data:
    ///   motor.json: |
    ///     {
    ///       "servers": {
    ///         "Motor": {
    ///           "01": {"Motor": ["test/motor/1"]},
    ///           "02": {"Motor": {"test/motor/2": {"properties": {"Port": 502}}}}
    ///         }
    ///       },
    ///       "classes": {"Drive": {}}
    ///     }
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: motor-dsconfig-json
    /// data:
    ///   motor.json: |
    ///     {
    ///       "servers": {
    ///         "Motor": {
    ///           "01": {"Motor": {"test/motor/1": {"properties": {"Port": ["502"]}}}},
    ///           "02": {}
    ///         }
    ///       },
    ///       "classes": {"motor": {}}
    ///     }
    /// ```
    ///
    /// ## References
    ///
    /// - ska-tango-charts, `ska-tango-util/templates/_configuration.yaml`
    /// - [dsconfig](https://gitlab.com/MaxIV/lib-maxiv-dsconfig)
    pub(crate) static TANGO_CONFIG_SHAPE = {
        id: "tango-config-shape",
        category: Reliability,
        severity: Medium,
        since: "0.1.0",
        kinds: crate::resource::tango_object::CONFIGURED,
        check: TangoConfigShape,
    }
}

struct TangoConfigShape;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for TangoConfigShape {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

/// What stands on each level.
const LEVELS: [&str; 5] = ["`servers`", "a server", "an instance", "a class", "a device"];

impl Check for TangoConfigShape {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for configuration in configurations(cx.object()) {
            descend(cx, configuration.get("servers"), &LEVELS);
            let classes = configuration.get("classes");
            if classes.is_empty() {
                continue;
            }
            let used: HashSet<String> =
                devices(configuration).map(|it| it.class.to_ascii_lowercase()).collect();
            for (name, class) in classes.fields() {
                if !used.contains(&name.to_ascii_lowercase()) {
                    let message = format!("class `{}` is that of no device", phrase::line(name));
                    cx.report(class, message)
                        .about_key()
                        .help("name a class as the servers do, or remove it");
                }
            }
        }
        Ok(())
    }
}

/// Judges a level and those below it.
fn descend<'s>(cx: &mut Context<'s>, node: Node<'s>, levels: &[&str]) {
    let Some((level, below)) = levels.split_first() else { return };
    if !is_map(cx, node, level) {
        return;
    }
    if below.is_empty() {
        judge_properties(cx, node.get("properties"));
        if is_map(cx, node.get("attribute_properties"), "`attribute_properties`") {
            for (_, attribute) in node.get("attribute_properties").fields() {
                judge_properties(cx, attribute);
            }
        }
        return;
    }
    for (_, child) in node.fields() {
        descend(cx, child, below);
    }
}

fn judge_properties<'s>(cx: &mut Context<'s>, properties: Node<'s>) {
    if !is_map(cx, properties, "`properties`") {
        return;
    }
    for (name, value) in properties.fields() {
        if !matches!(value.value().map(|value| &value.body), Some(Body::List(_))) {
            let found = value.value().map_or("nothing", |value| value.type_name());
            let message = format!("property `{}` is {found}, not a list", phrase::line(name));
            cx.report(value, message).help("write the value in `[` and `]`");
        }
    }
}

/// Whether there is a map to go on in. What is there and is none is a finding.
fn is_map<'s>(cx: &mut Context<'s>, node: Node<'s>, what: &str) -> bool {
    match node.value() {
        None => false,
        Some(value) if value.as_map().is_some() => true,
        Some(value) => {
            cx.report(node, format!("{what} is {}, not a map", value.type_name()))
                .help("put each name on its level: server, instance, class, device");
            false
        }
    }
}
