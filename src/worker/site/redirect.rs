//! Redirects: followed below the base address, and to the few others that the configuration names,
//! where no credential goes. All else is left to whoever called, as the answer that it is.

use reqwest::header::{ACCEPT, LOCATION};
use reqwest::{Method, Request, RequestBuilder, Response, Url};

use super::Site;

/// How often one call is sent on.
const HOPS: usize = 5;

impl Site {
    /// Sends a call, and follows where it leads.
    pub(super) async fn follow(&self, call: RequestBuilder) -> reqwest::Result<Response> {
        let (client, first) = call.build_split();
        let first = first?;
        // What writes something is sent once, to where it was meant to go.
        let reads = matches!(*first.method(), Method::GET | Method::HEAD);
        let mut last = first.try_clone().filter(|_| reads);
        let mut answer = client.execute(first).await?;
        for _ in 0..HOPS {
            let Some(next) = last.and_then(|last| self.led(&last, &answer)) else { break };
            last = next.try_clone();
            answer = client.execute(next).await?;
        }
        Ok(answer)
    }

    /// The call that an answer to the last one leads to, if it may be made.
    fn led(&self, last: &Request, answer: &Response) -> Option<Request> {
        if !answer.status().is_redirection() {
            return None;
        }
        let location = answer.headers().get(LOCATION)?.to_str().ok()?;
        let url = answer.url().join(location).ok()?;
        let mut next = last.try_clone()?;
        if !self.is_below(&url) {
            self.elsewhere.iter().find(|base| is_below(base, &url))?;
            // All that was said besides is for our own server alone, and stays away from here on.
            let accepted = next.headers().get(ACCEPT).cloned();
            next.headers_mut().clear();
            next.headers_mut().extend(accepted.map(|value| (ACCEPT, value)));
        }
        *next.url_mut() = url;
        Some(next)
    }
}

/// Whether an address lies below a base address, and names no user.
pub(super) fn is_below(base: &Url, url: &Url) -> bool {
    base.origin() == url.origin()
        && url.path().starts_with(base.path())
        && url.username().is_empty()
        && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_is_the_same_server_and_a_deeper_path() {
        let below = |base: &str, url: &str| is_below(&base.parse().unwrap(), &url.parse().unwrap());
        let base = "https://car.example/nexus/";
        assert!(below(base, "https://car.example/nexus/repository/a"));
        assert!(below(base, "https://car.example:443/nexus/a?b=c"));
        for url in [
            "http://car.example/nexus/a",
            "https://car.example:8443/nexus/a",
            "https://car.example/other",
            "https://car.example/nexus/../other",
            "https://car.example/nexus/%2e%2e/other",
            "https://car.example.evil/nexus/a",
            "https://car.example@evil.example/nexus/a",
            "https://me:pass@car.example/nexus/a",
            "file:///nexus/a",
        ] {
            assert!(!below(base, url), "{url}");
        }
    }
}
