//! `.portcullis.yaml` as flags: what a repository says, where nobody says something else.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::cli::Failure;
use crate::cli::policies::unreadable;
use crate::policyfile::{Configuration, LintConfiguration, Source};

/// What a configuration adds to what was typed.
#[derive(Debug, Default)]
pub(in crate::cli) struct Configured {
    pub(in crate::cli) flags: Vec<OsString>,
    /// If none were typed.
    pub(in crate::cli) paths: Vec<OsString>,
}

/// Reads the configuration, if there is one. `typed` is what was understood of what was typed.
pub(in crate::cli) fn configured(typed: &ArgMatches) -> Result<Configured, Failure> {
    let nothing = Configured::default();
    if typed.get_flag("no_config") {
        return Ok(nothing);
    }
    let named = typed.get_one::<PathBuf>("config").cloned();
    let Some((file, folder)) = named.map(beside).or_else(search) else { return Ok(nothing) };
    let text = fs::read_to_string(&file).map_err(|error| unreadable(&file, &error))?;
    let name = file.display().to_string();
    let configuration = Configuration::read(&Source::new(&name, &text)).map_err(|problems| {
        let lines: Vec<String> = problems.0.iter().map(ToString::to_string).collect();
        Failure::new(format!("the configuration can't be used\n{}", lines.join("\n")))
    })?;
    let mut flags = Flags { typed, folder: &folder, all: Vec::new() };
    flags.add(&configuration.lint);
    let mut paths: Vec<OsString> = Vec::new();
    if !flags.is_typed("paths") {
        paths = configuration.lint.paths.iter().map(|it| flags.path(it).into()).collect();
    }
    Ok(Configured { flags: flags.all, paths })
}

/// The file in this folder or in the nearest one above, and the way to its folder.
fn search() -> Option<(PathBuf, PathBuf)> {
    let here = std::env::current_dir().ok()?;
    let mut way = PathBuf::new();
    for folder in here.ancestors() {
        if folder.join(Configuration::FILE).is_file() {
            return Some((way.join(Configuration::FILE), way));
        }
        way.push("..");
    }
    None
}

fn beside(file: PathBuf) -> (PathBuf, PathBuf) {
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    (file, folder)
}

struct Flags<'f> {
    typed: &'f ArgMatches,
    folder: &'f Path,
    all: Vec<OsString>,
}

impl Flags<'_> {
    fn add(&mut self, lint: &LintConfiguration) {
        self.paths("policy", "policy", &lint.policy);
        self.switch("no_default_policies", lint.no_default_policies);
        if !self.is_typed("stats") {
            self.texts("format", &lint.format);
        }
        let outputs = lint.output.iter().map(|(format, file)| match file.as_str() {
            "-" => format!("{format}=-"),
            file => format!("{format}={}", self.path(file)),
        });
        self.values("outputs", "output", &outputs.collect::<Vec<_>>());
        self.texts("fail_on", &lint.fail_on);
        self.paths("baseline", "baseline", lint.baseline.as_slice());
        self.texts("namespace", &lint.namespace);
        let labels = lint.namespace_labels.iter().map(|(key, value)| format!("{key}={value}"));
        self.values("namespace_labels", "namespace-labels", &labels.collect::<Vec<_>>());
        self.texts("tier", &lint.tier);
        self.paths("facts", "facts", lint.facts.as_slice());
        self.switch("strict", lint.strict);
        self.switch("allow_empty", lint.allow_empty);
        self.paths("values", "values", &lint.values);
        self.values("set", "set", &lint.set);
        let sets = lint.value_sets.iter().map(|(name, set)| {
            let files = set.values.iter().map(|file| self.path(file));
            let parts: Vec<String> = files.chain(set.set.iter().cloned()).collect();
            format!("{name}={}", parts.join(","))
        });
        self.values("value_sets", "value-set", &sets.collect::<Vec<_>>());
        self.texts("release", &lint.release);
        self.texts("kube_version", &lint.kube_version);
        self.values("api_versions", "api-versions", &lint.api_versions);
        self.switch("render_twice", lint.render_twice);
    }

    /// Whether a person or the environment says it.
    fn is_typed(&self, id: &str) -> bool {
        let source = self.typed.value_source(id);
        source.is_some_and(|source| source != ValueSource::DefaultValue)
    }

    fn values(&mut self, id: &str, flag: &str, values: &[String]) {
        if !self.is_typed(id) {
            self.all.extend(values.iter().map(|value| format!("--{flag}={value}").into()));
        }
    }

    fn texts(&mut self, id: &str, value: &Option<String>) {
        self.values(id, &id.replace('_', "-"), value.as_slice());
    }

    fn paths(&mut self, id: &str, flag: &str, paths: &[String]) {
        let paths: Vec<String> = paths.iter().map(|path| self.path(path)).collect();
        self.values(id, flag, &paths);
    }

    fn switch(&mut self, id: &str, is_on: bool) {
        if is_on && !self.is_typed(id) {
            self.all.push(format!("--{}", id.replace('_', "-")).into());
        }
    }

    fn path(&self, path: &str) -> String {
        self.folder.join(path).display().to_string()
    }
}
