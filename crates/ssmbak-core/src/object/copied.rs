//! What a copy is given that S3 does not copy by itself.

use super::is_archive;

/// The storage class of a copy: the one asked for, else the version's own. A version from an archive would be unreadable
/// again there, so its copy takes the class of the present version, or STANDARD (`None`).
pub fn storage_class_of_copy(asked: Option<&str>, version: Option<&str>, present: Option<&str>) -> Option<String> {
    match asked {
        Some("STANDARD") => None,
        Some(class) => Some(class.to_owned()),
        None if is_archive(version) => present.filter(|class| !is_archive(Some(class))).map(str::to_owned),
        None => version.map(str::to_owned),
    }
}
