//! One document of a policy file, with the places of what it says.

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::misfit::{Misfit, misfits, spot};
use super::prune::without;
use super::read::Found;
use crate::document::{Path, Span, Step, Value, from_value};
use crate::engine::Rule;

/// What was read of one document, and the tree to find places in.
pub(super) struct Part<'t, T> {
    /// The rank of the source.
    pub(super) source: usize,
    pub(super) name: String,
    pub(super) name_span: Span,
    /// The `spec` without the mistakes in it.
    pub(super) spec: Value<'t>,
    pub(super) read: T,
}

impl<'t, T: DeserializeOwned> Part<'t, T> {
    /// Reads a document, and leaves every mistake in `found`; `None` if nothing is left of it.
    pub(super) fn read(
        source: usize,
        document: &Value<'t>,
        schema: &Json,
        found: &mut Vec<Found>,
    ) -> Option<Self> {
        let mut wrong = Vec::new();
        for misfit in misfits(schema, document) {
            if let Some((Step::Key(field), below)) = misfit.path.steps.split_first()
                && **field == *"spec"
            {
                wrong.push(Path { steps: below.to_vec() });
            }
            found.push(misfit.into());
        }
        let schema = schema.pointer("/properties/spec").unwrap_or(&Json::Null);
        let mut spec = without(document.get("spec")?.clone(), wrong, schema)?;
        let read = loop {
            match from_value(&spec) {
                Ok(read) => break read,
                Err(error) => {
                    let (path, span) = nearer(&spec, error.path, &error.message);
                    found.push(Found { span, message: error.message, help: None });
                    spec = without(spec, vec![path], schema)?;
                }
            }
        };
        Some(Self::new(source, document, spec, read))
    }

    /// Reads a document that is known to have no mistake.
    pub(super) fn of_checked(
        source: usize,
        document: &Value<'t>,
        found: &mut Vec<Found>,
    ) -> Option<Self> {
        let spec = document.get("spec")?;
        match from_value(spec) {
            Ok(read) => Some(Self::new(source, document, spec.clone(), read)),
            Err(error) => {
                let span = span_at(spec, &error.path);
                found.push(Found { span, message: error.message, help: None });
                None
            }
        }
    }
}

impl<'t, T> Part<'t, T> {
    fn new(source: usize, document: &Value<'t>, spec: Value<'t>, read: T) -> Self {
        let name = document.at(&["metadata", "name"]);
        Self {
            source,
            name: name.and_then(Value::as_str).unwrap_or_default().to_owned(),
            name_span: name.map_or_else(|| spot(None, document), |name| name.span),
            spec,
            read,
        }
    }
}

impl<T> Part<'_, T> {
    /// What to point at for what `message` says of a place below `spec`; for all of it the name.
    pub(super) fn place(&self, path: &Path, message: &str) -> Place {
        let mut around = vec![self.spec.span];
        let mut value = &self.spec;
        for step in &path.steps {
            let Some((_, next)) = step_into(value, step) else { break };
            around.push(next.span);
            value = next;
        }
        let span = match path.steps.as_slice() {
            [] => self.name_span,
            _ => nearer(&self.spec, path.clone(), message).1,
        };
        Place { source: self.source, span, around }
    }
}

impl Place {
    /// In no source.
    pub(super) const fn nowhere() -> Self {
        Self { source: usize::MAX, span: Span::new(0, 0), around: Vec::new() }
    }
}

impl From<Misfit> for Found {
    fn from(misfit: Misfit) -> Self {
        Self { span: misfit.span, message: misfit.message, help: misfit.help }
    }
}

/// What to point at for a place of a part.
pub(super) struct Place {
    pub(super) source: usize,
    pub(super) span: Span,
    /// The spans of all values on the way there.
    pub(super) around: Vec<Span>,
}

/// Checks the parameters of each entry of a policy against its rule. Answers with the spans of
/// those that have a mistake: what else is said of them would only repeat it.
pub(super) fn check_parameters(
    spec: &Value<'_>,
    rules: &[&'static Rule],
    found: &mut Vec<Found>,
) -> Vec<Span> {
    let mut broken = Vec::new();
    for entry in spec.get("rules").and_then(Value::as_list).unwrap_or_default() {
        let Some(id) = entry.get("rule").filter(|id| id.as_str().is_some()) else { continue };
        let Some(rule) = rules.iter().find(|rule| Some(rule.id) == id.as_str()) else { continue };
        let schema = (rule.parameters)().to_value();
        match entry.get("params") {
            Some(params) => {
                let misfits = misfits(&schema, params);
                if !misfits.is_empty() {
                    broken.push(params.span);
                }
                found.extend(misfits.into_iter().map(Found::from));
            }
            None => {
                let needed = schema.get("required").and_then(Json::as_array).into_iter().flatten();
                let needed: Vec<&str> = needed.filter_map(Json::as_str).collect();
                if !needed.is_empty() {
                    broken.push(entry.span);
                    found.push(Found {
                        span: id.span,
                        message: "field `params` is missing".to_owned(),
                        help: Some(format!("rule `{}` needs `{}`", rule.id, needed.join("`, `"))),
                    });
                }
            }
        }
    }
    broken
}

/// What to point at for the place of `path` below `root`, or the nearest place that holds it.
pub(super) fn span_at(root: &Value<'_>, path: &Path) -> Span {
    let mut at = (None, root);
    for step in &path.steps {
        let Some(next) = step_into(at.1, step) else { break };
        at = next;
    }
    spot(at.0, at.1)
}

/// The value that a step leads to, with the place of its key.
fn step_into<'v, 't>(value: &'v Value<'t>, step: &Step) -> Option<(Option<Span>, &'v Value<'t>)> {
    match step {
        Step::Key(key) => {
            let entry = value.as_map()?.entry(key)?;
            Some((Some(entry.key_span), &entry.value))
        }
        Step::Index(index) => Some((None, value.as_list()?.get(*index as usize)?)),
    }
}

/// The item of a list of texts that an error about the whole list quotes.
pub(super) fn nearer(root: &Value<'_>, path: Path, message: &str) -> (Path, Span) {
    let list = path.steps.iter().try_fold(root, |value, step| Some(step_into(value, step)?.1));
    let items = list.and_then(Value::as_list).unwrap_or_default();
    let quoted =
        |item: &Value<'_>| item.as_str().is_some_and(|text| message.contains(&format!("`{text}`")));
    match (0..).zip(items).find(|(_, item)| quoted(item)) {
        None => {
            let span = span_at(root, &path);
            (path, span)
        }
        Some((index, item)) => {
            let mut path = path;
            path.steps.push(Step::Index(index));
            (path, item.span)
        }
    }
}
