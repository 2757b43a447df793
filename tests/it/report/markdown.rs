//! Markdown: what a manifest says is code, and the comment is never too long.

use std::fmt::Write as _;

use super::Folder;

#[test]
fn a_comment_has_a_table_and_the_findings_of_each_owner() {
    let report = Folder::hostile().report("markdown");
    assert!(report.starts_with("<!-- portcullis -->\n## Portcullis: "), "{report}");
    assert!(report.contains("| `umbrella/base` | 1 | 1 | 1 | 0 | 0 |\n"), "{report}");
    assert!(report.contains(
        "<details><summary><code>umbrella/base</code>: 3 findings</summary>\n\n- **deny**"
    ));
    assert_eq!(report.matches("<details>").count(), report.matches("</details>").count());
}

#[test]
fn nothing_in_a_manifest_is_a_mark() {
    let report = Folder::hostile().report("markdown");
    let outside: String = without_code(&report);
    for mark in ["<script", "<b>", "@all", "[x]", "<i>"] {
        assert!(!outside.contains(mark), "`{mark}` in {outside}");
    }
    assert!(report.contains("<script>alert(1)</script>]]>&`%0A"), "{report}");
}

/// The text without code spans (CommonMark 6.1) and without escapes.
fn without_code(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('\\') {
            rest = &rest[2..];
            continue;
        }
        let length = rest.len() - rest.trim_start_matches('`').len();
        let (fence, after) = rest.split_at(length);
        let mut from = 0;
        let end = loop {
            let at = from + after[from..].find(fence).unwrap_or_else(|| panic!("open: {rest}"));
            let run = after[at..].len() - after[at..].trim_start_matches('`').len();
            if run == length {
                break at;
            }
            from = at + run;
        };
        rest = &after[end + length..];
    }
    out + rest
}

#[test]
fn a_comment_has_a_limit_and_says_what_is_left_out() {
    let folder = Folder::with_policy(super::POLICY);
    let mut text = String::new();
    for rank in 0..3000 {
        _ = write!(text, "---\n# Source: chart-{rank}/templates/a.yaml\n");
        _ = write!(text, "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a{rank}}}\n");
    }
    folder.write("texts/a.yaml", &text);
    let report = folder.report("markdown");
    assert!(report.len() < 65_536, "{}", report.len());
    assert!(report.contains("more owners are not shown"), "{report}");
    assert!(report.contains("more findings not shown here"), "{report}");
    assert_eq!(report.matches("<details>").count(), report.matches("</details>").count());
}

#[test]
fn repeats_of_a_template_are_one_item_that_unfolds() {
    let folder = Folder::with_policy(super::POLICY);
    let object = |rank: usize| {
        format!(
            "---\n# Source: chart/templates/a.yaml\n\
             apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a{rank}}}\n"
        )
    };
    let text: String = (0..30).map(object).collect();
    folder.write("texts/a.yaml", &text);
    let report = folder.report("markdown");
    assert!(report.contains("<summary>and 29 more of this template</summary>"), "{report}");
    let items = report.lines().filter(|line| line.starts_with("- **")).count();
    assert!(items > 0 && items < 5, "{report}");
    assert_eq!(report.matches("<details>").count(), report.matches("</details>").count());
    // Each place is listed, and no report that a program reads is folded.
    assert!(report.matches("a.yaml:").count() >= 30, "{report}");
    let json: serde_json::Value = serde_json::from_str(&folder.report("json")).unwrap();
    assert!(json["findings"].as_array().unwrap().len() >= 30);
}
