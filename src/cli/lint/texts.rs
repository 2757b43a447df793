//! The texts that are to be judged.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::render::{self, Helm, Rendering};
use super::text::{Papers, Room, Text};
use super::{Arguments, render::ValueSet};
use crate::cli::policies::File;
use crate::cli::{Console, Failure};
use crate::manifest::{self, Unread};

/// How many bytes of texts are held, so that most runs read each file once.
const HELD_BYTES: usize = 4 << 20;

/// What was read: names and texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    pub(super) files: Vec<Text>,
    /// Where each text comes from.
    pub(super) origins: Vec<Origin>,
    pub(super) unread: Vec<Unread>,
    /// What charts were rendered with. Each is a world of its own.
    pub(super) sets: Vec<Arc<str>>,
}

/// Where a text comes from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    File(PathBuf),
    Stream,
    Rendering(Arc<Rendering>),
}

impl Texts {
    /// Reads what the paths lead to, each file once, and renders the charts among it.
    pub(super) fn read(arguments: &Arguments, console: &mut Console) -> Result<Self, Failure> {
        let sets = arguments.charts.sets();
        let mut input =
            Self { sets: sets.iter().map(|it| it.name.clone()).collect(), ..Self::default() };
        let (room, papers) = (Room::new(HELD_BYTES), Papers::default());
        let mut seen = HashSet::new();
        let mut charts = Vec::new();
        for path in &arguments.paths {
            if path.to_str() == Some("-") {
                input.read_stream(console)?;
                continue;
            }
            let found = manifest::find(path);
            input.unread.extend(found.unread);
            // What two paths lead to is one. Below one folder without links there are no two.
            let is_sole = arguments.paths.len() == 1 && !found.has_links;
            let itself = |path: &PathBuf| match is_sole {
                true => path.clone(),
                false => path.canonicalize().unwrap_or_else(|_| path.clone()),
            };
            let new = found.files.into_iter().filter(|path| seen.insert(itself(path)));
            let new: Vec<PathBuf> = new.collect();
            let read: Vec<_> = new
                .par_iter()
                .map(|path| papers.lend(|paper| Text::read(path, &room, paper)))
                .collect();
            for (path, text) in new.into_iter().zip(read) {
                match text {
                    Ok(text) => {
                        input.files.push(text);
                        input.origins.push(Origin::File(path));
                    }
                    Err(unread) => input.unread.push(unread),
                }
            }
            charts.extend(found.charts.into_iter().filter(|path| seen.insert(itself(path))));
            for folder in found.kustomization.into_iter().filter(|path| seen.insert(itself(path))) {
                input.take(render::kustomization(&arguments.charts, &folder));
            }
        }
        input.render(arguments, &charts, &sets, console);
        Ok(input)
    }

    /// Where the text of this rank is to be written.
    pub(super) fn path(&self, rank: usize) -> Option<&Path> {
        match self.origins.get(rank)? {
            Origin::File(path) => Some(path),
            Origin::Stream | Origin::Rendering(_) => None,
        }
    }

    /// What the text of this rank was rendered from.
    pub(super) fn rendering(&self, rank: usize) -> Option<&Rendering> {
        match self.origins.get(rank)? {
            Origin::Rendering(rendering) => Some(rendering),
            Origin::File(_) | Origin::Stream => None,
        }
    }

    /// All that was rendered, with the texts.
    pub(super) fn renderings(&self) -> impl Iterator<Item = (&Rendering, &str)> {
        let all = self.files.iter().enumerate();
        all.filter_map(|(rank, file)| Some((self.rendering(rank)?, file.as_held()?)))
    }

    /// The ranks of what is in the cluster together when charts have the values of this set.
    pub(super) fn world(&self, set: usize) -> Vec<usize> {
        let is_in = |rank: &usize| {
            self.rendering(*rank).and_then(|it| it.set).is_none_or(|other| other == set)
        };
        (0..self.files.len()).filter(is_in).collect()
    }

    /// The files that may hold a waiver, so that few are read twice.
    pub(super) fn with_waivers(&self) -> Vec<File> {
        let waiving = self.files.par_iter().filter(|file| file.may_waive());
        waiving.filter_map(|file| Some(File::new(file.name(), file.as_held()?))).collect()
    }

    /// Whether there are files, and none holds more than comments and white space.
    pub(super) fn is_blank(&self) -> bool {
        !self.files.is_empty() && self.files.iter().all(Text::is_blank)
    }

    /// Renders charts, several at once, in their order.
    fn render(
        &mut self,
        arguments: &Arguments,
        charts: &[PathBuf],
        sets: &[ValueSet],
        console: &mut Console,
    ) {
        let (libraries, charts): (Vec<&PathBuf>, Vec<&PathBuf>) =
            charts.iter().partition(|chart| render::is_library(chart));
        for chart in libraries {
            let chart = chart.display();
            console.note(format_args!("note: `{chart}` is a library, which renders nothing"));
        }
        let helm = Helm::new(&arguments.charts, arguments.given.namespace());
        let render = |chart: &&PathBuf| helm.render(chart, sets);
        let rendered: Vec<_> = charts.par_iter().flat_map_iter(render).collect();
        rendered.into_iter().for_each(|it| self.take(it));
    }

    fn take(&mut self, rendered: Result<(Rendering, String), Unread>) {
        match rendered {
            Ok((rendering, text)) => {
                self.files.push(Text::held(&*rendering.name, text));
                self.origins.push(Origin::Rendering(Arc::new(rendering)));
            }
            // A chart that no set renders is told once.
            Err(unread) if self.unread.contains(&unread) => {}
            Err(unread) => self.unread.push(unread),
        }
    }

    fn read_stream(&mut self, console: &mut Console) -> Result<(), Failure> {
        let name = "<stdin>".to_owned();
        match String::from_utf8(console.read()?) {
            Ok(text) => {
                self.files.push(Text::held(name, text));
                self.origins.push(Origin::Stream);
            }
            Err(_) => self.unread.push(Unread {
                path: name,
                problem: "it holds something else than UTF-8 text".to_owned(),
            }),
        }
        Ok(())
    }
}
