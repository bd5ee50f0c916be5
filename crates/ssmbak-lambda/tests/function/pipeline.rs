//! The real function between a Runtime API of ours and moto as S3 and Parameter Store.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::Client as S3;
use aws_sdk_ssm::Client as Ssm;
use aws_sdk_ssm::types::ParameterType;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use ssmbak::bucket::{BackupBucket, Keys, S3BackupBucket, describe_versions};
use ssmbak_core::record::{Evidence, Record};
use ssmbak_core::timeline::{State, Timeline};
use ssmbak_testkit::{
    InvocationOutcome, LambdaProcess, Moto, RuntimeApi, create_versioned_bucket, s3_client, ssm_client,
};

use crate::messages::record;

pub const BINARY: &str = env!("CARGO_BIN_EXE_ssmbak-lambda");
/// A busy machine is slow; a function that works answers sooner.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// One function, with a bucket of its own.
pub struct Pipeline {
    pub ssm: Ssm,
    pub s3: S3,
    pub bucket: String,
    pub process: LambdaProcess,
    api: RuntimeApi,
}

/// A version that was put, as Parameter Store tells of it.
pub struct Put {
    pub version: i64,
    pub modified: Timestamp,
}

impl Put {
    /// The time of its event: whole seconds, as AWS sends them.
    pub fn event_time(&self) -> String {
        Timestamp::from_second(self.modified.as_second()).unwrap().to_string()
    }
}

impl Pipeline {
    pub async fn start(bucket: &str) -> Self {
        let pipeline = Self::configured(bucket, &[("LOGLEVEL", "debug")]);
        create_versioned_bucket(&pipeline.s3, bucket).await.unwrap();
        pipeline
    }

    /// Without creating the bucket, and with other variables.
    pub fn configured(bucket: &str, variables: &[(&'static str, &str)]) -> Self {
        Self::on(Moto::shared().unwrap(), bucket, variables)
    }

    /// On an emulator of one's own, where nobody else's parameters are.
    pub fn on(moto: &Moto, bucket: &str, variables: &[(&'static str, &str)]) -> Self {
        let api = RuntimeApi::start().unwrap();
        let mut env = moto.env();
        env.push(("SSMBAK_BUCKET", bucket.to_owned()));
        env.extend(variables.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let process = LambdaProcess::start(BINARY.as_ref(), &api, env).unwrap();
        let endpoint = moto.endpoint();
        let (ssm, s3) = (ssm_client(&endpoint), s3_client(&endpoint));
        Self { ssm, s3, bucket: bucket.to_owned(), process, api }
    }

    /// Puts a value and returns what Parameter Store made of it.
    pub async fn put(&self, name: &str, parameter_type: &str, value: &str, description: Option<&str>) -> Put {
        let put = self.ssm.put_parameter().name(name).value(value).r#type(ParameterType::from(parameter_type));
        put.set_description(description.map(str::to_owned)).overwrite(true).send().await.unwrap();
        self.latest(name).await
    }

    pub async fn latest(&self, name: &str) -> Put {
        let history = self.ssm.get_parameter_history().name(name).max_results(50).send().await.unwrap();
        let latest = history.parameters().last().unwrap();
        let modified = latest.last_modified_date().unwrap();
        let modified = Timestamp::new(modified.secs(), modified.subsec_nanos().try_into().unwrap()).unwrap();
        // moto keeps fractions of a millisecond, which Parameter Store does not.
        let modified = ssmbak_core::instant::to_millisecond(modified);
        Put { version: latest.version(), modified }
    }

    pub async fn delete(&self, name: &str) {
        self.ssm.delete_parameter().name(name).send().await.unwrap();
    }

    pub fn invoke(&self, event: &Value) -> InvocationOutcome {
        self.invoke_within(event, PATIENCE)
    }

    pub fn invoke_within(&self, event: &Value, deadline: Duration) -> InvocationOutcome {
        self.api.invoke(event, deadline).unwrap_or_else(|error| panic!("{error}\n{}", self.process.log()))
    }

    /// Delivers a batch and returns the ids of the messages that failed.
    pub fn deliver(&self, records: &[Value]) -> Vec<String> {
        failed_ids(self.invoke(&json!({"Records": records})))
    }

    /// Delivers one event, which must succeed.
    pub fn deliver_well(&self, event: &Value) {
        assert_eq!(self.deliver(&[record("m", event)]), [""; 0], "{}", self.process.log());
    }

    /// What the bucket holds of a key, oldest first, as the library reads it.
    pub async fn records(&self, key: &str) -> Vec<Record> {
        let bucket = S3BackupBucket::new(self.s3.clone(), &self.bucket);
        let listed = bucket.versions(Keys::One(key)).await.unwrap();
        describe_versions(&bucket, listed).await.unwrap().into_iter().map(|(_, record)| record).collect()
    }

    /// The kinds of what the bucket holds of a key, oldest first: `version 1`, `tombstone`, `marker`.
    pub async fn kinds(&self, key: &str) -> Vec<String> {
        self.records(key).await.iter().map(|record| kind(&record.evidence)).collect()
    }

    /// What a reader of the bucket finds at an instant, a whole second included; `None`: the parameter did not exist.
    pub async fn state(&self, key: &str, at: Timestamp) -> Option<String> {
        let timeline = Timeline::new(self.records(key).await);
        let until = if at.subsec_nanosecond() == 0 { at + SignedDuration::from_nanos(999_999_999) } else { at };
        match timeline.state_by(until) {
            State::Held(held) => Some(String::from_utf8(self.body_of(key, &held.record.version_id).await).unwrap()),
            State::Absent(_) => None,
            State::Unknown(reason) => panic!("unknown at {at}: {reason}"),
        }
    }

    /// The current version of a key.
    pub async fn body(&self, key: &str) -> Vec<u8> {
        let object = self.s3.get_object().bucket(&self.bucket).key(key).send().await.unwrap();
        object.body.collect().await.unwrap().to_vec()
    }

    pub async fn body_of(&self, key: &str, version_id: &str) -> Vec<u8> {
        let object = self.s3.get_object().bucket(&self.bucket).key(key).version_id(version_id).send().await.unwrap();
        object.body.collect().await.unwrap().to_vec()
    }

    /// The tags of a key's current version.
    pub async fn tags(&self, key: &str) -> BTreeMap<String, String> {
        let tagging = self.s3.get_object_tagging().bucket(&self.bucket).key(key).send().await.unwrap();
        tagging.tag_set().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
    }

    /// The line of the log with a message's verdict.
    pub fn verdict(&self, message_id: &str) -> Value {
        self.line(|line| line["span"]["messageId"] == message_id && line.get("outcome").is_some())
    }

    /// The first line of the log that is such; the log may come later than the answer.
    pub fn line(&self, is_such: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..200 {
            if let Some(found) = self.lines().into_iter().find(&is_such) {
                return found;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("no such line in\n{}", self.process.log())
    }

    /// All lines of the log, each of which must be a JSON object.
    pub fn lines(&self) -> Vec<Value> {
        let log = self.process.log();
        // The last one may be on its way.
        let complete = log.rfind('\n').map_or("", |end| &log[..end]);
        complete.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"))).collect()
    }
}

pub fn failed_ids(outcome: InvocationOutcome) -> Vec<String> {
    let InvocationOutcome::Response(response) = outcome else { panic!("{outcome:?}") };
    let failures = response["batchItemFailures"].as_array().unwrap().iter();
    failures.map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

fn kind(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Value(value) => format!("version {}", value.details.version),
        Evidence::Tombstone(_) => "tombstone".to_owned(),
        Evidence::DeleteMarker => "marker".to_owned(),
        other => format!("{other:?}"),
    }
}
