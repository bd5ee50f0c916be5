//! Whether a saved plan still says what would be done now.

use std::collections::{BTreeMap, BTreeSet};

use super::SavedChange;
use crate::name::ParameterName;
use crate::plan::UnknownName;

/// A row that is not what it was when the plan was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The parameter.
    pub name: ParameterName,
    /// What is different, one clause.
    pub reason: String,
}

/// The rows in which a saved plan differs from the same plan made anew, in order of name; none: it can be applied.
///
/// `unknown` is what the new plan does not know, to say why a row is gone.
pub fn differences(saved: &[SavedChange], now: &[SavedChange], unknown: &[UnknownName]) -> Vec<Difference> {
    let by_name = |rows: &'_ [SavedChange]| -> BTreeMap<ParameterName, SavedChange> {
        rows.iter().map(|row| (row.name.clone(), row.clone())).collect()
    };
    let (saved, now) = (by_name(saved), by_name(now));
    let names: BTreeSet<&ParameterName> = saved.keys().chain(now.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let reason = match (saved.get(name), now.get(name)) {
                (Some(then), Some(now)) => of_row(then, now)?,
                (Some(then), None) => match unknown.iter().find(|unknown| unknown.name == *name) {
                    Some(unknown) => format!("to {} in the plan, and now not known: {}", then.action, unknown.reason),
                    None => format!("to {} in the plan, and no change now", then.action),
                },
                (None, Some(now)) => format!("not in the plan, and now to {}", now.action),
                (None, None) => return None,
            };
            Some(Difference { name: name.clone(), reason })
        })
        .collect()
}

/// What is different about a row that is in both, the present first: it is what people change.
fn of_row(then: &SavedChange, now: &SavedChange) -> Option<String> {
    if then == now {
        return None;
    }
    if then.action != now.action {
        return Some(format!("to {} in the plan, and now to {}", then.action, now.action));
    }
    if let (Some(was), Some(is)) = (&then.present, &now.present) {
        if (was.version, was.last_modified_date) != (is.version, is.last_modified_date) {
            return Some(format!(
                "it was version {} of {}, and is version {} of {}",
                was.version, was.last_modified_date, is.version, is.last_modified_date
            ));
        }
        if was.attributes != is.attributes {
            return Some("its tags or other attributes have changed in Parameter Store".to_owned());
        }
    }
    if let (Some(was), Some(is)) = (&then.recorded, &now.recorded)
        && was != is
    {
        return Some(match was.version_id == is.version_id {
            true => "what the bucket says of the version to restore has changed".to_owned(),
            false => format!(
                "the bucket had it as of {} (version {}), and has it as of {} (version {})",
                was.modified, was.version_id, is.modified, is.version_id
            ),
        });
    }
    if let (Some(was), Some(is)) = (&then.absent, &now.absent)
        && was != is
    {
        return Some(format!("the bucket said {was}, and says {is}"));
    }
    let fields = |row: &SavedChange| if row.fields.is_empty() { "nothing".to_owned() } else { row.fields.join(", ") };
    Some(format!("to change {} in the plan, and now {}", fields(then), fields(now)))
}
