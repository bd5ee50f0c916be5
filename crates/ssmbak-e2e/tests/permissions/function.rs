//! The function, driven to every call that it can make, and its role.

use serde_json::{Value, json};
use ssmbak_e2e::{Function, Outcome, Recorder, Store, put_event};
use ssmbak_testkit::{CallRecorder, Moto, create_versioned_bucket, environment, s3_client, ssm_client};

use crate::actions::{self, Actions, assert_same};
use crate::documented::{policy, role};

/// What AWS does with the role by itself: Lambda's pollers take from the queue
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>), its runtime writes the log
/// (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html>), and Parameter Store decrypts in the
/// caller's name (<https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html>),
/// as S3 encrypts and decrypts with the key of a bucket
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html>).
const BY_AWS: [&str; 7] = [
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
];

/// What a sweep takes that is not done in one invocation; the function's own tests see it do so.
const OF_A_LONG_SWEEP: &str = "sqs:SendMessage";

const BUCKET: &str = "function-permissions";

#[tokio::test]
async fn the_role_allows_what_the_function_does_and_nothing_else() -> Outcome {
    let moto = Moto::shared()?;
    let (s3, ssm) = (s3_client(&moto.endpoint()), ssm_client(&moto.endpoint()));
    create_versioned_bucket(&s3, BUCKET).await?;
    let store = Store::new(ssm.clone());
    let calls = CallRecorder::before(moto.port())?;
    let env = environment(&calls.endpoint());
    let mut env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let queue = format!("{}/123456789012/ssmbak", calls.endpoint());
    env.extend([("SSMBAK_BUCKET", BUCKET), ("SSMBAK_QUEUE_URL", queue.as_str())]);
    let function = Function::start(&env)?;
    let deliver = |events: &[Value]| function.record(events);

    // What is new, what changed, what is late, what is gone; twice, as AWS may deliver it.
    let name = "/permissions/function";
    let first = store.put(name, "String", "one", "").await?;
    deliver(std::slice::from_ref(&first))?;
    let second = store.put(name, "String", "two", &"größe ".repeat(170)).await?;
    let third = store.put(name, "String", "three", "").await?;
    deliver(&[third])?;
    deliver(&[second, first])?;
    let gone = store.delete(name).await?;
    deliver(std::slice::from_ref(&gone))?;
    deliver(&[gone])?;
    let again = store.put(name, "String", "risen", "").await?;
    deliver(&[again])?;
    // What ssmbak 0.5.2 has recorded describes itself in tags alone, and the newest of it may be there twice.
    let old = "/permissions/old";
    for _ in 0..2 {
        let put = s3.put_object().bucket(BUCKET).key(old).body(b"one".to_vec().into());
        put.tagging("ssmbakTime=1718309456&ssmbakType=String").send().await?;
    }
    let event = store.put(old, "String", "two", "").await?;
    deliver(&[event])?;
    // Sidecars are read where many attributes were recorded before.
    let wide = "/permissions/wide";
    let event = store.put(wide, "String", "one", &"größe ".repeat(170)).await?;
    deliver(std::slice::from_ref(&event))?;
    deliver(&[event])?;
    let event = store.put(wide, "String", "two", &"größe ".repeat(170)).await?;
    deliver(&[event])?;
    // A version whose key is out of reach has the others read one by one.
    let secret = "/permissions/secret";
    let event = store.put(secret, "SecureString", "s", "").await?;
    calls.refuse("GetParameterHistory", &["/permissions/secret", "\"WithDecryption\":true"], "InvalidKeyId");
    deliver(&[event])?;
    // An event of what nobody knows yet, or any more: the message is handed back.
    let early = deliver(&[put_event("/permissions/never", 1, "String", None, jiff::Timestamp::now())]);
    assert!(early.is_err_and(|error| error.to_string().contains("batchItemFailures")));

    // And the daily sweep.
    deliver(&[json!({"ssmbak": "sweep"})])?;

    let taken = actions::of(calls.take()?);
    let mut allowed: Actions = role()?;
    assert!(allowed.remove(OF_A_LONG_SWEEP));
    assert_same("the function's role", &taken, &allowed, &BY_AWS);
    Ok(())
}

/// What AWS does with the rehearsal's role by itself, as with the function's.
/// Tags that PutParameter creates a parameter with take AddTagsToResource
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html>).
const OF_A_REHEARSAL_BY_AWS: [&str; 6] = [
    "ssm:AddTagsToResource",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
];

/// What a rehearsal takes to look at a copy that Parameter Store lists as not deleted; no emulator does.
const OF_A_COPY_THAT_STAYS: &str = "ssm:GetParameterHistory";

#[tokio::test]
async fn the_rehearsal_s_role_allows_what_it_does_and_nothing_else() -> Outcome {
    const BUCKET: &str = "rehearsal-permissions";
    let moto = Moto::start()?;
    let (s3, ssm) = (s3_client(&moto.endpoint()), ssm_client(&moto.endpoint()));
    create_versioned_bucket(&s3, BUCKET).await?;
    let store = Store::new(ssm.clone());
    let env = |endpoint: &str| -> Vec<(&'static str, String)> {
        let mut env = environment(endpoint);
        env.push(("SSMBAK_BUCKET", BUCKET.to_owned()));
        env
    };
    let start = |env: &[(&'static str, String)]| {
        Function::start(&env.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>())
    };
    let recorder = start(&env(&moto.endpoint()))?;
    // With a sidecar, tags, and without metadata of ours, as ssmbak 0.5.2 has recorded.
    let events = [
        store.put("/rehearsal/wide", "String", "one", &"größe ".repeat(170)).await?,
        store.put("/rehearsal/secret", "SecureString", "s", "").await?,
    ];
    recorder.record(&events)?;
    let tag = aws_sdk_ssm::types::Tag::builder().key("team").value("blue").build()?;
    let tagging = ssm.add_tags_to_resource().resource_type("Parameter".into()).resource_id("/rehearsal/wide");
    tagging.tags(tag).send().await?;
    recorder.record(&[json!({"ssmbak": "sweep"})])?;
    let put = s3.put_object().bucket(BUCKET).key("/rehearsal/old").body(b"one".to_vec().into());
    put.tagging("ssmbakTime=1718309456&ssmbakType=String").send().await?;
    store.put("/newvoll/ssmbak/drill-rehearsal-1/000000", "String", "left", "").await?;
    ssmbak_e2e::next_second().await;

    let calls = CallRecorder::before(moto.port())?;
    let mut rehearsing = env(&calls.endpoint());
    rehearsing.push(("SSMBAK_REHEARSAL", "0".to_owned()));
    let answer = start(&rehearsing)?.invoke(&json!({}))?;
    assert_eq!(answer, json!({"outcome": "rehearsed", "restored": 3, "unknown": 0, "cleaned": 1}));

    let taken = actions::of(calls.take()?);
    let mut allowed: Actions = policy("RehearsalRole")?;
    assert!(allowed.remove(OF_A_COPY_THAT_STAYS));
    assert_same("the rehearsal's role", &taken, &allowed, &OF_A_REHEARSAL_BY_AWS);
    Ok(())
}
