//! What the API server keeps of a manifest as it is written.
//!
//! Reading a built-in kind into its Go type and writing it back changes more than what is absent.
//! Values that equal an absent field go (`hostNetwork: false`, `value: ""`, `args: []`),
//! quantities get their canonical form (`0.1` becomes `"100m"`), and a Secret's `stringData`
//! becomes `data`. A webhook sees the object after that, so a manifest is judged after it too.
//! Sources: k8s.io/api (`omitempty` on fields that are no pointers), `pkg/apis/core/v1`
//! (`SetDefaults_ResourceList`, `Convert_v1_Secret_To_core_Secret`).

use std::borrow::Cow;

use super::form::Form;
use super::index::INDEX;
use super::kind;
use super::table::KINDS;
use crate::document::{Body, Entry, Map, Value};
use crate::engine::{Identity, Shape};
use crate::resource::quantity;

/// Makes of an object what the API server keeps of it, before defaults. What stays keeps its place
/// in the text; an object of an unknown or custom kind stays as it is.
pub fn store(object: &mut Value<'_>, identity: &Identity) {
    let place = kind::position(identity);
    let known = place.and_then(|place| KINDS.get(place).zip(INDEX.roots.get(place)));
    let Some((kind, root)) = known.filter(|(kind, _)| kind::is_built_in(kind.group)) else {
        return;
    };
    keep(object, kind.form, *root);
    if kind.name == "Secret" {
        merge_string_data(object);
    }
}

/// Leaves what stays of a value of this form, which is that of the shape if anything is known
/// below it.
fn keep(value: &mut Value<'_>, form: &Form, shape: Shape) {
    let Some(index) = INDEX.entry(shape) else { return };
    match (form, &mut value.body) {
        (Form::Struct(_), Body::Map(map)) => map.retain(|key, value| {
            let Some((row, shape)) = index.field(key) else { return true };
            let stays = !row.form.drops(value);
            if stays {
                keep(value, row.form, shape);
            }
            stays
        }),
        (Form::List(list), Body::List(items)) => {
            items.iter_mut().for_each(|item| keep(item, list.item, index.below));
        }
        (Form::Map(keys), Body::Map(map)) => {
            map.values_mut().for_each(|value| keep(value, keys.value, index.below));
        }
        (Form::Quantity, body) => make_canonical(body),
        _ => {}
    }
}

/// Writes a quantity as the API server does; what is none stays.
fn make_canonical(body: &mut Body<'_>) {
    let (written, is_text) = match body {
        Body::Text(text) => (Cow::Borrowed(&**text), true),
        Body::Int(number) => (Cow::Owned(number.to_string()), false),
        Body::Float(number) => (Cow::Owned(number.to_string()), false),
        _ => return,
    };
    if let Ok(canonical) = quantity::stored(&written)
        && !(is_text && canonical == written)
    {
        *body = Body::Text(Cow::Owned(canonical.into_owned()));
    }
}

/// Moves `stringData` into `data`, where it wins over what is there.
fn merge_string_data(secret: &mut Value<'_>) {
    let Body::Map(fields) = &mut secret.body else { return };
    let mut kept = Map::default();
    let mut string_data = None;
    for field in std::mem::take(fields) {
        if field.key == "stringData" {
            string_data = Some(field);
        } else {
            kept.insert(field);
        }
    }
    if let Some(Entry { key_span, value: Value { span, body: Body::Map(plain) }, .. }) = string_data
    {
        let place =
            Entry { key: Cow::Borrowed("data"), key_span, value: Value { span, body: Body::Null } };
        let data = kept.insert(place).map(|held| held.value.body);
        let mut merged = match data {
            Some(Body::Map(data)) => data,
            _ => Map::default(),
        };
        plain.into_iter().map(encoded).for_each(|field| _ = merged.insert(field));
        let value = Value { span, body: Body::Map(merged) };
        kept.insert(Entry { key: Cow::Borrowed("data"), key_span, value });
    }
    *fields = kept;
}

fn encoded(mut field: Entry<'_>) -> Entry<'_> {
    if let Body::Text(text) = &field.value.body {
        field.value.body = Body::Text(Cow::Owned(base64(text.as_bytes())));
    }
    field
}

/// Base64 with padding (RFC 4648 section 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |index: usize| chunk.get(index).copied().map_or(0, u32::from);
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4_usize {
            let index = (bits >> (18 - 6 * digit)) & 63;
            let letter = ALPHABET.get(index as usize).copied().map_or('=', char::from);
            text.push(if digit <= chunk.len() { letter } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml;

    fn read(text: &str) -> Value<'_> {
        yaml::read(text).next().unwrap().unwrap().value
    }

    fn check(manifest: &str, expected: &str) {
        let mut object = read(manifest);
        let identity = Identity::of_object(&object).unwrap();
        store(&mut object, &identity);
        assert_eq!(object, read(expected), "{object:?}");
    }

    #[test]
    fn what_equals_an_absent_field_goes() {
        check(
            "{apiVersion: v1, kind: Pod, metadata: {labels: {a: ''}, annotations: {}}, spec: {\
               hostNetwork: false, hostPID: true, nodeSelector: {}, securityContext: {}, \
               containers: [{name: a, args: [], tty: false, env: [{name: A, value: ''}], \
                 livenessProbe: {timeoutSeconds: 0, exec: {command: [a]}}, \
                 securityContext: {privileged: false}}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {labels: {a: ''}}, spec: {\
               hostPID: true, securityContext: {}, \
               containers: [{name: a, env: [{name: A}], \
                 livenessProbe: {exec: {command: [a]}}, \
                 securityContext: {privileged: false}}]}}",
        );
    }

    #[test]
    fn quantities_become_canonical() {
        check(
            "{apiVersion: v1, kind: ResourceQuota, spec: {hard: \
               {cpu: 0.1, pods: 250, memory: 1024Mi, x: 24000m, broken: 1 Gi}}}",
            "{apiVersion: v1, kind: ResourceQuota, spec: {hard: \
               {cpu: 100m, pods: '250', memory: 1Gi, x: '24', broken: 1 Gi}}}",
        );
    }

    #[test]
    fn the_string_data_of_a_secret_becomes_data() {
        check(
            "{apiVersion: v1, kind: Secret, data: {a: YQ==, b: YQ==}, stringData: {b: x, c: yy, d: zzz, e: ''}}",
            "{apiVersion: v1, kind: Secret, data: {a: YQ==, b: eA==, c: eXk=, d: enp6, e: ''}}",
        );
        check(
            "{apiVersion: v1, kind: Secret, stringData: {b: x}}",
            "{apiVersion: v1, kind: Secret, data: {b: eA==}}",
        );
    }

    #[test]
    fn a_custom_object_stays_as_it_is() {
        let object = "{apiVersion: tango.tango-controls.org/v1, kind: DeviceServer, spec: {config: '', env: []}}";
        check(object, object);
    }
}
