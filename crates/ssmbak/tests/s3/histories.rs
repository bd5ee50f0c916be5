//! Random lives of buckets, against a model that remembers every state.

use std::collections::BTreeMap;

use proptest::prelude::*;
use ssmbak::core::object::ObjectPlanOptions;
use ssmbak::s3::CopyOptions;
use ssmbak::s3::tree::{Tree, TreeRestoreOptions, TreeRun};
use ssmbak_testkit::s3_server::Versioning;
use tempfile::tempdir;

use crate::common::{Small, at};
use crate::trees::WHOLE;

const KEYS: [&str; 5] = ["t/a", "t/ab", "t/b/c", "t/ä", "t/b"];

/// What happens to a bucket.
#[derive(Clone, Copy, Debug)]
enum Event {
    Put(usize, u8),
    Delete(usize),
    /// The newest delete marker of a key is removed for good.
    RemoveMarker(usize),
    Suspend,
    Resume,
    /// A second passes.
    Tick,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..KEYS.len(), 0_u8..3).prop_map(|(key, body)| Event::Put(key, body)),
        3 => (0..KEYS.len()).prop_map(Event::Delete),
        1 => (0..KEYS.len()).prop_map(Event::RemoveMarker),
        1 => Just(Event::Suspend),
        2 => Just(Event::Resume),
        5 => Just(Event::Tick),
    ]
}

/// A version in the model: when, and what, `None` for a deletion; whether it has no id.
#[derive(Clone, Debug)]
struct Remembered {
    second: u64,
    body: Option<u8>,
    is_null: bool,
}

type State = BTreeMap<&'static str, u8>;

/// What the bucket's versions say, worked out from the events alone.
#[derive(Debug, Default)]
struct Model {
    keys: BTreeMap<&'static str, Vec<Remembered>>,
    suspended: bool,
}

impl Model {
    fn store(&mut self, key: &'static str, second: u64, body: Option<u8>) {
        let versions = self.keys.entry(key).or_default();
        if self.suspended {
            versions.retain(|version| !version.is_null);
        }
        versions.push(Remembered { second, body, is_null: self.suspended });
    }

    fn then(&self, key: &str, second: u64) -> Option<&Remembered> {
        self.keys.get(key)?.iter().rev().find(|version| version.second <= second)
    }

    fn state(&self, second: u64) -> State {
        KEYS.iter().filter_map(|key| Some((*key, self.then(key, second)?.body?))).collect()
    }

    /// What a restore leaves: the state of then, and what came later unless that is deleted too.
    fn restored(&self, second: u64, delete_new: bool) -> State {
        let mut state = self.state(second);
        for key in KEYS {
            if self.then(key, second).is_none()
                && !delete_new
                && let Some(body) = self.keys.get(key).and_then(|versions| versions.last()).and_then(|last| last.body)
            {
                state.insert(key, body);
            }
        }
        state
    }

    fn has_null(&self) -> bool {
        self.keys.values().flatten().any(|version| version.is_null)
    }
}

async fn play(events: &[Event], ask: u64, delete_new: bool) {
    let (small, mut model, mut now) = (Small::new(), Model::default(), 0);
    for event in events {
        match *event {
            Event::Put(key, body) => {
                small.server.put("b", KEYS[key], &[body]);
                model.store(KEYS[key], now, Some(body));
            }
            Event::Delete(key) => {
                small.server.delete("b", KEYS[key]);
                model.store(KEYS[key], now, None);
            }
            Event::RemoveMarker(key) => {
                let versions = model.keys.entry(KEYS[key]).or_default();
                if versions.last().is_some_and(|last| last.body.is_none()) {
                    versions.pop();
                    let listed =
                        small.client.list_object_versions().bucket("b").prefix(KEYS[key]).send().await.unwrap();
                    let mut markers = listed.delete_markers().iter();
                    let marker = markers.find(|m| m.key() == Some(KEYS[key]) && m.is_latest() == Some(true)).unwrap();
                    let delete = small.client.delete_object().bucket("b").key(KEYS[key]);
                    delete.version_id(marker.version_id().unwrap()).send().await.unwrap();
                }
            }
            Event::Suspend => {
                small.server.set_bucket("b", Versioning::Suspended);
                model.suspended = true;
            }
            Event::Resume => {
                small.server.set_bucket("b", Versioning::Enabled);
                model.suspended = false;
            }
            Event::Tick => {
                now += 1;
                small.clock(now);
            }
        }
    }
    let ask = ask % (now + 2);
    // Key by key: what was it, and its bytes.
    let mut found = State::new();
    for key in KEYS {
        let path = small.path(key, ask);
        let version = path.preview().await.unwrap();
        let remembered = model.then(key, ask);
        assert_eq!(
            version.as_ref().map(|version| version.is_marker),
            remembered.map(|then| then.body.is_none()),
            "{key}"
        );
        assert_eq!(version.map(|version| version.version_id == "null"), remembered.map(|then| then.is_null), "{key}");
        if let Some(body) = path.body().await.unwrap() {
            found.insert(key, body[0]);
        }
    }
    assert_eq!(found, model.state(ask));

    // All at once: restored, after which nothing that was there before is missing.
    let before: BTreeMap<&str, usize> = KEYS.iter().map(|key| (*key, small.server.versions("b", key))).collect();
    small.clock(now + 5);
    let dir = tempdir().unwrap();
    let tree = Tree::new(&small.bucket, "t/", dir.path(), 8);
    let plan = tree.plan(at(ask), ObjectPlanOptions { delete_new }, |_| {}).await.unwrap();
    let mut run = TreeRun::new(plan, None);
    let applied = tree.restore(&mut run, &TreeRestoreOptions::default(), &WHOLE()).await.unwrap();
    assert_eq!(
        applied.failed > 0,
        applied.failures.iter().any(|failure| failure.error.kind == ssmbak::ErrorKind::Refused)
    );
    assert!(applied.failed == 0 || (model.suspended && model.has_null()), "{:?}", applied.failures);
    for key in KEYS {
        assert!(small.server.versions("b", key) >= before[key], "{key} lost a version");
    }
    if applied.failed == 0 {
        let bodies = small.server.keys("b").into_iter().map(|key| {
            let body = small.server.current("b", &key).unwrap().body[0];
            (KEYS[KEYS.iter().position(|known| *known == key).unwrap()], body)
        });
        assert_eq!(bodies.collect::<State>(), model.restored(ask, delete_new));
    }
    // And the restore of one key comes to the same.
    for key in KEYS {
        let restored = small.path(key, ask).restore(&CopyOptions::default()).await;
        assert!(restored.is_ok() || model.suspended, "{key}: {restored:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_state_of_any_history_is_found_and_restored(
        events in proptest::collection::vec(event(), 0..40), ask in 0_u64..40, delete_new in any::<bool>()
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(&events, ask, delete_new));
    }
}
