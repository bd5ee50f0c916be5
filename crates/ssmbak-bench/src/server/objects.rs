//! ListObjectsV2.

use std::fmt::Write as _;

use super::listing::{common, encoded, most, write_common};
use super::s3::{Query, escape, etag};
use crate::{BUCKET, Bucket, Kind, Row};

/// What is asked for.
pub(super) struct Objects<'a> {
    prefix: &'a str,
    delimiter: Option<&'a str>,
    /// The continuation token, which is the last key or common prefix of the page before.
    token: Option<&'a str>,
    start_after: Option<&'a str>,
    most: usize,
    url: bool,
}

impl<'a> Objects<'a> {
    /// `None`: S3 refuses it.
    pub(super) fn of(query: &'a Query) -> Option<Self> {
        Some(Self {
            prefix: query.text("prefix").unwrap_or_default(),
            delimiter: query.text("delimiter"),
            token: query.text("continuation-token"),
            start_after: query.text("start-after"),
            most: most(query)?,
            url: query.get("encoding-type") == Some("url"),
        })
    }

    fn text(&self, text: &str) -> String {
        encoded(text, self.url)
    }
}

/// The current versions that are no delete markers, a page of them.
pub(super) fn list(bucket: &Bucket, objects: &Objects<'_>) -> String {
    let history = bucket.history();
    let after = objects.token.or(objects.start_after);
    let mut within = history.beginning_with(objects.prefix);
    if let Some(after) = after {
        within.start = within.start.max(history.first_from(after));
    }
    let (mut entries, mut folders) = (String::new(), String::new());
    let (mut rows, mut truncated) = (0, false);
    let mut last: Option<String> = None;
    for parameter in within {
        let key = history.name(parameter);
        let Some(row) = bucket.rows(parameter).last().copied().filter(|row| row.kind != Kind::Marker) else { continue };
        let shared = common(objects.prefix, objects.delimiter, &key).map(str::to_owned);
        let listed = match &shared {
            Some(shared) => {
                last.as_ref() == Some(shared) || after.is_some_and(|a| a >= shared.as_str() && a.starts_with(shared))
            }
            None => after == Some(key.as_str()),
        };
        if listed {
            continue;
        }
        if rows == objects.most {
            truncated = true;
            break;
        }
        match &shared {
            Some(shared) => write_common(&mut folders, &objects.text(shared)),
            None => write_object(&mut entries, bucket, parameter, &row, &objects.text(&key)),
        }
        rows += 1;
        last = Some(shared.unwrap_or(key));
    }
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Name>{BUCKET}</Name><Prefix>{}</Prefix><KeyCount>{rows}</KeyCount><MaxKeys>{}</MaxKeys>\
         <IsTruncated>{truncated}</IsTruncated>",
        objects.text(objects.prefix),
        objects.most,
    );
    // Writing to a String cannot fail.
    if let Some(delimiter) = objects.delimiter {
        let _ = write!(xml, "<Delimiter>{}</Delimiter>", objects.text(delimiter));
    }
    if objects.url {
        xml += "<EncodingType>url</EncodingType>";
    }
    if let (true, Some(last)) = (truncated, last) {
        let _ = write!(xml, "<NextContinuationToken>{}</NextContinuationToken>", escape(&last));
    }
    xml + &entries + &folders + "</ListBucketResult>"
}

fn write_object(to: &mut String, bucket: &Bucket, parameter: u32, row: &Row, key: &str) {
    let stored = crate::history::timestamp(row.stored * 1000).strftime("%Y-%m-%dT%H:%M:%S.000Z");
    // Writing to a String cannot fail.
    let _ = write!(
        to,
        "<Contents><Key>{key}</Key><LastModified>{stored}</LastModified><ETag>{}</ETag><Size>{}</Size>\
         <StorageClass>STANDARD</StorageClass></Contents>",
        escape(&etag(bucket, parameter, row)),
        bucket.body(parameter, row).len()
    );
}
