//! Files that are written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Puts `bytes` into a file: whoever reads it meanwhile sees the old text or the new one, never a
/// part of it. A link goes on leading to the file, which keeps its permissions. What is no file,
/// such as a pipe, and what somebody holds open, such as `/dev/stdout`, is written to.
///
/// # Errors
///
/// It can't be written; a file that was there is as it was.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link that leads nowhere has no target to take the place of.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let known = match fs::metadata(&target) {
        Ok(metadata) if metadata.is_file() && !path.starts_with("/dev") => {
            Some(metadata.permissions())
        }
        Ok(_) => return OpenOptions::new().write(true).open(&target)?.write_all(bytes),
        Err(_) => None,
    };
    let (draft, file) = draft(&target)?;
    let filled = fill(file, bytes, known).and_then(|()| fs::rename(&draft, &target));
    if filled.is_err() {
        // The first error is the one to tell.
        _ = fs::remove_file(&draft);
    }
    filled
}

/// A new file beside `target`, where a rename is one step.
fn draft(target: &Path) -> io::Result<(PathBuf, File)> {
    let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let mut taken = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 0..100 {
        let draft = target.with_file_name(format!(".{name}.{}-{number}", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&draft) {
            Ok(file) => return Ok((draft, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = error,
            Err(error) => return Err(error),
        }
    }
    Err(taken)
}

fn fill(mut file: File, bytes: &[u8], known: Option<fs::Permissions>) -> io::Result<()> {
    if let Some(permissions) = known {
        file.set_permissions(permissions)?;
    }
    file.write_all(bytes)?;
    // Otherwise a machine that stops may keep the new name and lose the text.
    file.sync_all()
}
