use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Globs, Missing, ParameterError};
use crate::resource::image::ImageRef;
use crate::resource::tag::{is_moving, moving_tags};
use crate::resource::workload::runs;

declare_rule! {
    /// Flags a pull policy that does not fit the image's tag.
    ///
    /// ## Why
    ///
    /// With `IfNotPresent` a node that has an image by this name keeps it. Where the tag moves,
    /// each node runs what it happened to pull first, and a restart changes nothing or everything,
    /// depending on where the pod lands. With `Never` a pod starts only on nodes that somebody
    /// prepared by hand.
    ///
    /// ## Fields
    ///
    /// `imagePullPolicy` of every container, init and ephemeral ones included, and of a
    /// `DeviceServer`. Where it is absent the API server's default counts: `Always` for `latest`,
    /// `IfNotPresent` for all other tags. `Always` is never flagged.
    ///
    /// ## Parameters
    ///
    /// - `moving`: globs of tags that move. The default is that of `image-tag`.
    /// - `never`: whether `Never` is flagged whatever the tag. The default is `true`.
    ///
    /// ## Fix
    ///
    /// None: the better way is a tag that names a version.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: console
    /// spec:
    ///   containers:
    ///     - name: itango
    ///       image: artefact.skao.int/ska-tango-images-tango-itango:latest
    ///       imagePullPolicy: IfNotPresent
    /// ```
    ///
    /// The API server's default for a branch is `IfNotPresent`:
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: console
    /// spec:
    ///   containers:
    ///     - name: itango
    ///       image: artefact.skao.int/ska-tango-images-tango-itango:main
    /// ```
    ///
    /// ```yaml
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: tangotest-test
    /// spec:
    ///   image: artefact.skao.int/ska-tango-images-tango-java:9.5.0
    ///   imagePullPolicy: Never
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: console
    /// spec:
    ///   containers:
    ///     - name: itango
    ///       image: artefact.skao.int/ska-tango-images-tango-itango:9.5.0
    ///       imagePullPolicy: IfNotPresent
    ///     - name: newest
    ///       image: artefact.skao.int/ska-tango-images-tango-itango:latest
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Images: image pull policy](https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy)
    /// - The SKA guidelines ask for no pull policy; that this one is wrong follows from what
    ///   Kubernetes does, and the rule is ours.
    pub(crate) static IMAGE_PULL_POLICY = {
        id: "image-pull-policy",
        category: Reliability,
        severity: Medium,
        since: "0.1.0",
        kinds: &["pods", "tango.tango-controls.org/*/DeviceServer"],
        check: ImagePullPolicy,
    }
}

struct ImagePullPolicy {
    parameters: Parameters,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Globs of tags that move.
    #[serde(default = "moving_tags")]
    moving: Globs,
    /// Whether `Never` is flagged whatever the tag.
    #[serde(default = "yes")]
    never: bool,
}

impl Configure for ImagePullPolicy {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, ParameterError> {
        Ok(Self { parameters })
    }
}

impl Check for ImagePullPolicy {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for container in runs(cx) {
            let image = container.node.get("image");
            let policy = container.node.get("imagePullPolicy");
            let Some(Ok(reference)) = image.as_str().map(ImageRef::parse) else { continue };
            match policy.as_str() {
                Some("Never") if self.parameters.never => {
                    cx.report(policy, format!("{container} never pulls its image"))
                        .help("set the pull policy to `IfNotPresent`");
                }
                Some("IfNotPresent" | "Never")
                    if is_moving(reference.pin(), &self.parameters.moving) =>
                {
                    let message = format!(
                        "{container} keeps whatever a node first pulled as {}, whose tag moves",
                        image.shown(),
                    );
                    cx.report(policy, message)
                        .help("name a version, or set the pull policy to `Always`");
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn yes() -> bool {
    true
}
