//! Which part of a Helm chart wrote an object.

/// Whose a rendered object is, as Helm's `# Source:` comment says it.
///
/// Format: `CHART/charts/SUBCHART/templates/FILE` (helm, pkg/engine and cmd/template).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    pub chart: String,
    /// The sub-charts below the chart, outermost first.
    pub subcharts: Vec<String>,
    /// The file, from its own chart's directory down.
    pub template: String,
}

impl Owner {
    /// Reads what stands behind `# Source:`; `None` if it names no chart.
    pub fn parse(source: &str) -> Option<Self> {
        let (chart, mut rest) = source.trim().split_once('/')?;
        let mut subcharts = Vec::new();
        while let Some((subchart, below)) =
            rest.strip_prefix("charts/").and_then(|rest| rest.split_once('/'))
        {
            subcharts.push(subchart.to_owned());
            rest = below;
        }
        let named = !chart.is_empty() && !rest.is_empty();
        named.then(|| Self { chart: chart.to_owned(), subcharts, template: rest.to_owned() })
    }

    /// The owner that the comments at the head of a document name: Helm writes one line
    /// `# Source: …` before each.
    pub fn of_document(text: &str) -> Option<Self> {
        let head = text.lines().take_while(|line| {
            let line = line.trim();
            line.is_empty() || line.starts_with('#') || line.starts_with("---")
        });
        head.filter_map(|line| line.trim().strip_prefix("# Source:")).find_map(Self::parse)
    }

    /// The charts, outermost first: `umbrella/ska-tango-base`.
    pub fn charts(&self) -> String {
        let all = std::iter::once(&self.chart).chain(&self.subcharts);
        all.map(String::as_str).collect::<Vec<_>>().join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_charts_are_told_from_the_template() {
        let owner = Owner::parse("umbrella/charts/base/charts/db/templates/a/b.yaml").unwrap();
        assert_eq!(owner.charts(), "umbrella/base/db");
        assert_eq!(owner.template, "templates/a/b.yaml");
    }

    #[test]
    fn only_the_head_of_a_document_names_its_owner() {
        let text = "---\n# Source: one/templates/a.yaml\nkind: A\n# Source: two/templates/b.yaml\n";
        assert_eq!(Owner::of_document(text).unwrap().chart, "one");
        assert_eq!(Owner::of_document("kind: A\n# Source: two/templates/b.yaml\n"), None);
        assert_eq!(Owner::parse("nothing"), None);
    }
}
