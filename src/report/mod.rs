//! Findings into text: one file a format, one line each in [`FORMATS`].
//!
//! A format sees only what is in a [`Run`], which holds no value that must not be shown: lines
//! are masked before they get here.

mod concise;
mod full;
mod json;
mod run;

pub use self::run::{
    Appearance, Run, Shown, ShownChange, ShownOutcome, ShownRelated, Snippet, Summary,
};

/// A way to write a run.
#[derive(Debug)]
pub struct Format {
    pub name: &'static str,
    /// What it is for, for `--help`.
    pub about: &'static str,
    pub render: fn(&Run, Appearance) -> String,
}

/// Every format, the default first.
pub static FORMATS: &[Format] = &[
    Format {
        name: "full",
        about: "for people: the line, what is wrong, what to do",
        render: full::render,
    },
    Format { name: "concise", about: "one line a finding", render: concise::render },
    Format { name: "json", about: "for scripts: versioned", render: json::render },
];

/// The format with this name.
pub fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
