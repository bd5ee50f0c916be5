//! The order in which versions were stored.

use super::ObjectVersion;

/// Puts rows of a listing into the order of storing, newest first within each key, keys ascending.
///
/// S3 lists newest first, versions and delete markers mixed, so `rows` in the order of the answer itself are in that order
/// already; their `LastModified` has whole seconds and says less. An order that contradicts the times is no order of S3
/// (a server that lists all versions before all markers): then the times decide, the current version comes first, and a
/// marker counts as newer than the versions of its second. A multipart upload is no contradiction: it is dated by its
/// beginning and stored at its end.
pub fn newest_first(mut rows: Vec<ObjectVersion>) -> Vec<ObjectVersion> {
    // Stable: the order within a key stays. S3 orders keys by their UTF-8 bytes, as `str` does.
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    for key in rows.chunk_by_mut(|a, b| a.key == b.key) {
        if key.windows(2).any(|pair| matches!(pair, [newer, older] if contradict(newer, older))) {
            key.sort_by(|a, b| {
                let rank = |row: &ObjectVersion| (row.is_latest, row.last_modified, row.is_marker);
                rank(b).cmp(&rank(a))
            });
        }
    }
    rows
}

fn contradict(newer: &ObjectVersion, older: &ObjectVersion) -> bool {
    older.is_latest || (older.last_modified > newer.last_modified && !newer.is_multipart())
}
