//! Restores beside somebody who changes the same parameters.

use ssmbak::restore::{Outcome, ProgressObserver};
use ssmbak_core::name::ParameterName;

use crate::support::{World, tag_map};

/// Acts as soon as a row has its outcome.
struct After<F: Fn() + Sync>(&'static str, F);

impl<F: Fn() + Sync> ProgressObserver for After<F> {
    fn finished(&self, name: &ParameterName, _: &Outcome) {
        if name.as_str() == self.0 {
            (self.1)();
        }
    }
}

#[tokio::test]
async fn value_put_during_the_restore_is_recorded_and_undone_to() {
    let world = World::new();
    world.put_all(&["/a", "/b"], "then");
    let then = world.recorded().await;
    world.put_all(&["/a", "/b"], "now");
    let plan = world.plan(then).await;
    let done = world.restore_as("r-1", &plan, &After("/a", || world.put("/b", "somebody's"))).await;
    assert!(done.applied.is_complete() && done.applied.warnings.len() == 1, "{done:?}");
    assert!(done.applied.warnings[0].starts_with("/b was changed while the restore ran: its version 3 "), "{done:?}");
    assert_eq!(world.value("/b").as_deref(), Some("then"));
    world.undo("r-1", "r-2").await;
    assert_eq!((world.value("/a").as_deref(), world.value("/b").as_deref()), (Some("now"), Some("somebody's")));
}

#[tokio::test]
async fn value_put_before_a_deletion_is_recorded_and_undone_to() {
    let world = World::new();
    world.put("/kept", "then");
    let then = world.recorded().await;
    world.put("/kept", "now");
    for number in 0..12 {
        world.put_and_record(&format!("/new/{number:02}"), "new").await;
    }
    let plan = world.plan(then).await;
    assert_eq!(plan.counts().delete, 12);
    let meanwhile = After("/kept", || {
        world.put("/new/03", "somebody's");
        world.delete("/new/11");
        world.put("/new/11", "recreated");
    });
    let done = world.restore_as("r-1", &plan, &meanwhile).await;
    assert!(done.applied.is_complete() && done.applied.warnings.len() == 2, "{done:?}");
    world.undo("r-1", "r-2").await;
    let values = ["/new/03", "/new/11", "/new/04"].map(|of| world.value(of).unwrap());
    assert_eq!(values, ["somebody's", "recreated", "new"]);
}

#[tokio::test]
async fn overwrite_of_a_parameter_that_was_deleted_meanwhile_has_all_its_tags() {
    let world = World::new();
    world.put_all(&["/a", "/b"], "then");
    world.tag("/b", &[("team", "blue")]).await;
    let then = world.recorded().await;
    world.put_all(&["/a", "/b"], "now");
    let plan = world.plan(then).await;
    let done = world.restore_as("r-1", &plan, &After("/a", || world.delete("/b"))).await;
    assert!(done.applied.is_complete() && done.applied.warnings.len() == 1, "{done:?}");
    assert_eq!(world.tags("/b"), tag_map(&[("team", "blue")]));
    world.undo("r-1", "r-2").await;
    assert_eq!(world.value("/b"), None, "right before its row it did not exist");
}
