//! A restore handed to S3 Batch Operations: what goes into which manifest, and what is sent and read.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateJob.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-create-job.html>

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::{ObjectAction, ObjectChange};

/// Batch Operations copies no larger objects: 5 GiB.
pub const LARGEST: u64 = 5 * 1024 * 1024 * 1024;

/// In a manifest keys are URL-encoded; slashes may stay.
const IN_A_MANIFEST: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// What a job sets for all of its objects, so that each combination takes a job of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CopyClass {
    /// The storage class, `None` for STANDARD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// The checksum algorithm, `None` for S3's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
}

/// Who makes a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// A job of this class.
    Job(CopyClass),
    /// Nobody but this program: it is too large for a job.
    Large,
    /// Nobody, before its bytes are asked for.
    Archived,
    /// This program: no job puts delete markers.
    Delete,
}

/// Who makes a change. `storage_class`: asked for in place of the version's own.
pub fn route(change: &ObjectChange, storage_class: Option<&str>) -> Route {
    let version = &change.version;
    if change.action == ObjectAction::Delete {
        Route::Delete
    } else if version.is_out_of_reach() {
        Route::Archived
    } else if version.size > LARGEST {
        Route::Large
    } else {
        let present = change.present.as_ref().and_then(|present| present.storage_class.as_deref());
        let storage_class = super::storage_class_of_copy(storage_class, version.storage_class.as_deref(), present);
        Route::Job(CopyClass { storage_class, checksum: version.checksum.clone() })
    }
}

/// A line of a manifest: `Bucket,Key,VersionId`.
pub fn manifest_row(bucket: &str, change: &ObjectChange) -> String {
    let key = utf8_percent_encode(&change.version.key, IN_A_MANIFEST);
    format!("{bucket},{key},{}\n", change.version.version_id)
}

/// The key and the version id of a line of a manifest, without its line break.
pub fn read_manifest_row(line: &str) -> Option<(String, &str)> {
    let mut fields = line.splitn(3, ',');
    let (_, key, version) = (fields.next()?, fields.next()?, fields.next()?);
    Some((percent_decode_str(key).decode_utf8().ok()?.into_owned(), version))
}

/// What a job has to put in front of each key, so that the tree below `prefix` comes to lie below `to`. A job keeps the
/// whole key, so `to` has to end in `prefix`.
pub fn target_key_prefix<'a>(prefix: &str, to: &'a str) -> Option<&'a str> {
    to.strip_suffix(prefix).filter(|front| front.is_empty() || front.ends_with('/'))
}

/// A file with results of a job, as its report's `manifest.json` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultFile {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
}

/// The files with failed tasks that a report's `manifest.json` names; `None` if it is none.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-examples-reports.html>
pub fn files_of_failed_tasks(json: &[u8]) -> Option<Vec<ResultFile>> {
    let report: serde_json::Value = serde_json::from_slice(json).ok()?;
    let text = |result: &serde_json::Value, name: &str| Some(result.get(name)?.as_str()?.to_owned());
    let failed = report.get("Results")?.as_array()?.iter().filter(|result| {
        let status = result.get("TaskExecutionStatus").and_then(serde_json::Value::as_str);
        status != Some("succeeded")
    });
    failed.map(|result| Some(ResultFile { bucket: text(result, "Bucket")?, key: text(result, "Key")? })).collect()
}

/// A task that failed in a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FailedTask {
    /// The key of the version that was to be copied.
    pub key: String,
    /// Its version id.
    pub version_id: String,
    /// Why it failed, in S3's words.
    pub error: String,
}

/// A line of a file with failed tasks: `Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage`.
pub fn failed_task(line: &str) -> Option<FailedTask> {
    let fields = csv_fields(line);
    let [_, key, version_id, _, code, status, rest @ ..] = fields.as_slice() else { return None };
    // AWS's own examples have the two in either order.
    let (code, status) = if code.parse::<u16>().is_ok() { (status, code) } else { (code, status) };
    let message = rest.join(",");
    let said = [code.as_str(), status.as_str(), message.trim()].into_iter().filter(|text| !text.is_empty());
    Some(FailedTask {
        key: percent_decode_str(key).decode_utf8_lossy().into_owned(),
        version_id: version_id.clone(),
        error: said.collect::<Vec<_>>().join(" "),
    })
}

/// The fields of a line of CSV, without their quotes.
pub(super) fn csv_fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.trim_end_matches(['\r', '\n']).chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if is_quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(std::mem::take(&mut field).trim().to_owned()),
            char => field.push(char),
        }
    }
    fields.push(field.trim().to_owned());
    fields
}

/// A job to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRequest<'a> {
    /// The same token creates the job once.
    pub token: &'a str,
    /// The bucket that is written to.
    pub bucket: &'a str,
    /// What is put in front of each key there.
    pub key_prefix: &'a str,
    /// What it sets for all objects.
    pub class: &'a CopyClass,
    /// The manifest's bucket and key.
    pub manifest: (&'a str, &'a str),
    /// The manifest's ETag.
    pub etag: &'a str,
    /// The bucket and prefix of the report.
    pub report: (&'a str, &'a str),
    /// The role that the job takes.
    pub role: &'a str,
    /// Whether it waits until it is confirmed.
    pub confirm: bool,
    /// What it is for.
    pub description: &'a str,
}

/// The body of CreateJob.
pub fn create_job(job: &JobRequest<'_>) -> String {
    let element = |name: &str, text: &str| format!("<{name}>{}</{name}>", escaped(text));
    let optional =
        |name: &str, text: &Option<String>| text.as_deref().map(|text| element(name, text)).unwrap_or_default();
    // The documentation names a folder without its slash. Were the two only put together, `finish` would find no copy.
    let folder = Some(job.key_prefix.trim_end_matches('/').to_owned()).filter(|folder| !folder.is_empty());
    let copy = [
        element("TargetResource", &format!("arn:aws:s3:::{}", job.bucket)),
        optional("TargetKeyPrefix", &folder),
        element("MetadataDirective", "COPY"),
        optional("StorageClass", &job.class.storage_class),
        optional("ChecksumAlgorithm", &job.class.checksum),
    ]
    .concat();
    let (report_bucket, report_prefix) = job.report;
    let report = [
        element("Bucket", &format!("arn:aws:s3:::{report_bucket}")),
        element("Format", "Report_CSV_20180820"),
        element("Enabled", "true"),
        element("Prefix", report_prefix.trim_end_matches('/')),
        element("ReportScope", "FailedTasksOnly"),
    ]
    .concat();
    let (bucket, key) = job.manifest;
    let fields = ["Bucket", "Key", "VersionId"].map(|field| element("member", field)).concat();
    let manifest = format!(
        "<Spec>{}<Fields>{fields}</Fields></Spec><Location>{}{}</Location>",
        element("Format", "S3BatchOperations_CSV_20180820"),
        element("ObjectArn", &format!("arn:aws:s3:::{bucket}/{key}")),
        element("ETag", job.etag),
    );
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <CreateJobRequest xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\">{}\
         <Operation><S3PutObjectCopy>{copy}</S3PutObjectCopy></Operation><Report>{report}</Report>{}\
         <Manifest>{manifest}</Manifest>{}{}{}</CreateJobRequest>",
        element("ConfirmationRequired", if job.confirm { "true" } else { "false" }),
        element("ClientRequestToken", job.token),
        element("Description", job.description),
        element("Priority", "10"),
        element("RoleArn", job.role),
    )
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobState {
    /// S3's word: `Active`, `Complete`, `Suspended`, …
    pub status: String,
    /// Objects in its manifest.
    pub total: u64,
    /// Copied.
    pub succeeded: u64,
    /// Not copied.
    pub failed: u64,
    /// Why the job as a whole failed, if it did.
    pub reason: Option<String>,
}

impl JobState {
    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "Complete" | "Failed" | "Cancelled")
    }
}

/// The id in the answer to CreateJob.
pub fn job_id(xml: &str) -> Option<&str> {
    element_of(xml, "JobId")
}

/// The answer to DescribeJob.
pub fn job_state(xml: &str) -> Option<JobState> {
    let count = |name| element_of(xml, name).and_then(|text| text.parse().ok()).unwrap_or(0);
    let reason = element_of(xml, "FailureReasons").and_then(|reasons| element_of(reasons, "FailureReason"));
    Some(JobState {
        status: element_of(xml, "Status")?.to_owned(),
        total: count("TotalNumberOfTasks"),
        succeeded: count("NumberOfTasksSucceeded"),
        failed: count("NumberOfTasksFailed"),
        reason: reason.map(str::to_owned),
    })
}

/// What jobs cost, in thousandths of a dollar: 0.25 $ a job, 1 $ a million objects, and 5 $ a million copies
/// (us-east-1, 2026; no storage).
pub fn cost(jobs: u64, objects: u64) -> u64 {
    jobs * 250 + objects.div_ceil(1_000) * 6
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn element_of<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let start = xml.find(&format!("<{name}>"))? + name.len() + 2;
    let rest = xml.get(start..)?;
    rest.get(..rest.find(&format!("</{name}>"))?)
}

/// The policies of the role that jobs take, and of whoever starts and finishes them. `to`: the bucket that is written to.
pub fn role_policy(bucket: &str, to: &str, files: &str) -> serde_json::Value {
    serde_json::json!({
        "Trust": {
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": "batchoperations.s3.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }],
        },
        "Role": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": [
                        "s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:GetObjectVersionTagging",
                        "s3:GetObjectAcl", "s3:GetObjectVersionAcl",
                    ],
                    "Resource": format!("arn:aws:s3:::{bucket}/*"),
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectAcl"],
                    "Resource": format!("arn:aws:s3:::{to}/*"),
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject", "s3:GetObjectVersion"],
                    "Resource": format!("arn:aws:s3:::{files}/*"),
                },
                {"Effect": "Allow", "Action": "s3:PutObject", "Resource": format!("arn:aws:s3:::{files}/*")},
            ],
        },
        "Caller": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": ["s3:CreateJob", "s3:DescribeJob"], "Resource": "*"},
                {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "ROLE"},
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:GetObject"],
                    "Resource": format!("arn:aws:s3:::{files}/*"),
                },
            ],
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn create_job_is_what_s3_expects() {
        let class = CopyClass { storage_class: Some("STANDARD_IA".to_owned()), checksum: Some("CRC32".to_owned()) };
        let job = JobRequest {
            token: "abc",
            bucket: "data",
            key_prefix: "was/",
            class: &class,
            manifest: ("files", "plan/copy-001.csv"),
            etag: "5eb63bbbe01eeed093cb22bb8f5acdc3",
            report: ("files", "report/"),
            role: "arn:aws:iam::111122223333:role/batch",
            confirm: true,
            description: "restore of a & b",
        };
        insta::assert_snapshot!(create_job(&job).replace("><", ">\n<"));
    }

    #[test]
    fn answers_of_jobs_are_read() {
        assert_eq!(job_id("<CreateJobResult><JobId>7-8</JobId></CreateJobResult>"), Some("7-8"));
        let state = job_state(
            "<DescribeJobResult><Job><Status>Complete</Status><ProgressSummary><TotalNumberOfTasks>9</TotalNumberOfTasks>\
             <NumberOfTasksSucceeded>8</NumberOfTasksSucceeded><NumberOfTasksFailed>1</NumberOfTasksFailed>\
             </ProgressSummary></Job></DescribeJobResult>",
        );
        let state = state.unwrap();
        assert!(state.is_over());
        assert_eq!((state.total, state.succeeded, state.failed, state.reason), (9, 8, 1, None));
        assert_eq!(job_state("<html>"), None);
    }

    #[test]
    fn failed_tasks_are_read_from_a_report() {
        let report = r#"{"Format":"Report_CSV_20180820","Results":[
            {"TaskExecutionStatus":"succeeded","Bucket":"f","MD5Checksum":"x","Key":"job-1/results/a.csv"},
            {"TaskExecutionStatus":"failed","Bucket":"f","MD5Checksum":"y","Key":"job-1/results/b.csv"}],
            "ReportSchema":"Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"}"#;
        let file = ResultFile { bucket: "f".to_owned(), key: "job-1/results/b.csv".to_owned() };
        assert_eq!(files_of_failed_tasks(report.as_bytes()), Some(vec![file]));
        assert_eq!(files_of_failed_tasks(b"<html>"), None);
        for line in [
            "b,t/%C3%A4%2C,v1,failed,AccessDenied,403,\"Access denied, \"\"really\"\"\"",
            "b,t/%C3%A4%2C,v1,failed,403,AccessDenied,\"Access denied, \"\"really\"\"\"\r\n",
        ] {
            let task = failed_task(line).unwrap();
            assert_eq!((task.key.as_str(), task.version_id.as_str()), ("t/ä,", "v1"), "{line}");
            assert_eq!(task.error, "AccessDenied 403 Access denied, \"really\"", "{line}");
        }
        assert_eq!(failed_task("no report"), None);
    }

    #[test]
    fn manifest_rows_are_read_as_they_were_written() {
        for key in ["t/ä, \"b\"", "a+b%2F", "/", "\n"] {
            let version = crate::object::ObjectVersion {
                key: key.to_owned(),
                version_id: "v1".to_owned(),
                last_modified: jiff::Timestamp::UNIX_EPOCH,
                is_latest: true,
                is_marker: false,
                size: 1,
                etag: None,
                storage_class: None,
                checksum: None,
                is_rehydrated: false,
            };
            let row = manifest_row("b", &ObjectChange::create(&version));
            assert_eq!(read_manifest_row(row.trim_end()), Some((key.to_owned(), "v1")));
        }
    }

    #[test]
    fn jobs_put_folders_in_front_of_whole_keys() {
        for (prefix, to, expected) in [
            ("", "was/", Some("was/")),
            ("data/", "was/data/", Some("was/")),
            ("data/", "data/", Some("")),
            ("data/", "was/", None),
            ("data/", "wasdata/", None),
        ] {
            assert_eq!(target_key_prefix(prefix, to), expected, "{prefix} {to}");
        }
    }

    #[test]
    fn documented_role_is_the_role_that_is_printed() {
        let page = include_str!("../../../../docs/S3BAK.md");
        let blocks = page.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
        let documented: Vec<serde_json::Value> = blocks.map(|block| serde_json::from_str(block).unwrap()).collect();
        let printed = role_policy("DATA", "DATA", "FILES");
        let parts = ["Trust", "Role", "Caller"].map(|part| printed[part].clone());
        assert_eq!(documented, parts);
    }

    #[test]
    fn billion_copies_cost_about_six_thousand_dollars() {
        assert_eq!(cost(1, 1_000_000_000), 6_000_250);
    }
}
