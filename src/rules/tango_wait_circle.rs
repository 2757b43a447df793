use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Kinds, Mention, Missing, Observer, ParameterError};
use crate::resource::nearby;
use crate::resource::phrase;
use crate::resource::tango_object::{configurations, devices};
use crate::resource::tango_wait::{instances, key, waits};

declare_rule! {
    /// Flags a device server whose init containers wait for itself, or in a circle.
    ///
    /// ## Why
    ///
    /// In classic mode a device server starts once its init containers have reached the devices
    /// that it depends on. Servers that wait for each other never start: their pods stay in `Init`,
    /// are restarted when the wait gives up, and none says that the others wait too.
    ///
    /// ## Fields
    ///
    /// `command` and `args` of init containers, where a device follows `--ping-device` (not
    /// `--check-device`, which the database answers), against those of the other workloads in the
    /// namespace. A workload runs the
    /// server and the instance of which both names stand in its command line, one after the other;
    /// a configuration in a ConfigMap says which devices these serve. Devices of `sys` and `dserver`
    /// are let be. A circle is one finding, which shows all of it. Of `DeviceServer`s
    /// `tango-dependency` finds it.
    ///
    /// ## Parameters
    ///
    /// It has none.
    ///
    /// ## Fix
    ///
    /// None: which server has to go first is for a person to say.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: v1, kind: ConfigMap, metadata: {name: motor, namespace: mid}, data: {"configuration.json": "{\"servers\": {\"Motor\": {\"01\": {\"Motor\": {\"test/motor/1\": {}}}}}}"}}'}
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata:
    ///   name: motor-01
    ///   namespace: mid
    /// spec:
    ///   template:
    ///     spec:
    ///       initContainers:
    ///         - name: check-dependencies-0
    ///           image: artefact.skao.int/ska-tango-images-tango-dsconfig:1.5.13
    ///           command: [retry, --, tango_admin, --ping-device, test/motor/1]
    ///       containers:
    ///         - name: device-server
    ///           image: artefact.skao.int/ska-tango-examples:0.5.0
    ///           command: [Motor, "01", -ORBendPoint, "giop:tcp::45450"]
    /// ```
    ///
    /// In a script, and of a program in Python:
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: v1, kind: ConfigMap, metadata: {name: motor, namespace: mid}, data: {"configuration.json": "{\"servers\": {\"Motor\": {\"01\": {\"Motor\": {\"test/motor/1\": {}}}}}}"}}'}
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata:
    ///   name: motor-01
    ///   namespace: mid
    /// spec:
    ///   template:
    ///     spec:
    ///       initContainers:
    ///         - name: check-dependencies-0
    ///           image: artefact.skao.int/ska-tango-images-tango-dsconfig:1.5.13
    ///           command: [sh, -c, "retry -- tango_admin --ping-device TEST/motor/1"]
    ///       containers:
    ///         - name: device-server
    ///           image: artefact.skao.int/ska-tango-examples:0.5.0
    ///           command: [/usr/bin/python3, /app/motor.py, "01"]
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: v1, kind: ConfigMap, metadata: {name: both, namespace: mid}, data: {"configuration.json": "{\"servers\": {\"Motor\": {\"01\": {\"Motor\": {\"test/motor/1\": {}}}, \"02\": {\"Motor\": {\"test/motor/2\": {}}}}}}"}}'}
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata:
    ///   name: motor-01
    ///   namespace: mid
    /// spec:
    ///   template:
    ///     spec:
    ///       initContainers:
    ///         - name: check-dependencies-0
    ///           image: artefact.skao.int/ska-tango-images-tango-dsconfig:1.5.13
    ///           command: [retry, --, tango_admin, --check-device, test/motor/1]
    ///         - name: check-dependencies-1
    ///           image: artefact.skao.int/ska-tango-images-tango-dsconfig:1.5.13
    ///           command: [retry, --, tango_admin, --ping-device, test/motor/2]
    ///       containers:
    ///         - name: device-server
    ///           image: artefact.skao.int/ska-tango-examples:0.5.0
    ///           command: [Motor, "01", -ORBendPoint, "giop:tcp::45450"]
    /// ```
    ///
    /// ## References
    ///
    /// - ska-tango-charts, `ska-tango-util`: `depends_on` in classic mode
    pub(crate) static TANGO_WAIT_CIRCLE = {
        id: "tango-wait-circle",
        category: Reliability,
        severity: High,
        since: "0.1.0",
        kinds: &["apps/*/Deployment", "apps/*/StatefulSet"],
        check: TangoWaitCircle,
    }
}

struct TangoWaitCircle;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for TangoWaitCircle {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

impl Check for TangoWaitCircle {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let Some(pod) = cx.pod() else { return Ok(()) };
        let waits = waits(pod);
        if waits.is_empty() {
            return Ok(());
        }
        let own: HashSet<String> = instances(pod).into_iter().collect();
        for (place, device) in waits {
            let Some(circle) = circle(cx, &device, &own)? else { continue };
            if !cx.speaks_for(circle.iter().copied()) {
                return Ok(());
            }
            let itself = &cx.subject().identity.name;
            let others = circle.iter().map(|it| it.subject.name.as_str());
            let names = [itself.as_str()].into_iter().chain(others).chain([itself.as_str()]);
            let names: Vec<String> = names.map(|it| format!("`{}`", phrase::line(it))).collect();
            let message = match circle.is_empty() {
                true => format!("the device server waits for its own {}", place.shown()),
                false => format!("the device server waits for itself: {}", names.join(" → ")),
            };
            let draft = cx.report(place, message);
            draft.help("let one of them start without waiting");
            for other in circle {
                draft.related_to(other, "it waits too");
            }
            // One server may wait for another by several devices.
            return Ok(());
        }
        Ok(())
    }

    fn observes(&self, _: &Kinds) -> Kinds {
        let kinds = ["apps/*/Deployment", "apps/*/StatefulSet", "v1/ConfigMap"];
        Kinds::parse(&kinds).unwrap_or_default()
    }

    fn observe<'s>(&'s self, observer: &mut Observer<'s>) {
        let object = observer.object();
        for device in configurations(object).into_iter().flat_map(devices) {
            let name = serving(&device.name.to_ascii_lowercase());
            nearby::note(observer, &name, device.node, &key(device.server, device.instance));
        }
        let Some(pod) = observer.pod() else { return };
        let waits = waits(pod);
        let Some((place, _)) = waits.first() else { return };
        let wanted: Vec<&str> = waits.iter().map(|(_, device)| device.as_str()).collect();
        let wanted = wanted.join("\n");
        for instance in instances(pod) {
            nearby::note(observer, &waiting(&instance), *place, &wanted);
        }
    }
}

/// The workloads by which the subject waits for itself, if it does: a shortest way from `device`
/// back to an instance of its own; none of them if that serves the device.
fn circle<'s>(
    cx: &Context<'s>,
    device: &str,
    own: &HashSet<String>,
) -> Result<Option<Vec<&'s Mention>>, Missing> {
    let mut seen = HashSet::from([device.to_owned()]);
    let mut ways: Vec<(String, Vec<&'s Mention>)> = vec![(device.to_owned(), Vec::new())];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for (device, way) in ways {
            for server in nearby::find(cx, &serving(&device))? {
                if own.contains(&*server.text) {
                    return Ok(Some(way));
                }
                for workload in nearby::find(cx, &waiting(&server.text))? {
                    let way: Vec<&Mention> = way.iter().copied().chain([workload]).collect();
                    for wanted in workload.text.lines() {
                        cx.object().charge(1);
                        if seen.insert(wanted.to_owned()) {
                            longer.push((wanted.to_owned(), way.clone()));
                        }
                    }
                }
            }
        }
        ways = longer;
    }
    Ok(None)
}

fn serving(device: &str) -> String {
    format!("serving {device}")
}

fn waiting(instance: &str) -> String {
    format!("waiting {instance}")
}
