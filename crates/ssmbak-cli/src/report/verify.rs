//! What a comparison of the bucket with Parameter Store found, as it is shown.

use std::collections::BTreeMap;

use comfy_table::Color;
use serde::Serialize;
use ssmbak::Error;
use ssmbak::verify::Verification;
use ssmbak_core::name::ParameterName;
use ssmbak_core::verify::{Finding, FindingKind};

use super::columns::{columns, count};
use super::table::Look;
use crate::exit::Exit;
use crate::ui::text;

/// What `verify` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct VerifyReport {
    schema_version: u32,
    bucket: String,
    region: String,
    path: String,
    findings: Vec<FindingReport>,
    verified: usize,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct FindingReport {
    name: String,
    finding: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    repaired: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// What a repair did: what was found after it, and which names failed.
#[derive(Debug, Default)]
pub struct Repair {
    /// What is left.
    pub left: Verification,
    /// The names that could not be checked or recorded.
    pub failed: BTreeMap<ParameterName, Error>,
}

impl VerifyReport {
    /// What was found at these paths, and what became of it if it was to be repaired.
    pub fn new(
        paths: &[String],
        (bucket, region): (&str, &str),
        found: &Verification,
        repair: Option<&Repair>,
        warnings: Vec<String>,
    ) -> Self {
        let mut findings: Vec<FindingReport> =
            found.findings.iter().map(|(name, finding)| FindingReport::new(name, finding, repair)).collect();
        // What a repair brings to light.
        for (name, finding) in repair.iter().flat_map(|repair| &repair.left.findings) {
            if !found.findings.iter().any(|(known, other)| known == name && other.kind == finding.kind) {
                findings.push(FindingReport::new(name, finding, repair));
            }
        }
        findings.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            schema_version: 1,
            bucket: bucket.to_owned(),
            region: region.to_owned(),
            path: paths.join(" "),
            findings,
            verified: repair.map_or(found.verified, |repair| repair.left.verified),
            warnings,
        }
    }

    /// How the command ends.
    pub fn exit(&self) -> Exit {
        let left = |finding: &&FindingReport| finding.repaired != Some(true);
        match (self.findings.iter().any(|finding| finding.error.is_some()), self.findings.iter().any(|f| left(&f))) {
            (true, _) => Exit::Partly,
            (false, true) => Exit::Difference,
            (false, false) => Exit::Done,
        }
    }

    /// Whether there is something that a repair may put right.
    pub fn may_be_repaired(&self) -> bool {
        let unreadable = FindingKind::Unreadable.as_str();
        self.findings.iter().any(|finding| finding.repaired.is_none() && finding.finding != unreadable)
    }

    /// One line a finding, and the sum.
    pub fn table(&self, look: Look) -> String {
        let rows: Vec<_> = self
            .findings
            .iter()
            .map(|finding| {
                let outcome = match (&finding.error, finding.repaired) {
                    (Some(error), _) => format!("\nnot repaired: {}", text::line(error)),
                    (None, Some(true)) => "\nrepaired".to_owned(),
                    (None, Some(false)) => "\ncannot be repaired".to_owned(),
                    (None, None) => String::new(),
                };
                let colour = if finding.repaired == Some(true) { Color::DarkGreen } else { Color::DarkYellow };
                let message = format!("{}{outcome}", text::line(&finding.message));
                (Some(colour), vec![finding.finding.to_owned(), text::line(&finding.name), message])
            })
            .collect();
        let left = self.findings.iter().filter(|finding| finding.repaired != Some(true)).count();
        let step = format!("{} in sync", count(self.verified, "parameter"));
        let sum = if left == 0 { step } else { format!("{}; {step}", count(left, "finding")) };
        if rows.is_empty() { sum } else { format!("{}{sum}", columns(&["Finding", "Name", "What"], &rows, look)) }
    }
}

impl FindingReport {
    fn new(name: &str, finding: &Finding, repair: Option<&Repair>) -> Self {
        let tried = repair.filter(|_| finding.kind.may_be_repaired());
        let failed = tried.and_then(|repair| repair.failed.iter().find(|(failed, _)| failed.as_str() == name));
        let left = |repair: &Repair| repair.left.findings.iter().any(|(n, f)| n == name && f.kind == finding.kind);
        Self {
            name: name.to_owned(),
            finding: finding.kind.as_str(),
            message: finding.message.clone(),
            repaired: tried.map(|repair| !left(repair)),
            error: failed.filter(|_| tried.is_some_and(left)).map(|(_, error)| error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssmbak::ErrorKind;

    fn finding(name: &str, kind: FindingKind, message: &str) -> (String, Finding) {
        (name.to_owned(), Finding { kind, message: message.to_owned() })
    }

    fn found() -> Verification {
        Verification {
            findings: vec![
                finding("/a/gap", FindingKind::Gap, "version 2 was never recorded"),
                finding("/a/key", FindingKind::Stale, "Parameter Store has version 3"),
                finding("/a/new", FindingKind::Missing, "nothing is recorded about it"),
                finding("stran/ger\u{1b}", FindingKind::Unreadable, "its key is no name"),
            ],
            verified: 7,
            ..Verification::default()
        }
    }

    fn repair() -> Repair {
        let left = Verification { findings: found().findings, verified: 8, ..Verification::default() };
        let left =
            Verification { findings: left.findings.into_iter().filter(|(n, _)| n != "/a/new").collect(), ..left };
        let error = Error::new(ErrorKind::KeyUnusable, "cannot decrypt");
        Repair { left, failed: BTreeMap::from([(ParameterName::parse("/a/key").unwrap(), error)]) }
    }

    fn report(repair: Option<&Repair>) -> VerifyReport {
        VerifyReport::new(&["/".to_owned()], ("backup", "eu-west-1"), &found(), repair, vec![])
    }

    const LOOK: Look = Look { width: Some(100), colours: false, reveal: false };

    #[test]
    fn findings_are_told_and_decide_the_exit_code() {
        let told = report(None);
        assert_eq!(told.exit(), Exit::Difference);
        assert!(told.may_be_repaired());
        insta::assert_snapshot!(told.table(LOOK));
        let in_step = Verification { verified: 3, ..Verification::default() };
        let told = VerifyReport::new(&["/".to_owned()], ("b", "r"), &in_step, None, vec![]);
        assert_eq!((told.exit(), told.table(LOOK).as_str()), (Exit::Done, "3 parameters in sync"));
    }

    #[test]
    fn a_repair_says_what_it_put_right() {
        let told = report(Some(&repair()));
        assert_eq!(told.exit(), Exit::Partly);
        insta::assert_snapshot!(told.table(LOOK));
        insta::assert_json_snapshot!(told);
        let nothing_failed = Repair { failed: BTreeMap::new(), ..repair() };
        assert_eq!(report(Some(&nothing_failed)).exit(), Exit::Difference);
        let all_well = Repair {
            left: Verification { findings: vec![], verified: 11, ..Verification::default() },
            ..Repair::default()
        };
        let mut only = found();
        only.findings.pop();
        let told = VerifyReport::new(&["/".to_owned()], ("b", "r"), &only, Some(&all_well), vec![]);
        assert_eq!(told.exit(), Exit::Done);
    }
}
