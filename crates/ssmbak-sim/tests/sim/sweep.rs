//! Sweeps of all parameters: page by page, and the evidence of the last one.

use ssmbak::bucket::BackupBucket as _;
use ssmbak::capture::CaptureReport;
use ssmbak::{ParameterStore as _, sweep};
use ssmbak_core::instant::Instant;
use ssmbak_core::scope::Selection;
use ssmbak_core::sweep::{Ended, Outcome, Place, Progress, SweepRecord};
use ssmbak_core::timeline::State;

use crate::support::{HOUR_MS, World, all, name, tag_map};

fn new_world() -> World {
    World { put_ms: 1, ..World::new() }
}

/// Sweeps page by page, each page in an invocation of its own, and leaves the record.
async fn sweep_all(world: &World) -> SweepRecord {
    let capture = world.capture();
    let last = sweep::last(&world.bucket).await.unwrap();
    let mut progress = Progress::start(world.clock.now());
    loop {
        let began = progress.at.clone();
        let page = sweep::page(&capture, &progress.at, last.as_ref()).await.unwrap();
        for item in page.names {
            let outcome = match sweep::process(&capture, &item, last.as_ref(), world.clock.now()).await {
                Ok(CaptureReport { writes, .. }) if writes.is_empty() => Outcome::Unchanged,
                Ok(_) => Outcome::Written,
                Err(_) => Outcome::Failed,
            };
            progress.count(&item.name, outcome, item.again);
        }
        progress.at = page.next.clone().unwrap_or(began.clone());
        if let Ended::Finished(record) = progress.ended(&began, page.next.is_none(), world.clock.now()) {
            world.bucket.put_sweep(&record).await.unwrap();
            world.clock.advance_ms(1);
            return record;
        }
    }
}

/// The state at a time: the value, `-` or `?`.
async fn state(world: &World, of: &str, time: &str) -> String {
    let selection = Selection::new(&[of], false, &[], &[]).unwrap();
    let recorded = ssmbak::read::timelines(&world.bucket, &selection).await.unwrap();
    let instant = Instant::exact(time.parse().unwrap());
    match recorded.timelines[&name(of)].state_by(instant.until()) {
        State::Held(held) => {
            String::from_utf8(world.bucket.body(of, Some(&held.record.version_id)).await.unwrap()).unwrap()
        }
        State::Absent(_) => "-".to_owned(),
        State::Unknown(_) => "?".to_owned(),
    }
}

#[tokio::test]
async fn every_name_of_the_store_and_of_the_bucket_has_its_turn() {
    let world = new_world();
    world.put_numbered("/tree/p", 0..20, "value");
    world.put("root", "value");
    world.bucket.put_as_original(
        "/gone/a",
        "value",
        vec![("ssmbakTime".into(), "1".into()), ("ssmbakType".into(), "String".into())],
    );
    world.bucket.put_as_original("logs/of/somebody", "x", vec![]);
    world.bucket.delete_as_original("/gone/long/ago");
    let record = sweep_all(&world).await;
    assert_eq!((record.names, record.written, record.failed), (22, 22, 0));
    assert_eq!(world.bucket.current("/gone/a"), None);
    for number in 0..20 {
        assert_eq!(world.bucket.current(&format!("/tree/p{number:02}")).as_deref(), Some(b"value".as_slice()));
    }
    world.clock.advance_ms(HOUR_MS);
    let again = sweep_all(&world).await;
    assert_eq!((again.names, again.written), (21, 0));
}

#[tokio::test]
async fn what_is_on_top_of_its_key_costs_no_history() {
    let world = new_world();
    world.put_numbered("/tree/p", 0..7, "value");
    sweep_all(&world).await;
    let taken = async || {
        let counts = || ["history", "tags", "tags_of_many", "head"].map(|call| world.count(call));
        let before = counts();
        sweep_all(&world).await;
        counts().iter().zip(before).map(|(after, before)| after - before).collect::<Vec<u64>>()
    };
    assert_eq!(taken().await, [0, 0, 3, 14], "tags once a page, the version on top twice");
    world.habits(|habits| habits.has_no_index = true);
    assert_eq!(taken().await, [0, 7, 3, 14], "tags one by one");
    let before = world.count("history");
    world.put("/tree/p03", "new");
    sweep_all(&world).await;
    assert_eq!(world.count("history"), before + 1);
    assert_eq!(world.bucket.current("/tree/p03").as_deref(), Some(b"new".as_slice()));
}

#[tokio::test]
async fn what_was_deleted_is_read_once_and_parameter_store_not_asked() {
    let world = new_world();
    world.put("/tree/p", "value");
    sweep_all(&world).await;
    world.clock.advance_ms(HOUR_MS);
    world.delete("/tree/p");
    sweep_all(&world).await;
    let counts = || ["versions", "history"].map(|call| world.count(call));
    let taken = async || {
        world.clock.advance_ms(HOUR_MS);
        let before = counts();
        sweep_all(&world).await;
        [0, 1].map(|call| counts()[call] - before[call])
    };
    assert_eq!(taken().await, [1, 0], "the marker was stored after the last sweep had begun");
    assert_eq!(taken().await, [0, 0]);
    world.put("/tree/p", "again");
    assert_eq!(taken().await, [1, 1]);
    assert_eq!(world.bucket.current("/tree/p").as_deref(), Some(b"again".as_slice()));
}

#[tokio::test]
async fn index_of_tags_that_lags_writes_nothing() {
    let world = new_world();
    world.put("/tree/p", "value");
    let tags = tag_map(&[("team", "blue")]);
    world.store.set_tags("/tree/p", &tags, &[]).await.unwrap();
    sweep_all(&world).await;
    world.habits(|habits| habits.unindexed = ["/tree/p".to_owned()].into());
    let (tags, histories) = (world.count("tags"), world.count("history"));
    assert_eq!(sweep_all(&world).await.written, 0);
    assert_eq!(world.count("tags"), tags + 1, "those of the parameter are read");
    assert_eq!(world.count("history"), histories);
}

#[tokio::test]
async fn tags_that_changed_are_recorded_by_a_sweep_with_and_without_an_index() {
    for has_no_index in [false, true] {
        let world = new_world();
        world.habits(|habits| habits.has_no_index = has_no_index);
        world.put("/tree/p", "value");
        sweep_all(&world).await;
        let tags = tag_map(&[("team", "blue")]);
        world.store.set_tags("/tree/p", &tags, &[]).await.unwrap();
        assert_eq!(sweep_all(&world).await.written, 1);
        assert_eq!(sweep_all(&world).await.written, 0);
    }
}

#[tokio::test]
async fn a_lost_deletion_is_unknown_only_since_the_last_sweep() {
    let world = new_world();
    world.put("/months/p", "value");
    world.put("/months/stays", "value");
    sweep_all(&world).await;
    world.clock.advance_ms(24 * 60 * HOUR_MS);
    sweep_all(&world).await;
    world.clock.advance_ms(12 * HOUR_MS);
    world.delete("/months/p");
    world.clock.advance_ms(12 * HOUR_MS);
    sweep_all(&world).await;
    assert_eq!(state(&world, "/months/p", "2026-03-15T00:00:00Z").await, "value", "weeks after it was recorded");
    assert_eq!(state(&world, "/months/p", "2026-04-30T11:57:00Z").await, "value", "as the last sweep surely saw it");
    assert_eq!(state(&world, "/months/p", "2026-04-30T20:00:00Z").await, "?");
    assert_eq!(state(&world, "/months/p", "2026-05-02T00:00:00Z").await, "-");
}

#[tokio::test]
async fn without_a_finished_sweep_nothing_is_claimed() {
    let world = new_world();
    world.put("/months/p", "value");
    sweep_all(&world).await;
    world.clock.advance_ms(24 * 60 * HOUR_MS);
    // Another object in place of the record.
    world.bucket.put_as_original("ssmbak-sweep/last", "{\"format\":7}", vec![]);
    world.delete("/months/p");
    world.clock.advance_ms(HOUR_MS);
    sweep_all(&world).await;
    assert_eq!(state(&world, "/months/p", "2026-03-15T00:00:00Z").await, "?");
}

#[tokio::test]
async fn a_sweep_that_failed_at_a_name_proves_nothing_of_it() {
    let world = new_world();
    world.put("/months/p", "value");
    sweep_all(&world).await;
    world.clock.advance_ms(24 * 60 * HOUR_MS);
    let now = world.clock.now();
    let failed = SweepRecord::new(now, now, (1, 0, 1), &[name("/months/p")]);
    world.bucket.put_sweep(&failed).await.unwrap();
    world.clock.advance_ms(HOUR_MS);
    world.delete("/months/p");
    sweep_all(&world).await;
    assert_eq!(state(&world, "/months/p", "2026-03-15T00:00:00Z").await, "?");
}

#[tokio::test]
async fn readers_of_the_bucket_pass_the_record_over() {
    let world = new_world();
    world.put("/a", "value");
    sweep_all(&world).await;
    assert!(world.bucket.current("ssmbak-sweep/last").is_some());
    let recorded = ssmbak::read::timelines(&world.bucket, &all()).await.unwrap();
    assert_eq!(recorded.foreign_keys, Vec::<String>::new());
    assert_eq!(recorded.timelines.into_keys().collect::<Vec<_>>(), [name("/a")]);
}

#[tokio::test]
async fn a_sweep_goes_on_after_the_last_name_of_an_unfinished_page() {
    let world = new_world();
    world.put_numbered("/tree/p", 0..5, "value");
    let page = sweep::page(&world.capture(), &Place::START, None).await.unwrap();
    let names: Vec<&str> = page.names.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(
        names,
        ["/tree/p02", "/tree/p03", "/tree/p04"],
        "by name within the page, the pages in the store's order"
    );
    let rest = sweep::page(&world.capture(), &page.names[0].then, None).await.unwrap();
    let left: Vec<&str> = rest.names.iter().map(|item| item.name.as_str()).collect();
    assert_eq!((left.as_slice(), rest.next), (["/tree/p03", "/tree/p04"].as_slice(), page.next));
}
