//! CNI network configurations: the JSON in a NetworkAttachmentDefinition.
//!
//! Sources: containernetworking/cni `SPEC.md` 1.1.0; k8snetworkplumbingwg/whereabouts and the
//! plugins `host-local` and `static` for the address managers.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::engine::Node;

/// Every version of the specification.
pub const VERSIONS: [&str; 7] = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

/// What stands in a field of an address manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `10.20.0.0/16`.
    Network,
    /// The same, or `10.20.0.10-10.20.0.99/16`.
    Range,
    /// `10.20.0.1`.
    Address,
}

/// A field of an address manager, and what must stand in it.
#[derive(Clone, Copy, Debug)]
pub struct Field<'s> {
    pub node: Node<'s>,
    pub form: Form,
    /// Whether pods get their addresses from it.
    pub gives_addresses: bool,
}

/// The plugins of a configuration: those of a list, else the configuration itself.
pub fn plugins(configuration: Node<'_>) -> Vec<Node<'_>> {
    match configuration.get("plugins") {
        list if list.exists() => list.items().collect(),
        _ => vec![configuration],
    }
}

/// The fields of an `ipam` that hold addresses.
pub fn address_fields<'s>(ipam: Node<'s>) -> Vec<Field<'s>> {
    let mut fields = Vec::new();
    let mut add = |node: Node<'s>, form, gives_addresses| {
        if node.exists() {
            fields.push(Field { node, form, gives_addresses });
        }
    };
    match ipam.get("type").as_str() {
        Some("whereabouts") => {
            for range in std::iter::once(ipam).chain(ipam.get("ipRanges").items()) {
                add(range.get("range"), Form::Range, true);
                add(range.get("range_start"), Form::Address, false);
                add(range.get("range_end"), Form::Address, false);
                for excluded in range.get("exclude").items() {
                    add(excluded, Form::Network, false);
                }
            }
            add(ipam.get("gateway"), Form::Address, false);
        }
        Some("host-local") => {
            let sets = ipam.get("ranges").items().flat_map(Node::items);
            for range in std::iter::once(ipam).chain(sets) {
                add(range.get("subnet"), Form::Network, true);
                add(range.get("rangeStart"), Form::Address, false);
                add(range.get("rangeEnd"), Form::Address, false);
                add(range.get("gateway"), Form::Address, false);
            }
        }
        Some("static") => {
            for address in ipam.get("addresses").items() {
                add(address.get("address"), Form::Network, false);
                add(address.get("gateway"), Form::Address, false);
            }
        }
        _ => {}
    }
    for route in ipam.get("routes").items() {
        add(route.get("dst"), Form::Network, false);
        add(route.get("gw"), Form::Address, false);
    }
    fields
}

/// The network that a range or network lies in: `10.20.0.0/16` of `10.20.0.10-10.20.0.99/16`.
pub fn network_of(text: &str) -> Option<IpNet> {
    let network = text.rsplit('-').next().unwrap_or(text).trim();
    network.parse::<IpNet>().ok().map(|network| network.trunc())
}

/// Whether two networks share an address. Networks of different families never do.
pub fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

impl Form {
    /// Whether `text` has the form.
    pub fn holds(self, text: &str) -> bool {
        match self {
            Self::Network => text.parse::<IpNet>().is_ok(),
            Self::Address => text.parse::<IpAddr>().is_ok(),
            Self::Range => match text.split_once('-') {
                None => text.parse::<IpNet>().is_ok(),
                Some((first, network)) => {
                    let first = first.trim().parse::<IpAddr>();
                    let network = network.trim().parse::<IpNet>();
                    match (first, network) {
                        (Ok(first), Ok(network)) => {
                            network.contains(&first) && first <= network.addr()
                        }
                        _ => false,
                    }
                }
            },
        }
    }

    /// With its article, for a message.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "a network such as `10.20.0.0/16`",
            Self::Range => "a network such as `10.20.0.0/16` or a range in one",
            Self::Address => "an IP address",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_overlap_if_one_lies_in_the_other() {
        let overlap = |one: &str, other: &str| {
            super::overlap(&network_of(one).unwrap(), &network_of(other).unwrap())
        };
        assert!(overlap("10.20.0.10-10.20.0.99/16", "10.20.128.0/17"));
        assert!(overlap("fd00::/48", "fd00:0:0:1::/64") && overlap("10.0.0.1/8", "10.0.0.0/8"));
        assert!(!overlap("10.20.0.0/17", "10.20.128.0/17"));
        assert!(!overlap("fd00::/64", "fd00:0:0:1::/64") && !overlap("0.0.0.0/0", "::/0"));
    }

    #[test]
    fn a_range_lies_in_its_network() {
        for text in ["10.0.0.0/8", "10.0.0.10-10.0.0.20/24", "fd00::/64", "10.0.0.5 - 10.0.0.5/24"]
        {
            assert!(Form::Range.holds(text), "{text}");
        }
        for text in
            ["10.0.0.0", "10.0.0.0/33", "10.0.0.20-10.0.0.10/24", "10.1.0.1-10.0.0.2/24", "x"]
        {
            assert!(!Form::Range.holds(text), "{text}");
        }
        assert!(Form::Address.holds("fd00::1") && !Form::Address.holds("10.0.0.1/24"));
    }
}
