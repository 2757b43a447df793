//! `TANGO_HOST`: where a TANGO database listens.
//!
//! Sources: the TANGO controls documentation (several addresses, the port 10000) and what SKA's
//! charts write: `tango-databaseds.NAMESPACE.svc.CLUSTER_DOMAIN:10000`.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Where a database listens when `TANGO_HOST` has no port.
pub const DEFAULT_PORT: u16 = 10_000;

/// The ports that a Service of type NodePort gets, unless the API server is told otherwise.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30_000..=32_767;

/// `TANGO_HOST`: where the database listens, with its replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TangoHost<'a> {
    pub addresses: Vec<TangoAddress<'a>>,
}

/// One `host:port` of a [`TangoHost`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TangoAddress<'a> {
    pub host: &'a str,
    /// `None` where it is not written; then it is [`DEFAULT_PORT`].
    pub port: Option<u16>,
}

/// What is wrong with a `TANGO_HOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TangoHostError<'a> {
    #[error("`{0}` has an address without a host")]
    NoHost(&'a str),
    #[error("`{0}` is no host name or IP address")]
    Host(&'a str),
    #[error("`{0}` is no port")]
    Port(&'a str),
}

impl<'a> TangoHost<'a> {
    /// Reads `host[:port]`, or several of them with commas between.
    pub fn parse(text: &'a str) -> Result<Self, TangoHostError<'a>> {
        let address = |address: &'a str| match split_port(address) {
            ("", _) => Err(TangoHostError::NoHost(text)),
            (host, _) if !is_host(host) => Err(TangoHostError::Host(host)),
            (host, None) => Ok(TangoAddress { host, port: None }),
            (host, Some(port)) => match port.parse() {
                Ok(number) if number > 0 && !port.starts_with('+') => {
                    Ok(TangoAddress { host, port: Some(number) })
                }
                _ => Err(TangoHostError::Port(port)),
            },
        };
        let addresses = text.split(',').map(str::trim).map(address).collect::<Result<_, _>>()?;
        Ok(Self { addresses })
    }
}

impl TangoAddress<'_> {
    /// Whether the host is an IP address, which changes when the database moves.
    pub fn is_ip_address(&self) -> bool {
        self.host.parse::<Ipv4Addr>().is_ok() || without_brackets(self.host).is_some()
    }

    /// Whether the port is one that Services of type NodePort get.
    pub fn is_node_port(&self) -> bool {
        self.port.is_some_and(|port| NODE_PORTS.contains(&port))
    }

    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(DEFAULT_PORT)
    }

    /// The Service that the host names, and its namespace if that is written:
    /// `databaseds`, `databaseds.ska-tango`, `databaseds.ska-tango.svc.cluster.local`.
    pub fn service(&self) -> Option<(&str, Option<&str>)> {
        let mut parts = self.host.split('.');
        let (service, namespace, rest) = (parts.next()?, parts.next(), parts.next());
        let in_cluster = matches!(rest, None | Some("svc"));
        (in_cluster && !self.is_ip_address()).then_some((service, namespace))
    }
}

fn split_port(address: &str) -> (&str, Option<&str>) {
    match address.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (address, None),
    }
}

fn is_host(host: &str) -> bool {
    // TANGO takes names with `_`, which DNS does not.
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(inner)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    without_brackets(host).is_some() || host.split('.').all(part)
}

/// The IPv6 address in brackets.
fn without_brackets(host: &str) -> Option<Ipv6Addr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tango_host_may_have_replicas() {
        let host = TangoHost::parse("databaseds-tango-base:10000,10.1.2.3:30123,[::1]:1").unwrap();
        let seen: Vec<_> = host
            .addresses
            .iter()
            .map(|it| (it.host, it.port_or_default(), it.is_ip_address(), it.is_node_port()))
            .collect();
        assert_eq!(
            seen,
            [
                ("databaseds-tango-base", 10_000, false, false),
                ("10.1.2.3", 30_123, true, true),
                ("[::1]", 1, true, false),
            ]
        );
        let host = TangoHost::parse("db").unwrap();
        assert_eq!(host.addresses, [TangoAddress { host: "db", port: None }]);
        assert_eq!(host.addresses[0].port_or_default(), DEFAULT_PORT);
        for text in
            ["", ":1", "a:1,", "a:", "a:0", "a:65536", "a:+1", "a:x", "a b:1", "::1:1", "a/b"]
        {
            assert!(TangoHost::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_host_in_the_cluster_names_a_service() {
        let service = |text| {
            let host = TangoHost::parse(text).unwrap();
            host.addresses[0]
                .service()
                .map(|(name, space)| (name.to_owned(), space.map(str::to_owned)))
        };
        let expected = |namespace: Option<&str>| Some(("db".into(), namespace.map(str::to_owned)));
        assert_eq!(service("db:1"), expected(None));
        assert_eq!(service("db.ska:1"), expected(Some("ska")));
        assert_eq!(service("db.ska.svc.cluster.local:1"), expected(Some("ska")));
        assert_eq!(service("db.ska.example.org:1"), None);
        assert_eq!(service("10.0.0.1:1"), None);
    }
}
