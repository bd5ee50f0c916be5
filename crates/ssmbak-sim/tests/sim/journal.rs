//! The record that a restore leaves, and undoing by it.

use std::sync::Mutex;

use ssmbak::ErrorKind;
use ssmbak::restore::journal::{restore_record, restores, undo};
use ssmbak::restore::{Outcome, ProgressObserver};
use ssmbak_core::name::ParameterName;
use ssmbak_core::restore_record::{RestoreId, RestoreRecord, RestoreState, RowOutcome};
use ssmbak_sim::Fault;

use crate::support::World;

/// Reads the record at each outcome; stops after two.
struct RecordReader<'a> {
    world: &'a World,
    seen: Mutex<Vec<RestoreState>>,
}

impl ProgressObserver for RecordReader<'_> {
    fn finished(&self, _name: &ParameterName, _outcome: &Outcome) {
        let key = RestoreId::parse("r-1").unwrap().key();
        let record = RestoreRecord::decode(&key, &self.world.bucket.current(&key).unwrap()).unwrap();
        self.seen.lock().unwrap().push(record.state);
    }

    fn should_stop(&self) -> bool {
        self.seen.lock().unwrap().len() >= 2
    }
}

#[tokio::test]
async fn the_record_exists_before_the_first_write_and_names_the_end() {
    let world = World::new();
    world.put_numbered("/p/", 0..4, "then");
    let then = world.recorded().await;
    world.put_numbered("/p/", 0..4, "now");
    let plan = world.plan(then).await;
    let reader = RecordReader { world: &world, seen: Mutex::default() };
    let done = world.restore_as("r-1", &plan, &reader).await;
    assert_eq!(*reader.seen.lock().unwrap(), [RestoreState::Begun; 2]);
    let record = restore_record(&world.bucket, None).await.unwrap();
    assert!(done.recorded && record == done.record);
    assert_eq!((record.state, record.count(RowOutcome::Skipped)), (RestoreState::Stopped, 2));

    // Rows that were not touched are not undone.
    world.put("/p/03", "later");
    let back = undo(&world.store, &world.bucket, &record).await.unwrap();
    assert_eq!(back.counts().update, 2);
    world.restored_as("r-2", &back).await;
    let values = ["/p/00", "/p/01", "/p/02", "/p/03"].map(|of| world.value(of).unwrap());
    assert_eq!(values, ["now", "now", "now", "later"]);
    let listed = restores(&world.bucket, 1).await.unwrap();
    assert_eq!(listed.restores.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), ["r-2"]);
    let missing = restore_record(&world.bucket, Some(&RestoreId::parse("r-3").unwrap())).await;
    assert_eq!(missing.map_err(|error| error.kind), Err(ErrorKind::NotFound));
}

#[tokio::test]
async fn bringing_back_what_went_unnoticed_can_be_undone() {
    let world = World::new();
    world.put("/a", "then");
    let then = world.recorded().await;
    // No event, no sweep: for the bucket it still exists.
    world.delete("/a");
    world.clock.advance_ms(60_000);
    // Neither when the bucket has not recorded the creation yet, nor when it has.
    for recorded in [false, true] {
        let plan = world.plan(then).await;
        assert_eq!(plan.counts().create, 1, "{recorded}");
        let done = world.restored_as("r-1", &plan).await;
        assert_eq!(world.value("/a").as_deref(), Some("then"));
        if recorded {
            world.sweep().await;
        }
        let back = undo(&world.store, &world.bucket, &done.record).await.unwrap();
        assert_eq!((back.unknown.len(), back.counts().delete), (0, 1), "{recorded}: {back:?}");
        if recorded {
            world.restored_as("r-2", &back).await;
            assert_eq!(world.value("/a"), None);
        } else {
            world.delete("/a");
        }
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_written_stops_nothing_and_is_reported() {
    // Creations read nothing of the bucket: its calls are the two states of the record.
    for (broken, recorded) in [(vec![0], true), (vec![1], true), (vec![0, 1], false)] {
        let world = World::new();
        world.put("/a", "then");
        let then = world.recorded().await;
        world.delete_and_record("/a").await;
        world.clock.advance_ms(5_000);
        let plan = world.plan(then).await;
        broken.iter().for_each(|call| world.bucket_faults.plan(*call, Fault::Before));
        let done = world.restored_as("r-1", &plan).await;
        assert_eq!((done.recorded, done.applied.warnings.len()), (recorded, 1), "{broken:?}: {done:?}");
        assert_eq!(world.bucket.current("ssmbak-restore/r-1").is_some(), recorded);
        assert_eq!(world.value("/a").as_deref(), Some("then"));
    }
}
