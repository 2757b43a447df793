//! What kube-proxy does for the chart's Services: it takes connections at a Service's address and
//! spreads them over the pods that are ready, and over one that no longer is for a second more.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::api::Api;
use super::container::{container, port};
use super::node::{GLANCE, OURS, ready};

/// How long it takes until every node knows that a pod is not ready.
const DELAY: Duration = Duration::from_secs(1);

/// How many connections have gone to each pod, and how many of them failed.
#[derive(Clone, Default)]
pub(crate) struct Counts(Arc<Mutex<BTreeMap<SocketAddr, Count>>>);

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub(crate) opened: usize,
    /// The pod did not take it.
    pub(crate) refused: usize,
    pub(crate) open: usize,
}

struct Proxy {
    api: Api,
    counts: Counts,
    /// When a pod was last seen ready, by uid.
    seen: BTreeMap<String, Instant>,
    listeners: BTreeMap<SocketAddr, Listener>,
}

struct Listener {
    backends: Arc<Mutex<Vec<SocketAddr>>>,
    over: Arc<AtomicBool>,
}

/// Plays the proxy for as long as the tests run.
pub(crate) fn start(api: Api) -> Counts {
    let counts = Counts::default();
    let mut proxy =
        Proxy { api, counts: counts.clone(), seen: BTreeMap::new(), listeners: BTreeMap::new() };
    thread::spawn(move || {
        loop {
            thread::sleep(GLANCE);
            // Without the API server the proxy goes on with what it knows.
            _ = proxy.glance();
        }
    });
    counts
}

impl Counts {
    pub(crate) fn of(&self, pod: Ipv4Addr) -> Count {
        let counts = self.0.lock().unwrap();
        let mine = counts.iter().filter(|(address, _)| address.ip() == pod);
        mine.map(|(_, count)| *count).fold(Count::default(), |a, b| Count {
            opened: a.opened + b.opened,
            refused: a.refused + b.refused,
            open: a.open + b.open,
        })
    }

    fn note(&self, pod: SocketAddr, change: impl FnOnce(&mut Count)) {
        change(self.0.lock().unwrap().entry(pod).or_default());
    }
}

impl Proxy {
    fn glance(&mut self) -> Option<()> {
        let pods = self.api.get(&format!("/api/v1/pods?labelSelector={OURS}")).ok()?;
        let services = self.api.get(&format!("/api/v1/services?labelSelector={OURS}")).ok()?;
        let pods = pods["items"].as_array().unwrap();
        for pod in pods.iter().filter(|pod| ready(pod)) {
            self.seen.insert(uid(pod), Instant::now());
        }
        let mut wanted = BTreeMap::new();
        for service in services["items"].as_array().unwrap() {
            let Some(address) =
                service["spec"]["clusterIP"].as_str().and_then(|it| it.parse().ok())
            else {
                continue;
            };
            for entry in service["spec"]["ports"].as_array().unwrap() {
                let number = u16::try_from(entry["port"].as_u64().unwrap()).unwrap();
                let backends = self.backends(service, entry, pods);
                wanted.insert(SocketAddr::new(address, number), backends);
            }
        }
        self.listeners.retain(|address, listener| {
            let stays = wanted.get(address).is_some_and(|it| !it.is_empty());
            if !stays {
                listener.over.store(true, Ordering::Relaxed);
                // Wakes the thread that waits for a connection.
                _ = TcpStream::connect(address);
            }
            stays
        });
        for (address, backends) in wanted.into_iter().filter(|(_, it)| !it.is_empty()) {
            match self.listeners.get(&address) {
                Some(listener) => *listener.backends.lock().unwrap() = backends,
                None => {
                    // The port may still be taken for a moment.
                    let Ok(socket) = TcpListener::bind(address) else { continue };
                    let listener =
                        Listener { backends: Arc::new(Mutex::new(backends)), over: Arc::default() };
                    listener.accept(socket, self.counts.clone());
                    self.listeners.insert(address, listener);
                }
            }
        }
        Some(())
    }

    fn backends(&self, service: &Json, entry: &Json, pods: &[Json]) -> Vec<SocketAddr> {
        let selector = service["spec"]["selector"].as_object().unwrap();
        let selected = |pod: &&Json| {
            let labels = &pod["metadata"]["labels"];
            pod["metadata"]["namespace"] == service["metadata"]["namespace"]
                && selector.iter().all(|(key, value)| labels[key] == *value)
        };
        let recent = |pod: &&Json| self.seen.get(&uid(pod)).is_some_and(|it| it.elapsed() < DELAY);
        let address = |pod: &Json| {
            let address: Ipv4Addr = pod["status"]["podIP"].as_str()?.parse().ok()?;
            Some(SocketAddr::from((address, port(container(pod), &entry["targetPort"]))))
        };
        pods.iter().filter(selected).filter(recent).filter_map(address).collect()
    }
}

impl Listener {
    fn accept(&self, socket: TcpListener, counts: Counts) {
        let (backends, over) = (Arc::clone(&self.backends), Arc::clone(&self.over));
        thread::spawn(move || {
            let turn = AtomicUsize::new(0);
            for client in socket.incoming() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(client) = client else { continue };
                let backend = {
                    let backends = backends.lock().unwrap();
                    backends[turn.fetch_add(1, Ordering::Relaxed) % backends.len()]
                };
                let counts = counts.clone();
                thread::spawn(move || join(client, backend, &counts));
            }
        });
    }
}

/// Carries bytes both ways until both sides have ended.
fn join(client: TcpStream, backend: SocketAddr, counts: &Counts) {
    counts.note(backend, |it| it.opened += 1);
    let Ok(server) = TcpStream::connect_timeout(&backend, DELAY) else {
        counts.note(backend, |it| it.refused += 1);
        return;
    };
    counts.note(backend, |it| it.open += 1);
    for stream in [&client, &server] {
        // Reviews are small, and are waited for.
        _ = stream.set_nodelay(true);
    }
    let (Ok(from), Ok(to)) = (client.try_clone(), server.try_clone()) else { return };
    let back = thread::spawn(move || carry(&server, &client));
    carry(&from, &to);
    _ = back.join();
    counts.note(backend, |it| it.open -= 1);
}

fn carry(mut from: &TcpStream, mut to: &TcpStream) {
    _ = io::copy(&mut from, &mut to);
    _ = to.shutdown(Shutdown::Write);
}

fn uid(pod: &Json) -> String {
    pod["metadata"]["uid"].as_str().unwrap().to_owned()
}
