//! The library over the real adapters, against moto: an S3 and a Parameter Store that nobody here wrote.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use jiff::Timestamp;
use ssmbak::bucket::{BackupBucket, S3BackupBucket};
use ssmbak::core::event::{Change, Operation};
use ssmbak::core::instant::Instant;
use ssmbak::core::name::ParameterName;
use ssmbak::core::parameter::ParameterType;
use ssmbak::core::plan::{Action, Field, Plan, PlanOptions};
use ssmbak::core::scope::Selection;
use ssmbak::restore::{Outcome, RestoreOptions, Unobserved};
use ssmbak::store::{ParameterStore, PutParameter, SsmParameterStore};
use ssmbak::{Capture, ErrorKind, ParamPath};
use ssmbak_testkit::{Moto, create_versioned_bucket, s3_client, ssm_client};

const BUCKET: &str = "backup";

struct World {
    _moto: Moto,
    store: SsmParameterStore,
    bucket: S3BackupBucket,
}

impl World {
    async fn new() -> Self {
        let moto = Moto::start().unwrap();
        let s3 = s3_client(&moto.endpoint());
        create_versioned_bucket(&s3, BUCKET).await.unwrap();
        Self {
            store: SsmParameterStore::new(ssm_client(&moto.endpoint())),
            bucket: S3BackupBucket::new(s3, BUCKET),
            _moto: moto,
        }
    }

    fn capture(&self) -> Capture<SsmParameterStore, S3BackupBucket> {
        Capture::new(self.store.clone(), self.bucket.clone())
    }

    async fn put(&self, name: &str, value: &str) {
        self.store.put(&parameter(name, value)).await.unwrap();
    }

    async fn overwrite(&self, name: &str, value: &str) {
        self.store.put(&PutParameter { overwrite: true, ..parameter(name, value) }).await.unwrap();
    }

    async fn event(&self, operation: Operation, name: &str, time: Timestamp) -> usize {
        let change = Change {
            id: Some(format!("{operation:?}{name}{time}")),
            name: ParameterName::parse(name).unwrap(),
            operation,
            time: Timestamp::from_second(time.as_second()).unwrap(),
            parameter_type: None,
            description: None,
            region: None,
            account: None,
        };
        let now = Timestamp::now();
        self.capture().event(&change, Some(now), now).await.unwrap().writes.len()
    }

    async fn sweep(&self) -> usize {
        use futures_util::StreamExt;
        let selection = Selection::new(&["/"], true, &[], &[]).unwrap();
        let capture = self.capture();
        let names = ssmbak::sweep::names(&capture, &selection, None).await.unwrap();
        let drifts: Vec<_> = ssmbak::sweep::find_drift(&capture, names, None, Timestamp::now).collect().await;
        let mut writes = 0;
        for (_, drift) in drifts {
            writes += capture.record_drift(drift.unwrap()).await.unwrap().writes.len();
        }
        writes
    }

    fn path(&self, path: &str, recursive: bool, at: Timestamp) -> ParamPath<SsmParameterStore, S3BackupBucket> {
        let selection = Selection::new(&[path], recursive, &[], &[]).unwrap();
        ParamPath::new(self.store.clone(), self.bucket.clone(), selection, Instant::exact(at))
    }

    async fn restore(&self, path: &str, at: Timestamp) -> (Plan, Vec<Outcome>) {
        let options = RestoreOptions { puts_per_second: None, deletes_per_second: None, ..RestoreOptions::default() };
        let (plan, applied) = self.path(path, true, at).restore(&options, &Unobserved).await.unwrap();
        (plan, applied.outcomes)
    }

    async fn value(&self, name: &str) -> Option<String> {
        let mut values = self.store.values(&[name.to_owned()]).await.unwrap();
        values.remove(name).map(|value| value.unwrap().expose().to_owned())
    }
}

fn parameter(name: &str, value: &str) -> PutParameter {
    PutParameter::string(name, value)
}

fn actions(plan: &Plan) -> Vec<String> {
    plan.changes.iter().map(|change| format!("{} {}", change.action_name(), change.name)).collect()
}

/// Parameter Store's own dates have fractions; a moment between two writes is after the first one's.
async fn moment() -> Timestamp {
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let now = Timestamp::now();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    now
}

#[tokio::test]
async fn a_tree_comes_back_as_it_was() {
    let world = World::new().await;
    let before = moment().await;
    world.put("/t/keep", "same").await;
    world.put("/t/change", "one\n").await;
    world.put("/t/gone", " ").await;
    world.put("/t2/sibling", "x").await;
    world.sweep().await;
    let then = moment().await;
    world.overwrite("/t/change", "two").await;
    world.put("/t/new", "n").await;
    world.sweep().await;
    // A deletion in the second of a creation is told apart from it later only.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    world.store.delete(&["/t/gone".to_owned()]).await.unwrap();
    world.event(Operation::Delete, "/t/gone", Timestamp::now()).await;

    let plan = world.path("/t/", true, then).preview().await.unwrap();
    assert_eq!(actions(&plan), ["update /t/change", "create /t/gone", "delete /t/new"]);
    assert_eq!((plan.unchanged, plan.unknown.len()), (1, 0));

    // A deletion in the second of a re-creation, too.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let restored_at = moment().await;
    let (_, outcomes) = world.restore("/t/", then).await;
    assert_eq!(outcomes, [Outcome::Done, Outcome::Done, Outcome::Done]);
    assert_eq!(world.value("/t/change").await.as_deref(), Some("one\n"));
    assert_eq!(world.value("/t/gone").await.as_deref(), Some(" "));
    assert_eq!(world.value("/t/new").await, None);
    assert_eq!(world.value("/t2/sibling").await.as_deref(), Some("x"));
    let (again, _) = world.restore("/t/", then).await;
    assert_eq!(actions(&again), Vec::<String>::new(), "a second restore changes nothing");

    world.sweep().await;
    let (undone, _) = world.restore("/t/", restored_at).await;
    assert_eq!(undone.unknown, [], "{undone:?}");
    assert_eq!(world.value("/t/change").await.as_deref(), Some("two"), "every restore can be undone");
    assert_eq!(world.value("/t/gone").await, None);
    assert_eq!(world.value("/t/new").await.as_deref(), Some("n"));

    world.sweep().await;
    let (plan, _) = world.restore("/t/", before).await;
    assert_eq!(plan.changes.len(), 3, "first versions after that time: {:?}", actions(&plan));
}

#[tokio::test]
async fn every_attribute_comes_back() {
    let world = World::new().await;
    let full = PutParameter {
        description: "Ünïcode, \"quotes\" & more: ".repeat(30).chars().take(600).collect(),
        tier: Some("Advanced".to_owned()),
        data_type: Some("text".to_owned()),
        key_id: Some("alias/mine".to_owned()),
        allowed_pattern: Some("^.*$".to_owned()),
        parameter_type: ParameterType::SecureString,
        tags: [("team".to_owned(), "core team".to_owned()), ("cost".to_owned(), "42".to_owned())].into(),
        ..parameter("/full", "-----BEGIN KEY-----\nüñ☃\n")
    };
    world.store.put(&full).await.unwrap();
    world.sweep().await;
    let then = moment().await;
    let recorded = world.path("/full", false, then).versions().await.unwrap();
    let recorded = recorded.values().next().unwrap();
    assert_eq!(recorded.value.expose(), full.value.expose());
    assert_eq!(recorded.description.text.as_deref(), Some(full.description.as_str()));
    let details = recorded.details.clone().unwrap();
    assert_eq!(details.tier, full.tier);
    assert_eq!(details.key_id, full.key_id);
    assert_eq!(details.tags.as_ref(), Some(&full.tags));

    world.store.delete(&["/full".to_owned()]).await.unwrap();
    world.event(Operation::Delete, "/full", Timestamp::now()).await;
    let (plan, outcomes) = world.restore("/", then).await;
    assert_eq!(plan.unknown, [], "{plan:?}");
    assert_eq!((actions(&plan), outcomes), (vec!["create /full".to_owned()], vec![Outcome::Done]));
    let (again, _) = world.restore("/", then).await;
    assert_eq!(actions(&again), Vec::<String>::new());
    let drift = world.capture().find_drift(&ParameterName::parse("/full").unwrap(), Timestamp::now()).await.unwrap();
    assert_eq!(drift.writes().len(), 1, "the restored version is a new one");
}

#[tokio::test]
async fn a_removed_description_and_changed_tags_are_restored() {
    let world = World::new().await;
    world.put("/d", "v").await;
    world.sweep().await;
    let then = moment().await;
    world
        .store
        .put(&PutParameter { description: "added".to_owned(), overwrite: true, ..parameter("/d", "v") })
        .await
        .unwrap();
    world.store.set_tags("/d", &[("k".to_owned(), "v".to_owned())].into(), &[]).await.unwrap();
    let plan = world.path("/d", false, then).preview().await.unwrap();
    let Action::Update { fields, .. } = &plan.changes[0].action else { panic!("an update") };
    assert_eq!(fields, &[Field::Description, Field::Tags]);
    world.restore("/", then).await;
    assert_eq!(actions(&world.path("/d", false, then).preview().await.unwrap()), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_restore_overwrites_is_recorded_first_even_without_a_pipeline() {
    let world = World::new().await;
    world.put("/p", "one").await;
    world.sweep().await;
    let then = moment().await;
    world.overwrite("/p", "two").await;
    let unrecorded = moment().await;
    world.restore("/", then).await;
    assert_eq!(world.value("/p").await.as_deref(), Some("one"));
    let versions = world.path("/p", false, unrecorded).versions().await.unwrap();
    assert_eq!(versions.values().next().unwrap().value.expose(), "two");
}

#[tokio::test]
async fn untracked_and_too_early_is_unknown_and_left_alone() {
    let world = World::new().await;
    world.put("/u/a", "1").await;
    world.overwrite("/u/a", "2").await;
    let plan = world.path("/u/", true, moment().await).preview().await.unwrap();
    assert_eq!((plan.changes.len(), plan.unknown.len()), (0, 1), "nothing is recorded");
    let s3 = &world.bucket;
    let tags = ssmbak::core::record::metadata::Encoded {
        metadata: String::new(),
        tags: vec![
            ("ssmbakTime".to_owned(), Timestamp::now().as_second().to_string()),
            ("ssmbakType".to_owned(), "String".to_owned()),
        ],
        sidecar: None,
    };
    s3.put("/u/a", b"2", &tags).await.unwrap();
    let hour_ago = Timestamp::now() - jiff::SignedDuration::from_hours(1);
    let path = world.path("/u/", true, hour_ago);
    let plan = path.preview().await.unwrap();
    assert_eq!((plan.changes.len(), plan.unknown.len()), (0, 1), "older than its first backup");
    let as_original = path.with_options(PlanOptions { assume_absent: true, ..PlanOptions::default() });
    assert_eq!(actions(&as_original.preview().await.unwrap()), ["delete /u/a"]);
}

#[tokio::test]
async fn foreign_and_broken_objects_are_reported() {
    let world = World::new().await;
    let raw = |metadata: &str, tags: &[(&str, &str)]| ssmbak::core::record::metadata::Encoded {
        metadata: metadata.to_owned(),
        tags: tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        sidecar: None,
    };
    world.bucket.put("/f/untagged", b"x", &raw("", &[])).await.unwrap();
    world
        .bucket
        .put("/f/binary", b"\xff\xfe", &raw("", &[("ssmbakTime", "1700000000"), ("ssmbakType", "String")]))
        .await
        .unwrap();
    world.bucket.put("/f/newer", b"x", &raw(r#"{"format":99,"kind":"value"}"#, &[])).await.unwrap();
    world.bucket.put("/f/not a name", b"x", &raw("", &[])).await.unwrap();
    let plan = world.path("/f/", true, Timestamp::now()).preview().await.unwrap();
    assert_eq!(actions(&plan), Vec::<String>::new());
    let unknown: Vec<&str> = plan.unknown.iter().map(|unknown| unknown.name.as_str()).collect();
    assert_eq!(unknown, ["/f/binary", "/f/newer", "/f/untagged"]);
    assert_eq!(plan.warnings.len(), 3, "{:?}", plan.warnings);
}

#[tokio::test]
async fn only_the_named_parameter_is_compared_and_restored() {
    let world = World::new().await;
    for name in ["/x/db", "/x/db_password", "/x/db/child"] {
        world.put(name, "one").await;
    }
    world.sweep().await;
    let then = moment().await;
    for name in ["/x/db", "/x/db_password", "/x/db/child"] {
        world.overwrite(name, "two").await;
    }
    let plan = world.path("/x/db", false, then).preview().await.unwrap();
    assert_eq!(actions(&plan), ["update /x/db"], "compared although it has children, and no sibling");
    let plan = world.path("/x/db/", false, then).preview().await.unwrap();
    assert_eq!(actions(&plan), ["update /x/db/child"]);
    let plan = world.path("/x", true, then).preview().await.unwrap();
    assert_eq!(plan.changes.len(), 3);
}

#[tokio::test]
async fn hundreds_of_parameters_are_read_completely() {
    let world = World::new().await;
    for number in 0..120 {
        world.put(&format!("/many/p{number:03}"), "v").await;
    }
    assert_eq!(world.sweep().await, 120);
    assert_eq!(world.sweep().await, 0);
    let plan = world.path("/many/", true, Timestamp::now()).preview().await.unwrap();
    assert_eq!((plan.changes.len(), plan.unchanged), (0, 120));
}

#[tokio::test]
async fn a_missing_bucket_and_a_dead_endpoint_are_one_sentence() {
    let world = World::new().await;
    let missing = S3BackupBucket::new(s3_client(&world._moto.endpoint()), "no-such-bucket");
    let selection = Selection::new(&["/"], true, &[], &[]).unwrap();
    let path = ParamPath::new(world.store.clone(), missing, selection.clone(), Instant::exact(Timestamp::now()));
    let error = path.preview().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::BucketMissing, "{error}");
    let nowhere = SsmParameterStore::new(ssm_client("http://127.0.0.1:9"));
    let path = ParamPath::new(nowhere, world.bucket.clone(), selection, Instant::exact(Timestamp::now()));
    let error = path.preview().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
    assert!(!error.to_string().contains('\n'));
}

#[tokio::test]
async fn many_parameters_are_all_listed() {
    use futures_util::{StreamExt, stream};
    let world = World::new().await;
    // More than are listed page by page, names that are the beginning of others, and names elsewhere.
    let mut names: Vec<String> = (0..130).map(|number| format!("/many/service-{number:03}/port")).collect();
    names.extend(
        ["/many/service", "/many/service-", "/many/service-0", "/many/Z", "/many/_", "/many/s/a.b"].map(str::to_owned),
    );
    stream::iter(&names).for_each_concurrent(8, |name| world.put(name, "v")).await;
    world.put("/manyfold", "v").await;
    world.put("many", "v").await;
    names.sort();
    for (path, also) in [("/many/", &[][..]), ("/many", &["/many"][..]), ("/", &["/many", "/manyfold"][..])] {
        let scope = ssmbak::core::scope::Scope::parse(path, true).unwrap();
        let mut described = world.store.describe(&scope).await.unwrap();
        described.retain(|parameter| !parameter.name.as_str().starts_with("/aws/"));
        let mut expected: Vec<&str> = names.iter().map(String::as_str).chain(also.iter().copied()).collect();
        expected.sort_unstable();
        let described: Vec<&str> = described.iter().map(|parameter| parameter.name.as_str()).collect();
        assert_eq!(described, expected, "{path}");
    }
}

/// Nothing of it is read into memory, whatever its listing says of its size.
#[tokio::test]
async fn object_larger_than_any_value_is_not_read() {
    let world = World::new().await;
    let s3 = s3_client(&world._moto.endpoint());
    let large = || vec![b'x'; 5 * 1024 * 1024].into();
    let put = s3.put_object().bucket(BUCKET).key("/large/a").tagging("ssmbakTime=1704067200&ssmbakType=String");
    let version = put.body(large()).send().await.unwrap().version_id.unwrap();
    for read in [
        world.bucket.body("/large/a", Some(&version)).await.map(drop),
        world.bucket.object("/large/a", &version).await.map(drop),
    ] {
        let error = read.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unreadable, "{error}");
        assert!(error.to_string().contains("5242880 bytes"), "{error}");
    }
    let selection = Selection::new(&["/large/"], true, &[], &[]).unwrap();
    let path = ParamPath::new(world.store.clone(), world.bucket.clone(), selection, Instant::exact(Timestamp::now()));
    let plan = path.preview().await.unwrap();
    assert!(plan.changes.is_empty() && plan.unknown.len() == 1, "{plan:?}");
    assert!(plan.unknown[0].reason.message.contains("larger than a value can be"), "{:?}", plan.unknown);
}
