//! `artefact check`: one artefact against the policy set.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use super::super::output::{self, Reporting};
use super::super::policies::Choice;
use super::super::{ALLOWED, COULD_NOT_RUN, Console, DENIED, Failure};
use crate::artefact::subject::{Artefact, Form};
use crate::engine::nearest;
use crate::worker::chamber::Found;
use crate::worker::child::{Bounds, Inspector};
use crate::worker::judge::{Judged, Known};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// A file (chart, wheel, archive, package), or a reference as `HOST/NAME:TAG` of what a
    /// registry holds
    #[arg(value_name = "REF|FILE")]
    subject: String,
    /// What a file is, where its name does not tell: ansible, conan, deb, helm, npm, pypi, raw, rpm
    #[arg(long, value_name = "FORM", value_parser = form, env = "PORTCULLIS_ARTEFACT_FORM")]
    form: Option<Form>,
    /// The repository that it is meant for, as policies name it
    #[arg(long, value_name = "NAME", default_value = "", env = "PORTCULLIS_ARTEFACT_REPOSITORY")]
    repository: String,
    /// The name that it is published under, where it does not say it itself
    #[arg(long, value_name = "NAME", env = "PORTCULLIS_ARTEFACT_NAME")]
    name: Option<String>,
    /// The version that it is published as, where it does not say it itself
    #[arg(long, value_name = "VERSION", env = "PORTCULLIS_ARTEFACT_VERSION")]
    version: Option<String>,
    /// The tier that it is for
    #[arg(long, value_name = "TIER", env = "PORTCULLIS_TIER")]
    tier: Option<String>,
    /// The Helm that renders charts
    #[arg(long, value_name = "PROGRAM", default_value = "helm", env = "PORTCULLIS_HELM")]
    helm: PathBuf,
    #[command(flatten)]
    policies: Choice,
    #[command(flatten)]
    reporting: Reporting,
}

/// How long the process that opens it may take.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    arguments.reporting.check()?;
    let engine = arguments.policies.load()?.engine;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let found = runtime.block_on(arguments.find())?;
    let known = Known { now: Timestamp::now(), tier: arguments.tier.as_deref() };
    let judged = Judged::of(&engine, known, found, &arguments.subject);
    let run = &judged.run;
    let all_written = arguments.reporting.write_files(run, console);
    output::stream(run, arguments.reporting.format(), console)?;
    arguments.reporting.stream_others(run, console)?;
    Ok(match () {
        () if !all_written => COULD_NOT_RUN,
        () if arguments.reporting.is_failed_by(run) => DENIED,
        () => ALLOWED,
    })
}

impl Arguments {
    async fn find(&self) -> Result<Found, Failure> {
        let path = Path::new(&self.subject);
        let mut found = self.open_file(path).await?;
        self.name(&mut found.artefact);
        Ok(found)
    }

    async fn open_file(&self, path: &Path) -> Result<Found, Failure> {
        let unread = |error: &dyn std::fmt::Display| {
            Failure::new(format!("cannot read `{}`: {error}", path.display()))
        };
        let file = File::open(path).map_err(|error| unread(&error))?;
        let metadata = file.metadata().map_err(|error| unread(&error))?;
        if !metadata.is_file() {
            let failure = unread(&"it is no file");
            return Err(failure.help("name a packed artefact; `lint` judges folders of manifests"));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let form = self.form.or_else(|| Form::of_file(&name)).unwrap_or(Form::Raw);
        let found = self.inspector()?.open(form, &name, file).await;
        found.map_err(|error| Failure::of(&error))
    }

    fn inspector(&self) -> Result<Inspector, Failure> {
        let program = std::env::current_exe()
            .map_err(|error| Failure::new(format!("cannot tell where this program is: {error}")))?;
        let helm = Some(self.helm.clone());
        Ok(Inspector::new(program, Bounds { helm, patience: PATIENCE, ..Bounds::default() }))
    }

    /// Says what a repository would know besides.
    fn name(&self, artefact: &mut Artefact) {
        let said = |given: &Option<String>, declared: &Option<String>| {
            given.clone().or_else(|| declared.clone()).unwrap_or_default()
        };
        artefact.name = said(&self.name, &artefact.declared.name);
        artefact.version = said(&self.version, &artefact.declared.version);
        artefact.repository.clone_from(&self.repository);
    }
}

/// A form by its name.
fn form(text: &str) -> Result<Form, String> {
    Form::ALL.into_iter().find(|form| form.as_str() == text).ok_or_else(|| {
        let near = nearest(text, Form::ALL.map(Form::as_str));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        format!("there are {}{near}", Form::ALL.map(Form::as_str).join(", "))
    })
}
