//! Kustomizations by `kustomize`, or by the one in `kubectl`.

use std::path::Path;
use std::process::Command;

use super::helm::Rendered;
use super::{Flags, Rendering};
use crate::manifest::Unread;
use crate::manifest::program::{self, Trouble, argument, first_of};

/// A folder with a kustomization, rendered.
pub(in crate::cli::lint) fn kustomization(
    flags: &Flags,
    folder: &Path,
) -> Result<Rendered, Unread> {
    let source = folder.display().to_string();
    let unread = |problem: String| Unread { path: source.clone(), problem };
    let standalone = Path::new("kustomize");
    let programs = [standalone, Path::new("kubectl")];
    let program = flags.kustomize.as_deref().or_else(|| first_of(&programs));
    let program = program.ok_or_else(|| {
        unread(
            "there is neither `kustomize` nor `kubectl` to render the kustomization with: install \
             one, or render it elsewhere and name the file"
                .to_owned(),
        )
    })?;
    let is_kubectl = program.file_stem().is_some_and(|stem| stem == "kubectl");
    let word = if is_kubectl { "kustomize" } else { "build" };
    let mut command = Command::new(program);
    command.arg(word).arg(argument(folder));
    let text = program::text(&mut command, flags.render_timeout).map_err(|trouble| {
        let program = program.display();
        unread(match trouble {
            Trouble::Missing => format!("there is no program `{program}`"),
            Trouble::Failed(said) => format!("`{program} {word}` says: {said}"),
            Trouble::Endless => flags.too_long(format_args!("{program} {word}")),
        })
    })?;
    Ok((Rendering::plain(format!("{source} (rendered)"), &source, None), text))
}
