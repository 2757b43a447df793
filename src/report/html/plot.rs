//! Plots as inline SVG: one bar a name, in parts by effect, longest first.

use std::cmp::Reverse;
use std::fmt::Write as _;

use crate::report::Effect;
use crate::report::xml::{attribute, text};

/// The most bars of a plot.
const BARS: usize = 20;

/// In units of the drawing, which is scaled to the page.
const WIDTH: usize = 400;
const ROW: usize = 20;
const LABEL: usize = 180;
const NUMBER: usize = 40;

/// How many characters of a name there is room for.
const NAME: usize = 26;

pub(super) struct Bar {
    pub(super) name: String,
    pub(super) counts: [usize; 5],
}

impl Bar {
    fn total(&self) -> usize {
        self.counts.iter().sum()
    }
}

/// Those of one length stay in their order.
pub(super) fn largest_first(mut bars: Vec<Bar>) -> Vec<Bar> {
    bars.sort_by_key(|bar| Reverse(bar.total()));
    bars
}

/// A figure with a bar for each name; a click on one looks for it `by` that.
pub(super) fn bars(title: &str, by: &str, bars: Vec<Bar>) -> String {
    let longest = bars.iter().map(Bar::total).max().unwrap_or_default().max(1);
    let left_out = bars.len().saturating_sub(BARS);
    let height = bars.len().min(BARS) * ROW;
    let mut out = format!(
        "<figure>\n<figcaption>{title}</figcaption>\n\
         <svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title}\">\n"
    );
    for (rank, bar) in bars.iter().take(BARS).enumerate() {
        row(&mut out, by, bar, rank * ROW, longest);
    }
    out.push_str("</svg>\n");
    if left_out > 0 {
        _ = writeln!(out, "<p class=\"quiet\">{}</p>", format_args!("{left_out} more"));
    }
    out.push_str("</figure>\n");
    out
}

fn row(out: &mut String, by: &str, bar: &Bar, top: usize, longest: usize) {
    let baseline = top + 14;
    _ = write!(
        out,
        "<a href=\"#findings\" data-by=\"{by}\" data-search=\"{}\"><title>{}</title>\
         <text x=\"0\" y=\"{baseline}\">{}</text>",
        attribute(&bar.name),
        text(&format!("{}: {}", bar.name, described(bar))),
        text(&shortened(&bar.name)),
    );
    let room = WIDTH - LABEL - NUMBER;
    let mut before = 0;
    for (effect, count) in
        Effect::ALL.map(Effect::as_str).into_iter().zip(bar.counts).filter(|(_, count)| *count > 0)
    {
        // Ends, not widths, are rounded: the parts of a bar meet.
        let (start, end) = (before * room / longest, (before + count) * room / longest);
        _ = write!(
            out,
            "<rect class=\"{effect}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"12\"/>",
            LABEL + start,
            top + 4,
            (end - start).max(1),
        );
        before += count;
    }
    let end = LABEL + before * room / longest + 6;
    _ = writeln!(out, "<text x=\"{end}\" y=\"{baseline}\">{}</text></a>", bar.total());
}

fn described(bar: &Bar) -> String {
    let parts =
        Effect::ALL.map(Effect::as_str).into_iter().zip(bar.counts).filter(|(_, count)| *count > 0);
    let parts: Vec<String> = parts.map(|(effect, count)| format!("{count} {effect}")).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// The end of a name says more than its beginning.
fn shortened(name: &str) -> String {
    let length = name.chars().count();
    if length <= NAME {
        return name.to_owned();
    }
    let end: String = name.chars().skip(length - NAME + 1).collect();
    format!("…{end}")
}
