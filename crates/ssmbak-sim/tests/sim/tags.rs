//! Restores of tags, and their undoing.

use ssmbak::restore::{Outcome, Unobserved};
use ssmbak_core::parameter::ParameterType;

use crate::support::{PutExt as _, World, put, tag_map};

#[tokio::test]
async fn undo_brings_tags_back_beside_deletions_and_type_changes() {
    for changes_type in [true, false] {
        let world = World::new();
        world.habits(|habits| habits.has_no_index = true);
        world.put("/plain", "then");
        world.put_as(&put("/typed", "then").secret());
        world.put("/tagged", "same");
        for of in ["/plain", "/typed", "/tagged"] {
            world.tag(of, &[("team", "then")]).await;
        }
        let then = world.recorded().await;
        world.put_all(&["/plain", "/typed"], "now");
        world.put_and_record("/new", "now").await;
        for of in ["/plain", "/typed", "/tagged", "/new"] {
            world.tag(of, &[("team", "now"), ("only", "now")]).await;
        }
        world.habits(|habits| habits.fixed_types = !changes_type);
        let before = world.state();
        let plan = world.plan(then).await;
        assert_eq!((plan.counts().update, plan.counts().delete), (3, 1), "{plan:?}");
        world.restored_as("r-1", &plan).await;
        assert_eq!(world.tags("/tagged"), tag_map(&[("team", "then")]));
        world.undo("r-1", "r-2").await;
        assert_eq!(world.state(), before, "types change in place: {changes_type}");
        // An undo is undone as well.
        world.undo("r-2", "r-3").await;
        assert_eq!(world.tags("/typed"), tag_map(&[("team", "then")]));
        assert_eq!(world.plan(then).await.changes, []);
    }
}

#[tokio::test]
async fn undo_brings_tags_back_that_alone_differed() {
    let world = World::new();
    let tag_each = async |stage: &str| {
        for number in 0..40 {
            world.tag(&format!("/t/{number:02}"), &[("stage", stage)]).await;
        }
    };
    world.put_numbered("/t/", 0..40, "same");
    tag_each("then").await;
    let then = world.recorded().await;
    tag_each("now").await;
    let now = world.state();
    let plan = world.plan(then).await;
    assert_eq!(plan.counts().update, 40);
    world.restored_as("r-1", &plan).await;
    let restored = world.state();
    assert_ne!(restored, now);
    for (of, id, expected) in [("r-1", "r-2", &now), ("r-2", "r-3", &restored), ("r-3", "r-4", &now)] {
        assert_eq!(world.undo(of, id).await.counts().update, 40, "undoing {of}");
        assert_eq!(world.state(), *expected, "undoing {of}");
    }
}

#[tokio::test]
async fn type_change_keeps_tags_that_were_not_recorded() {
    let world = World::new();
    world.put_as(&put("/typed", "hush").secret());
    let then = world.quiet_time();
    world.put("/typed", "hush");
    world.tag("/typed", &[("team", "blue")]).await;
    // The first version is superseded when it is recorded: its tags are unknown.
    world.sweep().await;
    world.habits(|habits| habits.fixed_types = true);
    let plan = world.plan(then).await;
    assert_eq!(plan.warnings.len(), 1, "{plan:?}");
    assert!(plan.warnings[0].contains("keeps its present tags (team=blue)"), "{plan:?}");
    world.restored_as("r-1", &plan).await;
    let (_, parameter_type, _, tags) = world.state().remove("/typed").unwrap();
    assert_eq!((parameter_type, tags), (ParameterType::SecureString, tag_map(&[("team", "blue")])));
}

#[tokio::test]
async fn tags_are_added_before_any_is_removed() {
    let world = World::new();
    world.put("/a", "then");
    world.tag("/a", &[("stage", "then"), ("team", "blue")]).await;
    let then = world.recorded().await;
    world.put("/a", "now");
    world.tag("/a", &[("owner", "somebody")]).await;
    let before = world.state();
    let plan = world.plan(then).await;
    world.habits(|habits| habits.refused_tags = 1);
    let done = world.restore_as("r-1", &plan, &Unobserved).await;
    let [Outcome::Failed(error)] = &done.applied.outcomes[..] else { panic!("{done:?}") };
    let message = "everything but its tags is restored: its new tags could not be set: ";
    assert!(error.message.starts_with(message), "{error}");
    assert_eq!(world.tags("/a"), tag_map(&[("owner", "somebody")]), "nothing is lost");
    assert_eq!(world.value("/a").as_deref(), Some("then"));
    world.undo("r-1", "r-2").await;
    assert_eq!(world.state(), before);
}

#[tokio::test]
async fn fifty_other_tags_take_the_place_of_fifty() {
    let world = World::new();
    let keys: Vec<[String; 2]> =
        (0..50).map(|number| ["then", "now"].map(|stage| format!("{stage}{number}"))).collect();
    let then_tags: Vec<(&str, &str)> = keys.iter().map(|[then, _]| (then.as_str(), "then")).collect();
    let now_tags: Vec<(&str, &str)> = keys.iter().map(|[_, now]| (now.as_str(), "now")).collect();
    world.put("/a", "same");
    world.tag("/a", &then_tags).await;
    let then = world.recorded().await;
    world.tag("/a", &now_tags).await;
    let plan = world.plan(then).await;
    let journal = world.store.journal().len();
    world.restored_as("r-1", &plan).await;
    assert_eq!(world.store.journal().len(), journal + 2);
    assert_eq!(world.tags("/a"), tag_map(&then_tags));
}
