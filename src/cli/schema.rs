//! `schema`: JSON Schemas, for editors and for whoever checks files with something else.

use clap::{Args, ValueEnum};

use super::{ALLOWED, Console, Failure};
use crate::policyfile::{ArtefactDoor, Configuration};
use crate::{policyfile, rules};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Of which file
    #[arg(value_name = "FILE", default_value = "policy")]
    file: File,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum File {
    /// A policy file
    Policy,
    /// `.portcullis.yaml`
    Config,
    /// The file of the artefact door
    Artefacts,
    /// The custom resources of a cluster: their definitions, as YAML
    Crd,
}

pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    let schema = match arguments.file {
        File::Policy => policyfile::schema(rules::ALL),
        File::Config => Configuration::schema(),
        File::Artefacts => ArtefactDoor::schema(),
        File::Crd => {
            console.write(&policyfile::definitions())?;
            return Ok(ALLOWED);
        }
    };
    let text = serde_json::to_string_pretty(&schema);
    let text = text.map_err(|error| Failure::new(error.to_string()))?;
    console.write(&(text + "\n"))?;
    Ok(ALLOWED)
}
