//! Every rule points at the right place: a table that people have read, row by row.
//!
//! `UPDATE_EXPECT=1 cargo test --test it places` writes the table anew. Read every row that changes
//! beside the manifest before it is checked in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use portcullis::document::{Lines, locate};
use portcullis::engine::Rule;
use portcullis::rules;
use serde_json::Value as Json;

use crate::cli::run;
use crate::support::{engine, judge, parse};

/// The columns of the table.
const HEAD: &str = "file\tline\tcolumn\tendLine\tendColumn\texact\trule\tpath\ttext";

/// A row of the table: where a finding is, and what stands there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    file: String,
    /// Line, column, end line, end column.
    place: [usize; 4],
    exact: bool,
    /// A related place has the rule and `+`.
    rule: String,
    path: String,
    /// What stands at the place, of several lines the first.
    text: String,
}

/// How a document is embedded in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Style {
    Block,
    Escaped,
    OneLine,
}

#[test]
fn every_finding_is_where_the_table_says() {
    let mut rows = of_manifests();
    rows.extend(of_artefact());
    rows.sort();
    let table: String = rows.iter().map(|row| row.line() + "\n").collect();
    let table = format!("{HEAD}\n{table}");
    let file = fixtures().join("places.tsv");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&file, &table).unwrap();
    }
    let known = fs::read_to_string(&file).unwrap();
    let lines = |text: &'_ str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (old, new) = (lines(&known), lines(&table));
    let gone: Vec<_> = old.difference(&new).collect();
    let come: Vec<_> = new.difference(&old).collect();
    assert!(known == table, "gone: {gone:#?}\ncome: {come:#?}");
}

#[test]
fn the_table_has_every_rule() {
    let rows = table();
    let found: BTreeSet<&str> = rows.iter().map(|row| row.rule.as_str()).collect();
    for rule in rules::ALL {
        assert!(found.contains(rule.id), "{} has no place", rule.id);
    }
}

#[test]
fn twenty_places_are_in_embedded_documents_of_every_style() {
    let mut places: BTreeMap<Style, BTreeSet<[usize; 4]>> = BTreeMap::new();
    for row in table().into_iter().filter(|row| row.is_embedded()) {
        places.entry(row.style()).or_default().insert(row.place);
    }
    let counts: Vec<usize> = places.values().map(BTreeSet::len).collect();
    assert!(counts.len() == 3 && counts.iter().all(|count| *count >= 5), "{places:#?}");
    assert!(counts.iter().sum::<usize>() >= 20, "{places:#?}");
}

#[test]
fn what_stands_at_a_place_is_what_its_path_leads_to() {
    for row in table() {
        assert_eq!(row.text, slice(&row), "{row:#?}");
        assert!(row.is_whole(), "{row:#?}");
        // What can't be read has no path inside.
        if row.rule != "embedded-document-unreadable" {
            assert!(row.follows_path(), "{row:#?}\n{:?}", row.before());
        }
    }
}

/// What `lint` finds in the manifests.
fn of_manifests() -> Vec<Row> {
    let (policy, manifests) = (fixtures().join("places-policy.yaml"), fixtures().join("manifests"));
    let paths = [policy, manifests].map(|path| path.to_str().unwrap().to_owned());
    let ran = run(&["lint", "--format", "json", "--policy", &paths[0], &paths[1]]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let mut rows = Vec::new();
    for finding in ran.json()["findings"].as_array().unwrap() {
        let rule = finding["rule"].as_str().unwrap();
        rows.push(Row::new(finding, rule));
        for related in finding["related"].as_array().unwrap() {
            rows.push(Row::new(related, &format!("{rule}+")));
        }
    }
    rows
}

/// What the rules about artefacts find, which no manifest holds.
fn of_artefact() -> Vec<Row> {
    let text = fs::read_to_string(fixtures().join("artefact.json")).unwrap();
    let (value, lines) = (parse(&text), Lines::new(&text));
    let mut rows = Vec::new();
    for rule in rules::ALL.iter().filter(|rule| is_about_artefacts(rule)) {
        for finding in judge(&engine(rule.id, "{}"), &text).findings {
            let place = locate(&text, &value, &finding.path);
            let [start, end] = [place.span.start, place.span.end].map(|at| lines.position(at));
            let place_of = [start.line, start.column, end.line, end.column];
            rows.push(
                Row {
                    file: "artefact.json".to_owned(),
                    place: place_of.map(|number| number as usize),
                    exact: place.exact,
                    rule: rule.id.to_owned(),
                    path: finding.path.to_string(),
                    text: String::new(),
                }
                .with_text(),
            );
        }
    }
    rows
}

fn is_about_artefacts(rule: &Rule) -> bool {
    rule.kinds.iter().all(|kind| kind.starts_with("artefacts"))
}

/// The table as it is checked in.
fn table() -> Vec<Row> {
    let text = fs::read_to_string(fixtures().join("places.tsv")).unwrap();
    text.lines().skip(1).map(Row::parse).collect()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The lines of a fixture, counted as an editor counts them.
fn lines(file: &str) -> Vec<String> {
    let text = fs::read_to_string(fixtures().join(file)).unwrap();
    text.split('\n').map(|line| line.trim_end_matches('\r').to_owned()).collect()
}

/// What stands at a place of a file, of several lines the first.
fn slice(row: &Row) -> String {
    let [line, column, end_line, end_column] = row.place;
    let line = lines(&row.file)[line - 1].chars().collect::<Vec<char>>();
    let end = if end_line == row.place[0] { end_column - 1 } else { line.len() };
    line[column - 1..end].iter().collect()
}

/// A JSON string, quoted or not, also one inside a string with escapes.
fn plain(text: &str) -> String {
    let text = text.replace("''", "'").replace("\\\"", "\"").replace("\\/", "/");
    text.trim_matches(['"', '\'']).to_owned()
}

impl Row {
    fn new(found: &Json, rule: &str) -> Self {
        let at = &found["location"];
        let file = Path::new(at["file"].as_str().unwrap()).strip_prefix(fixtures()).unwrap();
        let number = |key: &str| usize::try_from(at[key].as_u64().unwrap()).unwrap();
        Self {
            file: file.to_str().unwrap().to_owned(),
            place: ["line", "column", "endLine", "endColumn"].map(number),
            exact: at["exact"].as_bool().unwrap(),
            rule: rule.to_owned(),
            path: found["path"].as_str().unwrap().to_owned(),
            text: String::new(),
        }
        .with_text()
    }

    fn with_text(mut self) -> Self {
        self.text = slice(&self);
        self
    }

    fn line(&self) -> String {
        let Self { file, place: [line, column, end_line, end_column], rule, path, text, .. } = self;
        let exact = if self.exact { "exact" } else { "parent" };
        format!(
            "{file}\t{line}\t{column}\t{end_line}\t{end_column}\t{exact}\t{rule}\t{path}\t{text}"
        )
    }

    fn parse(line: &str) -> Self {
        let cells: Vec<&str> = line.splitn(9, '\t').collect();
        Self {
            file: cells[0].to_owned(),
            place: [1, 2, 3, 4].map(|column| cells[column].parse().unwrap()),
            exact: cells[5] == "exact",
            rule: cells[6].to_owned(),
            path: cells[7].to_owned(),
            text: cells[8].to_owned(),
        }
    }

    /// Whether the place is inside a document in a string.
    fn is_embedded(&self) -> bool {
        let holder = ["/spec/config/", ".json/", ".yaml/"];
        let inside = holder.iter().find_map(|it| self.path.split_once(it));
        // The key that holds the document is a place outside of it.
        inside.is_some() && !matches!(plain(&self.text).as_str(), "config" | "broker.json")
    }

    fn style(&self) -> Style {
        let line = &lines(&self.file)[self.place[0] - 1];
        match () {
            () if line.contains("\\\"") => Style::Escaped,
            () if line.contains("'{") => Style::OneLine,
            () => Style::Block,
        }
    }

    /// Whether the place begins and ends where a token does.
    fn is_whole(&self) -> bool {
        let [line, column, end_line, end_column] = self.place;
        let lines = lines(&self.file);
        let at = |line: usize, column: usize| lines[line - 1].chars().nth(column - 1);
        let follows = at(end_line, end_column).is_none_or(|next| " ,:]}\\".contains(next));
        let quote = ["\\\"", "\"", "'"].into_iter().find(|it| self.text.starts_with(it));
        let is_closed = line != end_line || quote.is_none_or(|it| self.text.ends_with(it));
        let is_escaped = column > 1 && at(line, column - 1) == Some('\\');
        let is_trimmed = !self.text.is_empty() && self.text.trim() == self.text;
        // Only the first character is told of what can't be read.
        is_trimmed && !is_escaped && is_closed && (follows || self.text.len() == 1)
    }

    /// Whether the key of the place, which is the text or stands before it, is the last of the
    /// path; or of a missing field, one before.
    fn follows_path(&self) -> bool {
        let steps: Vec<String> =
            self.path.split('/').map(|it| it.replace("~1", "/").replace("~0", "~")).collect();
        let (last, parents) = steps.split_last().unwrap();
        let before = self.before();
        let is_item = |step: &str| {
            step.parse::<u32>().is_ok() && before.ends_with(['-', '[', ','])
                || step.is_empty() && (before.is_empty() || before.ends_with("---"))
        };
        if !self.exact {
            let text = plain(&self.text);
            return parents.iter().any(|step| *step == text || is_item(step));
        }
        let key = before.strip_suffix(':').map(|before| plain(before.trim_end()));
        let is_value = key.is_some_and(|key| {
            let rest = key.strip_suffix(last.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with([' ', '"', '{', '\n']))
        });
        plain(&self.text) == *last || is_value || is_item(last)
    }

    /// What stands before the place, without comments and white space at the end.
    fn before(&self) -> String {
        let [line, column, ..] = self.place;
        let lines = lines(&self.file);
        let mut before: Vec<String> = lines[..line - 1].to_vec();
        before.retain(|line| !line.trim_start().starts_with('#'));
        before.push(lines[line - 1].chars().take(column - 1).collect());
        before.join("\n").trim_end_matches([' ', '\n', '\\']).to_owned()
    }
}
