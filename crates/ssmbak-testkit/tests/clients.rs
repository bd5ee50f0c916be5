//! The SDK's clients understand both emulators.

use std::error::Error;

use aws_sdk_ssm::types::{ParameterStringFilter, ParameterType};
use ssmbak_testkit::{Ministack, Moto, create_versioned_bucket, s3_client, ssm_client};

type Outcome = Result<(), Box<dyn Error>>;

async fn round_trip(endpoint: &str) -> Outcome {
    let ssm = ssm_client(endpoint);
    let s3 = s3_client(endpoint);
    create_versioned_bucket(&s3, "bucket").await?;
    for body in ["1", "2"] {
        // The key's leading slash survives.
        s3.put_object().bucket("bucket").key("/a/b").body(body.as_bytes().to_vec().into()).send().await?;
    }
    let listing = s3.list_object_versions().bucket("bucket").prefix("/a/b").send().await?;
    assert_eq!(listing.versions().len(), 2);
    assert_eq!(listing.versions()[0].key(), Some("/a/b"));

    let put = ssm.put_parameter().name("/a/b").value("secret\n").r#type(ParameterType::SecureString);
    put.description("größe").send().await?;
    let read = ssm.get_parameter().name("/a/b:1").with_decryption(true).send().await?;
    assert_eq!(read.parameter().and_then(|parameter| parameter.value()), Some("secret\n"));
    let path = ParameterStringFilter::builder().key("Path").option("Recursive").values("/a").build()?;
    let described = ssm.describe_parameters().parameter_filters(path).send().await?;
    assert_eq!(described.parameters().len(), 1);
    let history = ssm.get_parameter_history().name("/a/b").with_decryption(true).send().await?;
    assert_eq!(history.parameters()[0].description(), Some("größe"));
    Ok(())
}

#[tokio::test]
async fn the_clients_work_with_moto() -> Outcome {
    round_trip(&Moto::start()?.endpoint()).await
}

#[tokio::test]
async fn the_clients_work_with_ministack() -> Outcome {
    round_trip(&Ministack::start()?.endpoint()).await
}

#[tokio::test]
async fn the_sdk_reads_policies_and_absent_members_from_ministack() -> Outcome {
    let ministack = Ministack::start()?;
    let ssm = ssm_client(&ministack.endpoint());
    let policies = r#"[{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"2030-01-01T00:00:00.000Z"}}]"#;
    let put = ssm.put_parameter().name("/p").value("1").r#type(ParameterType::String);
    put.tier(aws_sdk_ssm::types::ParameterTier::Advanced).policies(policies).send().await?;
    let history = ssm.get_parameter_history().name("/p").send().await?;
    let version = &history.parameters()[0];
    assert_eq!(version.policies()[0].policy_type(), Some("Expiration"));
    assert_eq!((version.description(), version.allowed_pattern()), (None, None));
    let described = ssm.describe_parameters().send().await?;
    assert_eq!(described.parameters()[0].policies().len(), 1);
    Ok(())
}
