//! Keys that stand twice in a map, and the way to them.

use crate::document::map::{Entry, Keys};
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
    /// Adds a field to its map, whose fields are those of `open` from `first` on.
    pub(super) fn insert<'a>(
        &mut self,
        open: &mut Vec<Entry<'a>>,
        (first, keys): (usize, &mut Keys),
        entry: Entry<'a>,
    ) {
        let held = keys.find(open.get(first..).unwrap_or_default(), &entry.key);
        match held.and_then(|at| open.get_mut(first + at)) {
            Some(held) => self.replace(held, entry),
            None => open.push(entry),
        }
    }

    /// Lets the last of two fields of one key win.
    fn replace<'a>(&mut self, held: &mut Entry<'a>, entry: Entry<'a>) {
        let lost = std::mem::replace(held, entry);
        self.lost.push(lost.value.span);
        if self.found.len() < MAX_DUPLICATES {
            let path = Path { steps: vec![Step::from(&*held.key)] };
            self.found.push(Duplicate { span: held.key_span, first: lost.key_span, path });
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
