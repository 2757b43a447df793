//! A manifest and the object that the API server makes of it read the same.
//!
//! Each pair is a manifest as a person writes it and what the API server has after it: every field
//! that is in only one of both must be explained by the table, and read equal through a node.

use std::fs;
use std::path::{Path as FilePath, PathBuf};

use super::form::{Fill, Form, List};
use super::{KUBERNETES, known, store};
use crate::document::{Value, json, yaml};
use crate::engine::{Budget, Identity, Node, Schema, Shape, Walk};

/// What the two objects differ in, one line a place.
fn differences(mut manifest: Value<'_>, received: &Value<'_>) -> Vec<String> {
    let identity = Identity::of_object(&manifest).unwrap();
    store(&mut manifest, &identity);
    let walk = |object| Walk::new(&KUBERNETES, &identity, object, Budget::default());
    let (written, received) = (walk(&manifest), walk(received));
    let mut found = Vec::new();
    compare(written.root(), received.root(), &mut found);
    found
}

fn compare<'s>(written: Node<'s>, received: Node<'s>, found: &mut Vec<String>) {
    if written.exists() != received.exists() && !has_injected(received.shape()) {
        let (mine, its) = (written.exists(), received.exists());
        found.push(format!("{}: exists {mine}, received {its}", received.path()));
    }
    if let Some(map) = received.value().and_then(Value::as_map) {
        let keys = map.iter().filter(|field| !field.value.is_null()).map(|field| &*field.key);
        let mut keys: Vec<&'s str> = keys.collect();
        keys.extend(written.fields().map(|(key, _)| key));
        for key in keys {
            if !is_assigned(received.shape(), key) {
                compare(written.get(key), received.get(key), found);
            }
        }
    } else if received.value().and_then(Value::as_list).is_some() {
        let (mine, its): (Vec<_>, Vec<_>) = (written.items().collect(), received.items().collect());
        if mine.len() != its.len() {
            found.push(format!(
                "{}: {} items, {} received",
                received.path(),
                mine.len(),
                its.len()
            ));
        }
        mine.into_iter().zip(its).for_each(|(mine, its)| compare(mine, its, found));
    } else if written.value() != received.value() {
        let (mine, its) = (written.value(), received.value());
        found.push(format!("{}: {mine:?}, received {its:?}", received.path()));
    }
}

/// Whether nobody can know beforehand what the API server puts there.
fn is_assigned(parent: Shape, key: &str) -> bool {
    known(parent).is_some_and(|entry| match entry.form {
        Form::Map(keys) => keys.assigned.contains(&key),
        _ => entry.field(key).is_some_and(|(row, shape)| {
            matches!(row.fill, Fill::Assigned | Fill::MayBeAssigned) && !has_injected(shape)
        }),
    })
}

/// Whether the API server adds items to the list, which are not counted.
fn has_injected(list: Shape) -> bool {
    let form = known(list).map(|entry| entry.form);
    matches!(form, Some(Form::List(List { injected: Some(_), .. })))
}

fn fixtures() -> PathBuf {
    FilePath::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/defaults")
}

#[expect(clippy::disallowed_methods, reason = "a test reads its fixtures")]
fn read(file: &FilePath) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[expect(clippy::disallowed_methods, reason = "a test reads its fixtures")]
fn manifests_in(folder: &FilePath) -> Vec<PathBuf> {
    let Ok(files) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|it| it == "yaml"));
    files.sort();
    files
}

#[test]
fn every_default_of_the_fixtures_is_in_the_table() {
    let files = manifests_in(&fixtures());
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let (manifests, received) = (read(&file), read(&file.with_extension("json")));
        let received = json::read(&received).unwrap().value;
        let received = received.as_list().unwrap();
        let manifests: Vec<_> = yaml::read(&manifests).map(|it| it.unwrap().value).collect();
        assert_eq!(manifests.len(), received.len(), "{}", file.display());
        for (place, (manifest, received)) in manifests.into_iter().zip(received).enumerate() {
            let found = differences(manifest, received);
            assert!(found.is_empty(), "{} document {place}: {found:#?}", file.display());
        }
    }
}

#[test]
fn recorded_pairs_read_equal() {
    let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reviews/pairs");
    for file in manifests_in(&folder) {
        let manifest = read(&file);
        for stage in ["mutating.json", "validating.json"] {
            let review = read(&file.with_extension(stage));
            let review = json::read(&review).unwrap().value;
            let received = review.at(&["request", "object"]).unwrap();
            let manifest = yaml::read(&manifest).next().unwrap().unwrap().value;
            let found = differences(manifest, received);
            assert!(found.is_empty(), "{} {stage}: {found:#?}", file.display());
        }
    }
}

#[test]
fn what_is_always_filled_is_so_in_every_fixture() {
    for file in manifests_in(&fixtures()) {
        let received = read(&file.with_extension("json"));
        let received = json::read(&received).unwrap().value;
        for object in received.as_list().unwrap() {
            let identity = Identity::of_object(object).unwrap();
            let walk = Walk::new(&KUBERNETES, &identity, object, Budget::default());
            let form = known(KUBERNETES.root(&identity)).unwrap().form;
            check_filled(walk.root(), form);
        }
    }
}

#[test]
fn what_the_api_server_keeps_is_kept() {
    for file in manifests_in(&fixtures()) {
        let received = read(&file.with_extension("json"));
        let received = json::read(&received).unwrap().value;
        for object in received.as_list().unwrap() {
            let identity = Identity::of_object(object).unwrap();
            let mut stored = object.clone();
            store(&mut stored, &identity);
            assert_eq!(stored, *object, "{}", identity.kind);
        }
    }
}

/// Only the values of the table itself: what plugins and creation add is not in the fixtures.
fn check_filled(node: Node<'_>, form: &Form) {
    match form {
        Form::Struct(rows) => {
            for row in rows.iter().filter(|row| node.get(row.key).is_written()) {
                check_filled(node.get(row.key), row.form);
            }
            let filled =
                rows.iter().filter(|row| matches!(row.fill, Fill::Is(_) | Fill::Depends(_)));
            for row in filled {
                assert!(node.get(row.key).exists(), "{}: {}", node.path(), row.key);
            }
        }
        Form::List(list) => node.items().for_each(|item| check_filled(item, list.item)),
        _ => {}
    }
}
