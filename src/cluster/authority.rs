//! Whom to trust when the certificate is somebody else's, such as cert-manager's.

use std::path::PathBuf;
use std::time::Duration;
use std::{fs, io};

use tokio::sync::watch;
use tokio::time::sleep;
use tracing::warn;

/// How often the file is looked at; whoever mounts a Secret swaps a link, which a watch on the
/// file would miss.
const EVERY: Duration = Duration::from_secs(5);

/// The text of a file, as it changes.
pub(super) fn follow(path: PathBuf) -> io::Result<watch::Receiver<String>> {
    let (sender, receiver) = watch::channel(fs::read_to_string(&path)?);
    tokio::spawn(async move {
        loop {
            sleep(EVERY).await;
            match fs::read_to_string(&path) {
                Ok(text) => {
                    sender.send_if_modified(|before| {
                        let changed = *before != text;
                        *before = text;
                        changed
                    });
                }
                Err(error) => warn!("`{}` can't be read: {error}", path.display()),
            }
            if sender.is_closed() {
                return;
            }
        }
    });
    Ok(receiver)
}
