//! How many requests each kind of work may make, at small sizes. Time is not measured here: `cargo xtask bench` does.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use ssmbak::bucket::S3BackupBucket;
use ssmbak::core::instant::Instant;
use ssmbak::core::plan::{Action, Plan};
use ssmbak::core::scope::{Scope, Selection};
use ssmbak::core::sweep::{Place, SweepRecord};
use ssmbak::core::trash::Last;
use ssmbak::diff::{between, until_now};
use ssmbak::history::{HistoryOptions, history};
use ssmbak::store::SsmParameterStore;
use ssmbak::trash::trash;
use ssmbak::verify::verify;
use ssmbak::{Capture, ParamPath, ParameterStore, sweep};
use ssmbak_bench::{BUCKET, Bucket, Conditions, Expected, History, Model, PATH, Server, Spec, Variant};
use ssmbak_testkit::{s3_client, ssm_client, tagging_client};

/// When a preview asks about.
#[derive(Clone, Copy, Debug)]
enum At {
    /// A tenth has changed since.
    Recent,
    /// A quarter had happened.
    Old,
    /// Nothing has changed since.
    End,
}

/// What is done.
struct Work {
    name: &'static str,
    spec: Spec,
    path: &'static str,
    at: At,
    /// The most requests of each kind; a kind that is not named must not be asked for.
    most: &'static [(&'static str, u64)],
}

/// The bounds, as they are today: lower them when the code needs fewer. One listing is for the scope.
#[rustfmt::skip]
fn works() -> Vec<Work> {
    let spec = Spec::new;
    let work = |name, spec, path, at, most| Work { name, spec, path, at, most };
    vec![
        work("10 parameters, 50 versions, recent", spec(10, 50), PATH, At::Recent, &[
            ("DescribeParameters", 1), ("GetObject", 3), ("GetParameters", 1), ("GetParametersByPath", 1),
            ("GetResources", 1), ("HeadObject", 10), ("ListObjectVersions", 2),
        ]),
        work("10 parameters, 50 versions, old", spec(10, 50), PATH, At::Old, &[
            ("DescribeParameters", 1), ("GetObject", 10), ("GetParameters", 1), ("GetParametersByPath", 1),
            ("GetResources", 1), ("HeadObject", 10), ("ListObjectVersions", 2),
        ]),
        work("60 parameters, 10 versions, recent", spec(60, 10), PATH, At::Recent, &[
            ("DescribeParameters", 2), ("GetObject", 6), ("GetParameters", 1), ("GetParametersByPath", 2),
            ("GetResources", 1), ("HeadObject", 60), ("ListObjectVersions", 2),
        ]),
        work("60 parameters, 10 versions, old", spec(60, 10), PATH, At::Old, &[
            ("DescribeParameters", 2), ("GetObject", 60), ("GetParameters", 6), ("GetParametersByPath", 2),
            ("GetResources", 1), ("HeadObject", 60), ("ListObjectVersions", 2),
        ]),
        work("60 parameters, 10 versions, seeded", spec(60, 10).with(Variant::Seeded), PATH, At::Recent, &[
            ("DescribeParameters", 2), ("GetObject", 3), ("GetParameters", 1), ("GetParametersByPath", 2),
            ("GetResources", 1), ("HeadObject", 600), ("ListObjectVersions", 2),
        ]),
        work("60 parameters, 10 versions, of 0.5.2", spec(60, 10).with(Variant::Original), PATH, At::Recent, &[
            ("DescribeParameters", 2), ("GetObject", 60), ("GetObjectTagging", 63), ("GetParameters", 6),
            ("GetParametersByPath", 2), ("HeadObject", 57), ("ListObjectVersions", 2),
        ]),
        // The bucket is listed in pieces, which must bring every key once. How many pieces depends on what is answered first,
        // so this bound has room.
        work("900 parameters, 8 versions, old", spec(900, 8), PATH, At::Old, &[
            ("DescribeParameters", 18), ("GetObject", 900), ("GetParameters", 86), ("GetParametersByPath", 5),
            ("GetResources", 9), ("HeadObject", 900), ("ListObjectVersions", 41),
        ]),
        work("200 parameters, 1 version", spec(200, 1), PATH, At::Recent, &[
            ("DescribeParameters", 4), ("GetObject", 8), ("GetParametersByPath", 4), ("GetResources", 2),
            ("HeadObject", 200), ("ListObjectVersions", 2),
        ]),
        work("an in-sync tree of 200", spec(200, 1), PATH, At::End, &[
            ("DescribeParameters", 4), ("GetParametersByPath", 4), ("GetResources", 2), ("HeadObject", 208),
            ("ListObjectVersions", 2),
        ]),
        work("one key of 3,000 that begin alike", Spec { siblings: true, ..spec(3000, 1) }, "/bench/p", At::End, &[
            ("DescribeParameters", 1), ("GetResources", 1), ("HeadObject", 1), ("ListObjectVersions", 2),
        ]),
    ]
}

async fn preview(server: &Server, work: &Work, second: i64) -> Plan {
    let endpoint = server.endpoint();
    let selection = Selection::new(&[work.path], work.path.ends_with('/'), &[], &[]).unwrap();
    let at = Instant::exact(Timestamp::new(second, 999_999_999).unwrap());
    let store = SsmParameterStore::new(ssm_client(&endpoint)).with_bulk_tags(tagging_client(&endpoint));
    ParamPath::new(store, S3BackupBucket::new(s3_client(&endpoint), BUCKET), selection, at).preview().await.unwrap()
}

/// What a plan lists, as the model puts it.
fn changes(plan: &Plan) -> BTreeMap<String, Expected> {
    let expected = |action: &Action| match action {
        Action::Create(to) | Action::Update { to, .. } => Expected::Held(to.value.expose().to_owned()),
        Action::Delete { .. } => Expected::Absent,
    };
    plan.changes.iter().map(|change| (change.name.to_string(), expected(&change.action))).collect()
}

/// As a preview of a path in an account that holds much else.
#[tokio::test]
async fn path_of_a_large_account_costs_no_listing_of_the_account() {
    let history = History::new(Spec::new(200, 1));
    let conditions = Conditions { others: 4_000, ..Conditions::default() };
    let server = Server::start_with(Bucket::new(history), Duration::ZERO, 0, conditions).await.unwrap();
    let work = &works()[8];
    let plan = preview(&server, work, history.end()).await;
    assert!(plan.changes.is_empty() && plan.unknown.is_empty(), "{plan:?}");
    let made = server.counts().requests();
    // 192 parameters live there: 5 pages of the account beside 5 of the path, the other 15, and four times 50 names.
    assert_eq!(made["GetParametersByPath"], 20);
    assert!(made["DescribeParameters"] <= 5 + 4, "{made:?}");
    assert_eq!(made.get("ListTagsForResource"), None);
}

/// What is listed by path and what is listed with the account must be the same parameters.
#[tokio::test]
async fn both_ways_of_listing_find_every_parameter() {
    for (parameters, others) in [(30, 0), (200, 4_000), (1_300, 700), (1_300, 2_600), (1_300, 13_000)] {
        let history = History::new(Spec::new(parameters, 1));
        let conditions = Conditions { others, ..Conditions::default() };
        let server = Server::start_with(Bucket::new(history), Duration::ZERO, 0, conditions).await.unwrap();
        let store = SsmParameterStore::new(ssm_client(&server.endpoint()));
        let found = store.describe(&Scope::parse(PATH, true).unwrap()).await.unwrap();
        let found: Vec<String> = found.into_iter().map(|parameter| parameter.spelling).collect();
        let living = history.parameters().filter(|&parameter| history.present(parameter).is_some());
        let mut living: Vec<String> = living.map(|parameter| history.name(parameter)).collect();
        living.sort();
        assert_eq!(found, living, "{parameters} and {others}");
    }
}

/// The record of a sweep that has seen it all.
fn last_sweep() -> SweepRecord {
    let now = Timestamp::now();
    SweepRecord::new(now, now, (1_000, 0, 0), &[])
}

#[tokio::test]
async fn sweep_of_unchanged_parameters_reads_pages_alone() {
    let history = History::new(Spec::new(1_000, 1));
    let server = Server::start(Bucket::new(history), Duration::ZERO, 0).await.unwrap();
    let endpoint = server.endpoint();
    let store = SsmParameterStore::new(ssm_client(&endpoint)).with_bulk_tags(tagging_client(&endpoint));
    let capture = Capture::new(store, S3BackupBucket::new(s3_client(&endpoint), BUCKET));
    let last = last_sweep();
    let mut place = Some(Place::START);
    while let Some(at) = place {
        let page = sweep::page(&capture, &at, Some(&last)).await.unwrap();
        for turn in &page.names {
            let captured = sweep::process(&capture, turn, None, Timestamp::now()).await.unwrap();
            assert!(captured.writes.is_empty(), "{}", turn.name);
        }
        place = page.next;
    }
    let made = server.counts().requests();
    let of_store = |name: &str| made.get(name).copied().unwrap_or(0);
    let total: u64 =
        ["DescribeParameters", "GetResources", "ListTagsForResource", "GetParameterHistory", "GetParameter"]
            .map(of_store)
            .iter()
            .sum();
    // Twenty pages of parameters, their tags, and twenty times fifty keys that are looked for: a tenth of the 1,300 that
    // 10,000 parameters may cost.
    assert!(total <= 130, "{made:?}");
}

/// As `ssmbak-all` looks them over.
#[tokio::test]
async fn sweep_at_once_of_unchanged_parameters_reads_in_bulk_alone() {
    let history = History::new(Spec::new(1_000, 1));
    let server = Server::start(Bucket::new(history), Duration::ZERO, 0).await.unwrap();
    let endpoint = server.endpoint();
    let store = SsmParameterStore::new(ssm_client(&endpoint)).with_bulk_tags(tagging_client(&endpoint));
    let capture = Capture::new(store, S3BackupBucket::new(s3_client(&endpoint), BUCKET));
    let everything = Selection::new(&["/"], true, &[], &[]).unwrap();
    let last = last_sweep();
    let names = sweep::names(&capture, &everything, Some(&last)).await.unwrap();
    assert_eq!(names.len(), history.parameters().filter(|&parameter| history.present(parameter).is_some()).count());
    let drifts = sweep::find_drift(&capture, names, None, Timestamp::now);
    let writes = drifts.map(|(name, drift)| (name, drift.unwrap().writes().len()));
    let lacking: Vec<_> = writes.filter(|(_, writes)| std::future::ready(*writes > 0)).collect().await;
    assert!(lacking.is_empty(), "{lacking:?}");
    let mut made = server.counts().requests();
    made.retain(|operation, _| !["HeadObject", "ListObjectVersions"].contains(operation));
    // Twenty pages, and their tags a hundred a request.
    assert_eq!(made.into_iter().collect::<Vec<_>>(), [("DescribeParameters", 20), ("GetResources", 10)]);
}

/// What was asked for, how often, against how often it may be.
fn over(name: &str, made: &BTreeMap<&'static str, u64>, most: &[(&str, u64)]) -> Option<String> {
    let bound: BTreeMap<&str, u64> = most.iter().copied().collect();
    let over: Vec<_> = made.iter().filter(|(kind, made)| **made > bound.get(*kind).copied().unwrap_or(0)).collect();
    (!over.is_empty()).then(|| format!("{name}: {over:?} of {most:?}"))
}

/// A history of 60 parameters, served, and the names of those that are gone.
struct World {
    server: Server,
    history: History,
    gone: Vec<String>,
}

impl World {
    async fn new(versions: u32) -> Self {
        let history = History::new(Spec::new(60, versions));
        let server = Server::start(Bucket::new(history), Duration::ZERO, 0).await.unwrap();
        let gone = history.parameters().filter(|&parameter| history.present(parameter).is_none());
        let mut gone: Vec<String> = gone.map(|parameter| history.name(parameter)).collect();
        gone.sort();
        Self { server, history, gone }
    }

    fn store(&self) -> SsmParameterStore {
        let endpoint = self.server.endpoint();
        SsmParameterStore::new(ssm_client(&endpoint)).with_bulk_tags(tagging_client(&endpoint))
    }

    fn bucket(&self) -> S3BackupBucket {
        S3BackupBucket::new(s3_client(&self.server.endpoint()), BUCKET)
    }

    /// How much was done from a second on.
    fn deeds_since(&self, second: i64) -> usize {
        let since = |parameter| self.history.deeds(parameter).iter().filter(|done| done.at >= second * 1000).count();
        self.history.parameters().map(since).sum()
    }
}

fn tree() -> Selection {
    Selection::new(&[PATH], true, &[], &[]).unwrap()
}

#[tokio::test]
async fn trash_reads_what_is_gone_and_of_that_the_end() {
    let world = World::new(10).await;
    let found = trash(&world.store(), &world.bucket(), &tree()).await.unwrap();
    let names: Vec<String> = found.parameters.iter().map(|trashed| trashed.name.to_string()).collect();
    assert!(!names.is_empty() && names == world.gone && found.warnings.is_empty(), "{found:?}");
    assert!(found.parameters.iter().all(|trashed| matches!(trashed.gone.last, Last::Known { .. })), "{found:?}");
    // Of each of the three the tombstone and the version before it.
    let most = [("DescribeParameters", 2), ("GetParametersByPath", 2), ("HeadObject", 6), ("ListObjectVersions", 1)];
    assert_eq!(over("trash", &world.server.counts().requests(), &most), None);
}

#[tokio::test]
async fn log_since_a_time_reads_what_was_stored_since_and_the_version_before() {
    let world = World::new(10).await;
    let second = world.history.recent();
    let options = HistoryOptions { since: Timestamp::from_second(second).ok(), ..HistoryOptions::default() };
    let told = history(&world.bucket(), &tree(), options).await.unwrap();
    let changes = world.deeds_since(second);
    assert!(changes > 0 && told.names == 60 && told.warnings.is_empty());
    assert_eq!(told.entries().count(), changes);
    // One version of each of sixty names, and of the few that changed one more; of two of one size the bodies.
    let most = [("GetObject", 8), ("HeadObject", 66), ("ListObjectVersions", 2)];
    assert_eq!(over("log --since", &world.server.counts().requests(), &most), None);
}

#[tokio::test]
async fn log_and_verify_read_each_version_once() {
    let world = World::new(10).await;
    let told = history(&world.bucket(), &tree(), HistoryOptions::default()).await.unwrap();
    assert_eq!(told.entries().count(), world.deeds_since(0));
    let times: Vec<_> = told.entries().map(|entry| (entry.time(), entry.name().clone())).collect();
    assert!(times.is_sorted());
    let most = [("GetObject", 600), ("HeadObject", 606), ("ListObjectVersions", 2)];
    assert_eq!(over("log", &world.server.counts().requests(), &most), None);

    let world = World::new(10).await;
    let found = verify(&world.store(), &world.bucket(), &tree()).await.unwrap();
    assert_eq!((found.findings.as_slice(), found.verified), ([].as_slice(), 60));
    let most = [("DescribeParameters", 2), ("GetParametersByPath", 2), ("HeadObject", 606), ("ListObjectVersions", 2)];
    assert_eq!(over("verify", &world.server.counts().requests(), &most), None);
}

#[tokio::test]
async fn diff_reads_as_few_versions_as_a_preview() {
    let world = World::new(10).await;
    let exact = |second| Instant::exact(Timestamp::from_second(second).unwrap());
    let (old, recent) = (exact(world.history.old()), exact(world.history.recent()));
    let diff = until_now(&world.store(), &world.bucket(), &tree(), &old).await.unwrap();
    let deleted =
        |name: &&String| diff.changes.iter().any(|row| row.name.as_str() == *name && row.action_name() == "delete");
    assert_eq!(world.gone.iter().filter(deleted).count(), world.gone.len());
    // Two versions of each name, and of each that is gone the tombstone and the version before it.
    let most = [
        ("DescribeParameters", 2),
        ("GetObject", 60),
        ("GetParameters", 6),
        ("GetParametersByPath", 2),
        ("GetResources", 1),
        ("HeadObject", 66),
        ("ListObjectVersions", 5),
    ];
    assert_eq!(over("diff until now", &world.server.counts().requests(), &most), None);

    let world = World::new(10).await;
    let diff = between(&world.bucket(), &tree(), &old, &recent).await.unwrap();
    assert!(diff.changes.len() > 50 && diff.unknown.is_empty(), "{diff:?}");
    let most = [("GetObject", 120), ("HeadObject", 120), ("ListObjectVersions", 4)];
    assert_eq!(over("diff", &world.server.counts().requests(), &most), None);
}

#[tokio::test]
async fn no_work_makes_more_requests_than_its_bound() {
    let mut exceeded = Vec::new();
    for work in works() {
        let history = History::new(work.spec);
        let model = Model::new(history);
        let second = match work.at {
            At::Recent => history.recent(),
            At::Old => history.old(),
            At::End => history.end(),
        };
        let server = Server::start(Bucket::new(history), Duration::ZERO, 0).await.unwrap();
        let plan = preview(&server, &work, second).await;
        // Few requests are worth nothing if the answer is wrong.
        let mut wanted = model.known_changes(second);
        wanted.retain(|name, _| work.path.ends_with('/') || name == work.path);
        assert_eq!(changes(&plan), wanted, "{}", work.name);
        let unknown = if work.path == PATH { model.unknown(second) } else { 0 };
        assert_eq!((plan.unknown.len(), plan.warnings.as_slice()), (unknown, [].as_slice()), "{}", work.name);
        exceeded.extend(over(work.name, &server.counts().requests(), work.most));
    }
    assert!(exceeded.is_empty(), "more requests than allowed:\n{}", exceeded.join("\n"));
}
