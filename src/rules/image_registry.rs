use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, ParameterError};
use crate::resource::image::ImageRef;
use crate::resource::image_pattern::ImagePatterns;
use crate::resource::phrase;
use crate::resource::workload::runs;

declare_rule! {
    /// Flags an image that comes from a registry which is not allowed.
    ///
    /// ## Why
    ///
    /// What the central artefact repository holds was checked, scanned, signed and is kept. An
    /// image from elsewhere can vanish, change, or be slow to pull at a telescope site that has
    /// no route to the Internet.
    ///
    /// ## Fields
    ///
    /// `image` of every container, init and ephemeral ones included, and `spec.image` of a
    /// `DeviceServer`, and the `image` that is pushed to a repository. An image without a registry comes from `docker.io`. References that are
    /// not valid are left to `image-tag`.
    ///
    /// ## Parameters
    ///
    /// - `allowed`: patterns of images that may run, anchored at both ends:
    ///   `artefact.skao.int/**`. `*` stops at a `/`, `**` does not. A tag or digest plays no
    ///   part.
    ///
    /// ## Fix
    ///
    /// None: the image has to be put into an allowed registry first.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # params: {allowed: ['artefact.skao.int/**', 'harbor.skao.int/production/**']}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   initContainers:
    ///     - name: wait
    ///       image: bitnami/kubectl:1.30.2
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int.example.org/ska-sdp-receive:1.0.0
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {allowed: ['artefact.skao.int/**', 'harbor.skao.int/production/**']}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Container Orchestration Guidelines](https://developer.skatelescope.org/en/latest/tools/containers/orchestration-guidelines.html):
    ///   images come from the central artefact repository, with exceptions for vendors
    /// - SKA developer portal, [Harbor](https://developer.skatelescope.org/en/latest/howto/harbor-usage.html)
    pub(crate) static IMAGE_REGISTRY = {
        id: "image-registry",
        category: Security,
        severity: Medium,
        since: "0.1.0",
        kinds: &["artefacts/docker", "pods", "tango.tango-controls.org/*/DeviceServer"],
        check: ImageRegistry,
    }
}

struct ImageRegistry {
    allowed: ImagePatterns,
    help: OnceLock<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Patterns of images that may run.
    allowed: ImagePatterns,
}

impl Configure for ImageRegistry {
    type Parameters = Parameters;

    fn configure(Parameters { allowed }: Parameters) -> Result<Self, ParameterError> {
        if allowed.is_empty() {
            return Err(ParameterError::new("allowed", "must name at least one pattern"));
        }
        Ok(Self { allowed, help: OnceLock::new() })
    }
}

impl ImageRegistry {
    fn help(&self) -> &str {
        let patterns = || phrase::either(self.allowed.patterns());
        self.help.get_or_init(|| format!("use an image that matches {}", patterns()))
    }
}

impl Check for ImageRegistry {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for container in runs(cx) {
            let image = container.node.get("image");
            let Some(Ok(reference)) = image.as_str().map(ImageRef::parse) else { continue };
            if !self.allowed.matches(&reference) {
                let running = container.running(&image.shown());
                let message = format!("{running}, which comes from no allowed registry");
                cx.report(image, message).help(self.help().to_owned());
            }
        }
        Ok(())
    }
}
