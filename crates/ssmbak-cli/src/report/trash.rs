//! The trash: deleted parameters, for people and for programs.

use comfy_table::Color;
use jiff::Timestamp;
use serde::Serialize;
use ssmbak::trash::{DeletedParameter, Lifecycle, Trash};
use ssmbak_core::compare::Attributes;
use ssmbak_core::record::Evidence;
use ssmbak_core::trash::{Deleted, Last};

use super::columns::{Row, count, fitting};
use super::short_time;
use super::table::Look;
use crate::ui::text;

/// What `trash` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TrashReport {
    schema_version: u32,
    path: String,
    bucket: String,
    region: String,
    parameters: Vec<TrashedReport>,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TrashedReport {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_before: Option<String>,
    evidence: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stays_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl TrashReport {
    /// Of what is gone at these paths; what the lifecycle does is known if it may be looked at.
    pub fn new(
        paths: &[String],
        (bucket, region): (&str, &str),
        trash: &Trash,
        lifecycle: Option<&Lifecycle>,
        warnings: &[String],
    ) -> Self {
        Self {
            schema_version: 1,
            path: paths.join(" "),
            bucket: bucket.to_owned(),
            region: region.to_owned(),
            parameters: trash.parameters.iter().map(|trashed| TrashedReport::new(trashed, lifecycle)).collect(),
            warnings: warnings.to_vec(),
        }
    }
}

impl TrashedReport {
    fn new(trashed: &DeletedParameter, lifecycle: Option<&Lifecycle>) -> Self {
        let text = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let (deleted, after, before) = match trashed.gone.deleted {
            Deleted::At(at) => (Some(at), None, None),
            Deleted::Between { after, before } => (None, after, before),
        };
        let (record, since, reason) = match &trashed.gone.last {
            Last::Known { record, since } => (Some(record), Some(*since), None),
            Last::Unknown(reason) => (None, None, Some(reason.to_string())),
        };
        let version = record.and_then(|record| match &record.evidence {
            Evidence::Value(value) => Some(value.details.version),
            _ => None,
        });
        Self {
            name: trashed.name.to_string(),
            deleted: text(deleted),
            deleted_after: text(after),
            deleted_before: text(before),
            evidence: trashed.gone.evidence.as_str(),
            r#type: record.and_then(|record| Some(Attributes::of_record(record)?.parameter_type.as_str())),
            version,
            size: record.map(|record| record.size),
            modified: text(since),
            version_id: record.map(|record| record.version_id.clone()),
            stays_until: text(stays_until(trashed, lifecycle)),
            reason,
        }
    }
}

fn stays_until(trashed: &DeletedParameter, lifecycle: Option<&Lifecycle>) -> Option<Timestamp> {
    lifecycle?.stays_until(trashed.name.key(), trashed.noncurrent?)
}

/// One line a parameter, the last deletion last.
pub fn table(trash: &Trash, lifecycle: Option<&Lifecycle>, look: Look) -> String {
    if trash.parameters.is_empty() {
        return "nothing is in the trash".to_owned();
    }
    let mut parameters: Vec<&DeletedParameter> = trash.parameters.iter().collect();
    parameters.sort_by_key(|trashed| trashed.gone.deleted.latest().unwrap_or(Timestamp::MAX));
    let rows: Vec<_> = parameters
        .into_iter()
        .map(|trashed| {
            let report = TrashedReport::new(trashed, lifecycle);
            let short = |time: Timestamp| short_time(time);
            let when = match trashed.gone.deleted {
                Deleted::At(at) => short(at),
                Deleted::Between { after: Some(after), before: Some(before) } => {
                    format!("{} – {}", short(after), short(before))
                }
                Deleted::Between { after: None, before: Some(before) } => format!("before {}", short(before)),
                Deleted::Between { after: Some(after), before: None } => format!("after {}", short(after)),
                Deleted::Between { after: None, before: None } => String::new(),
            };
            let (known, colour) = match &report.reason {
                None => (true, Color::DarkGreen),
                Some(_) => (false, Color::DarkMagenta),
            };
            let cells = vec![
                report.name,
                when,
                report.evidence.to_owned(),
                report.r#type.unwrap_or_default().to_owned(),
                report.version.map(|version| version.to_string()).unwrap_or_default(),
                report.size.map(|size| format!("{size} B")).unwrap_or_default(),
                match (known, stays_until(trashed, lifecycle)) {
                    (true, Some(until)) => format!("until {}", until.strftime("%Y-%m-%d")),
                    (true, None) => "yes".to_owned(),
                    (false, _) => format!("no: {}", text::line(report.reason.as_deref().unwrap_or_default())),
                },
            ];
            (Some(colour), cells)
        })
        .collect();
    let header = ["Name", "Deleted", "Evidence", "Type", "Version", "Size", "Restorable"];
    let narrow: Vec<Row> = rows.iter().map(stacked).collect();
    let shown = fitting(&header, &rows, look, (&["Name", "Deleted", "Restorable"], &narrow));
    format!("{shown}{}", count(rows.len(), "parameter"))
}

/// A row in three cells.
fn stacked((colour, cells): &Row) -> Row {
    let cell = |at: usize| cells.get(at).cloned().unwrap_or_default();
    let version = Some(cell(4)).filter(|version| !version.is_empty()).map(|version| format!("version {version}"));
    let last: Vec<String> =
        [Some(cell(3)), version, Some(cell(5))].into_iter().flatten().filter(|text| !text.is_empty()).collect();
    let below = |top: String, below: String| if below.is_empty() { top } else { format!("{top}\n{below}") };
    let deleted = below(cell(1).replace(" – ", " –\n"), cell(2));
    (*colour, vec![below(cell(0), last.join(", ")), deleted, cell(6)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssmbak::trash::LifecycleRule;
    use ssmbak_core::name::ParameterName;
    use ssmbak_core::parameter::{Description, ParameterType};
    use ssmbak_core::record::{LegacyRecord, Record};
    use ssmbak_core::trash::{Gone, GoneBy};
    use ssmbak_core::unknown::{ReasonCode, UnknownReason};

    fn at(clock: &str) -> Timestamp {
        format!("2026-03-01T{clock}Z").parse().unwrap()
    }

    fn trashed(name: &str, deleted: Deleted, evidence: GoneBy, last: Option<u64>) -> DeletedParameter {
        let record = |size| Record {
            version_id: "v1".to_owned(),
            last_modified: at("10:00:00"),
            is_latest: false,
            size,
            evidence: Evidence::Legacy(LegacyRecord {
                time: at("10:00:00"),
                parameter_type: ParameterType::SecureString,
                description: Description::default(),
            }),
        };
        let last = match last {
            Some(size) => Last::Known { record: Box::new(record(size)), since: at("10:00:00") },
            None => Last::Unknown(UnknownReason::new(ReasonCode::Expired, "its value was\u{1b} lost")),
        };
        let gone = Gone { deleted, evidence, last };
        DeletedParameter { name: ParameterName::parse(name).unwrap(), gone, noncurrent: Some(at("12:00:00")) }
    }

    fn trash() -> Trash {
        let between = |after, before| Deleted::Between { after, before };
        Trash {
            parameters: vec![
                trashed("/a/found", between(Some(at("11:00:00")), Some(at("12:00:00"))), GoneBy::FoundMissing, Some(7)),
                trashed("/a/lost", Deleted::At(at("09:00:00")), GoneBy::Recorded, None),
                trashed("/a/now", between(Some(at("11:00:00")), None), GoneBy::MissingNow, Some(9)),
                trashed("/a/told", Deleted::At(at("11:30:00")), GoneBy::Recorded, Some(8)),
            ],
            ..Trash::default()
        }
    }

    #[test]
    fn the_trash_for_people_and_for_programs() {
        let lifecycle = Lifecycle { rules: vec![LifecycleRule { prefix: String::new(), days: 30 }] };
        let look = Look { width: Some(150), colours: false, reveal: false };
        let shown = table(&trash(), Some(&lifecycle), look);
        assert!(!shown.contains('\u{1b}'));
        insta::assert_snapshot!(shown);
        let paths = ["/a/".to_owned()];
        insta::assert_json_snapshot!(TrashReport::new(
            &paths,
            ("backup", "eu-west-1"),
            &trash(),
            Some(&lifecycle),
            &[]
        ));
        assert!(table(&trash(), None, look).contains(" yes\n"));
        assert_eq!(table(&Trash::default(), None, look), "nothing is in the trash");
    }
}
