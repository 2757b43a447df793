//! The two readers of YAML agree on texts that nobody thought of.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::yaml_fast::{assert_agreement, is_fast};

/// A tree to be written in block style.
#[derive(Clone, Debug)]
enum Node {
    /// On the line of its key or dash, perhaps with a comment.
    Inline(&'static str, &'static str),
    /// The further lines are indented.
    Lines(&'static str, Vec<&'static str>),
    /// Each key with what stands between its line and the value's first.
    Map(Vec<(&'static str, &'static str, Node)>),
    List(Vec<(&'static str, Node)>),
}

const INLINE: &[&str] = &[
    "",
    "a",
    "a b",
    "a:b#c",
    "-1",
    "0644",
    "1e3",
    "yes",
    "~",
    "é",
    "\"\"",
    "\"a\\n\\u00e9\"",
    "''",
    "'a: ''b'''",
    "[]",
    "{}",
    "[a, 'b', [c]]",
    "{a: 1, \"b\":2, a: {c: d}}",
    "::1]",
    "$(A) > b | c",
];
const HEADERS: &[&str] = &["|", "|-", "|+", ">", ">-", ">+", "|  "];
const LINES: &[&str] = &["a", "b: c", "- d", "# e", " f", "  g\th", "", "\"i", "é ", "'", "[j"];
const FOLDED: &[(&str, &str)] =
    &[("a", "z"), ("a b ", "- z"), ("\"a", "z\""), ("'a ''", "z'"), ("\"a\\", "z\" # c")];
const WORDS: &[&str] = &["b", "c d ", "", "e"];
const ITEMS: &[&str] = &["b,", "'c d',", "", "{e: 1, f: []},"];
const ENDS: &[&str] = &["", " # c", "  "];
const GAPS: &[&str] = &["", "", "", "\n", "# c\n", "  \n", "        # c\n\n"];
const KEYS: &[&str] = &["a", "b", "c d", "\"e\"", "'f''g'", "1", "yes", "h.i/j-k", "é", "a "];

fn node() -> impl Strategy<Value = Node> {
    let inline = (select(INLINE), select(ENDS)).prop_map(|(text, end)| Node::Inline(text, end));
    let block = (select(HEADERS), vec(select(LINES), 0..6)).prop_map(|(header, mut lines)| {
        lines.insert(0, "a");
        Node::Lines(header, lines)
    });
    let folded =
        (select(FOLDED), vec(select(WORDS), 0..4)).prop_map(|((first, last), mut lines)| {
            lines.push(last);
            Node::Lines(first, lines)
        });
    let flow = vec(select(ITEMS), 0..4).prop_map(|mut lines| {
        lines.push("z]");
        Node::Lines("[a,", lines)
    });
    prop_oneof![4 => inline, 1 => block, 1 => folded, 1 => flow].prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            vec((select(KEYS), select(GAPS), inner.clone()), 1..5).prop_map(Node::Map),
            vec((select(GAPS), inner), 1..5).prop_map(Node::List),
        ]
    })
}

/// Writes what follows a `:` or `-`, with the indentation of its key or dash.
fn write(node: &Node, indentation: usize, step: usize, text: &mut String) {
    let inner = indentation + step;
    match node {
        Node::Inline("", end) => text.push_str(&format!("{end}\n")),
        Node::Inline(value, end) => text.push_str(&format!(" {value}{end}\n")),
        Node::Lines(first, lines) => {
            text.push_str(&format!(" {first}\n"));
            for line in lines {
                let space = if line.is_empty() { 0 } else { inner };
                text.push_str(&format!("{:space$}{line}\n", ""));
            }
        }
        Node::Map(fields) => {
            text.push('\n');
            for (key, gap, value) in fields {
                text.push_str(&format!("{gap}{:inner$}{key}:", ""));
                write(value, inner, step, text);
            }
        }
        Node::List(items) => {
            text.push('\n');
            for (gap, item) in items {
                text.push_str(&format!("{gap}{:inner$}-", ""));
                // The first field may stand on the line of the dash.
                let mut written = String::new();
                write(item, inner, 2, &mut written);
                let shares_line = matches!(item, Node::Map(fields) if fields[0].1.is_empty());
                text.push_str(if shares_line { &written[inner + 2..] } else { &written });
            }
        }
    }
}

/// Pieces that YAML gives a meaning.
const PIECES: &[&str] = &[
    ":",
    ": ",
    "- ",
    "-",
    " ",
    "  ",
    "\n",
    "\n\n",
    "#",
    " #",
    "\"",
    "'",
    "|",
    ">",
    "|-\n",
    ">+\n",
    "|\n",
    "[",
    "]",
    "{",
    "}",
    ",",
    ", ",
    "\t",
    "&a ",
    "*a",
    "!",
    "?",
    "? ",
    "\\",
    "~",
    "<<: ",
    "---\n",
    "\n---",
    "...",
    "\r\n",
    "\r",
    "é",
    "\u{85}",
    "\u{feff}",
    "\u{2028}",
    "\u{0}",
    "%",
    "@",
    "`",
    "yes",
    "0x1F",
    ".inf",
    "null",
    "\"\\u00e9\"",
    "''",
    "[]",
    "{}",
    "[a, b]",
    "{a: b}",
    "# c\n",
    "\n  ",
    "\n ",
    "\n- ",
    "a:\n",
    "a: ",
    "b: ",
    "=",
    "\\n",
    "\\\n",
    "\\x41",
    "\\ud83d",
    "1: ",
    "\n   \n",
    "- - ",
    "-\n",
    "a?b",
    "key",
    "x y",
];

/// A change of a text: a piece put in, or in place of some characters, or they are taken out, or
/// a line is indented by one more or one less.
#[derive(Clone, Debug)]
enum Change {
    Insert(Index, &'static str),
    Replace(Index, usize, &'static str),
    Indent(Index, bool),
    /// A line is put in once more, somewhere else.
    Copy(Index, Index),
    /// A line is taken out.
    Drop(Index),
    /// Two lines become one.
    Join(Index),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<Index>(), select(PIECES)).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (any::<Index>(), 1..4_usize, prop_oneof![Just(""), select(PIECES)])
            .prop_map(|(at, length, piece)| Change::Replace(at, length, piece)),
        (any::<Index>(), any::<bool>()).prop_map(|(at, more)| Change::Indent(at, more)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Copy(from, to)),
        any::<Index>().prop_map(Change::Drop),
        any::<Index>().prop_map(Change::Join),
    ]
}

fn apply(change: &Change, text: &str) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    match change {
        Change::Copy(from, to) if !lines.is_empty() => {
            let line = lines[from.index(lines.len())];
            lines.insert(to.index(lines.len() + 1), line);
            return lines.concat();
        }
        Change::Drop(at) if !lines.is_empty() => {
            lines.remove(at.index(lines.len()));
            return lines.concat();
        }
        Change::Join(at) if !lines.is_empty() => {
            let at = at.index(lines.len());
            lines[at] = lines[at].trim_end_matches('\n');
            return lines.concat();
        }
        _ => {}
    }
    let mut characters: Vec<char> = text.chars().collect();
    let length = characters.len();
    match change {
        Change::Insert(at, piece) => {
            let at = at.index(length + 1);
            characters.splice(at..at, piece.chars());
        }
        Change::Replace(at, count, piece) => {
            let at = at.index(length + 1);
            characters.splice(at..length.min(at + count), piece.chars());
        }
        Change::Indent(at, more) => {
            let before = characters.iter().take(at.index(length + 1));
            let line = before.copied().collect::<String>().rfind('\n').map_or(0, |at| at + 1);
            let line = text.get(..line).unwrap_or_default().chars().count();
            match more {
                true => characters.insert(line, ' '),
                false if characters.get(line) == Some(&' ') => drop(characters.remove(line)),
                false => {}
            }
        }
        Change::Copy(..) | Change::Drop(_) | Change::Join(_) => {}
    }
    characters.into_iter().collect()
}

/// Documents as people and charts write them: our own, and those of the machine's corpus if it is
/// there.
static DOCUMENTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = Vec::new();
    for folder in [
        "tests/fixtures/canary",
        "tests/fixtures/defaults",
        "tests/fixtures/manifests",
        "tests/fixtures/pairs",
        "policies",
        "../shared/corpus",
    ] {
        for file in fs::read_dir(root.join(folder)).into_iter().flatten() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|it| it == "yaml") {
                let text = fs::read_to_string(&path).unwrap();
                documents.extend(text.split_inclusive("\n---\n").map(str::to_owned));
            }
        }
    }
    documents.sort();
    documents.dedup();
    documents
});

/// A document, or the first or last lines of one, as most mistakes stand near an end.
fn part_of_document() -> impl Strategy<Value = String> {
    (any::<Index>(), any::<Index>(), any::<bool>()).prop_map(|(document, at, is_first)| {
        let lines: Vec<&str> = document.get(&DOCUMENTS).split_inclusive('\n').collect();
        let at = at.index(lines.len());
        let lines = if is_first { &lines[..=at] } else { &lines[at..] };
        lines.concat()
    })
}

/// How many texts are tried. `PROPTEST_CASES` says how many where somebody has the time.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok());
    ProptestConfig::with_cases(cases.unwrap_or(1_000))
}

#[test]
fn there_are_documents_to_change() {
    assert!(DOCUMENTS.len() > 80, "{}", DOCUMENTS.len());
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_manifest_that_is_changed_is_read_alike(
        text in part_of_document(),
        changes in vec(change(), 1..5),
    ) {
        let text = changes.iter().fold(text, |text, change| apply(change, &text));
        assert_agreement(&text);
    }

    #[test]
    fn what_is_written_plainly_is_read_fast(node in node(), step in 1..5_usize) {
        let mut text = String::from("---\nroot:");
        write(&node, 0, step, &mut text);
        assert_agreement(&text);
        prop_assert!(is_fast(&text), "{text}");
    }

    #[test]
    fn what_is_written_and_then_changed_is_read_alike(
        node in node(),
        step in 1..4_usize,
        changes in vec(change(), 1..4),
    ) {
        let mut text = String::from("root:");
        write(&node, 0, step, &mut text);
        let text = changes.iter().fold(text, |text, change| apply(change, &text));
        assert_agreement(&text);
    }

    #[test]
    fn what_is_put_together_at_random_is_read_alike(
        start in select(&["k: ", "k:\n  ", "k:\n- ", "- ", "- - ", "a: [", "a: {", "a: |\n", "a: \""][..]),
        pieces in vec(select(PIECES), 0..12),
    ) {
        assert_agreement(&format!("{start}{}", pieces.concat()));
    }
}
