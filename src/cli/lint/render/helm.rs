//! Charts by the Helm that is on the machine.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::chart::Marked;
use super::{Flags, Rendering, ValueSet};
use crate::document::yaml;
use crate::manifest::Unread;
use crate::manifest::program::{self, Trouble, argument};
use crate::manifest::template::{Care, Trace};

/// Times that a chart writes down differ after that long, if it writes seconds.
const APART: Duration = Duration::from_millis(1_100);

/// Charts into texts.
#[derive(Debug)]
pub(in crate::cli::lint) struct Helm<'f> {
    flags: &'f Flags,
    /// Where charts are installed to, if that is known.
    namespace: Option<&'f str>,
}

/// A rendering and its text.
pub(in crate::cli::lint) type Rendered = (Rendering, String);

impl<'f> Helm<'f> {
    pub(in crate::cli::lint) fn new(flags: &'f Flags, namespace: Option<&'f str>) -> Self {
        Self { flags, namespace }
    }

    /// A chart, rendered with each of the value sets.
    pub(in crate::cli::lint) fn render(
        &self,
        chart: &Path,
        sets: &[ValueSet],
    ) -> Vec<Result<Rendered, Unread>> {
        let render = |(rank, set)| {
            let result = self.one(chart, rank, set);
            result.map_err(|trouble| self.unread(chart, trouble))
        };
        sets.iter().enumerate().map(render).collect()
    }

    fn one(&self, chart: &Path, rank: usize, set: &ValueSet) -> Result<Rendered, Trouble> {
        let begun = Instant::now();
        let text = self.template(chart, set)?;
        let mut again = None;
        if self.flags.render_twice {
            thread::sleep(APART.saturating_sub(begun.elapsed()));
            again = Some(self.template(chart, set)?);
        }
        let source = chart.display().to_string();
        let name = match &*set.name {
            "" => format!("{source} (rendered)"),
            set => format!("{source} (rendered, {set})"),
        };
        let mut rendering = Rendering { again, ..Rendering::plain(name, &source, Some(rank)) };
        let file = chart.join("Chart.yaml");
        rendering.chart_file = file.is_file().then(|| file.display().to_string().into());
        // Without marks all of it is judged just the same.
        if let Some((marked, trace)) = self.trace(chart, set, &text) {
            (rendering.templates, rendering.trace) = (marked.templates.into(), trace);
        }
        Ok((rendering, text))
    }

    /// Renders a copy with marks, with as many of them as Helm takes.
    fn trace(&self, chart: &Path, set: &ValueSet, text: &str) -> Option<(Marked, Trace)> {
        for care in [Care::All, Care::NoQuotes, Care::NoPartials] {
            let marked = Marked::copy(chart, care).ok()?;
            if let Ok(with_marks) = self.template(marked.path(), set) {
                let trace = Trace::of(text, &with_marks);
                return Some((marked, trace));
            }
        }
        None
    }

    fn template(&self, chart: &Path, set: &ValueSet) -> Result<String, Trouble> {
        let flags = self.flags;
        let mut command = Command::new(&flags.helm);
        command.args(["template", "--include-crds"]);
        let mut add = |flag: &str, value: &str| _ = command.arg(format!("--{flag}={value}"));
        set.files.iter().for_each(|file| add("values", &file.to_string_lossy()));
        set.values.iter().for_each(|value| add("set", value));
        self.namespace.iter().for_each(|it| add("namespace", it));
        flags.kube_version.iter().for_each(|it| add("kube-version", it));
        flags.api_versions.iter().for_each(|it| add("api-versions", it));
        command.arg("--").arg(&flags.release).arg(argument(chart));
        program::text(&mut command, flags.render_timeout)
    }

    fn unread(&self, chart: &Path, trouble: Trouble) -> Unread {
        let helm = self.flags.helm.display();
        let problem = match trouble {
            Trouble::Missing => format!(
                "there is no program `{helm}` to render the chart with: install Helm, name it with \
                 `--helm`, or render the chart elsewhere and name the file"
            ),
            Trouble::Failed(said) => format!("`{helm} template` says: {said}"),
            Trouble::Endless => self.flags.too_long(format_args!("{helm} template")),
        };
        Unread { path: chart.display().to_string(), problem }
    }
}

/// Whether a chart is a library, which renders nothing by itself.
pub(in crate::cli::lint) fn is_library(chart: &Path) -> bool {
    let text = fs::read_to_string(chart.join("Chart.yaml")).unwrap_or_default();
    let first = yaml::read(&text).next().and_then(Result::ok);
    let kind = first.as_ref().and_then(|document| document.value.get("type")?.as_str());
    kind == Some("library")
}
