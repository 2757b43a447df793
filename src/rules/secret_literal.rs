use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::document::{Body, Value};
use crate::engine::{Check, Configure, Context, Globs, Missing, Node, ParameterError};
use crate::resource::secret::{
    What, argument_is_secret, document_may_hold_secret, find, is_literal, name_is_secret,
    text_holds_secret,
};
use crate::resource::workload::{Container, PROBES, is_device_server, runs};

declare_rule! {
    /// Flags a password, token or key that is written in the clear.
    ///
    /// ## Why
    ///
    /// Whoever may read the manifest, the repository it lies in, the object in the cluster, or
    /// the output of `kubectl describe`, has the secret. It can't be changed without a new
    /// release, and it stays in the history.
    ///
    /// ## Fields
    ///
    /// - `env[*].value` of every container and of a `DeviceServer`: a literal under a name such as
    ///   `MYSQL_PASSWORD` or `GITLAB_TOKEN`, or any value with a secret in it.
    /// - `command`, `args`, hooks and probes of every container: `--password hunter2`,
    ///   `mysql -phunter2`, `curl -u me:hunter2`.
    /// - `data` of a ConfigMap, `spec.config` of a `DeviceServer`, and JSON and YAML embedded in
    ///   them.
    /// - `spec.mountOptions` of a PersistentVolume.
    ///
    /// What counts as a secret: a value under a name that ends with `password`, `token`,
    /// `api_key` and the like; a URL with a password; a private key; tokens that their first
    /// letters give away. `true`, `$(PASSWORD)`, `{{ … }}`, `<password>`, `***` and paths such
    /// as `/run/secrets/db` do not.
    ///
    /// The secret is in no message, snippet or report.
    ///
    /// ## Parameters
    ///
    /// - `except`: globs of names of variables and keys that are no secrets although they look
    ///   like it. The default is none.
    ///
    /// ## Fix
    ///
    /// None: the secret has to be changed, and kept in a Secret or in Vault.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: tangodb
    /// spec:
    ///   containers:
    ///     - name: tangodb
    ///       image: artefact.skao.int/ska-tango-images-tango-db:11.0.2
    ///       args: [--password, hunter2]
    ///       env:
    ///         - name: MYSQL_ROOT_PASSWORD
    ///           value: hunter2
    ///         - name: ARCHIVE
    ///           value: postgres://ska:hunter2@archive:5432/eda
    /// ```
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: ptt-environment
    /// data:
    ///   ADMIN_POSTGRES_PASSWORD: hunter2
    ///   settings.json: '{"broker": {"user": "ska", "password": "hunter2"}}'
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: tangodb
    /// spec:
    ///   containers:
    ///     - name: tangodb
    ///       image: artefact.skao.int/ska-tango-images-tango-db:11.0.2
    ///       args: [--password, $(MYSQL_ROOT_PASSWORD)]
    ///       env:
    ///         - name: MYSQL_ROOT_PASSWORD
    ///           valueFrom:
    ///             secretKeyRef:
    ///               name: tangodb
    ///               key: root
    ///         - name: MYSQL_ALLOW_EMPTY_PASSWORD
    ///           value: "1"
    ///         - name: TOKEN_FILE
    ///           value: /run/secrets/token
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Container Orchestration Guidelines](https://developer.skatelescope.org/en/latest/tools/containers/orchestration-guidelines.html):
    ///   Secrets or Vault, never in values or the environment
    pub(crate) static SECRET_LITERAL = {
        id: "secret-literal",
        category: Security,
        severity: High,
        since: "0.1.0",
        kinds: &[
            "pods",
            "tango.tango-controls.org/*/DeviceServer",
            "v1/ConfigMap",
            "v1/PersistentVolume",
        ],
        check: SecretLiteral,
    }
}

const HELP: &str = "change the secret, keep it in a Secret or in Vault, and refer to it";

struct SecretLiteral {
    except: Globs,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Globs of names that are no secrets.
    #[serde(default)]
    except: Globs,
}

impl Configure for SecretLiteral {
    type Parameters = Parameters;

    fn configure(Parameters { except }: Parameters) -> Result<Self, ParameterError> {
        Ok(Self { except })
    }
}

impl Check for SecretLiteral {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let object = cx.object();
        for container in runs(cx) {
            self.judge_environment(cx, &container);
            self.judge_commands(cx, &container);
        }
        let identity = object.identity();
        match identity.kind.as_str() {
            "ConfigMap" => {
                for (key, value) in object.get("data").fields() {
                    self.judge(cx, key, value, "ConfigMap");
                }
            }
            "PersistentVolume" => {
                for option in object.at(&["spec", "mountOptions"]).items() {
                    self.judge(cx, "", option, "mount option of the PersistentVolume");
                }
            }
            _ if is_device_server(identity) => {
                let spec = object.get("spec");
                self.judge(cx, "", spec.get("config"), "configuration");
                for field in ["command", "args", "script", "postStart", "preStop"] {
                    self.judge(cx, "", spec.get(field), field);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl SecretLiteral {
    fn judge_environment<'s>(&'s self, cx: &mut Context<'s>, container: &Container<'s>) {
        for variable in container.node.get("env").items() {
            let name = variable.get("name").as_str().unwrap_or_default();
            let value = variable.get("value");
            let Some(text) = value.as_str().filter(|_| !self.except.matches(name)) else {
                continue;
            };
            let what = match find(text).first() {
                _ if name_is_secret(name) && is_literal(text) => What::Named,
                Some(found) => found.what,
                None => continue,
            };
            let variable = variable.get("name").shown();
            cx.report(value, format!("variable {variable} of {container} holds {}", what.as_str()))
                .help(HELP);
        }
    }

    fn judge_commands<'s>(&'s self, cx: &mut Context<'s>, container: &Container<'s>) {
        let node = container.node;
        let hooks = ["postStart", "preStop"]
            .into_iter()
            .filter_map(|hook| node.find(&["lifecycle", hook, "exec", "command"]));
        let probes =
            PROBES.into_iter().filter_map(|(probe, _)| node.find(&[probe, "exec", "command"]));
        let own = ["command", "args"].into_iter().filter_map(|field| node.find(&[field]));
        let lines = own.chain(hooks).chain(probes);
        for argument in lines.flat_map(Node::items) {
            if argument_is_secret(argument) {
                let message = format!("command line of {container} holds a password or token");
                cx.report(argument, message).help(HELP);
            }
        }
    }

    /// Judges a text under its name, and what is embedded in it.
    fn judge<'s>(&'s self, cx: &mut Context<'s>, name: &str, place: Node<'s>, holder: &str) {
        if self.except.matches(name) {
            return;
        }
        let Some(text) = place.scalar() else { return };
        place.charge(text.len() as u64 / 64);
        if place.holds_document() {
            if document_may_hold_secret(&text) {
                self.judge_document(cx, place, holder);
            }
            return;
        }
        let what = match find(&text).first() {
            _ if name_is_secret(name) && is_literal(&text) => What::Named,
            Some(found) => found.what,
            None => return,
        };
        let message = match name {
            "" => format!("{holder} holds {}", what.as_str()),
            name => {
                format!(
                    "key `{}` of the {holder} holds {}",
                    crate::resource::phrase::line(name),
                    what.as_str()
                )
            }
        };
        cx.report(place, message).help(HELP);
    }

    fn judge_document<'s>(&'s self, cx: &mut Context<'s>, place: Node<'s>, holder: &str) {
        let may_hold = |key: &str, place: Node<'s>| {
            place.value().is_some_and(|value| may_hold_secret(key, value))
        };
        for item in place.items().filter(|item| may_hold(place.key(), *item)) {
            self.judge_inside(cx, place.key(), item, holder);
        }
        for (key, value) in place.fields().filter(|(key, value)| may_hold(key, *value)) {
            self.judge_inside(cx, key, value, holder);
        }
    }

    fn judge_inside<'s>(&'s self, cx: &mut Context<'s>, key: &str, place: Node<'s>, holder: &str) {
        match place.value().map(|value| &value.body) {
            // `"password": ["…"]`, as properties of TANGO devices are written.
            Some(Body::List(_) | Body::Map(_)) => {
                for item in place.items() {
                    self.judge_inside(cx, key, item, holder);
                }
                for (key, value) in place.fields() {
                    self.judge_inside(cx, key, value, holder);
                }
            }
            _ => self.judge(cx, key, place, holder),
        }
    }
}

/// Whether a part of a document may hold a secret, by what [`SecretLiteral::judge`] looks at: told
/// from the tree, in which no places are kept.
fn may_hold_secret(key: &str, value: &Value<'_>) -> bool {
    match &value.body {
        Body::Map(map) => map.iter().any(|it| may_hold_secret(&it.key, &it.value)),
        Body::List(items) => items.iter().any(|item| may_hold_secret(key, item)),
        Body::Text(text) => name_is_secret(key) || text_holds_secret(text),
        Body::Bool(_) | Body::Int(_) | Body::Float(_) => name_is_secret(key),
        Body::Null => false,
    }
}
