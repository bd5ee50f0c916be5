//! How versions of objects are shown.

use serde::Serialize;
use ssmbak::s3::tree::{Failure, RowOutcome};
use ssmbak_core::object::{ObjectAction, ObjectChange, ObjectTotals, ObjectVersion};

use crate::error::CliError;
use crate::ui::{Ui, text};

/// A version or delete marker, for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VersionReport<'a> {
    key: &'a str,
    version_id: &'a str,
    last_modified: String,
    size: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
}

impl<'a> From<&'a ObjectVersion> for VersionReport<'a> {
    fn from(version: &'a ObjectVersion) -> Self {
        Self {
            key: &version.key,
            version_id: &version.version_id,
            last_modified: version.last_modified.to_string(),
            size: version.size,
            deleted: version.is_marker,
        }
    }
}

/// A change of a tree, for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeReport<'a> {
    action: &'static str,
    #[serde(flatten)]
    version: VersionReport<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl<'a> ChangeReport<'a> {
    /// A change as it is planned.
    pub(super) fn planned(change: &'a ObjectChange) -> Self {
        let mut version = VersionReport::from(&change.version);
        version.deleted = change.action == ObjectAction::Delete;
        let storage_class = change.version.storage_class.as_deref();
        let deleted_at = change.deleted_at.map(|time| time.to_string());
        Self { action: change.action.name(), version, storage_class, deleted_at, outcome: None, error: None }
    }

    /// What became of it.
    pub(super) fn with_outcome(mut self, outcome: RowOutcome, failure: Option<&Failure>) -> Self {
        self.outcome = Some(match outcome {
            RowOutcome::Done => "done",
            RowOutcome::Unchanged => "unchanged",
            RowOutcome::Failed => "failed",
            RowOutcome::Skipped => "skipped",
        });
        self.error = failure.map(|failure| failure.error.to_string());
        self
    }
}

/// How much a plan does, for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TotalsReport {
    create: u64,
    update: u64,
    delete: u64,
    create_bytes: u64,
    update_bytes: u64,
    unchanged: u64,
    new_kept: u64,
    archived: u64,
    same_bytes: u64,
}

impl From<&ObjectTotals> for TotalsReport {
    fn from(totals: &ObjectTotals) -> Self {
        let ObjectTotals { create, update, delete, create_bytes, update_bytes, .. } = *totals;
        let ObjectTotals { unchanged, new_kept, archived, same_bytes, .. } = *totals;
        Self { create, update, delete, create_bytes, update_bytes, unchanged, new_kept, archived, same_bytes }
    }
}

/// A difference between two instants, for programs.
#[derive(Debug, Serialize, serde::Deserialize)]
pub(super) struct Changed {
    pub(super) before: Option<ObjectVersion>,
    pub(super) after: Option<ObjectVersion>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangedReport<'a> {
    change: &'static str,
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<VersionReport<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<VersionReport<'a>>,
}

impl Changed {
    /// `added`, `removed` or `changed`.
    pub(super) fn name(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        }
    }

    pub(super) fn report(&self) -> ChangedReport<'_> {
        let key = self.after.as_ref().or(self.before.as_ref()).map_or("", |version| version.key.as_str());
        ChangedReport {
            change: self.name(),
            key,
            before: self.before.as_ref().map(VersionReport::from),
            after: self.after.as_ref().map(VersionReport::from),
        }
    }
}

/// One row of many, for people.
pub(super) fn row(verb: &str, version: &ObjectVersion) -> String {
    let class = version.storage_class.as_deref().map(|class| format!(" [{}]", text::line(class))).unwrap_or_default();
    let size = if version.is_marker { "-".to_owned() } else { bytes(version.size) };
    format!("{verb:<8} {}  {size:>10}  {}{class}", version.last_modified, text::line(&version.key))
}

/// One deleted object of many, for people: with the time of its deletion.
pub(super) fn deleted_row(change: &ObjectChange) -> String {
    let last_modified = change.deleted_at.unwrap_or(change.version.last_modified);
    row("deleted", &ObjectVersion { last_modified, ..change.version.clone() })
}

/// One JSON object that has a list as long as it may be: written as it comes.
pub(super) struct Document<'a> {
    ui: &'a Ui,
    is_first: bool,
}

impl<'a> Document<'a> {
    /// Begins with the members of `head`, then the list of this name.
    ///
    /// # Errors
    /// [`CliError`] if it cannot be written.
    pub(super) fn begin(ui: &'a Ui, head: &impl Serialize, list: &str) -> Result<Self, CliError> {
        let text = inner(head)?;
        let comma = if text.is_empty() { "" } else { ",\n" };
        ui.bytes(format!("{{{text}{comma}\"{list}\":[").as_bytes())?;
        Ok(Self { ui, is_first: true })
    }

    /// The next item of the list.
    ///
    /// # Errors
    /// [`CliError`] if it cannot be written.
    pub(super) fn item(&mut self, item: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string(item).map_err(|error| CliError::output(error.into()))?;
        let comma = if self.is_first { "\n" } else { ",\n" };
        self.is_first = false;
        self.ui.bytes(format!("{comma}{text}").as_bytes())
    }

    /// Ends with the members of `tail`.
    ///
    /// # Errors
    /// [`CliError`] if it cannot be written.
    pub(super) fn end(self, tail: &impl Serialize) -> Result<(), CliError> {
        let text = inner(tail)?;
        let comma = if text.is_empty() { "" } else { ",\n" };
        self.ui.bytes(format!("]{comma}{text}}}\n").as_bytes())
    }
}

/// An object's members without its braces.
fn inner(value: &impl Serialize) -> Result<String, CliError> {
    let text = serde_json::to_string(value).map_err(|error| CliError::output(error.into()))?;
    Ok(text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default().to_owned())
}

/// A version or delete marker, for people.
pub(super) fn version(version: &ObjectVersion) -> String {
    let what = if version.is_marker { "deleted".to_owned() } else { bytes(version.size) };
    let class = version.storage_class.as_deref().map(|class| format!(", {}", text::line(class))).unwrap_or_default();
    format!(
        "Key           {}\nLastModified  {}\nVersionId     {}\nContent       {what}{class}",
        text::line(&version.key),
        version.last_modified,
        text::line(&version.version_id),
    )
}

/// A number of bytes as people read it.
pub(super) fn bytes(size: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if size < 1024 {
        return format!("{size} B");
    }
    let (mut value, mut unit) = (size, UNITS[0]);
    for (index, name) in UNITS.iter().enumerate() {
        unit = name;
        if value < 1024 * 1024 || index + 1 == UNITS.len() {
            break;
        }
        value /= 1024;
    }
    // One decimal, cut off.
    format!("{}.{} {unit}", value / 1024, value % 1024 * 10 / 1024)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_read_at_a_glance() {
        for (size, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (5 * 1024 * 1024 * 1024, "5.0 GiB"),
            (u64::MAX, "16383.9 PiB"),
        ] {
            assert_eq!(bytes(size), expected);
        }
    }
}
