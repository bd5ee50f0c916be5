//! The judge: asks the bucket for past states, and compares the answers with the model.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ssmbak::ParamPath;
use ssmbak::read::{targets, timelines, timelines_back};
use ssmbak_core::instant::Instant;
use ssmbak_core::log::entries;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::ParameterVersion;
use ssmbak_core::plan::{Action, RecordedParameter, Target};
use ssmbak_core::scope::Selection;
use ssmbak_core::timeline::{Reach, Timeline};
use ssmbak_core::trash::gone;
use ssmbak_core::unknown::UnknownReason;

use super::{World, name, time_at};
use crate::history::RETENTION_MS;
use crate::log::{Answer, Entry, Happened, Verdict};
use crate::model::Demand;

impl World {
    /// When all messages are handled and one more sweep has finished, the bucket has the present state of Parameter Store.
    pub(super) async fn judge_end(&mut self) {
        self.clock.advance_ms(20 * 60_000);
        self.store.lag().skip_nothing();
        self.store.with_habits(|habits| habits.locked_third = None);
        self.sweep(None).await;
        self.clock.advance_ms(10 * 60_000);
        let now = self.clock.now();
        for parameter in 0..2 {
            let name = name(parameter);
            let Ok(selection) = Selection::new(&[name.as_str()], false, &[], &[]) else { continue };
            let Ok(recorded) = timelines(&self.bucket, &selection).await else { continue };
            let Ok(all) = targets(&self.bucket, &recorded.timelines, &Instant::exact(now)).await else { continue };
            let present = self.store.present(&name).map(|(version, _)| version);
            let agrees = match (all.get(&name), &present) {
                (Some(Target::Held(held)), Some(version)) => same(held, version),
                (Some(Target::Absent(_)) | None, None) => true,
                // The order of a deletion and a creation in one second may be unknown.
                (Some(Target::Unknown(_)), Some(version)) => {
                    self.model.get(&parameter).is_some_and(|truth| truth.below_resolution(version.details.modified))
                }
                _ => false,
            };
            if !agrees {
                self.tally.mismatches.push(format!(
                    "{name} at the end: the present is {present:?}, the bucket says {:?}",
                    all.get(&name)
                ));
            }
        }
    }

    pub(super) async fn ask(&mut self, of: i64) {
        let now = self.clock.now();
        let at = time_at(of);
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
        // The answer comes from the bucket; tests of plans cover late reads of Parameter Store.
        let lag = self.store.lag().pause();
        for parameter in 0..2 {
            if self.model.contains_key(&parameter) && !self.deceived.contains_key(&parameter) {
                self.judge(parameter, &instant, time, at).await;
            }
        }
        self.store.lag().resume(lag);
    }

    async fn judge(&mut self, parameter: usize, instant: &Instant, time: Timestamp, asked: Timestamp) {
        let name = name(parameter);
        let Ok(selection) = Selection::new(&[name.as_str()], false, &[], &[]) else { return };
        let Ok(recorded) = timelines(&self.bucket, &selection).await else { return };
        let Ok(mut all) = targets(&self.bucket, &recorded.timelines, instant).await else { return };
        let target = all.remove(&name).unwrap_or_else(|| Target::Unknown(UnknownReason::nothing_recorded()));
        // Reading no more versions than necessary gives the same answer.
        let path = ParamPath::new(self.store.clone(), self.bucket.clone(), selection.clone(), *instant);
        if let Ok(pruned) = path.latest_version(&name).await
            && of_any_copy(pruned.clone()) != of_any_copy(target.clone())
        {
            self.tally.mismatches.push(format!("{name} at {time}: {target:?}, but {pruned:?} from fewer versions"));
        }
        self.judge_reading_back(&name, &selection, recorded.timelines.get(&name), instant.until()).await;
        let Some(truth) = self.model.get(&parameter) else { return };
        let true_state = truth.state(time);
        let right = match (&target, true_state) {
            (Target::Held(held), Some(version)) => same(held, version),
            (Target::Absent(_), None) => true,
            // A deleted parameter whose records have all expired need not be known.
            (Target::Unknown(_), None) => recorded.timelines.is_empty() && self.store.present(&name).is_none(),
            _ => false,
        };
        let unknown = matches!(target, Target::Unknown(_));
        let below_resolution =
            truth.below_resolution(time) || (time == asked && truth.has_event_only_change_in_second(time));
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

    /// A log since a time and the trash, from as few versions as they read, agree with all versions.
    async fn judge_reading_back(
        &mut self,
        name: &ParameterName,
        selection: &Selection,
        all: Option<&Timeline>,
        since: Timestamp,
    ) {
        let log = |timeline: &Timeline| {
            let mut entries = entries(timeline);
            entries.retain(|entry| entry.is_within(Some(since), None));
            (entries, timeline.is_tracked())
        };
        let (log_of_all, gone_of_all) = (all.map(log), all.map(gone));
        if let Ok(back) = timelines_back(&self.bucket, selection, Reach::Since(since)).await {
            let few = back.get(name).map(log);
            if few != log_of_all {
                self.tally.mismatches.push(format!("{name} since {since}: {log_of_all:?}, but {few:?} from fewer"));
            }
        }
        if let Ok(back) = timelines_back(&self.bucket, selection, Reach::End).await {
            let few = back.get(name).map(gone);
            if few != gone_of_all {
                self.tally.mismatches.push(format!("{name} at its end: {gone_of_all:?}, but {few:?} from fewer"));
            }
        }
    }

    /// A plan never deletes a parameter that existed, nor restores a state that never was.
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
