use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::document::{Body, Value};
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
            if let Some(servers) = configuration.get("servers").value() {
                Way { cx: &mut *cx, configuration, keys: vec!["servers"] }
                    .descend(servers, &LEVELS);
            }
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

/// A way down a configuration, by its tree: a place is made only of what is wrong.
struct Way<'w, 's> {
    cx: &'w mut Context<'s>,
    configuration: Node<'s>,
    keys: Vec<&'s str>,
}

impl<'s> Way<'_, 's> {
    /// Judges a level and those below it.
    fn descend(&mut self, value: &'s Value<'s>, levels: &[&str]) {
        let Some((level, below)) = levels.split_first() else { return };
        if !self.is_map(value, level) {
            return;
        }
        if !below.is_empty() {
            self.each_field(value, |way, child| way.descend(child, below));
            return;
        }
        self.field(value, "properties", Self::judge_properties);
        self.field(value, "attribute_properties", |way, attributes| {
            if way.is_map(attributes, "`attribute_properties`") {
                way.each_field(attributes, Self::judge_properties);
            }
        });
    }

    fn judge_properties(&mut self, properties: &'s Value<'s>) {
        if self.is_map(properties, "`properties`") {
            self.each_field(properties, Self::judge_property);
        }
    }

    fn judge_property(&mut self, value: &'s Value<'s>) {
        if matches!(value.body, Body::List(_) | Body::Null) {
            return;
        }
        let name = phrase::line(self.keys.last().copied().unwrap_or_default());
        let message = format!("property `{name}` is {}, not a list", value.type_name());
        self.report(message, "write the value in `[` and `]`");
    }

    /// Whether there is a map to go on in. What is there and is none is a finding.
    fn is_map(&mut self, value: &'s Value<'s>, what: &str) -> bool {
        match value.body {
            Body::Map(_) => true,
            // What a template leaves where it had nothing to write.
            Body::Null => false,
            _ => {
                let message = format!("{what} is {}, not a map", value.type_name());
                self.report(message, "put each name on its level: server, instance, class, device");
                false
            }
        }
    }

    fn report(&mut self, message: String, help: &'static str) {
        self.cx.report(self.configuration.at(&self.keys), message).help(help);
    }

    /// Goes into a field, if it is there.
    fn field(
        &mut self,
        map: &'s Value<'s>,
        key: &'static str,
        judge: impl Fn(&mut Self, &'s Value<'s>),
    ) {
        if let Some(value) = map.get(key) {
            self.keys.push(key);
            judge(self, value);
            self.keys.pop();
        }
    }

    /// Goes into every field of a map.
    fn each_field(&mut self, map: &'s Value<'s>, judge: impl Fn(&mut Self, &'s Value<'s>)) {
        for entry in map.as_map().into_iter().flatten() {
            self.configuration.charge(1);
            self.keys.push(&entry.key);
            judge(self, &entry.value);
            self.keys.pop();
        }
    }
}
