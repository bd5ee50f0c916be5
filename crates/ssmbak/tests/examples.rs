//! The programs of `examples/`, run against moto as a reader would run them against AWS.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::io::Write as _;
use std::process::{Output, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use ssmbak_testkit::{Moto, create_versioned_bucket, find_binary, s3_client, ssm_client};

const BUCKET: &str = "examples";
const NAME: &str = "/app/host";
const SECRET: &str = "tok-4711";

struct World(Moto);

impl World {
    fn run(&self, example: &str, arguments: &[&str], stdin: &str) -> Output {
        let program = find_binary(&format!("examples/{example}")).unwrap();
        let mut command = self.0.command(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = command.spawn().unwrap();
        running.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        let output = running.wait_with_output().unwrap();
        // No example prints a value.
        for printed in [&output.stdout, &output.stderr] {
            assert!(!String::from_utf8_lossy(printed).contains(SECRET), "{example}: {output:?}");
        }
        output
    }

    fn well(&self, example: &str, arguments: &[&str], stdin: &str) -> String {
        let output = self.run(example, arguments, stdin);
        assert!(output.status.success(), "{example}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    async fn put(&self, value: &str) {
        let put = ssm_client(&self.0.endpoint()).put_parameter().name(NAME).value(value).overwrite(true);
        put.r#type(aws_sdk_ssm::types::ParameterType::String).send().await.unwrap();
        let time = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
        let event = format!(
            r#"{{"source":"aws.ssm","detail-type":"Parameter Store Change","account":"123456789012","region":"us-east-1",
                "id":"{time}","time":"{time}","detail":{{"name":"{NAME}","operation":"Update","type":"String"}}}}"#
        );
        let told = self.well("capture_event", &[BUCKET], &event);
        assert_eq!(told, format!("version of {NAME}, {} bytes\n", value.len()));
    }
}

/// A moment between two writes, which S3 dates by the second.
async fn moment() -> String {
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let now = Timestamp::now();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    now.to_string()
}

#[tokio::test(flavor = "current_thread")]
async fn examples_record_preview_restore_and_download() {
    let world = World(Moto::start().unwrap());
    create_versioned_bucket(&s3_client(&world.0.endpoint()), BUCKET).await.unwrap();
    world.put(SECRET).await;
    let then = moment().await;
    world.put("tok-4712").await;

    assert_eq!(world.well("preview", &[BUCKET, "/app", &then], ""), "update /app/host\n");
    let downloaded = tempfile::NamedTempFile::new().unwrap();
    let told = world.well("s3_path", &[BUCKET, NAME, &then, downloaded.path().to_str().unwrap()], "");
    assert!(told.starts_with("version ") && told.ends_with(", 8 bytes\n"), "{told}");
    assert_eq!(std::fs::read_to_string(downloaded.path()).unwrap(), SECRET);

    assert_eq!(world.well("restore", &[BUCKET, "/app", &then], ""), "update /app/host: done\n");
    let now = ssm_client(&world.0.endpoint()).get_parameter().name(NAME).send().await.unwrap();
    assert_eq!(now.parameter().unwrap().value(), Some(SECRET));
    assert_eq!(world.well("preview", &[BUCKET, "/app", &then], ""), "");
}

#[tokio::test(flavor = "current_thread")]
async fn examples_fail_with_a_reason() {
    let world = World(Moto::start().unwrap());
    let output = world.run("preview", &["no-such-bucket"], "");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("BUCKET PATH TIME"), "{output:?}");
    let output = world.run("preview", &["no-such-bucket", "/app", "now"], "");
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert_eq!(
        world.well("capture_event", &[BUCKET], r#"{"source":"aws.ec2","detail-type":"x","detail":{}}"#),
        "nothing to record\n"
    );
}
