//! The kubelet of the node `player`: it runs the chart's pods as processes of this machine.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::api::Api;
use super::container::{Ground, container, probe, run};
use super::node::{GLANCE, path};
use super::program::signal;
use super::volume;

/// How often volumes are compared with what they show.
const REFRESH: Duration = Duration::from_secs(1);

type MakeKubeconfig = Box<dyn Fn(&str, &str) -> String + Send>;

pub(crate) struct Kubelet {
    pods: Arc<Mutex<BTreeMap<String, Played>>>,
}

struct Node {
    api: Api,
    root: PathBuf,
    kubeconfig: MakeKubeconfig,
    address: Box<dyn Fn(u8) -> Ipv4Addr + Send>,
    /// How many pods there have been.
    count: u8,
}

/// A pod that runs here.
struct Played {
    name: String,
    address: Ipv4Addr,
    root: PathBuf,
    child: Child,
    started: Instant,
    restarts: u32,
    refreshed: Instant,
    probed: Option<Instant>,
    ready: bool,
    /// When it was asked to end.
    asked: Option<Instant>,
    /// What the API server was last told.
    told: Json,
}

impl Kubelet {
    /// Plays the node for as long as the tests run.
    pub(crate) fn start(
        api: Api,
        root: &Path,
        kubeconfig: MakeKubeconfig,
        address: Box<dyn Fn(u8) -> Ipv4Addr + Send>,
    ) -> Self {
        let pods: Arc<Mutex<BTreeMap<String, Played>>> = Arc::default();
        let mut node = Node { api, root: root.to_owned(), kubeconfig, address, count: 0 };
        let shared = Arc::clone(&pods);
        thread::spawn(move || {
            loop {
                thread::sleep(GLANCE);
                node.glance(&mut shared.lock().unwrap());
            }
        });
        Self { pods }
    }

    /// Sends a signal to the process of a pod.
    pub(crate) fn signal(&self, pod: &str, name: &str) {
        let pods = self.pods.lock().unwrap();
        let played = pods.values().find(|it| it.name == pod).expect("the pod runs");
        signal(&played.child, name);
    }

    /// The addresses of the pods that run, by name.
    pub(crate) fn addresses(&self) -> BTreeMap<String, Ipv4Addr> {
        let pods = self.pods.lock().unwrap();
        pods.values().map(|it| (it.name.clone(), it.address)).collect()
    }

    /// What the pods have written, the last lines of each.
    pub(crate) fn logs(&self) -> String {
        let pods = self.pods.lock().unwrap();
        let log = |it: &Played| {
            let text = fs::read_to_string(it.root.join("log")).unwrap_or_default();
            let lines: Vec<&str> = text.lines().rev().take(60).collect();
            let lines = lines.into_iter().rev().collect::<Vec<_>>().join("\n");
            format!("--- {}\n{lines}\n", it.name)
        };
        pods.values().map(log).collect()
    }
}

impl Node {
    fn glance(&mut self, pods: &mut BTreeMap<String, Played>) {
        let mine = self.api.get("/api/v1/pods?fieldSelector=spec.nodeName%3Dplayer");
        // A kubelet goes on without an API server, with what it knows.
        let Ok(mine) = mine else { return };
        let mine = mine["items"].as_array().unwrap();
        let uid = |pod: &Json| pod["metadata"]["uid"].as_str().unwrap().to_owned();
        for pod in mine {
            let leaving = pod["metadata"]["deletionTimestamp"].is_string();
            match pods.get_mut(&uid(pod)) {
                Some(played) => {
                    if !self.attend(pod, played) {
                        pods.remove(&uid(pod));
                    }
                }
                None if leaving => _ = self.api.delete_now(&path(pod)),
                None if ended(pod) => {}
                None => _ = self.begin(pod).map(|played| pods.insert(uid(pod), played)),
            }
        }
        pods.retain(|known, played| {
            let present = mine.iter().any(|pod| uid(pod) == *known);
            if !present {
                _ = played.child.kill();
                _ = played.child.wait();
            }
            present
        });
    }

    fn begin(&mut self, pod: &Json) -> Option<Played> {
        let name = pod["metadata"]["name"].as_str().unwrap().to_owned();
        let root = self.root.join(&name);
        fs::create_dir_all(&root).unwrap();
        let volumes = volume::refresh(&self.api, pod, &root)?;
        // 0 and 255 are no addresses of a pod.
        self.count = if self.count == 254 { 1 } else { self.count + 1 };
        let address = (self.address)(self.count);
        // What the downward API tells has to be there before the container is.
        let mut seen = pod.clone();
        seen["status"]["podIP"] = json!(address);
        let ground =
            Ground { volumes: &volumes, address, root: &root, kubeconfig: &self.kubeconfig };
        let child = run(&seen, &ground);
        let now = Instant::now();
        Some(Played {
            name,
            address,
            root,
            child,
            started: now,
            restarts: 0,
            refreshed: now,
            probed: None,
            ready: false,
            asked: None,
            told: Json::Null,
        })
    }

    /// Does what is to do for a pod; false once it has ended and is gone.
    fn attend(&self, pod: &Json, played: &mut Played) -> bool {
        let exit = played.child.try_wait().unwrap();
        if pod["metadata"]["deletionTimestamp"].is_string() {
            let grace = pod["metadata"]["deletionGracePeriodSeconds"].as_u64().unwrap_or(30);
            let asked = *played.asked.get_or_insert_with(|| {
                signal(&played.child, "TERM");
                Instant::now()
            });
            if exit.is_some() || asked.elapsed() > Duration::from_secs(grace) {
                _ = played.child.kill();
                _ = played.child.wait();
                return self.api.delete_now(&path(pod)).is_err();
            }
        } else if let Some(status) = exit {
            if pod["spec"]["restartPolicy"] == "Never" {
                let phase = if status.success() { "Succeeded" } else { "Failed" };
                return !self.tell(pod, played, phase);
            }
            played.ready = false;
            self.restart(pod, played);
        }
        if played.refreshed.elapsed() > REFRESH {
            played.refreshed = Instant::now();
            _ = volume::refresh(&self.api, pod, &played.root);
        }
        self.look(pod, played);
        self.tell(pod, played, "Running");
        true
    }

    /// Starts a container again that has ended; one that ends at once waits a second.
    fn restart(&self, pod: &Json, played: &mut Played) {
        if played.started.elapsed() < Duration::from_secs(1) {
            return;
        }
        let Some(volumes) = volume::refresh(&self.api, pod, &played.root) else { return };
        let mut seen = pod.clone();
        seen["status"]["podIP"] = json!(played.address);
        let (address, root) = (played.address, played.root.as_path());
        let ground = Ground { volumes: &volumes, address, root, kubeconfig: &self.kubeconfig };
        played.child = run(&seen, &ground);
        played.started = Instant::now();
        played.restarts += 1;
    }

    /// Probes when the probe is due.
    fn look(&self, pod: &Json, played: &mut Played) {
        let period = container(pod)["readinessProbe"]["periodSeconds"].as_u64().unwrap_or(10);
        // A probe succeeds for the first time as soon as it can, so that tests don't wait.
        let period = if played.ready { Duration::from_secs(period) } else { GLANCE };
        if played.probed.is_none_or(|it| it.elapsed() >= period) {
            played.probed = Some(Instant::now());
            played.ready = probe(pod, played.address);
        }
    }

    /// Tells the API server how the pod is, if that has changed; whether it knows now.
    fn tell(&self, pod: &Json, played: &mut Played, phase: &str) -> bool {
        let ready = played.ready && phase == "Running";
        let state = json!([phase, ready, played.restarts]);
        if played.told == state {
            return true;
        }
        let now = Timestamp::now().strftime("%FT%TZ").to_string();
        let condition = |kind: &str, holds: bool| {
            let status = if holds { "True" } else { "False" };
            json!({"type": kind, "status": status, "lastTransitionTime": now})
        };
        let image = &container(pod)["image"];
        let running = match phase {
            "Running" => json!({"running": {"startedAt": now}}),
            _ => json!({"terminated": {"exitCode": i32::from(phase == "Failed")}}),
        };
        let status = json!({
            "phase": phase,
            "podIP": played.address,
            "podIPs": [{"ip": played.address}],
            "startTime": now,
            "conditions": [
                condition("PodScheduled", true),
                condition("Initialized", true),
                condition("ContainersReady", ready),
                condition("Ready", ready),
            ],
            "containerStatuses": [{
                "name": container(pod)["name"],
                "image": image,
                "imageID": image,
                "ready": ready,
                "started": true,
                "restartCount": played.restarts,
                "state": running,
            }],
        });
        let patch = json!({"metadata": {"uid": pod["metadata"]["uid"]}, "status": status});
        let told = self.api.patch(&format!("{}/status", path(pod)), &patch).is_ok();
        if told {
            played.told = state;
        }
        told
    }
}

fn ended(pod: &Json) -> bool {
    matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}
