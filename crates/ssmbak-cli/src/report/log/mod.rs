//! The changes of parameters as they are shown.

mod chart;
mod json;

use comfy_table::Color;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ssmbak::history::{History, HistoryEntry};
use ssmbak_core::instant::Instant;
use ssmbak_core::log::{Entry, Operation};
use ssmbak_core::parameter::ParameterType;
use ssmbak_core::plan::Field;
use ssmbak_core::record::{Evidence, Record};

pub use chart::chart;
pub use json::LogReport;

use super::columns::{Row, fitting, tinted};
use super::table::Look;
use super::{difference, short_time};
use crate::ui::text;

/// What a log is the answer to.
#[derive(Clone, Copy, Debug)]
pub struct LogQuestion<'a> {
    /// The paths as they were given.
    pub paths: &'a [String],
    /// Whether everything below them is meant.
    pub recursive: bool,
    /// Not the changes before it.
    pub since: Option<Instant>,
    /// Not the changes after it.
    pub until: Option<Instant>,
    /// The bucket that was asked.
    pub bucket: &'a str,
    /// The region.
    pub region: &'a str,
    /// Whether secrets are shown.
    pub reveal: bool,
}

/// How a log is laid out.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Whether the entries are of several names.
    pub names: bool,
    /// The zone that local times are of.
    pub zone: TimeZone,
}

fn is_deletion(entry: &Entry) -> bool {
    entry.operation == Operation::Delete
}

fn number(record: &Record) -> Option<u64> {
    match &record.evidence {
        Evidence::Value(value) => Some(value.details.version),
        _ => None,
    }
}

fn kind(record: &Record) -> Option<ParameterType> {
    match &record.evidence {
        Evidence::Value(value) => Some(value.parameter_type),
        Evidence::Legacy(legacy) => Some(legacy.parameter_type),
        _ => None,
    }
}

fn author(record: &Record) -> Option<&str> {
    match &record.evidence {
        Evidence::Value(value) => value.details.author.as_deref(),
        _ => None,
    }
}

fn reason(told: &HistoryEntry) -> Option<String> {
    told.entry.reason.clone().or_else(|| told.doubt.clone())
}

/// One line a change.
pub fn table(history: &History, layout: &Layout, look: Look) -> String {
    let mut header = vec!["Operation", "Time"];
    let local = has_local(history, layout);
    if local {
        header.push("Local time");
    }
    if layout.names {
        header.push("Name");
    }
    header.extend(["Version", "Type", "Size", "Author", "Changed"]);
    let rows: Vec<_> = history
        .entries
        .iter()
        .map(|told| {
            let mut cells = vec![told.entry.operation.as_str().to_owned(), when(&told.entry)];
            if local {
                cells.push(told.entry.time.map(|time| local_time(time, layout)).unwrap_or_default());
            }
            if layout.names {
                cells.push(told.name.to_string());
            }
            cells.extend(facts(told));
            (Some(colour(told.entry.operation)), cells)
        })
        .collect();
    let narrow: Vec<Row> = history.entries.iter().map(|told| stacked(told, layout, local)).collect();
    fitting(&header, &rows, look, (&["Operation", "Time", if layout.names { "Name" } else { "Version" }], &narrow))
}

/// A change in three cells.
fn stacked(told: &HistoryEntry, layout: &Layout, local: bool) -> Row {
    let mut time = when(&told.entry).replace(" – ", " –\n");
    if local && let Some(moment) = told.entry.time {
        time.push_str(&format!("\n{}", local_time(moment, layout)));
    }
    let [version, kind, size, author, mut changed] = facts(told);
    if !told.fields.is_empty() {
        changed.insert_str(0, "changed: ");
    }
    let titles = [("version ", version), ("", kind), ("", size), ("by ", author)];
    let facts: Vec<String> =
        titles.iter().filter(|(_, text)| !text.is_empty()).map(|(title, text)| format!("{title}{text}")).collect();
    let name = if layout.names { told.name.to_string() } else { String::new() };
    let lines: Vec<String> = [name, facts.join(", "), changed].into_iter().filter(|line| !line.is_empty()).collect();
    let cells = vec![told.entry.operation.as_str().to_owned(), time, lines.join("\n")];
    (Some(colour(told.entry.operation)), cells)
}

/// One block a change, with the values before and after it.
pub fn patches(history: &History, layout: &Layout, look: Look) -> String {
    let mut shown = String::new();
    let local = has_local(history, layout);
    for told in &history.entries {
        let operation = told.entry.operation.as_str();
        let mut head = vec![if look.colours {
            let style = anstyle::Style::new().bold();
            format!("{style}{operation}{style:#}")
        } else {
            operation.to_owned()
        }];
        head.push(when(&told.entry));
        if local && let Some(time) = told.entry.time {
            head.push(format!("({})", local_time(time, layout)));
        }
        head.push(told.name.to_string());
        let [version, kind, size, author, changed] = facts(told);
        let titles = ["version ", "", "", "by ", ""];
        let facts = titles.iter().zip([version, kind, size, author, changed]);
        head.extend(facts.filter(|(_, text)| !text.is_empty()).map(|(title, text)| format!("{title}{text}")));
        shown.push_str(&head.join("  "));
        shown.push('\n');
        for line in values(told, look.reveal) {
            shown.push_str(&format!("    {}\n", tinted(&line, look)));
        }
    }
    shown
}

/// What became of the value.
fn values(told: &HistoryEntry, reveal: bool) -> Vec<String> {
    let entry = &told.entry;
    if is_deletion(entry) {
        return Vec::new();
    }
    let hidden = !reveal && (told.secret || told.secret_before);
    let sizes = (entry.before.as_ref().map(|record| record.size), entry.record.as_ref().map(|record| record.size));
    match (&told.before, &told.value) {
        _ if hidden => match sizes {
            (Some(before), Some(after)) if told.fields.contains(&Field::Value) => {
                vec![format!("(hidden) {before} → {after} bytes")]
            }
            _ => Vec::new(),
        },
        (Some(before), Some(after)) => difference::lines(before.expose(), after.expose()),
        (None, Some(after)) => difference::lines("", after.expose()),
        _ => Vec::new(),
    }
}

/// Version, type, size, author, and what changed.
fn facts(told: &HistoryEntry) -> [String; 5] {
    let entry = &told.entry;
    let record = entry.record.as_ref();
    let came = record.filter(|_| !is_deletion(entry));
    let mut changed: Vec<String> = told.fields.iter().map(ToString::to_string).collect();
    changed = vec![changed.join(", ")].into_iter().filter(|text| !text.is_empty()).collect();
    changed.extend(reason(told).map(|reason| text::line(&reason)));
    [
        record.and_then(number).map(|number| number.to_string()).unwrap_or_default(),
        record.and_then(kind).map(|kind| kind.to_string()).unwrap_or_default(),
        came.map(|record| format!("{} B", record.size)).unwrap_or_default(),
        came.and_then(author).map(|author| text::line(short_author(author))).unwrap_or_default(),
        changed.join("; "),
    ]
}

/// `user/ada` of an ARN.
fn short_author(arn: &str) -> &str {
    arn.rsplit(':').next().filter(|short| !short.is_empty()).unwrap_or(arn)
}

fn when(entry: &Entry) -> String {
    let time = entry.time.map(short_time);
    match (entry.operation, entry.record.is_some(), time, entry.until.map(short_time)) {
        (Operation::Unknown, false, None, Some(until)) => format!("until {until}"),
        (Operation::Unknown, false, Some(time), Some(until)) => format!("{time} – {until}"),
        (Operation::Unknown, false, Some(time), None) => format!("since {time}"),
        (_, _, Some(time), _) => time,
        (_, _, None, _) => "ever".to_owned(),
    }
}

fn has_local(history: &History, layout: &Layout) -> bool {
    let apart = |time: Timestamp| !layout.zone.to_offset(time).is_zero();
    history.entries.iter().filter_map(|told| told.entry.time).any(apart)
}

fn local_time(time: Timestamp, layout: &Layout) -> String {
    time.to_zoned_datetime(layout.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

fn colour(operation: Operation) -> Color {
    match operation {
        Operation::Create => Color::DarkGreen,
        Operation::Update => Color::DarkYellow,
        Operation::Delete => Color::DarkRed,
        Operation::Unknown => Color::DarkMagenta,
    }
}

#[cfg(test)]
mod tests;
