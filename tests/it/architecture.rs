//! Which module may use which, and that the documentation speaks of files that exist.

use std::fs;
use std::path::{Path, PathBuf};

/// The levels of `docs/architecture.md`, lowest first. A module uses only modules on lower
/// levels; modules on one level don't use each other.
const LEVELS: &[&[&str]] = &[
    &["document"],
    &["engine"],
    &["resource"],
    &["rules"],
    &["policyfile", "manifest", "admission", "artefact", "pki", "report", "telemetry"],
    &["server", "worker", "cluster"],
    &["cli"],
];

#[test]
fn modules_use_only_modules_on_lower_levels() {
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let Some(module) = module_of(&file) else { continue };
        let level = level_of(&module).unwrap_or_else(|| panic!("`{module}` is on no level"));
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            for used in used_modules(code) {
                let Some(used_level) = level_of(&used) else { continue };
                if used != module && used_level >= level {
                    wrong.push(format!("{}:{}: uses `{used}`", file.display(), number + 1));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_library_lists_its_modules_lowest_first() {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let modules: Vec<usize> = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(|module| level_of(module).unwrap_or_else(|| panic!("`{module}` is on no level")))
        .collect();
    assert!(modules.len() > 5, "{modules:?}");
    assert!(modules.is_sorted(), "{modules:?}");
}

#[test]
fn the_pure_modules_are_guarded() {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for module in LEVELS.iter().take(4).flat_map(|level| *level) {
        let guarded = format!("#[deny(clippy::disallowed_methods)]\npub mod {module};");
        assert!(text.contains(&guarded), "{module}");
    }
}

#[test]
fn serde_json_values_stay_at_the_edge_of_the_json_patch_crate() {
    let allowed = [
        "src/document/edit/mod.rs",
        "src/document/encode.rs",
        "src/engine/change.rs",
        "src/engine/compile.rs",
        "src/engine/patch.rs",
    ];
    for level in ["document", "engine", "resource", "rules"] {
        for file in rust_files(&root().join("src").join(level)) {
            let name = file.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let uses = code.lines().any(|line| {
                let line = line.split("//").next().unwrap();
                // What a schema is generated from is never built.
                !line.contains("schemars(")
                    && (line.contains("serde_json::Value") || line.contains("serde_json::json!"))
            });
            assert!(!uses || allowed.contains(&name.as_str()), "{name}");
        }
    }
}

#[test]
fn the_documentation_names_files_that_exist() {
    for page in ["docs/architecture.md", "docs/adding-a-rule.md", "README.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap_or_else(|_| panic!("{page}"));
        let named: Vec<&str> =
            text.split('`').skip(1).step_by(2).filter(|it| is_path(it)).collect();
        assert!(!named.is_empty(), "{page} names no file");
        for path in named {
            assert!(root().join(path).exists(), "{page} names `{path}`, which is not there");
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn level_of(module: &str) -> Option<usize> {
    LEVELS.iter().position(|level| level.contains(&module))
}

/// The module that a file of `src` belongs to; none for the roots.
fn module_of(file: &Path) -> Option<String> {
    let below = file.strip_prefix(root().join("src")).unwrap();
    let first = below.components().next()?.as_os_str().to_str()?.to_owned();
    let module = first.trim_end_matches(".rs").to_owned();
    (!matches!(module.as_str(), "lib" | "main")).then_some(module)
}

/// The top-level modules that a line of code names by `crate::`.
fn used_modules(code: &str) -> Vec<String> {
    let after = code.split("crate::").skip(1);
    let name = |rest: &str| {
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
    };
    after.map(name).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Whether a piece of code in a page is a path of this repository and no pattern.
fn is_path(code: &str) -> bool {
    let roots = ["src/", "policies/", "certs/", "docs/", "tests/", "benches/", "fuzz/", "charts/"];
    let files = ["Makefile", "Cargo.toml", "clippy.toml", "deny.toml", ".ci/run"];
    let plain = !code.contains(['*', '<', ' ', '{', '…']) && !code.contains("NAME");
    plain && (files.contains(&code) || roots.iter().any(|root| code.starts_with(root)))
}
