//! The description of the API for programs: OpenAPI 3.1, from the types that are answered.
//!
//! Source: <https://spec.openapis.org/oas/v3.1.0>

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json, json};

use super::query::PARAMETERS;
use super::{Detail, Page, Trends};

/// Where the description itself is.
pub const PATH: &str = "/api/openapi.json";
/// Where verdicts are asked for; one of them below its id.
pub const VERDICTS: &str = "/api/v1/verdicts";
/// Where trends are asked for.
pub const TRENDS: &str = "/api/v1/trends";

/// The whole document.
pub fn document() -> Json {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut schemas = settings.into_generator();
    let page = schemas.subschema_for::<Page>();
    let detail = schemas.subschema_for::<Detail>();
    let trends = schemas.subschema_for::<Trends>();
    let id = json!({
        "name": "id", "in": "path", "required": true, "schema": {"type": "integer"},
    });
    let paths = json!({
        VERDICTS: {"get": operation("listVerdicts", "Verdicts, the latest first", parameters(), &page)},
        format!("{VERDICTS}/{{id}}"): {
            "get": operation("getVerdict", "All that is known of one verdict", json!([id]), &detail),
        },
        TRENDS: {"get": operation("getTrends", "What the last 30 days brought", json!([]), &trends)},
    });
    let schemas: Map<String, Json> = schemas.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Portcullis: verdicts on artefacts",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What was pushed, what is wrong with it, and what was done about it.",
        },
        "security": [{"token": []}, {"password": []}, {}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "password": {
                    "type": "http", "scheme": "basic",
                    "description": "The token as the password of any user, for browsers.",
                },
            },
        },
    })
}

fn operation(name: &str, summary: &str, parameters: Json, schema: &schemars::Schema) -> Json {
    let text = |description: &str| {
        json!({
            "description": description,
            "content": {"text/plain": {"schema": {"type": "string"}}},
        })
    };
    json!({
        "operationId": name,
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": {
                "description": summary,
                "content": {"application/json": {"schema": schema}},
            },
            "400": text("A parameter is not understood"),
            "401": text("The token is missing or wrong"),
            "404": text("There is nothing there"),
            "503": text("The database does not answer"),
        },
    })
}

fn parameters() -> Json {
    let parameter = |(name, description): (&str, &str)| {
        let kind = if ["before", "limit"].contains(&name) { "integer" } else { "string" };
        json!({
            "name": name, "in": "query", "description": description, "schema": {"type": kind},
        })
    };
    PARAMETERS.map(parameter).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_that_is_named_is_there() {
        let document = document();
        let text = document.to_string();
        let named: Vec<&str> = text
            .split("\"#/components/schemas/")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(named.contains(&"Fault") && named.len() >= 8, "{named:?}");
        for name in named {
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
