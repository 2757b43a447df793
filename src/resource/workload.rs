//! What runs in a pod, whatever holds the pod.
//!
//! One place lists containers, so that no rule forgets init and ephemeral ones. A TANGO
//! `DeviceServer` counts as one container: its `spec` has the fields of one, and the operator
//! makes a pod from it. So does an image that is pushed: its `image` is what will run.

use std::fmt;

use crate::engine::{Context, Identity, Node};

/// The group of the custom resources that the TANGO operator serves.
pub const TANGO_GROUP: &str = "tango.tango-controls.org";

/// The lists of containers in a pod's `spec`.
pub const LISTS: [(&str, Sort); 3] = [
    ("initContainers", Sort::Init),
    ("containers", Sort::Regular),
    ("ephemeralContainers", Sort::Ephemeral),
];

/// The fields in which a container says which probes to make.
pub const PROBES: [(&str, &str); 3] = [
    ("livenessProbe", "liveness probe"),
    ("readinessProbe", "readiness probe"),
    ("startupProbe", "startup probe"),
];

/// One container of a pod, a device server that becomes one, or an image to make one of.
///
/// `Display` names it for a message: ``init container `wait` ``.
#[derive(Clone, Copy, Debug)]
pub struct Container<'s> {
    pub node: Node<'s>,
    pub sort: Sort,
    /// Empty where it has none.
    pub name: &'s str,
}

/// Which list a container stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Init,
    Regular,
    Ephemeral,
    /// The `spec` of a `DeviceServer`.
    DeviceServer,
    /// An image in a repository.
    Artefact,
}

/// Every container of a pod or pod template, of all three lists.
pub fn containers<'s>(pod: Node<'s>) -> impl Iterator<Item = Container<'s>> {
    let spec = pod.get("spec");
    LISTS.into_iter().flat_map(move |(list, sort)| {
        spec.get(list).items().map(move |node| Container::new(node, sort))
    })
}

/// Every container that the subject makes: those of its pod or pod template, the one of a
/// `DeviceServer`, and an image itself.
pub fn runs<'s>(cx: &Context<'s>) -> impl Iterator<Item = Container<'s>> + use<'s> {
    let nodes = cx.containers();
    (0..nodes.len()).filter_map(move |at| nodes.get(at).copied().map(Container::of))
}

/// The places of [`runs`].
pub(super) fn listed<'s>(object: Node<'s>, pod: Option<Node<'s>>) -> Vec<Node<'s>> {
    if is_device_server(object.identity()) {
        return vec![object.get("spec")];
    }
    if is_image(object.identity()) {
        return vec![object];
    }
    pod.into_iter().flat_map(containers).map(|container| container.node).collect()
}

/// Whether the subject is a TANGO `DeviceServer` of the operator.
pub fn is_device_server(identity: &Identity) -> bool {
    identity.group == TANGO_GROUP && identity.kind == "DeviceServer"
}

/// Whether the subject is an image in a repository.
fn is_image(identity: &Identity) -> bool {
    identity.format.as_deref() == Some("docker")
}

/// Whether the pod runs until it has done its work, so that nobody waits for it to be ready: the
/// pod of a Job, or one that is not started again.
pub fn is_finite(pod: Node<'_>) -> bool {
    matches!(pod.identity().kind.as_str(), "Job" | "CronJob")
        || matches!(pod.at(&["spec", "restartPolicy"]).as_str(), Some("Never" | "OnFailure"))
}

impl<'s> Container<'s> {
    fn new(node: Node<'s>, sort: Sort) -> Self {
        Self { node, sort, name: node.get("name").as_str().unwrap_or_default() }
    }

    /// The container at one of the places of [`runs`].
    fn of(node: Node<'s>) -> Self {
        if is_image(node.identity()) {
            return Self { node, sort: Sort::Artefact, name: "" };
        }
        let list = node.parent().key();
        match LISTS.into_iter().find(|(name, _)| *name == list) {
            Some((_, sort)) => Self::new(node, sort),
            None => {
                let name = node.parent().at(&["metadata", "name"]).as_str().unwrap_or_default();
                Self { node, sort: Sort::DeviceServer, name }
            }
        }
    }

    /// That it runs an image, which is shown like this; or that it is that image.
    pub fn running(&self, image: &str) -> String {
        match self.sort {
            Sort::Artefact => format!("the artefact is image {image}"),
            _ => format!("{self} runs image {image}"),
        }
    }

    /// Whether it stands among the init containers but keeps running beside the others.
    pub fn is_sidecar(&self) -> bool {
        self.sort == Sort::Init && self.node.get("restartPolicy").as_str() == Some("Always")
    }

    /// Whether it runs as long as the pod does, and is meant to.
    pub fn keeps_running(&self) -> bool {
        self.sort == Sort::Regular || self.is_sidecar()
    }

    /// The command line: `command`, then `args`. An absent `command` is the image's own, which
    /// nobody here knows.
    pub fn command_line(&self) -> Vec<Node<'s>> {
        self.node.get("command").items().chain(self.node.get("args").items()).collect()
    }
}

impl fmt::Display for Container<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sort = match self.sort {
            Sort::Init if self.is_sidecar() => "sidecar",
            Sort::Init => "init container",
            Sort::Regular => "container",
            Sort::Ephemeral => "ephemeral container",
            Sort::DeviceServer => return write!(f, "device server"),
            Sort::Artefact => return write!(f, "the artefact"),
        };
        match self.name {
            "" => write!(f, "{sort} without a name"),
            _ => write!(f, "{sort} {}", self.node.get("name").shown()),
        }
    }
}
