//! Helm charts: `Chart.yaml` and the metadata in the one folder that everything lies in.
//!
//! Source: helm.sh, "Charts"; ska-cicd-makefile `.make-helm-support` for the metadata. A chart is
//! rendered elsewhere (`worker::child`), by the Helm that is on the machine.

use std::io::{Read, Seek};

use super::limits::{Limits, Problems};
use super::{Contents, archive, manifest, said};
use crate::artefact::subject::Declared;
use crate::document::{Value, yaml};

const CHART: &str = "Chart.yaml";

pub(super) fn read(
    file: &mut (impl Read + Seek),
    limits: &Limits,
    problems: &mut Problems,
) -> Contents {
    let files = archive::files(file, limits, problems, |path| manifest::is_beside(CHART, path));
    let find = |wanted| files.iter().find(|it| it.0.ends_with(wanted));
    let mut contents = Contents::default();
    match find(CHART) {
        None => problems.broken(CHART, "is not in the chart"),
        Some((path, text)) => match chart(text) {
            Err(message) => problems.broken(path, message),
            Ok(chart) => {
                let text = |key| chart.get(key).and_then(Value::as_str).and_then(said);
                contents.declared = Declared { name: text("name"), version: text("version") };
                contents.chart = Some(chart);
            }
        },
    }
    contents.metadata = manifest::found(find(manifest::NAME).map(|it| it.1));
    contents
}

fn chart(text: &[u8]) -> Result<Value<'static>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "is no UTF-8 text".to_owned())?;
    let document = yaml::read(text).next().ok_or_else(|| "is empty".to_owned())?;
    let value = document.map_err(|problem| format!("can't be read: {}", problem.message))?.value;
    match value.as_map() {
        Some(_) => Ok(value.into_owned()),
        None => Err("is no map".to_owned()),
    }
}
