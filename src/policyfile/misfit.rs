//! Where a document and a JSON Schema do not agree: all places at once.
//!
//! Typed reading stops at the first mistake. This walks the schema that is generated from the
//! same types, so a person sees every mistake of a file in one go. It knows the keywords that
//! `schemars` writes, and no others.

use std::cmp::Ordering;

use regex::Regex;
use serde_json::Value as Json;

use super::keyword::{A_LIST, A_STRING, choices, has_type, list, number, type_names};
use crate::document::{Body, Path, Span, Step, Value};
use crate::engine::nearest;

/// One place that does not fit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Misfit {
    /// What to take out of the document to be rid of it.
    pub(super) path: Path,
    /// What to point at.
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// Every place of `value` that does not fit `schema`.
pub(super) fn misfits(schema: &Json, value: &Value<'_>) -> Vec<Misfit> {
    let mut walker = Walker { root: schema, way: Vec::new(), found: Vec::new() };
    walker.check(schema, value, spot(None, value));
    walker.found
}

/// What to point at for a whole value: a scalar itself, else the key that names it, else its
/// first key, since nobody wants a whole map underlined.
pub(super) fn spot(key: Option<Span>, value: &Value<'_>) -> Span {
    match &value.body {
        Body::Map(map) => key.or_else(|| Some(map.iter().next()?.key_span)).unwrap_or(value.span),
        Body::List(items) => {
            key.or_else(|| items.first().map(|first| spot(None, first))).unwrap_or(value.span)
        }
        Body::Null if value.span.start == value.span.end => key.unwrap_or(value.span),
        _ => value.span,
    }
}

struct Walker<'w> {
    root: &'w Json,
    way: Vec<Step>,
    found: Vec<Misfit>,
}

impl<'w> Walker<'w> {
    /// Checks one value; `at` is what to point at for it as a whole.
    fn check(&mut self, schema: &'w Json, value: &Value<'_>, at: Span) {
        if schema.as_bool() == Some(false) {
            self.wrong(at, format!("{} has no place here", self.name()), None);
        }
        let Some(schema) = self.resolved(schema) else { return };
        if let Some(choices) = choices(schema) {
            return self.check_choice(&choices, value, at);
        }
        for part in list(schema, "allOf") {
            self.check(part, value, at);
        }
        let branches = [list(schema, "oneOf"), list(schema, "anyOf")].concat();
        if !branches.is_empty() {
            self.check_branches(&branches, value, at);
        }
        if !has_type(schema, value) {
            return self.wrong_type(&type_names(schema), value, at);
        }
        match &value.body {
            Body::Text(text) => self.check_text(schema, text, at),
            Body::Int(number) => self.check_number(schema, *number as f64, at),
            Body::Float(number) => self.check_number(schema, *number, at),
            Body::List(items) => self.check_list(schema, items, at),
            Body::Map(_) => self.check_map(schema, value, at),
            Body::Null | Body::Bool(_) => {}
        }
    }

    /// One of several forms: if none fits, the one that comes nearest is what was meant.
    fn check_branches(&mut self, branches: &[&'w Json], value: &Value<'_>, at: Span) {
        let mut nearest: Option<Vec<Misfit>> = None;
        let mut types = Vec::new();
        for branch in branches {
            let mut trial = Walker { root: self.root, way: self.way.clone(), found: Vec::new() };
            trial.check(branch, value, at);
            if trial.found.is_empty() {
                return;
            }
            let Some(resolved) = self.resolved(branch) else { continue };
            if !has_type(resolved, value) {
                types.extend(type_names(resolved).into_iter().filter(|name| *name != "null"));
            } else if nearest.as_ref().is_none_or(|best| trial.found.len() < best.len()) {
                nearest = Some(trial.found);
            }
        }
        match nearest {
            Some(misfits) => self.found.extend(misfits),
            None => {
                types.dedup();
                self.wrong_type(&types, value, at);
            }
        }
    }

    fn wrong_type(&mut self, types: &[&str], value: &Value<'_>, at: Span) {
        let found = match &value.body {
            Body::Int(number) => format!("the number `{number}`"),
            Body::Float(number) => format!("the number `{number}`"),
            Body::Bool(flag) => format!("the boolean `{flag}`"),
            _ => what(value),
        };
        let help = match &value.body {
            Body::Int(_) | Body::Float(_) | Body::Bool(_) if types.contains(&A_STRING) => {
                Some("put it in quotes".to_owned())
            }
            Body::Text(text) if types == [A_LIST] && is_word(text) => {
                Some(format!("write `[{text}]`"))
            }
            _ => None,
        };
        let message = format!("{} must be {}, not {found}", self.name(), types.join(" or "));
        self.wrong(at, message, help);
    }

    fn check_choice(&mut self, choices: &[&'w Json], value: &Value<'_>, at: Span) {
        if choices.iter().any(|choice| Value::from(*choice) == *value) {
            return;
        }
        let words: Vec<&str> = choices.iter().filter_map(|choice| choice.as_str()).collect();
        let known: Vec<String> = choices
            .iter()
            .filter(|choice| !choice.is_null())
            .map(|choice| match choice.as_str() {
                Some(word) => format!("`{word}`"),
                None => format!("`{choice}`"),
            })
            .collect();
        let known = match known.as_slice() {
            [one] => one.clone(),
            several => format!("one of {}", several.join(", ")),
        };
        let help = value.as_str().and_then(|text| nearest(text, words)).map(did_you_mean);
        self.wrong(at, format!("{} must be {known}, not {}", self.name(), what(value)), help);
    }

    fn check_text(&mut self, schema: &Json, text: &str, at: Span) {
        let length = text.chars().count() as u64;
        if let Some(least) = number(schema, "minLength").filter(|&least| length < least) {
            let message = match least {
                1 => format!("{} must not be empty", self.name()),
                _ => format!("{} must have at least {least} characters", self.name()),
            };
            self.wrong(at, message, None);
        }
        if let Some(most) = number(schema, "maxLength").filter(|&most| length > most) {
            self.wrong(at, format!("{} must have at most {most} characters", self.name()), None);
        }
        let pattern = schema.get("pattern").and_then(Json::as_str);
        if let Some((pattern, regex)) = pattern.and_then(|it| Some((it, Regex::new(it).ok()?)))
            && !regex.is_match(text)
        {
            let wanted = match schema.get("x-wanted").and_then(Json::as_str) {
                Some(wanted) => wanted.to_owned(),
                None => format!("a text that matches `{pattern}`"),
            };
            self.wrong(at, format!("{} must be {wanted}, not `{text}`", self.name()), None);
        }
    }

    fn check_number(&mut self, schema: &Json, number: f64, at: Span) {
        let bounds = [
            ("minimum", "at least", [Ordering::Greater, Ordering::Equal]),
            ("maximum", "at most", [Ordering::Less, Ordering::Equal]),
            ("exclusiveMinimum", "more than", [Ordering::Greater; 2]),
            ("exclusiveMaximum", "less than", [Ordering::Less; 2]),
        ];
        for (keyword, words, allowed) in bounds {
            let Some(bound) = schema.get(keyword).and_then(Json::as_f64) else { continue };
            if !allowed.contains(&number.total_cmp(&bound)) {
                let message = format!("{} must be {words} {bound}, not `{number}`", self.name());
                self.wrong(at, message, None);
            }
        }
    }

    fn check_list(&mut self, schema: &'w Json, items: &[Value<'_>], at: Span) {
        let length = items.len() as u64;
        if let Some(least) = number(schema, "minItems").filter(|&least| length < least) {
            let message = match least {
                1 => format!("{} must not be empty", self.name()),
                _ => format!("{} must have at least {least} items", self.name()),
            };
            self.wrong(at, message, None);
        }
        if let Some(most) = number(schema, "maxItems").filter(|&most| length > most) {
            self.wrong(at, format!("{} must have at most {most} items", self.name()), None);
        }
        let first = list(schema, "prefixItems");
        for (index, item) in items.iter().enumerate() {
            if schema.get("uniqueItems") == Some(&Json::Bool(true))
                && items.iter().take(index).any(|it| it == item)
            {
                let message = format!("{} stands twice in a list of different items", what(item));
                self.wrong(spot(None, item), message, None);
            }
            let Some(schema) = first.get(index).copied().or_else(|| schema.get("items")) else {
                continue;
            };
            self.way.push(Step::Index(u32::try_from(index).unwrap_or(u32::MAX)));
            self.check(schema, item, spot(None, item));
            self.way.pop();
        }
    }

    fn check_map(&mut self, schema: &'w Json, value: &Value<'_>, at: Span) {
        let fields = schema.get("properties").and_then(Json::as_object);
        let known = || fields.into_iter().flatten().map(|(name, _)| name.as_str());
        for entry in value.as_map().into_iter().flatten() {
            let field = fields.and_then(|fields| fields.get(&*entry.key));
            let schema = match (field, schema.get("additionalProperties")) {
                (Some(field), _) => field,
                (None, None) => continue,
                (None, Some(other)) if other.as_bool() != Some(false) => other,
                (None, Some(_)) => {
                    self.way.push(Step::from(&*entry.key));
                    let message = format!("unknown field `{}`", entry.key);
                    let near = nearest(&entry.key, known()).map(did_you_mean);
                    let all = || match known().collect::<Vec<_>>() {
                        none if none.is_empty() => "leave it out".to_owned(),
                        all => format!("known fields are `{}`", all.join("`, `")),
                    };
                    let help = near.unwrap_or_else(all);
                    self.wrong(entry.key_span, message, Some(help));
                    self.way.pop();
                    continue;
                }
            };
            self.way.push(Step::from(&*entry.key));
            self.check(schema, &entry.value, spot(Some(entry.key_span), &entry.value));
            self.way.pop();
        }
        for name in list(schema, "required").into_iter().filter_map(Json::as_str) {
            if value.get(name).is_none() {
                let help = match fields.and_then(|fields| sentence(fields.get(name)?)) {
                    Some(what) => format!("add `{name}`: {what}"),
                    None => format!("add `{name}`"),
                };
                self.wrong(at, format!("field `{name}` is missing"), Some(help));
            }
        }
        let count = value.as_map().map_or(0, crate::document::Map::len) as u64;
        if let Some(least) = number(schema, "minProperties").filter(|&least| count < least) {
            self.wrong(at, format!("{} must have at least {least} fields", self.name()), None);
        }
    }

    fn wrong(&mut self, span: Span, message: String, help: Option<String>) {
        let path = Path { steps: self.way.clone() };
        self.found.push(Misfit { path, span, message, help });
    }

    /// The value in words: the field's name, or the list that it is an item of.
    fn name(&self) -> String {
        let mut keys = self.way.iter().rev();
        match keys.next() {
            None => "the document".to_owned(),
            Some(Step::Key(key)) => format!("`{key}`"),
            Some(Step::Index(_)) => {
                let list = keys.find_map(|step| match step {
                    Step::Key(key) => Some(key),
                    Step::Index(_) => None,
                });
                list.map_or("an item".to_owned(), |list| format!("an item of `{list}`"))
            }
        }
    }

    /// The schema itself, or the one that it refers to.
    fn resolved(&self, schema: &'w Json) -> Option<&'w Json> {
        match schema.get("$ref").and_then(Json::as_str) {
            None => schema.is_object().then_some(schema),
            Some(reference) => self.root.pointer(reference.strip_prefix('#')?),
        }
    }
}

pub(super) fn did_you_mean(near: &str) -> String {
    format!("did you mean `{near}`?")
}

/// A value in words: a short scalar itself, else its type.
fn what(value: &Value<'_>) -> String {
    const LIMIT: usize = 60;
    match &value.body {
        Body::Text(text) if text.chars().count() <= LIMIT && !text.contains(['\n', '`']) => {
            format!("`{text}`")
        }
        Body::Int(number) => format!("`{number}`"),
        Body::Float(number) => format!("`{number}`"),
        Body::Bool(flag) => format!("`{flag}`"),
        _ => value.type_name().to_owned(),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|char| char.is_alphanumeric() || "-_./".contains(char))
}

/// What a field is, from the first sentence of its description.
fn sentence(field: &Json) -> Option<String> {
    let description = field.get("description")?.as_str()?;
    let sentence = description.split(". ").next()?.trim_end_matches('.').replace('\n', " ");
    let mut chars = sentence.chars();
    let first = chars.next()?;
    // A word such as `CREATE` or `GROUP/KIND` stays as it is.
    match chars.clone().next().is_some_and(|second| second.is_uppercase() || second == '/') {
        true => Some(sentence),
        false => Some(first.to_lowercase().chain(chars).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::json;

    /// What does not fit, as `PATH: MESSAGE`.
    fn told(schema: &str, value: &str) -> Vec<String> {
        let schema = serde_json::from_str(schema).unwrap();
        let document = json::read(value).unwrap();
        let misfits = misfits(&schema, &document.value).into_iter();
        misfits.map(|misfit| format!("{}: {}", misfit.path, misfit.message)).collect()
    }

    #[test]
    fn of_several_forms_the_nearest_tells_what_is_wrong() {
        const SCHEMA: &str = r#"{"properties": {"a": {"anyOf": [
            {"type": "string", "minLength": 2},
            {"type": "object", "properties": {"b": {"type": "integer"}}, "required": ["b"]},
            {"type": "null"}
        ]}}}"#;
        assert_eq!(told(SCHEMA, r#"{"a": {"b": "x"}}"#), ["/a/b: `b` must be an integer, not `x`"]);
        assert_eq!(told(SCHEMA, r#"{"a": ""}"#), ["/a: `a` must have at least 2 characters"]);
        assert_eq!(
            told(SCHEMA, r#"{"a": [1]}"#),
            ["/a: `a` must be a string or a map, not a list"]
        );
        assert!(told(SCHEMA, r#"{"a": null}"#).is_empty());
    }

    #[test]
    fn a_schema_may_refer_to_a_part_of_itself() {
        const SCHEMA: &str = r##"{"$ref": "#/$defs/tree", "$defs": {"tree": {
            "type": "array", "items": {"$ref": "#/$defs/tree"}
        }}}"##;
        assert!(told(SCHEMA, "[[], [[]]]").is_empty());
        assert_eq!(
            told(SCHEMA, "[[], [[1]]]"),
            ["/1/0/0: an item must be a list, not the number `1`"]
        );
    }

    #[test]
    fn numbers_and_lists_keep_to_their_bounds() {
        const SCHEMA: &str = r#"{"items": {"minimum": 1, "exclusiveMaximum": 3.5}, "maxItems": 3,
            "uniqueItems": true}"#;
        assert!(told(SCHEMA, "[1, 2, 3.4]").is_empty());
        assert_eq!(
            told(SCHEMA, "[0, 3.5, 2, 2]"),
            [
                ": the document must have at most 3 items",
                "/0: an item must be at least 1, not `0`",
                "/1: an item must be less than 3.5, not `3.5`",
                ": `2` stands twice in a list of different items",
            ]
        );
    }
}
