//! The server's answers are moto's, to the same questions about the same history, asked with the SDK. Where moto is known
//! to be wrong, S3's documentation decides: versions and markers come in one order there, and a listing goes on after the
//! key that it is given.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::time::Duration;

use aws_sdk_s3::Client as S3;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::EncodingType;
use aws_sdk_ssm::Client as Ssm;
use aws_sdk_ssm::types::{ParameterStringFilter, ParameterType, ResourceTypeForTagging, Tag};
use ssmbak::ParameterStore;
use ssmbak::store::SsmParameterStore;
use ssmbak_bench::{BUCKET, Bucket, Deed, History, Kind, PATH, Server, Spec, Variant};
use ssmbak_core::name::ParameterName;
use ssmbak_core::record::tags;
use ssmbak_core::scope::Scope;
use ssmbak_testkit::{Moto, create_versioned_bucket, s3_client, ssm_client, tagging_client};

type Texts = Vec<String>;

/// One history, in moto and in the server.
struct Worlds {
    bucket: Bucket,
    moto: (S3, Ssm),
    ours: (S3, Ssm),
    running_moto: Moto,
    server: Server,
}

impl Worlds {
    async fn of(spec: Spec) -> Self {
        let bucket = Bucket::new(History::new(spec));
        let server = Server::start(bucket, Duration::ZERO, 0).await.unwrap();
        let moto = Moto::start().unwrap();
        let clients = |endpoint: &str| (s3_client(endpoint), ssm_client(endpoint));
        let worlds = Self {
            bucket,
            moto: clients(&moto.endpoint()),
            ours: clients(&server.endpoint()),
            running_moto: moto,
            server,
        };
        worlds.tell_moto().await;
        worlds
    }

    async fn tell_moto(&self) {
        let (s3, ssm) = &self.moto;
        create_versioned_bucket(s3, BUCKET).await.unwrap();
        let history = self.bucket.history();
        for parameter in history.parameters() {
            let name = history.name(parameter);
            for done in history.deeds(parameter) {
                let Deed::Put { nth, version } = done.deed else {
                    ssm.delete_parameter().name(&name).send().await.unwrap();
                    continue;
                };
                ssm.put_parameter()
                    .name(&name)
                    .value(history.value(parameter, nth))
                    .r#type(ParameterType::from(history.parameter_type(parameter).as_str()))
                    .set_description(history.description(parameter))
                    .overwrite(version > 1)
                    .send()
                    .await
                    .unwrap();
            }
            for (key, value) in history.tags(parameter).into_iter().filter(|_| history.present(parameter).is_some()) {
                let tag = Tag::builder().key(key).value(value).build().unwrap();
                let resource = ResourceTypeForTagging::Parameter;
                ssm.add_tags_to_resource().resource_type(resource).resource_id(&name).tags(tag).send().await.unwrap();
            }
            for row in self.bucket.rows(parameter) {
                match self.bucket.encoded(parameter, &row) {
                    None => drop(s3.delete_object().bucket(BUCKET).key(&name).send().await.unwrap()),
                    Some(encoded) => {
                        let put = s3.put_object().bucket(BUCKET).key(&name);
                        let put = put.body(ByteStream::from(self.bucket.body(parameter, &row).into_bytes()));
                        let tagging = Some(tags::header(&encoded.tags)).filter(|header| !header.is_empty());
                        let metadata = Some(encoded.metadata).filter(|text| !text.is_empty());
                        let metadata = metadata.map(|text| [("ssmbak".to_owned(), text)].into());
                        put.set_tagging(tagging).set_metadata(metadata).send().await.unwrap();
                    }
                }
            }
        }
    }

    fn names(&self) -> Texts {
        self.bucket.history().parameters().map(|parameter| self.bucket.history().name(parameter)).collect()
    }
}

/// The versions of a prefix, oldest first within a key, without what no two servers have in common.
async fn versions(s3: &S3, prefix: &str, page: i32) -> (Vec<(String, i64, bool, String)>, Vec<(String, bool, String)>) {
    let (mut versions, mut markers) = (Vec::new(), Vec::new());
    let mut next: Option<(String, String)> = None;
    loop {
        let (key, version) = next.unzip();
        let ask = s3.list_object_versions().bucket(BUCKET).prefix(prefix).max_keys(page);
        let answer = ask.set_key_marker(key).set_version_id_marker(version).send().await.unwrap();
        for row in answer.versions() {
            let id = row.version_id().unwrap().to_owned();
            versions.push((row.key().unwrap().to_owned(), row.size().unwrap(), row.is_latest().unwrap(), id));
        }
        for row in answer.delete_markers() {
            let id = row.version_id().unwrap().to_owned();
            markers.push((row.key().unwrap().to_owned(), row.is_latest().unwrap(), id));
        }
        if answer.is_truncated() != Some(true) {
            return (versions, markers);
        }
        next =
            Some((answer.next_key_marker().unwrap().to_owned(), answer.next_version_id_marker().unwrap().to_owned()));
    }
}

/// What HEAD, GET and GetObjectTagging say of a version.
async fn said(s3: &S3, key: &str, version_id: Option<&str>) -> Texts {
    let version = version_id.map(str::to_owned);
    let mut said = Vec::new();
    let head = s3.head_object().bucket(BUCKET).key(key).set_version_id(version.clone()).send().await;
    said.push(match &head {
        Ok(head) => format!("{:?} {:?}", head.content_length(), head.metadata()),
        Err(error) => refused(error),
    });
    let get = s3.get_object().bucket(BUCKET).key(key).set_version_id(version.clone()).send().await;
    said.push(match get {
        Ok(object) => {
            let metadata = format!("{:?} {:?}", object.metadata(), object.tag_count());
            format!("{metadata} {:?}", object.body.collect().await.unwrap().to_vec())
        }
        Err(error) => refused(&error),
    });
    let tagging = s3.get_object_tagging().bucket(BUCKET).key(key).set_version_id(version).send().await;
    said.push(match &tagging {
        Ok(tagging) => {
            let mut tags: Texts =
                tagging.tag_set().iter().map(|tag| format!("{}={}", tag.key(), tag.value())).collect();
            tags.sort();
            tags.join(" ")
        }
        Err(error) => refused(error),
    });
    said
}

fn refused<E>(error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>) -> String {
    let response = error.raw_response().unwrap();
    format!("{} {:?}", response.status(), response.headers().get("x-amz-delete-marker"))
}

#[tokio::test]
async fn listings_and_versions_are_motos() {
    for variant in [Variant::Recorded, Variant::Original] {
        let worlds = Worlds::of(Spec::new(40, 3).with(variant)).await;
        let (moto, ours) = (&worlds.moto.0, &worlds.ours.0);
        let first = worlds.names()[0].clone();
        for prefix in ["", PATH, "/bench/app000001/", &first, "/other/"] {
            let (wanted, wanted_markers) = versions(moto, prefix, 1000).await;
            // In pages of seven as well: whatever the page, the same rows.
            for page in [1000, 7, 1] {
                let (got, got_markers) = versions(ours, prefix, page).await;
                let shape = |rows: &[(String, i64, bool, String)]| -> Vec<_> {
                    rows.iter().map(|(key, size, latest, _)| (key.clone(), *size, *latest)).collect()
                };
                let marks = |rows: &[(String, bool, String)]| -> Vec<_> {
                    rows.iter().map(|(key, latest, _)| (key.clone(), *latest)).collect()
                };
                assert_eq!(shape(&got), shape(&wanted), "{prefix} {page}");
                assert_eq!(marks(&got_markers), marks(&wanted_markers), "{prefix} {page}");
            }
            if prefix != PATH {
                continue;
            }
            let (got, got_markers) = versions(ours, prefix, 1000).await;
            assert!(!got_markers.is_empty());
            for (theirs, row) in wanted.iter().zip(&got) {
                assert_eq!(
                    said(ours, &row.0, Some(&row.3)).await,
                    said(moto, &row.0, Some(&theirs.3)).await,
                    "{row:?}"
                );
            }
            for (theirs, row) in wanted_markers.iter().zip(&got_markers) {
                let (wanted, got) = (said(moto, &row.0, Some(&theirs.2)).await, said(ours, &row.0, Some(&row.2)).await);
                // Of a HEAD and of tags moto says 404 and no header, or 405; AWS says 405 with the header.
                assert_eq!(got, ["405 Some(\"true\")"; 3], "moto: {wanted:?}");
            }
        }
        for name in worlds.names() {
            let (wanted, got) = (said(moto, &name, None).await, said(ours, &name, None).await);
            let gone = worlds.bucket.history().present(worlds.bucket.history().find(&name).unwrap()).is_none();
            if gone {
                // A GET's header is missing in moto's answer, and of tags it says other things.
                assert_eq!(got, ["404 Some(\"true\")"; 3], "{name}: {wanted:?}");
            } else {
                assert_eq!(got, wanted, "{name}");
            }
        }
        assert_eq!(said(ours, "/bench/nothing", None).await[..2], said(moto, "/bench/nothing", None).await[..2]);
    }
}

#[tokio::test]
async fn a_delimiter_shows_folders_and_texts_can_come_encoded() {
    let worlds = Worlds::of(Spec::new(25, 1)).await;
    let mut shown = Vec::new();
    for s3 in [&worlds.moto.0, &worlds.ours.0] {
        let ask = s3.list_object_versions().bucket(BUCKET).prefix(PATH).delimiter("/").encoding_type(EncodingType::Url);
        let answer = ask.send().await.unwrap();
        let folders: Texts = answer.common_prefixes().iter().map(|p| p.prefix().unwrap().to_owned()).collect();
        shown.push((folders, answer.versions().len(), answer.prefix().map(str::to_owned)));
    }
    assert_eq!(shown[0], shown[1]);
    assert_eq!(shown[1].0.len(), 3);
    let ours = &worlds.ours.0;
    let mut folders = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let ask = ours.list_object_versions().bucket(BUCKET).prefix(PATH).delimiter("/").max_keys(1);
        let answer = ask.set_key_marker(next).send().await.unwrap();
        folders.extend(answer.common_prefixes().iter().map(|p| p.prefix().unwrap().to_owned()));
        next = answer.next_key_marker().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    assert_eq!(folders, shown[1].0);
    // Without a version a listing goes on after the whole key.
    let names = worlds.names();
    let answer = ours.list_object_versions().bucket(BUCKET).prefix(PATH).key_marker(&names[3]).send().await.unwrap();
    assert_eq!(answer.versions()[0].key(), Some(names[4].as_str()));
}

/// The objects and common prefixes of a listing, page by page.
async fn objects(s3: &S3, prefix: &str, delimiter: Option<&str>, page: i32) -> (Vec<(String, i64)>, Texts) {
    let ask = s3.list_objects_v2().bucket(BUCKET).prefix(prefix).set_delimiter(delimiter.map(str::to_owned));
    let pages: Vec<_> = ask.max_keys(page).into_paginator().send().try_collect().await.unwrap();
    assert!(pages.iter().all(|answer| answer.key_count() <= Some(page)));
    let keys = pages.iter().flat_map(|answer| answer.contents());
    let folders = pages.iter().flat_map(|answer| answer.common_prefixes());
    (
        keys.map(|object| (object.key().unwrap().to_owned(), object.size().unwrap())).collect(),
        folders.map(|folder| folder.prefix().unwrap().to_owned()).collect(),
    )
}

#[tokio::test]
async fn listings_of_objects_are_motos() {
    let worlds = Worlds::of(Spec::new(40, 3)).await;
    let (moto, ours) = (&worlds.moto.0, &worlds.ours.0);
    for prefix in ["", PATH, "/bench/app000001/", "/other/"] {
        for delimiter in [None, Some("/")] {
            let wanted = objects(moto, prefix, delimiter, 1000).await;
            for page in [1000, 7, 1] {
                assert_eq!(objects(ours, prefix, delimiter, page).await, wanted, "{prefix} {delimiter:?} {page}");
            }
        }
    }
    let all = objects(ours, "", None, 1000).await.0;
    assert!(!all.is_empty() && all.len() < worlds.names().len(), "what was deleted is not listed");
    let answer = ours.list_objects_v2().bucket(BUCKET).start_after(&all[2].0).send().await.unwrap();
    assert_eq!(answer.contents()[0].key(), Some(all[3].0.as_str()));
}

async fn described(ssm: &Ssm, filters: &[(&str, &str, &[&str])]) -> Texts {
    let filters = filters.iter().map(|(key, option, values)| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        ParameterStringFilter::builder().key(*key).option(*option).set_values(Some(values)).build().unwrap()
    });
    let filters = Some(filters.collect()).filter(|filters: &Vec<_>| !filters.is_empty());
    let ask = ssm.describe_parameters().set_parameter_filters(filters).into_paginator();
    let pages: Vec<_> = ask.send().try_collect().await.unwrap();
    let mut rows: Texts = pages
        .iter()
        .flat_map(|page| page.parameters())
        .map(|row| {
            let (tier, kind) = (row.tier().unwrap().as_str(), row.r#type().unwrap().as_str());
            let text = (row.description(), row.data_type(), row.key_id());
            format!("{:?} {kind} {tier} {} {text:?} {}", row.name(), row.version(), row.policies().len())
        })
        .collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn tags_in_bulk_are_motos() {
    let worlds = Worlds::of(Spec::new(30, 2)).await;
    let tags = async |ssm: Ssm, endpoint: &str| {
        let store = SsmParameterStore::new(ssm).with_bulk_tags(tagging_client(endpoint));
        let listed = store.describe(&Scope::parse(PATH, true).unwrap()).await.unwrap();
        let mut names: Vec<ParameterName> = listed.into_iter().map(|parameter| parameter.name).collect();
        names.push(ParameterName::parse("/bench/never").unwrap());
        store.tags_of_many(&names).await.unwrap().unwrap()
    };
    let motos = tags(worlds.moto.1.clone(), &worlds.running_moto.endpoint()).await;
    assert!(!motos.is_empty());
    assert_eq!(tags(worlds.ours.1.clone(), &worlds.server.endpoint()).await, motos);
}

#[tokio::test]
async fn parameter_store_is_motos() {
    let worlds = Worlds::of(Spec::new(130, 3)).await;
    let (moto, ours) = (&worlds.moto.1, &worlds.ours.1);
    let names = worlds.names();
    let some: Vec<&str> = names.iter().step_by(3).map(String::as_str).take(50).collect();
    let questions: [&[(&str, &str, &[&str])]; 7] = [
        &[],
        &[("Path", "Recursive", &["/bench"])],
        &[("Path", "OneLevel", &["/bench"])],
        &[("Path", "OneLevel", &["/bench/app000003", "/bench/app000001"])],
        &[("Name", "BeginsWith", &["/bench/app000002/", "/bench/app000004/p1"])],
        &[("Name", "Equals", &some)],
        &[("Path", "Recursive", &["/bench"]), ("Name", "BeginsWith", &["/bench/app00001"])],
    ];
    for question in questions {
        assert_eq!(described(ours, question).await, described(moto, question).await, "{question:?}");
    }
    assert!(described(ours, questions[0]).await.len() > 100);

    for ten in names.chunks(10) {
        let mut answers = Vec::new();
        for ssm in [ours, moto] {
            let ask = ssm.get_parameters().set_names(Some(ten.to_vec())).names("/nothing/here").with_decryption(true);
            // Eleven names are too many for both.
            assert!(ask.send().await.is_err());
            let ask = ssm.get_parameters().set_names(Some(ten[1..].to_vec())).names("/nothing/here");
            let answer = ask.with_decryption(true).send().await.unwrap();
            let mut found: Texts = answer
                .parameters()
                .iter()
                .map(|p| format!("{:?} {:?} {:?} {} {:?}", p.name(), p.value(), p.r#type(), p.version(), p.data_type()))
                .collect();
            found.sort();
            let mut missing = answer.invalid_parameters().to_vec();
            missing.sort();
            answers.push((found, missing));
        }
        assert_eq!(answers[0], answers[1]);
    }

    for name in names.iter().take(30).map(String::as_str).chain(["/nothing/here"]) {
        let (mut histories, mut tags, mut one) = (Vec::new(), Vec::new(), Vec::new());
        for ssm in [ours, moto] {
            histories.push(match ssm.get_parameter_history().name(name).with_decryption(true).send().await {
                Ok(answer) => Ok(answer
                    .parameters()
                    .iter()
                    .map(|p| {
                        format!("{:?} {} {:?} {:?} {:?}", p.value(), p.version(), p.description(), p.tier(), p.key_id())
                    })
                    .collect::<Texts>()),
                Err(error) => Err(error.into_service_error().is_parameter_not_found()),
            });
            let resource = ResourceTypeForTagging::Parameter;
            tags.push(match ssm.list_tags_for_resource().resource_type(resource).resource_id(name).send().await {
                Ok(answer) => format!("{:?}", answer.tag_list()),
                Err(error) => format!("{}", error.into_service_error().is_invalid_resource_id()),
            });
            one.push(match ssm.get_parameter().name(name).send().await {
                Ok(answer) => format!("{:?}", answer.parameter().unwrap().value()),
                Err(error) => format!("{}", error.into_service_error().is_parameter_not_found()),
            });
        }
        assert_eq!(histories[0], histories[1], "{name}");
        assert_eq!(tags[0], tags[1], "{name}");
        assert_eq!(one[0], one[1], "{name}");
    }

    for (path, recursive) in [(PATH, true), ("/bench", true), ("/bench/app000001", false), ("/bench/", false)] {
        let mut answers = Vec::new();
        for ssm in [ours, moto] {
            let ask = ssm.get_parameters_by_path().path(path).recursive(recursive).with_decryption(true);
            let pages: Vec<_> = ask.into_paginator().send().try_collect().await.unwrap();
            let mut rows: Texts = pages
                .iter()
                .flat_map(|page| page.parameters())
                .map(|p| format!("{:?} {:?}", p.name(), p.value()))
                .collect();
            rows.sort();
            answers.push(rows);
        }
        assert_eq!(answers[0], answers[1], "{path}");
    }
}

/// A row is what the generator says, whichever way it is asked for.
#[tokio::test]
async fn rows_are_listed_newest_first_with_their_times() {
    let bucket = Bucket::new(History::new(Spec::new(30, 4)));
    let server = Server::start(bucket, Duration::ZERO, 0).await.unwrap();
    let s3 = s3_client(&server.endpoint());
    for parameter in 0..30 {
        let name = bucket.history().name(parameter);
        let answer = s3.list_object_versions().bucket(BUCKET).prefix(&name).send().await.unwrap();
        let got: Vec<_> = answer
            .versions()
            .iter()
            .map(|row| (row.version_id().unwrap(), row.last_modified().unwrap().secs()))
            .collect();
        let rows = bucket.rows(parameter);
        let wanted: Vec<_> = rows
            .iter()
            .rev()
            .filter(|row| row.kind != Kind::Marker)
            .map(|row| (bucket.version_id(parameter, row), row.stored))
            .collect();
        let wanted: Vec<_> = wanted.iter().map(|(id, stored)| (id.as_str(), *stored)).collect();
        assert_eq!(got, wanted);
    }
}

/// The counts are what a benchmark reports.
#[tokio::test]
async fn requests_and_connections_are_counted_and_answers_are_late() {
    let bucket = Bucket::new(History::new(Spec::new(3, 1)));
    let server = Server::start(bucket, Duration::from_millis(30), 0).await.unwrap();
    let ssm = ssm_client(&server.endpoint());
    let began = std::time::Instant::now();
    for _ in 0..3 {
        ssm.get_parameter().name("/bench/app000000/p1").send().await.unwrap();
    }
    assert!(began.elapsed() >= Duration::from_millis(90));
    assert_eq!(server.counts().requests(), [("GetParameter", 3)].into());
    assert_eq!(server.counts().connections(), 1);
    let port = server.endpoint().rsplit(':').next().unwrap().parse().unwrap();
    let ask = |path| tokio::task::spawn_blocking(move || ssmbak_testkit::http::request(port, "POST", path, &[], ""));
    let body = ask("/_bench/counts").await.unwrap().unwrap().body;
    let mut counts: serde_json::Value = serde_json::from_str(&body).unwrap();
    // A second may end between two of them.
    let peak = counts["Peaks"]["Reads"].take();
    assert!((1..=3).contains(&peak.as_u64().unwrap()), "{peak}");
    let wanted =
        r#"{"Connections":2,"Neighbour":[0,0],"Peaks":{"Reads":null},"Refused":{},"Requests":{"GetParameter":3}}"#;
    assert_eq!(counts.to_string(), wanted);
    ask("/_bench/reset").await.unwrap().unwrap();
    assert_eq!(server.counts().total(), 0);
}
