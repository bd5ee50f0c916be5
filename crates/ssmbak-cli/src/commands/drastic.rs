//! Restores that are asked about twice: those that delete everything that is selected.

use jiff::Timestamp;
use ssmbak_core::plan::{Action, Plan};
use ssmbak_core::scope::Scope;
use ssmbak_core::timeline::Absence;

use super::planned_restore::PlannedRestore;
use crate::report::columns::count;

/// Why a restore needs more than a yes; `None`: it does not. One that names its parameters says itself what it is about.
pub(super) fn reason(planned: &PlannedRestore, now: Timestamp) -> Option<String> {
    if planned.asked.selection.scopes().iter().all(Scope::is_single) {
        return None;
    }
    of_plan(&planned.plan, planned.asked.at.at(), now)
}

fn of_plan(plan: &Plan, at: Timestamp, now: Timestamp) -> Option<String> {
    let counts = plan.counts();
    if counts.delete == 0 || counts.create + counts.update + plan.unchanged > 0 {
        return None;
    }
    let parameters = count(counts.delete, "parameter");
    let mut first: Option<Timestamp> = None;
    for change in &plan.changes {
        match &change.action {
            Action::Delete { because: Absence::NotYetCreated(at), .. } => {
                first = Some(first.map_or(*at, |first| first.min(*at)));
            }
            _ => return Some(format!("this would delete all that is selected: {parameters}")),
        }
    }
    let first = first.map(|first| format!(" (first record of {first:.0})")).unwrap_or_default();
    let ago = ago(now.duration_since(at).as_secs());
    Some(format!(
        "{at:.0} is {ago}, before recording began{first}: this would delete all that is selected, {parameters}"
    ))
}

/// A distance in the unit that says it in few digits.
fn ago(seconds: i64) -> String {
    let seconds = usize::try_from(seconds).unwrap_or_default();
    let (number, unit) = match seconds {
        172_800.. => (seconds / 86_400, "day"),
        7_200.. => (seconds / 3_600, "hour"),
        120.. => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    format!("{} ago", count(number, unit))
}

#[cfg(test)]
mod tests {
    use ssmbak_core::name::ParameterName;
    use ssmbak_core::parameter::{CurrentParameter, Details, ParameterType, ParameterValue};
    use ssmbak_core::plan::{Change, PresentParameter};

    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn deletion(because: Absence) -> Change {
        let name = ParameterName::parse("/a/b").unwrap();
        let details = Details::new(1, time("2026-01-01T00:00:00Z"));
        let parameter = CurrentParameter {
            name: name.clone(),
            spelling: "/a/b".to_owned(),
            parameter_type: ParameterType::String,
            description: None,
            details,
        };
        let from = Box::new(PresentParameter { parameter, value: ParameterValue::new("x") });
        Change { name, action: Action::Delete { from, because } }
    }

    #[test]
    fn plan_that_deletes_everything_says_so_with_the_distance() {
        let (at, now) = (time("2025-03-01T00:00:00Z"), time("2026-03-01T00:00:00Z"));
        let not_yet = deletion(Absence::NotYetCreated(time("2026-01-02T00:00:00.25Z")));
        let gone = deletion(Absence::Deleted(time("2025-01-02T00:00:00Z")));
        let mut plan = Plan { changes: vec![not_yet.clone(), not_yet.clone()], ..Plan::default() };
        insta::assert_snapshot!(of_plan(&plan, at, now).unwrap(), @"2025-03-01T00:00:00Z is 365 days ago, before recording began (first record of 2026-01-02T00:00:00Z): this would delete all that is selected, 2 parameters");
        plan.changes.push(gone);
        insta::assert_snapshot!(of_plan(&plan, at, now).unwrap(), @"this would delete all that is selected: 3 parameters");
        plan.unchanged = 1;
        assert_eq!(of_plan(&plan, at, now), None);
        assert_eq!(of_plan(&Plan::default(), at, now), None);
        assert_eq!(
            (ago(86_399), ago(3), ago(600)),
            ("23 hours ago".to_owned(), "3 seconds ago".to_owned(), "10 minutes ago".to_owned())
        );
    }
}
