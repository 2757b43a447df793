//! `lint`: manifests against the policy set, with the line of every finding.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use rayon::prelude::*;

use super::facts::{Given, Place, Said};
use super::policies::{Choice, File};
use super::{ALLOWED, COULD_NOT_RUN, Console, DENIED, Failure};
use crate::document::{Duplicate, Location, Path, Problem, Span};
use crate::engine::{
    About, Budget, Decision, Enforcement, Engine, Finding, Identity, Inventory, Report, Severity,
    State, Status,
};
use crate::manifest::{
    self, DUPLICATE_KEY, Item, Manifest, Masked, UNREADABLE, Unread, file_identity, problem_finding,
};
use crate::policyfile;
use crate::report::{
    self, Appearance, Run, Shown, ShownChange, ShownOutcome, ShownRelated, Snippet, Summary,
};
use crate::resource::{KUBERNETES, secret};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files, directories or globs of manifests; `-` for the standard input
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    policies: Choice,
    /// How the report looks
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "full",
        value_parser = ["full", "concise", "json"],
        env = "PORTCULLIS_FORMAT"
    )]
    format: String,
    /// What makes the run fail: an effect that a finding has, or a severity that it reaches
    #[arg(
        long,
        value_name = "deny|warn|audit|SEVERITY",
        default_value = "deny",
        value_parser = ["deny", "warn", "audit", "info", "low", "medium", "high", "critical"],
        env = "PORTCULLIS_FAIL_ON"
    )]
    fail_on: String,
    #[command(flatten)]
    given: Given,
    /// Fails if a rule could not judge
    #[arg(long, env = "PORTCULLIS_STRICT")]
    strict: bool,
    /// Takes a run without any object for a good one
    #[arg(long, env = "PORTCULLIS_ALLOW_EMPTY")]
    allow_empty: bool,
}

/// What was read: names and texts.
struct Input {
    files: Vec<File>,
    unread: Vec<Unread>,
}

/// What became of one file.
#[derive(Default)]
struct Judged {
    findings: Vec<Shown>,
    changes: Vec<ShownChange>,
    outcomes: Vec<ShownOutcome>,
    denied: usize,
    passed: usize,
    unreadable: bool,
}

/// Whose a finding is.
struct Whose<'m, 't> {
    manifest: &'m Manifest<'t>,
    item: &'m Item,
    subject: Arc<Identity>,
}

/// What all files of a run are judged with.
struct Bench<'b> {
    engine: &'b Engine,
    said: &'b Said,
    place: &'b Place,
    /// Whether the format shows lines.
    shows_lines: bool,
}

pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    let said = arguments.given.read()?;
    let input = arguments.input(console)?;
    let waivers: Vec<File> = input.files.iter().filter(|it| may_waive(it)).cloned().collect();
    let loaded = arguments.policies.compile(&arguments.policies.read()?, &waivers)?;
    let engine = &loaded.engine;
    let manifests: Vec<Manifest<'_>> =
        input.files.par_iter().map(|file| Manifest::read(file.name(), file.text())).collect();
    let manifests: Vec<Manifest<'_>> =
        manifests.into_iter().map(|manifest| said.complete(manifest)).collect();

    let place = said.place(engine, &manifests, inventory(engine, &manifests));
    let bench =
        Bench { engine, said: &said, place: &place, shows_lines: arguments.format == "full" };
    let judged: Vec<Judged> = manifests.par_iter().map(|it| bench.judge(it, &manifests)).collect();

    let mut run = Run { policy_set: engine.digest().to_string(), ..Run::default() };
    let unreadable = !input.unread.is_empty() || judged.iter().any(|it| it.unreadable);
    run.summary = Summary {
        files: input.files.len(),
        objects: manifests.iter().map(|it| it.items.len()).sum(),
        denied: judged.iter().map(|it| it.denied).sum(),
        passed: judged.iter().map(|it| it.passed).sum(),
        notices: Vec::new(),
        ..Summary::default()
    };
    run.findings.extend(input.unread.iter().map(unread_finding));
    for file in judged {
        run.findings.extend(file.findings);
        run.changes.extend(file.changes);
        run.outcomes.extend(file.outcomes);
    }
    run.summary.skipped = count(&run, Status::Skip);
    run.summary.errors = count(&run, Status::Error);
    run.summary.notices = notices(&run, place.now());
    run.sort();

    let format = report::find(&arguments.format).unwrap_or_else(|| unreachable!("clap checks it"));
    console.write(&(format.render)(&run, Appearance { colour: console.colour }))?;
    let empty = run.summary.objects == 0 && !arguments.allow_empty;
    let has_text = input.files.iter().any(|file| holds_something(file.text()));
    if unreadable {
        return Ok(COULD_NOT_RUN);
    }
    if empty && (has_text || input.files.is_empty()) {
        console.note("error: there is no object to judge");
        console.note("help: name a path with manifests, or give `--allow-empty`");
        return Ok(COULD_NOT_RUN);
    }
    Ok(if arguments.fails(&run) { DENIED } else { ALLOWED })
}

impl Arguments {
    fn input(&self, console: &mut Console) -> Result<Input, Failure> {
        let mut input = Input { files: Vec::new(), unread: Vec::new() };
        let mut seen = HashSet::new();
        for path in &self.paths {
            if path.to_str() == Some("-") {
                match String::from_utf8(console.read()?) {
                    Ok(text) => input.files.push(File::new("<stdin>", text)),
                    Err(_) => input.unread.push(Unread {
                        path: "<stdin>".to_owned(),
                        problem: "it holds something else than UTF-8 text".to_owned(),
                    }),
                }
                continue;
            }
            let found = manifest::find(path);
            input.unread.extend(found.unread);
            // A file that two paths lead to is one file.
            let itself = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
            for path in found.files.into_iter().filter(|path| seen.insert(itself(path))) {
                match manifest::read(&path) {
                    Ok(text) => input.files.push(File::new(path.display().to_string(), text)),
                    Err(unread) => input.unread.push(unread),
                }
            }
        }
        Ok(input)
    }

    /// Whether the exit code says no.
    fn fails(&self, run: &Run) -> bool {
        if self.strict && run.summary.skipped + run.summary.errors > 0 {
            return true;
        }
        let reaches = |shown: &Shown| match self.fail_on.as_str() {
            "deny" => shown.effect() == Enforcement::Deny,
            "warn" => shown.effect() >= Enforcement::Warn,
            "audit" => true,
            "info" => shown.finding.severity >= Severity::Info,
            "low" => shown.finding.severity >= Severity::Low,
            "medium" => shown.finding.severity >= Severity::Medium,
            "high" => shown.finding.severity >= Severity::High,
            _ => shown.finding.severity >= Severity::Critical,
        };
        run.summary.denied > 0
            || run.findings.iter().any(|it| it.finding.state != State::Waived && reaches(it))
    }
}

impl Bench<'_> {
    fn judge(&self, manifest: &Manifest<'_>, all: &[Manifest<'_>]) -> Judged {
        let mut judged = Judged::default();
        let mut locator = manifest.locator();
        let mut masked = Masked::new(manifest, &KUBERNETES);
        for problem in &manifest.problems {
            judged.unreadable = true;
            judged.findings.push(problem_shown(manifest, problem));
        }
        for item in &manifest.items {
            let report = self.report(manifest, item, &mut judged);
            let decision = Decision::of(&report);
            judged.denied += usize::from(!decision.allowed());
            judged.passed += report.outcomes.iter().filter(|it| it.status == Status::Pass).count();
            let subject = Arc::new(report.subject);
            for outcome in report.outcomes.into_iter().filter(|it| it.could_not_judge()) {
                let (subject, file) = (Arc::clone(&subject), Arc::clone(&manifest.name));
                judged.outcomes.push(ShownOutcome { outcome, subject, file });
            }
            let whose = Whose { manifest, item, subject };
            let placed = report.findings.into_iter().map(|finding| {
                let place = manifest.place(&mut locator, item, &finding.path, finding.about);
                (finding, place)
            });
            for (finding, place) in placed.chain(duplicate_keys(manifest, item)) {
                judged.findings.push(self.shown(finding, place, &whose, &mut masked, all));
            }
        }
        judged
    }

    /// What the cluster would say of the object: changed first, then judged.
    fn report(&self, manifest: &Manifest<'_>, item: &Item, judged: &mut Judged) -> Report {
        let mut subject = manifest.subject(item);
        self.said.describe(&mut subject);
        let facts = self.place.facts();
        let changed = self.engine.changes(&subject, &facts, Budget::default());
        let mut report = match &changed.object {
            None => self.engine.evaluate(&subject, &facts, Budget::default()),
            Some(object) => {
                self.engine.evaluate(&subject.with_object(object), &facts, Budget::default())
            }
        };
        report.outcomes.extend(changed.outcomes);
        for mut change in changed.changes {
            let (location, _) =
                manifest.place(&mut manifest.locator(), item, &change.path, About::Value);
            let path = secret::mask_path(&change.path);
            if path != change.path {
                change.fix.patch.0.clear();
            }
            change.path = path;
            judged.changes.push(ShownChange {
                location,
                subject: Arc::new(subject.identity.clone()),
                change,
            });
        }
        report
    }

    fn shown(
        &self,
        mut finding: Finding,
        (location, span): (Location, Span),
        whose: &Whose<'_, '_>,
        masked: &mut Masked<'_, '_>,
        all: &[Manifest<'_>],
    ) -> Shown {
        let Whose { manifest, item, subject } = whose;
        let snippet = self.shows_lines.then(|| {
            let excerpt = masked.excerpt(span);
            Snippet {
                first_line: excerpt.first_line,
                text: excerpt.text,
                start: excerpt.start,
                end: excerpt.end,
            }
        });
        let about = match finding.about {
            About::Part(_) => About::Value,
            about => about,
        };
        let at = |manifest: &Manifest<'_>, item, path| {
            manifest.place(&mut manifest.locator(), item, path, about).0
        };
        let related = finding.related.iter().map(|related| ShownRelated {
            message: related.message.clone(),
            subject: related.subject.clone(),
            path: secret::mask_path(&related.path).to_string(),
            location: match &related.subject {
                None => Some(at(manifest, item, &related.path)),
                Some(other) => items(all)
                    .find(|(_, item)| item.identity.is_same(other))
                    .map(|(manifest, item)| at(manifest, item, &related.path)),
            },
        });
        let related = related.collect();
        let path = secret::mask_path(&finding.path);
        finding.sensitive |= path != finding.path;
        finding.path = path;
        Shown {
            related,
            subject: Some(Arc::clone(subject)),
            location,
            owner: item.owner.clone(),
            snippet,
            finding,
        }
    }
}

fn items<'m, 't>(
    manifests: &'m [Manifest<'t>],
) -> impl Iterator<Item = (&'m Manifest<'t>, &'m Item)> {
    manifests.iter().flat_map(|manifest| manifest.items.iter().map(move |item| (manifest, item)))
}

/// Whether a file may hold a waiver, so that few files are read twice.
fn may_waive(file: &File) -> bool {
    file.text().contains(policyfile::API_VERSION)
}

/// What rules want to know of all objects of the run.
fn inventory(engine: &Engine, manifests: &[Manifest<'_>]) -> Inventory {
    let mut whole = Inventory::default();
    if !engine.observes() {
        return whole;
    }
    let parts: Vec<Inventory> = manifests
        .par_iter()
        .map(|manifest| {
            let mut part = Inventory::default();
            for item in &manifest.items {
                engine.observe(&manifest.subject(item), &mut part);
            }
            part
        })
        .collect();
    for part in parts {
        whole.append(part);
    }
    whole
}

/// The keys of an item that stand twice, each at the last one, which is the one that counts.
fn duplicate_keys(manifest: &Manifest<'_>, item: &Item) -> Vec<(Finding, (Location, Span))> {
    let mut keys: Vec<(Path, Span, Span)> = Vec::new();
    for (path, Duplicate { span, first, .. }) in manifest.duplicates(item) {
        match keys.iter_mut().find(|(known, _, last)| *known == path && last == first) {
            Some((.., last)) => *last = *span,
            None => keys.push((path, *first, *span)),
        }
    }
    let finding = |(path, first, last)| {
        let first = manifest.location_of(first, true);
        let message = format!("the key stands twice; the first is on line {}", first.line);
        let help = Some("remove one of them".to_owned());
        let finding = problem_finding(DUPLICATE_KEY, &item.identity, path, message, help);
        (finding, (manifest.location_of(last, true), last))
    };
    keys.into_iter().map(finding).collect()
}

fn problem_shown(manifest: &Manifest<'_>, problem: &Problem) -> Shown {
    let subject = file_identity(&manifest.name);
    let location = manifest.location_of(problem.span, true);
    let path = Path { steps: vec![location.line.into()] };
    let finding =
        problem_finding(UNREADABLE, &subject, path, problem.message.clone(), problem.help.clone());
    Shown {
        finding: Finding { path: Path::root(), ..finding },
        subject: None,
        location,
        related: Vec::new(),
        owner: None,
        snippet: None,
    }
}

fn unread_finding(unread: &Unread) -> Shown {
    let subject = file_identity(&unread.path);
    let message = format!("cannot be read: {}", unread.problem);
    let path = Path::root();
    Shown {
        finding: problem_finding(UNREADABLE, &subject, path, message, None),
        subject: None,
        location: Location {
            file: unread.path.as_str().into(),
            line: 1,
            column: 1,
            end_line: 1,
            end_column: 1,
            exact: false,
        },
        related: Vec::new(),
        owner: None,
        snippet: None,
    }
}

fn count(run: &Run, status: Status) -> usize {
    run.outcomes.iter().filter(|it| it.outcome.status == status).count()
}

/// What waivers have to say: those that end soon, and those that have ended.
fn notices(run: &Run, now: Timestamp) -> Vec<String> {
    use crate::engine::Standing;
    let mut notices: Vec<String> = Vec::new();
    for waiver in run.findings.iter().filter_map(|it| it.finding.waiver.as_ref()) {
        let notice = match waiver.standing(now) {
            Standing::Holds => continue,
            Standing::EndsSoon => {
                format!("waiver `{}` of {} ends on {}", waiver.name, waiver.owner, waiver.until)
            }
            Standing::Ended => {
                format!("waiver `{}` of {} ended on {}", waiver.name, waiver.owner, waiver.until)
            }
        };
        if !notices.contains(&notice) {
            notices.push(notice);
        }
    }
    notices.sort();
    notices
}

/// Whether a text holds more than comments and white space.
fn holds_something(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim().trim_start_matches('\u{feff}');
        !line.is_empty() && !line.starts_with('#') && line != "---" && line != "..."
    })
}
