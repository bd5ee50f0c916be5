//! The changes of parameters as they are shown.

mod chart;
mod json;

use std::io::{self, Write};

use comfy_table::Color;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ssmbak::history::{History, HistoryEntry, Version};
use ssmbak_core::instant::Instant;
use ssmbak_core::log::Operation;
use ssmbak_core::plan::Field;

pub use chart::chart;
pub use json::LogReport;

use super::columns::{Row, tinted, written};
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

fn is_deletion(told: &HistoryEntry) -> bool {
    told.operation() == Operation::Delete
}

/// One line a change.
///
/// # Errors
/// If it cannot be written.
pub fn table(out: &mut dyn Write, history: &History, layout: &Layout, look: Look) -> io::Result<()> {
    let mut header = vec!["Operation", "Time"];
    let local = has_local(history, layout);
    if local {
        header.push("Local time");
    }
    if layout.names {
        header.push("Name");
    }
    header.extend(["Version", "Type", "Size", "Author", "Changed"]);
    let row = |told: &HistoryEntry| {
        let mut cells = vec![told.operation().as_str().to_owned(), when(told)];
        if local {
            cells.push(told.time().map(|time| local_time(time, layout)).unwrap_or_default());
        }
        if layout.names {
            cells.push(told.name().to_string());
        }
        cells.extend(facts(told));
        (Some(colour(told.operation())), cells)
    };
    let narrow = || history.entries().map(|told| stacked(told, layout, local)).collect();
    let narrow_header = ["Operation", "Time", if layout.names { "Name" } else { "Version" }];
    written(out, &header, || history.entries().map(row), look, (&narrow_header, narrow))
}

/// A change in three cells.
fn stacked(told: &HistoryEntry, layout: &Layout, local: bool) -> Row {
    let mut time = when(told).replace(" – ", " –\n");
    if local && let Some(moment) = told.time() {
        time.push_str(&format!("\n{}", local_time(moment, layout)));
    }
    let [version, kind, size, author, mut changed] = facts(told);
    if told.fields().next().is_some() {
        changed.insert_str(0, "changed: ");
    }
    let titles = [("version ", version), ("", kind), ("", size), ("by ", author)];
    let facts: Vec<String> =
        titles.iter().filter(|(_, text)| !text.is_empty()).map(|(title, text)| format!("{title}{text}")).collect();
    let name = if layout.names { told.name().to_string() } else { String::new() };
    let lines: Vec<String> = [name, facts.join(", "), changed].into_iter().filter(|line| !line.is_empty()).collect();
    let cells = vec![told.operation().as_str().to_owned(), time, lines.join("\n")];
    (Some(colour(told.operation())), cells)
}

/// One block a change, with the values before and after it.
///
/// # Errors
/// If it cannot be written.
pub fn patches(out: &mut dyn Write, history: &History, layout: &Layout, look: Look) -> io::Result<()> {
    let local = has_local(history, layout);
    for told in history.entries() {
        let operation = told.operation().as_str();
        let mut head = vec![if look.colours {
            let style = anstyle::Style::new().bold();
            format!("{style}{operation}{style:#}")
        } else {
            operation.to_owned()
        }];
        head.push(when(told));
        if local && let Some(time) = told.time() {
            head.push(format!("({})", local_time(time, layout)));
        }
        head.push(told.name().to_string());
        let [version, kind, size, author, changed] = facts(told);
        let titles = ["version ", "", "", "by ", ""];
        let facts = titles.iter().zip([version, kind, size, author, changed]);
        head.extend(facts.filter(|(_, text)| !text.is_empty()).map(|(title, text)| format!("{title}{text}")));
        writeln!(out, "{}", head.join("  "))?;
        for line in values(told, look.reveal) {
            writeln!(out, "    {}", tinted(&line, look))?;
        }
    }
    Ok(())
}

/// What became of the value.
fn values(told: &HistoryEntry, reveal: bool) -> Vec<String> {
    let Some(values) = told.values().filter(|_| !is_deletion(told)) else { return Vec::new() };
    let hidden = !reveal && (values.secret || values.secret_before);
    match (&values.before, &values.after) {
        _ if hidden => match (told.size_before(), told.version().map(Version::size)) {
            (Some(before), Some(after)) if told.fields().any(|field| field == Field::Value) => {
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
    let version = told.version();
    let came = version.filter(|_| !is_deletion(told));
    let fields: Vec<String> = told.fields().map(|field| field.to_string()).collect();
    let mut changed: Vec<String> = Some(fields.join(", ")).into_iter().filter(|text| !text.is_empty()).collect();
    changed.extend(told.reason().map(text::line));
    [
        version.and_then(Version::number).map(|number| number.to_string()).unwrap_or_default(),
        version.and_then(Version::parameter_type).map(|kind| kind.to_string()).unwrap_or_default(),
        came.map(|version| format!("{} B", version.size())).unwrap_or_default(),
        came.and_then(Version::author).map(|author| text::line(short_author(author))).unwrap_or_default(),
        changed.join("; "),
    ]
}

/// `user/ada` of an ARN.
fn short_author(arn: &str) -> &str {
    arn.rsplit(':').next().filter(|short| !short.is_empty()).unwrap_or(arn)
}

fn when(told: &HistoryEntry) -> String {
    let time = told.time().map(short_time);
    match (told.operation(), told.version().is_some(), time, told.until().map(short_time)) {
        (Operation::Unknown, false, None, Some(until)) => format!("until {until}"),
        (Operation::Unknown, false, Some(time), Some(until)) => format!("{time} – {until}"),
        (Operation::Unknown, false, Some(time), None) => format!("since {time}"),
        (_, _, Some(time), _) => time,
        (_, _, None, _) => "ever".to_owned(),
    }
}

fn has_local(history: &History, layout: &Layout) -> bool {
    let apart = |time: Timestamp| !layout.zone.to_offset(time).is_zero();
    history.entries().filter_map(HistoryEntry::time).any(apart)
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
