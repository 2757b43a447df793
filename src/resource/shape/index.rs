//! The table made ready for look-ups: every form gets a number, every struct its fields by key.

use std::collections::HashMap;
use std::ptr;
use std::sync::LazyLock;

use super::form::{Field, Form};
use super::table::KINDS;
use crate::engine::Shape;

/// All forms that can be reached from a kind's root; a [`Shape`] is a place in the list.
pub(super) struct Index {
    entries: Vec<Entry>,
    /// The shape of each row of [`KINDS`].
    pub(super) roots: Vec<Shape>,
}

pub(super) struct Entry {
    pub(super) form: &'static Form,
    /// Sorted by key.
    fields: Vec<(&'static Field, Shape)>,
    /// Of a list's items or a map's values.
    pub(super) below: Shape,
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
        Self { entries, roots }
    }
}

impl Entry {
    /// The row of a struct's field and what stands there.
    pub(super) fn field(&self, key: &str) -> Option<(&'static Field, Shape)> {
        let place = self.fields.binary_search_by(|(field, _)| field.key.cmp(key)).ok()?;
        self.fields.get(place).copied()
    }
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
                fields.sort_unstable_by_key(|(row, _)| row.key);
            }
            Form::List(list) => below = self.shape(list.item),
            Form::Map(keys) => below = self.shape(keys.value),
            _ => {}
        }
        Entry { form, fields, below }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_struct_has_a_field_twice() {
        for entry in &INDEX.entries {
            let keys: Vec<_> = entry.fields.iter().map(|(field, _)| field.key).collect();
            assert!(keys.is_sorted_by(|one, two| one < two), "{keys:?}");
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
