//! The documents that strings of an object hold.

use std::ptr;

use super::{Identity, Schema, Shape};
use crate::document::{Body, Value};

/// The documents in the strings of one object, each read once.
#[derive(Debug, Default)]
pub struct Documents<'v> {
    /// By the addresses of their holders.
    all: Vec<Embedded<'v>>,
}

#[derive(Debug)]
struct Embedded<'v> {
    /// The string itself, told from every other string of the object by its address.
    holder: &'v Value<'v>,
    content: Result<Value<'v>, String>,
}

impl<'v> Documents<'v> {
    /// Reads what strings of the object hold, where its kind has documents in strings.
    pub fn read(schema: &dyn Schema, identity: &Identity, object: &'v Value<'v>) -> Self {
        let mut documents = Self::default();
        documents.add_below(schema, object, schema.root(identity), "");
        documents.all.sort_by_key(|it| ptr::from_ref(it.holder));
        documents
    }

    /// The documents that can be read, each with the string that holds it.
    pub fn iter(&self) -> impl Iterator<Item = (&'v Value<'v>, &Value<'v>)> {
        self.all.iter().filter_map(|it| Some((it.holder, it.content.as_ref().ok()?)))
    }

    /// What `holder` holds: an error in words if it can't be read, `None` if it is no place for a
    /// document.
    pub(super) fn held_by(&self, holder: &Value<'_>) -> Option<&Result<Value<'v>, String>> {
        let address = ptr::from_ref(holder).cast();
        let at =
            self.all.binary_search_by_key(&address, |it| ptr::from_ref(it.holder).cast::<()>());
        at.ok().and_then(|at| self.all.get(at)).map(|it| &it.content)
    }

    fn add_below(&mut self, schema: &dyn Schema, value: &'v Value<'v>, shape: Shape, key: &str) {
        if !schema.embeds(shape) {
            return;
        }
        match &value.body {
            Body::Text(text) => {
                let content = schema.embedded(shape, key, text);
                self.all.extend(content.map(|content| Embedded { holder: value, content }));
            }
            Body::Map(map) => {
                for entry in map {
                    let below = schema.field(shape, &entry.key);
                    self.add_below(schema, &entry.value, below, &entry.key);
                }
            }
            Body::List(items) => {
                let below = schema.item(shape);
                for item in items {
                    self.add_below(schema, item, below, "");
                }
            }
            Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) => {}
        }
    }
}
