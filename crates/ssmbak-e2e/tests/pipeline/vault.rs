//! A vault in a third account: filled by replication, looked after by the doctor, restored from into a second account.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use ssmbak_e2e::{Outcome, Ran, command};
use ssmbak_testkit::{Ministack, OTHER_ACCOUNTS, Venv, environment};

use crate::schema::check;

const STACK: &str = "guarded";
const VAULT: &str = "guarded-vault";

/// Three accounts on one emulator: that of the environment, and the profiles `archive` and `rescue`.
struct Accounts<'a> {
    ministack: &'a Ministack,
    profiles: &'a Path,
}

impl Accounts<'_> {
    fn run(&self, line: &str) -> Outcome<Ran> {
        let env = environment(&self.ministack.endpoint());
        let env = env.iter().map(|(name, value)| (*name, value.as_str()));
        let profiles = self.profiles.to_str().ok_or("no text")?;
        Ran::of(command(line, env.chain([("AWS_CONFIG_FILE", profiles), ("SSMBAK_REVEAL", "1")])))
    }

    fn json(&self, line: &str) -> Outcome<Value> {
        self.run(&format!("{line} --output json"))?.well()?.json()
    }

    fn aws(&self, arguments: &[&str]) -> Outcome<Value> {
        let mut aws = self.ministack.command(Venv::ready()?.executable("aws"));
        aws.args(arguments).args(["--output", "json"]).env("AWS_CONFIG_FILE", self.profiles);
        let out = Ran::of(aws)?.well()?.out;
        Ok(if out.trim().is_empty() { Value::Null } else { serde_json::from_str(&out)? })
    }

    fn finding(&self, line: &str, name: &str) -> Outcome<(String, String)> {
        let report = self.run(&format!("{line} --output json"))?.json()?;
        let findings = report["Findings"].as_array().into_iter().flatten();
        let found = findings.clone().find(|finding| finding["Check"] == name);
        let found = found.ok_or(format!("no {name}: {report}"))?;
        let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
        Ok((text("Status"), format!("{} {}", text("Message"), text("Hint"))))
    }
}

/// Versions and markers of one key: id, tags of a version, metadata of a version.
fn history(accounts: &Accounts, bucket: &str, key: &str, profile: &[&str]) -> Outcome<Vec<String>> {
    let aws = |arguments: &[&str]| accounts.aws(&[arguments, profile].concat());
    let listed = aws(&["s3api", "list-object-versions", "--bucket", bucket, "--prefix", key])?;
    let mut all = Vec::new();
    for version in listed["Versions"].as_array().into_iter().flatten() {
        let id = version["VersionId"].as_str().ok_or("no id")?;
        let place = ["--bucket", bucket, "--key", key, "--version-id", id];
        let tags = aws(&[["s3api", "get-object-tagging"].as_slice(), &place].concat())?["TagSet"].clone();
        let metadata = aws(&[["s3api", "head-object"].as_slice(), &place].concat())?["Metadata"].clone();
        all.push(format!("{id} {tags} {metadata}"));
    }
    for marker in listed["DeleteMarkers"].as_array().into_iter().flatten() {
        all.push(format!("{} is a marker", marker["VersionId"]));
    }
    Ok(all)
}

/// The emulator replicates at once and reports nothing: the metrics of S3 are put as S3 puts them.
fn what_s3_reports_is_told(accounts: &Accounts, bucket: &str, vault: &str) -> Outcome {
    let put = |name: &str, minutes: &[i64], value: u32| -> Outcome {
        let dimensions = json!([
            {"Name": "SourceBucket", "Value": bucket},
            {"Name": "DestinationBucket", "Value": vault},
            {"Name": "RuleId", "Value": "to-vault"},
        ]);
        let datum = |minutes: &i64| {
            let time = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(*minutes);
            json!({"MetricName": name, "Dimensions": dimensions, "Timestamp": time.to_string(), "Value": value})
        };
        let data = minutes.iter().map(datum).collect::<Value>().to_string();
        accounts.aws(&["cloudwatch", "put-metric-data", "--namespace", "AWS/S3", "--metric-data", &data]).map(drop)
    };
    let told = |check: &str, status: &str, said: &str| -> Outcome {
        let (found, message) = accounts.finding("ssmbak doctor", check)?;
        if found == status && message.contains(said) {
            Ok(())
        } else {
            Err(format!("{check}: {found} {message}").into())
        }
    };
    told("ReplicationFailures", "unknown", "S3 reported nothing")?;
    told("ReplicationBacklog", "unknown", "S3 reported nothing")?;
    put("OperationsFailedReplication", &[90], 0)?;
    told("ReplicationFailures", "ok", "no operation failed")?;
    let quarters: Vec<i64> = (0..10).map(|quarter| quarter * 15 + 2).collect();
    put("OperationsPendingReplication", &quarters, 2)?;
    put("BytesPendingReplication", &quarters, 700)?;
    told("ReplicationBacklog", "warning", "2 operations (700 bytes) pending")?;
    put("OperationsPendingReplication", &[2, 17], 0)?;
    put("BytesPendingReplication", &[2, 17], 0)?;
    told("ReplicationBacklog", "ok", "nothing is pending")?;
    put("OperationsFailedReplication", &[3 * 24 * 60], 5)?;
    told("ReplicationFailures", "warning", "5 operations failed in the last 7 days")?;
    put("OperationsFailedReplication", &[60], 1)?;
    told("ReplicationFailures", "problem", "1 operation failed in the last 24 hours")
}

#[test]
fn vault_keeps_what_is_recorded_and_restores_into_a_new_account() -> Outcome {
    let (ministack, home) = (Ministack::start()?, tempfile::tempdir()?);
    let profiles = home.path().join("config");
    fs::write(&profiles, OTHER_ACCOUNTS)?;
    let accounts = Accounts { ministack: &ministack, profiles: &profiles };

    accounts.run(&format!("ssmbak-stack {STACK} create --no-sweep --yes"))?.well()?;
    let made = accounts
        .json(&format!("ssmbak-stack {VAULT} create-vault --source-account 000000000000 --profile archive --yes"))?;
    let made = check("stack-create-vault", &made);
    assert_eq!(made["VaultAccountId"], "333333333333", "{made}");
    let arn = made["VaultBucketArn"].as_str().ok_or("no vault")?.to_owned();
    let vault = arn.trim_start_matches("arn:aws:s3:::").to_owned();
    let update = format!("ssmbak-stack {STACK} update --vault-bucket {arn} --vault-account 333333333333 --yes");
    let updated = accounts.run(&update)?.well()?;
    assert!(updated.err.contains("aws s3control create-job"), "{updated:?}");
    let again = accounts.run(&update)?.well()?;
    assert!(!again.err.contains("create-job"), "{again:?}");

    // Another account's history does not get into it, and a vault does not become a pipeline.
    let other = accounts
        .run(&format!("ssmbak-stack {VAULT} create-vault --source-account 222222222222 --profile archive --yes"))?;
    assert!(other.code == Some(1) && other.err.contains("create another vault"), "{other:?}");
    let confused = accounts.run(&format!("ssmbak-stack {VAULT} update --profile archive --yes"))?;
    assert!(confused.code == Some(1) && confused.err.contains("is a vault"), "{confused:?}");

    let put = |name: &str, value: &str, kind: &str| {
        accounts
            .aws(&["ssm", "put-parameter", "--overwrite", "--name", name, "--value", value, "--type", kind])
            .map(drop)
    };
    put("/shop/host", "alpha", "String")?;
    put("/shop/host", "beta", "String")?;
    put("/shop/token", "tok-1", "SecureString")?;
    put("/shop/gone", "soon", "String")?;
    accounts.aws(&["ssm", "delete-parameter", "--name", "/shop/gone"])?;
    // The canary is recorded after all of these, and waits for its replicas.
    let (status, told) = accounts.finding("ssmbak doctor --canary", "CanaryReplica")?;
    assert_eq!(status, "ok", "{told}");
    accounts.run("ssmbak-all --do-it")?.well()?;

    let bucket = accounts.run(&format!("ssmbak-stack {STACK} bucketname"))?.well()?.out.trim().to_owned();
    for key in ["/shop/host", "/shop/gone"] {
        let own = history(&accounts, &bucket, key, &[])?;
        assert_eq!(history(&accounts, &vault, key, &["--profile", "archive"])?, own, "{key}");
        assert!(own.len() > 1, "{own:?}");
    }

    for (check, status) in [("Replication", "ok"), ("Vault", "ok"), ("Replicas", "ok")] {
        let (found, told) = accounts.finding("ssmbak doctor", check)?;
        assert_eq!(found, status, "{check}: {told}");
    }
    let (_, lock) = accounts.finding("ssmbak doctor", "Vault")?;
    assert!(lock.contains("GOVERNANCE for 30 days"), "{lock}");

    what_s3_reports_is_told(&accounts, &bucket, &vault)?;

    accounts.run("ssmbak-stack guarded create --no-sweep --yes --profile rescue")?.well()?;
    let restore = format!("ssmbak restore /shop -R now -b {vault} --profile archive --target-profile rescue --yes");
    let restored = accounts.json(&restore)?;
    assert_eq!(restored["Changes"].as_array().map(Vec::len), Some(2), "{restored}");
    let read = accounts.aws(&[
        "ssm",
        "get-parameters-by-path",
        "--path",
        "/shop",
        "--with-decryption",
        "--query",
        "Parameters[].Value",
        "--profile",
        "rescue",
    ])?;
    assert_eq!(read, json!(["beta", "tok-1"]));

    // What was changed by hand is found, and its command mends it.
    accounts.aws(&["s3api", "delete-bucket-replication", "--bucket", &bucket])?;
    let (status, told) = accounts.finding("ssmbak doctor", "Replication")?;
    assert_eq!(status, "problem", "{told}");
    let mend = told.split('`').nth(1).ok_or(told.clone())?;
    let configuration = mend.split('\'').nth(1).ok_or(mend.to_owned())?;
    accounts.aws(&[
        "s3api",
        "put-bucket-replication",
        "--bucket",
        &bucket,
        "--replication-configuration",
        configuration,
    ])?;
    assert_eq!(accounts.finding("ssmbak doctor", "Replication")?.0, "ok");
    // Nothing arrives any more once the vault lets nobody in.
    accounts.aws(&["s3api", "delete-bucket-policy", "--bucket", &vault, "--profile", "archive"])?;
    let (status, told) = accounts.finding("ssmbak doctor --canary", "CanaryReplica")?;
    assert_eq!(status, "problem", "{told}");
    Ok(())
}
