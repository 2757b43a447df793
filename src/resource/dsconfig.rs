//! The configuration of device servers, dsconfig JSON:
//! `{"servers": {SERVER: {INSTANCE: {CLASS: {DEVICE: {…}}}}}}`.
//!
//! Source: ska-tango-charts (`templates/_configuration.yaml`), which writes it into
//! `DeviceServer.spec.config` and into a ConfigMap.

use crate::document::{Path, Step, Value};

/// Something found on the way from the servers to their devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'v> {
    pub what: What<'v>,
    /// Where its key stands, from the root that the walk began at.
    pub path: Path,
}

/// What a [`Found`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What<'v> {
    Server(&'v str),
    Instance {
        server: &'v str,
        name: &'v str,
    },
    Class {
        server: &'v str,
        instance: &'v str,
        name: &'v str,
    },
    Device {
        server: &'v str,
        instance: &'v str,
        class: &'v str,
        name: &'v str,
    },
    /// Not a map, where one must stand.
    NoMap {
        found: &'static str,
    },
}

/// All names below `servers`, in the order of the text; `at` is the path of `config` itself.
///
/// A configuration may have no servers, only properties of classes.
pub fn walk<'v>(config: &'v Value<'_>, at: &Path) -> Vec<Found<'v>> {
    let mut walk = Walk { path: at.clone(), found: Vec::new() };
    if config.as_map().is_none() {
        walk.note(What::NoMap { found: config.type_name() });
    } else if let Some(servers) = config.get("servers") {
        walk.path.steps.push(Step::from("servers"));
        walk.below(servers, &[]);
    }
    walk.found
}

struct Walk<'v> {
    path: Path,
    found: Vec<Found<'v>>,
}

impl<'v> Walk<'v> {
    /// Notes the keys of `value`, whose ancestors' names are `names`, and goes down to the devices.
    fn below(&mut self, value: &'v Value<'_>, names: &[&'v str]) {
        let Some(map) = value.as_map() else {
            // `null` is what a template leaves where it had nothing to write.
            if !value.is_null() {
                self.note(What::NoMap { found: value.type_name() });
            }
            return;
        };
        for entry in map {
            let name = entry.key.as_ref();
            self.path.steps.push(Step::from(name));
            match *names {
                [] => {
                    self.note(What::Server(name));
                    self.below(&entry.value, &[name]);
                }
                [server] => {
                    self.note(What::Instance { server, name });
                    self.below(&entry.value, &[server, name]);
                }
                [server, instance] => {
                    self.note(What::Class { server, instance, name });
                    self.below(&entry.value, &[server, instance, name]);
                }
                [server, instance, class, ..] => {
                    self.note(What::Device { server, instance, class, name });
                }
            }
            self.path.steps.pop();
        }
    }

    fn note(&mut self, what: What<'v>) {
        self.found.push(Found { what, path: self.path.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Body;

    /// `{KEY: VALUE}`.
    fn under(key: &'static str, value: Value<'static>) -> Value<'static> {
        Value::map([(key, value)])
    }

    fn lines(config: &Value<'_>, at: &str) -> Vec<String> {
        walk(config, &Path::parse(at).unwrap())
            .into_iter()
            .map(|found| format!("{} {:?}", found.path, found.what))
            .collect()
    }

    #[test]
    fn every_name_has_its_place() {
        let devices = Value::map([("a/b/c", Value::map::<&str>([])), ("a/b/d", Value::NULL)]);
        let config = under("servers", under("S", under("i", under("C", devices))));
        assert_eq!(
            lines(&config, "/spec/config"),
            [
                r#"/spec/config/servers/S Server("S")"#,
                r#"/spec/config/servers/S/i Instance { server: "S", name: "i" }"#,
                r#"/spec/config/servers/S/i/C Class { server: "S", instance: "i", name: "C" }"#,
                r#"/spec/config/servers/S/i/C/a~1b~1c Device { server: "S", instance: "i", class: "C", name: "a/b/c" }"#,
                r#"/spec/config/servers/S/i/C/a~1b~1d Device { server: "S", instance: "i", class: "C", name: "a/b/d" }"#,
            ]
        );
    }

    #[test]
    fn what_is_no_map_is_found_where_it_stands() {
        let wrong = || Value::new(Body::List(Vec::new()));
        assert_eq!(lines(&wrong(), ""), [r#" NoMap { found: "a list" }"#]);
        assert_eq!(
            lines(&under("servers", wrong()), ""),
            [r#"/servers NoMap { found: "a list" }"#]
        );
        let config = under("servers", Value::map([("S", Value::text("x")), ("T", Value::NULL)]));
        assert_eq!(
            lines(&config, ""),
            [
                r#"/servers/S Server("S")"#,
                r#"/servers/S NoMap { found: "a string" }"#,
                r#"/servers/T Server("T")"#
            ]
        );
    }

    #[test]
    fn a_configuration_of_classes_alone_has_no_names() {
        assert!(lines(&under("classes", Value::NULL), "").is_empty());
    }
}
