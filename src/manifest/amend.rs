//! A patch of an object as edits of its file.

use json_patch::{Patch, PatchOperation};
use jsonptr::PointerBuf;

use super::{Item, Manifest};
use crate::document::edit::{Edit, edits};
use crate::document::{Path, Span, yaml};

impl Manifest<'_> {
    /// What `patch` does to an item, as edits of the file's text, in its order; `None` where there
    /// is not exactly one way to write it.
    ///
    /// The document is read again: rules see the object as the API server will keep it, and the
    /// text is to keep what was written.
    pub fn edits(&self, item: &Item, patch: &Patch) -> Option<Vec<Edit>> {
        let span = self.document_of(item)?.span;
        let text = self.lines().text().get(span.start as usize..span.end as usize)?;
        let mut documents = yaml::read(text);
        let document = documents.next()?.ok()?;
        if documents.next().is_some() {
            return None;
        }
        let mut edits = edits(text, &document, &below(&item.within, patch)?).ok()?;
        for edit in &mut edits {
            edit.span = Span::new(edit.span.start + span.start, edit.span.end + span.start);
        }
        Some(edits)
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
