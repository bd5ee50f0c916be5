//! S3 Control: batch jobs that copy what their manifest lists, and report what they could not.

use super::answer::{Answer, element};
use super::object::is_archived;
use super::request::{Request, decoded};
use super::store::{Job, Store, StoredObject, md5_hex};

pub(super) fn answer(store: &mut Store, request: &Request, now: u64) -> Answer {
    if request.header("x-amz-account-id").is_none() {
        return Answer::error(400, "BadRequestException");
    }
    if request.method == "POST" {
        return create(store, &String::from_utf8_lossy(&request.body), now);
    }
    let id = request.key.strip_prefix("jobs/").unwrap_or_default();
    let Some(job) = store.jobs.values().find(|job| job.id == id) else {
        return Answer::error(404, "NotFoundException");
    };
    let (status, total) = (if job.reason.is_some() { "Failed" } else { "Complete" }, job.succeeded + job.failed);
    let (succeeded, failed) = (job.succeeded, job.failed);
    let reason = job.reason.map(|reason| {
        format!("<FailureReasons><member><FailureReason>{reason}</FailureReason></member></FailureReasons>")
    });
    Answer::xml(format!(
        "<DescribeJobResult><Job><JobId>{id}</JobId><Status>{status}</Status><ProgressSummary>\
         <TotalNumberOfTasks>{total}</TotalNumberOfTasks><NumberOfTasksSucceeded>{succeeded}</NumberOfTasksSucceeded>\
         <NumberOfTasksFailed>{failed}</NumberOfTasksFailed></ProgressSummary>{}</Job></DescribeJobResult>",
        reason.unwrap_or_default()
    ))
}

fn create(store: &mut Store, text: &str, now: u64) -> Answer {
    let (Some(token), Some(_role)) = (element(text, "ClientRequestToken"), element(text, "RoleArn")) else {
        return Answer::error(400, "BadRequestException");
    };
    let id = match store.jobs.get(token) {
        Some(job) => job.id.clone(),
        None => {
            let id = store.next_id();
            let job = run(store, text, &id, now);
            store.jobs.insert(token.to_owned(), job);
            id
        }
    };
    Answer::xml(format!("<CreateJobResult><JobId>{id}</JobId></CreateJobResult>"))
}

/// Executes the manifest.
fn run(store: &mut Store, text: &str, id: &str, now: u64) -> Job {
    let mut job = Job { id: id.to_owned(), request: text.to_owned(), succeeded: 0, failed: 0, reason: None };
    let arn = |name: &str| element(text, name).and_then(|arn| arn.strip_prefix("arn:aws:s3:::")).unwrap_or_default();
    let manifest = arn("ObjectArn").split_once('/').and_then(|(bucket, key)| store.current(bucket, key));
    let Some(manifest) = manifest.filter(|manifest| Some(manifest.etag.as_str()) == element(text, "ETag")) else {
        job.reason = Some("Manifest is not found or has another ETag");
        return job;
    };
    let target = arn("TargetResource").to_owned();
    let class = element(text, "StorageClass");
    let folder = element(text, "TargetKeyPrefix").map(|folder| format!("{folder}/")).unwrap_or_default();
    let mut report = String::new();
    for line in String::from_utf8_lossy(&manifest.body).lines() {
        let mut fields = line.splitn(3, ',');
        let (Some(bucket), Some(encoded), Some(version)) = (fields.next(), fields.next(), fields.next()) else {
            job.reason = Some("Manifest has a line of another form");
            return job;
        };
        let key = decoded(encoded, false);
        let source = store.find(bucket, &key, Some(version)).and_then(|version| version.object.clone());
        let refused = store.protected.contains(&key);
        match source.filter(|source| !is_archived(source) && !refused) {
            Some(source) => {
                let mut headers = source.headers;
                headers.retain(|name, _| {
                    name.starts_with("content-") || name.starts_with("x-amz-meta-") || name == "x-amz-tagging"
                });
                headers.extend(class.map(|class| ("x-amz-storage-class".to_owned(), class.to_owned())));
                let copy = StoredObject { etag: md5_hex(&source.body), body: source.body, headers };
                store.put(&target, &format!("{folder}{key}"), copy, now);
                job.succeeded += 1;
            }
            None => {
                report.push_str(&format!("{bucket},{encoded},{version},failed,AccessDenied,403,Access denied\n"));
                job.failed += 1;
            }
        }
    }
    let prefix = element(text, "Prefix").unwrap_or_default();
    let report_bucket = element(text, "Report").and_then(|report| element(report, "Bucket")).unwrap_or_default();
    let report_bucket = report_bucket.strip_prefix("arn:aws:s3:::").unwrap_or_default().to_owned();
    let mut results = String::new();
    if job.failed > 0 {
        let name = format!("{prefix}/job-{id}/results/failed.csv");
        let sum = md5_hex(report.as_bytes());
        results = format!(
            "{{\"TaskExecutionStatus\":\"failed\",\"Bucket\":\"{report_bucket}\",\"MD5Checksum\":\"{sum}\",\"Key\":\"{name}\"}}"
        );
        let object = StoredObject::new(report.into_bytes().into(), Default::default());
        store.put(&report_bucket, &name, object, now);
    }
    let listed = format!(
        "{{\"Format\":\"Report_CSV_20180820\",\"ReportCreationDate\":\"2019-04-05T17:48:39.725Z\",\"Results\":[{results}],\
         \"ReportSchema\":\"Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage\"}}"
    );
    let object = StoredObject::new(listed.into_bytes().into(), Default::default());
    store.put(&report_bucket, &format!("{prefix}/job-{id}/manifest.json"), object, now);
    job
}
