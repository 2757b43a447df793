//! The table made ready for look-ups: every form gets a number, every struct its fields by key.

use std::collections::HashMap;
use std::ptr;
use std::sync::LazyLock;

use super::form::{Field, Form};
use super::table::KINDS;
use crate::document::spread;
use crate::engine::Shape;

/// All forms that can be reached from a kind's root; a [`Shape`] is a place in the list.
pub(super) struct Index {
    entries: Vec<Entry>,
    /// The shape of each row of [`KINDS`].
    pub(super) roots: Vec<Shape>,
}

pub(super) struct Entry {
    pub(super) form: &'static Form,
    fields: Vec<(&'static Field, Shape)>,
    /// Where the search for a key begins: ranks of fields by [`spread`], with room for as many
    /// again, and [`NONE`] where there is none.
    slots: Vec<u8>,
    /// Of a list's items or a map's values.
    pub(super) below: Shape,
    /// Whether a string here or below may hold a document.
    pub(super) embeds: bool,
}

pub(super) static INDEX: LazyLock<Index> = LazyLock::new(Index::build);

impl Index {
    pub(super) fn entry(&self, shape: Shape) -> Option<&Entry> {
        self.entries.get(usize::from(shape.0))
    }

    fn build() -> Self {
        static UNKNOWN: Form = Form::Plain;
        let mut builder = Builder { shapes: HashMap::new(), queue: vec![&UNKNOWN] };
        let roots = KINDS.iter().map(|kind| builder.shape(kind.form)).collect();
        let mut entries = Vec::new();
        while let Some(form) = builder.queue.get(entries.len()).copied() {
            entries.push(builder.entry(form));
        }
        let mut index = Self { entries, roots };
        while index.spread_embedding() {}
        index
    }

    /// Marks what holds something that embeds; whether there was anything to mark.
    fn spread_embedding(&mut self) -> bool {
        let embeds = |shape: Shape| self.entry(shape).is_some_and(|entry| entry.embeds);
        let holds = |entry: &Entry| {
            embeds(entry.below) || entry.fields.iter().any(|(_, shape)| embeds(*shape))
        };
        let holders: Vec<bool> =
            self.entries.iter().map(|entry| !entry.embeds && holds(entry)).collect();
        for (entry, holds) in self.entries.iter_mut().zip(&holders) {
            entry.embeds |= holds;
        }
        holders.contains(&true)
    }
}

impl Entry {
    /// The row of a struct's field and what stands there.
    pub(super) fn field(&self, key: &str) -> Option<(&'static Field, Shape)> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = spread(key);
        loop {
            let rank = *self.slots.get(at & mask)?;
            let found = *self.fields.get(usize::from(rank))?;
            if found.0.key == key {
                return Some(found);
            }
            at += 1;
        }
    }
}

/// A slot without a field: no struct has as many.
const NONE: u8 = u8::MAX;

/// The slots of fields: each in the first that is free from its own on.
fn slots(fields: &[(&'static Field, Shape)]) -> Vec<u8> {
    let mut slots = vec![NONE; (2 * fields.len()).next_power_of_two()];
    let mask = slots.len() - 1;
    for ((field, _), rank) in fields.iter().zip(0..NONE) {
        let free = (spread(field.key)..).find(|at| slots.get(at & mask) == Some(&NONE));
        if let Some(place) = free.and_then(|at| slots.get_mut(at & mask)) {
            *place = rank;
        }
    }
    slots
}

struct Builder {
    shapes: HashMap<*const Form, Shape>,
    /// Forms in the order of their shapes.
    queue: Vec<&'static Form>,
}

impl Builder {
    /// The shape of a form. A form below which nothing is known has none of its own.
    fn shape(&mut self, form: &'static Form) -> Shape {
        if matches!(form, Form::Plain | Form::Text | Form::Flag | Form::Number | Form::Quantity) {
            return Shape::UNKNOWN;
        }
        let next = self.queue.len();
        *self.shapes.entry(ptr::from_ref(form)).or_insert_with(|| {
            self.queue.push(form);
            Shape(u16::try_from(next).unwrap_or(Shape::UNKNOWN.0))
        })
    }

    fn entry(&mut self, form: &'static Form) -> Entry {
        let mut fields = Vec::new();
        let mut below = Shape::UNKNOWN;
        match form {
            Form::Struct(rows) => {
                fields = rows.iter().map(|row| (row, self.shape(row.form))).collect();
            }
            Form::List(list) => below = self.shape(list.item),
            Form::Map(keys) => below = self.shape(keys.value),
            _ => {}
        }
        let embeds = matches!(form, Form::Json | Form::File);
        Entry { form, slots: slots(&fields), fields, below, embeds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_struct_has_a_field_twice() {
        for entry in &INDEX.entries {
            let mut keys: Vec<_> = entry.fields.iter().map(|(field, _)| field.key).collect();
            keys.sort_unstable();
            assert!(keys.is_sorted_by(|one, two| one < two), "{keys:?}");
        }
    }

    #[test]
    fn every_field_is_found_and_no_other() {
        for entry in &INDEX.entries {
            for (field, shape) in &entry.fields {
                let found = entry.field(field.key).unwrap();
                assert!(ptr::eq(found.0, *field) && found.1 == *shape, "{}", field.key);
                assert!(
                    entry.field(&format!("{}s", field.key)).is_none_or(|it| it.0.key != field.key)
                );
            }
            assert!(entry.field("").is_none() && entry.field("noSuchField").is_none());
            assert!(entry.fields.len() < usize::from(NONE));
        }
    }

    #[test]
    fn every_form_has_its_own_shape() {
        assert!(INDEX.entries.len() > 150 && INDEX.entries.len() < usize::from(u16::MAX));
        for (place, entry) in INDEX.entries.iter().enumerate() {
            let same = INDEX.entries.iter().position(|it| ptr::eq(it.form, entry.form));
            assert_eq!(same, Some(place));
        }
    }
}
