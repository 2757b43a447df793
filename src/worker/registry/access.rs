//! What a registry wants to see with a call: nothing, a password, or a token that it is asked for.
//!
//! Source: distribution's "Token Authentication".

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use tokio::time::Instant;

use super::{DOCUMENT_BYTES, Registry, accepted};
use crate::worker::trouble::Trouble;

/// How long a token is used: registries give none for less than a minute.
const TOKEN: Duration = Duration::from_secs(45);

/// What the registry wants to see.
#[derive(Debug)]
pub(super) enum Wanted {
    /// Nothing, or what the call of a site has.
    Plain,
    Token {
        value: HeaderValue,
        until: Instant,
    },
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Registry<'_> {
    /// A call for an address, with what the registry wants to see.
    pub(in crate::worker) async fn call(
        &mut self,
        method: Method,
        url: &Url,
    ) -> Result<RequestBuilder, Trouble> {
        let fit = match &self.wanted {
            None => false,
            Some(Wanted::Plain) => true,
            Some(Wanted::Token { until, .. }) => Instant::now() < *until,
        };
        if !fit {
            self.wanted = Some(self.ask(url).await?);
        }
        let mut headers = accepted();
        if let Some(Wanted::Token { value, .. }) = &self.wanted {
            headers.insert(AUTHORIZATION, value.clone());
        }
        let call = match method {
            Method::PUT => self.site.upload(method, url.clone()).await?,
            _ => self.site.call(method, url.clone()).await?,
        };
        Ok(call.headers(headers))
    }

    /// Most registries want nothing, or what the call has.
    async fn ask(&self, url: &Url) -> Result<Wanted, Trouble> {
        let call = self.site.call(Method::HEAD, url.clone()).await?;
        let answer = call.headers(accepted()).send().await;
        let answer = answer.map_err(|error| self.site.away(&error))?;
        let bearer = challenge(&answer).filter(|_| answer.status() == StatusCode::UNAUTHORIZED);
        let Some(challenge) = bearer else { return Ok(Wanted::Plain) };
        let until = Instant::now() + TOKEN;
        Ok(Wanted::Token { value: self.token(&challenge).await?, until })
    }

    /// Asks for a token, of the same server or of the one that the configuration names: nobody else
    /// is asked, and each gets its own password alone.
    async fn token(&self, challenge: &BTreeMap<String, String>) -> Result<HeaderValue, Trouble> {
        let refused = |why: &str| Trouble::Failed(format!("`{}` {why}", self.site.name()));
        let realm = challenge.get("realm").and_then(|realm| Url::parse(realm).ok());
        let mut url = realm.ok_or_else(|| refused("wants a token and does not say from where"))?;
        let Some(giver) = self.site.giver(&url) else {
            let to = url.origin().ascii_serialization();
            let why = format!("sends us to `{to}` for a token: only a `tokenServer` is asked");
            return Err(refused(&why));
        };
        url.query_pairs_mut().extend_pairs(challenge.get("service").map(|it| ("service", it)));
        for scope in &self.scopes {
            url.query_pairs_mut().append_pair("scope", scope);
        }
        let answer = giver.send(giver.call(Method::GET, url).await?).await?;
        if answer.status() != StatusCode::OK {
            return Err(giver.odd("the question for a token", answer.status()));
        }
        let text = giver.short(answer, DOCUMENT_BYTES).await?;
        let token: Token = serde_json::from_slice(&text)
            .map_err(|_| refused("gives no token that can be read"))?;
        let token = token.token.or(token.access_token).unwrap_or_default();
        let mut value = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| refused("gives a token that is none"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// The fields of `Bearer realm="…",service="…"`.
fn challenge(answer: &Response) -> Option<BTreeMap<String, String>> {
    let text = answer.headers().get(WWW_AUTHENTICATE)?.to_str().ok()?;
    let (scheme, fields) = text.split_once(' ')?;
    let pair = |field: &str| {
        let (key, value) = field.trim().split_once('=')?;
        Some((key.to_owned(), value.trim_matches('"').to_owned()))
    };
    let fields = fields.split(',').filter_map(pair).collect();
    scheme.eq_ignore_ascii_case("bearer").then_some(fields)
}
