//! What there is to report: all subjects of one run, with their places.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::document::{Location, Snippet};
use crate::engine::{Enforcement, Finding, Identity, Outcome, Related, State, Status};
use crate::resource::owner::Owner;
use crate::resource::secret;

/// Everything that a format may write.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The digest of the policy set that judged.
    pub policy_set: String,
    /// By file, line, column, rule and id.
    pub findings: Findings,
    pub changes: Vec<ShownChange>,
    /// Of rules that could not judge.
    pub outcomes: Vec<ShownOutcome>,
    /// All objects in the order of input, if a format [needs](super::Needs) them.
    pub objects: Vec<ShownObject>,
    /// Whether what was known before is told from what is new.
    pub has_baseline: bool,
    pub summary: Summary,
}

/// Findings in their order. They are put together three times on their way into a run, and large,
/// so that their addresses are moved in place of themselves.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    #[expect(clippy::vec_box, reason = "see above")]
    all: Vec<Box<Shown>>,
}

/// A finding with its place in a file.
#[derive(Clone, Debug)]
pub struct Shown {
    pub finding: Finding,
    /// `None` for a file that holds no object.
    pub subject: Option<Arc<Identity>>,
    /// Line 0 of an object in a cluster, which has no lines.
    pub location: Location,
    pub related: Vec<ShownRelated>,
    pub owner: Option<Arc<Owner>>,
    /// If a format [needs](super::Needs) lines.
    pub snippet: Option<Snippet>,
    /// What the fix does to the file, if a format [needs](super::Needs) it and there is exactly
    /// one way to write it. In the order of the text.
    pub edits: Vec<ShownEdit>,
    /// If the object was rendered from a chart or a kustomization.
    pub rendered: Option<Rendered>,
}

/// Where a finding is in a text that was rendered from something else. Its
/// [location](Shown::location) is a line of a template if that is certain, else that of this text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// What the text is called: `charts/umbrella (rendered)`.
    pub text: Arc<str>,
    pub line: u32,
    /// The line of the template that wrote it, if it is certain: also in a packed chart.
    pub template_line: Option<u32>,
    /// A file and a line of it to show where only files can be shown: of the nearest line above
    /// that is certain, else the chart's `Chart.yaml`.
    pub near: Option<(Arc<str>, u32)>,
    /// The value sets that gave the finding, if the run has several.
    pub sets: Vec<Arc<str>>,
}

/// A part of a file to be replaced; an empty one is a place to insert at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownEdit {
    pub location: Location,
    pub replacement: String,
}

/// What comes of a finding, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The cluster would refuse the object.
    Deny,
    Warn,
    Audit,
    /// It was known before, and doesn't count.
    Existing,
    /// It is accepted, and doesn't count.
    Waived,
}

/// Another place of a finding.
#[derive(Clone, Debug)]
pub struct ShownRelated {
    pub message: String,
    /// `None` for the finding's own subject.
    pub subject: Option<Identity>,
    pub path: String,
    pub location: Option<Location>,
}

impl ShownRelated {
    /// A place that stands in no file.
    pub fn nowhere(related: &Related) -> Self {
        Self {
            message: related.message.clone(),
            subject: related.subject.clone(),
            path: secret::mask_path(&related.path).to_string(),
            location: None,
        }
    }
}

/// What a policy changed before an object was judged.
#[derive(Clone, Debug)]
pub struct ShownChange {
    pub change: crate::engine::Change,
    pub subject: Arc<Identity>,
    pub location: Location,
}

/// A rule that could not judge an object.
#[derive(Clone, Debug)]
pub struct ShownOutcome {
    pub outcome: Outcome,
    pub subject: Arc<Identity>,
    pub file: Arc<str>,
}

/// An object that was judged.
#[derive(Clone, Debug)]
pub struct ShownObject {
    pub subject: Arc<Identity>,
    pub file: Arc<str>,
    pub owner: Option<Arc<Owner>>,
    /// How many rules have nothing to say of it, not even something that is waived.
    pub passed: usize,
}

/// The run in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub files: usize,
    /// In how many namespaces the objects lie, if they are those of a cluster.
    pub namespaces: Option<usize>,
    pub objects: usize,
    /// Objects that the cluster would not take.
    pub denied: usize,
    /// How many rules ended how, over all objects.
    pub passed: usize,
    pub skipped: usize,
    pub errors: usize,
    /// Lines for a person: waivers that end soon or have ended, and what is stale in a baseline.
    pub notices: Vec<String>,
}

/// How a terminal wants it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appearance {
    pub colour: bool,
}

impl Run {
    /// How many findings there are of each [`Effect`], in the order of [`Effect::ALL`].
    pub fn counts(&self) -> [usize; 5] {
        counts(self.findings.iter())
    }

    /// What the waivers of the findings have to say at `now`: that they end soon, or have ended.
    pub fn notices(&self, now: Timestamp) -> Vec<String> {
        let waivers = self.findings.iter().filter_map(|it| it.finding.waiver.as_ref());
        let notices: BTreeSet<String> = waivers.filter_map(|it| it.notice(now)).collect();
        notices.into_iter().collect()
    }

    /// Puts the findings in their order.
    pub fn sort(&mut self) {
        self.findings.sort();
    }
}

impl Findings {
    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Shown> + Clone {
        self.all.iter().map(|shown| &**shown)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Shown> {
        self.all.iter_mut().map(|shown| &mut **shown)
    }

    pub fn get(&self, rank: usize) -> Option<&Shown> {
        self.all.get(rank).map(|shown| &**shown)
    }

    pub fn get_mut(&mut self, rank: usize) -> Option<&mut Shown> {
        self.all.get_mut(rank).map(|shown| &mut **shown)
    }

    pub fn reserve_exact(&mut self, more: usize) {
        self.all.reserve_exact(more);
    }

    pub fn push(&mut self, shown: impl Into<Box<Shown>>) {
        self.all.push(shown.into());
    }

    /// Puts them in their [order](Shown::order).
    pub fn sort(&mut self) {
        self.all.sort_by(|one, two| one.order(two));
    }
}

impl<S: Into<Box<Shown>>> Extend<S> for Findings {
    fn extend<I: IntoIterator<Item = S>>(&mut self, findings: I) {
        self.all.extend(findings.into_iter().map(Into::into));
    }
}

impl IntoIterator for Findings {
    type Item = Box<Shown>;
    type IntoIter = std::vec::IntoIter<Box<Shown>>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}

impl Effect {
    pub const ALL: [Self; 5] = [Self::Deny, Self::Warn, Self::Audit, Self::Existing, Self::Waived];

    /// The word that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Warn => "warn",
            Self::Audit => "audit",
            Self::Existing => "existing",
            Self::Waived => "waived",
        }
    }

    /// Whether it counts for the exit code.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Deny | Self::Warn | Self::Audit)
    }
}

impl Shown {
    /// The order of the promise: file, line, column, rule, id.
    pub fn order(&self, other: &Self) -> Ordering {
        let place = |it: &Self| (it.location.line, it.location.column);
        let files = self.location.file.cmp(&other.location.file);
        files
            .then_with(|| place(self).cmp(&place(other)))
            .then_with(|| self.finding.rule.cmp(other.finding.rule))
            .then_with(|| self.finding.id.cmp(&other.finding.id))
    }

    /// What comes of the finding.
    pub fn effect(&self) -> Effect {
        match (self.finding.state, crate::engine::Ground::Finding(&self.finding).enforcement()) {
            (State::Waived, _) => Effect::Waived,
            (_, Enforcement::Deny) => Effect::Deny,
            (State::Existing, _) => Effect::Existing,
            (State::New, Enforcement::Warn) => Effect::Warn,
            (State::New, Enforcement::Audit) => Effect::Audit,
        }
    }

    /// What is wrong, and what to do.
    pub(super) fn message_and_help(&self) -> String {
        let rendered = self.rendered_line().map(|line| format!(" ({line})")).unwrap_or_default();
        match &self.finding.help {
            Some(help) => format!("{}{rendered}; {help}", self.finding.message),
            None => format!("{}{rendered}", self.finding.message),
        }
    }

    /// The file as code hosts name it: from the root of the repository, where the run began.
    pub(super) fn file(&self) -> &str {
        host_file(&self.location.file)
    }

    /// What was judged: the file, or the rendered text.
    pub(super) fn input(&self) -> &Arc<str> {
        self.rendered.as_ref().map_or(&self.location.file, |rendered| &rendered.text)
    }

    /// Where it is, in words: `web.yaml:7:3`; of an object in a cluster what that is called, and
    /// the path in it.
    pub(super) fn place(&self) -> String {
        let at = &self.location;
        match at.line {
            0 => format!("{} {}", at.file, self.finding.path),
            line => format!("{}:{line}:{}", self.file(), at.column),
        }
    }

    /// A place that a code host can show: the location, or what comes nearest to a rendered line.
    pub(super) fn host_location(&self) -> Location {
        if self.location.line == 0 {
            let file = Arc::clone(&self.location.file);
            return Location { file, line: 1, column: 1, end_line: 1, end_column: 1, exact: false };
        }
        let near = self.rendered.as_ref().filter(|it| self.is_rendered_line(it));
        let Some((file, line)) = near.and_then(|rendered| rendered.near.clone()) else {
            return self.location.clone();
        };
        Location { file, line, column: 1, end_line: line, end_column: 1, exact: false }
    }

    /// Where it was rendered, in words, if its line is not one that somebody wrote.
    pub(super) fn rendered_line(&self) -> Option<String> {
        let rendered = self.rendered.as_ref()?;
        let what = match (self.is_rendered_line(rendered), rendered.template_line) {
            (false, _) => return None,
            (true, Some(line)) => format!("line {line} of the template"),
            (true, None) => "the template's line is not certain".to_owned(),
        };
        Some(format!("line {} of {}, {what}", rendered.line, rendered.text))
    }

    fn is_rendered_line(&self, rendered: &Rendered) -> bool {
        self.location.file == rendered.text
    }

    /// Whose it is: the charts that wrote the object, or the file; of an object in a cluster its
    /// namespace.
    pub(super) fn owner_name(&self) -> String {
        if self.location.line == 0 {
            let namespace = self.subject.as_deref().and_then(|it| it.namespace.as_deref());
            return namespace.unwrap_or("no namespace").to_owned();
        }
        self.owner.as_deref().map_or_else(|| self.file().to_owned(), Owner::charts)
    }

    /// Whether it is about a file or a document that could not be read.
    pub(super) fn is_unreadable(&self) -> bool {
        self.subject.is_none()
    }

    /// The subject in words: `apps/v1 Deployment demo/web`.
    pub fn subject_line(&self) -> String {
        self.subject.as_deref().map(name_of).unwrap_or_default()
    }
}

/// A file as code hosts name it.
pub(super) fn host_file(file: &str) -> &str {
    file.strip_prefix("./").unwrap_or(file)
}

/// A subject in words: `apps/v1 Deployment demo/web`.
pub(super) fn name_of(subject: &Identity) -> String {
    let namespace = subject.namespace.as_deref().map(|it| format!("{it}/")).unwrap_or_default();
    let name = subject.shown_name();
    format!("{} {} {namespace}{name}", subject.api_version(), subject.kind)
}

impl Summary {
    /// The last line for a person.
    pub(super) fn line(&self, run: &Run) -> String {
        let [deny, warn, audit, existing, waived] = run.counts();
        let whence = match self.namespaces {
            Some(namespaces) => plural(namespaces, "namespace"),
            None => plural(self.files, "file"),
        };
        let mut line = format!(
            "{} in {whence}: {deny} deny, {warn} warn, {audit} audit",
            plural(self.objects, "object"),
        );
        for (count, effect) in [(existing, Effect::Existing), (waived, Effect::Waived)] {
            if count > 0 {
                line.push_str(&format!(", {count} {}", effect.as_str()));
            }
        }
        if self.skipped > 0 {
            line.push_str(&format!("; {} skipped", plural(self.skipped, "rule")));
        }
        if self.errors > 0 {
            line.push_str(&format!("; {} failed", plural(self.errors, "rule")));
        }
        line
    }
}

/// How many of these there are of each [`Effect`].
pub(super) fn counts<'r>(findings: impl IntoIterator<Item = &'r Shown>) -> [usize; 5] {
    let mut counts = [0; 5];
    for shown in findings {
        let effect = shown.effect();
        let all = Effect::ALL.iter().zip(&mut counts);
        all.filter(|(it, _)| **it == effect).for_each(|(_, count)| *count += 1);
    }
    counts
}

/// `1 file`, `2 files`, `2 fixes`.
pub(crate) fn plural(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count if one.ends_with('x') => format!("{count} {one}es"),
        count => format!("{count} {one}s"),
    }
}

/// The skipped and failed rules of a run, one line for each rule and reason, with how often.
pub(super) fn unjudged_lines(run: &Run) -> Vec<String> {
    let mut counted: std::collections::BTreeMap<(Status, &str, &str, &str), usize> =
        std::collections::BTreeMap::new();
    for ShownOutcome { outcome, .. } in &run.outcomes {
        let reason = outcome.reason.as_deref().unwrap_or_default();
        *counted.entry((outcome.status, &outcome.policy, &outcome.entry, reason)).or_default() += 1;
    }
    let line = |((status, policy, entry, reason), count): ((Status, &str, &str, &str), usize)| {
        let word = if status == Status::Skip { "skipped" } else { "failed" };
        format!("{word} {policy}/{entry} for {count} of the objects: {reason}")
    };
    counted.into_iter().map(line).collect()
}
