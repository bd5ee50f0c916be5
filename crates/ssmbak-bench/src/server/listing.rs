//! ListObjectVersions.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::s3::{Query, escape, etag};
use crate::{BUCKET, Bucket, Kind, Row};

const PAGE: usize = 1000;
/// What `encoding-type=url` leaves as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b'/');

/// What is asked for.
pub(super) struct Listing<'a> {
    prefix: &'a str,
    delimiter: Option<&'a str>,
    key_marker: Option<&'a str>,
    version_marker: Option<&'a str>,
    most: usize,
    encoded: bool,
}

impl<'a> Listing<'a> {
    /// `None`: S3 refuses it.
    pub(super) fn of(query: &'a Query) -> Option<Self> {
        let key_marker = query.text("key-marker");
        let version_marker = query.text("version-id-marker");
        if version_marker.is_some() && key_marker.is_none() {
            return None;
        }
        Some(Self {
            prefix: query.text("prefix").unwrap_or_default(),
            delimiter: query.text("delimiter"),
            key_marker,
            version_marker,
            most: most(query)?,
            encoded: query.get("encoding-type") == Some("url"),
        })
    }

    fn text(&self, text: &str) -> String {
        encoded(text, self.encoded)
    }
}

/// How many rows a page may have; `None`: what is asked for is no number.
pub(super) fn most(query: &Query) -> Option<usize> {
    query.text("max-keys").map_or(Some(PAGE), |text| text.parse().ok()).map(|most: usize| most.min(PAGE))
}

/// A key or a part of one, as a listing has it.
pub(super) fn encoded(text: &str, url: bool) -> String {
    if url { utf8_percent_encode(text, PLAIN).to_string() } else { escape(text) }
}

/// The common prefix under which a key is listed.
pub(super) fn common<'k>(prefix: &str, delimiter: Option<&str>, key: &'k str) -> Option<&'k str> {
    let delimiter = delimiter?;
    let rest = key.get(prefix.len()..)?;
    let end = prefix.len() + rest.find(delimiter)? + delimiter.len();
    key.get(..end)
}

pub(super) fn write_common(to: &mut String, prefix: &str) {
    // Writing to a String cannot fail.
    let _ = write!(to, "<CommonPrefixes><Prefix>{prefix}</Prefix></CommonPrefixes>");
}

pub(super) fn list(bucket: &Bucket, listing: &Listing<'_>) -> String {
    let mut page = Page::default();
    let history = bucket.history();
    let mut within = history.beginning_with(listing.prefix);
    if let Some(marker) = listing.key_marker {
        within.start = within.start.max(history.first_from(marker));
    }
    let mut listed: Option<String> = None;
    'keys: for parameter in within {
        let key = history.name(parameter);
        if let Some(shared) = common(listing.prefix, listing.delimiter, &key) {
            // A marker that is a common prefix has been listed already.
            let known = listed.as_deref() == Some(shared)
                || listing.key_marker.is_some_and(|m| m >= shared && m.starts_with(shared));
            if !known {
                if page.rows == listing.most {
                    page.truncated = true;
                    break;
                }
                write_common(&mut page.common, &listing.text(shared));
                page.rows += 1;
                page.last = Some((shared.to_owned(), None));
                listed = Some(shared.to_owned());
            }
            continue;
        }
        let rows = bucket.rows(parameter);
        let mut older: &[Row] = &rows;
        if listing.key_marker == Some(key.as_str()) {
            // Without a version the whole key has been listed.
            let Some(marker) = listing.version_marker else { continue };
            let place = rows.iter().position(|row| bucket.version_id(parameter, row) == marker);
            older = place.and_then(|place| rows.get(..place)).unwrap_or_default();
        }
        for row in older.iter().rev() {
            if page.rows == listing.most {
                page.truncated = true;
                break 'keys;
            }
            let id = bucket.version_id(parameter, row);
            let latest = row.place as usize + 1 == rows.len();
            write_row(&mut page.entries, bucket, parameter, row, &listing.text(&key), &id, latest);
            page.rows += 1;
            page.last = Some((key.clone(), Some(id)));
        }
    }
    page.finish(listing)
}

#[derive(Default)]
struct Page {
    entries: String,
    common: String,
    rows: usize,
    truncated: bool,
    last: Option<(String, Option<String>)>,
}

impl Page {
    fn finish(self, listing: &Listing<'_>) -> String {
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListVersionsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Name>{BUCKET}</Name><Prefix>{}</Prefix><KeyMarker>{}</KeyMarker><VersionIdMarker>{}</VersionIdMarker>\
             <MaxKeys>{}</MaxKeys><IsTruncated>{}</IsTruncated>",
            listing.text(listing.prefix),
            listing.text(listing.key_marker.unwrap_or_default()),
            escape(listing.version_marker.unwrap_or_default()),
            listing.most,
            self.truncated,
        );
        // Writing to a String cannot fail.
        if let Some(delimiter) = listing.delimiter {
            let _ = write!(xml, "<Delimiter>{}</Delimiter>", listing.text(delimiter));
        }
        if listing.encoded {
            xml += "<EncodingType>url</EncodingType>";
        }
        if let (true, Some((key, version))) = (self.truncated, self.last) {
            let _ = write!(xml, "<NextKeyMarker>{}</NextKeyMarker>", listing.text(&key));
            if let Some(version) = version {
                let _ = write!(xml, "<NextVersionIdMarker>{version}</NextVersionIdMarker>");
            }
        }
        xml + &self.entries + &self.common + "</ListVersionsResult>"
    }
}

fn write_row(to: &mut String, bucket: &Bucket, parameter: u32, row: &Row, key: &str, id: &str, latest: bool) {
    let stored = crate::history::timestamp(row.stored * 1000).strftime("%Y-%m-%dT%H:%M:%S.000Z");
    let common = format_args!(
        "<Key>{key}</Key><VersionId>{id}</VersionId><IsLatest>{latest}</IsLatest><LastModified>{stored}</LastModified>\
         <Owner><ID>owner</ID></Owner>"
    );
    // Writing to a String cannot fail.
    let _ = match row.kind {
        Kind::Marker => write!(to, "<DeleteMarker>{common}</DeleteMarker>"),
        Kind::Version { .. } | Kind::Tombstone => write!(
            to,
            "<Version>{common}<ETag>{}</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Version>",
            escape(&etag(bucket, parameter, row)),
            bucket.body(parameter, row).len()
        ),
    };
}
