//! What changed between two times, as people read it.

use comfy_table::Color;
use ssmbak_core::diff::{Diff, Difference, Happened};
use ssmbak_core::instant::Instant;
use ssmbak_core::plan::Field;
use ssmbak_text::parameter::{self, Shown, creation, update};

use super::columns::tinted;
use super::table::{Look, of_states};
use super::{difference, short_time};
use crate::ui::text;

/// What a difference is the answer to.
#[derive(Clone, Copy, Debug)]
pub struct DiffQuestion<'a> {
    /// The paths as they were given.
    pub paths: &'a [String],
    /// Whether everything below them is meant.
    pub recursive: bool,
    /// The first time.
    pub from: &'a Instant,
    /// The second time.
    pub to: &'a Instant,
    /// The bucket that was asked.
    pub bucket: &'a str,
    /// The region.
    pub region: &'a str,
    /// Whether secrets are shown.
    pub reveal: bool,
}

/// Whether the values before and after are kept from being shown.
pub(super) fn hidden(happened: &Happened, reveal: bool) -> (bool, bool) {
    if reveal {
        return (false, false);
    }
    match happened {
        Happened::Create(after) => (false, after.parameter_type.is_secret()),
        Happened::Delete { before, .. } => (before.parameter_type.is_secret(), false),
        Happened::Update { before, after, fields } => {
            parameter::hidden(before.parameter_type, after.parameter_type, fields)
        }
    }
}

/// The changes, what is unknown, and the sum of it; with `patch` the values line by line.
pub fn table(diff: &Diff, patch: bool, look: Look) -> String {
    let mut shown = String::new();
    if patch {
        for change in &diff.changes {
            let (_, [action, name, kind, time]) = head(change);
            let facts: Vec<String> = [action, name, kind, time].into_iter().filter(|text| !text.is_empty()).collect();
            shown.push_str(&format!("{}\n", facts.join("  ")));
            for line in cells(change, patch, look.reveal) {
                shown.push_str(&format!("    {}\n", tinted(&line, look)));
            }
        }
    } else if !diff.changes.is_empty() {
        let rows: Vec<_> = diff
            .changes
            .iter()
            .map(|change| {
                let (colour, [action, name, kind, time]) = head(change);
                (colour, [action, name, kind, cells(change, patch, look.reveal).join("\n"), time])
            })
            .collect();
        shown.push_str(&of_states(["Change", "Name", "Type", "Value", "Modified"], rows, look));
    }
    if !diff.unknown.is_empty() {
        shown.push_str("not known:\n");
        for unknown in &diff.unknown {
            shown.push_str(&format!("  {}: {}\n", unknown.name, text::line(&unknown.reason.message)));
        }
    }
    shown.push_str(&sum(diff));
    shown
}

fn head(change: &Difference) -> (Color, [String; 4]) {
    let (colour, state, time) = match &change.happened {
        Happened::Create(after) => (Color::DarkGreen, after, Some(after.modified)),
        Happened::Update { after, .. } => (Color::DarkYellow, after, Some(after.modified)),
        Happened::Delete { before, at } => (Color::DarkRed, before, *at),
    };
    let texts = [
        change.action_name().to_owned(),
        change.name.to_string(),
        state.parameter_type.to_string(),
        time.map(short_time).unwrap_or_default(),
    ];
    (colour, texts)
}

fn cells(change: &Difference, patch: bool, reveal: bool) -> Vec<String> {
    let (hide_before, hide_after) = hidden(&change.happened, reveal);
    match &change.happened {
        Happened::Create(after) => creation(&Shown::recorded(after, hide_after)),
        Happened::Delete { before, .. } => creation(&Shown::recorded(before, hide_before)),
        Happened::Update { before, after, fields } => {
            let (old, new) = (Shown::recorded(before, hide_before), Shown::recorded(after, hide_after));
            let shown = |field: Field| {
                if field == Field::Value && patch && !hide_before && !hide_after {
                    let lines = difference::lines(before.value.expose(), after.value.expose());
                    return std::iter::once("Value:".to_owned()).chain(lines).collect();
                }
                update(field, &old, &new)
            };
            fields.iter().flat_map(|field| shown(*field)).collect()
        }
    }
}

/// `2 created, 1 updated, 1 deleted, 14 unchanged, 1 unknown`, without what there is none of.
fn sum(diff: &Diff) -> String {
    let count = |wanted: fn(&Happened) -> bool| diff.changes.iter().filter(|change| wanted(&change.happened)).count();
    let parts = [
        (count(|happened| matches!(happened, Happened::Create(_))), "created"),
        (count(|happened| matches!(happened, Happened::Update { .. })), "updated"),
        (count(|happened| matches!(happened, Happened::Delete { .. })), "deleted"),
        (diff.unchanged, "unchanged"),
        (diff.unknown.len(), "unknown"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    match (diff.is_empty(), parts.is_empty()) {
        (true, true) => "no difference".to_owned(),
        (true, false) => format!("no difference: {}", parts.join(", ")),
        _ => parts.join(", "),
    }
}

#[cfg(test)]
mod tests;
