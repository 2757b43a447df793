//! `--output`: several reports in one run.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::Folder;

fn flags(folder: &Folder, outputs: &[(&str, &str)]) -> Vec<String> {
    let flag = |(format, file): &(&str, &str)| {
        let file = if *file == "-" { "-".to_owned() } else { folder.path(file) };
        ["--output".to_owned(), format!("{format}={file}")]
    };
    outputs.iter().flat_map(flag).collect()
}

fn lint(folder: &Folder, outputs: &[(&str, &str)]) -> crate::cli::Ran {
    let flags = flags(folder, outputs);
    folder.lint_texts(&flags.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn every_report_goes_to_its_file_beside_the_one_for_a_person() {
    let folder = Folder::hostile();
    let all: Vec<(&str, &str)> =
        portcullis::report::FORMATS.iter().map(|it| (it.name, it.name)).collect();
    let ran = lint(&folder, &all);
    assert_eq!(ran.stderr, "");
    assert_eq!(ran.stdout, folder.report("full"));
    for (format, file) in all {
        assert_eq!(folder.read(file), folder.report(format), "{format}");
    }
    let names: Vec<_> =
        fs::read_dir(folder.file("")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(names.iter().all(|it| !it.to_str().unwrap().starts_with('.')), "{names:?}");
}

#[test]
fn a_dash_is_the_standard_output_behind_the_report_there() {
    let folder = Folder::hostile();
    let ran = lint(&folder, &[("github", "-"), ("concise", "-")]);
    let expected = ["full", "github", "concise"].map(|format| folder.report(format)).concat();
    assert_eq!(ran.stdout, expected);
}

#[test]
fn a_file_that_can_not_be_written_is_told_and_the_others_are_written() {
    let folder = Folder::with_policy(super::POLICY);
    folder.write(
        "texts/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {app: a}}\n",
    );
    fs::create_dir(folder.file("folder")).unwrap();
    let ran =
        lint(&folder, &[("sarif", "missing/r.sarif"), ("html", "folder"), ("gitlab", "g.json")]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("error: cannot write the sarif report to `"), "{ran:?}");
    assert!(ran.stderr.contains("error: cannot write the html report to `"), "{ran:?}");
    assert!(ran.stdout.contains("1 object in 1 file"), "{ran:?}");
    assert_eq!(folder.read("g.json"), "[]\n");
}

#[test]
fn a_file_keeps_its_permissions_and_a_link_its_target() {
    let folder = Folder::hostile();
    folder.write("real.json", "old");
    fs::set_permissions(folder.file("real.json"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.json", folder.file("link.json")).unwrap();
    lint(&folder, &[("gitlab", "link.json")]);
    assert_eq!(folder.read("real.json"), folder.report("gitlab"));
    assert!(fs::symlink_metadata(folder.file("link.json")).unwrap().is_symlink());
    let mode = fs::metadata(folder.file("real.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn what_is_no_file_is_written_to() {
    let folder = Folder::hostile();
    let ran = folder.lint_texts(&["--output", "json=/dev/null"]);
    assert_eq!(ran.stderr, "");
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn a_wrong_output_is_told_before_anything_is_judged() {
    let folder = Folder::hostile();
    for (output, told) in [
        ("sarf=a", "did you mean `sarif`?"),
        ("sarif", "expected FORMAT=FILE"),
        ("sarif=", "the sarif report has no file"),
        ("x=a", "there are full, concise, stats, json"),
    ] {
        let ran = folder.lint_texts(&["--output", output]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
        assert!(ran.stderr.contains(told), "{ran:?}");
    }
    let ran = lint(&folder, &[("sarif", "a"), ("json", "a")]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
    assert!(ran.stderr.contains("two reports would go to"), "{ran:?}");
}

#[test]
fn several_may_stand_in_one_value_and_a_comma_in_a_name() {
    let folder = Folder::hostile();
    let value = format!("gitlab={},json={}", folder.path("a,b.json"), folder.path("c.json"));
    assert_eq!(folder.lint_texts(&["--output", &value]).stderr, "");
    assert_eq!(folder.read("a,b.json"), folder.report("gitlab"));
    assert_eq!(folder.read("c.json"), folder.report("json"));
}
