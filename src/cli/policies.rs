//! The policy set in force: what flags say, read and checked.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{ALLOWED, Console, Failure};
#[cfg(feature = "cluster")]
use crate::cluster::assembly::Text;
use crate::policyfile::{self, Loaded, Origin, Source};
use crate::{resource, rules};

/// Which policies judge.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Choice {
    /// Adds the policies of a file, or of the files of a directory, to the shipped ones
    #[arg(long = "policy", value_name = "PATH", env = "PORTCULLIS_POLICY", value_delimiter = ',')]
    pub(super) policy: Vec<PathBuf>,
    /// Leaves the shipped policies out
    #[arg(long, env = "PORTCULLIS_NO_DEFAULT_POLICIES")]
    pub(super) no_default_policies: bool,
    /// Fails unless the policy set has this digest, so that every pipeline judges as the cluster
    /// does
    #[arg(long, value_name = "DIGEST", env = "PORTCULLIS_EXPECT")]
    pub(super) expect: Option<String>,
}

/// What can be done with a policy set.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Writes the set in force as one file, with its digest
    Export(Choice),
}

/// A policy file and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    name: String,
    text: String,
}

pub(super) fn run(command: &Command, console: &mut Console) -> Result<u8, Failure> {
    let Command::Export(choice) = command;
    let loaded = choice.load()?;
    console.write(&policyfile::export(&loaded))?;
    Ok(ALLOWED)
}

impl Choice {
    /// The policies of these files or directories alone.
    pub(super) fn of_files(paths: &[PathBuf]) -> Self {
        Self { policy: paths.to_vec(), no_default_policies: true, expect: None }
    }

    /// Reads and checks the set.
    pub(super) fn load(&self) -> Result<Loaded, Failure> {
        self.compile(&self.read()?, &[])
    }

    /// The texts of the files that are named.
    pub(super) fn read(&self) -> Result<Vec<File>, Failure> {
        let mut files = Vec::new();
        for path in &self.policy {
            for path in files_of(path)? {
                let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
                files.push(File { name: path.display().to_string(), text });
            }
        }
        Ok(files)
    }

    /// Checks the shipped policies, unless they are left out, with these files, and the waivers
    /// in `judged`, files that are themselves to be judged.
    pub(super) fn compile(&self, files: &[File], judged: &[File]) -> Result<Loaded, Failure> {
        let shipped: &[Source<'_>] =
            if self.no_default_policies { &[] } else { policyfile::shipped() };
        let named = files.iter().map(|file| file.source(Origin::Policies));
        let waivers = judged.iter().map(|file| file.source(Origin::Judged));
        let sources: Vec<Source<'_>> =
            shipped.iter().copied().chain(named).chain(waivers).collect();
        let loaded = policyfile::load(&sources, rules::ALL, &resource::KUBERNETES)?;
        let digest = loaded.engine.digest();
        match &self.expect {
            Some(expected) if *expected != **digest => Err(Failure::new(format!(
                "the policy set is `{digest}`, and `{expected}` is expected\n  help: take the set \
                 that is in force, with `--no-default-policies --policy FILE`, or expect this one"
            ))),
            _ => Ok(loaded),
        }
    }
}

#[cfg(feature = "cluster")]
impl Choice {
    /// The same texts for a cluster, the shipped ones among them unless they are left out.
    pub(super) fn texts(&self, files: &[File]) -> Vec<Text> {
        let shipped: &[Source<'_>] =
            if self.no_default_policies { &[] } else { policyfile::shipped() };
        let shipped = shipped.iter().map(|source| Text {
            name: source.name.to_owned(),
            text: source.text.to_owned(),
            shipped: true,
        });
        let named = files.iter().map(|file| Text {
            name: file.name.clone(),
            text: file.text.clone(),
            shipped: false,
        });
        shipped.chain(named).collect()
    }
}

impl File {
    pub(super) fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    fn source(&self, origin: Origin) -> Source<'_> {
        Source { name: &self.name, text: &self.text, origin }
    }
}

/// The policy files of a path: itself, or the YAML files of a directory without their cases.
pub(super) fn files_of(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !metadata.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry.map_err(|error| unreadable(path, &error))?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let is_policy = name.ends_with(".yaml") || name.ends_with(".yml");
        if is_policy && !name.contains(".test.") && !name.starts_with('.') && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Failure::new(format!("no policy file in `{}`", path.display())));
    }
    Ok(files)
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot read `{}`: {error}", path.display()))
}
