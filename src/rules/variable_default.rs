use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::document::{Body, Value};
use crate::engine::{
    Applicability, Check, Configure, Context, FieldStep, Fix, Globs, Missing, Node, ParameterError,
};
use crate::resource::phrase;
use crate::resource::workload::{LISTS, Sort, runs};

declare_rule! {
    /// Flags a container without an environment variable for which the policy has a default.
    ///
    /// ## Why
    ///
    /// A device server that is not told where its database listens asks `localhost`, fails, and is
    /// restarted without end. One namespace has one database, so that a policy can say for all what
    /// each chart repeats. With `mutate: true` it fills the variable when the object is created.
    /// This is a general rule: a policy names the variable, the containers, and where its value
    /// comes from.
    ///
    /// ## Fields
    ///
    /// `env` of the containers that the policy names, and `spec.env` of a `DeviceServer`. A container
    /// with `envFrom` is let be: it may have the variable from there.
    ///
    /// ## Parameters
    ///
    /// - `name`: the variable.
    /// - `value`: its value.
    /// - `configMap`: the ConfigMap in the object's namespace that holds the value instead, with its
    ///   `name` and `key`. Where there is none the container starts without the variable.
    /// - `containers`: globs of the names of containers. The default is `device-server` and
    ///   `deviceserver`, as ska-tango-charts and the operator name them.
    ///
    /// ## Fix
    ///
    /// Adds the variable behind the others. Safe: nobody said anything else.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # params: {name: TANGO_HOST, value: 'tango-databaseds:10000'}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: motor-01-0
    /// spec:
    ///   containers:
    ///     - name: device-server
    ///       image: artefact.skao.int/ska-tango-examples:0.5.0
    ///       env:
    ///         - name: TANGO_SERVER_PORT
    ///           value: "45450"
    /// ```
    ///
    /// ```yaml
    /// # params: {name: TANGO_HOST, configMap: {name: tango, key: host}}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: motor-01
    /// spec:
    ///   dsname: Motor
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {name: TANGO_HOST, value: 'tango-databaseds:10000'}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: motor-01-0
    /// spec:
    ///   containers:
    ///     - name: device-server
    ///       image: artefact.skao.int/ska-tango-examples:0.5.0
    ///       env:
    ///         - name: TANGO_HOST
    ///           value: tango-databaseds.ska-mid.svc.cluster.local:10000
    ///     - name: log
    ///       image: artefact.skao.int/ska-log:1.0.0
    /// ```
    ///
    /// ## References
    ///
    /// - ska-tango-charts, `ska-tango-util`: `global.tango_host`
    pub(crate) static VARIABLE_DEFAULT = {
        id: "variable-default",
        category: Convention,
        severity: Low,
        since: "0.1.0",
        kinds: &["pods", "tango.tango-controls.org/*/DeviceServer"],
        check: VariableDefault,
    }
}

struct VariableDefault {
    name: String,
    containers: Globs,
    /// The item that is added to `env`.
    item: Value<'static>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The variable.
    name: String,
    /// Its value.
    #[serde(default)]
    value: Option<String>,
    /// What holds the value instead.
    #[serde(default)]
    config_map: Option<Holder>,
    /// Globs of the names of containers.
    #[serde(default = "device_servers")]
    containers: Globs,
}

/// A key of a ConfigMap.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Holder {
    /// The ConfigMap.
    name: String,
    /// The key in its `data`.
    key: String,
}

impl Configure for VariableDefault {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, ParameterError> {
        let Parameters { name, value, config_map, containers } = parameters;
        if name.is_empty() || name.contains('=') {
            return Err(ParameterError::new("name", "must be the name of a variable"));
        }
        let of_variable = ("name", Value::text(name.clone()));
        let item = match (value, config_map) {
            (Some(value), None) => Value::map([of_variable, ("value", Value::text(value))]),
            (None, Some(Holder { name, key })) => {
                let holder = Value::map([
                    ("name", Value::text(name)),
                    ("key", Value::text(key)),
                    ("optional", Value::new(Body::Bool(true))),
                ]);
                let source = Value::map([("configMapKeyRef", holder)]);
                Value::map([of_variable, ("valueFrom", source)])
            }
            _ => {
                let problem = "or `configMap` must say where the value comes from, and only one";
                return Err(ParameterError::new("value", problem));
            }
        };
        Ok(Self { name, containers, item })
    }
}

impl Check for VariableDefault {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for container in runs(cx) {
            let is_meant = match container.sort {
                Sort::Regular | Sort::Init => self.containers.matches(container.name),
                Sort::DeviceServer => true,
                Sort::Ephemeral | Sort::Artefact => false,
            };
            let node = container.node;
            let env = node.get("env");
            let has = |it: Node<'_>| it.get("name").as_str() == Some(self.name.as_str());
            if !is_meant || !node.get("envFrom").is_empty() || env.items().any(has) {
                continue;
            }
            let name = phrase::line(&self.name);
            let title = format!("set variable `{name}` to its default");
            let fix = Fix::append(title.as_str(), Applicability::Safe, env, &self.item);
            cx.report(env, format!("{container} has no variable `{name}`"))
                .about_key()
                .help(title)
                .fix(fix);
        }
        Ok(())
    }

    fn judges_presence_of<'p>(&'p self, template: Option<&[&'p str]>) -> Vec<Vec<FieldStep<'p>>> {
        let item = [FieldStep::Key("env"), FieldStep::Each, FieldStep::Key(&self.name)];
        let Some(template) = template else {
            return vec![[&[FieldStep::Key("spec")][..], &item].concat()];
        };
        let to_spec = template.iter().copied().chain(["spec"]).map(FieldStep::Key);
        let to_spec: Vec<FieldStep<'p>> = to_spec.collect();
        let lists = LISTS.into_iter().filter(|(_, sort)| *sort != Sort::Ephemeral);
        let of_list =
            |list| [&to_spec[..], &[FieldStep::Key(list), FieldStep::Each], &item].concat();
        lists.map(|(list, _)| of_list(list)).collect()
    }

    fn fills(&self) -> Option<&Value<'static>> {
        Some(&self.item)
    }
}

fn device_servers() -> Globs {
    Globs::new(["device-server", "deviceserver"]).unwrap_or_default()
}
