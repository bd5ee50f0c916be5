//! A log for programs.

use serde::{Serialize, Serializer};
use ssmbak::history::{History, HistoryEntry, Version};
use ssmbak_core::instant::Instant;

use super::LogQuestion;

/// What `log` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LogReport<'a> {
    schema_version: u32,
    path: String,
    recursive: bool,
    bucket: &'a str,
    region: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    entries: Entries<'a>,
    warnings: &'a [String],
}

/// Each change is made into text when it is its turn: there may be a million.
#[derive(Debug)]
struct Entries<'a> {
    history: &'a History,
    reveal: bool,
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.history.entries().map(|entry| EntryReport::new(entry, self.reveal)))
    }
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

impl<'a> LogReport<'a> {
    /// The answer to a question.
    pub fn new(question: &LogQuestion<'a>, history: &'a History, warnings: &'a [String]) -> Self {
        let text = |instant: Option<Instant>| instant.map(|instant| instant.to_string());
        Self {
            schema_version: 1,
            path: question.paths.join(" "),
            recursive: question.recursive,
            bucket: question.bucket,
            region: question.region,
            since: text(question.since),
            until: text(question.until),
            entries: Entries { history, reveal: question.reveal },
            warnings,
        }
    }
}

impl EntryReport {
    fn new(told: &HistoryEntry, reveal: bool) -> Self {
        // Of a deletion there is no version: what is told is which one ended.
        let came = told.version().filter(|_| !super::is_deletion(told));
        let (value, secret) = told.values().map_or((None, false), |values| (values.after.as_ref(), values.secret));
        let value = value.filter(|_| came.is_some());
        let masked = value.is_some() && !reveal && secret;
        Self {
            name: told.name().to_string(),
            time: told.time().map(|time| time.to_string()),
            operation: told.operation().as_str(),
            until: told.until().map(|time| time.to_string()),
            version: told.version().and_then(Version::number),
            r#type: told.version().and_then(Version::parameter_type).map(|kind| kind.as_str()),
            author: came.and_then(Version::author).map(str::to_owned),
            size: came.map(Version::size),
            fields: told.fields().map(|field| field.as_str()).collect(),
            value: value.filter(|_| !masked).map(|value| value.expose().to_owned()),
            masked: masked.then_some(true),
            reason: told.reason().map(str::to_owned),
            version_id: came
                .filter(|version| version.parameter_type().is_some())
                .map(|version| version.id().to_owned()),
        }
    }
}
