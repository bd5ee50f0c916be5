//! A log for programs.

use serde::Serialize;
use ssmbak::history::{History, HistoryEntry};
use ssmbak_core::instant::Instant;
use ssmbak_core::record::Evidence;

use super::{LogQuestion, author, number};

/// What `log` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LogReport {
    schema_version: u32,
    path: String,
    recursive: bool,
    bucket: String,
    region: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    entries: Vec<EntryReport>,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct EntryReport {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    operation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    fields: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    masked: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
}

impl LogReport {
    /// The answer to a question.
    pub fn new(question: &LogQuestion<'_>, history: &History, warnings: &[String]) -> Self {
        let text = |instant: Option<Instant>| instant.map(|instant| instant.to_string());
        Self {
            schema_version: 1,
            path: question.paths.join(" "),
            recursive: question.recursive,
            bucket: question.bucket.to_owned(),
            region: question.region.to_owned(),
            since: text(question.since),
            until: text(question.until),
            entries: history.entries.iter().map(|entry| EntryReport::new(entry, question.reveal)).collect(),
            warnings: warnings.to_vec(),
        }
    }
}

impl EntryReport {
    fn new(told: &HistoryEntry, reveal: bool) -> Self {
        let entry = &told.entry;
        // Of a deletion there is no version: what is told is which one ended.
        let came = entry.record.as_ref().filter(|_| !super::is_deletion(entry));
        let kind = entry.record.as_ref().and_then(super::kind);
        let masked = told.value.is_some() && came.is_some() && !reveal && told.secret;
        let value = told.value.as_ref().filter(|_| came.is_some() && !masked);
        Self {
            name: told.name.to_string(),
            time: entry.time.map(|time| time.to_string()),
            operation: entry.operation.as_str(),
            until: entry.until.map(|time| time.to_string()),
            version: entry.record.as_ref().and_then(number),
            r#type: kind.map(|kind| kind.as_str()),
            author: came.and_then(author).map(str::to_owned),
            size: came.map(|record| record.size),
            fields: told.fields.iter().map(|field| field.as_str()).collect(),
            value: value.map(|value| value.expose().to_owned()),
            masked: masked.then_some(true),
            reason: super::reason(told),
            version_id: came
                .filter(|record| matches!(record.evidence, Evidence::Value(_) | Evidence::Legacy(_)))
                .map(|record| record.version_id.clone()),
        }
    }
}
