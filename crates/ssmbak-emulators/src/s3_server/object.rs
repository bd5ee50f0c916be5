//! Operations on buckets and objects.

use std::collections::BTreeMap;

use super::answer::{Answer, dates, element, escaped, unescaped};
use super::request::{Request, decoded};
use super::store::{Store, StoredObject, Version, Versioning, md5_hex};
use super::{control, list, upload};

/// Headers that belong to an object.
const KEPT: [&str; 15] = [
    "content-type",
    "content-encoding",
    "content-language",
    "content-disposition",
    "cache-control",
    "expires",
    "x-amz-storage-class",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-website-redirect-location",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold",
    "x-amz-tagging",
];

pub(super) fn answer(store: &mut Store, kind: &'static str, request: &Request, now: u64) -> Answer {
    let (bucket, key) = (request.bucket.as_str(), request.key.as_str());
    if kind == "CreateBucket" {
        store.set_bucket(bucket, Versioning::Never);
        return Answer::new(200);
    }
    if matches!(kind, "CreateJob" | "DescribeJob") {
        return control::answer(store, request, now);
    }
    let Some(found) = store.buckets.get(bucket) else { return Answer::error(404, "NoSuchBucket") };
    let must_be_absent = request.header("if-none-match") == Some("*");
    if must_be_absent && matches!(kind, "PutObject" | "CopyObject") && store.current(bucket, key).is_some() {
        return Answer::error(412, "PreconditionFailed");
    }
    match kind {
        "GetBucketVersioning" => {
            let status = match found.versioning {
                Versioning::Never => "",
                Versioning::Enabled => "<Status>Enabled</Status>",
                Versioning::Suspended => "<Status>Suspended</Status>",
            };
            Answer::xml(format!("<VersioningConfiguration>{status}</VersioningConfiguration>"))
        }
        "PutBucketVersioning" => {
            let text = String::from_utf8_lossy(&request.body);
            let enabled = element(&text, "Status") == Some("Enabled");
            store.set_bucket(bucket, if enabled { Versioning::Enabled } else { Versioning::Suspended });
            Answer::new(200)
        }
        "ListObjectVersions" => list::versions(found, request),
        "PutObject"
            if request.header("if-none-match") == Some("*")
                && store.find(bucket, key, None).is_some_and(|version| version.object.is_some()) =>
        {
            Answer::error(412, "PreconditionFailed")
        }
        "PutObject" => {
            let object = StoredObject::new(request.body.as_slice().into(), kept(request));
            let etag = format!("\"{}\"", object.etag);
            stored(store.put(bucket, key, object, now)).with("ETag", etag)
        }
        "CopyObject" => copy(store, request, now),
        "GetObject" | "HeadObject" => read(store, request),
        "DeleteObject" => {
            let mut answer = Answer::new(204);
            if let Some((id, is_marker)) = store.delete(bucket, key, request.asks("versionId"), now) {
                answer = answer.with("x-amz-version-id", id);
                if is_marker {
                    answer = answer.with("x-amz-delete-marker", "true");
                }
            }
            answer
        }
        "DeleteObjects" => delete_many(store, request, now),
        "GetObjectTagging" | "GetObjectAcl" | "PutObjectAcl" | "RestoreObject" => about(store, kind, request),
        "CreateMultipartUpload"
        | "UploadPart"
        | "UploadPartCopy"
        | "CompleteMultipartUpload"
        | "AbortMultipartUpload" => upload::answer(store, kind, request, now),
        _ => Answer::error(501, "NotImplemented"),
    }
}

/// Keys, each with a version id or without, as many as 1,000.
fn delete_many(store: &mut Store, request: &Request, now: u64) -> Answer {
    let text = String::from_utf8_lossy(&request.body).into_owned();
    let objects: Vec<&str> = text.split("<Object>").skip(1).collect();
    if objects.len() > 1_000 {
        return Answer::error(400, "MalformedXML");
    }
    let mut failed = String::new();
    for object in objects {
        let key = unescaped(element(object, "Key").unwrap_or_default());
        if store.protected.contains(&key) {
            failed.push_str(&format!("<Error><Key>{}</Key><Code>AccessDenied</Code></Error>", escaped(&key)));
            continue;
        }
        store.delete(&request.bucket, &key, element(object, "VersionId"), now);
    }
    Answer::xml(format!("<DeleteResult>{failed}</DeleteResult>"))
}

/// The headers of a request that belong to the object.
pub(super) fn kept(request: &Request) -> BTreeMap<String, String> {
    let belongs = |name: &str| name.starts_with("x-amz-meta-") || KEPT.contains(&name);
    let clear = |name: &str, value: &str| match name {
        "content-encoding" => value.replace("aws-chunked,", "").replace("aws-chunked", ""),
        _ => value.to_owned(),
    };
    let pairs = request.headers.iter().filter(|(name, _)| belongs(name));
    pairs.map(|(name, value)| (name.clone(), clear(name, value))).filter(|(_, value)| !value.is_empty()).collect()
}

pub(super) fn stored(id: Option<String>) -> Answer {
    match id {
        Some(id) => Answer::new(200).with("x-amz-version-id", id),
        None => Answer::error(404, "NoSuchBucket"),
    }
}

/// The version that a copy is made of.
pub(super) fn source<'a>(store: &'a Store, request: &Request) -> Option<&'a Version> {
    let text = request.header("x-amz-copy-source")?;
    let (path, id) = text.split_once("?versionId=").map_or((text, None), |(path, id)| (path, Some(decoded(id, false))));
    let path = decoded(path, false);
    let (bucket, key) = path.strip_prefix('/').unwrap_or(&path).split_once('/')?;
    store.find(bucket, key, id.as_deref())
}

fn copy(store: &mut Store, request: &Request, now: u64) -> Answer {
    let Some(object) = source(store, request).and_then(|version| version.object.clone()) else {
        return Answer::error(404, "NoSuchKey");
    };
    if is_archived(&object) {
        return Answer::error(403, "InvalidObjectState");
    }
    let given = kept(request);
    let replaced = request.header("x-amz-metadata-directive") == Some("REPLACE");
    // A copy keeps metadata, content headers and tags; everything else is said anew or lost.
    let stays = |name: &str| match name {
        "x-amz-tagging" => request.header("x-amz-tagging-directive") != Some("REPLACE"),
        "content-type"
        | "content-encoding"
        | "content-language"
        | "content-disposition"
        | "cache-control"
        | "expires" => !replaced,
        _ => name.starts_with("x-amz-checksum-") || (name.starts_with("x-amz-meta-") && !replaced),
    };
    let mut headers: BTreeMap<String, String> = object.headers.into_iter().filter(|(name, _)| stays(name)).collect();
    let wins = |name: &str| replaced || !(name.starts_with("x-amz-meta-") || name.starts_with("content-"));
    headers.extend(given.into_iter().filter(|(name, _)| wins(name)));
    let copied = StoredObject { etag: md5_hex(&object.body), body: object.body, headers };
    let (etag, time) = (copied.etag.clone(), dates(now).0);
    let Some(id) = store.put(&request.bucket, &request.key, copied, now) else {
        return Answer::error(404, "NoSuchBucket");
    };
    Answer::xml(format!(
        "<CopyObjectResult><LastModified>{time}</LastModified><ETag>&quot;{etag}&quot;</ETag></CopyObjectResult>"
    ))
    .with("x-amz-version-id", id)
}

pub(super) fn is_archived(object: &StoredObject) -> bool {
    let class = object.headers.get("x-amz-storage-class").map(String::as_str);
    let restored = object.headers.get("x-amz-restore").is_some_and(|state| state.contains("\"false\""));
    matches!(class, Some("GLACIER" | "DEEP_ARCHIVE")) && !restored
}

fn read(store: &Store, request: &Request) -> Answer {
    let asked = request.asks("versionId");
    let Some(version) = store.find(&request.bucket, &request.key, asked) else {
        return Answer::error(404, if asked.is_some() { "NoSuchVersion" } else { "NoSuchKey" });
    };
    let Some(object) = &version.object else {
        let status = if asked.is_some() { 405 } else { 404 };
        let code = if asked.is_some() { "MethodNotAllowed" } else { "NoSuchKey" };
        return Answer::error(status, code)
            .with("x-amz-delete-marker", "true")
            .with("Last-Modified", dates(version.modified).1);
    };
    let is_get = request.method == "GET";
    if is_get && is_archived(object) {
        return Answer::error(403, "InvalidObjectState");
    }
    let etag = format!("\"{}\"", object.etag);
    if request.header("if-match").is_some_and(|wanted| wanted != etag) {
        return Answer::error(412, "PreconditionFailed");
    }
    let size = object.body.len();
    let mut answer = Answer::new(200)
        .with("ETag", etag)
        .with("Last-Modified", dates(version.modified).1)
        .with("x-amz-version-id", &version.id);
    for (name, value) in &object.headers {
        match name.as_str() {
            "x-amz-tagging" => answer = answer.with("x-amz-tagging-count", value.split('&').count().to_string()),
            "acl" | "part-size" => {}
            _ => answer = answer.with(name, value),
        }
    }
    let first_part = object.headers.get("part-size").filter(|_| request.asks("partNumber").is_some());
    let length = first_part.and_then(|text| text.parse().ok()).unwrap_or(size);
    let range =
        request.header("range").and_then(|text| text.strip_prefix("bytes=")).and_then(|text| text.split_once('-'));
    if let Some((first, last)) = range {
        let (first, last) = (first.parse().unwrap_or(0), last.parse().unwrap_or(size.saturating_sub(1)));
        let Some(bytes) = object.body.get(first..(last + 1).min(size)) else {
            return Answer::error(416, "InvalidRange");
        };
        answer.status = 206;
        answer.body = bytes.into();
        answer = answer.with("Content-Range", format!("bytes {first}-{last}/{size}"));
    } else if is_get {
        answer.body = object.body.clone();
    } else {
        answer.length = Some(length);
    }
    answer.is_body = is_get;
    answer
}

/// Tags, ACL, archive.
fn about(store: &mut Store, kind: &str, request: &Request) -> Answer {
    let Some(object) = store.find_mut(&request.bucket, &request.key, request.asks("versionId")) else {
        return Answer::error(404, "NoSuchVersion");
    };
    let header = |name: &str| object.headers.get(name).cloned();
    match kind {
        "GetObjectTagging" => {
            let tags = header("x-amz-tagging").unwrap_or_default();
            let pairs = tags.split('&').filter_map(|pair| pair.split_once('='));
            let rows: String = pairs
                .map(|(key, value)| {
                    let (key, value) = (decoded(key, true), decoded(value, true));
                    format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>")
                })
                .collect();
            Answer::xml(format!("<Tagging><TagSet>{rows}</TagSet></Tagging>"))
        }
        "GetObjectAcl" => Answer::xml(header("acl").unwrap_or_else(|| {
            "<AccessControlPolicy><Owner><ID>owner</ID></Owner><AccessControlList/></AccessControlPolicy>".to_owned()
        })),
        "PutObjectAcl" => {
            object.headers.insert("acl".to_owned(), String::from_utf8_lossy(&request.body).into_owned());
            Answer::new(200)
        }
        _ => {
            let state = if header("x-amz-restore").is_some() {
                "ongoing-request=\"false\", expiry-date=\"Fri, 23 Dec 2044 00:00:00 GMT\""
            } else {
                "ongoing-request=\"true\""
            };
            object.headers.insert("x-amz-restore".to_owned(), state.to_owned());
            Answer::new(202)
        }
    }
}
