//! A JSON Patch as edits of the text, which keep all that the patch does not speak of: comments,
//! quotes, anchors, the order of fields, indentation, line ends.
//!
//! The text after the edits is read again and compared with the patched value. Where they differ,
//! or where there is more than one way to write a change, there are no edits but a [`Refusal`].

mod diff;
mod draft;
mod insert;
mod remove;
mod render;
mod replace;
mod source;

use json_patch::{Patch, PatchOperation};
use serde_json::Value as Json;

use self::diff::{Step, Tokens};
use self::draft::Draft;
use self::source::Source;
use super::source::Document;
use super::value::{Span, Value};
use super::yaml;

/// A replacement of one part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty where something is only inserted.
    pub span: Span,
    pub replacement: String,
}

/// Why a patch cannot be written into a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    reason: String,
}

/// The edits of `text` that do to `document`, which was read from it, what `patch` does. In the
/// order of the text; none overlaps another.
pub fn edits(text: &str, document: &Document<'_>, patch: &Patch) -> Result<Vec<Edit>, Refusal> {
    let source = document.span.range();
    let Some(source) = text.get(source) else { return Err(refuse("the text is another one")) };
    let mut draft = Draft::new(source);
    let mut expected = Json::from(&document.value);
    for operation in &patch.0 {
        let before = expected.clone();
        json_patch::patch(&mut expected, std::slice::from_ref(operation))
            .map_err(|_| refuse("the patch does not fit the document"))?;
        for step in steps(operation, &Value::from(&before))? {
            let edit = edit(draft.text(), &step)?;
            draft.apply(&edit).ok_or_else(|| refuse("an edit leaves the document"))?;
        }
    }
    let same = read(draft.text()).is_ok_and(|value| value == Value::from(&expected));
    if !same {
        return Err(refuse("the text would not mean what the patch asks for"));
    }
    Ok(draft.edits(document.span.start))
}

/// The text after `edits`, as [`edits()`] returns them. Edits that do not fit the text are left
/// out.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut edited = String::with_capacity(text.len());
    let mut at = 0;
    for Edit { span, replacement } in edits {
        let Some(kept) = text.get(at..span.start as usize) else { continue };
        edited.push_str(kept);
        edited.push_str(replacement);
        at = span.end as usize;
    }
    edited.push_str(text.get(at..).unwrap_or_default());
    edited
}

/// What an operation does, in steps each of which changes one place.
fn steps(operation: &PatchOperation, before: &Value<'_>) -> Result<Vec<Step>, Refusal> {
    let tokens = |path: &jsonptr::PointerBuf| -> Tokens {
        path.tokens().map(|token| token.decoded().into_owned()).collect()
    };
    match operation {
        PatchOperation::Add(add) => diff::add(before, tokens(&add.path), &Value::from(&add.value)),
        PatchOperation::Replace(it) => {
            diff::replace(before, tokens(&it.path), &Value::from(&it.value))
        }
        PatchOperation::Remove(remove) => Ok(vec![Step::Remove(tokens(&remove.path))]),
        PatchOperation::Test(_) => Ok(Vec::new()),
        PatchOperation::Move(_) | PatchOperation::Copy(_) => {
            Err(refuse("what is moved or copied could be written in more than one way"))
        }
    }
}

fn edit(text: &str, step: &Step) -> Result<Edit, Refusal> {
    let value = read(text)?;
    let source = Source::new(text, &value);
    let edit = match step {
        Step::Insert(tokens, new) => insert::edit(&source, &value, tokens, new)?,
        Step::Replace(tokens, new) => replace::edit(&source, &value, tokens, new)?,
        Step::Remove(tokens) => remove::edit(&source, &value, tokens)?,
    };
    match source.slice(edit.span) {
        Some(old) if !old.contains("{{") => Ok(edit),
        _ => Err(refuse("a template would be lost")),
    }
}

fn read(text: &str) -> Result<Value<'_>, Refusal> {
    let mut documents = yaml::read(text);
    match (documents.next(), documents.next()) {
        (Some(Ok(document)), None) if !document.empty => Ok(document.value),
        _ => Err(refuse("the text would not be one document")),
    }
}

fn refuse(reason: impl Into<String>) -> Refusal {
    Refusal { reason: reason.into() }
}
