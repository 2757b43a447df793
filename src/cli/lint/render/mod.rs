//! Texts that other programs render: charts by Helm, kustomizations by kustomize.

mod chart;
mod flags;
mod helm;
mod kustomize;
mod place;
mod twice;

pub(super) use self::flags::{Flags, ValueSet};
pub(super) use self::helm::{Helm, is_library};
pub(super) use self::kustomize::kustomization;
pub(super) use self::place::place_all;
pub(super) use self::twice::differences;

use std::sync::Arc;

use crate::document::Location;
use crate::manifest::template::Trace;
use crate::report::Rendered;

/// A text that was rendered, and where it comes from.
#[derive(Debug)]
pub(super) struct Rendering {
    /// What findings call it: `charts/umbrella (rendered, operator)`.
    pub(super) name: Arc<str>,
    /// What a person named: `charts/umbrella`.
    pub(super) source: Arc<str>,
    /// Which of the run's value sets it was rendered with; `None` if it takes no values.
    pub(super) set: Option<usize>,
    /// Where a chart that lies in a folder says what it is.
    chart_file: Option<Arc<str>>,
    trace: Trace,
    templates: Arc<Vec<Template>>,
    /// The same rendered once more, if that was asked for.
    pub(super) again: Option<String>,
}

/// A template that marks speak of.
#[derive(Debug)]
struct Template {
    /// Where it is; `None` in a packed chart.
    file: Option<Arc<str>>,
    text: String,
}

impl Rendering {
    /// One of which only the text is known.
    fn plain(name: String, source: &str, set: Option<usize>) -> Self {
        Self {
            name: name.into(),
            source: source.into(),
            set,
            chart_file: None,
            trace: Trace::default(),
            templates: Arc::default(),
            again: None,
        }
    }

    /// Where a place of the text is, for a report.
    pub(super) fn place(&self, at: &Location) -> Rendered {
        Rendered {
            text: Arc::clone(&self.name),
            line: at.line,
            template_line: self.trace.line(at.line).map(|origin| origin.line),
            near: None,
            sets: Vec::new(),
        }
    }
}
