//! `test`: the cases that lie beside policies.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::coverage::Coverage;
use super::policies::{Choice, unreadable};
use super::{ALLOWED, Console, DENIED, Failure};
use crate::policyfile::{Cases, Loaded, Source, load_under};
use crate::{resource, rules};

/// The ending of a file of cases. `NAME.test.yaml` belongs to the policy file `NAME.yaml`.
const ENDING: &str = ".test.yaml";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files of cases, `NAME.test.yaml`, or directories that are searched for them
    #[arg(value_name = "PATH", default_value = "policies")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    policies: Choice,
    /// Names the entries that find nothing in any case, and those that let nothing pass
    #[arg(long, env = "PORTCULLIS_COVERAGE")]
    coverage: bool,
    /// Fails if fewer of the entries, in percent, both find something and let something pass
    #[arg(
        long,
        value_name = "PERCENT",
        value_parser = clap::value_parser!(u8).range(..=100),
        env = "PORTCULLIS_FAIL_UNDER"
    )]
    fail_under: Option<u8>,
}

/// Judges every case by the policies of the file beside it, under the settings of the whole set.
pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    let mut files = Vec::new();
    for path in &arguments.paths {
        collect(path, &mut files)?;
    }
    files.sort();
    files.dedup();
    if files.is_empty() {
        return Err(Failure::new("there is no file of cases")
            .help(format!("name one `NAME{ENDING}` beside the policy file `NAME.yaml`")));
    }
    let set = arguments.policies.load()?;
    let mut out = String::new();
    let (mut passed, mut failed) = (0, 0);
    let mut coverage = Coverage::default();
    for path in &files {
        let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        let name = path.display().to_string();
        let cases = Cases::read(Source::new(&name, &text))?;
        let loaded = beside(path, &set)?;
        coverage.expect(&loaded.engine);
        for verdict in cases.run(&loaded.engine) {
            coverage.add(&verdict.touched);
            if verdict.passed() {
                passed += 1;
                continue;
            }
            failed += 1;
            _ = writeln!(out, "{name}:{}: {}", verdict.place.line, verdict.name);
            for problem in &verdict.problems {
                _ = writeln!(out, "  {}", problem.to_string().replace('\n', "\n  "));
            }
        }
    }
    if arguments.coverage {
        out.push_str(&coverage.gaps());
    }
    if arguments.coverage || arguments.fail_under.is_some() {
        _ = writeln!(out, "{coverage}");
    }
    _ = writeln!(out, "{passed} passed, {failed} failed");
    console.write(&out)?;
    let is_covered = arguments.fail_under.is_none_or(|least| coverage.percent() >= least);
    Ok(if failed == 0 && is_covered { ALLOWED } else { DENIED })
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !metadata.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(|error| unreadable(path, &error))? {
        let entry = entry.map_err(|error| unreadable(path, &error))?.path();
        if entry.is_dir() {
            collect(&entry, files)?;
        } else if entry.to_string_lossy().ends_with(ENDING) {
            files.push(entry);
        }
    }
    Ok(())
}

/// The policies of the file that a file of cases belongs to.
fn beside(cases: &Path, set: &Loaded) -> Result<Loaded, Failure> {
    let name = cases.to_string_lossy();
    let Some(stem) = name.strip_suffix(ENDING) else {
        return Err(Failure::new(format!("`{name}` is no file of cases"))
            .help(format!("give it a name that ends with `{ENDING}`")));
    };
    let policy = PathBuf::from(format!("{stem}.yaml"));
    let text = fs::read_to_string(&policy).map_err(|error| unreadable(&policy, &error))?;
    let name = policy.display().to_string();
    let source = Source::new(&name, &text);
    Ok(load_under(&set.set.settings, &[source], rules::ALL, &resource::KUBERNETES)?)
}
