//! GitHub annotations: one line each, whatever a manifest says, and never more than are shown.

use super::Folder;

/// What a runner makes of a line: the command, its properties, its message (actions/runner,
/// `ActionCommand.cs`).
fn parse(line: &str) -> (String, Vec<(String, String)>, String) {
    let (head, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
    let (command, properties) = head.split_once(' ').unwrap();
    let unescape = |text: &str| {
        let text = text.replace("%0D", "\r").replace("%0A", "\n");
        text.replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
    };
    let properties = properties.split(',').map(|property| {
        let (key, value) = property.split_once('=').unwrap();
        (key.to_owned(), unescape(value))
    });
    (command.to_owned(), properties.collect(), unescape(message))
}

#[test]
fn a_line_is_read_as_it_was_meant() {
    let folder = Folder::hostile();
    let report = folder.report("github");
    let lines: Vec<_> = report.lines().map(parse).collect();
    assert_eq!(lines.len(), 4, "{report}");
    let (command, properties, message) = &lines[0];
    assert_eq!(command, "error");
    assert!(message.starts_with("no label, <b>100%</b> of ]]> @all"), "{message}");
    let file = folder.path(&format!("texts/{}", super::HOSTILE_FILE));
    assert_eq!(properties[0], ("file".to_owned(), file));
    let keys: Vec<&str> = properties.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["file", "line", "col", "endColumn", "title"]);
    let commands: Vec<&str> = lines.iter().map(|(command, ..)| command.as_str()).collect();
    assert_eq!(commands, ["error", "error", "warning", "notice"]);
}

#[test]
fn what_github_would_not_show_is_counted() {
    let folder = Folder::with_policy(super::POLICY);
    let object = |rank: usize| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a{rank}}}\ndata: {{level: x}}\n"
        )
    };
    folder.write("texts/a.yaml", (0..13).map(object).collect::<String>());
    let report = folder.report("github");
    let count = |start: &str| report.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(count("::error "), 10);
    assert_eq!(count("::notice "), 10);
    let last = report.lines().last().unwrap();
    assert!(last.contains("not shown: 3 errors, 4 notices"), "{last}");
}
