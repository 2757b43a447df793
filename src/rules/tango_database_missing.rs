use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Kinds, Missing, Observer, ParameterError};
use crate::resource::nearby;
use crate::resource::tango_host::TangoHost;
use crate::resource::tango_object::{is_database, served};
use crate::resource::workload::is_device_server;

declare_rule! {
    /// Flags a device server whose TANGO database is not there.
    ///
    /// ## Why
    ///
    /// A device server that can't reach its database never starts, and all that depend on it wait.
    /// Charts take the name from `global.tango_host`, which has to be the name of the `DatabaseDS`;
    /// one that is misspelt, or of another release, is noticed by nobody but the devices.
    ///
    /// ## Fields
    ///
    /// The host in `spec.databaseds` of a `DeviceServer`: a `DatabaseDS`, a Service, or a
    /// `DeviceServer` that serves `sys/database/2`, of that name in the same namespace, or in the
    /// one that the host names (`NAME.NAMESPACE.svc.…`). IP addresses are left to
    /// `tango-host-form`.
    ///
    /// Clients create objects in an order of their own, so at admission a finding is at most a
    /// warning.
    ///
    /// ## Parameters
    ///
    /// It has none.
    ///
    /// ## Fix
    ///
    /// None: either name may be wrong.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: tango.tango-controls.org/v1, kind: DatabaseDS, metadata: {name: tango-databaseds, namespace: mid}}'}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: motor-01
    ///   namespace: mid
    /// spec:
    ///   databaseds: databaseds-tango-base
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: tango.tango-controls.org/v1, kind: DatabaseDS, metadata: {name: tango-databaseds, namespace: mid}}'}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: motor-01
    ///   namespace: dish
    /// spec:
    ///   databaseds: tango-databaseds.mid.svc.cluster.local:10000
    /// ```
    ///
    /// ## References
    ///
    /// - ska-tango-charts, `ska-tango-util/templates/_operator-ds.yaml`, `ska-tango-base`
    pub(crate) static TANGO_DATABASE_MISSING = {
        id: "tango-database-missing",
        category: Reliability,
        severity: Medium,
        since: "0.1.0",
        kinds: &["tango.tango-controls.org/*/DeviceServer"],
        check: TangoDatabaseMissing,
    }
}

/// The kinds under whose names a database can be reached.
const DATABASES: [&str; 3] = [
    "tango.tango-controls.org/*/DatabaseDS",
    "tango.tango-controls.org/*/DeviceServer",
    "v1/Service",
];

struct TangoDatabaseMissing;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for TangoDatabaseMissing {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

impl Check for TangoDatabaseMissing {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let place = cx.object().at(&["spec", "databaseds"]);
        let Some(text) = place.as_str().filter(|text| !text.is_empty()) else { return Ok(()) };
        let Ok(TangoHost { addresses }) = TangoHost::parse(text) else { return Ok(()) };
        for address in addresses.into_iter().filter(|it| !it.is_ip_address()) {
            let mut labels = address.host.split('.');
            let name = labels.next().unwrap_or_default().to_ascii_lowercase();
            let found = match labels.next() {
                None => nearby::find(cx, &name)?,
                // `NAME.NAMESPACE`, or `NAME.NAMESPACE.svc.…`; any other name is of another domain.
                Some(namespace) => match labels.next() {
                    None | Some("svc") => nearby::find_in(cx, namespace, &name)?,
                    Some(_) => continue,
                },
            };
            if found.is_empty() {
                let known = if cx.knows_all_others()? { "" } else { " that is known" };
                cx.report(place, format!("no TANGO database{known} is called {}", place.shown()))
                    .help("write the name of the `DatabaseDS`")
                    .rests_on_absence();
            }
        }
        Ok(())
    }

    fn observes(&self, _: &Kinds) -> Kinds {
        Kinds::parse(&DATABASES).unwrap_or_default()
    }

    fn observe<'s>(&'s self, observer: &mut Observer<'s>) {
        let object = observer.object();
        let identity = object.identity();
        let is_one = is_database(identity)
            || identity.kind == "Service"
            || (is_device_server(identity)
                && served(object).iter().any(|it| it.name.eq_ignore_ascii_case("sys/database/2")));
        let name = object.at(&["metadata", "name"]);
        if let Some(text) = name.as_str().filter(|_| is_one) {
            nearby::note(observer, &text.to_ascii_lowercase(), name, "");
        }
    }
}
