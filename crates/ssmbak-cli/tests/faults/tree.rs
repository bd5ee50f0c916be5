//! A tree of parameters that a restore changes in every way, and commands on it behind a proxy that fails calls.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aws_sdk_ssm::types::{ResourceTypeForTagging, Tag};
use jiff::Timestamp;
use ssmbak_core::record::metadata::{FIELD, encode_tombstone};
use ssmbak_core::record::{DeletionSource, TombstoneRecord};
use ssmbak_testkit::{FaultProxy, Moto, create_versioned_bucket, environment, s3_client, ssm_client};

use crate::common::{Ran, program};

/// A secret that no output may have.
pub const SECRET: &str = "hush-hush";

/// Type, value, tags.
pub type Parameter = (String, String, BTreeMap<String, String>);
/// Parameters by the last part of their name.
pub type State = BTreeMap<String, Parameter>;

/// A tree of its own in an emulator that is shared.
pub struct Tree {
    pub proxy: FaultProxy,
    pub ssm: aws_sdk_ssm::Client,
    pub s3: aws_sdk_s3::Client,
    pub root: String,
    pub bucket: String,
    /// The time of the recorded state.
    pub then: String,
}

fn parameter(kind: &str, value: &str, tags: &[(&str, &str)]) -> Parameter {
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    (kind.to_owned(), value.to_owned(), tags)
}

/// What was recorded.
pub fn then() -> State {
    [
        ("changed", parameter("String", "one", &[])),
        ("gone", parameter("String", "came back", &[("team", "blue")])),
        ("kept", parameter("String", "kept", &[])),
        ("secret", parameter("SecureString", SECRET, &[])),
        ("tagged", parameter("String", "same", &[("team", "blue"), ("stage", "prod")])),
        ("typed", parameter("String", "typed", &[])),
    ]
    .map(|(name, state)| (name.to_owned(), state))
    .into()
}

/// What there is now.
pub fn now() -> State {
    [
        ("changed", parameter("String", "two", &[])),
        ("kept", parameter("String", "kept", &[])),
        ("new", parameter("String", "new", &[("team", "red")])),
        ("secret", parameter("SecureString", "louder", &[])),
        ("tagged", parameter("String", "same", &[("team", "red"), ("cost", "1")])),
        ("typed", parameter("SecureString", "typed", &[])),
    ]
    .map(|(name, state)| (name.to_owned(), state))
    .into()
}

impl Tree {
    pub async fn new(name: &str) -> Self {
        let mut trees = Self::several(&format!("bucket-{name}"), &[name.to_owned()]).await;
        trees.remove(0)
    }

    /// Trees in one bucket, which are made together because that takes seconds.
    pub async fn several(bucket: &str, names: &[String]) -> Vec<Self> {
        let moto = Moto::shared().unwrap();
        create_versioned_bucket(&s3_client(&moto.endpoint()), bucket).await.unwrap();
        let mut trees = Vec::new();
        for name in names {
            let (ssm, s3) = (ssm_client(&moto.endpoint()), s3_client(&moto.endpoint()));
            let proxy = FaultProxy::before(moto.port()).unwrap();
            let (root, bucket) = (format!("/{name}"), bucket.to_owned());
            let tree = Self { proxy, ssm, s3, root, bucket, then: String::new() };
            for (name, state) in then() {
                tree.put(&name, &state).await;
            }
            trees.push(tree);
        }
        record(&trees).await;
        next_second().await;
        let moment = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        next_second().await;
        for tree in &mut trees {
            tree.then.clone_from(&moment);
            for (name, state) in now() {
                tree.put(&name, &state).await;
            }
        }
        record(&trees).await;
        for tree in &trees {
            tree.delete("gone").await;
        }
        next_second().await;
        trees
    }

    pub fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.root)
    }

    /// Puts what differs from what is there.
    async fn put(&self, name: &str, state: &Parameter) {
        let (before, (kind, value, tags)) = (then().remove(name), state);
        let name = self.name(name);
        let exists = self.ssm.get_parameter().name(&name).send().await.is_ok();
        if !exists || before.is_some_and(|(known, text, _)| (&known, &text) != (kind, value)) {
            let put = self.ssm.put_parameter().name(&name).value(value).r#type(kind.as_str().into()).overwrite(exists);
            put.send().await.unwrap();
        }
        let kind = ResourceTypeForTagging::Parameter;
        let present = self.ssm.list_tags_for_resource().resource_type(kind.clone()).resource_id(&name).send().await;
        let gone: Vec<String> = present.unwrap().tag_list().iter().map(|tag| tag.key().to_owned()).collect();
        if !gone.is_empty() {
            let remove = self.ssm.remove_tags_from_resource().resource_type(kind.clone()).resource_id(&name);
            remove.set_tag_keys(Some(gone)).send().await.unwrap();
        }
        if !tags.is_empty() {
            let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build().unwrap());
            let add = self.ssm.add_tags_to_resource().resource_type(kind).resource_id(&name);
            add.set_tags(Some(tags.collect())).send().await.unwrap();
        }
    }

    /// Deletes a parameter, and records that as the function does when the event comes.
    async fn delete(&self, name: &str) {
        let name = self.name(name);
        self.ssm.delete_parameter().name(&name).send().await.unwrap();
        let time = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
        let source = DeletionSource::Event;
        let deleted = TombstoneRecord { time, source, event: None, live: None, seen: None, lost: Vec::new() };
        let put = self.s3.put_object().bucket(&self.bucket).key(&name);
        put.metadata(FIELD, encode_tombstone(&deleted).metadata).body(Vec::new().into()).send().await.unwrap();
        self.s3.delete_object().bucket(&self.bucket).key(&name).send().await.unwrap();
    }

    /// Records so many parameters as ssmbak 0.5.2 does, that do not exist any more.
    pub async fn record_many(&self, count: usize) {
        use futures_util::StreamExt as _;
        futures_util::stream::iter(0..count)
            .for_each_concurrent(8, |number| {
                let put = self.s3.put_object().bucket(&self.bucket).key(format!("{}/many/{number}", self.root));
                let put = put.tagging("ssmbakTime=1704067200&ssmbakType=String").body(b"x".to_vec().into());
                async move { drop(put.send().await.unwrap()) }
            })
            .await;
    }

    /// What there is.
    pub async fn state(&self) -> State {
        let path = self.ssm.get_parameters_by_path().path(&self.root).recursive(true).with_decryption(true);
        let listed: Vec<_> = path.into_paginator().send().try_collect().await.unwrap();
        let mut state = State::new();
        for found in listed.iter().flat_map(|page| page.parameters()) {
            let name = found.name().unwrap();
            let tags = self.ssm.list_tags_for_resource().resource_type(ResourceTypeForTagging::Parameter);
            let tags = tags.resource_id(name).send().await.unwrap();
            let tags = tags.tag_list().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
            let short = name.rsplit('/').next().unwrap().to_owned();
            let kind = found.r#type().unwrap().as_str().to_owned();
            state.insert(short, (kind, found.value().unwrap().to_owned(), tags));
        }
        state
    }

    /// Every value of a name that the bucket has.
    pub async fn recorded(&self, name: &str) -> BTreeSet<String> {
        let key = self.name(name);
        let listed = self.s3.list_object_versions().bucket(&self.bucket).prefix(&key).send().await.unwrap();
        let mut values = BTreeSet::new();
        for version in listed.versions().iter().filter(|version| version.key() == Some(&key)) {
            let read = self.s3.get_object().bucket(&self.bucket).key(&key).version_id(version.version_id().unwrap());
            let body = read.send().await.unwrap().body.collect().await.unwrap().to_vec();
            values.insert(String::from_utf8(body).unwrap());
        }
        values
    }

    /// A command behind the proxy, impatient while a call is to fail: the emulator itself may be slow.
    pub fn command(&self, line: &str) -> Command {
        let mut words = line.split(' ');
        let mut command = Command::new(program(words.next().unwrap()));
        command.args(words).env_clear().envs(environment(&self.proxy.endpoint())).env("HOME", "/nonexistent");
        command.env("SSMBAK_BUCKET", &self.bucket);
        if self.proxy.is_failing() {
            command.env("AWS_MAX_ATTEMPTS", "2").env("SSMBAK_READ_TIMEOUT", "2").env("SSMBAK_RETRY_SECONDS", "1");
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command; `None`: it did not end.
    pub async fn run(&self, line: &str, most: Duration) -> Option<Ran> {
        let mut command = self.command(line);
        tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            let begun = Instant::now();
            // What they print is far less than a pipe holds.
            while child.try_wait().unwrap().is_none() {
                if begun.elapsed() > most {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    return None;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            Some(Ran::from(child.wait_with_output().unwrap()))
        })
        .await
        .unwrap()
    }
}

/// The pipeline, on a good day.
async fn record(trees: &[Tree]) {
    let Some(first) = trees.first() else { return };
    let prefixes: Vec<String> = trees.iter().map(|tree| format!(" -p {}", tree.root)).collect();
    let line = format!("ssmbak-all --do-it{}", prefixes.concat());
    let ran = first.run(&line, Duration::from_secs(120)).await.unwrap();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for tree in trees {
        tree.proxy.heal();
    }
}

/// Whatever is put from now on is of another second than what was put before.
async fn next_second() {
    tokio::time::sleep(Duration::from_millis(1_100)).await;
}

/// Sends a signal to a process.
pub fn signal(name: &str, id: u32) {
    let sent = Command::new("kill").args([&format!("-{name}"), &id.to_string()]).status().unwrap();
    assert!(sent.success());
}
