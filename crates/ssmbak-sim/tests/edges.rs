//! Restores of what Parameter Store refuses, drops later or undoes at once; and the fakes' own errors.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::time::Duration;

use jiff::Timestamp;
use ssmbak::restore::{Applied, Now, Outcome, Restore, RestoreOptions, RetryPolicy, Unobserved};
use ssmbak::store::PutParameter;
use ssmbak::verify::verify;
use ssmbak::{BackupBucket, Capture, ErrorKind, ParamPath};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::{Plan, PlanOptions};
use ssmbak_core::scope::Selection;
use ssmbak_sim::{Clock, FakeBucket, FakeStore, Faults, bucket, store};
use ssmbak_testkit::AwsErrors;

struct World {
    clock: Clock,
    store: FakeStore,
    bucket: FakeBucket,
}

impl World {
    fn new() -> Self {
        let clock = Clock::new("2026-03-01T12:00:00Z".parse().unwrap());
        Self {
            store: FakeStore::new(clock.clone(), Faults::default()),
            bucket: FakeBucket::new(clock.clone(), Faults::default()),
            clock,
        }
    }

    fn put(&self, put: &PutParameter) {
        let exists = self.store.present(&name(&put.spelling)).is_some();
        self.store.put_now(&PutParameter { overwrite: exists, ..put.clone() }).unwrap();
        self.clock.advance_ms(5_000);
    }

    /// Records everything; the moment after.
    async fn recorded(&self) -> Timestamp {
        let capture = Capture::new(self.store.clone(), self.bucket.clone());
        for name in self.store.names() {
            let drift = capture.find_drift(&name, self.clock.now()).await.unwrap();
            capture.record_drift(drift).await.unwrap();
        }
        self.clock.advance_ms(10_000);
        let then = self.clock.now();
        self.clock.advance_ms(10_000);
        then
    }

    async fn plan(&self, at: Timestamp) -> Plan {
        let path = ParamPath::new(self.store.clone(), self.bucket.clone(), all(), Instant::exact(at));
        let options = PlanOptions { now: Some(self.clock.now()), ..PlanOptions::default() };
        path.with_options(options).preview().await.unwrap()
    }

    async fn apply(&self, plan: &Plan) -> Applied {
        let clock = self.clock.clone();
        let options = RestoreOptions {
            puts_per_second: None,
            deletes_per_second: None,
            retry: RetryPolicy { attempts: 2, first_pause: Duration::from_millis(1) },
            recreate_delay: Duration::from_millis(1),
            now: Now::new(move || clock.now()),
        };
        Restore::new(self.store.clone(), self.bucket.clone()).apply(plan, &options, &Unobserved).await
    }

    fn tier(&self, of: &str) -> Option<String> {
        self.store.present(&name(of)).unwrap().0.details.tier
    }
}

fn all() -> Selection {
    Selection::new(&["/"], true, &[], &[]).unwrap()
}

fn name(text: &str) -> ParameterName {
    ParameterName::parse(text).unwrap()
}

fn string(spelling: &str, value: &str) -> PutParameter {
    PutParameter::string(spelling, value)
}

fn image(spelling: &str, id: &str) -> PutParameter {
    PutParameter { data_type: Some("aws:ec2:image".to_owned()), ..string(spelling, id) }
}

#[tokio::test]
async fn image_that_is_gone_fails_instead_of_counting_as_restored() {
    let world = World::new();
    for of in ["/created", "/updated", "/kept"] {
        world.put(&image(of, "ami-1"));
    }
    world.put(&string("/plain", "then"));
    let then = world.recorded().await;
    world.put(&image("/updated", "ami-2"));
    world.put(&image("/kept", "ami-3"));
    world.put(&string("/plain", "now"));
    world.recorded().await;
    world.store.delete_now(&name("/created"));
    let plan = world.plan(then).await;
    world.store.with_habits(|habits| habits.missing_images = ["ami-1".to_owned()].into());
    let applied = world.apply(&plan).await;
    let outcomes: Vec<(&str, bool)> = plan
        .changes
        .iter()
        .zip(&applied.outcomes)
        .map(|(change, outcome)| (change.name.as_str(), *outcome == Outcome::Done))
        .collect();
    assert_eq!(outcomes, [("/created", false), ("/kept", false), ("/plain", true), ("/updated", false)]);
    let Outcome::Failed(error) = &applied.outcomes[0] else { panic!("{applied:?}") };
    assert!(error.message.contains("did not keep it"), "{error}");
    assert!(error.hint.as_ref().unwrap().contains("ec2:DescribeImages"), "{error:?}");
    // The image is back.
    world.store.with_habits(|habits| habits.missing_images.clear());
    assert!(world.apply(&world.plan(then).await).await.is_complete());
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
        world.clock.advance_ms(10_000);
        let then = world.clock.now();
        world.clock.advance_ms(10_000);
        if exists {
            world.put(&string("/original", "small"));
        }
        let plan = world.plan(then).await;
        assert!(plan.warnings.iter().any(|said| said.contains("Advanced tier")), "{:?}", plan.warnings);
        assert!(world.apply(&plan).await.is_complete(), "{exists}");
        assert_eq!(world.tier("/original").as_deref(), Some("Advanced"));
    }
}

#[tokio::test]
async fn policies_are_restored_into_the_advanced_tier() {
    let world = World::new();
    let policy = r#"{"Type":"NoChangeNotification","Version":"1.0","Attributes":{"After":"20","Unit":"Days"}}"#;
    let standard = Some("Standard".to_owned());
    world.put(&PutParameter { tier: standard, policies: Some(vec![policy.to_owned()]), ..string("/p", "then") });
    let then = world.recorded().await;
    world.store.delete_now(&name("/p"));
    let plan = world.plan(then).await;
    assert!(plan.warnings.iter().any(|said| said.ends_with("it has policies")), "{:?}", plan.warnings);
    assert!(world.apply(&plan).await.is_complete());
    assert_eq!(world.tier("/p").as_deref(), Some("Advanced"));
    assert_eq!(world.plan(then).await.changes, []);
}

#[tokio::test]
async fn passed_expiration_policy_is_not_put_again() {
    let world = World::new();
    let expires = r#"{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"2026-03-01T13:00:00Z"}}"#;
    let unchanged = r#"{"Type":"NoChangeNotification","Version":"1.0","Attributes":{"After":"20","Unit":"Days"}}"#;
    world.put(&PutParameter {
        tier: Some("Advanced".to_owned()),
        policies: Some(vec![expires.to_owned(), unchanged.to_owned()]),
        ..string("/p", "then")
    });
    let then = world.recorded().await;
    world.clock.advance_ms(3_600_000);
    world.store.delete_now(&name("/p"));
    let plan = world.plan(then).await;
    assert!(plan.warnings.iter().any(|said| said.contains("expiration policy of /p")), "{:?}", plan.warnings);
    assert!(world.apply(&plan).await.is_complete());
    let (restored, _) = world.store.present(&name("/p")).unwrap();
    assert_eq!(restored.details.policies, [unchanged]);
    assert_eq!(world.plan(then).await.changes, [], "nothing is left to do");
}

#[tokio::test]
async fn policy_that_expires_before_its_put_is_not_put() {
    let world = World::new();
    let expires = r#"{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"2026-03-01T13:00:00Z"}}"#;
    let policies = Some(vec![expires.to_owned()]);
    world.put(&PutParameter { tier: Some("Advanced".to_owned()), policies, ..string("/p", "then") });
    let then = world.recorded().await;
    world.store.delete_now(&name("/p"));
    let plan = world.plan(then).await;
    assert_eq!(plan.warnings, [""; 0]);
    world.clock.advance_ms(3_600_000);
    assert!(world.apply(&plan).await.is_complete());
    assert_eq!(world.store.present(&name("/p")).unwrap().0.details.policies, [""; 0]);
}

#[tokio::test]
async fn missing_or_damaged_sidecar_is_found_by_verify() {
    let world = World::new();
    for of in ["/missing", "/damaged", "/whole"] {
        // Too long for the metadata field.
        world.put(&PutParameter { description: format!("ößäü {of} ").repeat(70), ..string(of, "value") });
    }
    world.put(&string("/small", "value"));
    world.recorded().await;
    let verified = async || verify(&world.store, &world.bucket, &all()).await.unwrap();
    assert_eq!(verified().await.findings, []);
    for of in ["/missing", "/damaged"] {
        let key = sidecar_of(&world.bucket, of).await;
        if of == "/missing" {
            world.bucket.delete_marker(&key).await.unwrap();
        } else {
            world.bucket.put_as_original(&key, "{}", Vec::new());
        }
    }
    let found = verified().await;
    let names: Vec<(&str, &str)> =
        found.findings.iter().map(|(name, finding)| (name.as_str(), finding.kind.as_str())).collect();
    assert_eq!(names, [("/damaged", "unreadable"), ("/missing", "unreadable")], "{found:?}");
    assert!(found.findings[0].1.message.contains("known by its tags alone"), "{found:?}");
    assert_eq!(found.verified, 2);
    // Parameter Store still has the version: what looks the name over writes a missing sidecar again.
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
