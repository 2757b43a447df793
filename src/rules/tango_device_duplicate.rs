use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{
    Check, Configure, Context, Kinds, Mention, Missing, Node, Observer, ParameterError,
};
use crate::resource::phrase;
use crate::resource::tango_object::{CONFIGURED, Device, configurations, database, devices};

declare_rule! {
    /// Flags a TANGO device that two servers of one database define.
    ///
    /// ## Why
    ///
    /// A database knows a device once. Of two servers that define it the one that was configured
    /// last has it, and the other starts without it, silently. Names are the same in upper and
    /// lower case, so `mid-dish/dish-manager/SKA001` and `…/ska001` are one device.
    ///
    /// ## Fields
    ///
    /// The devices below `servers` in dsconfig JSON, in `spec.config` of a `DeviceServer` and in
    /// the `*.json` of a ConfigMap. A database is what the `spec.databaseds` of a namespace's
    /// device servers name; ConfigMaps of a namespace are taken to be about one database. The same
    /// device of the same server and instance is one device: charts copy the configuration of all
    /// instances into the `DeviceServer` of each.
    ///
    /// ## Parameters
    ///
    /// It has none.
    ///
    /// ## Fix
    ///
    /// None: which of the two is meant is for a person to say.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: dishmanager-001
    /// spec:
    ///   databaseds: tango-databaseds
    ///   config: |
    ///     {
    ///       "servers": {
    ///         "DishManager": {
    ///           "001": {"DishManager": {"mid-dish/dish-manager/SKA001": {}}},
    ///           "002": {"DishManager": {"mid-dish/dish-manager/ska001": {}}}
    ///         }
    ///       }
    ///     }
    /// ```
    ///
    /// In two objects, in different case:
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: tango.tango-controls.org/v1, kind: DeviceServer, metadata: {name: other}, spec: {databaseds: tango-databaseds, config: "{\"servers\": {\"Other\": {\"1\": {\"Other\": {\"MID-Dish/motor/1\": {}}}}}}"}}'}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: motor
    /// spec:
    ///   databaseds: tango-databaseds
    ///   config: '{"servers": {"Motor": {"1": {"Motor": {"mid-dish/motor/1": {}}}}}}'
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # facts: {complete: true}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: dishmanager-001
    /// spec:
    ///   databaseds: tango-databaseds
    ///   config: |
    ///     {
    ///       "servers": {
    ///         "DishManager": {
    ///           "001": {"DishManager": {"mid-dish/dish-manager/SKA001": {}}},
    ///           "002": {"DishManager": {"mid-dish/dish-manager/SKA002": {}}}
    ///         }
    ///       }
    ///     }
    /// ```
    ///
    /// ## References
    ///
    /// - TANGO controls, [Naming rules](https://tango-controls.readthedocs.io/en/9.3.4/development/general-guidelines/naming.html):
    ///   names do not differ by case
    pub(crate) static TANGO_DEVICE_DUPLICATE = {
        id: "tango-device-duplicate",
        category: Reliability,
        severity: High,
        since: "0.1.0",
        kinds: crate::resource::tango_object::CONFIGURED,
        check: TangoDeviceDuplicate,
    }
}

/// How many of the other objects that define a device are shown.
const MOST_RELATED: usize = 10;

struct TangoDeviceDuplicate;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for TangoDeviceDuplicate {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

impl Check for TangoDeviceDuplicate {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let object = cx.object();
        let mut own: HashMap<String, Device<'s>> = HashMap::new();
        let mut unknown = None;
        let mut found = false;
        for device in configurations(object).into_iter().flat_map(devices) {
            let key = key(object, device.name);
            let whose = || server_of(&device);
            if let Some(first) = own.get(&key) {
                if !is_same_place(first, &device) {
                    found = true;
                    let message = if is_one_server(first, &device) {
                        let whose = whose();
                        format!("device `{}` of {whose} is `{}` again", device.name, first.name)
                    } else {
                        let (whose, other) = (whose(), server_of(first));
                        format!("device `{}` of {whose} is also one of {other}", device.name)
                    };
                    let again = format!("`{}` is here too", phrase::line(first.name));
                    cx.report(device.node, phrase::line(&message))
                        .help("give each device to one server, once")
                        .about_key()
                        .related_here(first.node, again);
                }
                continue;
            }
            let others: Vec<&Mention> = match cx.others(&key) {
                Ok(others) => {
                    others.filter(|other| !defines(other, &device)).take(MOST_RELATED).collect()
                }
                Err(missing) => {
                    unknown = Some(missing);
                    Vec::new()
                }
            };
            if let Some(other) = others.first()
                && cx.speaks_for(others.iter().copied())
            {
                let message = format!(
                    "device `{}` of {} is also defined by {} `{}`",
                    device.name,
                    whose(),
                    other.subject.kind,
                    other.subject.name,
                );
                let draft = cx
                    .report(device.node, phrase::line(&message))
                    .help("give each device to one server, once")
                    .about_key();
                for other in others {
                    draft.related_to(other, "it is here too");
                }
            }
            own.insert(key, device);
        }
        match unknown {
            // What the object itself shows needs no other one.
            Some(missing) if !found => Err(missing),
            _ => Ok(()),
        }
    }

    fn observes(&self, _: &Kinds) -> Kinds {
        Kinds::parse(CONFIGURED).unwrap_or_default()
    }

    fn observe<'s>(&'s self, observer: &mut Observer<'s>) {
        let object = observer.object();
        for device in configurations(object).into_iter().flat_map(devices) {
            observer.note(key(object, device.name), device.node);
        }
    }
}

/// `server/instance`, each without what must not be shown.
fn server_of(device: &Device<'_>) -> String {
    format!("`{}/{}`", phrase::line(device.server), phrase::line(device.instance))
}

/// What a device is found by in the inventory: where its database is, and its name.
fn key(object: Node<'_>, device: &str) -> String {
    let identity = object.identity();
    let namespace = identity.namespace.as_deref().unwrap_or_default();
    format!("{}\n{namespace}\n{}\n{}", identity.kind, database(object), device.to_ascii_lowercase())
}

fn is_same_place(one: &Device<'_>, two: &Device<'_>) -> bool {
    is_one_server(one, two) && one.class.eq_ignore_ascii_case(two.class) && one.name == two.name
}

fn is_one_server(one: &Device<'_>, two: &Device<'_>) -> bool {
    one.server.eq_ignore_ascii_case(two.server) && one.instance.eq_ignore_ascii_case(two.instance)
}

/// Whether a place in another object defines the device for the same server and instance: it ends
/// with server, instance, class and device.
fn defines(other: &Mention, device: &Device<'_>) -> bool {
    let mut above = other.place.steps().rev().skip(1);
    [device.class, device.instance, device.server]
        .iter()
        .all(|name| above.next().is_some_and(|key| key.eq_ignore_ascii_case(name)))
}
