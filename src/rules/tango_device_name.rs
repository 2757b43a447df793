use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::glob::AnyCaseGlobs;
use crate::engine::{Check, Configure, Context, Missing, Node, ParameterError};
use crate::resource::phrase;
use crate::resource::tango::DeviceName;
use crate::resource::tango_object::{configurations, devices};

declare_rule! {
    /// Flags a TANGO device whose name TANGO refuses, or that is not in an SKA domain.
    ///
    /// ## Why
    ///
    /// A device with a malformed name is never registered: its server starts and exports nothing.
    /// One outside of the known domains is found by nobody who goes by the naming convention:
    /// displays, archivers, scripts.
    ///
    /// ## Fields
    ///
    /// The devices below `servers` in dsconfig JSON, in `spec.config` of a `DeviceServer` and in
    /// the `*.json` of a ConfigMap, and what `spec.dependsOn` of a `DeviceServer` names with a
    /// `/`. A name is `domain/family/member`, each part up to 85 characters, without the
    /// characters that TANGO reserves; upper and lower case are the same.
    ///
    /// ## Parameters
    ///
    /// - `form`: whether names that TANGO refuses are flagged. The default is `true`.
    /// - `domains`: globs of domains that devices may be in, whatever the case. The default is
    ///   any. The text of ADR-9 is not public; the domains that policies name are those seen in
    ///   SKA's own charts.
    ///
    /// ## Fix
    ///
    /// None: others know the device by its name.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: dishmanager-001
    /// spec:
    ///   dependsOn:
    ///     - sys/database
    ///   config: |
    ///     {
    ///       "servers": {
    ///         "DishManager": {
    ///           "001": {
    ///             "DishManager": {
    ///               "mid-dish/dish-manager": {}
    ///             }
    ///           }
    ///         }
    ///       }
    ///     }
    /// ```
    ///
    /// ```yaml
    /// # params: {domains: ['mid-*', 'low-*', sys]}
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: motor-dsconfig-json
    /// data:
    ///   configuration.json: '{"servers": {"Motor": {"01": {"Motor": {"lab/motor/1": {}}}}}}'
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {domains: ['mid-*', 'low-*', sys]}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: dishmanager-001
    /// spec:
    ///   dependsOn:
    ///     - sys/database/2
    ///     - databaseds-tango-base:10000
    ///   config: |
    ///     {
    ///       "servers": {
    ///         "DishManager": {
    ///           "001": {
    ///             "DishManager": {
    ///               "MID-dish/dish-manager/SKA001": {}
    ///             }
    ///           }
    ///         }
    ///       }
    ///     }
    /// ```
    ///
    /// ## References
    ///
    /// - TANGO controls, [Naming rules](https://tango-controls.readthedocs.io/en/9.3.4/development/general-guidelines/naming.html)
    /// - SKA ADR-9, by its effects in ska-mid-itf-te, ska-sw-integration-testing and
    ///   ska-mid-dish-manager
    pub(crate) static TANGO_DEVICE_NAME = {
        id: "tango-device-name",
        category: Convention,
        severity: High,
        since: "0.1.0",
        kinds: crate::resource::tango_object::CONFIGURED,
        check: TangoDeviceName,
    }
}

struct TangoDeviceName {
    form: bool,
    domains: AnyCaseGlobs,
    help: OnceLock<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Whether names that TANGO refuses are flagged.
    #[serde(default = "yes")]
    form: bool,
    /// Globs of domains that devices may be in; any if not given.
    #[serde(default)]
    domains: AnyCaseGlobs,
}

impl Configure for TangoDeviceName {
    type Parameters = Parameters;

    fn configure(Parameters { form, domains }: Parameters) -> Result<Self, ParameterError> {
        if !form && domains.is_empty() {
            return Err(ParameterError::new("domains", "must name a domain if `form` is false"));
        }
        Ok(Self { form, domains, help: OnceLock::new() })
    }
}

impl TangoDeviceName {
    fn help(&self) -> &str {
        let domains = || phrase::either(self.domains.patterns());
        self.help.get_or_init(|| format!("use a domain of {}", domains()))
    }
}

impl Check for TangoDeviceName {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let object = cx.object();
        for configuration in configurations(object) {
            for device in devices(configuration) {
                self.judge(cx, device.node, device.name, true);
            }
        }
        for target in object.at(&["spec", "dependsOn"]).items() {
            // Without a `/` it is the host that something listens on.
            if let Some(name) = target.as_str().filter(|name| name.contains('/')) {
                self.judge(cx, target, name, false);
            }
        }
        Ok(())
    }
}

impl TangoDeviceName {
    fn judge<'s>(&'s self, cx: &mut Context<'s>, place: Node<'s>, name: &'s str, is_ours: bool) {
        let name = match DeviceName::parse(name) {
            Err(error) if self.form => {
                // The error quotes the name.
                let message = match place.is_sensitive() {
                    true => "name of a device is not valid".to_owned(),
                    false => phrase::line(&error.to_string()),
                };
                let draft = cx.report(place, message);
                draft.help("name it `domain/family/member`, without reserved characters");
                if is_ours {
                    draft.about_key();
                }
                return;
            }
            Err(_) => return,
            Ok(name) => name,
        };
        if is_ours && !self.domains.is_empty() && !self.domains.matches(name.domain) {
            let message =
                format!("device `{name}` is in domain `{}`, which is none of SKA's", name.domain);
            cx.report(place, phrase::line(&message)).help(self.help().to_owned()).about_key();
        }
    }
}

fn yes() -> bool {
    true
}
