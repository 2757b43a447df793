//! Loopback addresses that belong to one run of the tests alone: `127.0.0.0/8` is all ours.

use std::net::{Ipv4Addr, TcpListener};

/// The claim on one number of 1 to 254, for as long as it lives.
pub(crate) struct Block {
    number: u8,
    _claim: TcpListener,
}

impl Block {
    /// Claims the first number that no other run has.
    pub(crate) fn claim() -> Self {
        let free = (1..=254).find_map(|number| {
            let claim = TcpListener::bind((Ipv4Addr::new(127, 4, number, 1), 20_004));
            Some(Self { number, _claim: claim.ok()? })
        });
        free.expect("two hundred control planes run on this machine")
    }

    /// The range of Services, as the API server's flag writes it.
    pub(crate) fn services(&self) -> String {
        format!("127.1.{}.0/24", self.number)
    }

    /// The addresses of pods, each of its own number.
    pub(crate) fn pods(&self) -> impl Fn(u8) -> Ipv4Addr + Send + 'static {
        let number = self.number;
        move |index| Ipv4Addr::new(127, 2, number, index)
    }

    /// The address of the control plane.
    pub(crate) fn plane(&self) -> Ipv4Addr {
        Ipv4Addr::new(127, 3, self.number, 1)
    }
}
