//! What a device server of classic mode serves, and what it waits for before it starts.
//!
//! Source: ska-tango-charts (`_deviceserver.yaml`): the container runs `SERVER INSTANCE -ORBendPoint …`,
//! and init containers ask a device by `tango_admin --ping-device`. What `--check-device` asks is only
//! whether the database knows it, which its own server may wait for.

use super::tango::DeviceName;
use super::workload::{Sort, containers};
use crate::engine::Node;

/// The flag of `tango_admin` after which a device stands that must answer.
const ASKS: &str = "--ping-device";

/// The devices that the init containers of a pod wait for, in lower case, with the items that name
/// them; not those that TANGO itself defines.
pub fn waits(pod: Node<'_>) -> Vec<(Node<'_>, String)> {
    let mut waits = Vec::new();
    for container in containers(pod).filter(|it| it.sort == Sort::Init && !it.is_sidecar()) {
        let line = container.command_line();
        let words = line.iter().filter_map(|item| Some((*item, item.as_str()?)));
        let words =
            words.flat_map(|(item, text)| text.split_whitespace().map(move |it| (item, it)));
        let mut asks = false;
        for (item, word) in words {
            let (flag, value) = word.split_once('=').unwrap_or((word, ""));
            let is_flag = flag == ASKS;
            let name = if is_flag { value } else { word };
            if (asks || is_flag)
                && let Some(device) = awaited(name)
            {
                waits.push((item, device));
            }
            asks = is_flag && value.is_empty();
        }
    }
    waits
}

/// What the containers of a pod may be instances of, in lower case: `server/instance` for any two
/// words that follow each other. Which of them is one, a configuration tells.
pub fn instances(pod: Node<'_>) -> Vec<String> {
    let mut instances = Vec::new();
    for container in containers(pod).filter(|it| it.sort == Sort::Regular) {
        let line = container.command_line();
        let words = line.iter().filter_map(|item| item.as_str()).flat_map(str::split_whitespace);
        let words: Vec<&str> = words.take_while(|word| !word.starts_with("-ORB")).collect();
        instances.extend(words.array_windows().map(|&[server, instance]| {
            let server = server.rsplit('/').next().unwrap_or(server);
            key(server.strip_suffix(".py").unwrap_or(server), instance)
        }));
    }
    instances.sort();
    instances.dedup();
    instances
}

/// The name under which an instance of a server is told.
pub fn key(server: &str, instance: &str) -> String {
    format!("{server}/{instance}").to_ascii_lowercase()
}

/// The device of this name in lower case, unless it is one that TANGO itself defines.
fn awaited(name: &str) -> Option<String> {
    let device = DeviceName::parse(name).ok()?;
    let is_tangos = ["sys", "dserver"].iter().any(|it| device.domain.eq_ignore_ascii_case(it));
    (!is_tangos).then(|| device.key())
}
