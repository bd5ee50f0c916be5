//! Random runs against a model: kills at any point, refusals, reruns, other requests, writers in between.
//!
//! The bucket is a fake, for speed; everything else is what a restore uses: decisions, plan, journal, run. A few thousand
//! cases are part of the tests; `S3BAK_RUNS=100000 cargo test --workspace --lib random_runs` is the long run.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::pin::pin;
use std::task::Poll;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ssmbak_core::instant::Instant;
use ssmbak_core::object::{
    KeyHistory, ObjectAction, ObjectChange, ObjectPlanOptions, ObjectTotals, ObjectVersion, Verdict, decide, deleted,
};

use super::compare::without_done;
use super::throttle::SharedConcurrency;
use super::{Applied, Journal, ProgressObserver, Spill, TreePlan, TreeRun};
use crate::s3::Restored;
use crate::{Error, ErrorKind};

const KEYS: [&str; 6] = ["t/a", "t/ab", "t/b", "t/b/c", "t/c", "t/ä"];

/// A small generator of numbers, the same for the same seed.
struct Rng(u64);

impl Rng {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn key(&mut self) -> &'static str {
        KEYS[usize::try_from(self.below(KEYS.len() as u64)).unwrap()]
    }
}

/// A version, or a delete marker.
#[derive(Clone, Debug)]
struct Stored {
    id: String,
    second: i64,
    body: Option<u8>,
    /// Uploaded in parts: its copy has another ETag.
    in_parts: bool,
    /// Whether it has the access control list that is asked for.
    acl: bool,
}

/// A bucket, each key's versions oldest first.
#[derive(Debug, Default)]
struct Fake {
    keys: BTreeMap<&'static str, Vec<Stored>>,
    now: i64,
    last_id: u64,
}

impl Fake {
    fn store(&mut self, key: &'static str, body: Option<u8>, in_parts: bool, acl: bool) -> String {
        self.last_id += 1;
        let id = format!("v{}", self.last_id);
        let stored = Stored { id: id.clone(), second: self.now, body, in_parts, acl };
        self.keys.entry(key).or_default().push(stored);
        id
    }

    /// Somebody else writes.
    fn write(&mut self, rng: &mut Rng) -> &'static str {
        let key = rng.key();
        let body = (!rng.one_in(3)).then(|| u8::try_from(rng.below(3)).unwrap());
        self.now += i64::try_from(rng.below(2)).unwrap();
        let in_parts = body.is_some() && rng.one_in(3);
        self.store(key, body, in_parts, false);
        key
    }

    fn rows(&self, key: &'static str) -> Vec<ObjectVersion> {
        let versions = self.keys.get(key).map(Vec::as_slice).unwrap_or_default();
        let rows = versions.iter().enumerate().rev().map(|(index, stored)| ObjectVersion {
            key: key.to_owned(),
            version_id: stored.id.clone(),
            last_modified: Timestamp::from_second(stored.second).unwrap(),
            is_latest: index + 1 == versions.len(),
            is_marker: stored.body.is_none(),
            size: u64::from(stored.body.is_some()),
            etag: stored.body.map(|body| if stored.in_parts { format!("{body}-2") } else { body.to_string() }),
            storage_class: None,
            checksum: None,
            is_rehydrated: false,
        });
        rows.collect()
    }

    fn find(&self, key: &str, id: &str) -> Stored {
        self.keys[key].iter().find(|stored| stored.id == id).unwrap().clone()
    }

    fn current(&self, key: &str) -> Option<&Stored> {
        self.keys.get(key)?.last()
    }

    fn history(&self, key: &'static str, instants: &[Instant]) -> KeyHistory {
        let mut history = KeyHistory::new(instants);
        self.rows(key).iter().for_each(|row| history.push(row));
        history
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    /// `None`: what is deleted comes back.
    at: Option<i64>,
    delete_new: bool,
    acl: bool,
}

fn second(second: i64) -> Instant {
    Instant::parse(&format!("@{second}"), Timestamp::UNIX_EPOCH, &TimeZone::UTC).unwrap()
}

fn plan(fake: &Fake, asked: Asked, dir: &Path) -> TreePlan {
    let mut spill = Spill::new(dir).unwrap();
    let mut totals = ObjectTotals::default();
    for key in KEYS {
        let verdict = match asked.at {
            Some(at) => decide(&fake.history(key, &[second(at)]), ObjectPlanOptions { delete_new: asked.delete_new }),
            None => deleted(&fake.history(key, &[]), None),
        };
        totals.add(&verdict);
        if let Verdict::Change(change) = verdict {
            spill.push(key, &[change]).unwrap();
        }
    }
    TreePlan { changes: spill, totals, proved: 0 }
}

struct Whole;

impl ProgressObserver for Whole {
    fn finished(&self, _change: &ObjectChange, _outcome: &Result<(), Error>) {}

    fn should_stop(&self) -> bool {
        false
    }
}

/// Lets others go on once.
async fn pause() {
    let mut first = true;
    std::future::poll_fn(|context| {
        if std::mem::take(&mut first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// The world of one case.
struct World {
    fake: Fake,
    rng: Rng,
    /// Keys that somebody has written to since this run's listing.
    touched: BTreeSet<&'static str>,
}

impl World {
    fn somebody_writes(&mut self) {
        let World { fake, rng, .. } = self;
        let key = fake.write(rng);
        self.touched.insert(key);
    }
}

fn known(key: &str) -> &'static str {
    KEYS.into_iter().find(|known| *known == key).unwrap()
}

/// Makes one change in the fake, as S3 would.
async fn make(world: &RefCell<World>, change: &ObjectChange, asked: Asked) -> Result<Restored, Error> {
    pause().await;
    {
        let mut world = world.borrow_mut();
        if world.rng.one_in(8) {
            world.somebody_writes();
        }
        if world.rng.one_in(6) {
            return Err(Error::new(ErrorKind::AccessDenied, "refused"));
        }
    }
    let key = known(&change.version.key);
    let made = {
        let world = &mut *world.borrow_mut();
        world.fake.now += i64::try_from(world.rng.below(2)).unwrap();
        if change.action == ObjectAction::Delete {
            Restored::Deleted(Some(world.fake.store(key, None, false, false)))
        } else if asked.at.is_none() && world.fake.current(key).is_some_and(|now| now.body.is_some()) {
            // The precondition fails.
            Restored::Unchanged
        } else {
            let body = world.fake.find(key, &change.version.version_id).body;
            Restored::Copied(Some(world.fake.store(key, body, false, asked.acl)))
        }
    };
    // Killed here, it is made and not noted.
    pause().await;
    if world.borrow_mut().rng.one_in(10) {
        world.borrow_mut().somebody_writes();
    }
    Ok(made)
}

/// One run; `None` if it was killed.
async fn run(world: &RefCell<World>, asked: Asked, dir: &Path) -> Option<Applied> {
    world.borrow_mut().touched.clear();
    let budget = if world.borrow_mut().rng.one_in(2) { world.borrow_mut().rng.below(14) } else { u64::MAX };
    let concurrency = SharedConcurrency::new(4);
    let request = format!("{asked:?}");
    // One file for all requests, as with --journal; sometimes one for each.
    let file = if world.borrow_mut().rng.one_in(3) { dir.join(request.len().to_string()) } else { dir.join("journal") };
    let work = async {
        let journal = Journal::open(&file, &request).unwrap();
        let plan = plan(&world.borrow().fake, asked, dir);
        let is_same = async |change: &ObjectChange| {
            pause().await;
            let world = &mut *world.borrow_mut();
            if world.rng.one_in(8) {
                return Err(Error::new(ErrorKind::Refused, "not to be seen"));
            }
            let present = world.fake.find(&change.version.key, change.same_bytes_as.as_deref().unwrap());
            let wanted = world.fake.find(&change.version.key, &change.version.version_id);
            // Where parts differ, only a checksum tells, if there is one.
            let tells = present.in_parts == wanted.in_parts || world.rng.one_in(2);
            Ok(tells && present.body == wanted.body && (present.acl || !asked.acl))
        };
        let plan = without_done(plan, dir, &concurrency, Some(&journal), is_same).await.unwrap();
        let mut run = TreeRun::new(plan, Some(journal));
        let perform = async |changes: Vec<(ObjectChange, ())>| {
            let mut outcomes = Vec::new();
            for (change, ()) in changes {
                let outcome = make(world, &change, asked).await;
                outcomes.push((change, outcome));
            }
            outcomes
        };
        let applied = run.apply(&concurrency, &Whole, true, |_| Ok(()), perform).await.unwrap();
        if applied.is_complete() {
            run.finish();
        }
        applied
    };
    let mut work = pin!(work);
    let mut polls = 0;
    std::future::poll_fn(|context| {
        if polls == budget {
            return Poll::Ready(None);
        }
        polls += 1;
        match work.as_mut().poll(context) {
            Poll::Ready(applied) => Poll::Ready(Some(applied)),
            Poll::Pending => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    })
    .await
}

/// What a key should hold after a complete run, by the state before it.
fn check(before: &Fake, world: &World, asked: Asked, seed: u64) {
    for key in KEYS.into_iter().filter(|key| !world.touched.contains(key)) {
        let now = world.fake.current(key);
        let was = before.current(key);
        let versions = before.keys.get(key).map(Vec::as_slice).unwrap_or_default();
        let told = || format!("seed {seed}: {key} {asked:?}\nbefore {versions:?}\nnow {now:?}");
        match asked.at {
            Some(at) => match versions.iter().rev().find(|stored| stored.second <= at) {
                Some(then) => {
                    assert_eq!(now.and_then(|now| now.body), then.body, "{}", told());
                    let is_it = now.is_some_and(|now| now.id == then.id);
                    assert!(!asked.acl || then.body.is_none() || is_it || now.is_some_and(|now| now.acl), "{}", told());
                }
                None if asked.delete_new => assert_eq!(now.and_then(|now| now.body), None, "{}", told()),
                None => assert_eq!(now.map(|now| &now.id), was.map(|was| &was.id), "{}", told()),
            },
            None if was.is_some_and(|was| was.body.is_none()) => {
                let last = versions.iter().rev().find(|stored| stored.body.is_some());
                assert_eq!(now.and_then(|now| now.body), last.and_then(|last| last.body), "{}", told());
            }
            None => assert_eq!(now.map(|now| &now.id), was.map(|was| &was.id), "{}", told()),
        }
    }
}

async fn case(seed: u64, dir: &Path) -> (u64, u64, u64) {
    let mut rng = Rng(seed);
    let mut fake = Fake { now: 100, ..Fake::default() };
    for _ in 0..rng.below(30) {
        fake.write(&mut rng);
        fake.now += i64::try_from(rng.below(2)).unwrap();
    }
    let (first, end) = (100, fake.now);
    let world = RefCell::new(World { fake, rng, touched: BTreeSet::new() });
    let any = |rng: &mut Rng| Asked {
        at: (!rng.one_in(4))
            .then(|| first + i64::try_from(rng.below(u64::try_from(end - first + 2).unwrap())).unwrap()),
        delete_new: rng.one_in(2),
        acl: rng.one_in(3),
    };
    let mut asked = any(&mut world.borrow_mut().rng);
    world.borrow_mut().fake.now += 2;
    let (mut complete, mut killed, mut proved) = (0, 0, 0);
    for _ in 0..4 {
        let before = {
            let world = world.borrow();
            Fake { keys: world.fake.keys.clone(), now: world.fake.now, last_id: world.fake.last_id }
        };
        match run(&world, asked, dir).await {
            Some(applied) => {
                proved += applied.before;
                if applied.is_complete() {
                    complete += 1;
                    check(&before, &world.borrow(), asked, seed);
                }
            }
            None => killed += 1,
        }
        let world = &mut *world.borrow_mut();
        for key in KEYS {
            let (had, has) = (before.keys.get(key).map_or(0, Vec::len), world.fake.keys.get(key).map_or(0, Vec::len));
            assert!(has >= had, "seed {seed}: {key} lost a version");
        }
        // In between somebody writes, a line of the journal is torn, or something else is asked for.
        for _ in 0..world.rng.below(3) {
            world.fake.write(&mut world.rng);
        }
        if world.rng.one_in(5)
            && let Ok(text) = std::fs::read(dir.join("journal"))
        {
            let keep = usize::try_from(world.rng.below(text.len() as u64 + 1)).unwrap();
            std::fs::write(dir.join("journal"), &text[..keep]).unwrap();
        }
        if world.rng.one_in(4) {
            asked = any(&mut world.rng);
        } else if world.rng.one_in(4) {
            asked.acl = !asked.acl;
        }
        world.fake.now += 1;
    }
    (complete, killed, proved)
}

#[test]
fn random_runs_never_end_well_with_a_wrong_key() {
    let runs: u64 = std::env::var("S3BAK_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(4_000);
    let cases = runs / 4;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut complete, mut killed, mut proved) = (0, 0, 0);
    for seed in 0..cases {
        let dir = tempfile::tempdir().unwrap();
        let (c, k, p) = runtime.block_on(case(seed, dir.path()));
        (complete, killed, proved) = (complete + c, killed + k, proved + p);
    }
    println!("{runs} runs: {complete} complete, {killed} killed, {proved} rows proved by a journal");
    // All that is to be tested did happen.
    assert!(complete > cases / 2 && killed > cases / 3 && proved > cases / 20, "{complete} {killed} {proved}");
}
