//! Parameter Store's present version as evidence: events that are late or lost, and markers made by hand.

use jiff::Timestamp;
use ssmbak::bucket::BackupBucket;
use ssmbak::{ParameterStore as _, diff};
use ssmbak_core::instant::Instant;
use ssmbak_core::plan::{Action, Plan, Target};
use ssmbak_sim::rng::Rng;

use crate::support::{World, below, name, tag_map};

const NAME: &str = "/h/a";

/// The message about a name without any record.
const UNRECORDED: &str = "nothing is recorded about it";

async fn record(world: &World) {
    world.clock.advance_ms(10_000);
    world.record(NAME).await;
}

async fn preview(world: &World, at: Timestamp) -> Plan {
    world.path(below("/h/"), at).preview().await.unwrap()
}

/// The answer of `get`.
async fn get(world: &World, at: Timestamp) -> String {
    match world.target(NAME, at).await {
        Target::Held(held) => held.value.expose().to_owned(),
        Target::Absent(_) => "absent".to_owned(),
        Target::Unknown(reason) => reason.message,
    }
}

#[tokio::test]
async fn index_of_tags_that_lags_makes_no_plan() {
    let world = World::still();
    world.put(NAME, "one");
    world.store.set_tags(NAME, &tag_map(&[("team", "blue")]), &[]).await.unwrap();
    record(&world).await;
    let then = world.quiet_hour();
    assert!(preview(&world, then).await.changes.is_empty());
    assert_eq!(world.store_faults.count("tags_of_many"), 1);
    let before = world.store_faults.count("tags");
    world.habits(|habits| habits.unindexed = [NAME.to_owned()].into());
    assert!(preview(&world, then).await.changes.is_empty());
    assert_eq!(
        world.store_faults.count("tags"),
        before + 1,
        "where the index differs, the tags of the parameter are read"
    );
    world.habits(|habits| habits.has_no_index = true);
    assert!(preview(&world, then).await.changes.is_empty());
    assert_eq!(world.store_faults.count("tags"), before + 2);
}

#[tokio::test]
async fn tags_that_changed_are_planned_with_and_without_an_index() {
    for has_no_index in [false, true] {
        let world = World::still();
        world.habits(|habits| habits.has_no_index = has_no_index);
        world.put(NAME, "one");
        record(&world).await;
        let then = world.quiet_hour();
        world.store.set_tags(NAME, &tag_map(&[("team", "red")]), &[]).await.unwrap();
        assert_eq!(preview(&world, then).await.changes.len(), 1, "{has_no_index}");
    }
}

#[tokio::test]
async fn version_that_the_bucket_has_not_heard_of_is_not_reverted() {
    let world = World::still();
    world.put(NAME, "one");
    record(&world).await;
    world.quiet_hour();
    world.put(NAME, "deployed");
    let then = world.quiet_hour();
    let plan = preview(&world, then).await;
    assert_eq!((plan.changes.len(), plan.unchanged, plan.unknown.len()), (0, 1, 0), "{plan:?}");
    assert_eq!(get(&world, then).await, "deployed");
    let since = diff::until_now(&world.store, &world.bucket, &below("/h/"), &Instant::exact(then)).await.unwrap();
    assert_eq!((since.changes.len(), since.unchanged), (0, 1), "{since:?}");
    assert_eq!(world.store_faults.count("history"), 1, "that of the recording: the date alone is evidence");
}

#[tokio::test]
async fn versions_between_the_bucket_and_the_present_are_read_from_history() {
    let world = World::still();
    world.put(NAME, "one");
    record(&world).await;
    let first = world.quiet_hour();
    world.put(NAME, "two");
    let second = world.quiet_hour();
    world.put(NAME, "three");
    world.quiet_hour();
    let plan = preview(&world, second).await;
    assert_eq!(plan.changes.len(), 1, "{plan:?}");
    assert_eq!(plan.changes[0].recorded().map(|to| to.value.expose().to_owned()).as_deref(), Some("two"));
    assert_eq!((get(&world, first).await, get(&world, second).await), ("one".to_owned(), "two".to_owned()));
    // Parameter Store has dropped those versions.
    world.habits(|habits| habits.kept_versions = Some(1));
    for value in ["four", "five", "six"] {
        world.put(NAME, value);
    }
    assert_eq!(get(&world, second).await, "versions 2 to 3 were never recorded");
    assert_eq!(preview(&world, second).await.unknown.len(), 1);
}

#[tokio::test]
async fn parameter_whose_creation_is_still_queued_is_not_deleted() {
    let world = World::still();
    world.put(NAME, "one");
    record(&world).await;
    world.quiet_hour();
    world.delete_and_record(NAME).await;
    let gone = world.quiet_hour();
    world.put(NAME, "again");
    let then = world.quiet_hour();
    assert_eq!(preview(&world, then).await.changes, []);
    assert_eq!(get(&world, then).await, "again");
    // Before it was created again it was absent.
    assert_eq!((preview(&world, gone).await.counts().delete, get(&world, gone).await), (1, "absent".to_owned()));
    // Created again and changed: its history has the creation.
    world.put(NAME, "changed");
    world.quiet_hour();
    assert_eq!((get(&world, then).await, get(&world, gone).await), ("again".to_owned(), "absent".to_owned()));
}

#[tokio::test]
async fn unheard_deletion_counts_from_the_creation_after_it() {
    let world = World::still();
    world.put(NAME, "one");
    record(&world).await;
    let then = world.quiet_hour();
    world.delete(NAME);
    world.quiet_hour();
    world.put(NAME, "recreated");
    let since = world.quiet_hour();
    assert_eq!(get(&world, since).await, "recreated");
    // Until the bucket records the deletion, nobody knows of it.
    assert_eq!(get(&world, then).await, "one");
    record(&world).await;
    assert!(get(&world, then).await.starts_with("it was deleted at an unrecorded time before "));
    assert_eq!(preview(&world, then).await.changes, []);
}

#[tokio::test]
async fn marker_made_by_hand_deletes_nothing_that_exists() {
    let world = World::still();
    world.put(NAME, "one");
    record(&world).await;
    world.quiet_hour();
    world.bucket.delete_marker(NAME).await.unwrap();
    let now = world.quiet_hour();
    assert_eq!(preview(&world, now).await.changes, []);
    assert_eq!(get(&world, now).await, "one");
}

#[tokio::test]
async fn recorded_deletion_of_an_existing_parameter_is_unknown() {
    let world = World::still();
    world.put(NAME, "one");
    record(&world).await;
    let seen = world.quiet_hour();
    world.record_deletion(NAME, seen).await;
    let now = world.quiet_hour();
    let plan = preview(&world, now).await;
    assert_eq!((plan.changes.len(), plan.unknown.len()), (0, 1), "{plan:?}");
    assert!(plan.unknown[0].reason.message.starts_with("the bucket has it deleted at "), "{plan:?}");
}

#[tokio::test]
async fn random_incarnations_of_an_existing_parameter_are_answered_truly_since_its_present_version() {
    for seed in 1..400_u64 {
        let mut rng = Rng::new(seed);
        let world = World::still();
        let mut truth: Vec<(Timestamp, Option<String>)> = Vec::new();
        let mut deletions = 0;
        for step in 0..12 {
            let exists = world.store.present(&name(NAME)).is_some();
            match rng.below(5) {
                0 if exists => {
                    world.delete(NAME);
                    deletions += 1;
                    truth.push((world.clock.now(), None));
                }
                1 if exists => record(&world).await,
                _ => {
                    let value = format!("value {step}");
                    world.put(NAME, &value);
                    truth.push((world.clock.now(), Some(value)));
                }
            }
            world.quiet_hour();
        }
        if world.store.present(&name(NAME)).is_none() {
            continue;
        }
        let since = world.store.present(&name(NAME)).unwrap().0.details.modified;
        for (from, value) in &truth {
            // An earlier incarnation may be unrecorded.
            if *from < since && deletions > 0 {
                continue;
            }
            match get(&world, *from).await {
                answer if answer.starts_with("value ") => assert_eq!(Some(answer), *value, "seed {seed} at {from}"),
                answer => assert!(*from < since || answer == UNRECORDED, "seed {seed} at {from}: {answer}"),
            }
        }
    }
}

/// One parameter changed, one deleted and one created some minutes ago, all of it recorded; a time before.
async fn just_changed(world: &World, minutes: i64) -> Timestamp {
    world.put_and_record("/h/changed", "one").await;
    world.put_and_record("/h/deleted", "one").await;
    let then = world.quiet_time();
    world.clock.set(ssmbak::clock::now() - jiff::SignedDuration::from_mins(minutes));
    world.put_and_record("/h/changed", "two").await;
    world.delete_and_record("/h/deleted").await;
    world.put_and_record("/h/new", "one").await;
    then
}

fn verb(action: &Action) -> &'static str {
    match action {
        Action::Create { .. } => "create",
        Action::Update { .. } => "update",
        Action::Delete { .. } => "delete",
    }
}

fn minutes_ago() -> World {
    World::starting(ssmbak::clock::now() - jiff::SignedDuration::from_mins(30))
}

#[tokio::test]
async fn present_that_is_older_than_the_bucket_is_looked_at_again() {
    let world = minutes_ago();
    let then = just_changed(&world, 0).await;
    world.habits(|habits| habits.late_lookups = Some((then, 2)));
    let plan = preview(&world, then).await;
    let rows: Vec<_> = plan.changes.iter().map(|change| (change.name.as_str(), verb(&change.action))).collect();
    assert_eq!(rows, [("/h/changed", "update"), ("/h/deleted", "create"), ("/h/new", "delete")]);
    assert_eq!((plan.unknown, plan.unchanged), (vec![], 0));

    world.habits(|habits| habits.late_lookups = Some((then, 2)));
    let trash = ssmbak::trash::trash(&world.store, &world.bucket, &below("/h/")).await.unwrap();
    let gone: Vec<_> = trash.parameters.iter().map(|gone| gone.name.as_str()).collect();
    assert_eq!((gone, trash.unsettled), (vec!["/h/deleted"], vec![]));
}

#[tokio::test]
async fn present_that_stays_older_than_the_bucket_is_unknown() {
    let world = minutes_ago();
    let then = just_changed(&world, 0).await;
    world.habits(|habits| habits.late_lookups = Some((then, u32::MAX)));
    let path = below("/h/");
    let at = Instant::exact(then);
    let (plan, diff, trash) = tokio::join!(
        preview(&world, then),
        diff::until_now(&world.store, &world.bucket, &path, &at),
        ssmbak::trash::trash(&world.store, &world.bucket, &path),
    );
    assert!(plan.changes.is_empty() && plan.unchanged == 0, "{:?}", plan.changes);
    let unknown: Vec<_> = plan.unknown.iter().map(|unknown| unknown.name.as_str()).collect();
    assert_eq!(unknown, ["/h/changed", "/h/deleted"], "the new one may have been deleted, and nobody heard of it");
    let said = &plan.unknown[1].reason.message;
    assert!(said.starts_with("the bucket has it deleted at ") && said.contains("shows version 1 of"), "{said}");
    assert_eq!(diff.unwrap().unknown.len(), 2);
    let trash = trash.unwrap();
    assert_eq!(trash.unsettled, [name("/h/deleted")]);
    assert!(trash.parameters.iter().all(|gone| gone.name != name("/h/deleted")), "{:?}", trash.parameters);
    assert!(trash.warnings[0].contains("/h/deleted"), "{:?}", trash.warnings);
}

#[tokio::test]
async fn present_is_not_doubted_for_longer_than_reads_lag() {
    let world = minutes_ago();
    let then = just_changed(&world, 5).await;
    world.habits(|habits| habits.late_lookups = Some((then, u32::MAX)));
    let plan = preview(&world, then).await;
    assert_eq!((plan.unchanged, plan.unknown), (2, vec![]));
    assert_eq!(world.store_faults.count("find"), 0);
}
