//! The examples of `docs/lint.md` are what the reports look like.

use std::fs;
use std::path::Path;

use super::Folder;

/// The block of code behind `<!-- NAME -->`.
fn block<'p>(page: &'p str, name: &str) -> &'p str {
    let after =
        page.split_once(&format!("<!-- {name} -->\n```")).unwrap_or_else(|| panic!("{name}")).1;
    let text = after.split_once('\n').unwrap().1;
    text.split_once("\n```").unwrap().0
}

#[test]
fn every_format_has_an_example_that_is_true() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lint.md");
    let page = fs::read_to_string(page).unwrap();
    let folder = Folder::with_policy(block(&page, "policy.yaml"));
    folder.write("texts/manifests.yaml", format!("{}\n", block(&page, "manifests.yaml")));
    let texts = folder.path("texts/");
    let diff = folder.lint_texts(&["--diff"]).stdout.replace(&texts, "");
    assert_eq!(diff.trim_end(), block(&page, "diff"));
    for format in portcullis::report::FORMATS {
        let report = folder.report(format.name);
        let report = report.replace(&format!("file://{texts}"), "").replace(&texts, "");
        let example = block(&page, format.name);
        assert!(report.contains(example), "{}:\n{example}\nis not in\n{report}", format.name);
        assert!(page.contains(&format!("| `{}` |", format.name)), "{}", format.name);
    }
}
