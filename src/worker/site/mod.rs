//! A server that the configuration names: nothing else is ever called.
//!
//! A call goes to a path below the base address and to no other host, and is redirected nowhere
//! else with a credential (see `redirect`). The name of the server must lead to public addresses,
//! unless the configuration says otherwise, so that nobody who holds the name can make us call this
//! network's own services.

mod address;
mod redirect;

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Certificate, Client, Method, RequestBuilder, Response, StatusCode, Url};
use tokio::time::timeout;

use super::trouble::Trouble;
use address::{Resolver, is_private};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a server may be silent before its answer and in the middle of it.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a file may take to send.
const UPLOAD: Duration = Duration::from_secs(3600);
/// How long an answer that is no artefact may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest answer that is no artefact, in bytes.
const ANSWER: usize = 16 << 20;

/// Where a server is, and who asks.
#[derive(Clone, Debug)]
pub(super) struct Site {
    base: Url,
    client: Client,
    /// The same for what takes long to send.
    patient: Client,
    caller: Caller,
    /// Where redirects may lead besides, without a credential.
    elsewhere: Vec<Url>,
    /// Who gives tokens for it, if somebody else does.
    giver: Option<Arc<Site>>,
}

/// Who asks. Files are read at each call, so a replaced one counts at once.
#[derive(Clone, Debug, Default)]
pub enum Caller {
    #[default]
    Anybody,
    /// A user and a password, by files.
    User { name: PathBuf, password: PathBuf },
    /// A token in a header, by its file.
    Token { header: &'static str, file: PathBuf },
}

/// Why a server can't be called at all.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("`{0}` is no address of a server")]
    Address(String),
    #[error("`{0}` is an address of this network: `privateAddresses` does not allow it")]
    Private(String),
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{}` holds no certificates", path.display())]
    Certificates { path: PathBuf, source: reqwest::Error },
    #[error("there is no client for it")]
    Client(#[from] reqwest::Error),
}

impl Site {
    /// # Errors
    ///
    /// The address or the file of certificates is not what it should be.
    pub(super) fn new(
        base: &str,
        caller: Caller,
        authority: Option<&str>,
        private: bool,
    ) -> Result<Self, Unfit> {
        let base = base_of(base, private)?;
        let trusted = authority.map(certificates).transpose()?.unwrap_or_default();
        let client = || {
            let client = Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .connect_timeout(CONNECT)
                .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(Resolver { private });
            if trusted.is_empty() { client } else { client.tls_certs_merge(trusted.clone()) }
        };
        Ok(Self {
            base,
            client: client().read_timeout(SILENCE).build()?,
            patient: client().timeout(UPLOAD).build()?,
            caller,
            elsewhere: Vec::new(),
            giver: None,
        })
    }

    /// The same, which may be sent on to other base addresses, where no credential goes.
    ///
    /// # Errors
    ///
    /// One of them is none, or one of this network's.
    pub(super) fn sent_on_to(self, others: &[String], private: bool) -> Result<Self, Unfit> {
        let elsewhere = others.iter().map(|it| base_of(it, private)).collect::<Result<_, _>>()?;
        Ok(Self { elsewhere, ..self })
    }

    /// The same, for which another gives tokens.
    pub(super) fn with_tokens_of(self, giver: Option<Self>) -> Self {
        Self { giver: giver.map(Arc::new), ..self }
    }

    /// Who is to be asked for a token at an address: the server itself, or who gives its tokens.
    pub(super) fn giver(&self, url: &Url) -> Option<&Self> {
        let named = self.giver.as_deref().filter(|giver| giver.is_below(url));
        named.or_else(|| (url.origin() == self.base.origin()).then_some(self))
    }

    /// Whether an address is one of this server's, below its base.
    pub(super) fn is_below(&self, url: &Url) -> bool {
        redirect::is_below(&self.base, url)
    }

    /// The address of a path of segments below the base. A segment is one, whatever is in it.
    pub(super) fn address<'s>(&self, segments: impl IntoIterator<Item = &'s str>) -> Url {
        let mut url = self.base.clone();
        // An address with a host has segments.
        if let Ok(mut path) = url.path_segments_mut() {
            // `.` and `..` would be taken for steps.
            let plain = segments.into_iter().filter(|it| !matches!(*it, "" | "." | ".."));
            path.pop_if_empty().extend(plain);
        }
        url
    }

    /// A call of ours, not sent yet.
    pub(super) async fn call(&self, method: Method, url: Url) -> Result<RequestBuilder, Trouble> {
        self.signed(self.client.request(method, url)).await
    }

    /// The same for a call that has much to send: the answer may be long in coming.
    pub(super) async fn upload(&self, method: Method, url: Url) -> Result<RequestBuilder, Trouble> {
        self.signed(self.patient.request(method, url)).await
    }

    /// A call with what says who asks.
    async fn signed(&self, call: RequestBuilder) -> Result<RequestBuilder, Trouble> {
        Ok(match &self.caller {
            Caller::Anybody => call,
            Caller::User { name, password } => {
                call.basic_auth(secret(name).await?, Some(secret(password).await?))
            }
            Caller::Token { header, file } => {
                let mut value = HeaderValue::from_str(&secret(file).await?)
                    .map_err(|_| Trouble::Away(format!("`{}` holds no token", file.display())))?;
                value.set_sensitive(true);
                call.header(*header, value)
            }
        })
    }

    /// What the server is called in messages.
    pub(super) fn name(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    /// Sends a call. What only says that the server does not work at the moment is an error.
    pub(super) async fn send(&self, call: RequestBuilder) -> Result<Response, Trouble> {
        let answer = self.follow(call).await.map_err(|error| self.away(&error))?;
        let status = answer.status();
        let busy = status.is_server_error()
            || matches!(
                status,
                StatusCode::TOO_MANY_REQUESTS
                    | StatusCode::REQUEST_TIMEOUT
                    // A credential that was not replaced yet is not the artefact's fault.
                    | StatusCode::UNAUTHORIZED
                    | StatusCode::FORBIDDEN
            );
        if busy {
            return Err(Trouble::Away(format!("`{}` answers {status}", self.name())));
        }
        if status.is_redirection() {
            return Err(Trouble::Failed(format!("`{}` leads elsewhere: {status}", self.name())));
        }
        Ok(answer)
    }

    /// All of an answer that is no artefact.
    pub(super) async fn body(&self, answer: Response) -> Result<Vec<u8>, Trouble> {
        self.short(answer, ANSWER).await
    }

    /// All of an answer that has at most so many bytes.
    pub(super) async fn short(&self, answer: Response, most: usize) -> Result<Vec<u8>, Trouble> {
        let read = timeout(PATIENCE, self.read(answer, most)).await;
        read.unwrap_or_else(|_| Err(self.endless()))
    }

    async fn read(&self, mut answer: Response, most: usize) -> Result<Vec<u8>, Trouble> {
        let mut all = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.away(&error))? {
            if all.len() + chunk.len() > most {
                return Err(self.endless());
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }

    fn endless(&self) -> Trouble {
        Trouble::Failed(format!("`{}` answers without an end", self.name()))
    }

    /// An error without the address, which may hold names of files, and says nothing more.
    pub(super) fn away(&self, error: &reqwest::Error) -> Trouble {
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        Trouble::Away(format!("`{}` can't be reached: {cause}", self.name()))
    }

    /// An answer that nobody expects.
    pub(super) fn odd(&self, what: &str, status: StatusCode) -> Trouble {
        Trouble::Failed(format!("`{}` answers {status} to {what}", self.name()))
    }
}

/// A base address, with a slash at its end.
fn base_of(text: &str, private: bool) -> Result<Url, Unfit> {
    let address = || Unfit::Address(text.to_owned());
    let mut url: Url = text.parse().map_err(|_| address())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(address());
    }
    let host = url.host_str().ok_or_else(address)?;
    let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
    if literal.is_ok_and(|address| !private && is_private(address)) {
        return Err(Unfit::Private(host.to_owned()));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// The certificates of a file.
fn certificates(file: &str) -> Result<Vec<Certificate>, Unfit> {
    let path = PathBuf::from(file);
    let pem = std::fs::read(&path).map_err(|source| Unfit::Read { path: path.clone(), source })?;
    Certificate::from_pem_bundle(&pem).map_err(|source| Unfit::Certificates { path, source })
}

/// What a file of one secret holds, without the line's end.
pub(super) async fn secret(path: &PathBuf) -> Result<String, Trouble> {
    let text = tokio::fs::read_to_string(path).await;
    text.map(|text| text.trim().to_owned())
        .map_err(|error| Trouble::Away(format!("cannot read `{}`: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_address_is_called_only_if_the_configuration_says_so() {
        for url in ["http://127.0.0.1:8081", "https://[::1]/", "http://169.254.169.254/a"] {
            let refused = Site::new(url, Caller::Anybody, None, false).unwrap_err();
            assert!(matches!(refused, Unfit::Private(_)), "{url}: {refused}");
            assert!(Site::new(url, Caller::Anybody, None, true).is_ok(), "{url}");
        }
        for url in ["", "file:///etc/passwd", "nexus"] {
            assert!(Site::new(url, Caller::Anybody, None, true).is_err(), "{url}");
        }
    }

    #[test]
    fn a_segment_stays_one() {
        let site = Site::new("http://127.0.0.1/nexus", Caller::Anybody, None, true).unwrap();
        let url = site.address(["repository", "r", "..", "a/b", "ü?#"]);
        assert_eq!(url.as_str(), "http://127.0.0.1/nexus/repository/r/a%2Fb/%C3%BC%3F%23");
    }
}
