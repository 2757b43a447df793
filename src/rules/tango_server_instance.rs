use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, Node, ParameterError};
use crate::resource::phrase;
use crate::resource::tango_object::{Instance, configurations, instances};

declare_rule! {
    /// Flags a device server that is started under a name which its configuration does not have.
    ///
    /// ## Why
    ///
    /// A TANGO server takes its devices from the database by the name `server/instance`. If the
    /// configuration defines other names, the server starts and has no device, or does not start
    /// at all. The charts' template writes `-` for `_` into `args`, so an instance with a `_` is
    /// skipped or started under a name that does not exist.
    ///
    /// ## Fields
    ///
    /// `spec.dsname`, up to a `/`, and the first word of `spec.args` of a `DeviceServer`, and the instances below
    /// `servers` in the dsconfig JSON of `spec.config`. Names are compared without case. Without a
    /// configuration, or with one that has no servers, nothing is judged.
    ///
    /// ## Parameters
    ///
    /// It has none.
    ///
    /// ## Fix
    ///
    /// None: which of the names is meant is for a person to say.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: dishmanager-01
    /// spec:
    ///   dsname: DishManager
    ///   args: "01"
    ///   config: |
    ///     {"servers": {"DishManager": {"001": {"DishManager": {"mid-dish/dish-manager/SKA001": {}}}}}}
    /// ```
    ///
    /// ```yaml
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: motor-left-arm
    /// spec:
    ///   dsname: Motor
    ///   args: left-arm
    ///   config: |
    ///     {"servers": {"Motor": {"left_arm": {"Motor": {"test/motor/1": {}}}}}}
    /// ```
    ///
    /// ```yaml
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: motor-01
    /// spec:
    ///   dsname: Motors
    ///   args: "01"
    ///   config: |
    ///     {"servers": {"Motor": {"01": {"Motor": {"test/motor/1": {}}}}}}
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: dishmanager-001
    /// spec:
    ///   dsname: dishmanager
    ///   args: 001 -v4
    ///   config: |
    ///     {"servers": {"DishManager": {"001": {"DishManager": {"mid-dish/dish-manager/SKA001": {}}}}}}
    /// ```
    ///
    /// ## References
    ///
    /// - ska-tango-charts, `ska-tango-util/templates/_operator-ds.yaml`
    /// - TANGO controls, [Device servers](https://tango-controls.readthedocs.io/en/latest/)
    pub(crate) static TANGO_SERVER_INSTANCE = {
        id: "tango-server-instance",
        category: Reliability,
        severity: High,
        since: "0.1.0",
        kinds: &["tango.tango-controls.org/*/DeviceServer"],
        check: TangoServerInstance,
    }
}

struct TangoServerInstance;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for TangoServerInstance {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

impl Check for TangoServerInstance {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let spec = cx.object().get("spec");
        let (server, argument) = (spec.get("dsname"), spec.get("args"));
        let defined: Vec<Instance<'s>> =
            configurations(cx.object()).into_iter().flat_map(instances).collect();
        if defined.is_empty() {
            return Ok(());
        }
        for instance in &defined {
            if instance.name.contains('_') {
                let message =
                    format!("instance `{}` of `{}` has a `_`", instance.name, instance.server);
                cx.report(instance.node, phrase::line(&message))
                    .help("write `-` for `_`, as the charts do")
                    .about_key();
            }
        }
        // Some write `server/instance` here.
        let name = server.as_str().map(|name| name.split_once('/').map_or(name, |(it, _)| it));
        let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(()) };
        let of_server: Vec<&Instance<'s>> =
            defined.iter().filter(|it| it.server.eq_ignore_ascii_case(name)).collect();
        if of_server.is_empty() {
            let message = format!("server {} is not in the configuration", server.shown());
            report(cx, server, message, defined.iter().map(|it| it.server));
            return Ok(());
        }
        let instance = argument.scalar().unwrap_or_default();
        let Some(instance) = instance.split_whitespace().next() else { return Ok(()) };
        let matches = |it: &&&Instance<'s>| {
            // That it was written with `_` is a finding already.
            it.name.replace('_', "-").eq_ignore_ascii_case(&instance.replace('_', "-"))
        };
        if !of_server.iter().any(|it| matches(&it)) {
            let message = format!(
                "instance {} of server {} is not in the configuration",
                argument.shown(),
                server.shown(),
            );
            report(cx, argument, message, of_server.iter().map(|it| it.name));
        }
        Ok(())
    }
}

fn report<'s>(
    cx: &mut Context<'s>,
    place: Node<'s>,
    message: String,
    defined: impl Iterator<Item = &'s str>,
) {
    let mut names: Vec<&str> = defined.collect();
    names.dedup();
    cx.report(place, message).help(format!("the configuration defines {}", phrase::quoted(&names)));
}
