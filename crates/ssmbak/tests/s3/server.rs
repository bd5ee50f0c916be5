//! The small S3 server's answers, held against moto's.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use ssmbak_testkit::{S3Server, create_versioned_bucket, s3_client};

use crate::common::moto;

/// Ids numbered as they appear, newest first, so that two servers' ids can be compared.
async fn listing(client: &Client, bucket: &str, page: i32) -> Vec<String> {
    let mut rows = Vec::new();
    let (mut key, mut id) = (None, None);
    loop {
        let output = client
            .list_object_versions()
            .bucket(bucket)
            .max_keys(page)
            .set_key_marker(key)
            .set_version_id_marker(id)
            .send()
            .await
            .unwrap();
        for version in output.versions() {
            rows.push(format!(
                "{} {:?} {:?} {:?}",
                version.key().unwrap(),
                version.size(),
                version.is_latest(),
                version.e_tag()
            ));
        }
        rows.extend(output.delete_markers().iter().map(|m| format!("{} marker {:?}", m.key().unwrap(), m.is_latest())));
        if !output.is_truncated().unwrap_or(false) {
            rows.sort();
            return rows;
        }
        key = output.next_key_marker().map(str::to_owned);
        id = output.next_version_id_marker().map(str::to_owned);
    }
}

async fn look(client: &Client, bucket: &str, key: &str) -> BTreeMap<&'static str, String> {
    let mut seen = BTreeMap::new();
    match client.head_object().bucket(bucket).key(key).send().await {
        Ok(head) => {
            seen.insert("type", format!("{:?}", head.content_type()));
            seen.insert("length", format!("{:?}", head.content_length()));
            seen.insert("etag", format!("{:?}", head.e_tag()));
            seen.insert("metadata", format!("{:?}", head.metadata()));
            seen.insert("class", format!("{:?}", head.storage_class()));
            let range = client.get_object().bucket(bucket).key(key).range("bytes=1-2").send().await.unwrap();
            seen.insert("range", format!("{:?}", range.body.collect().await.unwrap().to_vec()));
            let tags = client.get_object_tagging().bucket(bucket).key(key).send().await.unwrap();
            seen.insert("tags", format!("{:?}", tags.tag_set()));
        }
        Err(error) => {
            let status = error.raw_response().map(|raw| raw.status().as_u16());
            seen.insert("refused", format!("{status:?}"));
        }
    }
    seen
}

#[tokio::test]
async fn the_small_server_answers_as_moto_does() {
    const BUCKET: &str = "twins";
    let server = S3Server::start().unwrap();
    let (ours, theirs) = (s3_client(&server.endpoint()), moto(BUCKET).await);
    create_versioned_bucket(&ours, BUCKET).await.unwrap();
    for client in [&ours, &theirs] {
        for (round, key) in [(0, "a"), (1, "a b+c"), (2, "ä/鍵"), (3, "a"), (4, "gone"), (5, "a/b")] {
            client
                .put_object()
                .bucket(BUCKET)
                .key(key)
                .body(format!("body {round}").into_bytes().into())
                .content_type("text/plain")
                .metadata("round", round.to_string())
                .tagging("t=1")
                .send()
                .await
                .unwrap();
        }
        client.delete_object().bucket(BUCKET).key("gone").send().await.unwrap();
        let listed = client.list_object_versions().bucket(BUCKET).prefix("a").send().await.unwrap();
        let old = listed.versions().iter().find(|v| v.key() == Some("a") && v.is_latest() == Some(false)).unwrap();
        let source = format!("{BUCKET}/a?versionId={}", old.version_id().unwrap());
        client.copy_object().bucket(BUCKET).key("copy").copy_source(source).send().await.unwrap();
        let marker = client.list_object_versions().bucket(BUCKET).prefix("gone").send().await.unwrap();
        let marker = marker.delete_markers()[0].version_id().unwrap().to_owned();
        let refused = client.head_object().bucket(BUCKET).key("gone").version_id(marker).send().await.unwrap_err();
        assert_eq!(refused.raw_response().unwrap().status().as_u16(), 405);
    }
    for page in [1, 2, 1_000] {
        assert_eq!(listing(&ours, BUCKET, page).await, listing(&theirs, BUCKET, page).await, "pages of {page}");
    }
    for key in ["a", "a b+c", "ä/鍵", "gone", "a/b", "copy", "missing"] {
        assert_eq!(look(&ours, BUCKET, key).await, look(&theirs, BUCKET, key).await, "{key}");
    }
}
