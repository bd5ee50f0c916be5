//! Uploads in parts.

use super::answer::Answer;
use super::object::{kept, source, stored};
use super::request::Request;
use super::store::{Store, StoredObject, Upload, md5_hex};

pub(super) fn answer(store: &mut Store, kind: &str, request: &Request, now: u64) -> Answer {
    let id = request.asks("uploadId").unwrap_or_default();
    match kind {
        "CreateMultipartUpload" => {
            let id = store.next_id();
            store.uploads.insert(id.clone(), Upload { headers: kept(request), parts: Default::default(), begun: now });
            Answer::xml(format!(
                "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
            ))
        }
        // As a RADOS Gateway has it.
        "UploadPartCopy" if request.header("content-length").is_none() => Answer::error(411, "MissingContentLength"),
        "UploadPartCopy" => {
            let range = request.header("x-amz-copy-source-range").and_then(|text| text.strip_prefix("bytes="));
            let ends = range.and_then(|text| text.split_once('-'));
            let ends = ends.and_then(|(first, last)| Some((first.parse().ok()?, last.parse::<usize>().ok()? + 1)));
            let body =
                source(store, request).and_then(|version| version.object.as_ref()).map(|object| object.body.clone());
            let bytes =
                body.as_ref().zip(ends).and_then(|(body, (first, end))| body.get(first..end)).map(<[u8]>::to_vec);
            let number = request.asks("partNumber").and_then(|text| text.parse().ok());
            let (Some(bytes), Some(number), Some(upload)) = (bytes, number, store.uploads.get_mut(id)) else {
                return Answer::error(404, "NoSuchUpload");
            };
            let etag = md5_hex(&bytes);
            upload.parts.insert(number, bytes);
            Answer::xml(format!("<CopyPartResult><ETag>&quot;{etag}&quot;</ETag></CopyPartResult>"))
        }
        "UploadPart" => {
            let number = request.asks("partNumber").and_then(|text| text.parse().ok());
            let (Some(number), Some(upload)) = (number, store.uploads.get_mut(id)) else {
                return Answer::error(404, "NoSuchUpload");
            };
            let etag = md5_hex(&request.body);
            upload.parts.insert(number, request.body.clone());
            Answer::new(200).with("ETag", format!("\"{etag}\""))
        }
        "CompleteMultipartUpload" => {
            let Some(upload) = store.uploads.remove(id) else { return Answer::error(404, "NoSuchUpload") };
            let hashes: Vec<u8> = upload.parts.values().flat_map(|part| raw_md5(part)).collect();
            let etag = format!("{}-{}", md5_hex(&hashes), upload.parts.len());
            let mut headers = upload.headers;
            let first = upload.parts.values().next().map_or(0, Vec::len);
            headers.insert("part-size".to_owned(), first.to_string());
            let body: Vec<u8> = upload.parts.into_values().flatten().collect();
            let object = StoredObject { body: body.into(), headers, etag: etag.clone() };
            // Dated by its beginning, stored at its end.
            let answer = stored(store.put(&request.bucket, &request.key, object, upload.begun));
            let mut whole = Answer::xml(format!(
                "<CompleteMultipartUploadResult><ETag>&quot;{etag}&quot;</ETag></CompleteMultipartUploadResult>"
            ));
            whole.headers.extend(answer.headers);
            whole
        }
        _ => {
            store.uploads.remove(id);
            Answer::new(204)
        }
    }
}

fn raw_md5(bytes: &[u8]) -> Vec<u8> {
    use md5::{Digest, Md5};
    Md5::digest(bytes).to_vec()
}
