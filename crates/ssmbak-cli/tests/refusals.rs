//! What goes wrong before AWS is reached: one sentence, quickly, with the right exit code.

#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

mod common;

use std::process::Command;
use std::time::{Duration, Instant};

use common::{Ran, bare, program};

fn refused(line: &str, code: i32) -> Ran {
    let ran = Ran::of(&mut bare(line));
    assert_eq!(ran.code, Some(code), "{line}: {ran:?}");
    assert_eq!(ran.out, "", "{line}");
    ran
}

fn with_credentials(line: &str) -> std::process::Command {
    let mut command = bare(line);
    command.envs([("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y"), ("AWS_REGION", "eu-west-1")]);
    command
}

#[test]
fn every_command_knows_its_version() {
    for line in ["ssmbak --version", "ssmbak-all --version", "ssmbak-stack --version", "s3bak --version"] {
        let ran = Ran::of(&mut bare(line));
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "ssmbak 0.1.0\n", ""), "{line}");
    }
}

#[test]
fn help_is_for_the_asking() {
    let ran = Ran::of(&mut bare("ssmbak restore --help"));
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.find("Examples:").unwrap() < ran.out.find("Usage:").unwrap(), "{}", ran.out);
    assert_eq!(refused("ssmbak", 2).err.lines().next(), Some("Point-in-time recovery for AWS SSM Parameter Store"));
}

#[test]
fn a_wrong_call_is_told_with_exit_code_2() {
    for (line, told) in [
        ("ssmbak preview", "no path and no time were given"),
        ("ssmbak preview /a", "no time was given"),
        ("ssmbak preview 15m", "no path was given"),
        ("ssmbak preview /a 2024-06-15 17:56", "is two arguments"),
        ("ssmbak preview /a 2024-06-15 15m", "2024-06-15 is a time"),
        ("ssmbak preview /a 2024-13-45", "does not exist"),
        ("ssmbak preview /a soon", "cannot read \"soon\" as a time"),
        ("ssmbak preview a/b now", "starts with a slash"),
        ("ssmbak preview /a* now", "--include"),
        ("ssmbak preview /a now --include [", "glob"),
        ("ssmbak preview /a now --bogus", "--bogus"),
        ("ssmbak restore /a now --put-rate fast", "give a number"),
        ("ssmbak get /a/ now", "cannot end with a slash"),
        ("ssmbak get /a", "required arguments were not provided"),
        ("ssmbak get /a now --at now", "cannot be used with"),
        ("ssmbak log", "required arguments were not provided"),
        ("ssmbak log /a --since soon", "cannot read \"soon\" as a time"),
        ("ssmbak diff /a", "no time was given"),
        ("ssmbak diff 2h 1h", "no path was given"),
        ("ssmbak diff /a 1h 2h", "later than the second"),
        ("ssmbak browse", "required arguments were not provided"),
        ("ssmbak browse /a", "browse needs a terminal to draw on; without one, use `ssmbak log` and `ssmbak diff`"),
        ("ssmbak export /a now", "--format"),
        ("ssmbak export /a now --format json --reveal --no-secrets", "cannot be used with"),
        ("ssmbak undelete", "required arguments were not provided"),
        ("ssmbak trash a/b", "starts with a slash"),
        ("ssmbak verify /a*", "--include"),
        ("ssmbak mark a/b", "no name of a mark"),
        ("ssmbak marks --delete a:b", "no name of a mark"),
        ("ssmbak preview /a mark:b/c", "no name of a mark"),
        ("ssmbak completions tcsh", "tcsh"),
        ("ssmbak-all --prefix a/b", "starts with a slash"),
        ("ssmbak preview /a now --endpoint-url localhost:1", "no URL"),
        ("ssmbak preview /a now --output xml", "xml"),
        ("ssmbak preview /a now --max-rps many", "give a number"),
        ("ssmbak-stack s", "no command was given"),
        ("ssmbak-stack", "Usage: ssmbak-stack"),
        ("ssmbak stack", "Usage: ssmbak stack"),
        ("ssmbak-stack list s", "unrecognized subcommand"),
        ("ssmbak-stack create", "<NAME>"),
        ("ssmbak-stack s create --role-arn admin", "expected arn:aws:iam::ACCOUNT:role/NAME"),
        ("ssmbak-stack s update --tag novalue", "KEY=VALUE"),
        ("ssmbak-stack s update --exclude /a\u{2003}/b", "a name has no spaces"),
        ("ssmbak-stack s update --exclude [a", "the glob \"[a\" cannot be read"),
        ("ssmbak-stack s status --regions eu-west-1,,us-east-1", "a value is required for '--regions"),
        ("ssmbak-stack s create --vault-bucket nope", "expected arn:aws:s3:::BUCKET"),
        ("ssmbak-stack v create-vault", "--source-account <ID>"),
        ("s3bak manifest t/ now -b bucket --inventory t --out plan", "is not an inventory"),
    ] {
        let ran = refused(line, 2);
        assert!(ran.err.contains(told), "{line}: {}", ran.err);
    }
}

#[test]
fn a_wrong_call_is_told_to_programs_as_well() {
    for line in [
        "ssmbak preview /a soon -o json",
        "ssmbak preview --output=json",
        "ssmbak preview /a now -x -o json",
        "ssmbak browse /a -o json",
    ] {
        let error = refused(line, 2).error();
        assert_eq!(error["Error"]["Code"], "Usage", "{line}");
        assert!(error["Error"]["Message"].as_str().is_some_and(|text| !text.is_empty()), "{line}");
    }
}

#[test]
fn without_a_region_it_says_how_to_give_one() {
    for line in ["ssmbak preview /a 15m", "ssmbak-all", "ssmbak restore /a -15m", "ssmbak-stack x status"] {
        let ran = refused(line, 1);
        assert!(ran.err.starts_with("error: no AWS region is set\nhint: "), "{line}: {}", ran.err);
        for way in ["--region", "AWS_REGION", "AWS_DEFAULT_REGION", "profile"] {
            assert!(ran.err.contains(way), "{line}: {}", ran.err);
        }
    }
    assert_eq!(refused("ssmbak preview /a 15m -o json", 1).error()["Error"]["Code"], "NoRegion");
}

#[test]
fn without_credentials_it_says_so_within_seconds() {
    let begun = Instant::now();
    let ran = refused("ssmbak preview /a 15m --region eu-west-1", 1);
    assert!(ran.err.starts_with("error: no AWS credentials were found\nhint: "), "{}", ran.err);
    let error = refused("ssmbak-all --region eu-west-1 -o json", 1).error();
    assert_eq!(error["Error"]["Code"], "Credentials");
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
}

#[test]
fn a_profile_that_does_not_exist_is_no_reason_to_take_other_credentials() {
    let ran = Ran::of(&mut with_credentials("ssmbak preview /a 15m --profile nobody"));
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.starts_with("error: there is no AWS profile \"nobody\"\n"), "{}", ran.err);
}

#[test]
fn a_profile_on_the_command_line_goes_before_keys_in_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config");
    std::fs::write(&config, "[profile bare]\nregion = eu-north-1\n").unwrap();
    let mut command = with_credentials("ssmbak preview /a 15m --profile bare");
    let ran = Ran::of(command.env("AWS_CONFIG_FILE", &config).env("AWS_EC2_METADATA_DISABLED", "true"));
    assert!(ran.err.starts_with("error: no AWS credentials were found\n"), "{}", ran.err);
}

#[test]
fn the_region_of_a_profile_counts() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config");
    std::fs::write(&config, "[profile there]\nregion = eu-north-1\n").unwrap();
    let ran = Ran::of(bare("ssmbak-stack x region --profile there").env("AWS_CONFIG_FILE", &config));
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "eu-north-1\n"), "{ran:?}");
}

#[test]
fn an_endpoint_that_is_down_is_told_at_once() {
    let begun = Instant::now();
    for line in ["ssmbak preview /a 15m -b backup", "ssmbak preview /a 15m", "ssmbak-all -b backup"] {
        let ran = Ran::of(with_credentials(line).args(["--endpoint-url", "http://127.0.0.1:9"]));
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{line}");
        assert!(ran.err.contains("the endpoint cannot be reached (Connection refused"), "{line}: {}", ran.err);
        let said = ran.err.lines().filter(|line| !line.starts_with("as of "));
        assert_eq!(said.count(), 2, "{line}: {}", ran.err);
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn settings_that_make_no_sense_are_told_and_not_a_panic() {
    for (name, value) in [
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_MAX_ATTEMPTS", "many"),
        ("AWS_CA_BUNDLE", "/nonexistent/file"),
        ("AWS_CA_BUNDLE", "/etc/passwd"),
        ("AWS_ENDPOINT_URL", "localhost:1"),
        ("AWS_ENDPOINT_URL_SSM", "nonsense"),
        ("AWS_ENDPOINT", "nonsense"),
    ] {
        let ran = Ran::of(with_credentials("ssmbak preview /a 15m -b backup").env(name, value));
        assert_eq!(ran.code, Some(1), "{name}={value}: {ran:?}");
        assert!(ran.err.starts_with("error: "), "{name}={value}: {}", ran.err);
        assert!(!ran.err.contains("panicked"), "{name}={value}: {}", ran.err);
    }
    let mut command = with_credentials("ssmbak preview /a 15m -b backup --endpoint-url http://127.0.0.1:9");
    let ran = Ran::of(command.env("AWS_RETRY_MODE", "adaptive"));
    assert!(ran.err.contains("Connection refused"), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn one_file_is_each_command_by_the_name_it_is_called_by() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["ssmbak", "ssmbak-all", "ssmbak-stack", "s3bak"] {
        let link = dir.path().join(name);
        std::os::unix::fs::symlink(program("ssmbak"), &link).unwrap();
        for option in ["--help", "--version", "--no-such-option"] {
            let called = Ran::of(Command::new(&link).arg(option).env_clear());
            let own = Ran::of(&mut bare(&format!("{name} {option}")));
            assert_eq!((called.code, &called.out, &called.err), (own.code, &own.out, &own.err), "{name} {option}");
        }
    }
}

#[test]
fn the_template_needs_no_aws() {
    let ran = Ran::of(&mut bare("ssmbak stack x template"));
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.starts_with("AWSTemplateFormatVersion"));
}

#[test]
fn a_bucket_in_another_region_is_told_with_the_region() {
    for (status, headers, body) in [
        (
            "301 Moved Permanently",
            "x-amz-bucket-region: eu-north-1\r\n",
            "<Error><Code>PermanentRedirect</Code><Message>use the specified endpoint</Message></Error>",
        ),
        (
            "400 Bad Request",
            "",
            "<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the region \
             'eu-west-1' is wrong; expecting 'eu-north-1'</Message></Error>",
        ),
    ] {
        let port = s3_that_says(status, headers, body);
        let mut command = with_credentials("ssmbak preview /a 15m -b backup --output json");
        let ran = Ran::of(command.args(["--endpoint-url", &format!("http://127.0.0.1:{port}")]));
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let error = &ran.error()["Error"];
        assert_eq!(error["Code"], "BucketElsewhere", "{ran:?}");
        assert!(error["Hint"].as_str().is_some_and(|hint| hint.contains("--region eu-north-1")), "{ran:?}");
    }
}

/// Answers requests for the bucket as long as the test runs. Parameter Store's get no answer.
fn s3_that_says(status: &str, headers: &str, body: &str) -> u16 {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer =
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    std::thread::spawn(move || {
        let mut waiting = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
                request.push(byte[0]);
            }
            if request.starts_with(b"GET /backup") {
                // Whoever asked twice may not wait for the second answer.
                let _sent = stream.write_all(answer.as_bytes());
            } else {
                waiting.push(stream);
            }
        }
    });
    port
}
