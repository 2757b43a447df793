//! What of a document must not be shown, in bytes of its text.

use std::collections::{HashMap, HashSet};

use super::{Item, Manifest};
use crate::document::scalar::Origin;
use crate::document::{Body, Entry, Span, Step, Value};
use crate::engine::{Budget, Node, Schema, Walk};
use crate::resource::secret::{self, Hidden};

/// What covers the secrets of one document.
#[derive(Debug, Default)]
pub(super) struct Veil {
    /// By place; no two overlap.
    pub(super) hidden: Vec<Span>,
    /// Secrets that are hidden wherever else they stand, in a comment too.
    pub(super) repeated: Repeated,
}

/// Secrets by how they begin, so that many are looked for as fast as one.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    by_start: HashMap<[u8; SHORTEST], HashSet<Box<str>>>,
    longest: usize,
}

/// The fewest bytes of a secret that is hidden wherever it stands.
const SHORTEST: usize = 6;

/// How far before a part of the text a secret is looked for that ends in it.
const LONGEST: usize = 4 << 10;

impl Repeated {
    /// Where secrets stand in a part of the text, also those that only begin or end in it.
    pub(super) fn find(&self, text: &str, window: Span) -> Vec<Span> {
        if self.by_start.is_empty() {
            return Vec::new();
        }
        let from = (window.start as usize).saturating_sub(self.longest.min(LONGEST));
        let bytes = text.as_bytes();
        let mut found = Vec::new();
        for at in from..window.end as usize {
            let Some(start) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else { break };
            let Some(secrets) = self.by_start.get(start) else { continue };
            let here = bytes.get(at..).unwrap_or_default();
            let ends = secrets.iter().filter(|it| here.starts_with(it.as_bytes()));
            found.extend(ends.map(|it| Span::from(at..at + it.len())));
        }
        found
    }

    fn add(&mut self, secret: &str) {
        if let Some(start) = secret.as_bytes().first_chunk() {
            self.longest = self.longest.max(secret.len());
            self.by_start.entry(*start).or_default().insert(secret.into());
        }
    }
}

impl Veil {
    /// Finds what to hide of a document. Its objects answer by their kind; what is in it besides
    /// them is hidden.
    pub(super) fn over(manifest: &Manifest<'_>, rank: usize, schema: &'static dyn Schema) -> Self {
        let Some((document, items)) = manifest.document(rank) else { return Self::default() };
        let text = manifest.lines().text();
        let mut weaver =
            Weaver { text, veil: Self::default(), open: Vec::new(), aliased: HashSet::new() };
        weaver.veil.hidden.extend(&document.lost);
        if items.is_empty() {
            weaver.veil.hidden.push(document.span);
        }
        if items.iter().any(|item| !item.within.steps.is_empty()) {
            weaver.hide_beside(&document.value, 0, items);
        }
        for (rank, item) in items.iter().enumerate() {
            let whole = match item.within.steps.is_empty() {
                true => document.span,
                // Comments behind an item are the item's.
                false => Span::new(
                    manifest.value(item).span.start,
                    items
                        .get(rank + 1)
                        .map_or(document.span.end, |next| manifest.value(next).span.start),
                ),
            };
            let subject = manifest.subject(item);
            let budget = Budget { steps: u64::MAX };
            let walk = Walk::new(schema, &subject.identity, subject.object, budget);
            weaver.hide_object(walk.root(), whole);
        }
        weaver.hide_anchored(&document.value);
        weaver.veil.hidden = Span::joined(weaver.veil.hidden);
        weaver.veil
    }
}

struct Weaver<'t> {
    text: &'t str,
    veil: Veil,
    /// What may be shown of a Secret.
    open: Vec<Span>,
    /// Secrets for which an alias stands: where they are written nothing says what they are.
    aliased: HashSet<String>,
}

impl Weaver<'_> {
    /// Hides what a list holds besides its objects, `items`, and so in the lists in it. `depth` is
    /// how many steps down in the document it stands.
    fn hide_beside(&mut self, list: &Value<'_>, depth: usize, items: &[Item]) {
        let step = |item: &'_ Item| item.within.steps.get(depth + 1).cloned();
        let below: HashMap<Step, &[Item]> = items
            .chunk_by(|one, other| step(one) == step(other))
            .filter_map(|same| Some((same.first().and_then(step)?, same)))
            .collect();
        for entry in list.as_map().into_iter().flatten() {
            match (&*entry.key, entry.value.as_list()) {
                ("apiVersion" | "kind", _) => {}
                ("items", Some(all)) => {
                    for (index, value) in (0..).zip(all) {
                        match below.get(&Step::Index(index)) {
                            None => self.veil.hidden.push(value.span),
                            Some([item]) if item.within.steps.len() == depth + 2 => {}
                            Some(items) => self.hide_beside(value, depth + 2, items),
                        }
                    }
                }
                _ => self.veil.hidden.push(entry.value.span),
            }
        }
    }

    fn hide_object(&mut self, object: Node<'_>, whole: Span) {
        self.open.clear();
        self.hide(object);
        if secret::is_secret(object) {
            self.hide_between(whole);
        }
    }

    fn hide(&mut self, node: Node<'_>) {
        let Some(value) = node.value() else { return };
        match &value.body {
            Body::Map(map) => {
                map.iter().for_each(|entry| self.hide_key(entry));
                node.fields().for_each(|(_, field)| self.hide(field));
            }
            Body::List(_) => node.items().for_each(|item| self.hide(item)),
            // A document in a string is hidden as a text.
            _ => self.hide_scalar(node, value),
        }
    }

    fn hide_key(&mut self, entry: &Entry<'_>) {
        let parts = secret::private_parts_of_key(&entry.key);
        if parts.is_empty() {
            self.open.push(entry.key_span);
        }
        let hidden = Origin::of_parts(self.text, entry.key_span, &entry.key, &parts);
        self.veil.hidden.extend(hidden);
    }

    fn hide_scalar(&mut self, node: Node<'_>, value: &Value<'_>) {
        let hidden = secret::hidden(node);
        if hidden == Hidden::Nothing {
            self.open.push(value.span);
            return;
        }
        let decoded = node.scalar().unwrap_or_default();
        let source = source(self.text, value.span);
        match &hidden {
            Hidden::Parts(parts) => {
                let spans = Origin::of_parts(self.text, value.span, &decoded, parts);
                // What is hidden as a whole is not known in parts.
                if !spans.contains(&value.span) {
                    let parts = parts.iter().filter_map(|part| decoded.get(part.clone()));
                    parts.for_each(|part| self.repeat(part));
                }
                self.veil.hidden.extend(spans);
            }
            _ => {
                self.veil.hidden.push(value.span);
                self.repeat(&decoded);
                // The password of a URL is one without it, too.
                let parts = secret::private_parts(&decoded);
                parts.into_iter().filter_map(|it| decoded.get(it)).for_each(|it| self.repeat(it));
                // What is written under `stringData` is kept in base64.
                self.repeat(source);
            }
        }
        if source.starts_with('*') {
            self.aliased.insert(decoded.into_owned());
        }
    }

    fn repeat(&mut self, secret: &str) {
        let secret = secret.trim().trim_matches(['"', '\'']);
        if is_unmistakable(secret) {
            self.veil.repeated.add(secret);
        }
    }

    /// Hides in `whole` what stands between the places that may be shown: comments, and whatever
    /// else did not get into the tree.
    fn hide_between(&mut self, whole: Span) {
        let mut at = whole.start;
        let open = Span::joined(std::mem::take(&mut self.open));
        let ends = Span::new(whole.end, whole.end);
        for span in open.into_iter().chain([ends]) {
            if span.end < at || span.start < whole.start || span.end > whole.end {
                continue;
            }
            let mut line = at as usize;
            for gap in source(self.text, Span::new(at, span.start)).split_inclusive('\n') {
                let is_mark = |c: char| c.is_whitespace() || "{}[],:-?\"'|>".contains(c);
                let from = line + gap.len() - gap.trim_start_matches(is_mark).len();
                let to = line + gap.trim_end_matches(is_mark).len();
                if from < to {
                    self.veil.hidden.push(Span::from(from..to));
                }
                line += gap.len();
            }
            at = span.end;
        }
    }

    /// Hides the texts that the aliases of secrets stand for, wherever the document has them.
    fn hide_anchored(&mut self, value: &Value<'_>) {
        if self.aliased.is_empty() {
            return;
        }
        match &value.body {
            Body::Map(map) => map.iter().for_each(|entry| self.hide_anchored(&entry.value)),
            Body::List(items) => items.iter().for_each(|item| self.hide_anchored(item)),
            Body::Text(text) if !self.aliased.contains(&**text) => {}
            Body::Null | Body::Bool(_) => {}
            _ => self.veil.hidden.push(value.span),
        }
    }
}

/// Whether a secret is so long or so odd that the same letters elsewhere are the secret again.
/// `tango` is a password of many a database, and a word in every image's name.
fn is_unmistakable(secret: &str) -> bool {
    let has = |is: fn(char) -> bool| secret.chars().any(is);
    let is_odd = |c: char| c.is_ascii_digit() || "!#$%&*+;<=>?@^~".contains(c);
    secret.len() >= 16 || (secret.len() >= SHORTEST && has(char::is_alphabetic) && has(is_odd))
}

fn source(text: &str, span: Span) -> &str {
    text.get(span.range()).unwrap_or_default()
}
