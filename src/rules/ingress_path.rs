use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{
    Check, Configure, Context, Kinds, Mention, Missing, Node, Observer, ParameterError,
};

declare_rule! {
    /// Flags a path of an Ingress that takes what is others', or leads nowhere.
    ///
    /// ## Why
    ///
    /// Hosts are not allowed on SKA's clusters, so that all Ingresses share one name and differ by
    /// path alone, which should begin with the namespace. `/` without a host takes what no other
    /// Ingress has, of all namespaces; of two Ingresses with one path the older wins, and the other
    /// is never asked. A rewrite to a group that the path does not capture sends every request to
    /// one and the same place.
    ///
    /// ## Fields
    ///
    /// `spec.rules[*].http.paths[*].path` of an Ingress, with the host of its rule, and of nginx's
    /// annotation `rewrite-target` the groups (`$1`, `$2`). Two Ingresses of different classes are
    /// not compared. Two with the same path are one finding, with both places.
    ///
    /// ## Parameters
    ///
    /// - `root`: whether `/` without a host is flagged. The default is `true`.
    ///
    /// ## Fix
    ///
    /// None: others know the path.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # facts: {complete: true}
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: landingpage
    ///   annotations:
    ///     nginx.ingress.kubernetes.io/rewrite-target: /$2
    /// spec:
    ///   rules:
    ///     - http:
    ///         paths:
    ///           - path: /
    ///           - path: /mid/(.*)
    ///           - path: /mid/(.*)
    /// ```
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, namespace: low}, spec: {rules: [{http: {paths: [{path: /taranta}]}}]}}'}
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: taranta
    ///   namespace: mid
    /// spec:
    ///   rules:
    ///     - http:
    ///         paths:
    ///           - path: /taranta
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # facts: {complete: true}
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: taranta
    ///   namespace: mid
    ///   annotations:
    ///     nginx.ingress.kubernetes.io/rewrite-target: /$2
    /// spec:
    ///   rules:
    ///     - http:
    ///         paths:
    ///           - path: /mid/taranta(/|$)(.*)
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Container Orchestration Guidelines](https://developer.skatelescope.org/en/latest/tools/containers/orchestration-guidelines.html):
    ///   a path with the namespace or release
    /// - ingress-nginx, [Rewrite](https://kubernetes.github.io/ingress-nginx/examples/rewrite/)
    pub(crate) static INGRESS_PATH = {
        id: "ingress-path",
        category: Reliability,
        severity: Medium,
        since: "0.1.0",
        kinds: &["networking.k8s.io/*/Ingress"],
        check: IngressPath,
    }
}

const REWRITE: &str = "nginx.ingress.kubernetes.io/rewrite-target";

/// How many of the other Ingresses with the path are shown.
const MOST_RELATED: usize = 10;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IngressPath {
    /// Whether `/` without a host is flagged.
    #[serde(default = "yes")]
    root: bool,
}

impl Configure for IngressPath {
    type Parameters = Self;

    fn configure(parameters: Self) -> Result<Self, ParameterError> {
        Ok(parameters)
    }
}

impl Check for IngressPath {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let object = cx.object();
        let rewrite = object.at(&["metadata", "annotations", REWRITE]);
        let groups = rewrite.as_str().map_or(0, highest_group);
        let mut own: HashMap<String, Node<'s>> = HashMap::new();
        for Route { host, path, key } in routes(object) {
            let text = path.as_str().unwrap_or("/");
            if self.root && host.is_empty() && matches!(text, "" | "/") {
                cx.report(path, "path `/` without a host takes what no other Ingress has")
                    .help("begin the path with the namespace");
            } else if captured_groups(text) < groups {
                let message =
                    format!("path {} has no group for `${groups}` of the rewrite", path.shown());
                cx.report(path, message)
                    .help("put what is to be kept in `(` and `)`")
                    .related_here(rewrite, "the rewrite");
            }
            if let Some(first) = own.get(&key) {
                cx.report(path, format!("path {} stands here twice", path.shown()))
                    .help("remove one of them")
                    .related_here(*first, "the same path");
                continue;
            }
            own.insert(key, path);
        }
        // What the Ingress shows by itself needs no other one.
        let mut all: Vec<(String, Node<'s>)> = own.into_iter().collect();
        all.sort_by(|one, two| one.0.cmp(&two.0));
        for (key, path) in all {
            let others: Vec<&Mention> = cx.others(&key)?.take(MOST_RELATED).collect();
            if let Some(other) = others.first()
                && cx.speaks_for(others.iter().copied())
            {
                let message = format!("path {} is also one of {}", path.shown(), other.subject);
                let draft = cx.report(path, message);
                draft.help("begin the path with the namespace");
                for other in others {
                    draft.related_to(other, "the same path");
                }
            }
        }
        Ok(())
    }

    fn observes(&self, judged: &Kinds) -> Kinds {
        judged.clone()
    }

    fn observe<'s>(&'s self, observer: &mut Observer<'s>) {
        for route in routes(observer.object()) {
            observer.note(route.key, route.path);
        }
    }
}

/// A host and a path that an Ingress takes.
struct Route<'s> {
    host: &'s str,
    path: Node<'s>,
    /// The class, host and path: what no two Ingresses should have.
    key: String,
}

fn routes(object: Node<'_>) -> Vec<Route<'_>> {
    let spec = object.get("spec");
    let class = object.at(&["metadata", "annotations", "kubernetes.io/ingress.class"]).as_str();
    let class = spec.get("ingressClassName").as_str().or(class).unwrap_or_default();
    let mut routes = Vec::new();
    for rule in spec.get("rules").items() {
        let host = rule.get("host").as_str().unwrap_or_default();
        for item in rule.at(&["http", "paths"]).items() {
            let path = item.get("path");
            let text = path.as_str().unwrap_or("/");
            routes.push(Route { host, path, key: format!("{class}\n{host}\n{text}") });
        }
    }
    routes
}

/// The highest `$N` in a rewrite; 0 if it has none.
fn highest_group(rewrite: &str) -> usize {
    let digits = rewrite.split('$').skip(1).filter_map(|rest| rest.chars().next()?.to_digit(10));
    digits.max().map_or(0, |highest| highest as usize)
}

/// How many groups a regular expression captures.
fn captured_groups(path: &str) -> usize {
    let mut groups = 0;
    let mut rest = path.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' => _ = rest.next(),
            '(' if rest.peek() != Some(&'?') => groups += 1,
            _ => {}
        }
    }
    groups
}

fn yes() -> bool {
    true
}
