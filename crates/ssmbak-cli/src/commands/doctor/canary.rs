//! A canary: a parameter that is created, changed and deleted, to see how long the pipeline takes to record it.

use std::cell::Cell;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

use aws_sdk_ssm::types::ParameterType;
use ssmbak::bucket::{BackupBucket as _, Keys, S3BackupBucket, describe_versions};
use ssmbak::{Error, ErrorKind};
use ssmbak_core::record::{Evidence, Record};
use ssmbak_stack::doctor::Finding;

use crate::aws::Aws;
use crate::context::Context;
use crate::error::CliError;

/// The name of the check.
pub(super) const CHECK: &str = "Canary";
/// The name of the check of the vault.
pub(super) const REPLICA_CHECK: &str = "CanaryReplica";
/// What the names of all canaries begin with.
const PREFIX: &str = "/newvoll/ssmbak/canary-";

/// A canary and what it takes.
pub(super) struct Canary {
    ssm: aws_sdk_ssm::Client,
    s3: aws_sdk_s3::Client,
    bucket_name: String,
    bucket: S3BackupBucket,
    name: String,
    timeout: Duration,
    /// Between two looks.
    pause: Duration,
    /// Whether there may be a parameter that has to go.
    lives: Cell<bool>,
}

/// Why the canary did not come to its end.
enum Silence {
    /// Something was not recorded in time.
    TimedOut(&'static str),
    /// S3 has given up copying it into the vault, or never tried.
    NotCopied(&'static str),
    /// AWS refused a call.
    Failed(Error),
}

impl From<Error> for Silence {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Canary {
    pub(super) fn new(aws: &Aws, bucket: &str, timeout: Duration) -> Self {
        // The standard library's only source of chance; nothing depends on it but that no two canaries meet.
        let chance = RandomState::new().build_hasher().finish();
        let emulated = aws.is_emulated("S3");
        Self {
            ssm: aws.ssm(),
            s3: aws.s3(),
            bucket_name: bucket.to_owned(),
            bucket: aws.bucket(bucket),
            name: format!("{PREFIX}{chance:016x}"),
            timeout,
            pause: Duration::from_millis(if emulated { 50 } else { 1_000 }),
            lives: Cell::new(false),
        }
    }

    /// Sends it through the pipeline. Whatever happens, the parameter is gone in the end.
    pub(super) async fn sing(&self, ctx: &mut Context<'_>) -> Result<Finding, CliError> {
        let progress = ctx.ui.progress(0, "waiting for the canary to be recorded");
        let outcome = tokio::select! {
            outcome = self.live() => Ok(outcome),
            () = ctx.interrupts.next() => Err(CliError::interrupted()),
        };
        drop(progress);
        if self.lives.get()
            && let Err(error) = ctx.until_interrupted(self.delete()).await
        {
            ctx.ui.warning(&format!("the parameter {} is still there, delete it: {error}", self.name));
        }
        Ok(finding(outcome?, self.timeout))
    }

    /// Waits until S3 has copied all that the canary left into the vault.
    pub(super) async fn await_replicas(&self, ctx: &mut Context<'_>) -> Result<Finding, CliError> {
        let progress = ctx.ui.progress(0, "waiting for the canary to arrive in the vault");
        let outcome = tokio::select! {
            outcome = self.replicated() => Ok(outcome),
            () = ctx.interrupts.next() => Err(CliError::interrupted()),
        };
        drop(progress);
        Ok(replica_finding(outcome?, self.timeout))
    }

    /// How long that took; an error names what S3 says of a copy that cannot be made.
    async fn replicated(&self) -> Result<Duration, Silence> {
        let begun = Instant::now();
        let listed = self.bucket.versions(Keys::One(&self.name)).await?;
        // A delete marker has no status that could be read.
        for version in listed.iter().filter(|version| !version.is_marker) {
            loop {
                let head = self.s3.head_object().bucket(&self.bucket_name).key(&version.key);
                let head = head.version_id(&version.version_id).send().await;
                let head =
                    head.map_err(|error| Error::from_sdk("look at a replica's status (s3:GetObjectVersion)", &error))?;
                match head.replication_status().map(|status| status.as_str()) {
                    Some("COMPLETED" | "COMPLETE") => break,
                    Some("PENDING") => {}
                    Some("FAILED") => return Err(Silence::NotCopied("could not be copied into the vault")),
                    _ => return Err(Silence::NotCopied("is not replicated: no rule of the bucket is about it")),
                }
                if begun.elapsed() + self.pause > self.timeout {
                    return Err(Silence::TimedOut("what it left"));
                }
                tokio::time::sleep(self.pause).await;
            }
        }
        Ok(begun.elapsed())
    }

    /// Created, changed, deleted: how long it took to record each.
    async fn live(&self) -> Result<[Duration; 3], Silence> {
        self.put("1", false).await?;
        let created = self.await_record("its creation", |evidence| is_version(evidence, 1)).await?;
        self.put("2", true).await?;
        let changed = self.await_record("its change", |evidence| is_version(evidence, 2)).await?;
        self.delete().await?;
        let deleted = self.await_record("its deletion", |evidence| matches!(evidence, Evidence::Tombstone(_))).await?;
        Ok([created, changed, deleted])
    }

    async fn put(&self, value: &str, overwrite: bool) -> Result<(), Error> {
        // Before the call: one whose answer is lost may have made it all the same.
        self.lives.set(true);
        let put = self.ssm.put_parameter().name(&self.name).value(value).r#type(ParameterType::String);
        let put = put.description("A test of ssmbak doctor, which deletes it").overwrite(overwrite);
        put.send().await.map_err(|error| {
            let task = format!("write the parameter {} (ssm:PutParameter)", self.name);
            Error::from_sdk(&task, &error)
        })?;
        Ok(())
    }

    async fn delete(&self) -> Result<(), Error> {
        let delete = self.ssm.delete_parameters().names(&self.name).send().await;
        delete.map_err(|error| {
            let task = format!("delete the parameter {} (ssm:DeleteParameters)", self.name);
            Error::from_sdk(&task, &error)
        })?;
        self.lives.set(false);
        Ok(())
    }

    async fn await_record(&self, what: &'static str, found: impl Fn(&Evidence) -> bool) -> Result<Duration, Silence> {
        let begun = Instant::now();
        loop {
            if self.records().await?.iter().any(|record| found(&record.evidence)) {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() + self.pause > self.timeout {
                return Err(Silence::TimedOut(what));
            }
            tokio::time::sleep(self.pause).await;
        }
    }

    async fn records(&self) -> Result<Vec<Record>, Error> {
        let listed = self.bucket.versions(Keys::One(&self.name)).await?;
        let described = describe_versions(&self.bucket, listed).await?;
        Ok(described.into_iter().map(|(_, record)| record).collect())
    }
}

fn is_version(evidence: &Evidence, number: u64) -> bool {
    matches!(evidence, Evidence::Value(value) if value.details.version == number)
}

fn replica_finding(outcome: Result<Duration, Silence>, timeout: Duration) -> Finding {
    match outcome {
        Ok(lag) => Finding::ok(
            REPLICA_CHECK,
            format!("all that it left arrived in the vault after {:.1} s", lag.as_secs_f64()),
        ),
        // S3 promises no time without Replication Time Control.
        Err(Silence::TimedOut(what)) => {
            let message = format!("{what} did not arrive in the vault within {} s", timeout.as_secs_f64());
            Finding::warning(REPLICA_CHECK, message, "most replicas take up to 15 minutes: give it longer (--timeout)")
        }
        Err(Silence::NotCopied(why)) => {
            Finding::problem(REPLICA_CHECK, format!("what it left {why}"), "see the checks Replication and Vault above")
        }
        Err(silence) => finding(Err(silence), timeout),
    }
}

fn finding(outcome: Result<[Duration; 3], Silence>, timeout: Duration) -> Finding {
    match outcome {
        Ok([created, changed, deleted]) => {
            let seconds = |lag: Duration| format!("{:.1} s", lag.as_secs_f64());
            let (created, changed, deleted) = (seconds(created), seconds(changed), seconds(deleted));
            let message = format!(
                "a new parameter was recorded after {created}, its change after {changed}, its deletion after {deleted}"
            );
            Finding::ok(CHECK, message)
        }
        Err(Silence::TimedOut(what)) => {
            let message = format!("{what} was not recorded within {} s", timeout.as_secs_f64());
            let hint =
                "see the checks above and the function's log; where many changes wait, give it longer (--timeout)";
            Finding::problem(CHECK, message, hint)
        }
        Err(Silence::NotCopied(why)) => Finding::problem(CHECK, why, "see the checks above"),
        Err(Silence::Failed(error)) if error.kind == ErrorKind::AccessDenied => {
            Finding::unseen(CHECK, format!("not permitted: {error}"))
        }
        Err(Silence::Failed(error)) => Finding::unseen(CHECK, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssmbak_stack::doctor::Status;

    #[test]
    fn tells_the_lag_of_each_step() {
        let lags = [1_230, 400, 12_000].map(Duration::from_millis);
        let told = finding(Ok(lags), Duration::from_secs(60));
        assert_eq!(told.status, Status::Ok);
        insta::assert_snapshot!(told.message, @"a new parameter was recorded after 1.2 s, its change after 0.4 s, its deletion after 12.0 s");
    }

    #[test]
    fn replica_that_takes_long_is_a_warning_and_one_that_fails_a_problem() {
        let told = |outcome| replica_finding(outcome, Duration::from_secs(90));
        assert_eq!(told(Ok(Duration::from_millis(1_500))).message, "all that it left arrived in the vault after 1.5 s");
        assert_eq!(told(Err(Silence::TimedOut("what it left"))).status, Status::Warning);
        let failed = told(Err(Silence::NotCopied("could not be copied into the vault")));
        assert_eq!((failed.check, failed.status), ("CanaryReplica", Status::Problem));
    }

    #[test]
    fn silence_is_a_problem_and_a_refusal_is_not() {
        let told = finding(Err(Silence::TimedOut("its change")), Duration::from_secs(90));
        assert_eq!((told.status, told.message.as_str()), (Status::Problem, "its change was not recorded within 90 s"));
        let denied = Error::new(ErrorKind::AccessDenied, "cannot write the parameter /x (ssm:PutParameter): no");
        let told = finding(Err(Silence::Failed(denied)), Duration::from_secs(90));
        assert_eq!(told.status, Status::Unknown);
        assert!(told.message.contains("ssm:PutParameter"));
    }
}
