//! What a kubelet puts into the volumes of a pod, in folders below the pod's own: a changed object
//! is shown by one swap of a symbolic link, as the kubelet shows it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::api::Api;

type Files = BTreeMap<String, Vec<u8>>;

/// Brings all volumes of a pod up to date, and says in which folder each is. None if an object is
/// not there that has to be: then the pod waits.
pub(crate) fn refresh(api: &Api, pod: &Json, root: &Path) -> Option<BTreeMap<String, PathBuf>> {
    let volumes = pod["spec"]["volumes"].as_array().cloned().unwrap_or_default();
    let shown = volumes.iter().map(|volume| {
        let name = volume["name"].as_str().unwrap().to_owned();
        let folder = root.join("volumes").join(&name);
        if !folder.is_dir() {
            fs::create_dir_all(&folder).unwrap();
        }
        // A claim on a volume is a folder that is as old as the pod.
        if volume["emptyDir"].is_null() && volume["persistentVolumeClaim"].is_null() {
            show(&folder, &content(api, pod, volume)?);
        }
        Some((name, folder))
    });
    shown.collect()
}

/// The files of one source, or of one of the sources of a projection.
fn content(api: &Api, pod: &Json, source: &Json) -> Option<Files> {
    let namespace = pod["metadata"]["namespace"].as_str().unwrap();
    if let Some(sources) = source["projected"]["sources"].as_array() {
        let all: Option<Vec<Files>> = sources.iter().map(|it| content(api, pod, it)).collect();
        return Some(all?.into_iter().flatten().collect());
    }
    if source["serviceAccountToken"].is_object() {
        let wanted = &source["serviceAccountToken"];
        return Some(Files::from([(text(&wanted["path"]), token(api, pod, wanted)?)]));
    }
    if let Some(items) = source["downwardAPI"]["items"].as_array() {
        let file = |it: &Json| (text(&it["path"]), field(pod, &it["fieldRef"]).into_bytes());
        return Some(items.iter().map(file).collect());
    }
    let (kind, wanted, name) = match (&source["configMap"], &source["secret"]) {
        (map @ Json::Object(_), _) => ("configmaps", map, &map["name"]),
        (_, secret @ Json::Object(_)) if secret["secretName"].is_string() => {
            ("secrets", secret, &secret["secretName"])
        }
        (_, secret @ Json::Object(_)) => ("secrets", secret, &secret["name"]),
        _ => panic!("the player knows no such volume: {source}"),
    };
    let path = format!("/api/v1/namespaces/{namespace}/{kind}/{}", text(name));
    let object = match api.get(&path) {
        Ok(object) => object,
        Err(refused) if refused.code == 404 && wanted["optional"] == true => {
            return Some(Files::new());
        }
        Err(_) => return None,
    };
    let data = object["data"].as_object().cloned().unwrap_or_default();
    let plain = kind == "configmaps";
    let bytes = |value: &Json| {
        let value = text(value);
        if plain { value.into_bytes() } else { STANDARD.decode(value).unwrap() }
    };
    let Some(items) = wanted["items"].as_array() else {
        return Some(data.iter().map(|(key, value)| (key.clone(), bytes(value))).collect());
    };
    let item = |it: &Json| Some((text(&it["path"]), bytes(data.get(it["key"].as_str()?)?)));
    items.iter().map(item).collect()
}

/// A token of the pod's service account. One of a pod is as good as another, and lives longer than
/// the tests, so it is asked for once.
fn token(api: &Api, pod: &Json, wanted: &Json) -> Option<Vec<u8>> {
    let uid = text(&pod["metadata"]["uid"]);
    let audience = wanted["audience"].as_str().unwrap_or_default().to_owned();
    let mut tokens = TOKENS.lock().unwrap();
    let key = (uid, audience.clone());
    if let Some(token) = tokens.get(&key) {
        return Some(token.clone());
    }
    let audiences = if audience.is_empty() { vec![] } else { vec![audience] };
    let request = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {
            "audiences": audiences,
            "expirationSeconds": 3607,
            "boundObjectRef": {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": pod["metadata"]["name"],
                "uid": pod["metadata"]["uid"],
            },
        },
    });
    let account = pod["spec"]["serviceAccountName"].as_str().unwrap_or("default");
    let namespace = text(&pod["metadata"]["namespace"]);
    let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token");
    let token = text(&api.post(&path, &request).ok()?["status"]["token"]).into_bytes();
    tokens.insert(key, token.clone());
    Some(token)
}

static TOKENS: std::sync::Mutex<BTreeMap<(String, String), Vec<u8>>> =
    std::sync::Mutex::new(BTreeMap::new());

/// A field of the pod, as the downward API gives it.
pub(crate) fn field(pod: &Json, reference: &Json) -> String {
    let path = text(&reference["fieldPath"]);
    let value = path.split('.').fold(pod, |value, key| &value[key]);
    value.as_str().unwrap_or_else(|| panic!("the player has no `{path}`")).to_owned()
}

/// Shows these files in a folder, all at one moment.
fn show(folder: &Path, files: &Files) {
    let data = folder.join("..data");
    let same = |(name, bytes): (&String, &Vec<u8>)| {
        fs::read(data.join(name)).is_ok_and(|present| present == *bytes)
    };
    let present = fs::read_dir(&data).map_or(usize::MAX, Iterator::count);
    if present == files.len() && files.iter().all(same) {
        return;
    }
    let version = tempfile::Builder::new().prefix("..version-").tempdir_in(folder).unwrap().keep();
    for (name, bytes) in files {
        fs::write(version.join(name), bytes).unwrap();
        let link = folder.join(name);
        if fs::symlink_metadata(&link).is_err() {
            symlink(Path::new("..data").join(name), link).unwrap();
        }
    }
    let old = fs::read_link(&data).ok();
    symlink(version.file_name().unwrap(), folder.join("..data_tmp")).unwrap();
    fs::rename(folder.join("..data_tmp"), &data).unwrap();
    if let Some(old) = old {
        fs::remove_dir_all(folder.join(old)).unwrap();
    }
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.starts_with("..") && !files.contains_key(&name) {
            fs::remove_file(folder.join(name)).unwrap();
        }
    }
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
