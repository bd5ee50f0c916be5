//! Plays a history: the real capture and restore code over the fakes, each answer held against the model.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};
use ssmbak::store::PutParameter;
use ssmbak::sweep::SweepItem;
use ssmbak::{BackupBucket as _, Capture, Error, ErrorKind};
use ssmbak_core::event::{Change, Operation, Origin, foreign};
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{ParameterType, ParameterValue, ParameterVersion};
use ssmbak_core::plan::Target;
use ssmbak_core::scope::Selection;
use ssmbak_core::sweep::{Ended, Outcome, Place, Progress, Reading, SweepRecord};

use crate::history::{Deed, History, RETENTION_MS, What};
use crate::log::{Entry, Happened};
use crate::model::{self, Model};
use crate::rng::Rng;
use crate::store::Look;
use crate::{Clock, FakeBucket, FakeStore, Fault, Faults};

mod judge;

pub use judge::same;

/// How the answers of histories turned out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Answers that had to be exact and were.
    pub exact: u64,
    /// Answers that were right although the evidence did not demand it.
    pub right: u64,
    /// Unknown where the evidence shows a gap.
    pub unknown: u64,
    /// The state before, where the deed in effect left no trace at all.
    pub untraceable: u64,
    /// Not judged: a parameter deleted and created again within the resolution of the events' times.
    pub below_resolution: u64,
    /// Wrong.
    pub mismatches: Vec<String>,
    /// In how many histories something went wrong on the way, by what it was.
    pub road: std::collections::BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Adds another tally.
    pub fn add(&mut self, other: Tally) {
        self.exact += other.exact;
        self.right += other.right;
        self.unknown += other.unknown;
        self.untraceable += other.untraceable;
        self.below_resolution += other.below_resolution;
        self.mismatches.extend(other.mismatches);
        for (fault, histories) in other.road {
            *self.road.entry(fault).or_default() += histories;
        }
    }
}

/// Where milliseconds begin to count.
fn beginning() -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A moment of a history.
pub fn moment(at: i64) -> Timestamp {
    beginning().checked_add(SignedDuration::from_millis(at)).unwrap_or(Timestamp::MAX)
}

/// The name of a history's parameter.
pub fn name(parameter: usize) -> ParameterName {
    // Two constant shapes of a name, both legal.
    let text = if parameter == 0 { "/sim/a".to_owned() } else { format!("/sim/a{parameter}") };
    ParameterName::parse(&text).unwrap_or_else(|error| unreachable!("a legal name: {error}"))
}

/// The attributes a [`Deed::Put`] stands for.
pub fn put_of(parameter: usize, attributes: u64, overwrite: bool, advanced: bool) -> PutParameter {
    let bit = |bit: u64| attributes >> bit & 1 == 1;
    let parameter_type = match attributes % 4 {
        0 | 1 => ParameterType::String,
        2 => ParameterType::StringList,
        _ => ParameterType::SecureString,
    };
    PutParameter {
        spelling: name(parameter).as_str().to_owned(),
        value: ParameterValue::new(format!("value {attributes}\n")),
        parameter_type,
        description: if bit(2) {
            format!("descripción № {attributes} ").repeat(if bit(5) { 45 } else { 1 })
        } else {
            String::new()
        },
        tier: Some(if advanced || bit(3) { "Advanced" } else { "Standard" }.to_owned()),
        data_type: Some("text".to_owned()),
        key_id: (parameter_type == ParameterType::SecureString).then(|| format!("alias/{}", attributes % 3)),
        allowed_pattern: Some(if bit(4) { "^v.*\\s$".to_owned() } else { String::new() }),
        policies: Some(if bit(5) { vec![r#"{"Type":"NoChangeNotification"}"#.to_owned()] } else { vec![] }),
        tags: [].into(),
        overwrite,
    }
}

struct World {
    clock: Clock,
    faults: Faults,
    store: FakeStore,
    bucket: FakeBucket,
    capture: Capture<FakeStore, FakeBucket>,
    model: Model,
    /// By event number: the parameter, the deed, and when.
    events: std::collections::BTreeMap<u64, (usize, Deed, Timestamp, bool)>,
    lifecycle_ran: bool,
    /// Parameters of which some handling broke off: what it had written by then may be more than it was told of, but
    /// its retry may have come too late.
    disturbed: std::collections::BTreeSet<usize>,
    /// Parameters about which a false event was handled that nothing has refuted yet.
    deceived: std::collections::BTreeMap<usize, Option<(u64, Timestamp)>>,
    /// What is still to happen, by time.
    agenda: std::collections::BTreeMap<(i64, usize), What>,
    added: usize,
    tally: Tally,
    log: Vec<Entry>,
}

/// Where the simulated function runs.
const OWN_ACCOUNT: &str = "123456789012";
const OWN_REGION: &str = "eu-west-1";

/// Nobody waits here: each read lags on its own.
const AT_ONCE: [std::time::Duration; 3] = [std::time::Duration::ZERO; 3];

/// A message about one parameter, and what its handling came to.
struct Handled {
    id: u64,
    parameter: usize,
    operation: Operation,
    change: Change,
    sent_after: i64,
    times: u32,
    /// Whether the bucket had anything of the parameter before.
    tracked: bool,
    outcome: Result<bool, Error>,
}

/// What is made to go wrong, to see that the judge notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// Nothing.
    None,
    /// The bucket drops tombstones.
    LosesTombstones,
    /// The bucket drops versions that were superseded when they were recorded.
    LosesBackfilledVersions,
    /// The bucket forgets which versions were reported lost.
    NotesNothingLost,
}

/// Plays a history and judges every answer.
pub async fn play(history: &History) -> Tally {
    play_sabotaged(history, Sabotage::None).await
}

/// Plays a history into a bucket that is out of order.
pub async fn play_sabotaged(history: &History, sabotage: Sabotage) -> Tally {
    play_all(history, sabotage).await.0
}

/// As [`play`], and says what happened.
pub async fn play_logged(history: &History) -> (Tally, Vec<Entry>) {
    play_all(history, Sabotage::None).await
}

async fn play_all(history: &History, sabotage: Sabotage) -> (Tally, Vec<Entry>) {
    let clock = Clock::new(beginning());
    let faults = Faults::default();
    let store = FakeStore::new(clock.clone(), faults.clone());
    store.with_habits(|habits| habits.kept_versions = history.kept_versions);
    let bucket = FakeBucket::new(clock.clone(), faults.clone()).sabotaged(sabotage);
    let capture = Capture::new(store.clone(), bucket.clone()).with_pauses(AT_ONCE);
    let agenda = history.steps.iter().enumerate().map(|(index, step)| ((step.at, index), step.what.clone())).collect();
    let mut world = World {
        clock,
        faults,
        store,
        bucket,
        capture,
        model: Model::new(),
        events: std::collections::BTreeMap::new(),
        lifecycle_ran: false,
        disturbed: std::collections::BTreeSet::new(),
        deceived: std::collections::BTreeMap::new(),
        agenda,
        added: history.steps.len(),
        tally: Tally::default(),
        log: Vec::new(),
    };
    world.count_faults(history);
    world.store.lag().set(history.road.lag);
    let mut together = history.road.together.map(Rng::new);
    let mut locked = history.road.locked.map(Rng::new);
    while let Some(((at, _), what)) = world.agenda.pop_first() {
        if moment(at) > world.clock.now() {
            world.clock.set(moment(at));
        }
        if let Some(rng) = &mut locked
            && rng.chance(20)
        {
            let third = (!rng.chance(50)).then(|| rng.between(0, 2));
            world.store.with_habits(|habits| habits.locked_third = third);
        }
        match what {
            What::Do { id, parameter, deed } => world.happen(id, parameter, deed),
            What::Ask { of } => world.ask(of).await,
            What::Lifecycle { mask } => world.expire(mask),
            What::Sweep { fault } => world.sweep(fault).await,
            What::Foreign { parameter, operation, elsewhere } => world.hear(parameter, operation, elsewhere).await,
            message => match together.as_mut().and_then(|rng| Some((world.next_message(at)?, rng))) {
                Some((other, rng)) => world.deliver_both(&message, &other, rng).await,
                None => world.deliver(&message).await,
            },
        }
    }
    world.quiet().await;
    (world.tally, world.log)
}

/// A target without what differs between stored copies of one version: where it is stored, and whether tags were read for it.
fn of_any_copy(mut target: Target) -> Target {
    if let Target::Held(held) = &mut target {
        held.version_id.clear();
        if let Some(details) = &mut held.details {
            details.tags = None;
        }
    }
    target
}

/// Runs two works at once, interleaved at every call as `rng` says.
async fn interleaved<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>, rng: &mut Rng) -> (A, B) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut first, mut second) = (None, None);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if second.is_some() || (first.is_none() && rng.chance(50)) {
            if let Poll::Ready(done) = a.as_mut().poll(&mut context) {
                first = Some(done);
            }
        } else if let Poll::Ready(done) = b.as_mut().poll(&mut context) {
            second = Some(done);
        }
        if first.is_some() && second.is_some() {
            break;
        }
    }
    match (first, second) {
        (Some(first), Some(second)) => (first, second),
        _ => unreachable!("the loop ends when both are done"),
    }
}

impl World {
    fn log(&mut self, what: Happened) {
        self.log.push(Entry { at: self.clock.now(), what });
    }

    fn happen(&mut self, id: u64, parameter: usize, deed: Deed) {
        let name = name(parameter);
        let now = self.clock.now();
        let before = self.store.present(&name);
        let left = match deed {
            Deed::Put(attributes) => {
                let advanced = before.as_ref().is_some_and(|(v, _)| v.details.tier.as_deref() == Some("Advanced"));
                let put = put_of(parameter, attributes, before.is_some(), advanced);
                if self.store.put_now(&put).is_err() {
                    return;
                }
                self.log(Happened::Put { id, put });
                self.store.present(&name).map(|(version, _)| version)
            }
            Deed::Delete | Deed::Expire { .. } => {
                if !self.store.delete_now(&name) {
                    return;
                }
                self.log(Happened::Deleted { id, name });
                None
            }
            Deed::Label => {
                if before.is_some() {
                    self.events.insert(id, (parameter, deed, now, false));
                    self.log(Happened::Labelled { id, name });
                }
                return;
            }
        };
        self.events.insert(id, (parameter, deed, now, before.is_none()));
        self.model.entry(parameter).or_default().happened(model::Deed { time: now, left, id });
        // Parameter Store numbers what happens: no two things happen in the same instant.
        self.clock.advance_ms(1);
    }

    /// In how many histories there was which fault: one history counts once for each.
    fn count_faults(&mut self, history: &History) {
        let mut count = |fault: &'static str, there: bool| {
            if there {
                self.tally.road.insert(fault, 1);
            }
        };
        count("late reads, listings that leave names out", history.road.lag.is_some());
        count("versions that cannot be decrypted for a while", history.road.locked.is_some());
        count("two messages interleaved", history.road.together.is_some());
        for step in &history.steps {
            match &step.what {
                What::FalseDelete { .. } => count("a false Delete event", true),
                What::Foreign { .. } => count("an event of another account or region", true),
                What::Deliver { fault: Some((_, fault)), .. } | What::Sweep { fault: Some((_, fault)) } => {
                    match fault {
                        Fault::Throttled => count("a request throttled", true),
                        Fault::Before => count("a request failed", true),
                        Fault::After => count("an answer lost", true),
                        Fault::Kill => count("a function killed", true),
                    }
                }
                _ => {}
            }
        }
    }

    /// An event that this bus carries for somebody else.
    async fn hear(&mut self, parameter: usize, operation: Operation, elsewhere: bool) {
        let now = self.clock.now();
        let own = Origin { account: Some(OWN_ACCOUNT.to_owned()), region: Some(OWN_REGION.to_owned()) };
        let (account, region) = if elsewhere { (OWN_ACCOUNT, "us-east-1") } else { ("210987654321", OWN_REGION) };
        let change = Change {
            id: Some(format!("foreign-{parameter}")),
            name: name(parameter),
            operation,
            time: Timestamp::from_second(now.as_second()).unwrap_or(now),
            parameter_type: None,
            description: None,
            region: Some(region.to_owned()),
            account: Some(account.to_owned()),
        };
        if foreign(&change, &own).is_none() {
            // Whatever comes of it, the model has not heard of it.
            let _captured = self.capture.event(&change, Some(now), now).await;
        }
    }

    /// The next message, if it comes within half a minute.
    fn next_message(&mut self, at: i64) -> Option<What> {
        let next = self.agenda.first_entry()?;
        let near = next.key().0 - at < 30_000;
        let message = matches!(next.get(), What::Deliver { .. } | What::Again { .. } | What::FalseDelete { .. });
        if !near || !message {
            return None;
        }
        // The earlier one waits: no message comes before it was sent.
        let later = moment(next.key().0);
        let next = next.remove();
        self.clock.set(later.max(self.clock.now()));
        Some(next)
    }

    /// The events that a message stands for.
    fn changes(&mut self, what: &What) -> Vec<Handled> {
        let (id, sent_after, times, only) = match what {
            What::Deliver { id, sent_after, .. } => (*id, *sent_after, 0, None),
            What::Again { id, sent_after, operation, times } => (*id, *sent_after, *times, Some(*operation)),
            What::FalseDelete { id, parameter } => {
                let now = self.clock.now();
                let Some((present, _)) = self.store.present(&name(*parameter)) else { return Vec::new() };
                self.events.insert(*id, (*parameter, Deed::Delete, now, false));
                self.deceived.insert(*parameter, Some(present.identity()));
                (*id, 0, 0, None)
            }
            _ => return Vec::new(),
        };
        let Some((parameter, deed, time, created)) = self.events.get(&id).copied() else { return Vec::new() };
        let operations: &[Operation] = match deed {
            Deed::Put(_) if created => &[Operation::Create],
            Deed::Put(_) => &[Operation::Update],
            Deed::Delete => &[Operation::Delete],
            Deed::Expire { told_twice: true } => &[Operation::PolicyExpiration, Operation::Delete],
            Deed::Expire { told_twice: false } => &[Operation::PolicyExpiration],
            Deed::Label => &[Operation::LabelParameterVersion],
        };
        let handled = |operation: &Operation| Handled {
            id,
            parameter,
            operation: *operation,
            change: Change {
                id: Some(format!("{id}-{}", operation.as_str())),
                name: name(parameter),
                operation: *operation,
                // Whole seconds, in every published sample.
                time: Timestamp::from_second(time.as_second()).unwrap_or(time),
                parameter_type: None,
                description: None,
                region: None,
                account: None,
            },
            sent_after,
            times,
            tracked: self.bucket.len_of(name(parameter).key()) > 0,
            outcome: Ok(false),
        };
        operations.iter().filter(|operation| only.is_none_or(|only| only == **operation)).map(handled).collect()
    }

    /// When the queue got a message.
    fn sent(&self, handled: &Handled) -> Timestamp {
        let time = self.events.get(&handled.id).map_or(handled.change.time, |(_, _, time, _)| *time);
        time.checked_add(SignedDuration::from_millis(handled.sent_after)).unwrap_or(time)
    }

    async fn deliver(&mut self, what: &What) {
        for mut handled in self.changes(what) {
            if let What::Deliver { fault: Some((ahead, fault)), .. } = what {
                self.faults.plan(*ahead, *fault);
            }
            self.store.take_looks();
            let (sent, now) = (self.sent(&handled), self.clock.now());
            let captured = self.capture.event(&handled.change, Some(sent), now).await;
            handled.outcome = captured.map(|captured| captured.early);
            let looks = self.store.take_looks();
            if !self.settle(&handled, &looks, now) {
                return;
            }
        }
    }

    /// Two messages at the same time, in two invocations.
    async fn deliver_both(&mut self, first: &What, second: &What, rng: &mut Rng) {
        let (mut a, mut b) = (self.changes(first), self.changes(second));
        let now = self.clock.now();
        self.store.take_looks();
        for (what, group) in [(first, &a), (second, &b)] {
            if let (What::Deliver { fault: Some((ahead, fault)), .. }, false) = (what, group.is_empty()) {
                self.faults.plan(*ahead, *fault);
            }
        }
        let sent: Vec<Timestamp> = a.iter().chain(&b).map(|handled| self.sent(handled)).collect();
        let (for_a, for_b) = sent.split_at(a.len());
        let stores = [self.store.with_own_looks(), self.store.with_own_looks()];
        let captures =
            stores.each_ref().map(|store| Capture::new(store.clone(), self.bucket.clone()).with_pauses(AT_ONCE));
        let [for_first, for_second] = &captures;
        let handle = async |capture: &Capture<FakeStore, FakeBucket>, group: &mut Vec<Handled>, sent: &[Timestamp]| {
            for (handled, sent) in group.iter_mut().zip(sent) {
                let captured = capture.event(&handled.change, Some(*sent), now).await;
                handled.outcome = captured.map(|captured| captured.early);
            }
        };
        self.faults.interleave(true);
        interleaved(handle(for_first, &mut a, for_a), handle(for_second, &mut b, for_b), rng).await;
        self.faults.interleave(false);
        if a.iter().any(|one| b.iter().any(|other| one.parameter == other.parameter)) {
            // What the one had written when the other looked is not told.
            self.disturbed.extend(a.iter().map(|handled| handled.parameter));
        }
        for (group, store) in [(&a, &stores[0]), (&b, &stores[1])] {
            let looks = store.take_looks();
            for handled in group {
                self.settle(handled, &looks, now);
            }
        }
    }

    /// What the model learns of a message, and whether the next one of the same event is to be handled.
    fn settle(&mut self, handled: &Handled, looks: &[Look], now: Timestamp) -> bool {
        let Handled { id, parameter, operation, change, sent_after, times, tracked, outcome } = handled;
        let (operation, name) = (*operation, &change.name);
        if *times == 0 {
            self.log(Happened::Delivered { id: *id, name: name.clone(), operation, time: change.time });
        }
        self.faults.revive();
        self.clock.advance_ms(1);
        let false_event = self.is_false(*id);
        let truth = self.model.entry(*parameter).or_default();
        let mut shown: Vec<_> = looks.iter().filter(|look| look.name == *name).map(|look| &look.versions).collect();
        let seen = if matches!(outcome, Ok(false)) { shown.pop().cloned().unwrap_or_default() } else { Vec::new() };
        // Whatever was written of what failed, or was read again, is not written over by what is older.
        shown.into_iter().for_each(|versions| truth.glanced(versions));
        let Ok(early) = outcome else {
            self.disturbed.insert(*parameter);
            truth.was_perhaps_told(*id);
            return false;
        };
        if *early {
            // At once, in the same invocation, and then when the queue brings it again, ten times at most.
            const PAUSES: [i64; 3] = [1_000, 2_000, 4_000];
            if *times >= 12 {
                return true;
            }
            let pause = PAUSES.get(*times as usize).copied().unwrap_or_else(|| 10_000 << (times - 3).min(5));
            let at = now.duration_since(beginning()).as_millis() as i64 + pause;
            self.added += 1;
            let again = What::Again { id: *id, sent_after: *sent_after, operation, times: times + 1 };
            self.agenda.insert((at, self.added), again);
            return true;
        }
        if false_event {
            let lives = self.store.present(name).map(|(present, _)| present.identity());
            // It is refuted by a look that shows the parameter.
            let refuted = !seen.is_empty() && lives.is_some();
            if self.deceived.get(parameter).is_some_and(|then| refuted && *then == lives) {
                self.deceived.remove(parameter);
            }
            return true;
        }
        truth.looked(&seen, now);
        let told = match operation {
            // Of a parameter of which nothing was ever seen, nothing is written.
            Operation::Create | Operation::Update => *tracked || seen.iter().any(|version| version.value.is_some()),
            Operation::PolicyExpiration => seen.is_empty() || begins_after(&seen, change.time),
            Operation::Delete => true,
            _ => false,
        };
        if told {
            truth.was_told(*id, &seen);
        }
        true
    }

    fn is_false(&self, id: u64) -> bool {
        self.events.get(&id).is_some_and(|(parameter, _, _, _)| {
            !self.model.get(parameter).is_some_and(|truth| truth.has(id)) && !self.is_label(id)
        })
    }

    fn is_label(&self, id: u64) -> bool {
        matches!(self.events.get(&id), Some((_, Deed::Label, _, _)))
    }

    async fn sweep(&mut self, fault: Option<(u64, Fault)>) {
        if let Some((ahead, fault)) = fault {
            self.faults.plan(ahead, fault);
        }
        self.log(Happened::Swept);
        // As the function sweeps, and as `ssmbak-all` does.
        let swept =
            if self.clock.now().as_second() % 2 == 0 { self.sweep_by_page().await } else { self.sweep_at_once().await };
        if let Some(record) = swept {
            // Lost, it is as if this sweep had never been finished.
            let _ = self.bucket.put_sweep(&record).await;
        }
        self.faults.revive();
        self.clock.advance_ms(1);
    }

    async fn sweep_by_page(&mut self) -> Option<SweepRecord> {
        let last = ssmbak::sweep::last(&self.bucket).await.ok()?;
        let mut progress = Progress::start(self.clock.now());
        loop {
            let page = ssmbak::sweep::page(&self.capture, &progress.at, last.as_ref()).await.ok()?;
            for turn in page.names {
                let outcome = self.bring_up_to_date(&turn, last.as_ref()).await;
                progress.count(&turn.name, outcome, turn.again);
            }
            match page.next {
                Some(next) => progress.at = next,
                None => return self.end_of_sweep(progress),
            }
        }
    }

    async fn sweep_at_once(&mut self) -> Option<SweepRecord> {
        let last = ssmbak::sweep::last(&self.bucket).await.ok()?;
        let mut progress = Progress::start(self.clock.now());
        let all = Selection::new(&["/"], true, &[], &[]).ok()?;
        for (name, look) in ssmbak::sweep::names(&self.capture, &all, last.as_ref()).await.ok()? {
            let ssmbak::sweep::Look { listed, reading } = look;
            let turn = SweepItem { name, listed, again: reading == Reading::Deleted, reading, then: Place::START };
            let outcome = self.bring_up_to_date(&turn, last.as_ref()).await;
            progress.count(&turn.name, outcome, turn.again);
        }
        self.end_of_sweep(progress)
    }

    fn end_of_sweep(&self, mut progress: Progress) -> Option<SweepRecord> {
        match progress.ended(&Place::START, true, self.clock.now()) {
            Ended::Finished(record) => Some(record),
            Ended::Continue { .. } | Ended::GivenUp(_) => None,
        }
    }

    async fn bring_up_to_date(&mut self, turn: &SweepItem, last: Option<&SweepRecord>) -> Outcome {
        self.store.take_looks();
        let now = self.clock.now();
        let taken = ssmbak::sweep::process(&self.capture, turn, last, now).await;
        let parameter = (0..2).find(|&parameter| self::name(parameter) == turn.name);
        for look in self.store.take_looks() {
            if let Some(truth) = parameter.map(|parameter| self.model.entry(parameter).or_default()) {
                match &taken {
                    Ok(_) => truth.looked(&look.versions, now),
                    Err(error) if error.kind == ErrorKind::KeyUnusable => truth.looked(&look.versions, now),
                    Err(_) => truth.glanced(&look.versions),
                }
            }
        }
        match taken {
            // All else was written.
            Err(error) if error.kind == ErrorKind::KeyUnusable => Outcome::Failed,
            Err(_) => {
                self.disturbed.extend(parameter);
                Outcome::Failed
            }
            Ok(captured) if captured.writes.is_empty() => Outcome::Unchanged,
            Ok(_) => Outcome::Written,
        }
    }

    fn expire(&mut self, mask: u64) {
        let mut bits = mask;
        self.lifecycle_ran = true;
        self.bucket.expire(SignedDuration::from_millis(RETENTION_MS), || {
            bits = bits.rotate_left(1);
            bits & 1 == 1
        });
    }
}

fn begins_after(history: &[ParameterVersion], time: Timestamp) -> bool {
    history.first().is_some_and(|first| first.details.version == 1 && first.details.modified > time)
}
