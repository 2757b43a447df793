use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Kinds, Missing, Observer, ParameterError};
use crate::resource::nearby;
use crate::resource::selection::label_lines;

declare_rule! {
    /// Flags a StatefulSet whose `serviceName` names no Service that selects its pods.
    ///
    /// ## Why
    ///
    /// The pods of a StatefulSet have names of their own, `NAME-0.SERVICE`, only if a Service of
    /// that name selects them. Device servers publish such names to the TANGO database. With
    /// another Service, or none, they can't be reached by them.
    ///
    /// ## Fields
    ///
    /// `spec.serviceName` of a StatefulSet against the Services in its namespace, and the
    /// `spec.selector` of that Service against the labels of the template. A Service without a
    /// selector passes: somebody else says what lies behind it.
    ///
    /// Clients create objects in an order of their own, so that the Service is absent is at most a
    /// warning at admission.
    ///
    /// ## Parameters
    ///
    /// It has none.
    ///
    /// ## Fix
    ///
    /// None: either side may be wrong.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: v1, kind: Service, metadata: {name: databaseds, namespace: mid}, spec: {selector: {component: databaseds, app: ska-tango-base}}}'}
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata:
    ///   name: databaseds
    ///   namespace: mid
    /// spec:
    ///   serviceName: databaseds
    ///   template:
    ///     metadata:
    ///       labels:
    ///         component: databaseds
    /// ```
    ///
    /// ```yaml
    /// # facts: {complete: true}
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata:
    ///   name: databaseds
    ///   namespace: mid
    /// spec:
    ///   serviceName: database
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: v1, kind: Service, metadata: {name: databaseds, namespace: mid}, spec: {selector: {component: databaseds}}}'}
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata:
    ///   name: databaseds
    ///   namespace: mid
    /// spec:
    ///   serviceName: databaseds
    ///   template:
    ///     metadata:
    ///       labels:
    ///         app: ska-tango-base
    ///         component: databaseds
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [StatefulSet: stable network identity](https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id)
    pub(crate) static GOVERNING_SERVICE_MISMATCH = {
        id: "governing-service-mismatch",
        category: Reliability,
        severity: Medium,
        since: "0.1.0",
        kinds: &["apps/*/StatefulSet"],
        check: GoverningServiceMismatch,
    }
}

struct GoverningServiceMismatch;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for GoverningServiceMismatch {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

impl Check for GoverningServiceMismatch {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let place = cx.object().at(&["spec", "serviceName"]);
        let Some(name) = place.as_str().filter(|name| !name.is_empty()) else { return Ok(()) };
        let services = nearby::find(cx, name)?;
        let Some(first) = services.first() else {
            let message =
                format!("`serviceName` names {}, {}", place.shown(), nearby::absence(cx)?);
            cx.report(place, message)
                .help("name the headless Service of these pods")
                .rests_on_absence();
            return Ok(());
        };
        let labels = cx.pod().map(|pod| label_lines(pod.at(&["metadata", "labels"])));
        let labels = labels.unwrap_or_default();
        let selects =
            |selector: &str| selector.lines().all(|pair| labels.lines().any(|it| it == pair));
        if !services.iter().any(|service| selects(&service.text)) {
            cx.report(
                place,
                format!("`serviceName` names {}, which does not select these pods", place.shown()),
            )
            .help("name the headless Service of these pods")
            .related_to(first, "the Service");
        }
        Ok(())
    }

    fn observes(&self, _: &Kinds) -> Kinds {
        Kinds::parse(&["v1/Service"]).unwrap_or_default()
    }

    fn observe<'s>(&'s self, observer: &mut Observer<'s>) {
        let object = observer.object();
        if let Some(name) = object.at(&["metadata", "name"]).as_str() {
            let selector = object.at(&["spec", "selector"]);
            nearby::note(observer, name, selector, &label_lines(selector));
        }
    }
}
