//! A plot as inline SVG: a bar for each day, in parts by outcome.

use std::fmt::Write as _;

use crate::artefact::lookup::Day;
use crate::report::xml::text;

/// In units of the drawing, which is scaled to the page.
const STEP: i64 = 20;
const HEIGHT: i64 = 80;
/// Below the bars: the days.
const LABELS: i64 = 16;
/// A label for each so many days.
const LABELLED: usize = 7;

/// The figure. Each bar links to the verdicts of its day.
pub(super) fn days(days: &[Day]) -> String {
    let total = |day: &Day| day.pass + day.warn + day.fail;
    let most = days.iter().map(total).max().unwrap_or_default().max(1);
    let width = STEP * i64::try_from(days.len()).unwrap_or_default();
    let mut out = format!(
        "<figure>\n<figcaption>Verdicts by day; at most {most}</figcaption>\n\
         <svg viewBox=\"0 0 {width} {}\" role=\"img\" aria-label=\"Verdicts by day\">\n",
        HEIGHT + LABELS
    );
    for ((rank, day), place) in days.iter().enumerate().zip(0..) {
        let left = place * STEP;
        bar(&mut out, day, left, most);
        if rank % LABELLED == 0 {
            let baseline = HEIGHT + 12;
            // Without the year.
            let label = text(day.day.get(5..).unwrap_or_default());
            _ = writeln!(out, "<text x=\"{left}\" y=\"{baseline}\">{label}</text>");
        }
    }
    out.push_str("</svg>\n</figure>\n");
    out
}

fn bar(out: &mut String, day: &Day, left: i64, most: i64) {
    let Day { day: name, pass, warn, fail } = day;
    let name = text(name);
    _ = write!(
        out,
        "<a href=\"/?since={name}T00:00:00Z&amp;until={name}T23:59:59.999Z\">\
         <title>{name}: {pass} pass, {warn} warn, {fail} fail</title>\
         <rect class=\"ground\" x=\"{left}\" y=\"0\" width=\"{}\" height=\"{HEIGHT}\"/>",
        STEP - 4
    );
    let mut below = 0;
    for (outcome, count) in [("pass", *pass), ("warn", *warn), ("fail", *fail)] {
        // Ends, not heights, are rounded: the parts of a bar meet.
        let (start, end) = (below * HEIGHT / most, (below + count) * HEIGHT / most);
        if count > 0 {
            _ = write!(
                out,
                "<rect class=\"{outcome}\" x=\"{left}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                HEIGHT - end.max(start + 1),
                STEP - 4,
                (end - start).max(1)
            );
        }
        below += count;
    }
    out.push_str("</a>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_bar_meet_and_fill_it() {
        let day = |pass, warn, fail| Day { day: "2026-11-22".to_owned(), pass, warn, fail };
        let plot = days(&[day(1, 1, 2), day(0, 0, 0)]);
        for part in [
            "class=\"pass\" x=\"0\" y=\"60\" width=\"16\" height=\"20\"",
            "class=\"warn\" x=\"0\" y=\"40\" width=\"16\" height=\"20\"",
            "class=\"fail\" x=\"0\" y=\"0\" width=\"16\" height=\"40\"",
        ] {
            assert!(plot.contains(part), "{plot}");
        }
        assert_eq!(plot.matches("<rect class=\"pass\"").count(), 1, "{plot}");
    }
}
