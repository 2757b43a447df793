//! PolicyReports in the cluster: written when they change, deleted when there is nothing left to
//! report.

use std::cmp::Reverse;
use std::collections::HashMap;

use kube::Client;
use kube::api::{DeleteParams, Patch, PatchParams, Request};
use kube::discovery::ApiResource;

use super::Error;
use super::family::families;
use super::record::{HASH, LABEL, Record, Reports};
use super::scan::Scan;
use crate::cluster::discovery::Served;
use crate::cluster::page::{Depth, Pace, Pages, Target};
use crate::cluster::words;
use crate::document::Value;

/// How much may be written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Of all reports together.
    pub max_bytes: usize,
    /// At most; 0 for as many as there can be.
    pub requests_per_second: f64,
}

/// What became of the reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The reports that are now in the cluster.
    pub reports: usize,
    pub bytes: usize,
    pub created: usize,
    pub changed: usize,
    pub deleted: usize,
    /// Reports that could not be written or deleted, and why the first could not.
    pub failed: usize,
    pub problem: Option<String>,
    /// Reports that there was no room for.
    pub left_out: usize,
    /// Reports that do not hold all results.
    pub cut: usize,
    pub requests: usize,
}

/// Why no report was written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritten {
    /// The definitions of the reports are not installed, or their version is not served.
    #[error("the API server does not serve `{0}`")]
    NotServed(String),
    #[error(transparent)]
    Failed(#[from] Error),
}

/// A report that is in the cluster.
struct Found {
    hash: String,
}

/// Writes the reports of an audit, and deletes those of which nothing is left. One of a single
/// namespace leaves the others alone.
///
/// # Errors
///
/// The reports are not served or can't be listed. That some could not be written is told in what
/// is returned.
pub async fn write(
    client: &Client,
    served: &Served,
    scan: &Scan,
    namespace: Option<&str>,
    reports: Reports,
    limits: Limits,
) -> Result<Written, Unwritten> {
    let pace = Pace::new(limits.requests_per_second);
    let mut written = Written::default();
    let records = chosen(scan, reports, limits.max_bytes, &mut written);
    for in_namespace in [true, false] {
        // What lies in no namespace is no matter of one.
        if namespace.is_some() && !in_namespace {
            continue;
        }
        let api = served_kind(served, reports, in_namespace)?;
        let desk = Desk { client, pace: &pace, api };
        let found = desk.found(namespace).await?;
        let mine = records.iter().filter(|it| it.namespace.is_some() == in_namespace);
        desk.bring(mine, found, &mut written).await;
    }
    written.requests = pace.count();
    Ok(written)
}

/// The reports that there is room for, the worst first.
fn chosen(scan: &Scan, reports: Reports, max_bytes: usize, written: &mut Written) -> Vec<Record> {
    let families = families(scan);
    let mut records: Vec<Record> =
        families.iter().filter_map(|family| Record::of(family, reports)).collect();
    records.sort_by(|one, two| {
        let key = |it: &Record| (Reverse(it.weight), it.namespace.clone(), it.name.clone());
        key(one).cmp(&key(two))
    });
    let all = records.len();
    records.retain(|record| {
        let fits = written.bytes + record.body.len() <= max_bytes;
        written.bytes += if fits { record.body.len() } else { 0 };
        fits
    });
    written.reports = records.len();
    written.left_out = all - records.len();
    written.cut = records.iter().filter(|record| record.left_out > 0).count();
    records
}

fn served_kind(
    served: &Served,
    reports: Reports,
    in_namespace: bool,
) -> Result<&ApiResource, Unwritten> {
    let (group, version) = (reports.group(), reports.version());
    let kind = reports.kind(in_namespace);
    let is_it =
        |api: &&ApiResource| api.group == group && api.version == version && api.kind == kind;
    let api = served.resources.iter().map(|it| &it.api).find(is_it);
    api.ok_or_else(|| Unwritten::NotServed(format!("{group}/{version}/{kind}")))
}

/// Where reports of one kind are written.
struct Desk<'d> {
    client: &'d Client,
    pace: &'d Pace,
    api: &'d ApiResource,
}

/// The namespace and the name of a report.
type Name = (Option<String>, String);

impl Desk<'_> {
    /// The reports of an earlier audit.
    async fn found(&self, namespace: Option<&str>) -> Result<HashMap<Name, Found>, Error> {
        let target = Target {
            namespace: namespace.map(str::to_owned),
            depth: Depth::Metadata,
            labels: Some(format!("{}={}", LABEL.0, LABEL.1)),
            ..Target::new(self.api)
        };
        let mut pages = Pages::new(self.client, &target).paced(self.pace);
        let mut found = HashMap::new();
        while let Some(page) = pages.next().await.map_err(Error::Api)? {
            let objects = page.read().map_err(|problem| Error::unreadable(self.api, &problem))?;
            for object in objects {
                let hash = object.value.at(&["metadata", "annotations", HASH]);
                let hash = hash.and_then(Value::as_str).unwrap_or_default().to_owned();
                let it = &object.identity;
                found.insert((it.namespace.clone(), it.name.clone()), Found { hash });
            }
        }
        Ok(found)
    }

    /// Makes what is in the cluster what it should be.
    async fn bring<'r>(
        &self,
        records: impl Iterator<Item = &'r Record>,
        mut found: HashMap<Name, Found>,
        written: &mut Written,
    ) {
        for record in records {
            let before = found.remove(&(record.namespace.clone(), record.name.clone()));
            if before.as_ref().is_some_and(|it| it.hash == record.hash) {
                continue;
            }
            match self.apply(record).await {
                Ok(()) if before.is_some() => written.changed += 1,
                Ok(()) => written.created += 1,
                // The object goes, and needs no report any more.
                Err(error) if is_going(&error) => {
                    written.reports -= 1;
                    written.bytes -= record.body.len();
                }
                Err(error) => written.fail(&error),
            }
        }
        let mut stale: Vec<Name> = found.into_keys().collect();
        stale.sort();
        for (namespace, name) in stale {
            match self.delete(namespace, &name).await {
                Ok(()) => written.deleted += 1,
                Err(error) => written.fail(&error),
            }
        }
    }

    async fn apply(&self, record: &Record) -> Result<(), kube::Error> {
        let body: serde_json::Value =
            serde_json::from_slice(&record.body).map_err(kube::Error::SerdeError)?;
        let by = PatchParams::apply("portcullis").force();
        let request = Request::new(self.url(record.namespace.clone()));
        let request = request.patch(&record.name, &by, &Patch::Apply(body));
        self.send(request.map_err(kube::Error::BuildRequest)?).await
    }

    async fn delete(&self, namespace: Option<String>, name: &str) -> Result<(), kube::Error> {
        let request = Request::new(self.url(namespace)).delete(name, &DeleteParams::default());
        match self.send(request.map_err(kube::Error::BuildRequest)?).await {
            // It went with the object that it was about.
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            ended => ended,
        }
    }

    fn url(&self, namespace: Option<String>) -> String {
        Target { namespace, ..Target::new(self.api) }.url()
    }

    async fn send(&self, request: hyper::http::Request<Vec<u8>>) -> Result<(), kube::Error> {
        self.pace.wait().await;
        self.client.request_text(request).await.map(drop)
    }
}

/// Whether nothing can be made in a namespace because it is gone or about to be.
fn is_going(error: &kube::Error) -> bool {
    let kube::Error::Api(status) = error else { return false };
    let causes = status.details.iter().flat_map(|details| &details.causes);
    status.code == 404 || causes.into_iter().any(|it| it.reason == "NamespaceTerminating")
}

impl Written {
    fn fail(&mut self, error: &kube::Error) {
        self.failed += 1;
        self.problem.get_or_insert_with(|| words(error));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Value as Json;

    use super::super::record::LONGEST;
    use super::super::scan::Judged;
    use super::*;
    use crate::cluster::engine;
    use crate::cluster::page::Object;
    use crate::engine::{Budget, Facts, Subject};

    const POLICY: &str = "apiVersion: portcullis.skao.int/v1alpha1
kind: Policy
metadata: {name: test}
spec:
  rules:
  - {rule: field-matches, params: {field: 'data[*]', pattern: 'never-[a-z]+'}, scope: {kinds: [v1/ConfigMap]}}
";

    /// An audit of ConfigMaps, each with so many fields that are wrong.
    fn audit(objects: &[(&str, usize)]) -> Scan {
        let (engine, mut scan) = (engine(POLICY), Scan::default());
        let api = ApiResource::erase::<k8s_openapi::api::core::v1::ConfigMap>(&());
        for (name, fields) in objects {
            let data: Vec<String> =
                (0..*fields).map(|it| format!(r#""key-{it}":"v{it}""#)).collect();
            let text = format!(
                r#"{{"metadata":{{"name":"{name}","namespace":"demo","uid":"u-{name}"}},"data":{{"password":"hunter2-{name}"{}{}}}}}"#,
                if data.is_empty() { "" } else { "," },
                data.join(","),
            );
            let Object { identity, value } = Object::read(&text, &api).unwrap().unwrap();
            let subject = Subject::new(Arc::clone(&identity), &value);
            let report = engine.evaluate(&subject, &Facts::default(), Budget::default());
            scan.judged.push(Judged { root: Arc::clone(&identity), identity, report });
        }
        scan
    }

    fn records(scan: &Scan, max_bytes: usize) -> (Vec<Record>, Written) {
        let mut written = Written::default();
        (chosen(scan, Reports::PolicyReport, max_bytes, &mut written), written)
    }

    #[test]
    fn a_report_that_is_too_long_says_how_many_results_it_leaves_out() {
        let (records, written) = records(&audit(&[("long", 200)]), usize::MAX);
        let [record] = records.as_slice() else { panic!("{records:?}") };
        assert!(record.body.len() <= LONGEST && record.body.len() > LONGEST / 2);
        let body: Json = serde_json::from_slice(&record.body).unwrap();
        let held = body["results"].as_array().unwrap().len();
        assert_eq!(body["summary"]["fail"], 201);
        let left_out = &body["metadata"]["annotations"]["portcullis.skao.int/results-left-out"];
        assert_eq!(left_out, &(201 - held).to_string());
        assert_eq!((record.left_out, written.cut), (201 - held, 1));
    }

    #[test]
    fn a_report_is_about_its_object_and_holds_no_secret() {
        let (records, _) = records(&audit(&[("small", 1)]), usize::MAX);
        let text = String::from_utf8(records[0].body.clone()).unwrap();
        assert!(!text.contains("hunter2") && text.contains("•••"), "{text}");
        let body: Json = serde_json::from_str(&text).unwrap();
        let owner = &body["metadata"]["ownerReferences"][0];
        assert_eq!((&owner["uid"], &owner["apiVersion"]), (&"u-small".into(), &"v1".into()));
        assert_eq!(body["scope"]["namespace"], "demo");
        assert_eq!(body["metadata"]["name"], "portcullis-u-small");
        assert!(body["results"].as_array().unwrap().iter().all(|it| it.get("resources").is_none()));
    }

    #[test]
    fn equal_audits_have_equal_hashes_and_others_have_not() {
        let hash = |scan: &Scan| records(scan, usize::MAX).0.remove(0).hash;
        let first = hash(&audit(&[("one", 3)]));
        assert_eq!(first, hash(&audit(&[("one", 3)])));
        assert_ne!(first, hash(&audit(&[("one", 4)])));
    }

    #[test]
    fn the_worst_objects_are_reported_where_there_is_no_room_for_all() {
        let scan = audit(&[("a", 0), ("b", 5), ("c", 2)]);
        let (all, _) = records(&scan, usize::MAX);
        let room = all[0].body.len() + all[1].body.len();
        let (some, written) = records(&scan, room);
        let names: Vec<&str> = some.iter().map(|it| &*it.name).collect();
        assert_eq!(names, ["portcullis-u-b", "portcullis-u-c"]);
        assert_eq!((written.reports, written.left_out, written.bytes), (2, 1, room));
    }
}
