use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Kinds, Missing, Observer, ParameterError};
use crate::resource::nearby;

declare_rule! {
    /// Flags a second TANGO database in one namespace.
    ///
    /// ## Why
    ///
    /// Each sub-chart of an umbrella can bring a database of its own. Device servers then register
    /// with one and their clients ask the other, and each finds half of the devices.
    ///
    /// ## Fields
    ///
    /// `DatabaseDS` objects in one namespace. Two are one finding, with both places.
    ///
    /// ## Parameters
    ///
    /// It has none.
    ///
    /// ## Fix
    ///
    /// None: which of the two is meant is for a person to say.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: tango.tango-controls.org/v1, kind: DatabaseDS, metadata: {name: tango-databaseds, namespace: mid}}'}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DatabaseDS
    /// metadata:
    ///   name: databaseds-tango-base
    ///   namespace: mid
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: tango.tango-controls.org/v1, kind: DatabaseDS, metadata: {name: tango-databaseds, namespace: low}}'}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DatabaseDS
    /// metadata:
    ///   name: tango-databaseds
    ///   namespace: mid
    /// ```
    ///
    /// ## References
    ///
    /// - ska-tango-charts, `ska-tango-base`. The rule is ours.
    pub(crate) static TANGO_DATABASE_DUPLICATE = {
        id: "tango-database-duplicate",
        category: Reliability,
        severity: Medium,
        since: "0.1.0",
        kinds: &["tango.tango-controls.org/*/DatabaseDS"],
        check: TangoDatabaseDuplicate,
    }
}

struct TangoDatabaseDuplicate;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for TangoDatabaseDuplicate {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

impl Check for TangoDatabaseDuplicate {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let place = cx.object().at(&["metadata", "name"]);
        let others = nearby::find(cx, "")?;
        if others.is_empty() || !cx.speaks_for(others.iter().copied()) {
            return Ok(());
        }
        let names: Vec<&str> = others.iter().map(|it| it.subject.name.as_str()).collect();
        let message = format!(
            "the namespace has another TANGO database: {}",
            crate::resource::phrase::quoted(&names)
        );
        let draft = cx.report(place, message);
        draft.help("switch one of them off, in the chart that brings it");
        for other in others {
            draft.related_to(other, "the other database");
        }
        Ok(())
    }

    fn observes(&self, judged: &Kinds) -> Kinds {
        judged.clone()
    }

    fn observe<'s>(&'s self, observer: &mut Observer<'s>) {
        let name = observer.object().at(&["metadata", "name"]);
        nearby::note(observer, "", name, "");
    }
}
