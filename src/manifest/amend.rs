//! Patches of objects as changes of their file, which keep all that they don't speak of.

use std::collections::BTreeMap;

use json_patch::{Patch, PatchOperation};
use jsonptr::{Pointer, PointerBuf};

use super::{Item, Manifest};
use crate::document::edit::{Edit, apply, edits};
use crate::document::{Path, Span, yaml};

/// What became of a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amendment {
    Written,
    /// One before it changes the same place. Made anew for the changed object it may be written.
    Conflicts,
    /// There is not exactly one way to write it.
    Refused,
}

/// A document while patches are written into it.
struct Draft {
    text: String,
    written: Vec<Patch>,
}

impl Manifest<'_> {
    /// What `patch` does to an item, as edits of the file's text, in its order; `None` where there
    /// is not exactly one way to write it.
    ///
    /// The document is read again: rules see the object as the API server will keep it, and the
    /// text is to keep what was written.
    pub fn edits(&self, item: &Item, patch: &Patch) -> Option<Vec<Edit>> {
        let span = self.document_of(item)?.span;
        let mut edits = in_text(self.slice(span)?, &below(&item.within, patch)?)?;
        for edit in &mut edits {
            edit.span = Span::new(edit.span.start + span.start, edit.span.end + span.start);
        }
        Some(edits)
    }

    /// The text with patches of items, one after another, and what became of each.
    pub fn amend(&self, patches: &[(&Item, &Patch)]) -> (String, Vec<Amendment>) {
        let mut drafts: BTreeMap<Span, Draft> = BTreeMap::new();
        let mut ended = Vec::new();
        for (item, patch) in patches {
            let amendment = self.amend_document(&mut drafts, item, patch);
            ended.push(amendment.unwrap_or(Amendment::Refused));
        }
        let mut text = String::new();
        let mut at = 0;
        for (span, draft) in drafts {
            text.push_str(self.slice(Span::new(at, span.start)).unwrap_or_default());
            text.push_str(&draft.text);
            at = span.end;
        }
        text.push_str(self.lines().text().get(at as usize..).unwrap_or_default());
        (text, ended)
    }

    fn amend_document(
        &self,
        drafts: &mut BTreeMap<Span, Draft>,
        item: &Item,
        patch: &Patch,
    ) -> Option<Amendment> {
        let span = self.document_of(item)?.span;
        let text = self.slice(span)?;
        let new = || Draft { text: text.to_owned(), written: Vec::new() };
        let draft = drafts.entry(span).or_insert_with(new);
        let patch = below(&item.within, patch)?;
        if draft.written.iter().any(|before| conflict(before, &patch)) {
            return Some(Amendment::Conflicts);
        }
        draft.text = apply(&draft.text, &in_text(&draft.text, &patch)?);
        draft.written.push(patch);
        Some(Amendment::Written)
    }

    fn slice(&self, span: Span) -> Option<&str> {
        self.lines().text().get(span.range())
    }
}

/// What a patch does to a text of one document.
fn in_text(text: &str, patch: &Patch) -> Option<Vec<Edit>> {
    let mut documents = yaml::read(text);
    let document = documents.next()?.ok()?;
    match documents.next() {
        None => edits(text, &document, patch).ok(),
        Some(_) => None,
    }
}

/// The patch, if what it is made for stands at `within`.
fn below(within: &Path, patch: &Patch) -> Option<Patch> {
    let moved = |path: &mut PointerBuf| {
        *path = PointerBuf::parse(format!("{within}{path}")).ok()?;
        Some(())
    };
    let mut operations = patch.0.clone();
    for operation in &mut operations {
        match operation {
            PatchOperation::Add(it) => moved(&mut it.path)?,
            PatchOperation::Remove(it) => moved(&mut it.path)?,
            PatchOperation::Replace(it) => moved(&mut it.path)?,
            PatchOperation::Test(it) => moved(&mut it.path)?,
            PatchOperation::Move(it) => moved(&mut it.path).and(moved(&mut it.from))?,
            PatchOperation::Copy(it) => moved(&mut it.path).and(moved(&mut it.from))?,
        }
    }
    Some(Patch(operations))
}

/// Whether a patch may mean something else after the one before it: it changes the same place, one
/// above it or below it, or something in a list that has other items by then.
fn conflict(before: &Patch, after: &Patch) -> bool {
    let meet = |one: &PatchOperation, other: &PatchOperation| {
        let (one_path, other_path) = (one.path(), other.path());
        one_path.starts_with(other_path)
            || other_path.starts_with(one_path)
            || shifted(one).is_some_and(|list| other_path.starts_with(list))
    };
    before.iter().any(|one| after.iter().any(|other| meet(one, other)))
}

/// The list whose items change places.
fn shifted(operation: &PatchOperation) -> Option<&Pointer> {
    let (list, last) = operation.path().split_back()?;
    let last = last.decoded();
    let is_item = last == "-" || last.parse::<u32>().is_ok();
    let moves = !matches!(operation, PatchOperation::Replace(_) | PatchOperation::Test(_));
    (is_item && moves).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# one\na: 1\n---\napiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: x}  # x\n---\n# two\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y # y\ndata:\n  list: [a, b]\n";

    fn patch(op: &str, path: &str, value: &str) -> Patch {
        let text = format!(r#"[{{"op": "{op}", "path": "{path}", "value": {value}}}]"#);
        serde_json::from_str(&text).unwrap()
    }

    fn amended(patches: &[(usize, Patch)]) -> (String, Vec<Amendment>) {
        let manifest = Manifest::read("a.yaml", TEXT);
        let all: Vec<(&Item, &Patch)> =
            patches.iter().map(|(rank, patch)| (&manifest.items[*rank], patch)).collect();
        manifest.amend(&all)
    }

    #[test]
    fn several_patches_are_written_into_several_documents() {
        let (text, ended) = amended(&[
            (1, patch("add", "/metadata/labels", r#"{"a": "b"}"#)),
            (0, patch("add", "/data", r#"{"k": "v"}"#)),
            (1, patch("replace", "/data/list/1", r#""c""#)),
        ]);
        assert_eq!(ended, [Amendment::Written; 3]);
        let expected = TEXT
            .replace("x}  # x\n", "x}  # x\n    data:\n      k: v\n")
            .replace("y # y\n", "y # y\n  labels:\n    a: b\n")
            .replace("[a, b]", "[a, c]");
        assert_eq!(text, expected);
    }

    #[test]
    fn of_two_that_meet_the_second_is_left() {
        let labels = patch("add", "/metadata/labels", r#"{"a": "b"}"#);
        for other in [
            patch("add", "/metadata/labels", r#"{"c": "d"}"#),
            patch("add", "/metadata/labels/c", r#""d""#),
            patch("replace", "/metadata", "{}"),
        ] {
            let (text, ended) = amended(&[(1, labels.clone()), (1, other)]);
            assert_eq!(ended, [Amendment::Written, Amendment::Conflicts]);
            assert!(text.contains("    a: b\n") && !text.contains("c: d"), "{text}");
        }
        let shift = patch("remove", "/data/list/0", "0");
        let (_, ended) = amended(&[(1, shift), (1, patch("replace", "/data/list/1", r#""c""#))]);
        assert_eq!(ended, [Amendment::Written, Amendment::Conflicts]);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_the_rest_is_written() {
        let (text, ended) = amended(&[
            (0, patch("add", "/missing/field", "1")),
            (0, patch("add", "/data", r#"{"k": "v"}"#)),
        ]);
        assert_eq!(ended, [Amendment::Refused, Amendment::Written]);
        assert_eq!(text.len(), TEXT.len() + "    data:\n      k: v\n".len());
    }
}
