use schemars::JsonSchema;
use semver::VersionReq;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{
    Check, Configure, Context, FieldStep, Kinds, Missing, Node, ParameterError, PodKinds,
};
use crate::resource::field::{FieldPath, Place};
use crate::resource::format::Format;
use crate::resource::pattern::Pattern;
use crate::resource::quantity::Quantity;
use crate::resource::scalar::Scalar;
use crate::resource::test::{Test, alternatives, network};

declare_rule! {
    /// Flags a field whose value fails a test that the policy gives.
    ///
    /// ## Why
    ///
    /// Most conventions are about what a value looks like: a name, a registry, a port, a size. This
    /// is a general rule: a policy says which field of which kinds, and why, in its `message` and
    /// `help`.
    ///
    /// ## Fields
    ///
    /// The one that the policy names; a number is tested as its text. A field that is absent or
    /// empty passes unless `required` says otherwise. A list or map fails: `[*]` tests what is in
    /// it.
    ///
    /// ## Parameters
    ///
    /// `field`, and one test or several, of which all must hold.
    ///
    /// - `field`: the path to the field: keys joined by dots, `[*]` for every item of a list or
    ///   map, `["key"]` for a key with dots in it. A path that starts with `pod` starts at the pod
    ///   or the pod template of any kind; one that starts with `container` at each container,
    ///   init and ephemeral ones too.
    /// - `keys`: tests the keys of the map at `field` instead of its value.
    /// - `required`: whether an absent or empty field fails.
    /// - `pattern`: a regular expression (RE2; `\d`, `\w`, `\s` and `\b` are ASCII) that matches
    ///   somewhere in the value; write `^` and `$` to mean all of it.
    /// - `notPattern`: a regular expression that matches nowhere in the value.
    /// - `format`: `cidr`, `dns-label`, `dns-subdomain`, `email`, `image-reference`, `integer`,
    ///   `ip`, `label-key`, `label-value`, `quantity`, `rfc3339`, `semver`, `tango-device`,
    ///   `tango-host`, `tango-server` or `url`.
    /// - `oneOf`: the values that are allowed.
    /// - `notOneOf`: the values that are not.
    /// - `min`, `max`: the bounds of a number or quantity, both allowed themselves: `1`, `500m`,
    ///   `4Gi`.
    /// - `minLength`, `maxLength`: the bounds of how many characters it has, both allowed.
    /// - `version`: the semantic versions that are allowed: `>=1.2.0, <2`. A pre-release is in a
    ///   range only if the range names one of the same version.
    /// - `within`: the networks in which an IP address or network must lie: `10.0.0.0/8`.
    ///
    /// ## Fix
    ///
    /// None: what the value should be is for a person to say.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # params: {field: spec.image, pattern: '^artefact\.skao\.int/ska-'}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: central-node
    /// spec:
    ///   image: docker.io/library/ska-tmc-centralnode:1.0.0
    /// ```
    ///
    /// A quantity, however it is written:
    ///
    /// ```yaml
    /// # params: {field: 'container.resources.limits.memory', max: 64Gi}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    ///       resources:
    ///         limits:
    ///           memory: 100G
    /// ```
    ///
    /// A name that is too long for what is made of it:
    ///
    /// ```yaml
    /// # params: {field: metadata.name, maxLength: 39}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: central-node-of-the-telescope-in-the-north
    /// spec:
    ///   image: artefact.skao.int/ska-tmc-centralnode:1.0.0
    /// ```
    ///
    /// Keys:
    ///
    /// ```yaml
    /// # params: {field: data, keys: true, pattern: '^[a-z-]+\.json$'}
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: settings
    /// data:
    ///   Settings.yaml: 'a: 1'
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {field: spec.type, oneOf: [ClusterIP, LoadBalancer]}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: databaseds
    /// spec:
    ///   type: LoadBalancer
    /// ```
    ///
    /// ```yaml
    /// # params: {field: 'spec.loadBalancerSourceRanges[*]', within: [10.0.0.0/8]}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: databaseds
    /// spec:
    ///   loadBalancerSourceRanges:
    ///     - 10.20.0.0/16
    /// ```
    ///
    /// ```yaml
    /// # params: {field: spec.version, version: '>=1.2, <2', required: true}
    /// apiVersion: example.org/v1
    /// kind: Release
    /// metadata:
    ///   name: sdp
    /// spec:
    ///   version: 1.10.3
    /// ```
    ///
    /// ## References
    ///
    /// - [RE2 syntax](https://github.com/google/re2/wiki/Syntax)
    /// - Kubernetes, [Quantity](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/)
    /// - [Semantic Versioning](https://semver.org), and the [ranges](https://docs.rs/semver/1/semver/enum.Op.html) of Cargo
    pub(crate) static FIELD_MATCHES = {
        id: "field-matches",
        category: Convention,
        severity: Medium,
        since: "0.1.0",
        kinds: &["*", "artefacts"],
        check: FieldMatches,
    }
}

struct FieldMatches {
    field: FieldPath,
    keys: bool,
    required: bool,
    tests: Vec<Test>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The path to the field.
    field: FieldPath,
    /// Whether the keys of the map at `field` are tested, not its value.
    #[serde(default)]
    keys: bool,
    /// Whether an absent or empty field fails.
    #[serde(default)]
    required: bool,
    /// Matches somewhere in the value.
    pattern: Option<Pattern>,
    /// Matches nowhere in the value.
    not_pattern: Option<Pattern>,
    /// The format of the value.
    format: Option<Format>,
    /// The values that are allowed.
    #[serde(default)]
    one_of: Vec<Scalar>,
    /// The values that are not allowed.
    #[serde(default)]
    not_one_of: Vec<Scalar>,
    /// The least number or quantity.
    min: Option<Scalar>,
    /// The greatest number or quantity.
    max: Option<Scalar>,
    /// The fewest characters.
    min_length: Option<usize>,
    /// The most characters.
    max_length: Option<usize>,
    /// The semantic versions that are allowed.
    version: Option<String>,
    /// The networks in which an address must lie.
    #[serde(default)]
    within: Vec<String>,
}

impl Configure for FieldMatches {
    type Parameters = Parameters;

    fn configure(given: Parameters) -> Result<Self, ParameterError> {
        let mut tests = Vec::new();
        tests.extend(given.pattern.map(Test::Matches));
        tests.extend(given.not_pattern.map(Test::NeverMatches));
        tests.extend(given.format.map(Test::Is));
        tests.extend(Some(given.one_of).filter(|it| !it.is_empty()).map(Test::OneOf));
        tests.extend(Some(given.not_one_of).filter(|it| !it.is_empty()).map(Test::NotOneOf));
        let (min, max) = (bound("min", given.min)?, bound("max", given.max)?);
        if let (Some((_, min)), Some((_, max))) = (&min, &max)
            && min > max
        {
            return Err(ParameterError::new("min", "must not be more than `max`"));
        }
        tests.extend(min.map(|(text, least)| Test::AtLeast(text, least)));
        tests.extend(max.map(|(text, most)| Test::AtMost(text, most)));
        let (least, most) = (given.min_length, given.max_length);
        if least.zip(most).is_some_and(|(least, most)| least > most) {
            return Err(ParameterError::new("minLength", "must not be more than `maxLength`"));
        }
        tests.extend(least.map(Test::LengthAtLeast));
        tests.extend(most.map(Test::LengthAtMost));
        if let Some(range) = given.version {
            let range = VersionReq::parse(&range)
                .map_err(|error| ParameterError::new("version", format!("is no range: {error}")))?;
            tests.push(Test::Version(range));
        }
        if !given.within.is_empty() {
            let networks = given.within.iter().map(|text| network(text).ok_or(text));
            let networks = networks.collect::<Result<_, _>>().map_err(|text| {
                ParameterError::new("within", format!("has `{text}`, which is no network"))
            })?;
            tests.push(Test::Within(networks));
        }
        if tests.is_empty() {
            let mut error = ParameterError::new("field", "has no test that its value must pass");
            error.help = Some("add one, such as `pattern`, `format` or `oneOf`".to_owned());
            return Err(error);
        }
        Ok(Self { field: given.field, keys: given.keys, required: given.required, tests })
    }
}

impl Check for FieldMatches {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for place in self.field.places(cx.object(), cx.pod()) {
            if place.node.is_empty() {
                if self.required {
                    cx.report(place.node, format!("{} is not set", self.field.of(place)))
                        .help(format!("set `{}`", self.field));
                }
            } else if self.keys {
                self.check_keys(place, cx);
            } else if let Some(problem) = self.problem_of(place.node) {
                let draft = cx.report(
                    place.node,
                    format!("{} is {}, {problem}", self.field.of(place), place.node.shown()),
                );
                if let Some(help) = self.help() {
                    draft.help(help);
                }
            }
        }
        Ok(())
    }

    fn judges_presence_of<'p>(&'p self, template: Option<&[&'p str]>) -> Vec<Vec<FieldStep<'p>>> {
        if self.required { self.field.from_root(template) } else { Vec::new() }
    }

    fn flaw(&self, kinds: &Kinds, pods: &PodKinds) -> Option<String> {
        self.field.flaw(kinds, pods)
    }
}

impl FieldMatches {
    fn check_keys<'s>(&'s self, place: Place<'s>, cx: &mut Context<'s>) {
        for (key, child) in place.node.fields() {
            if let Some(problem) = self.problem(key, child) {
                // The key itself is in the finding's path; a message holds what `shown` cleaned.
                let message = format!("a key of {} is one {problem}", self.field.of(place));
                cx.report(child, message).about_key();
            }
        }
    }

    fn problem_of(&self, node: Node<'_>) -> Option<String> {
        match node.scalar() {
            Some(text) => self.problem(&text, node),
            None => Some("where a single value must stand".to_owned()),
        }
    }

    /// The first test that the text fails, as the end of a sentence.
    fn problem(&self, text: &str, node: Node<'_>) -> Option<String> {
        // A visit is a step; so is what a pattern does with some sixteen bytes.
        node.charge(text.len() as u64 / 16);
        let failed = self.tests.iter().find(|test| test.problem(text, true).is_some())?;
        failed.problem(text, node.is_sensitive())
    }

    fn help(&self) -> Option<String> {
        self.tests.iter().find_map(|test| match test {
            Test::OneOf(values) if values.len() < 10 => {
                Some(format!("write {}", alternatives(values)))
            }
            _ => None,
        })
    }
}

fn bound(name: &str, given: Option<Scalar>) -> Result<Option<(Scalar, Quantity)>, ParameterError> {
    let Some(text) = given else { return Ok(None) };
    match Quantity::parse(text.as_str()) {
        Ok(quantity) => Ok(Some((text, quantity))),
        Err(error) => Err(ParameterError::new(name, format!("is no number: {error}"))),
    }
}
