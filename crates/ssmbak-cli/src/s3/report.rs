//! How versions of objects are shown.

use serde::Serialize;
use ssmbak_core::object::ObjectVersion;

use crate::ui::text;

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
