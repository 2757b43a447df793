//! How much of an artefact is looked at, and what is told of what was not.

use serde::{Deserialize, Serialize};

use crate::artefact::subject::{Problem, Sort};

/// Bounds of one inspection. What goes beyond them is a problem of the artefact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Entries of an archive.
    pub entries: usize,
    /// Bytes that an archive may unpack to.
    pub unpacked: u64,
    /// How many bytes one packed byte may become, where that is more than [`Limits::RATIO_FROM`].
    pub ratio: u64,
    /// Bytes of one file that is read.
    pub text: usize,
}

/// What an inspector came upon. The first [`Problems::MOST`] are told, the others counted.
#[derive(Debug, Default)]
pub(super) struct Problems {
    told: Vec<Problem>,
    beyond: usize,
}

/// The longest place or phrase that is told, in characters: names come from outside.
const LONGEST: usize = 200;

impl Limits {
    /// Below that many unpacked bytes no ratio is a bomb: a small file of zeros is none.
    pub const RATIO_FROM: u64 = 64 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 50_000, unpacked: 4 << 30, ratio: 200, text: 1 << 20 }
    }
}

impl Problems {
    const MOST: usize = 20;

    pub(super) fn tell(&mut self, sort: Sort, place: &str, message: impl AsRef<str>) {
        if self.told.len() == Self::MOST {
            self.beyond += 1;
            return;
        }
        let message = shown(message.as_ref());
        self.told.push(Problem { sort, place: shown(place), message });
    }

    pub(super) fn harmful(&mut self, place: &str, message: impl AsRef<str>) {
        self.tell(Sort::Unsafe, place, message);
    }

    pub(super) fn broken(&mut self, place: &str, message: impl AsRef<str>) {
        self.tell(Sort::Broken, place, message);
    }

    pub(super) fn into_list(mut self) -> Vec<Problem> {
        if let Some(last) = self.told.last_mut().filter(|_| self.beyond > 0) {
            last.message.push_str(&format!(", and {} more like it", self.beyond));
        }
        self.told
    }
}

/// On one line, cut, with nothing that a terminal or a page takes for an order.
pub(in crate::artefact) fn shown(text: &str) -> String {
    let plain = |c: char| if c.is_control() || is_directional(c) { '\u{fffd}' } else { c };
    let mut shown: String = text.chars().take(LONGEST).map(plain).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// Characters that turn the order of those around them.
fn is_directional(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
