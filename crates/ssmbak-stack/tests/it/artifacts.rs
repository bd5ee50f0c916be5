//! The artifacts bucket against a scripted S3: whose it is, and what is done about it.

use crate::script::{Asked, Script};
use ssmbak_stack::FunctionCode;
use ssmbak_stack::artifacts::{Artifacts, ArtifactsError};

const BUCKET: &str = "/ssmbak-artifacts-123456789012-eu-west-1";

fn code() -> FunctionCode {
    // The header of an executable for aarch64 without anything in it.
    let mut bytes = vec![0; 64];
    bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    (bytes[16], bytes[18], bytes[20]) = (3, 183, 1);
    FunctionCode::from_executable(&bytes, true).unwrap()
}

fn key() -> String {
    format!("{BUCKET}/{}", code().key())
}

async fn store(script: &Script) -> Result<bool, ArtifactsError> {
    let (s3, sts) = (script.s3(), script.sts());
    let artifacts = Artifacts::of_caller(&s3, &sts, "eu-west-1").await?;
    artifacts.store(&code()).await
}

fn script() -> Script {
    Script::default().result("GetCallerIdentity", "<Account>123456789012</Account>")
}

fn names_the_owner(asked: &Asked) -> bool {
    asked.fields.get("x-amz-expected-bucket-owner").is_some_and(|owner| owner == "123456789012")
}

#[tokio::test(flavor = "current_thread")]
async fn code_that_is_there_is_not_uploaded_again() {
    let script = script().answer(&format!("HEAD {}", key()), 200, "");
    assert!(!store(&script).await.unwrap());
    assert_eq!(script.kinds(), ["GetCallerIdentity".to_owned(), format!("HEAD {}", key())]);
    assert!(names_the_owner(&script.asked()[1]));
}

#[tokio::test(flavor = "current_thread")]
async fn a_missing_bucket_is_made_and_closed() {
    let script = script()
        .answer(&format!("HEAD {}", key()), 404, "")
        .answer(&format!("HEAD {BUCKET}"), 404, "")
        .answer(&format!("PUT {BUCKET}"), 200, "")
        .answer(&format!("PUT {BUCKET}/?publicAccessBlock"), 200, "")
        .answer(&format!("PUT {BUCKET}/?encryption"), 200, "")
        .answer(&format!("PUT {}", key()), 200, "");
    assert!(store(&script).await.unwrap());
    let made = format!("PUT {BUCKET}");
    for asked in &script.asked()[1..] {
        // Making a bucket is the one call that cannot name its owner: it cannot take another's.
        assert!(names_the_owner(asked) || asked.kind == made, "{}", asked.kind);
    }
    let upload = script.asked().pop().unwrap();
    assert_eq!(upload.kind, format!("PUT {}", key()));
    assert!(upload.fields.contains_key("x-amz-checksum-sha256"));
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_is_uploaded_to_somebody_else_s_bucket() {
    let taken = "<Error><Code>BucketAlreadyExists</Code><Message>m</Message></Error>";
    let script = script()
        .answer(&format!("HEAD {}", key()), 403, "")
        .answer(&format!("HEAD {BUCKET}"), 403, "")
        .answer(&format!("PUT {BUCKET}"), 409, taken);
    let error = store(&script).await.unwrap_err();
    insta::assert_snapshot!(error, @"another account owns the bucket ssmbak-artifacts-123456789012-eu-west-1, where the function's code belongs: nothing was uploaded; deploy to another region, and tell AWS of that bucket");
    assert_eq!(script.kinds().last().unwrap(), &format!("PUT {BUCKET}"));
}

#[tokio::test(flavor = "current_thread")]
async fn our_own_bucket_is_known_even_without_the_right_to_list_it() {
    let ours = "<Error><Code>BucketAlreadyOwnedByYou</Code><Message>m</Message></Error>";
    let script = script()
        .answer(&format!("HEAD {}", key()), 403, "")
        .answer(&format!("HEAD {BUCKET}"), 403, "")
        .answer(&format!("PUT {BUCKET}"), 409, ours)
        .answer(&format!("PUT {}", key()), 200, "");
    assert!(store(&script).await.unwrap());
}

#[tokio::test(flavor = "current_thread")]
async fn code_that_is_not_what_its_name_says_is_replaced() {
    let script = script()
        .answer(&format!("HEAD {}", key()), 200, "AAAA")
        .answer(&format!("HEAD {BUCKET}"), 200, "")
        .answer(&format!("PUT {}", key()), 200, "");
    assert!(store(&script).await.unwrap());
}

#[tokio::test(flavor = "current_thread")]
async fn the_settings_of_a_bucket_that_is_there_are_left_to_its_owner() {
    let script = script()
        .answer(&format!("HEAD {}", key()), 404, "")
        .answer(&format!("HEAD {BUCKET}"), 200, "")
        .answer(&format!("PUT {}", key()), 200, "");
    assert!(store(&script).await.unwrap());
    let changed: Vec<String> = script.kinds().into_iter().filter(|kind| kind.starts_with("PUT")).collect();
    assert_eq!(changed, [format!("PUT {}", key())]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_missing_permission_is_named() {
    let denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    let script = script()
        .answer(&format!("HEAD {}", key()), 404, "")
        .answer(&format!("HEAD {BUCKET}"), 404, "")
        .answer(&format!("PUT {BUCKET}"), 403, denied);
    let error = store(&script).await.unwrap_err();
    insta::assert_snapshot!(error, @"not allowed to make the bucket for the function's code: ask for the permission s3:CreateBucket (Access Denied)");
}
