//! S3: what a key's versions say.

use hyper::{Method, StatusCode, Uri};
use percent_encoding::percent_decode_str;
use ssmbak_core::record::metadata::FIELD;

use super::listing::{Listing, list};
use super::objects::{self, Objects};
use super::{Answer, Operation, xml};
use crate::{BUCKET, Bucket, Kind, Row};

const DELETE_MARKER: &str = "x-amz-delete-marker";
const VERSION_ID: &str = "x-amz-version-id";
/// `x-amz-meta-` and [`FIELD`].
const METADATA: &str = "x-amz-meta-ssmbak";

pub(super) fn read(bucket: &Bucket, method: &Method, uri: &Uri) -> (Operation, Answer) {
    let query = Query::of(uri);
    let (name, key) = path(uri);
    if name != BUCKET {
        return (Operation::Unknown, error(StatusCode::NOT_FOUND, "NoSuchBucket"));
    }
    if key.is_empty() {
        return of_bucket(bucket, method, &query);
    }
    if query.get("tagging").is_some() {
        return (Operation::GetObjectTagging, tagging(bucket, &key, query.get("versionId")));
    }
    let operation = if *method == Method::HEAD { Operation::HeadObject } else { Operation::GetObject };
    (operation, object(bucket, &key, query.get("versionId")))
}

/// Counted and forgotten.
pub(super) fn put(uri: &Uri) -> (Operation, Answer) {
    let (name, key) = path(uri);
    if name != BUCKET || key.is_empty() {
        return (Operation::Unknown, error(StatusCode::NOT_IMPLEMENTED, "NotImplemented"));
    }
    (Operation::PutObject, xml(String::new()).with(VERSION_ID, "forgotten").with("etag", "\"forgotten\""))
}

pub(super) fn error(status: StatusCode, code: &str) -> Answer {
    let mut answer = xml(format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>"));
    answer.status = status;
    answer
}

fn of_bucket(bucket: &Bucket, method: &Method, query: &Query) -> (Operation, Answer) {
    if *method == Method::HEAD {
        (Operation::HeadBucket, xml(String::new()))
    } else if query.get("versions").is_some() {
        let answer = Listing::of(query).map(|listing| xml(list(bucket, &listing)));
        (Operation::ListObjectVersions, answer.unwrap_or_else(|| error(StatusCode::BAD_REQUEST, "InvalidArgument")))
    } else if query.get("list-type") == Some("2") {
        let answer = Objects::of(query).map(|objects| xml(objects::list(bucket, &objects)));
        (Operation::ListObjectsV2, answer.unwrap_or_else(|| error(StatusCode::BAD_REQUEST, "InvalidArgument")))
    } else if query.get("versioning").is_some() {
        let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        (Operation::GetBucketVersioning, xml(enabled.to_owned()))
    } else if query.get("lifecycle").is_some() {
        let answer = error(StatusCode::NOT_FOUND, "NoSuchLifecycleConfiguration");
        (Operation::GetBucketLifecycleConfiguration, answer)
    } else if query.get("location").is_some() {
        (Operation::GetBucketLocation, xml("<LocationConstraint/>".to_owned()))
    } else {
        (Operation::Unknown, error(StatusCode::NOT_IMPLEMENTED, "NotImplemented"))
    }
}

/// A version of a key, or why there is none.
fn version(bucket: &Bucket, key: &str, version_id: Option<&str>) -> Result<(u32, Row), Answer> {
    let missing = |code| error(StatusCode::NOT_FOUND, code);
    let parameter = bucket.history().find(key).ok_or_else(|| missing("NoSuchKey"))?;
    let row = match version_id {
        Some(version_id) => bucket.find(parameter, version_id).ok_or_else(|| missing("NoSuchVersion"))?,
        None => bucket.rows(parameter).last().copied().ok_or_else(|| missing("NoSuchKey"))?,
    };
    if row.kind == Kind::Marker {
        let (status, code) = match version_id {
            Some(_) => (StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
            None => (StatusCode::NOT_FOUND, "NoSuchKey"),
        };
        let id = bucket.version_id(parameter, &row);
        return Err(error(status, code).with(DELETE_MARKER, true).with(VERSION_ID, id));
    }
    Ok((parameter, row))
}

fn object(bucket: &Bucket, key: &str, version_id: Option<&str>) -> Answer {
    let (parameter, row) = match version(bucket, key, version_id) {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let encoded = bucket.encoded(parameter, &row);
    let mut answer = Answer::new(StatusCode::OK, "binary/octet-stream", bucket.body(parameter, &row))
        .with(VERSION_ID, bucket.version_id(parameter, &row))
        .with("etag", etag(bucket, parameter, &row))
        .with("x-amz-server-side-encryption", "aws:kms")
        .with("last-modified", http_date(row.stored));
    debug_assert!(METADATA.ends_with(FIELD));
    if let Some(encoded) = encoded {
        if !encoded.metadata.is_empty() {
            answer = answer.with(METADATA, encoded.metadata);
        }
        if !encoded.tags.is_empty() {
            answer = answer.with("x-amz-tagging-count", encoded.tags.len());
        }
    }
    answer
}

fn tagging(bucket: &Bucket, key: &str, version_id: Option<&str>) -> Answer {
    let (parameter, row) = match version(bucket, key, version_id) {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let mut body = String::from("<Tagging><TagSet>");
    for (key, value) in bucket.encoded(parameter, &row).map(|encoded| encoded.tags).unwrap_or_default() {
        body += &format!("<Tag><Key>{}</Key><Value>{}</Value></Tag>", escape(&key), escape(&value));
    }
    body += "</TagSet></Tagging>";
    xml(body).with(VERSION_ID, bucket.version_id(parameter, &row))
}

/// Some 32 hexadecimal digits. Objects are encrypted by KMS here, so that they are no MD5 of anything.
pub(super) fn etag(bucket: &Bucket, parameter: u32, row: &Row) -> String {
    format!("\"{:032x}\"", bucket.history().chance(parameter, row.place, 15))
}

fn http_date(second: i64) -> String {
    crate::history::timestamp(second * 1000).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Text within XML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The bucket and the key of a path-style request.
fn path(uri: &Uri) -> (String, String) {
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    (bucket.to_owned(), decode(key))
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The parameters of a request.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    fn of(uri: &Uri) -> Self {
        let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        // In a query a plus sign is a space.
        let plain = |text: &str| decode(&text.replace('+', " "));
        Self(pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (plain(k), plain(v))).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// As [`Query::get`], but an empty value is none.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }
}
