//! A job's labels, as GitHub's payloads and answers say them.

use fleet::Labels;
use serde::{Deserialize, Deserializer};

/// What is absent or null is no label, neither the list nor an entry of it.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Labels, D::Error> {
    let told = Option::<Vec<Option<String>>>::deserialize(deserializer)?;
    Ok(told.unwrap_or_default().into_iter().flatten().collect())
}
