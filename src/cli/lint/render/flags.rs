//! What a person says of charts.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::cli::duration::duration;

#[derive(Debug, Args)]
#[command(next_help_heading = "Charts and kustomizations")]
pub(in crate::cli::lint) struct Flags {
    /// Values for charts; of several files the last one wins, as in Helm
    #[arg(long, value_name = "FILE", value_delimiter = ',', env = "PORTCULLIS_VALUES")]
    pub(super) values: Vec<PathBuf>,
    /// A value for charts, as in Helm; may be given several times
    #[arg(long, value_name = "KEY=VALUE", env = "PORTCULLIS_SET")]
    pub(super) set: Vec<String>,
    /// Renders charts with these values too; several sets are judged one by one in one run. A part
    /// with `=` is a value, any other one a file
    #[arg(
        long = "value-set",
        value_name = "NAME=PART,...",
        value_parser = value_set,
        env = "PORTCULLIS_VALUE_SET",
        value_delimiter = ';'
    )]
    value_sets: Vec<ValueSet>,
    /// The name of the release
    #[arg(long, value_name = "NAME", default_value = "release-name", env = "PORTCULLIS_RELEASE")]
    pub(super) release: String,
    /// The Kubernetes version that charts see
    #[arg(long, value_name = "VERSION", env = "PORTCULLIS_KUBE_VERSION")]
    pub(super) kube_version: Option<String>,
    /// APIs that charts see, beside Kubernetes' own
    #[arg(long, value_name = "API", value_delimiter = ',', env = "PORTCULLIS_API_VERSIONS")]
    pub(super) api_versions: Vec<String>,
    /// Renders twice, a second apart, and reports what differs
    #[arg(long, env = "PORTCULLIS_RENDER_TWICE")]
    pub(super) render_twice: bool,
    /// How long the program may take for one rendering
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "2m",
        value_parser = duration,
        env = "PORTCULLIS_RENDER_TIMEOUT"
    )]
    pub(super) render_timeout: Duration,
    /// The program that renders charts
    #[arg(long, value_name = "PROGRAM", default_value = "helm", env = "PORTCULLIS_HELM")]
    pub(super) helm: PathBuf,
    /// The program that renders kustomizations: `kustomize`, else `kubectl`
    #[arg(long, value_name = "PROGRAM", env = "PORTCULLIS_KUSTOMIZE")]
    pub(super) kustomize: Option<PathBuf>,
}

/// Values with a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli::lint) struct ValueSet {
    /// Empty if it is the only one, and nobody named it.
    pub(in crate::cli::lint) name: Arc<str>,
    pub(super) files: Vec<PathBuf>,
    pub(super) values: Vec<String>,
}

impl Flags {
    /// What is said of a program whose time was over.
    pub(super) fn too_long(&self, program: impl fmt::Display) -> String {
        format!(
            "`{program}` has not ended after {} s: look for a template that never ends, or give \
             `--render-timeout`",
            self.render_timeout.as_secs_f32()
        )
    }

    /// The sets to render charts with, at least one.
    pub(in crate::cli::lint) fn sets(&self) -> Vec<ValueSet> {
        let common = |set: &ValueSet| ValueSet {
            name: Arc::clone(&set.name),
            files: [self.values.as_slice(), &set.files].concat(),
            values: [self.set.as_slice(), &set.values].concat(),
        };
        match self.value_sets.as_slice() {
            [] => vec![common(&ValueSet::default())],
            sets => sets.iter().map(common).collect(),
        }
    }

    /// The files with values, of all sets.
    pub(in crate::cli::lint) fn value_files(&self) -> impl Iterator<Item = &PathBuf> {
        self.values.iter().chain(self.value_sets.iter().flat_map(|set| &set.files))
    }
}

fn value_set(text: &str) -> Result<ValueSet, String> {
    let (name, parts) = text.split_once('=').ok_or("expected NAME=PART,...")?;
    let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(plain) {
        return Err(format!("`{name}` is no name: letters, digits, `-`, `_` and `.` make one"));
    }
    let mut set = ValueSet { name: name.into(), ..ValueSet::default() };
    // A comma in braces is in a list of Helm's.
    let mut depth = 0;
    let ends = |char: char| {
        depth += i32::from(char == '{') - i32::from(char == '}');
        char == ',' && depth == 0
    };
    for part in parts.split(ends).filter(|part| !part.is_empty()) {
        match part.contains('=') {
            true => set.values.push(part.to_owned()),
            false => set.files.push(part.into()),
        }
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::value_set;

    #[test]
    fn a_set_has_a_name_files_and_values() {
        let set = value_set("classic=a.yaml,global.operator=false,b.yaml").unwrap();
        assert_eq!(&*set.name, "classic");
        assert_eq!(set.files, [std::path::Path::new("a.yaml"), std::path::Path::new("b.yaml")]);
        assert_eq!(set.values, ["global.operator=false"]);
        assert_eq!(value_set("a=b={1,2},c=d").unwrap().values, ["b={1,2}", "c=d"]);
        assert_eq!(value_set("plain=").unwrap().files.len(), 0);
        assert!(value_set("values.yaml").is_err());
        assert!(value_set("a b=values.yaml").is_err());
    }
}
