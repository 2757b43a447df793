use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{
    Check, Configure, Context, Kinds, Mention, Missing, Node, Observer, ParameterError,
};
use crate::resource::nearby;
use crate::resource::phrase;
use crate::resource::tango::DeviceName;
use crate::resource::tango_object::{CONFIGURED, configurations, database, devices, served};
use crate::resource::workload::is_device_server;

declare_rule! {
    /// Flags a device server that waits for a device which nobody serves, or for itself.
    ///
    /// ## Why
    ///
    /// The operator starts a device server once all that it depends on has answered. A device that
    /// no configuration defines never answers, and servers that wait for each other never start:
    /// all of them stay in `Waiting`, and none says why.
    ///
    /// ## Fields
    ///
    /// `spec.dependsOn` of a `DeviceServer`: the entries that are device names, against the devices
    /// in the configurations of its namespace. A server serves the devices of the instance that its
    /// `args` name. Hosts, `sys/…` and `dserver/…` are let be, and so is a server whose database is
    /// in another namespace. A circle is one finding, which shows all of it.
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
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: motor-01
    /// spec:
    ///   dsname: Motor
    ///   args: "01"
    ///   dependsOn: [test/motor/1]
    ///   config: '{"servers": {"Motor": {"01": {"Motor": {"test/motor/1": {}}}}}}'
    /// ```
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: tango.tango-controls.org/v1, kind: DeviceServer, metadata: {name: drive-01, namespace: mid}, spec: {dsname: Drive, args: "01", dependsOn: [test/motor/1], config: "{\"servers\": {\"Drive\": {\"01\": {\"Drive\": {\"test/drive/1\": {}}}}}}"}}'}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: motor-01
    ///   namespace: mid
    /// spec:
    ///   dsname: Motor
    ///   args: "01"
    ///   dependsOn: [test/drive/1]
    ///   config: '{"servers": {"Motor": {"01": {"Motor": {"test/motor/1": {}}}}}}'
    /// ```
    ///
    /// ```yaml
    /// # facts: {complete: true}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: motor-01
    ///   namespace: mid
    /// spec:
    ///   dependsOn: [test/drive/2]
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: tango.tango-controls.org/v1, kind: DeviceServer, metadata: {name: drive-01, namespace: mid}, spec: {dsname: Drive, args: "01", dependsOn: [sys/database/2], config: "{\"servers\": {\"Drive\": {\"01\": {\"Drive\": {\"test/drive/1\": {}}}}}}"}}'}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: motor-01
    ///   namespace: mid
    /// spec:
    ///   dsname: Motor
    ///   args: "01"
    ///   dependsOn: [sys/database/2, TEST/drive/1]
    ///   config: '{"servers": {"Motor": {"01": {"Motor": {"test/motor/1": {}}}}}}'
    /// ```
    ///
    /// ## References
    ///
    /// - ska-tango-charts, `ska-tango-util`: `depends_on`
    pub(crate) static TANGO_DEPENDENCY = {
        id: "tango-dependency",
        category: Reliability,
        severity: High,
        since: "0.1.0",
        kinds: &["tango.tango-controls.org/*/DeviceServer"],
        check: TangoDependency,
    }
}

struct TangoDependency;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for TangoDependency {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

impl Check for TangoDependency {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let object = cx.object();
        let wanted = dependencies(object);
        if wanted.is_empty() {
            return Ok(());
        }
        let own: HashSet<String> =
            served(object).into_iter().map(|it| it.name.to_ascii_lowercase()).collect();
        let mut unknown = None;
        let mut has_circle = false;
        for (place, name) in wanted {
            if own.contains(&name) {
                cx.report(place, format!("the device server depends on its own {}", place.shown()))
                    .help("remove the dependency");
            } else {
                match judge(cx, place, &name, &own, has_circle) {
                    Ok(found) => has_circle |= found,
                    Err(missing) => unknown = Some(missing),
                }
            }
        }
        unknown.map_or(Ok(()), Err)
    }

    fn observes(&self, _: &Kinds) -> Kinds {
        Kinds::parse(CONFIGURED).unwrap_or_default()
    }

    fn observe<'s>(&'s self, observer: &mut Observer<'s>) {
        let object = observer.object();
        for device in configurations(object).into_iter().flat_map(devices) {
            nearby::note(observer, &defining(&device.name.to_ascii_lowercase()), device.node, "");
        }
        if !is_device_server(object.identity()) {
            return;
        }
        let wanted: Vec<String> = dependencies(object).into_iter().map(|(_, name)| name).collect();
        if wanted.is_empty() {
            return;
        }
        let wanted = wanted.join("\n");
        for device in served(object) {
            nearby::note(
                observer,
                &serving(&device.name.to_ascii_lowercase()),
                device.node,
                &wanted,
            );
        }
    }
}

/// Judges a dependency on another server's device: whether somebody defines it, and whether that
/// server waits for this one. Returns whether a circle was found.
fn judge<'s>(
    cx: &mut Context<'s>,
    place: Node<'s>,
    name: &str,
    own: &HashSet<String>,
    has_circle: bool,
) -> Result<bool, Missing> {
    // The devices of a database in another namespace are defined there.
    if nearby::find(cx, &defining(name))?.is_empty() && !database(cx.object()).contains('.') {
        let whose = if cx.knows_all_others()? { "" } else { " of those that are known" };
        cx.report(place, format!("no server{whose} defines device {}", place.shown()))
            .help("correct the name, or define the device")
            .rests_on_absence();
        return Ok(false);
    }
    let Some(circle) = circle(cx, place, name, own)? else { return Ok(false) };
    // One server may wait for another by several devices.
    if has_circle || !cx.speaks_for(circle.iter().copied()) {
        return Ok(true);
    }
    let itself = &cx.subject().identity.name;
    let names = circle.iter().map(|it| it.subject.name.as_str());
    let names: Vec<String> = std::iter::once(itself.as_str())
        .chain(names)
        .chain([itself.as_str()])
        .map(|name| format!("`{}`", phrase::line(name)))
        .collect();
    let message = format!("the device server waits for itself: {}", names.join(" → "));
    let draft = cx.report(place, message);
    draft.help("let one of them start without waiting");
    for other in circle {
        draft.related_to(other, "it waits too");
    }
    Ok(true)
}

/// The servers by which the subject waits for itself, if it does: a shortest way from `name` back
/// to one of its own devices.
fn circle<'s>(
    cx: &Context<'s>,
    place: Node<'s>,
    name: &str,
    own: &HashSet<String>,
) -> Result<Option<Vec<&'s Mention>>, Missing> {
    let mut seen = HashSet::from([name.to_owned()]);
    let mut ways: Vec<(String, Vec<&'s Mention>)> = vec![(name.to_owned(), Vec::new())];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for (name, way) in ways {
            for server in nearby::find(cx, &serving(&name))? {
                let way: Vec<&Mention> = way.iter().copied().chain([server]).collect();
                for wanted in server.text.lines() {
                    place.charge(1);
                    if own.contains(wanted) {
                        return Ok(Some(way));
                    }
                    if seen.insert(wanted.to_owned()) {
                        longer.push((wanted.to_owned(), way.clone()));
                    }
                }
            }
        }
        ways = longer;
    }
    Ok(None)
}

/// The devices that a server waits for, in lower case; not those that TANGO itself defines.
fn dependencies(object: Node<'_>) -> Vec<(Node<'_>, String)> {
    let device = |item: Node<'_>| {
        let name = DeviceName::parse(item.as_str()?).ok()?;
        let is_tangos = ["sys", "dserver"].iter().any(|it| name.domain.eq_ignore_ascii_case(it));
        (!is_tangos).then(|| name.key())
    };
    let items = object.at(&["spec", "dependsOn"]).items();
    items.filter_map(|item| Some((item, device(item)?))).collect()
}

fn defining(device: &str) -> String {
    format!("defining {device}")
}

fn serving(device: &str) -> String {
    format!("serving {device}")
}
