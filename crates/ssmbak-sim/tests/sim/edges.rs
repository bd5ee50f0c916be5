//! Restores of parameters that Parameter Store refuses, drops later or undoes at once; and the errors of the fakes.

use ssmbak::restore::{Outcome, Unobserved};
use ssmbak::verify::verify;
use ssmbak::{BackupBucket, ErrorKind};
use ssmbak_sim::{FakeBucket, bucket, store};
use ssmbak_testkit::AwsErrors;

use crate::support::{HOUR_MS, PutExt as _, World, all, name, put};

/// One hour after the beginning of a world.
const EXPIRES: &str = r#"{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"2026-03-01T13:00:00Z"}}"#;
const UNCHANGED: &str = r#"{"Type":"NoChangeNotification","Version":"1.0","Attributes":{"After":"20","Unit":"Days"}}"#;

fn tier(world: &World, of: &str) -> Option<String> {
    world.store.present(&name(of)).unwrap().0.details.tier
}

fn policies(world: &World, of: &str) -> Vec<String> {
    world.store.present(&name(of)).unwrap().0.details.policies
}

#[tokio::test]
async fn image_that_is_gone_fails_instead_of_counting_as_restored() {
    let world = World::new();
    for of in ["/created", "/updated", "/kept"] {
        world.put_as(&put(of, "ami-1").image());
    }
    world.put("/plain", "then");
    let then = world.recorded().await;
    world.put_as(&put("/updated", "ami-2").image());
    world.put_as(&put("/kept", "ami-3").image());
    world.put("/plain", "now");
    world.recorded().await;
    world.delete("/created");
    let plan = world.plan(then).await;
    world.habits(|habits| habits.missing_images = ["ami-1".to_owned()].into());
    let applied = world.apply(&plan, &Unobserved).await;
    let rows = plan.changes.iter().zip(&applied.outcomes);
    let outcomes: Vec<(&str, bool)> =
        rows.map(|(change, outcome)| (change.name.as_str(), *outcome == Outcome::Done)).collect();
    assert_eq!(outcomes, [("/created", false), ("/kept", false), ("/plain", true), ("/updated", false)]);
    let Outcome::Failed(error) = &applied.outcomes[0] else { panic!("{applied:?}") };
    assert!(error.message.contains("did not keep it"), "{error}");
    assert!(error.hint.as_ref().unwrap().contains("ec2:DescribeImages"), "{error:?}");
    // The image exists again.
    world.habits(|habits| habits.missing_images.clear());
    world.apply_all(&world.plan(then).await).await;
    assert_eq!(world.plan(then).await.changes, []);
}

#[tokio::test]
async fn long_value_is_restored_into_the_advanced_tier() {
    // Over a small one in the Standard tier, and where there is none.
    for exists in [true, false] {
        let world = World::new();
        let time = world.clock.now().as_second().to_string();
        let tags = vec![("ssmbakTime".to_owned(), time), ("ssmbakType".to_owned(), "String".to_owned())];
        world.bucket.put_as_original("/original", &"x".repeat(5_000), tags);
        let then = world.quiet_time();
        if exists {
            world.put("/original", "small");
        }
        let plan = world.plan(then).await;
        assert!(plan.warnings.iter().any(|warning| warning.contains("Advanced tier")), "{:?}", plan.warnings);
        world.apply_all(&plan).await;
        assert_eq!(tier(&world, "/original").as_deref(), Some("Advanced"));
    }
}

#[tokio::test]
async fn policies_are_restored_into_the_advanced_tier() {
    let world = World::new();
    world.put_as(&put("/p", "then").tier("Standard").policies(&[UNCHANGED]));
    let then = world.recorded().await;
    world.delete("/p");
    let plan = world.plan(then).await;
    assert!(plan.warnings.iter().any(|warning| warning.ends_with("it has policies")), "{:?}", plan.warnings);
    world.apply_all(&plan).await;
    assert_eq!(tier(&world, "/p").as_deref(), Some("Advanced"));
    assert_eq!(world.plan(then).await.changes, []);
}

#[tokio::test]
async fn passed_expiration_policy_is_not_put_again() {
    let world = World::new();
    world.put_as(&put("/p", "then").tier("Advanced").policies(&[EXPIRES, UNCHANGED]));
    let then = world.recorded().await;
    world.clock.advance_ms(HOUR_MS);
    world.delete("/p");
    let plan = world.plan(then).await;
    let expired = |warning: &String| warning.contains("expiration policy of /p");
    assert!(plan.warnings.iter().any(expired), "{:?}", plan.warnings);
    world.apply_all(&plan).await;
    assert_eq!(policies(&world, "/p"), [UNCHANGED]);
    assert_eq!(world.plan(then).await.changes, [], "nothing is left to do");
}

#[tokio::test]
async fn policy_that_expires_before_its_put_is_not_put() {
    let world = World::new();
    world.put_as(&put("/p", "then").tier("Advanced").policies(&[EXPIRES]));
    let then = world.recorded().await;
    world.delete("/p");
    let plan = world.plan(then).await;
    assert_eq!(plan.warnings, [""; 0]);
    world.clock.advance_ms(HOUR_MS);
    world.apply_all(&plan).await;
    assert_eq!(policies(&world, "/p"), [""; 0]);
}

#[tokio::test]
async fn missing_or_damaged_sidecar_is_found_by_verify() {
    let world = World::new();
    for of in ["/missing", "/damaged", "/whole"] {
        // Too long for the metadata field.
        world.put_as(&put(of, "value").description(&format!("ößäü {of} ").repeat(70)));
    }
    world.put("/small", "value");
    world.recorded().await;
    let verified = async || verify(&world.store, &world.bucket, &all()).await.unwrap();
    assert_eq!(verified().await.findings, []);
    world.bucket.delete_marker(&sidecar_of(&world.bucket, "/missing").await).await.unwrap();
    world.bucket.put_as_original(&sidecar_of(&world.bucket, "/damaged").await, "{}", Vec::new());
    let found = verified().await;
    let names: Vec<(&str, &str)> =
        found.findings.iter().map(|(name, finding)| (name.as_str(), finding.kind.as_str())).collect();
    assert_eq!(names, [("/damaged", "unreadable"), ("/missing", "unreadable")], "{found:?}");
    assert!(found.findings[0].1.message.contains("known by its tags alone"), "{found:?}");
    assert_eq!(found.verified, 2);
    // Parameter Store still has the version: recording the name writes a missing sidecar again.
    world.recorded().await;
    let left: Vec<String> = verified().await.findings.into_iter().map(|(name, _)| name).collect();
    assert!(!left.contains(&"/missing".to_owned()), "{left:?}");
}

async fn sidecar_of(bucket: &FakeBucket, key: &str) -> String {
    let ssmbak::bucket::Head::Object { metadata, .. } = bucket.head(key, None).await.unwrap() else { panic!("{key}") };
    let metadata = metadata.unwrap();
    let hash = metadata.split("\"sidecar\":\"").nth(1).unwrap().split('"').next().unwrap();
    format!("ssmbak-sidecar/{hash}")
}

#[test]
fn fakes_throw_only_errors_that_aws_names() {
    let models = AwsErrors::read().unwrap();
    for (service, thrown) in [("ssm", store::THROWN.as_slice()), ("s3", bucket::THROWN.as_slice())] {
        for (operation, code) in thrown {
            assert!(models.can_throw(service, operation, code), "{operation} cannot throw {code}");
            assert_ne!(ErrorKind::of_code(code), ErrorKind::Other, "{code}");
        }
    }
}
