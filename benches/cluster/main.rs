//! What a webhook adds to the creation of a pod: a real API server, with nothing to ask, with a
//! null webhook of the same stack, with Portcullis and its Pod Security pack, and with the same
//! controls as native ValidatingAdmissionPolicies (`native.yaml`); then both doors of Portcullis
//! against two null webhooks.
//!
//! Each way has a namespace of its own, by which webhooks and policies select, so nothing is
//! switched while it is measured. The ways take turns, round after round: what else the machine
//! does hits all of them. The table tells medians of the rounds; ratios are made within a round.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that measures and stops"
)]

mod client;
#[path = "../load/null.rs"]
mod null;
mod plane;
mod pods;
mod table;
#[path = "../load/tls.rs"]
mod tls;
mod way;

use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use bytes::Bytes;
use client::Client;
use plane::address::Block;
use plane::api::{Api, PATIENCE, within};
use plane::files::Files;
use plane::program::folder;
use table::{Round, Table};
use way::{WAYS, Way};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 7;
/// Turns are short, and many make a round: what else the machine does hits all ways alike.
const TURN: Duration = Duration::from_millis(200);
const TURNS: usize = 10;
/// As many as the API server has for each of a few controllers that are busy at once.
const CLIENTS: [usize; 2] = [1, 8];

fn main() {
    let arguments: Vec<String> = env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "null", address, host, directory] => {
            let directory = Path::new(directory);
            fs::create_dir_all(directory).unwrap();
            null::serve(address, host, &directory.join("ca.crt"), echo);
        }
        _ => measure(),
    }
}

fn measure() {
    let root = folder();
    let block = Block::claim();
    let files = Files { root: &root, address: block.plane() };
    files.write();
    let _programs = [files.start_etcd(), files.start_server(&block.services())];
    let api = Api::new(&files.path("admin.kubeconfig"));
    within(PATIENCE, || api.text("/readyz").ok()).expect("the API server gets ready");
    let _webhooks = way::set_up(&api, &root, &block);
    pods::agree(&api);

    let client = Client::new(&root, block.plane());
    let mut table = Table::default();
    // The first requests find cold caches.
    for way in &WAYS {
        client.create(way, 8, TURN * 5);
    }
    for number in 1..=ROUNDS {
        let mut round = Round::default();
        for clients in CLIENTS {
            for _ in 0..TURNS {
                for way in &WAYS {
                    round.put(way, clients, client.create(way, clients, TURN));
                }
            }
            for way in &WAYS {
                api.delete(&way.pods()).unwrap();
            }
        }
        println!("round {number}: {round}");
        table.add(round);
    }
    println!("{table}");
}

/// Allows what it is asked about; the API server wants to see the uid again.
fn echo(body: Bytes) -> Bytes {
    // The first one is the request's.
    let name = b"\"uid\":\"";
    let start = memchr::memmem::find(&body, name).map_or(0, |at| at + name.len());
    let uid = std::str::from_utf8(body.get(start..start + 36).unwrap_or_default());
    let uid = uid.unwrap_or_default();
    let answer = format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{{"uid":"{uid}","allowed":true}}}}"#
    );
    answer.into()
}

impl Way {
    /// The path of the pods of its namespace.
    fn pods(&self) -> String {
        format!("/api/v1/namespaces/{}/pods?gracePeriodSeconds=0", self.namespace)
    }
}
