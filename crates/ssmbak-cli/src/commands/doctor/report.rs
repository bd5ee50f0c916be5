//! How findings look: one line a check, and what to do below it; for programs, one object.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use ssmbak_stack::doctor::{Finding, Status};

use crate::error::CliError;
use crate::ui::{Ui, text};

pub(super) fn print(
    stack: &str,
    region: &str,
    bucket: Option<&str>,
    findings: &[Finding],
    ui: &Ui,
) -> Result<(), CliError> {
    if ui.is_json() {
        ui.json(&DoctorReport {
            schema_version: 1,
            stack,
            region,
            bucket,
            findings: findings.iter().map(FindingReport::of).collect(),
        })
    } else {
        ui.result(&table(findings, ui.colours_results()))?;
        ui.remark(&summary(findings));
        Ok(())
    }
}

/// The findings for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct DoctorReport<'a> {
    schema_version: u32,
    stack: &'a str,
    region: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<&'a str>,
    findings: Vec<FindingReport<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct FindingReport<'a> {
    check: &'a str,
    status: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

impl<'a> FindingReport<'a> {
    fn of(finding: &'a Finding) -> Self {
        let Finding { check, status, message, hint, .. } = finding;
        Self { check, status: status.as_str(), message, hint: hint.as_deref() }
    }
}

fn table(findings: &[Finding], colours: bool) -> String {
    let width = findings.iter().map(|finding| finding.check.len()).max().unwrap_or(0);
    let mut table = String::new();
    for finding in findings {
        let (word, style) = (finding.status.as_str(), style(finding.status));
        let padding = " ".repeat("problem".len() - word.len());
        let word = if colours { format!("{style}{word}{style:#}") } else { word.to_owned() };
        // Writing to a string does not fail.
        let _ = writeln!(table, "{word}{padding}  {:width$}  {}", finding.check, text::line(&finding.message));
        if let Some(hint) = &finding.hint {
            let _ = writeln!(table, "{:indent$}{}", "", text::line(hint), indent = width + 11);
        }
    }
    table
}

fn style(status: Status) -> Style {
    match status {
        Status::Ok => AnsiColor::Green.on_default(),
        Status::Warning | Status::Unknown => AnsiColor::Yellow.on_default(),
        Status::Problem => AnsiColor::Red.on_default().bold(),
    }
}

fn summary(findings: &[Finding]) -> String {
    let counted = [(Status::Problem, "wrong"), (Status::Warning, "to look at"), (Status::Unknown, "not known")];
    let count = |status| findings.iter().filter(|finding| finding.status == status).count();
    let parts = counted.iter().map(|(status, word)| (count(*status), word)).filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(count, word)| format!("{count} {word}")).collect();
    if parts.is_empty() { "all checks passed".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Vec<Finding> {
        vec![
            Finding::ok("Stack", "UPDATE_COMPLETE"),
            Finding::problem("DeadLetters", "2 changes\u{1b}[31m that could not be recorded", "redrive them"),
            Finding::unknown("Rule", "not allowed to look"),
        ]
    }

    #[test]
    fn one_line_a_check() {
        insta::assert_snapshot!(table(&findings(), false), @r"
        ok       Stack        UPDATE_COMPLETE
        problem  DeadLetters  2 changes\u{1b}[31m that could not be recorded
                              redrive them
        unknown  Rule         not allowed to look
        ");
        assert!(table(&findings(), true).starts_with("\u{1b}[32mok\u{1b}[0m "));
        assert_eq!(summary(&findings()), "1 wrong, 1 not known");
        assert_eq!(summary(&findings()[..1]), "all checks passed");
    }

    #[test]
    fn one_object_for_programs() {
        let findings = findings();
        let report = DoctorReport {
            schema_version: 1,
            stack: "demo",
            region: "eu-west-1",
            bucket: None,
            findings: findings[..2].iter().map(FindingReport::of).collect(),
        };
        insta::assert_json_snapshot!(report, @r#"
        {
          "SchemaVersion": 1,
          "Stack": "demo",
          "Region": "eu-west-1",
          "Findings": [
            {
              "Check": "Stack",
              "Status": "ok",
              "Message": "UPDATE_COMPLETE"
            },
            {
              "Check": "DeadLetters",
              "Status": "problem",
              "Message": "2 changes\u001b[31m that could not be recorded",
              "Hint": "redrive them"
            }
          ]
        }
        "#);
    }
}
