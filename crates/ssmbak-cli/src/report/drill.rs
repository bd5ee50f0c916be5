//! What became of a restore drill: for people, for programs, and as an exit code.

use serde::Serialize;
use ssmbak::drill::{CameBack, Drill, Drilled};

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
    unknown: Vec<ReasonReport>,
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
        drilled: &Drilled,
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
            unknown: drill.unknown.iter().map(|row| reason(row.name.to_string(), &row.reason)).collect(),
            left: drilled.left.iter().map(|(name, why)| reason(name.clone(), why)).collect(),
            warnings: drill.warnings.clone(),
        }
    }
}

impl RowReport {
    fn new(name: String, back: &CameBack) -> Self {
        let (result, fields, error) = match back {
            CameBack::Same => ("same", Vec::new(), None),
            CameBack::Different(fields) => ("different", fields.iter().map(|field| field.as_str()).collect(), None),
            CameBack::Failed(why) => ("failed", Vec::new(), Some(why.clone())),
            CameBack::Skipped => ("skipped", Vec::new(), None),
        };
        Self { name, result, fields, error }
    }
}

/// The drill for people: what did not come back as it was, and the sum.
pub fn lines(drill: &Drill, drilled: &Drilled) -> String {
    let mut shown = String::new();
    let mut counts = [0_usize; 4];
    for (name, back) in &drilled.parameters {
        let (place, told) = match back {
            CameBack::Same => (0, None),
            CameBack::Different(fields) => {
                let fields: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
                (1, Some(format!("different: {}", fields.join(", "))))
            }
            CameBack::Failed(why) => (2, Some(format!("failed: {}", text::line(why)))),
            CameBack::Skipped => (3, None),
        };
        counts[place] += 1;
        if let Some(told) = told {
            shown.push_str(&format!("{name}: {told}\n"));
        }
    }
    for unknown in &drill.unknown {
        shown.push_str(&format!("{}: not known: {}\n", unknown.name, text::line(&unknown.reason)));
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

/// 1 if something is left behind, 130 if it was stopped, 4 if something would not come back as it was, else 0.
pub fn exit(drill: &Drill, drilled: &Drilled) -> Exit {
    let different = |(_, back): &(_, CameBack)| matches!(back, CameBack::Different(_) | CameBack::Failed(_));
    match () {
        () if !drilled.left.is_empty() => Exit::Failed,
        () if drilled.stopped => Exit::Interrupted,
        () if !drill.unknown.is_empty() || drilled.parameters.iter().any(different) => Exit::Difference,
        () => Exit::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssmbak_core::name::ParameterName;
    use ssmbak_core::plan::{Field, UnknownName};

    fn name(text: &str) -> ParameterName {
        ParameterName::parse(text).unwrap()
    }

    #[test]
    fn what_became_of_a_drill() {
        let mut drill = Drill::default();
        let mut drilled = Drilled { parameters: vec![(name("/a"), CameBack::Same)], ..Drilled::default() };
        insta::assert_snapshot!(lines(&drill, &drilled), @"1 came back as recorded");
        assert_eq!(exit(&drill, &drilled), Exit::Done);
        insta::assert_snapshot!(lines(&drill, &Drilled::default()), @"there is nothing to drill");

        drilled.parameters.push((name("/b"), CameBack::Different(vec![Field::Value, Field::Tags])));
        assert_eq!(exit(&drill, &drilled), Exit::Difference);
        drilled.parameters.push((name("/c"), CameBack::Failed("no \u{1b}[2J".to_owned())));
        drilled.parameters.push((name("/d"), CameBack::Skipped));
        drill.unknown.push(UnknownName { name: name("/e"), reason: "it is lost".to_owned() });
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
    fn unknown_alone_is_a_difference() {
        let mut drill = Drill::default();
        drill.unknown.push(UnknownName { name: name("/e"), reason: "it is lost".to_owned() });
        assert_eq!(exit(&drill, &Drilled::default()), Exit::Difference);
    }
}
