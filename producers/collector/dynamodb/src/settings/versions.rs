//! The item of a version.

use serde::Serialize;
use serde::de::DeserializeOwned;
use trilha_collector::settings::{Settings, SettingsError};
use trilha_dynamodb::{Attributes, PARTITION, SORT, Table};

use super::{lost, unavailable};
use crate::attributes::{item, n, s, text};
use crate::{keys, parts};

/// Settings up to so many bytes of JSON lie in their own item, the others in parts. A course that sets the lengths of
/// thousands of videos outgrows an item.
const MAX_BESIDE: usize = 32 * 1024;

/// A version that was read.
pub(super) struct Version {
    pub(super) settings: Settings,
    item: Attributes,
}

impl Version {
    pub(super) fn partition(&self) -> &str {
        text(&self.item, PARTITION).unwrap_or_default()
    }

    /// The mark of the change that made it.
    pub(super) fn changed_by(&self) -> Option<&str> {
        text(&self.item, "changed_by")
    }

    /// The same in the place of a version that is not in force any more. Its parts stay where they are.
    pub(super) fn superseded(&self) -> Attributes {
        let mut item = self.item.clone();
        item.insert(SORT.to_string(), s(keys::version(self.settings.version)));
        item
    }
}

/// Makes the item of a version, its parts written.
pub(super) async fn write(
    table: &Table,
    partition: &str,
    sort: &str,
    settings: &Settings,
    mark: &str,
) -> Result<Attributes, SettingsError> {
    let json = to_json(settings)?;
    let mut item = item(partition, sort, [("version", n(settings.version)), ("changed_by", s(mark))]);
    if json.len() <= MAX_BESIDE {
        item.insert("settings".to_string(), s(json));
    } else {
        // A change that is made again makes another version: other parts.
        let mark = format!("{mark}.{}", settings.version);
        item.extend(parts::put(table, partition, &mark, json.as_bytes(), None).await.map_err(unavailable)?);
    }
    Ok(item)
}

pub(super) async fn get(table: &Table, partition: &str, sort: &str) -> Result<Option<Version>, SettingsError> {
    match table.get_one(partition, sort, true).await.map_err(unavailable)? {
        Some(item) => read(table, partition, item).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn read(table: &Table, partition: &str, item: Attributes) -> Result<Version, SettingsError> {
    let settings = match text(&item, "settings") {
        Some(json) => from_json(json.as_bytes())?,
        None => {
            let json = parts::get(table, partition, &item).await.map_err(unavailable)?;
            from_json(&json.ok_or_else(|| lost(partition))?)?
        }
    };
    Ok(Version { settings, item })
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String, SettingsError> {
    serde_json::to_string(value).map_err(damaged)
}

pub(super) fn from_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, SettingsError> {
    serde_json::from_slice(json).map_err(damaged)
}

fn damaged(error: serde_json::Error) -> SettingsError {
    SettingsError::Unavailable(format!("a settings item is damaged: {error}"))
}
