//! Fetches what was pushed, or what a person names, and has it opened.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use tokio::process::ChildStdin;

use super::chamber::Found;
use super::child::{Inspector, Unopened};
use super::fetch::{self, Bounds, Fed, Fetched, Whole};
use super::registry::{Pulled, Registry};
use super::shelf::Shelf;
use super::site::{Caller, Site, Unfit};
use super::trouble::Trouble;
use crate::artefact::inspect::Limits;
use crate::artefact::inspect::oci::Blob;
use crate::artefact::subject::{Artefact, Form, Problem, Sort};
use crate::artefact::{Asset, Coordinates, Push};
use crate::policyfile::{LimitSettings, RepositorySettings};

/// What fetches and opens.
#[derive(Clone, Debug)]
pub struct Laboratory {
    inspector: Inspector,
    bounds: Bounds,
    harmless: Harmless,
}

/// The digests of layers that were read to their end and did no harm: most images share theirs.
#[derive(Clone, Debug, Default)]
struct Harmless(Arc<Mutex<BTreeSet<String>>>);

/// What a person wants to be checked.
#[derive(Clone, Debug)]
pub struct Remote {
    /// The base address of the registry.
    pub url: String,
    /// The name of the repository there.
    pub name: String,
    /// The tag or the digest.
    pub reference: String,
    pub caller: Caller,
    /// A file of certificates to trust beside the usual ones, as PEM.
    pub authority: Option<String>,
    /// The base address of who gives its tokens, if another does: `caller` is meant for that one.
    pub token_server: Option<String>,
}

/// Why nothing is known of it.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("{0}")]
    Registry(String),
}

/// A repository, and where its files are.
#[derive(Debug)]
pub(super) struct Repository {
    pub(super) settings: RepositorySettings,
    pub(super) files: Site,
    pub(super) images: Shelf,
}

/// How many times as long as it may work a process may wait for a processor: it stands back behind
/// all others.
const WAIT: u64 = 10;

/// How many layers are remembered that did no harm.
const MOST_HARMLESS: usize = 10_000;

/// Files that stand beside others and say nothing themselves.
const BESIDE: [&str; 7] = [".asc", ".md5", ".prov", ".sha1", ".sha256", ".sha512", ".sig"];

impl Laboratory {
    pub fn new(settings: &LimitSettings, program: PathBuf, helm: PathBuf) -> Self {
        let seconds = u64::from(settings.inspect_seconds);
        let patience = Duration::from_secs(seconds.saturating_mul(WAIT));
        let limits = Limits {
            entries: settings.entries as usize,
            unpacked: settings.unpacked_bytes,
            ratio: settings.ratio.into(),
            ..Limits::default()
        };
        let bounds = super::child::Bounds {
            limits,
            helm: Some(helm),
            memory_bytes: settings.memory_bytes,
            processor_seconds: seconds,
            patience,
            ..super::child::Bounds::default()
        };
        let fetch_patience = Duration::from_secs(settings.fetch_seconds.into());
        Self {
            inspector: Inspector::new(program, bounds),
            bounds: Bounds { bytes: settings.file_bytes, patience: fetch_patience },
            harmless: Harmless::default(),
        }
    }

    /// Fetches and opens what was pushed.
    pub(super) async fn open(
        &self,
        repository: &Repository,
        push: &Push,
    ) -> Result<Found, Trouble> {
        let Repository { settings: RepositorySettings { name, format, .. }, files: site, images } =
            repository;
        if format == "docker" {
            return self.pushed_image(images, push).await;
        }
        let form = Form::of_repository(format);
        let mut all: Option<Found> = None;
        for asset in
            push.assets.iter().filter(|it| !BESIDE.iter().any(|end| it.path.ends_with(end)))
        {
            let found = self.asset(site, name, form, asset).await?;
            match &mut all {
                None => all = Some(found),
                Some(all) => {
                    all.artefact.join(found.artefact);
                    all.rendered = all.rendered.take().or(found.rendered);
                }
            }
        }
        let nothing = || Artefact { format: form, ..Artefact::default() };
        Ok(all.unwrap_or_else(|| Found { artefact: nothing(), ..Found::default() }))
    }

    async fn pushed_image(&self, images: &Shelf, push: &Push) -> Result<Found, Trouble> {
        let Coordinates { path, version, .. } = &push.coordinates;
        let image = self.image(images.registry(path, "pull"), version).await?;
        let (mut found, digest) = image.ok_or(Trouble::Changed)?;
        if !push.lists(&digest) {
            return Err(Trouble::Changed);
        }
        let host = images.site.address([]);
        let host = host.authority().rsplit('@').next().unwrap_or_default();
        found.artefact.image = Some(format!("{host}/{path}:{version}"));
        Ok(found)
    }

    async fn asset(
        &self,
        site: &Site,
        repository: &str,
        form: Form,
        asset: &Asset,
    ) -> Result<Found, Trouble> {
        let url = site.address(["repository", repository].into_iter().chain(asset.path.split('/')));
        let call = site.call(Method::GET, url).await?;
        match fetch::file(site, call, self.bounds).await? {
            Fetched::Nothing => Err(Trouble::Changed),
            Fetched::File(whole) if whole.sha256 != asset.sha256 => Err(Trouble::Changed),
            Fetched::File(whole) => {
                let name = asset.path.rsplit('/').next().unwrap_or_default();
                self.opened(form, name, whole).await
            }
            Fetched::TooLong => {
                let message = format!("is longer than {} MiB", self.bounds.bytes >> 20);
                let problem = Problem { sort: Sort::Unsafe, place: asset.path.clone(), message };
                let artefact =
                    Artefact { format: form, problems: vec![problem], ..Artefact::default() };
                Ok(Found { artefact, ..Found::default() })
            }
        }
    }

    /// Opens a file of a person's.
    ///
    /// # Errors
    ///
    /// The process that opens it can't be started, or fails by itself.
    pub async fn file(&self, form: Form, name: &str, file: File) -> Result<Found, Unopened> {
        self.inspector.open(form, name, file).await
    }

    /// Reads what a registry that a person names has under a reference; `None` if it has nothing.
    ///
    /// # Errors
    ///
    /// The registry can't be called, does not work, or does not want to answer.
    pub async fn reference(&self, remote: &Remote) -> Result<Option<Found>, Failed> {
        let Remote { url, name, reference, caller, authority, token_server } = remote;
        // Whoever names it means it, wherever it is.
        let site =
            |url: &str, caller: &Caller| Site::new(url, caller.clone(), authority.as_deref(), true);
        let site = match token_server {
            None => site(url, caller)?,
            Some(giver) => {
                let giver = site(giver, caller)?;
                site(url, &Caller::Anybody)?.with_tokens_of(Some(giver))
            }
        };
        let found = self.image(Registry::new(&site, vec![], name, "pull"), reference).await;
        let found = found.map_err(|trouble| Failed::Registry(trouble.to_string()))?;
        Ok(found.map(|(mut found, digest)| {
            found.artefact.digest = Some(digest);
            found
        }))
    }

    /// Reads what a registry has under a reference, with its digest; `None` if it has nothing.
    async fn image(
        &self,
        mut registry: Registry<'_>,
        reference: &str,
    ) -> Result<Option<(Found, String)>, Trouble> {
        let Some(pulled) = registry.pull(reference, self.bounds).await? else { return Ok(None) };
        let Pulled { artefact, digest, layers, chart } = pulled;
        let mut found = Found { artefact, ..Found::default() };
        if let Some(chart) = chart {
            let opened = self.opened(Form::Helm, "chart.tgz", chart).await?;
            found.rendered = opened.rendered;
            found.artefact.join(opened.artefact);
        }
        self.unpack(&mut registry, &layers, &mut found.artefact).await?;
        Ok(Some((found, digest)))
    }

    /// Tells which layers unpack to more than they should.
    async fn unpack(
        &self,
        registry: &mut Registry<'_>,
        layers: &[Blob],
        artefact: &mut Artefact,
    ) -> Result<(), Trouble> {
        let mut left = self.bounds.bytes;
        for layer in layers {
            if self.harmless.has(&layer.digest) {
                continue;
            }
            let Some(rest) = left.checked_sub(layer.size) else {
                let most = self.bounds.bytes >> 20;
                let message = format!("names layers of more than {most} MiB (`limits.fileBytes`)");
                artefact.problems.push(broken("manifest", &message));
                return Ok(());
            };
            left = rest;
            let problems = self.layer(registry, layer).await?;
            if problems.is_empty() {
                self.harmless.note(&layer.digest);
            }
            let placed =
                problems.into_iter().map(|it| Problem { place: layer.digest.clone(), ..it });
            artefact.problems.extend(placed);
        }
        Ok(())
    }

    /// What is wrong with a layer, which is read as it comes in.
    async fn layer(
        &self,
        registry: &mut Registry<'_>,
        layer: &Blob,
    ) -> Result<Vec<Problem>, Trouble> {
        let bounds = Bounds { bytes: layer.size, ..self.bounds };
        let feed = move |input: Option<ChildStdin>| async move {
            match input {
                Some(input) => registry.feed(layer, bounds, input).await,
                None => Ok(Fed::Enough),
            }
        };
        let (found, fed) = self.inspector.open_stream(feed).await.map_err(unopened)?;
        let problems = found.artefact.problems;
        let wrong = match fed? {
            Fed::Enough if problems.is_empty() => "is not read to its end",
            Fed::Enough => return Ok(problems),
            Fed::All(sha256) if format!("sha256:{sha256}") == layer.digest => return Ok(problems),
            // Of another algorithm.
            Fed::All(_) if !layer.digest.starts_with("sha256:") => return Ok(problems),
            Fed::All(_) => "has another digest than the one that it is named by",
            Fed::Nothing => "is not in the registry",
            Fed::TooLong => "is longer than it says",
        };
        Ok(vec![broken("", wrong)])
    }

    async fn opened(&self, form: Form, name: &str, whole: Whole) -> Result<Found, Trouble> {
        self.inspector.open(form, name, whole.file).await.map_err(unopened)
    }
}

impl Harmless {
    fn has(&self, digest: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(digest)
    }

    fn note(&self, digest: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_HARMLESS {
            known.clear();
        }
        known.insert(digest.to_owned());
    }
}

fn unopened(error: Unopened) -> Trouble {
    match error {
        Unopened::Start(_) => Trouble::Away(super::words(&error)),
        Unopened::Failed(_) => Trouble::Failed(super::words(&error)),
    }
}

fn broken(place: &str, message: &str) -> Problem {
    Problem { sort: Sort::Broken, place: place.to_owned(), message: message.to_owned() }
}
