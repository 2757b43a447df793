//! Keys that stand twice in a map, and the way to them.

use crate::document::map::Entry;
use crate::document::path::{Path, Step};
use crate::document::source::{Duplicate, MAX_DUPLICATES};
use crate::document::value::{Span, Value};

/// The duplicates of one document.
///
/// A way is put together from its end, as the maps and lists around a duplicate are left: those
/// without one, which is most, pay nothing for it.
#[derive(Default)]
pub(super) struct Duplicates {
    found: Vec<Duplicate>,
    /// The values that did not win.
    lost: Vec<Span>,
}

impl Duplicates {
    /// Notes a field that is `lost` to one whose key is at `span`.
    pub(super) fn note(&mut self, lost: &Entry<'_>, span: Span) {
        self.lost.push(lost.value.span);
        if self.found.len() < MAX_DUPLICATES {
            let path = Path { steps: vec![Step::from(&*lost.key)] };
            self.found.push(Duplicate { span, first: lost.key_span, path });
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    /// Adds the step that leads to all but the first `known`.
    pub(super) fn lead(&mut self, known: usize, step: impl Fn() -> Step) {
        for duplicate in self.found.iter_mut().skip(known) {
            duplicate.path.steps.push(step());
        }
    }

    /// The duplicates, and the places of the values that did not win.
    pub(super) fn build(mut self) -> (Vec<Duplicate>, Vec<Span>) {
        for duplicate in &mut self.found {
            duplicate.path.steps.reverse();
        }
        (self.found, self.lost)
    }
}

/// The step to the item that follows `items`.
pub(super) fn next_item(items: &[Value<'_>]) -> Step {
    Step::Index(u32::try_from(items.len()).unwrap_or(u32::MAX))
}
