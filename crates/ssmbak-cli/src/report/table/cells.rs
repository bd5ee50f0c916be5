//! What stands in a cell.

use ssmbak_core::parameter::ParameterType;
use ssmbak_core::plan::{Action, Change};
use ssmbak_core::timeline::Absence;
use ssmbak_text::parameter::{Shown, creation, update};

use crate::report::columns::count;
use crate::report::short_time;

/// The value to be created, the changes field by field, or the reason for a deletion.
pub(super) fn value(change: &Change, reveal: bool, brief: bool) -> Vec<String> {
    let hidden = |kind: ParameterType| kind.is_secret() && !reveal;
    match &change.action {
        Action::Create(to) => {
            let lines = creation(&Shown::recorded(to, hidden(to.parameter_type)));
            match lines.split_first() {
                Some((first, rest)) if brief && !rest.is_empty() => {
                    vec![format!("{first} … and {}", count(rest.len(), "line"))]
                }
                _ => lines,
            }
        }
        Action::Update { to, from, fields } => {
            let new = Shown::recorded(to, hidden(to.parameter_type));
            let old = Shown::present(from, hidden(from.parameter.parameter_type));
            fields.iter().flat_map(|field| update(*field, &old, &new)).collect()
        }
        Action::Delete { because: Absence::Deleted(at), .. } => vec![format!("(deleted at {})", short_time(*at))],
        Action::Delete { because: Absence::NotYetCreated(first), .. } => {
            vec![format!("(created at {})", short_time(*first))]
        }
    }
}
