//! Anchors, and what their aliases may cost.

use std::collections::HashMap;

use crate::document::value::{Body, Value};

/// The values that anchors name, by the parser's number for the anchor.
///
/// An alias is a copy, so a text of a few hundred bytes can ask for billions of values, or for
/// one that is nested thousands of levels deep. Each copy is measured, and paid for from a
/// [`Budget`] before it is made.
#[derive(Default)]
pub(super) struct Anchors<'a> {
    named: HashMap<usize, Anchored<'a>>,
}

/// What may still be copied while one text is read.
pub(super) struct Budget {
    values: usize,
    bytes: usize,
}

/// A value under an anchor, and what a copy of it costs.
struct Anchored<'a> {
    value: Value<'a>,
    size: Size,
}

/// How much a value holds.
#[derive(Clone, Copy)]
struct Size {
    values: usize,
    bytes: usize,
    depth: usize,
}

/// The text asks for too many copies, or nests them too deep.
pub(super) struct TooMuch;

impl Budget {
    /// A chart with many anchors copies some thousands.
    pub(super) const VALUES: usize = 1_000_000;
    const BYTES: usize = 64 << 20;

    pub(super) const fn new() -> Self {
        Self { values: Self::VALUES, bytes: Self::BYTES }
    }

    fn pay(&mut self, size: Size) -> Result<(), TooMuch> {
        self.values = self.values.checked_sub(size.values).ok_or(TooMuch)?;
        self.bytes = self.bytes.checked_sub(size.bytes).ok_or(TooMuch)?;
        Ok(())
    }
}

impl<'a> Anchors<'a> {
    pub(super) fn insert(
        &mut self,
        anchor: usize,
        value: &Value<'a>,
        budget: &mut Budget,
    ) -> Result<(), TooMuch> {
        let size = measure(value);
        budget.pay(size)?;
        self.named.insert(anchor, Anchored { value: value.clone(), size });
        Ok(())
    }

    /// A copy of what `anchor` names, to stand `depth` levels below the root. `None` if the
    /// anchor names nothing, or a collection that is still open.
    pub(super) fn copy(
        &self,
        anchor: usize,
        depth: usize,
        budget: &mut Budget,
    ) -> Option<Result<Value<'a>, TooMuch>> {
        let Anchored { value, size } = self.named.get(&anchor)?;
        if depth + size.depth > crate::document::MAX_DEPTH {
            return Some(Err(TooMuch));
        }
        Some(budget.pay(*size).map(|()| value.clone()))
    }
}

fn measure(value: &Value<'_>) -> Size {
    let all = |inner: &mut dyn Iterator<Item = Size>| {
        inner.fold(Size { values: 1, bytes: 0, depth: 0 }, |sum, size| Size {
            values: sum.values + size.values,
            bytes: sum.bytes + size.bytes,
            depth: sum.depth.max(size.depth + 1),
        })
    };
    match &value.body {
        Body::Text(text) => Size { values: 1, bytes: text.len(), depth: 0 },
        Body::List(items) => all(&mut items.iter().map(measure)),
        Body::Map(map) => all(&mut map.iter().map(|entry| {
            let size = measure(&entry.value);
            Size { bytes: size.bytes + entry.key.len(), ..size }
        })),
        Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) => {
            Size { values: 1, bytes: 0, depth: 0 }
        }
    }
}
