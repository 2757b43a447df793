//! Field paths, as the parameters of general rules write them.
//!
//! `spec.replicas`, `spec.ports[*].port` for every item, `metadata.labels["app.kubernetes.io/name"]`
//! for a key with dots in it. A path that starts with `pod` starts at the pod or the pod template,
//! whatever the kind; one that starts with `container` at each container of all three lists.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::workload::{self, Container};
use crate::engine::{FieldStep, Kinds, Node, PodKinds};

/// A path to a field, or to several where it goes through every item of a list or map.
///
/// `Display` writes it in one form, however it was written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldPath {
    start: Start,
    steps: Vec<Step>,
}

/// Where a path starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The object's root.
    Object,
    /// The pod or pod template.
    Pod,
    /// Each container of the pod or pod template.
    Container,
}

/// A place that a path leads to.
#[derive(Clone, Copy, Debug)]
pub struct Place<'s> {
    pub node: Node<'s>,
    /// The container at which the path started, if it started at one.
    pub container: Option<Container<'s>>,
}

/// Why a text is no field path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldPathError {
    #[error("field path `{0}` has an empty part")]
    EmptyPart(String),
    #[error("field path `{0}` has a `[` without its `]`")]
    Unclosed(String),
    #[error("field path `{path}` has `[{inside}]`, where only `[*]` and a quoted key can stand")]
    Bracket { path: String, inside: String },
    #[error("field path `{path}` has a `{character}` outside of quotes")]
    Character { path: String, character: char },
    #[error("field path `{0}` names no field below its start")]
    NoField(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(Box<str>),
    Each,
}

impl FieldPath {
    /// Reads a path.
    ///
    /// # Errors
    ///
    /// What is misspelt. A list's items have no numbers: their order means nothing in most lists.
    pub fn parse(text: &str) -> Result<Self, FieldPathError> {
        let mut steps = Vec::new();
        let mut rest = text;
        let mut first_is_word = false;
        loop {
            if let Some(inside) = rest.strip_prefix('[') {
                let (step, after) = bracket(inside, text)?;
                steps.push(step);
                rest = after;
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                first_is_word |= steps.is_empty();
                steps.push(Step::Key(checked(word, text)?.into()));
                rest = after;
            }
            match rest.strip_prefix('.') {
                _ if rest.is_empty() => break,
                Some(after) if after.starts_with('[') || after.is_empty() => {
                    return Err(FieldPathError::EmptyPart(text.to_owned()));
                }
                Some(after) => rest = after,
                None if rest.starts_with('[') => {}
                None => {
                    let character = rest.chars().next().unwrap_or_default();
                    return Err(FieldPathError::Character { path: text.to_owned(), character });
                }
            }
        }
        let start = match steps.first() {
            Some(Step::Key(key)) if first_is_word && **key == *"pod" => Start::Pod,
            Some(Step::Key(key)) if first_is_word && **key == *"container" => Start::Container,
            _ => Start::Object,
        };
        if start != Start::Object {
            steps.remove(0);
        }
        if steps.is_empty() {
            return Err(FieldPathError::NoField(text.to_owned()));
        }
        Ok(Self { start, steps })
    }

    pub fn start(&self) -> Start {
        self.start
    }

    /// Whether it ends with a key: what it leads to can be absent, and can be put there.
    pub fn ends_with_key(&self) -> bool {
        matches!(self.steps.last(), Some(Step::Key(_)))
    }

    /// Every place that the path leads to: one for a path without `[*]`, whether or not the field
    /// is there; none where the object has no pod, or where there is nothing to go through.
    pub fn places<'s>(&'s self, object: Node<'s>, pod: Option<Node<'s>>) -> Vec<Place<'s>> {
        let starts: Vec<(Node<'s>, Option<Container<'s>>)> = match self.start {
            Start::Object => vec![(object, None)],
            Start::Pod => pod.into_iter().map(|pod| (pod, None)).collect(),
            Start::Container => {
                let all = pod.into_iter().flat_map(workload::containers);
                all.map(|it| (it.node, Some(it))).collect()
            }
        };
        let mut places = Vec::new();
        for (start, container) in starts {
            descend(start, &self.steps, &mut |node| places.push(Place { node, container }));
        }
        places
    }

    /// The fields, from the root of a kind that keeps its pod template at `template`; none for a
    /// path into a pod where the kind has none.
    pub fn from_root<'p>(&'p self, template: Option<&[&'p str]>) -> Vec<Vec<FieldStep<'p>>> {
        let own = self.steps.iter().map(|step| match step {
            Step::Key(key) => FieldStep::Key(key),
            Step::Each => FieldStep::Each,
        });
        let below = |start: &[FieldStep<'p>]| start.iter().copied().chain(own.clone()).collect();
        let pod: Option<Vec<_>> =
            template.map(|keys| keys.iter().map(|key| FieldStep::Key(key)).collect());
        match (self.start, pod) {
            (Start::Object, _) => vec![own.collect()],
            (_, None) => Vec::new(),
            (Start::Pod, Some(pod)) => vec![below(&pod)],
            (Start::Container, Some(pod)) => {
                let list = |list| {
                    let container = [FieldStep::Key("spec"), FieldStep::Key(list), FieldStep::Each];
                    below(&[pod.clone(), container.to_vec()].concat())
                };
                workload::LISTS.into_iter().map(|(name, _)| list(name)).collect()
            }
        }
    }

    /// What is wrong with the path for these kinds: it starts at a pod, and none of them has one.
    pub fn flaw(&self, kinds: &Kinds, pods: &PodKinds) -> Option<String> {
        let lost = self.start != Start::Object && !kinds.may_hold_pods(pods);
        lost.then(|| format!("field `{self}` starts at the pod, and none of the kinds has one"))
    }

    /// The field in the words of a message: ``field `image` of container `web` ``.
    pub fn of(&self, place: Place<'_>) -> String {
        let steps = Steps(&self.steps);
        match (self.start, place.container) {
            (_, Some(container)) => format!("field `{steps}` of {container}"),
            (Start::Pod, None) => format!("field `{steps}` of the pod"),
            _ => format!("field `{steps}`"),
        }
    }
}

impl TryFrom<String> for FieldPath {
    type Error = FieldPathError;

    fn try_from(text: String) -> Result<Self, FieldPathError> {
        Self::parse(&text)
    }
}

impl From<FieldPath> for String {
    fn from(path: FieldPath) -> Self {
        path.to_string()
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.start {
            Start::Object => {}
            Start::Pod => write!(f, "pod")?,
            Start::Container => write!(f, "container")?,
        }
        // `["pod"]` is a field of the object that has this name.
        let quoted = self.start == Start::Object
            && matches!(self.steps.first(), Some(Step::Key(key)) if **key == *"pod" || **key == *"container");
        match self.steps.split_first() {
            Some((Step::Key(key), rest)) if quoted => write!(f, "[\"{key}\"]{}", Below(rest)),
            _ if self.start == Start::Object => write!(f, "{}", Steps(&self.steps)),
            _ => write!(f, "{}", Below(&self.steps)),
        }
    }
}

impl JsonSchema for FieldPath {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "FieldPath".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "minLength": 1})
    }
}

/// Steps as they stand at the start of a path.
struct Steps<'p>(&'p [Step]);

/// Steps as they stand behind others.
struct Below<'p>(&'p [Step]);

impl fmt::Display for Steps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_first() {
            Some((Step::Key(key), rest)) if is_word(key) => write!(f, "{key}{}", Below(rest)),
            _ => Below(self.0).fmt(f),
        }
    }
}

impl fmt::Display for Below<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| match step {
            Step::Each => write!(f, "[*]"),
            Step::Key(key) if is_word(key) => write!(f, ".{key}"),
            Step::Key(key) if key.contains('"') => write!(f, "['{key}']"),
            Step::Key(key) => write!(f, "[\"{key}\"]"),
        })
    }
}

fn descend<'s>(node: Node<'s>, steps: &'s [Step], visit: &mut impl FnMut(Node<'s>)) {
    match steps.split_first() {
        None => visit(node),
        Some((Step::Key(key), rest)) => descend(node.get(key), rest, visit),
        Some((Step::Each, rest)) => {
            node.items().for_each(|item| descend(item, rest, visit));
            node.fields().for_each(|(_, value)| descend(value, rest, visit));
        }
    }
}

/// What stands behind a `[`, and the rest behind its `]`.
fn bracket<'t>(inside: &'t str, path: &str) -> Result<(Step, &'t str), FieldPathError> {
    let unclosed = || FieldPathError::Unclosed(path.to_owned());
    if let Some(rest) = inside.strip_prefix("*]") {
        return Ok((Step::Each, rest));
    }
    for quote in ['"', '\''] {
        if let Some(quoted) = inside.strip_prefix(quote) {
            let (key, rest) = quoted.split_once(quote).ok_or_else(unclosed)?;
            let rest = rest.strip_prefix(']').ok_or_else(unclosed)?;
            if key.is_empty() {
                return Err(FieldPathError::EmptyPart(path.to_owned()));
            }
            return Ok((Step::Key(key.into()), rest));
        }
    }
    let (inside, _) = inside.split_once(']').ok_or_else(unclosed)?;
    Err(FieldPathError::Bracket { path: path.to_owned(), inside: inside.to_owned() })
}

fn checked<'t>(word: &'t str, path: &str) -> Result<&'t str, FieldPathError> {
    if word.is_empty() {
        return Err(FieldPathError::EmptyPart(path.to_owned()));
    }
    match word.chars().find(|char| !may_stand_in_word(*char)) {
        Some(character) => Err(FieldPathError::Character { path: path.to_owned(), character }),
        None => Ok(word),
    }
}

fn is_word(key: &str) -> bool {
    key.chars().all(may_stand_in_word)
}

fn may_stand_in_word(char: char) -> bool {
    !matches!(char, '.' | '[' | ']' | '"' | '\'' | '*') && !char.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(path: &str, template: Option<&[&'static str]>) -> Vec<String> {
        let show = |steps: Vec<FieldStep<'_>>| {
            let show = |step: &FieldStep<'_>| match step {
                FieldStep::Key(key) => (*key).to_owned(),
                FieldStep::Each => "*".to_owned(),
            };
            steps.iter().map(show).collect::<Vec<_>>().join("/")
        };
        FieldPath::parse(path).unwrap().from_root(template).into_iter().map(show).collect()
    }

    #[test]
    fn a_path_is_written_in_one_form() {
        for (text, form) in [
            ("spec.replicas", "spec.replicas"),
            ("spec.ports[*].port", "spec.ports[*].port"),
            ("metadata.labels['a.b/c']", "metadata.labels[\"a.b/c\"]"),
            ("metadata[\"labels\"].a/b", "metadata.labels.a/b"),
            ("pod.spec.hostNetwork", "pod.spec.hostNetwork"),
            ("pod['spec']", "pod.spec"),
            ("container.image", "container.image"),
            ("container[\"a.b\"]", "container[\"a.b\"]"),
            ("[\"pod\"].spec", "[\"pod\"].spec"),
            ("[*].a", "[*].a"),
            ("data['say \"hi\"']", "data['say \"hi\"']"),
        ] {
            let path = FieldPath::parse(text).unwrap();
            assert_eq!(path.to_string(), form);
            assert_eq!(FieldPath::parse(form).unwrap(), path);
        }
    }

    #[test]
    fn a_misspelt_path_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", "field path `` has an empty part"),
            ("spec..a", "field path `spec..a` has an empty part"),
            ("spec.", "field path `spec.` has an empty part"),
            (".spec", "field path `.spec` has an empty part"),
            ("a['']", "field path `a['']` has an empty part"),
            ("a.[*]", "field path `a.[*]` has an empty part"),
            ("a[*", "field path `a[*` has a `[` without its `]`"),
            ("a['b", "field path `a['b` has a `[` without its `]`"),
            ("a['b'", "field path `a['b'` has a `[` without its `]`"),
            ("a[0]", "field path `a[0]` has `[0]`, where only `[*]` and a quoted key can stand"),
            ("a[*]b", "field path `a[*]b` has a `b` outside of quotes"),
            ("a]", "field path `a]` has a `]` outside of quotes"),
            ("spec.*.a", "field path `spec.*.a` has a `*` outside of quotes"),
            ("a b", "field path `a b` has a ` ` outside of quotes"),
            ("pod", "field path `pod` names no field below its start"),
            ("container", "field path `container` names no field below its start"),
        ] {
            assert_eq!(FieldPath::parse(text).unwrap_err().to_string(), reason);
        }
    }

    #[test]
    fn from_the_root_a_path_goes_through_the_template() {
        let deployment = Some(&["spec", "template"][..]);
        assert_eq!(keys("spec.a[*]", deployment), ["spec/a/*"]);
        assert_eq!(keys("pod.spec.a", deployment), ["spec/template/spec/a"]);
        assert_eq!(keys("pod.spec.a", Some(&[])), ["spec/a"]);
        assert_eq!(keys("pod.spec.a", None), Vec::<String>::new());
        assert_eq!(
            keys("container.image", Some(&[])),
            [
                "spec/initContainers/*/image",
                "spec/containers/*/image",
                "spec/ephemeralContainers/*/image"
            ]
        );
    }
}
