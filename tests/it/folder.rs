//! A folder with a policy and texts, to be linted.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::cli::{Ran, run_with};

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With this `policy.yaml`, and with a place for texts.
    pub(crate) fn with_policy(policy: &str) -> Self {
        let folder = Self::new();
        folder.write("policy.yaml", policy);
        fs::create_dir(folder.file("texts")).unwrap();
        folder
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.file(name).to_str().unwrap().to_owned()
    }

    /// Writes a file, and returns its path.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::create_dir_all(self.file(name).parent().unwrap()).unwrap();
        fs::write(self.file(name), text).unwrap();
        self.path(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    /// Lints by the folder's policy alone.
    pub(crate) fn lint(&self, arguments: &[&str]) -> Ran {
        self.lint_with(arguments, "")
    }

    /// The same with this on the standard input.
    pub(crate) fn lint_with(&self, arguments: &[&str], stdin: impl AsRef<[u8]>) -> Ran {
        let policy = self.path("policy.yaml");
        let fixed = ["lint", "--no-default-policies", "--policy", &policy];
        run_with(&[&fixed, arguments].concat(), stdin)
    }

    /// Lints what is in `texts` by the folder's policy alone.
    pub(crate) fn lint_texts(&self, arguments: &[&str]) -> Ran {
        let texts = self.path("texts");
        self.lint(&[&[texts.as_str()], arguments].concat())
    }
}

/// A policy about ConfigMaps with these rules, each as a YAML map in one line.
pub(crate) fn policy_about_config_maps(rules: &[&str]) -> String {
    let rules: String = rules.iter().map(|rule| format!("    - {rule}\n")).collect();
    format!(
        "apiVersion: portcullis.skao.int/v1alpha1\nkind: Policy\nmetadata: {{name: plain}}\nspec:\n  \
         scope: {{kinds: [ConfigMap]}}\n  rules:\n{rules}"
    )
}
