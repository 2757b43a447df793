use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Globs, Missing, ParameterError};
use crate::resource::build::Build;
use crate::resource::image::{ImageRef, Pin};
use crate::resource::image_pattern::ImagePatterns;
use crate::resource::tag::{Precision, is_moving, moving_tags, precision};
use crate::resource::workload::{Container, runs};

declare_rule! {
    /// Flags an image whose tag does not say which image runs.
    ///
    /// ## Why
    ///
    /// A tag such as `latest`, or none at all, names another image from one day to the next. Two
    /// pods of one Deployment then run different programs, a rollback brings nothing back, and
    /// nobody can say what a telescope ran last week. A version or a digest can be found again.
    ///
    /// ## Fields
    ///
    /// `image` of every container, init and ephemeral ones included, and `spec.image` of a
    /// `DeviceServer`, and the `image` that is pushed to a repository. A digest is always accepted, whatever tag stands beside it. A reference
    /// that is not valid is flagged too.
    ///
    /// ## Parameters
    ///
    /// - `moving`: globs of tags that move. The default is `latest` and, which is ours, the usual
    ///   names of branches and channels (`main`, `dev`, `stable`, …).
    /// - `exact`: whether a tag must hold at least a major and a minor version, a date or a
    ///   commit. The default is `true`.
    /// - `stages`: which builds of our own images may run: `release`, `candidate`,
    ///   `development`, `dirty` (built from a changed tree), `other`. The default is all of them.
    ///   Policies for single tiers narrow it.
    /// - `own`: patterns of our own images. The default is `artefact.skao.int/ska-*`,
    ///   `harbor.skao.int/*/ska-*` and `registry.gitlab.com/ska-telescope/**`.
    ///
    /// ## Fix
    ///
    /// None: which version is meant is for a person to say.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: landing-page
    /// spec:
    ///   template:
    ///     spec:
    ///       initContainers:
    ///         - name: wait
    ///           image: bitnami/kubectl:latest
    ///       containers:
    ///         - name: nginx
    ///           image: registry:5000/nginx
    /// ```
    ///
    /// A major version alone:
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: db
    /// spec:
    ///   containers:
    ///     - name: postgres
    ///       image: postgres:16
    /// ```
    ///
    /// A development build where only releases may run:
    ///
    /// ```yaml
    /// # params: {stages: [release, candidate]}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: dishmanager-001
    /// spec:
    ///   image: artefact.skao.int/ska-mid-dish-manager:10.0.0-dev.c557b9753
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {stages: [release]}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    ///     - name: etcd
    ///       image: quay.io/coreos/etcd:v3.3.25
    ///     - name: pinned
    ///       image: nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Container Orchestration Guidelines](https://developer.skatelescope.org/en/latest/tools/containers/orchestration-guidelines.html):
    ///   "at least major and minor version", "not `latest`"
    /// - SKA developer portal, [Central Artefact Repository](https://developer.skatelescope.org/en/latest/explanation/central-artefact-repository.html)
    pub(crate) static IMAGE_TAG = {
        id: "image-tag",
        category: Reliability,
        severity: High,
        since: "0.1.0",
        kinds: &["artefacts/docker", "pods", "tango.tango-controls.org/*/DeviceServer"],
        check: ImageTag,
    }
}

struct ImageTag {
    parameters: Parameters,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Globs of tags that move.
    #[serde(default = "moving_tags")]
    moving: Globs,
    /// Whether a tag must hold at least a major and a minor version.
    #[serde(default = "yes")]
    exact: bool,
    /// Which builds of our own images may run; all if not given.
    #[serde(default)]
    stages: Vec<Build>,
    /// Patterns of our own images.
    #[serde(default = "own_images")]
    own: ImagePatterns,
}

impl Configure for ImageTag {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, ParameterError> {
        Ok(Self { parameters })
    }
}

impl Check for ImageTag {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for container in runs(cx) {
            let image = container.node.get("image");
            let Some(text) = image.as_str() else { continue };
            match ImageRef::parse(text) {
                // The error quotes the reference.
                Err(_) if image.is_sensitive() => {
                    let message = format!("image {} of {container} is not valid", image.shown());
                    cx.report(image, message);
                }
                Err(error) => {
                    cx.report(image, format!("image of {container} is not valid: {error}"));
                }
                Ok(reference) => {
                    if let Some(what) = self.flaw(&reference) {
                        cx.report(image, what.message(&container, &image.shown()))
                            .help(what.help());
                    }
                }
            }
        }
        Ok(())
    }
}

/// What a tag leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    NoTag,
    Moving,
    NoVersion,
    MajorAlone,
    Stage(Build),
}

impl ImageTag {
    fn flaw(&self, image: &ImageRef<'_>) -> Option<Flaw> {
        let parameters = &self.parameters;
        let pin = image.pin();
        if is_moving(pin, &parameters.moving) {
            return Some(if pin == Pin::None { Flaw::NoTag } else { Flaw::Moving });
        }
        let Pin::Tag(tag) = pin else { return None };
        match precision(tag) {
            Precision::None if parameters.exact => return Some(Flaw::NoVersion),
            Precision::Major if parameters.exact => return Some(Flaw::MajorAlone),
            _ => {}
        }
        if parameters.stages.is_empty() || !parameters.own.matches(image) {
            return None;
        }
        let build = Build::of(tag);
        (!parameters.stages.contains(&build)).then_some(Flaw::Stage(build))
    }
}

impl Flaw {
    fn message(self, container: &Container<'_>, image: &str) -> String {
        let running = container.running(image);
        match self {
            Self::NoTag => format!("{running} without a tag, which means `latest`"),
            Self::Moving => format!("{running}, whose tag moves"),
            Self::NoVersion => format!("{running}, whose tag names no version"),
            Self::MajorAlone => format!("{running}, whose tag names only a major version"),
            Self::Stage(build) => format!("{running}, which is {}", build.as_str()),
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Stage(_) => "publish a release, and run that",
            _ => "name a version, such as `:1.2.3`, or a digest",
        }
    }
}

fn own_images() -> ImagePatterns {
    static OWN: LazyLock<ImagePatterns> = LazyLock::new(|| {
        let patterns = [
            "artefact.skao.int/ska-*",
            "harbor.skao.int/*/ska-*",
            "registry.gitlab.com/ska-telescope/**",
        ];
        ImagePatterns::new(patterns).unwrap_or_default()
    });
    OWN.clone()
}

fn yes() -> bool {
    true
}
