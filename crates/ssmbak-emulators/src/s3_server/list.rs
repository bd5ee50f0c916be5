//! ListObjectVersions.

use std::fmt::Write as _;
use std::ops::Bound;

use super::answer::{Answer, dates, escaped};
use super::request::Request;
use super::store::{Bucket, StoredObject, Version};

pub(super) fn versions(bucket: &Bucket, request: &Request) -> Answer {
    let asked = |name| request.asks(name).unwrap_or_default();
    let most: usize = request.asks("max-keys").and_then(|text| text.parse().ok()).unwrap_or(1_000).min(1_000);
    let (prefix, key_marker, id_marker) = (asked("prefix"), asked("key-marker"), request.asks("version-id-marker"));
    let is_encoded = asked("encoding-type") == "url";
    let text = |key: &str| if is_encoded { form_encoded(key) } else { escaped(key) };
    let start = match (key_marker, id_marker) {
        (marker, Some(_)) if marker >= prefix => Bound::Included(marker),
        (marker, None) if !marker.is_empty() && marker >= prefix => Bound::Excluded(marker),
        _ => Bound::Included(prefix),
    };
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListVersionsResult>");
    if is_encoded {
        xml.push_str("<EncodingType>url</EncodingType>");
    }
    let (mut count, mut last, mut truncated) = (0, None, false);
    'keys: for (key, versions) in bucket.keys.range::<str, _>((start, Bound::Unbounded)) {
        if !key.starts_with(prefix) {
            break;
        }
        // Newest first, behind the marker.
        let newest_first = || versions.iter().rev();
        let skipped = match id_marker.filter(|_| key == key_marker) {
            Some(id) => newest_first().position(|version| version.id == id).map_or(versions.len(), |at| at + 1),
            None => 0,
        };
        for (index, version) in newest_first().enumerate().skip(skipped) {
            if count == most {
                truncated = true;
                break 'keys;
            }
            row(&mut xml, &text(key), version, index == 0, request.header("x-amz-optional-object-attributes"));
            count += 1;
            last = Some((key, &version.id));
        }
    }
    // Writing to a string cannot fail.
    let _ = write!(xml, "<IsTruncated>{truncated}</IsTruncated>");
    if let Some((key, id)) = last.filter(|_| truncated) {
        let key = text(key);
        let _ = write!(xml, "<NextKeyMarker>{key}</NextKeyMarker><NextVersionIdMarker>{id}</NextVersionIdMarker>");
    }
    xml.push_str("</ListVersionsResult>");
    Answer::xml(xml)
}

fn row(xml: &mut String, key: &str, version: &Version, is_latest: bool, optional: Option<&str>) {
    let element = if version.object.is_some() { "Version" } else { "DeleteMarker" };
    let (id, time) = (&version.id, dates(version.modified).0);
    let _ = write!(
        xml,
        "<{element}><Key>{key}</Key><VersionId>{id}</VersionId><IsLatest>{is_latest}</IsLatest>\
         <LastModified>{time}</LastModified>"
    );
    if let Some(object) = &version.object {
        let class = object.headers.get("x-amz-storage-class").map_or("STANDARD", String::as_str);
        if let Some(name) = checksum(object) {
            let _ = write!(xml, "<ChecksumAlgorithm>{name}</ChecksumAlgorithm>");
        }
        if optional == Some("RestoreStatus")
            && let Some(state) = object.headers.get("x-amz-restore")
        {
            let underway = state.contains("\"true\"");
            let until = if underway { "" } else { "<RestoreExpiryDate>2044-12-23T00:00:00.000Z</RestoreExpiryDate>" };
            let _ = write!(
                xml,
                "<RestoreStatus><IsRestoreInProgress>{underway}</IsRestoreInProgress>{until}</RestoreStatus>"
            );
        }
        let (etag, size) = (&object.etag, object.body.len());
        let _ = write!(xml, "<ETag>&quot;{etag}&quot;</ETag><Size>{size}</Size><StorageClass>{class}</StorageClass>");
    }
    let _ = write!(xml, "</{element}>");
}

/// The algorithm of the checksum that is kept of an object.
pub(super) fn checksum(object: &StoredObject) -> Option<String> {
    let name = object.headers.keys().find_map(|name| name.strip_prefix("x-amz-checksum-"));
    name.filter(|name| *name != "type").map(str::to_uppercase)
}

/// As `encoding-type=url` has it: all but unreserved characters and slashes, a space as `+`.
pub(super) fn form_encoded(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' | b'*' => text.push(char::from(byte)),
            b' ' => text.push('+'),
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}
