//! Tells a chat, by an incoming webhook that takes `{"text": …}`.

use std::path::PathBuf;

use reqwest::Method;
use serde_json::json;

use super::text;
use crate::policyfile::ChatSettings;
use crate::worker::queue::Claim;
use crate::worker::record::{Ended, Open};
use crate::worker::site::{Caller, Site, secret};
use crate::worker::trouble::Trouble;

/// A chat.
#[derive(Debug)]
pub(super) struct Chat {
    webhook: PathBuf,
    private: bool,
}

impl Chat {
    pub(super) fn new(settings: &ChatSettings) -> Self {
        Self { webhook: PathBuf::from(&settings.webhook_file), private: settings.private_addresses }
    }

    /// Sends one notice. Nobody can look whether it is there already.
    pub(super) async fn tell(&self, claim: &Claim, open: &Open) -> Result<Ended, Trouble> {
        let address = secret(&self.webhook).await?;
        // The address is a secret, and so is what an error would quote of it.
        let unfit = || Trouble::Away(format!("`{}` holds no address", self.webhook.display()));
        let url = address.parse().map_err(|_| unfit())?;
        let site = Site::new(&address, Caller::Anybody, None, self.private).map_err(|_| unfit())?;
        if !claim.renew().await? {
            return Err(Trouble::Lost);
        }
        let call = site.call(Method::POST, url).await?.json(&json!({"text": text::notice(open)}));
        let answer = site.send(call).await?;
        match answer.status().is_success() {
            true => Ok(Ended::Done("told".to_owned())),
            false => Err(Trouble::Failed(format!("the chat answers {}", answer.status()))),
        }
    }
}
