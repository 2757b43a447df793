//! `artefact check`: one artefact against the policy set.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;

use super::super::output::{self, Reporting};
use super::super::policies::Choice;
use super::super::{ALLOWED, COULD_NOT_RUN, Console, DENIED, Failure};
use crate::artefact::subject::{Artefact, Form, Vulnerability};
use crate::artefact::vulnerability;
use crate::engine::nearest;
use crate::policyfile::LimitSettings;
use crate::resource::image::{ImageRef, Pin};
use crate::worker::Caller;
use crate::worker::chamber::Found;
use crate::worker::judge::{Judged, Known};
use crate::worker::laboratory::{Laboratory, Remote};

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
    /// The report of a scanner on it, in the JSON of Trivy or of CycloneDX
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_VULNERABILITIES")]
    vulnerabilities: Option<PathBuf>,
    /// The Helm that renders charts
    #[arg(long, value_name = "PROGRAM", default_value = "helm", env = "PORTCULLIS_HELM")]
    helm: PathBuf,
    /// Asks the registry over plain HTTP; one on this machine is asked so anyway
    #[arg(long, env = "PORTCULLIS_PLAIN_HTTP")]
    plain_http: bool,
    /// A file of certificates to trust beside the usual ones, as PEM
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_REGISTRY_CA")]
    registry_ca: Option<String>,
    /// The file that holds the name of the registry's user
    #[arg(
        long,
        value_name = "FILE",
        requires = "password_file",
        env = "PORTCULLIS_REGISTRY_USERNAME_FILE"
    )]
    username_file: Option<PathBuf>,
    /// The file that holds that user's password
    #[arg(
        long,
        value_name = "FILE",
        requires = "username_file",
        env = "PORTCULLIS_REGISTRY_PASSWORD_FILE"
    )]
    password_file: Option<PathBuf>,
    /// The base address of who gives tokens for the registry, if it does not itself; the user and
    /// the password are shown to that server alone
    #[arg(long, value_name = "URL", env = "PORTCULLIS_TOKEN_SERVER")]
    token_server: Option<String>,
    #[command(flatten)]
    policies: Choice,
    #[command(flatten)]
    reporting: Reporting,
}

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
        let reference = ImageRef::parse(&self.subject).ok();
        // A reference names its registry; a file of the same name is meant by `./`.
        let reference = reference.filter(|it| it.written_registry().is_some() && !path.exists());
        let mut found = match &reference {
            Some(reference) => self.pull(reference).await?,
            None => self.open_file(path).await?,
        };
        self.name(&mut found.artefact, reference.as_ref());
        if let Some(path) = &self.vulnerabilities {
            found.artefact.vulnerabilities = Some(vulnerabilities(path)?);
        }
        Ok(found)
    }

    async fn pull(&self, reference: &ImageRef<'_>) -> Result<Found, Failure> {
        let host = reference.host();
        let is_here = host == "localhost" || host == "[::1]" || host.starts_with("127.");
        let scheme = if self.plain_http || is_here { "http" } else { "https" };
        let caller = match (self.username_file.clone(), self.password_file.clone()) {
            (Some(name), Some(password)) => Caller::User { name, password },
            _ => Caller::Anybody,
        };
        let remote = Remote {
            url: format!("{scheme}://{}", reference.registry()),
            name: reference.path().into_owned(),
            reference: tag(reference).to_owned(),
            caller,
            authority: self.registry_ca.clone(),
            token_server: self.token_server.clone(),
        };
        let found = self.laboratory()?.reference(&remote).await;
        let found = found.map_err(|error| Failure::of(&error))?;
        found.ok_or_else(|| Failure::new(format!("the registry has no `{}`", self.subject)))
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
        let found = self.laboratory()?.file(form, &name, file).await;
        found.map_err(|error| Failure::of(&error))
    }

    fn laboratory(&self) -> Result<Laboratory, Failure> {
        Ok(Laboratory::new(&LimitSettings::default(), itself()?, self.helm.clone()))
    }

    /// Says what a repository would know besides.
    fn name(&self, artefact: &mut Artefact, reference: Option<&ImageRef<'_>>) {
        let said = |given: &Option<String>, declared: &Option<String>| {
            given.clone().or_else(|| declared.clone()).unwrap_or_default()
        };
        let mut declared = artefact.declared.clone();
        if let Some(reference) = reference {
            declared.name = Some(reference.base_name().to_owned());
            declared.version = Some(reference.tag().unwrap_or_default().to_owned());
            artefact.image = (artefact.format == Form::Docker).then(|| self.subject.clone());
        }
        artefact.name = said(&self.name, &declared.name);
        artefact.version = said(&self.version, &declared.version);
        artefact.repository.clone_from(&self.repository);
    }
}

/// Where this program is, which opens artefacts in a process of its own.
pub(in crate::cli) fn itself() -> Result<PathBuf, Failure> {
    std::env::current_exe()
        .map_err(|error| Failure::new(format!("cannot tell where this program is: {error}")))
}

/// What a registry is asked for.
fn tag<'r>(reference: &ImageRef<'r>) -> &'r str {
    match reference.pin() {
        Pin::Digest(digest) => digest,
        Pin::Tag(tag) => tag,
        Pin::None | Pin::Latest => "latest",
    }
}

fn vulnerabilities(path: &Path) -> Result<Vec<Vulnerability>, Failure> {
    let unread = |error: &dyn std::fmt::Display| {
        Failure::new(format!("cannot read `{}`: {error}", path.display()))
    };
    let file = File::open(path).map_err(|error| unread(&error))?;
    let mut text = Vec::new();
    // A report that is cut off is no JSON.
    let read = file.take(vulnerability::REPORT_BYTES).read_to_end(&mut text);
    read.map_err(|error| unread(&error))?;
    vulnerability::read(&text).map_err(|error| unread(&error))
}

/// A form by its name.
fn form(text: &str) -> Result<Form, String> {
    Form::ALL.into_iter().find(|form| form.as_str() == text).ok_or_else(|| {
        let near = nearest(text, Form::ALL.map(Form::as_str));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        format!("there are {}{near}", Form::ALL.map(Form::as_str).join(", "))
    })
}
