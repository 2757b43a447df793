//! Fetches what was pushed, has it opened, and judges it.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::io::AsyncReadExt as _;

use super::examiner::{Examiner, Examining, Unexamined};
use super::judge::{Judged, Known};
use super::laboratory::{Laboratory, Repository};
use super::shelf::Shelf;
use super::site::Unfit;
use super::source::site;
use super::trouble::Trouble;
use crate::artefact::subject::{Previous, Vulnerability};
use crate::artefact::{Push, Verdict, vulnerability};
use crate::engine::Engine;
use crate::policyfile::ArtefactDoor;

/// Gives the engine in force.
pub type InForce = Arc<dyn Fn() -> Arc<Engine> + Send + Sync>;

/// Examines pushes to the repositories of the configuration.
#[derive(Clone)]
pub struct Bench {
    engine: InForce,
    /// Where a scanner leaves its reports.
    reports: Option<PathBuf>,
    laboratory: Laboratory,
    repositories: Arc<BTreeMap<String, Repository>>,
}

impl Bench {
    /// `program` is this program, which opens artefacts in a process of its own.
    ///
    /// # Errors
    ///
    /// A server of the configuration can't be called.
    pub fn new(
        door: &ArtefactDoor,
        program: PathBuf,
        helm: PathBuf,
        engine: InForce,
    ) -> Result<Self, Unfit> {
        let mut repositories = BTreeMap::new();
        for settings in &door.repositories {
            let Some(server) = door.server(settings) else { continue };
            let images = Shelf::of(server, settings)?;
            let files = site(server, &server.url)?;
            let repository = Repository { settings: settings.clone(), files, images };
            repositories.insert(settings.name.clone(), repository);
        }
        let laboratory = Laboratory::new(&door.limits, program, helm);
        let reports = door.vulnerability_reports.as_deref().map(PathBuf::from);
        Ok(Self { engine, reports, laboratory, repositories: Arc::new(repositories) })
    }

    async fn judge(&self, push: &Push, earlier: &[String]) -> Result<Verdict, Unexamined> {
        let name = &push.coordinates.repository;
        let repository = self.repositories.get(name).ok_or_else(|| {
            Unexamined::Failed(format!("repository `{name}` is not in the configuration"))
        })?;
        let mut found = self.laboratory.open(repository, push).await.map_err(unexamined)?;
        let artefact = &mut found.artefact;
        artefact.repository.clone_from(name);
        artefact.name.clone_from(&push.coordinates.name);
        artefact.version.clone_from(&push.coordinates.version);
        artefact.digest = Some(push.digest.clone());
        artefact.previous = earlier.first().map(|it| Previous { digest: it.clone() });
        if let Some(folder) = &self.reports {
            artefact.vulnerabilities = vulnerabilities(folder, &push.digest).await?;
        }
        let engine = (self.engine)();
        let called = push.coordinates.to_string();
        let judge = move || {
            let known = Known { now: Timestamp::now(), tier: None };
            let judged = Judged::of(&engine, known, found, &called);
            Verdict::of(engine.digest(), &judged.reports, judged.artefact.metadata)
        };
        // A chart of a thousand objects takes a while.
        let judged = tokio::task::spawn_blocking(judge).await;
        judged.map_err(|error| Unexamined::Failed(format!("the judge failed: {error}")))
    }
}

impl Examiner for Bench {
    fn policy_set(&self) -> String {
        (self.engine)().digest().to_string()
    }

    fn examine<'a>(&'a self, push: &'a Push, earlier: &'a [String]) -> Examining<'a> {
        Box::pin(self.judge(push, earlier))
    }
}

/// What a scanner's report says of a digest; `None` if there is none.
async fn vulnerabilities(
    folder: &Path,
    digest: &str,
) -> Result<Option<Vec<Vulnerability>>, Unexamined> {
    let path = folder.join(format!("{}.json", digest.replace(':', "-")));
    let failed = |error: &dyn std::fmt::Display| {
        Unexamined::Failed(format!("cannot read `{}`: {error}", path.display()))
    };
    let file = match tokio::fs::File::open(&path).await {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
    };
    let mut text = Vec::new();
    let read = file.take(vulnerability::REPORT_BYTES + 1).read_to_end(&mut text).await;
    read.map_err(|error| failed(&error))?;
    if text.len() as u64 > vulnerability::REPORT_BYTES {
        return Err(failed(&"it is too long"));
    }
    vulnerability::read(&text).map(Some).map_err(|error| failed(&error))
}

fn unexamined(trouble: Trouble) -> Unexamined {
    match trouble {
        Trouble::Away(what) => Unexamined::Away(what),
        Trouble::Changed => Unexamined::Changed,
        other => Unexamined::Failed(other.to_string()),
    }
}
