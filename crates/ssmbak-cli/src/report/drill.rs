//! What became of a restore drill: for people, for programs, and as an exit code.

use serde::Serialize;
use ssmbak::drill::{Drill, DrillOutcome, DrillResult};

use super::json::UnknownReport;
use crate::exit::Exit;
use crate::ui::text;

/// What `ssmbak drill` prints for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DrillReport {
    schema_version: u32,
    path: String,
    recursive: bool,
    at: String,
    bucket: String,
    region: String,
    scratch: String,
    parameters: Vec<RowReport>,
    unknown: Vec<UnknownReport>,
    left: Vec<ReasonReport>,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct RowReport {
    name: String,
    result: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ReasonReport {
    name: String,
    reason: String,
}

impl DrillReport {
    /// Of paths, whether all below them was meant, and the time.
    pub fn new(
        (path, recursive, at): (&str, bool, String),
        bucket: &str,
        region: &str,
        scratch: &str,
        drill: &Drill,
        drilled: &DrillResult,
    ) -> Self {
        let reason = |name: String, reason: &str| ReasonReport { name, reason: reason.to_owned() };
        Self {
            schema_version: 1,
            path: path.to_owned(),
            recursive,
            at,
            bucket: bucket.to_owned(),
            region: region.to_owned(),
            scratch: scratch.to_owned(),
            parameters: drilled.parameters.iter().map(|(name, back)| RowReport::new(name.to_string(), back)).collect(),
            unknown: drill.unknown.iter().map(UnknownReport::from).collect(),
            left: drilled.left.iter().map(|(name, why)| reason(name.clone(), why)).collect(),
            warnings: drill.warnings.clone(),
        }
    }
}

impl RowReport {
    fn new(name: String, back: &DrillOutcome) -> Self {
        let (result, fields, error) = match back {
            DrillOutcome::Same => ("same", Vec::new(), None),
            DrillOutcome::Different(fields) => ("different", fields.iter().map(|field| field.as_str()).collect(), None),
            DrillOutcome::Failed(why) => ("failed", Vec::new(), Some(why.clone())),
            DrillOutcome::Skipped => ("skipped", Vec::new(), None),
        };
        Self { name, result, fields, error }
    }
}

/// What `ssmbak drill --clean` prints for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CleanReport {
    schema_version: u32,
    region: String,
    deleted: Vec<String>,
    left: Vec<ReasonReport>,
}

impl CleanReport {
    /// Of the names that were to be deleted, and those that could not be, and why.
    pub fn new(region: &str, names: &[String], left: Vec<(String, String)>) -> Self {
        let is_left = |name: &&String| left.iter().any(|(known, _)| known == *name);
        let deleted = names.iter().filter(|name| !is_left(name)).cloned().collect();
        let left = left.into_iter().map(|(name, reason)| ReasonReport { name, reason }).collect();
        Self { schema_version: 1, region: region.to_owned(), deleted, left }
    }

    /// 3 if something is left, else 0.
    pub fn exit(&self) -> Exit {
        if self.left.is_empty() { Exit::Done } else { Exit::Partly }
    }
}

impl std::fmt::Display for CleanReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for row in &self.left {
            writeln!(f, "{}: left: {}", row.name, text::line(&row.reason))?;
        }
        match (self.deleted.len(), self.left.len()) {
            (0, 0) => write!(f, "drills left nothing behind"),
            (deleted, 0) => write!(f, "{deleted} deleted"),
            (deleted, left) => write!(f, "{deleted} deleted, {left} left"),
        }
    }
}

/// The drill for people: the parameters that were not restored exactly, and totals.
pub fn lines(drill: &Drill, drilled: &DrillResult) -> String {
    let mut shown = String::new();
    let mut counts = [0_usize; 4];
    for (name, back) in &drilled.parameters {
        let (place, told) = match back {
            DrillOutcome::Same => (0, None),
            DrillOutcome::Different(fields) => {
                let fields: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
                (1, Some(format!("different: {}", fields.join(", "))))
            }
            DrillOutcome::Failed(why) => (2, Some(format!("failed: {}", text::line(why)))),
            DrillOutcome::Skipped => (3, None),
        };
        counts[place] += 1;
        if let Some(told) = told {
            shown.push_str(&format!("{name}: {told}\n"));
        }
    }
    for unknown in &drill.unknown {
        shown.push_str(&format!("{}: not known: {}\n", unknown.name, text::line(&unknown.reason.message)));
    }
    for (name, why) in &drilled.left {
        shown.push_str(&format!("{name}: left: {}\n", text::line(why)));
    }
    let words = ["came back as recorded", "different", "failed", "skipped"];
    let mut parts: Vec<String> = words
        .iter()
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    if !drill.unknown.is_empty() {
        parts.push(format!("{} not known", drill.unknown.len()));
    }
    shown.push_str(if parts.is_empty() { "there is nothing to drill" } else { "" });
    shown.push_str(&parts.join(", "));
    shown
}

/// 1 if something is left behind, 130 if it was stopped, 4 if a parameter was not restored exactly, else 0.
pub fn exit(drill: &Drill, drilled: &DrillResult) -> Exit {
    let different =
        |(_, back): &(_, DrillOutcome)| matches!(back, DrillOutcome::Different(_) | DrillOutcome::Failed(_));
    match () {
        () if !drilled.left.is_empty() => Exit::Failed,
        () if drilled.stopped => Exit::Interrupted,
        () if !drill.unknown.is_empty() || !drill.nothing_at.is_empty() || drilled.parameters.iter().any(different) => {
            Exit::Difference
        }
        () => Exit::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssmbak_core::name::ParameterName;
    use ssmbak_core::plan::{Field, UnknownName};
    use ssmbak_core::unknown::{ReasonCode, UnknownReason};

    fn name(text: &str) -> ParameterName {
        ParameterName::parse(text).unwrap()
    }

    #[test]
    fn what_became_of_a_drill() {
        let mut drill = Drill::default();
        let mut drilled = DrillResult { parameters: vec![(name("/a"), DrillOutcome::Same)], ..DrillResult::default() };
        insta::assert_snapshot!(lines(&drill, &drilled), @"1 came back as recorded");
        assert_eq!(exit(&drill, &drilled), Exit::Done);
        insta::assert_snapshot!(lines(&drill, &DrillResult::default()), @"there is nothing to drill");

        drilled.parameters.push((name("/b"), DrillOutcome::Different(vec![Field::Value, Field::Tags])));
        assert_eq!(exit(&drill, &drilled), Exit::Difference);
        drilled.parameters.push((name("/c"), DrillOutcome::Failed("no \u{1b}[2J".to_owned())));
        drilled.parameters.push((name("/d"), DrillOutcome::Skipped));
        drill
            .unknown
            .push(UnknownName { name: name("/e"), reason: UnknownReason::new(ReasonCode::Expired, "it is lost") });
        drilled.stopped = true;
        assert_eq!(exit(&drill, &drilled), Exit::Interrupted);
        drilled.left.push(("/newvoll/x".to_owned(), "no".to_owned()));
        assert_eq!(exit(&drill, &drilled), Exit::Failed);
        insta::assert_snapshot!(lines(&drill, &drilled), @r"
        /b: different: Value, Tags
        /c: failed: no \u{1b}[2J
        /e: not known: it is lost
        /newvoll/x: left: no
        1 came back as recorded, 1 different, 1 failed, 1 skipped, 1 not known
        ");
        let report = DrillReport::new(("/", true, "t".to_owned()), "b", "r", "/newvoll/x", &drill, &drilled);
        insta::assert_json_snapshot!(report);
    }

    #[test]
    fn cleaning_names_what_is_left_and_exits_with_3() {
        let names = ["/newvoll/ssmbak/drill-1/000000".to_owned(), "/newvoll/ssmbak/drill-1/000001".to_owned()];
        let clean = CleanReport::new("r", &names, Vec::new());
        assert_eq!((clean.to_string().as_str(), clean.exit()), ("2 deleted", Exit::Done));
        let left = CleanReport::new("r", &names, vec![(names[1].clone(), "AccessDenied".to_owned())]);
        assert_eq!(left.exit(), Exit::Partly);
        assert_eq!(left.to_string(), "/newvoll/ssmbak/drill-1/000001: left: AccessDenied\n1 deleted, 1 left");
        assert_eq!(CleanReport::new("r", &[], Vec::new()).to_string(), "drills left nothing behind");
    }

    #[test]
    fn unknown_alone_is_a_difference() {
        let mut drill = Drill::default();
        drill
            .unknown
            .push(UnknownName { name: name("/e"), reason: UnknownReason::new(ReasonCode::Expired, "it is lost") });
        assert_eq!(exit(&drill, &DrillResult::default()), Exit::Difference);
    }
}
