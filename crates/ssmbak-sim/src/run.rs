//! Plays a history: the real capture and restore code over the fakes, each answer held against the model.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use ssmbak::read::{targets, timelines};
use ssmbak::store::PutParameter;
use ssmbak::{BackupBucket as _, Capture, ParamPath};
use ssmbak_core::event::{Change, Operation};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, ParameterType, ParameterValue, ParameterVersion};
use ssmbak_core::plan::{Action, RecordedParameter, Target};
use ssmbak_core::scope::Selection;
use ssmbak_core::sweep::{Ended, Outcome, Place, Progress, SweepRecord};
use ssmbak_core::timeline::Unknown;

use crate::history::{Deed, History, RETENTION_MS, What};
use crate::log::{Answer, Entry, Happened, Verdict};
use crate::model::{self, Demand, Model};
use crate::{Clock, FakeBucket, FakeStore, Fault, Faults};

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
    tally: Tally,
    log: Vec<Entry>,
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
    let capture = Capture::new(store.clone(), bucket.clone());
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
        tally: Tally::default(),
        log: Vec::new(),
    };
    for step in &history.steps {
        if moment(step.at) > world.clock.now() {
            world.clock.set(moment(step.at));
        }
        match &step.what {
            What::Do { id, parameter, deed } => world.happen(*id, *parameter, *deed),
            What::Deliver { id, sent_after, fault } => world.deliver(*id, *sent_after, *fault).await,
            What::Sweep { fault } => world.sweep(*fault).await,
            What::Lifecycle { mask } => world.expire(*mask),
            What::Ask { of } => world.ask(*of).await,
        }
    }
    (world.tally, world.log)
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

    async fn deliver(&mut self, id: u64, sent_after: i64, fault: Option<(u64, Fault)>) {
        let Some((parameter, deed, time, created)) = self.events.get(&id).copied() else { return };
        let name = name(parameter);
        let sent = time.checked_add(SignedDuration::from_millis(sent_after)).unwrap_or(time);
        let operations: &[Operation] = match deed {
            Deed::Put(_) if created => &[Operation::Create],
            Deed::Put(_) => &[Operation::Update],
            Deed::Delete => &[Operation::Delete],
            Deed::Expire { told_twice: true } => &[Operation::PolicyExpiration, Operation::Delete],
            Deed::Expire { told_twice: false } => &[Operation::PolicyExpiration],
            Deed::Label => &[Operation::LabelParameterVersion],
        };
        for operation in operations {
            if let Some((ahead, fault)) = fault {
                self.faults.plan(ahead, fault);
            }
            let change = Change {
                id: Some(format!("{id}-{}", operation.as_str())),
                name: name.clone(),
                operation: *operation,
                // Whole seconds, in every published sample.
                time: Timestamp::from_second(time.as_second()).unwrap_or(time),
                parameter_type: None,
                description: None,
                region: None,
                account: None,
            };
            self.log(Happened::Delivered { id, name: name.clone(), operation: *operation, time: change.time });
            let seen = self.store.versions(&name);
            let now = self.clock.now();
            let handled = self.capture.event(&change, Some(sent), now).await;
            self.faults.revive();
            self.clock.advance_ms(1);
            if handled.is_err() {
                self.disturbed.insert(parameter);
                return;
            }
            let anything = self.bucket.len_of(name.key()) > 0;
            let truth = self.model.entry(parameter).or_default();
            truth.looked(seen.as_deref().unwrap_or_default(), now);
            let told = match operation {
                // Of a parameter of which nothing was ever seen, nothing is written.
                Operation::Create | Operation::Update => anything,
                Operation::PolicyExpiration => {
                    seen.as_deref().is_none_or(|versions| begins_after(versions, change.time))
                }
                Operation::Delete => true,
                _ => false,
            };
            if told {
                truth.was_told(id, seen.as_deref().unwrap_or_default());
            }
        }
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
            let page = ssmbak::sweep::page(&self.capture, &progress.at).await.ok()?;
            for turn in page.names {
                let outcome = self.bring_up_to_date(&turn.name, turn.listed.as_ref(), last.as_ref()).await;
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
        for name in ssmbak::sweep::names(&self.capture, &all).await.ok()? {
            let outcome = self.bring_up_to_date(&name, None, last.as_ref()).await;
            progress.count(&name, outcome, false);
        }
        self.end_of_sweep(progress)
    }

    fn end_of_sweep(&self, mut progress: Progress) -> Option<SweepRecord> {
        match progress.ended(&Place::START, true, self.clock.now()) {
            Ended::Finished(record) => Some(record),
            Ended::Continue { .. } | Ended::GivenUp(_) => None,
        }
    }

    async fn bring_up_to_date(
        &mut self,
        name: &ParameterName,
        listed: Option<&CurrentParameter>,
        last: Option<&SweepRecord>,
    ) -> Outcome {
        let (seen, now) = (self.store.versions(name), self.clock.now());
        let Ok(survey) = self.capture.survey_listed(name, listed, last, now).await else { return Outcome::Failed };
        let unchanged = survey.writes().is_empty();
        let settled = self.capture.settle(survey).await;
        if let Some(parameter) = (0..2).find(|&parameter| self::name(parameter) == *name) {
            if settled.is_ok() {
                self.model.entry(parameter).or_default().looked(seen.as_deref().unwrap_or_default(), now);
            } else {
                self.disturbed.insert(parameter);
            }
        }
        match settled {
            Err(_) => Outcome::Failed,
            Ok(_) if unchanged => Outcome::Unchanged,
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

    async fn ask(&mut self, of: i64) {
        let now = self.clock.now();
        let at = moment(of);
        let too_old = now.duration_since(at) >= SignedDuration::from_millis(RETENTION_MS);
        if self.lifecycle_ran && too_old {
            return;
        }
        // Most people give seconds.
        let (instant, time) = if of % 4 == 0 {
            (Instant::exact(at), at)
        } else {
            let text = Timestamp::from_second(at.as_second()).unwrap_or(at).to_string();
            let Ok(instant) = Instant::parse(&text, now, &TimeZone::UTC) else { return };
            let time = instant.until();
            (instant, time)
        };
        for parameter in 0..2 {
            if self.model.contains_key(&parameter) {
                self.judge(parameter, &instant, time, at).await;
            }
        }
    }

    async fn judge(&mut self, parameter: usize, instant: &Instant, time: Timestamp, asked: Timestamp) {
        let name = name(parameter);
        let Ok(selection) = Selection::new(&[name.as_str()], false, &[], &[]) else { return };
        let Ok(recorded) = timelines(&self.bucket, &selection).await else { return };
        let Ok(mut all) = targets(&self.bucket, &recorded.timelines, instant).await else { return };
        let target = all.remove(&name).unwrap_or_else(|| Target::Unknown(Unknown::NothingRecorded.to_string()));
        // Reading no more than it takes must tell the same.
        let path = ParamPath::new(self.store.clone(), self.bucket.clone(), selection.clone(), *instant);
        if let Ok(pruned) = path.latest_version(&name).await
            && pruned != target
        {
            self.tally.mismatches.push(format!("{name} at {time}: {target:?}, but {pruned:?} from fewer versions"));
        }
        let Some(truth) = self.model.get(&parameter) else { return };
        let true_state = truth.state(time);
        let right = match (&target, true_state) {
            (Target::Held(held), Some(version)) => same(held, version),
            (Target::Absent(_), None) => true,
            // Of a parameter that is gone, and all of whose records have expired, nothing need be said.
            (Target::Unknown(_), None) => recorded.timelines.is_empty() && self.store.present(&name).is_none(),
            _ => false,
        };
        let unknown = matches!(target, Target::Unknown(_));
        let below_resolution = truth.below_resolution(time) || (time == asked && truth.told_in_second(time));
        let demand = (!below_resolution).then(|| truth.demand(time));
        let ours = Verdict::of(&target, true_state, right);
        let answer = Answer { name: name.clone(), of: asked, truth: true_state.cloned(), ours, demand };
        self.log.push(Entry { at: self.clock.now(), what: Happened::Asked(answer) });
        let Some(demand) = demand else {
            self.tally.below_resolution += 1;
            return;
        };
        match (demand, right, unknown) {
            (Demand::Exact, true, _) => self.tally.exact += 1,
            (_, true, _) => self.tally.right += 1,
            (Demand::Exact, _, true) if self.disturbed.contains(&parameter) || truth.crowded(time) => {
                self.tally.unknown += 1
            }
            (Demand::MayBeUnknown | Demand::Untraceable, _, true) => self.tally.unknown += 1,
            (Demand::Untraceable, false, false) => self.tally.untraceable += 1,
            _ => self.tally.mismatches.push(format!(
                "{name} at {time}: {demand:?}, the truth is {}, the answer {target:?}",
                true_state.map_or("absent".to_owned(), |version| format!(
                    "version {} of {}",
                    version.details.version, version.details.modified
                )),
            )),
        }
        if demand != Demand::Untraceable {
            self.judge_plan(&name, selection, instant, true_state.cloned()).await;
        }
    }

    /// Whatever is known, a plan never deletes what existed, nor restores what it was not.
    async fn judge_plan(
        &mut self,
        name: &ParameterName,
        selection: Selection,
        instant: &Instant,
        true_state: Option<ParameterVersion>,
    ) {
        let path = ParamPath::new(self.store.clone(), self.bucket.clone(), selection, *instant);
        let Ok(plan) = path.preview().await else { return };
        for change in &plan.changes {
            let wrong = match (&change.action, &true_state) {
                (Action::Delete { .. }, Some(_)) => true,
                (Action::Delete { .. }, None) => false,
                (Action::Create(to) | Action::Update { to, .. }, Some(version)) => !same(to, version),
                (Action::Create(_) | Action::Update { .. }, None) => true,
            };
            if wrong {
                self.tally.mismatches.push(format!("{name}: the plan would {} it wrongly", change.action_name()));
            }
        }
    }
}

fn begins_after(history: &[ParameterVersion], time: Timestamp) -> bool {
    history.first().is_some_and(|first| first.details.version == 1 && first.details.modified > time)
}

/// Whether a recorded parameter is this version in every attribute.
pub fn same(held: &RecordedParameter, version: &ParameterVersion) -> bool {
    let Some(details) = &held.details else { return false };
    let mut details = details.clone();
    details.tags = None;
    Some(&held.value) == version.value.as_ref()
        && held.parameter_type == version.parameter_type
        && held.description.text == version.description
        && details == version.details
}
