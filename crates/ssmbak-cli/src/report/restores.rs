//! The restores that were made: for people, and for programs.

use serde::Serialize;
use ssmbak::restore::journal::Restores;
use ssmbak_core::restore_record::{RestoreRecord, RowOutcome};

use super::columns::unbroken;
use super::table::Look;
use crate::ui::text;

/// What `ssmbak restores` prints for programs: the records as they are stored.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RestoresReport<'a> {
    schema_version: u32,
    bucket: &'a str,
    region: &'a str,
    restores: &'a [RestoreRecord],
    warnings: &'a [String],
}

impl<'a> RestoresReport<'a> {
    /// Of a bucket, as seen from a region.
    pub fn new(bucket: &'a str, region: &'a str, found: &'a Restores) -> Self {
        Self { schema_version: 1, bucket, region, restores: &found.restores, warnings: &found.warnings }
    }
}

/// The restores for people.
pub fn table(restores: &[RestoreRecord], look: Look) -> String {
    if restores.is_empty() {
        return "no restore is recorded".to_owned();
    }
    let rows: Vec<_> = restores.iter().map(|record| (None, row(record))).collect();
    unbroken(&["Restore", "State", "What", "Rows", "By"], &rows, look, &[0])
}

fn row(record: &RestoreRecord) -> Vec<String> {
    let question = &record.question;
    let recursive = if question.recursive { " -R" } else { "" };
    let paths = text::line(&question.paths.join(" "));
    let what = match &record.undoes {
        Some(id) => format!("undo {id}"),
        None => format!("{paths}{recursive} as of {}", text::line(&question.at)),
    };
    let outcomes = [(RowOutcome::Done, "done"), (RowOutcome::Failed, "failed"), (RowOutcome::Skipped, "skipped")];
    let mut counts: Vec<String> = outcomes
        .iter()
        .map(|(outcome, word)| (record.count(*outcome), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if counts.is_empty() {
        counts.push(format!("{} begun", record.changes.len()));
    }
    let author = record.author.as_deref().and_then(|arn| arn.rsplit(':').next()).unwrap_or_default();
    vec![record.id.to_string(), record.state.as_str().to_owned(), what, counts.join(", "), text::line(author)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Look = Look { width: Some(140), colours: false, reveal: false };

    fn record(json: &str) -> RestoreRecord {
        RestoreRecord::decode("ssmbak-restore/20260301T130000000Z-4f3a9c", json.as_bytes()).unwrap()
    }

    fn records() -> Vec<RestoreRecord> {
        let head = r#""SchemaVersion":1,"Id":"20260301T130000000Z-4f3a9c","Begun":"2026-03-01T13:00:01Z","Before":"2026-03-01T13:00:00Z","Bucket":"b","Region":"eu-west-1""#;
        let question = r#""Question":{"Paths":["/a/"],"Recursive":true,"At":"2026-01-01T00:00:00Z"}"#;
        vec![
            record(&format!(
                r#"{{{head},"State":"begun",{question},"Undoes":"20260301T120000000Z-000000","Changes":[{{"Action":"create","Name":"/a/b"}}]}}"#
            )),
            record(&format!(
                r#"{{{head},"State":"finished","Author":"arn:aws:sts::123456789012:assumed-role/ops/jo",{question},"Changes":[{{"Action":"create","Name":"/a/b","Outcome":"done"}},{{"Action":"delete","Name":"/a/c","Outcome":"failed","Error":"no"}}]}}"#
            )),
        ]
    }

    #[test]
    fn restores_for_people() {
        insta::assert_snapshot!(table(&records(), PLAIN));
        assert_eq!(table(&[], PLAIN), "no restore is recorded");
    }

    #[test]
    fn an_id_is_whole_on_a_narrow_terminal() {
        let shown = table(&records(), Look { width: Some(80), ..PLAIN });
        assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
        assert_eq!(shown.matches("20260301T130000000Z-4f3a9c ").count(), 2, "{shown}");
    }

    #[test]
    fn a_record_steers_no_terminal() {
        let mut record = records().remove(1);
        record.author = Some("arn:\u{1b}[2J".to_owned());
        record.question.paths = vec!["/\u{1b}[2J".to_owned()];
        assert!(!table(&[record], PLAIN).contains('\u{1b}'));
    }
}
