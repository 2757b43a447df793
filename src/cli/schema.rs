//! `schema`: the JSON Schema of policy files.

use super::{ALLOWED, Console, Failure};
use crate::{policyfile, rules};

pub(super) fn run(console: &mut Console) -> Result<u8, Failure> {
    let schema = serde_json::to_string_pretty(&policyfile::schema(rules::ALL));
    let schema = schema.map_err(|error| Failure::new(error.to_string()))?;
    console.write(&(schema + "\n"))?;
    Ok(ALLOWED)
}
