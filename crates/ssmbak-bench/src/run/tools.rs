//! The two tools: how they are asked for a preview, and what they print.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use jiff::Timestamp;
use serde_json::Value;
use ssmbak_bench::{BUCKET, Expected};
use ssmbak_core::rate::Api;
use ssmbak_emulators::{Original, clean, environment};

use super::Outcome;
use super::previews::Work;

/// A preview's rows by name.
pub type Changes = BTreeMap<String, Expected>;

/// One of them.
pub enum Tool {
    /// Our command, at this endpoint.
    Ours(PathBuf, String),
    /// ssmbak 0.5.2.
    Original(Original),
}

impl Tool {
    /// As the tables call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ours(..) => "ssmbak",
            Self::Original(_) => "0.5.2",
        }
    }

    /// The command of a preview.
    pub fn preview(&self, work: &Work, second: i64) -> Command {
        let time = Timestamp::from_second(second).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let mut command = match self {
            Self::Ours(program, endpoint) => {
                let mut command = Command::new(program);
                clean(&mut command).envs(environment(endpoint));
                command
            }
            Self::Original(original) => original.command("ssmbak"),
        };
        command.args(["preview", work.path, &time, "-b", BUCKET]);
        if work.path.ends_with('/') {
            command.arg("-R");
        }
        if matches!(self, Self::Ours(..)) {
            command.args(["--output", "json"]).env("SSMBAK_REVEAL", "1");
            // What is the default at AWS, of which an emulator is not suspected.
            let share = Api::Reads.share().to_string();
            command.envs(work.road.has_quotas().then_some(("SSMBAK_MAX_RPS", share)));
        }
        command
    }

    /// What it printed.
    pub fn parse(&self, output: &[u8]) -> Outcome<Changes> {
        match self {
            Self::Ours(..) => json(output),
            Self::Original(_) => Ok(table(&String::from_utf8_lossy(output))),
        }
    }
}

fn json(output: &[u8]) -> Outcome<Changes> {
    let plan: Value = serde_json::from_slice(output)?;
    let rows = plan.get("Changes").and_then(Value::as_array).ok_or("there are no Changes in the preview")?;
    let row = |row: &Value| {
        let text = |key: &str| row.get(key).and_then(Value::as_str).map(str::to_owned);
        let expected = match row.get("Deleted").and_then(Value::as_bool) {
            Some(true) => Expected::Absent,
            _ => Expected::Held(text("Value")?),
        };
        Some((text("Name")?, expected))
    };
    rows.iter().map(|r| row(r).ok_or_else(|| "a change without name or value".into())).collect()
}

/// The original prints a table; our generated values break none of its lines.
fn table(output: &str) -> Changes {
    let mut lines = output.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|')).map(|line| {
        let cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
        cells
    });
    let heads = lines.next().unwrap_or_default();
    let place = |name: &str| heads.iter().position(|head| head == name);
    let (name, value, deleted) = (place("Name"), place("Value"), place("Deleted"));
    lines
        .map(|cells| {
            let cell = |place: Option<usize>| place.and_then(|place| cells.get(place)).cloned().unwrap_or_default();
            let gone = cell(deleted) == "True";
            (cell(name), if gone { Expected::Absent } else { Expected::Held(cell(value)) })
        })
        .collect()
}

/// Fast is worth nothing if it is wrong.
pub fn check(work: &Work, tool: &Tool, got: &Changes, wanted: &Changes) -> Outcome {
    if got == wanted {
        return Ok(());
    }
    let differs = |name: &&String| got.get(*name) != wanted.get(*name);
    let names: Vec<&String> = got.keys().chain(wanted.keys()).filter(differs).collect();
    let example = names.first().map(|name| format!("{name}: {:?}, not {:?}", got.get(*name), wanted.get(*name)));
    Err(format!(
        "{}: the preview of {} is wrong in {} rows ({})",
        work.name,
        tool.name(),
        names.len(),
        example.unwrap_or_default()
    )
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Changes {
        [("/a", Expected::Held("x,y".to_owned())), ("/b", Expected::Absent)].map(|(n, e)| (n.to_owned(), e)).into()
    }

    #[test]
    fn what_the_original_prints_is_read() {
        let output = "\
+------+-------+------------+---------------------------+---------+
| Name | Value | Type       | Modified                  | Deleted |
+------+-------+------------+---------------------------+---------+
| /a   | x,y   | StringList | 2026-10-27 12:00:00+00:00 |         |
| /b   |       |            | 2026-11-22 10:00:00+00:00 | True    |
+------+-------+------------+---------------------------+---------+
";
        assert_eq!(table(output), wanted());
        assert!(table("").is_empty());
    }

    #[test]
    fn what_ours_prints_is_read() {
        let output = br#"{"Changes":[{"Action":"update","Name":"/a","Type":"StringList","Value":"x,y"},
            {"Action":"delete","Name":"/b","Deleted":true}],"Unchanged":0}"#;
        assert_eq!(json(output).unwrap(), wanted());
        assert!(json(b"{}").is_err() && json(br#"{"Changes":[{}]}"#).is_err());
    }
}
