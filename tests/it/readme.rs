//! The path of somebody new, as the README tells it: each command is run, in its order.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::folder::Folder;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  namespace: {{ .Release.Namespace }}\nspec:\n  \
containers:\n    - name: web\n      image: artefact.skao.int/ska-web\n";

/// The blocks behind `<!-- NAME -->`.
fn block(name: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let after =
        readme.split_once(&format!("<!-- {name} -->\n```")).unwrap_or_else(|| panic!("{name}"));
    let text = after.1.split_once('\n').unwrap().1;
    text.split_once("\n```").unwrap().0.to_owned() + "\n"
}

/// Runs each line of a block as a person would.
fn steps(folder: &Folder, name: &str) -> Vec<Output> {
    let lines = block(name);
    let commands = lines.lines().map(|line| line.split('#').next().unwrap());
    commands.map(|command| portcullis(folder, command)).collect()
}

fn portcullis(folder: &Folder, command: &str) -> Output {
    let mut words = command.split_whitespace();
    assert_eq!(words.next(), Some("portcullis"), "{command}");
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools");
    Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(words)
        .current_dir(folder.root())
        .env_clear()
        .env("PATH", tools)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn every_step_does_what_it_says() {
    crate::chart::tool("helm");
    let folder = Folder::new();
    folder.write("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n");
    folder.write("charts/web/templates/web.yaml", POD);
    let [lint] = &steps(&folder, "lint")[..] else { panic!() };
    assert_eq!(lint.status.code(), Some(1), "{lint:?}");
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let shown = readme.split_once("```text\n").unwrap().1.split_once("```").unwrap().0;
    assert!(text(&lint.stdout).contains(shown), "{}", text(&lint.stdout));

    let [explain] = &steps(&folder, "explain")[..] else { panic!() };
    assert!(explain.status.success() && text(&explain.stdout).contains("images/image-tag: "));

    let job = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    # kept\n    - {name: a, \
               image: 'artefact.skao.int/ska-a:1.0.0'}\n";
    folder.write("manifests.yaml", job);
    let [fix] = &steps(&folder, "fix")[..] else { panic!() };
    assert!(fix.status.code() < Some(2), "{fix:?}");
    assert!(folder.read("manifests.yaml").contains("    # kept\n"));

    folder.write("waivers.yaml", block("waivers.yaml"));
    let [waive] = &steps(&folder, "waive")[..] else { panic!() };
    assert!(text(&waive.stdout).contains("waived[image-tag]"), "{}", text(&waive.stdout));

    let [written, known] = &steps(&folder, "baseline")[..] else { panic!() };
    assert!(written.status.success() && known.status.success(), "{written:?} {known:?}");
    assert!(text(&known.stdout).contains("existing[image-tag]"), "{known:?}");

    folder.write(".portcullis.yaml", block(".portcullis.yaml"));
    let pipeline = portcullis(&folder, "portcullis lint");
    assert!(pipeline.status.success(), "{pipeline:?}");
    for report in ["gl-code-quality-report.json", "report.html"] {
        assert!(folder.file(report).is_file(), "{report}");
    }
}
