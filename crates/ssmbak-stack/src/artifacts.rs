//! The bucket from which CloudFormation takes the function's code: the account's own, private, made when it is missing.
//!
//! Bucket names are everybody's. Whoever guesses ours first could serve us a function of theirs, so every call names the
//! account that has to own the bucket, and S3 refuses it otherwise:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html>

use aws_sdk_s3::Client as S3;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLocationConstraint, ChecksumMode, CreateBucketConfiguration, PublicAccessBlockConfiguration,
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use aws_sdk_sts::Client as Sts;
use serde_json::{Value, json};

use crate::call::{CallError, Task};
use crate::function_code::{FunctionCode, KEY_PREFIX};

const WHO: Task = Task::new("find out the account", "sts:GetCallerIdentity");
const LOOK: Task = Task::new("look for the function's code", "s3:GetObject");
const OWN: Task = Task::new("look at the bucket for the function's code", "s3:ListBucket");
const MAKE: Task = Task::new("make the bucket for the function's code", "s3:CreateBucket");
const CLOSE: Task =
    Task::new("close the bucket for the function's code to the public", "s3:PutBucketPublicAccessBlock");
const ENCRYPT: Task = Task::new("encrypt the bucket for the function's code", "s3:PutEncryptionConfiguration");
const READ_POLICY: Task = Task::new("read the policy of the bucket for the function's code", "s3:GetBucketPolicy");
const SHARE: Task = Task::new("let the organisation read the bucket for the function's code", "s3:PutBucketPolicy");
const UPLOAD: Task = Task::new("upload the function's code", "s3:PutObject");

/// The function's code cannot be stored.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactsError {
    /// The name of the bucket is taken by another account.
    #[error(
        "another account owns the bucket {bucket}, where the function's code belongs: nothing was uploaded; deploy to another region, and tell AWS of that bucket"
    )]
    NotOurs {
        /// The bucket.
        bucket: String,
    },
    /// The bucket's policy is none that can be added to.
    #[error(
        "the policy of the bucket {bucket} cannot be read as JSON, so it was not changed: mend it, and run this again"
    )]
    Policy {
        /// The bucket.
        bucket: String,
    },
    /// A call to AWS failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl ArtifactsError {
    /// A stable name of the error, for programs.
    pub fn code(&self) -> &str {
        match self {
            Self::NotOurs { .. } => "ArtifactsBucketNotOurs",
            Self::Policy { .. } => "ArtifactsBucketPolicy",
            Self::Call(error) => error.code(),
        }
    }
}

/// The artifacts bucket of an account in a region.
pub struct Artifacts<'a> {
    s3: &'a S3,
    account: String,
    partition: String,
    region: String,
    /// Whether the package is for other accounts too, which keys of KMS would have to let in.
    shared: bool,
}

impl<'a> Artifacts<'a> {
    /// The bucket of the account that the caller belongs to. Nothing is made yet.
    ///
    /// # Errors
    /// [`CallError`]: STS does not answer or does not accept the credentials.
    pub async fn of_caller(s3: &'a S3, sts: &Sts, region: &str) -> Result<Self, CallError> {
        let identity = sts.get_caller_identity().send().await;
        let identity = identity.map_err(|error| WHO.failed(error))?;
        // arn:PARTITION:sts::…
        let partition = identity.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws").to_owned();
        let account = identity.account.unwrap_or_default();
        Ok(Self { s3, account, partition, region: region.to_owned(), shared: false })
    }

    /// The bucket's name.
    pub fn bucket(&self) -> String {
        format!("{}-{}", self.prefix(), self.region)
    }

    /// The bucket's name without the region: it is the same in all of them.
    pub fn prefix(&self) -> String {
        format!("ssmbak-artifacts-{}", self.account)
    }

    /// The organisation that may read the packages, if one may.
    ///
    /// # Errors
    /// [`ArtifactsError`]: S3 does not let the policy be read.
    pub async fn organization(&self) -> Result<Option<String>, ArtifactsError> {
        Ok(organization_of(&self.policy().await?))
    }

    /// Stores a package as [`Artifacts::store`] does, and lets the accounts of an organisation read it. Says whether it
    /// uploaded. The other statements of the bucket's policy stay.
    ///
    /// # Errors
    /// [`ArtifactsError`]: what S3 refuses.
    pub async fn store_for(self, organization: &str, code: &FunctionCode) -> Result<bool, ArtifactsError> {
        let shared = Self { shared: true, ..self };
        let uploaded = shared.store(code).await?;
        let before = shared.policy().await?;
        let packages = format!("arn:{}:s3:::{}/{KEY_PREFIX}*", shared.partition, shared.bucket());
        let after = policy_for(before.clone(), organization, &packages);
        let after = after.ok_or_else(|| ArtifactsError::Policy { bucket: shared.bucket() })?;
        if after != before {
            let share = shared.s3.put_bucket_policy().bucket(shared.bucket()).policy(after.to_string());
            let share = share.expected_bucket_owner(&shared.account).send().await;
            share.map_err(|error| SHARE.failed(error))?;
        }
        Ok(uploaded)
    }

    /// The bucket's policy; null without one, and without the bucket.
    async fn policy(&self) -> Result<Value, ArtifactsError> {
        let policy = self.s3.get_bucket_policy().bucket(self.bucket());
        match policy.expected_bucket_owner(&self.account).send().await {
            Ok(policy) => serde_json::from_str(policy.policy().unwrap_or("null"))
                .map_err(|_| ArtifactsError::Policy { bucket: self.bucket() }),
            Err(error) if matches!(error.code(), Some("NoSuchBucketPolicy" | "NoSuchBucket")) => Ok(Value::Null),
            Err(error) => Err(READ_POLICY.failed(error).into()),
        }
    }

    /// Stores a package unless it is there already, and makes the bucket unless that is. Says whether it uploaded.
    ///
    /// # Errors
    /// [`ArtifactsError::NotOurs`] if the bucket belongs to somebody else, else what S3 refuses.
    pub async fn store(&self, code: &FunctionCode) -> Result<bool, ArtifactsError> {
        if self.holds(code).await? {
            return Ok(false);
        }
        // The settings of a bucket that is there are its owner's: they may be stricter than ours.
        if self.make_bucket().await? {
            self.close_bucket().await?;
        }
        let upload = self
            .s3
            .put_object()
            .bucket(self.bucket())
            .key(code.key())
            .expected_bucket_owner(&self.account)
            .content_type("application/zip")
            .checksum_sha256(code.sha256_base64())
            .set_server_side_encryption(self.shared.then_some(ServerSideEncryption::Aes256))
            .body(ByteStream::from(code.package().to_vec()));
        upload.send().await.map_err(|error| UPLOAD.failed(error))?;
        Ok(true)
    }

    /// Whether the package is stored, its content being what its name says.
    async fn holds(&self, code: &FunctionCode) -> Result<bool, ArtifactsError> {
        let head = self
            .s3
            .head_object()
            .bucket(self.bucket())
            .key(code.key())
            .expected_bucket_owner(&self.account)
            .checksum_mode(ChecksumMode::Enabled);
        match head.send().await {
            Ok(found) => {
                let is_readable =
                    found.server_side_encryption().is_none_or(|with| *with == ServerSideEncryption::Aes256);
                let is_right = found.checksum_sha256().is_none_or(|checksum| checksum == code.sha256_base64());
                Ok(is_right && (is_readable || !self.shared))
            }
            // 403 as well: who may not list a bucket is told so of a missing key. The next step finds out.
            Err(error) => match error.raw_response().map(|raw| raw.status().as_u16()) {
                Some(403 | 404) => Ok(false),
                _ => Err(LOOK.failed(error).into()),
            },
        }
    }

    /// Makes the bucket if it is missing, and makes sure that it is ours if it is not. Says whether it made it.
    async fn make_bucket(&self) -> Result<bool, ArtifactsError> {
        let bucket = self.bucket();
        let head = self.s3.head_bucket().bucket(&bucket);
        match head.expected_bucket_owner(&self.account).send().await {
            Ok(_) => return Ok(false),
            // 403: another's, or ours without the permission to look; only the attempt to make it tells.
            Err(error) => match error.raw_response().map(|raw| raw.status().as_u16()) {
                Some(403 | 404) => {}
                _ => return Err(OWN.failed(error).into()),
            },
        }
        let create = self.s3.create_bucket().bucket(&bucket);
        let create = create.set_create_bucket_configuration(location(&self.region));
        match create.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.code() {
                Some("BucketAlreadyOwnedByYou") => Ok(false),
                Some("BucketAlreadyExists") => Err(ArtifactsError::NotOurs { bucket }),
                _ => Err(MAKE.failed(error).into()),
            },
        }
    }

    /// Shuts the public out and encrypts: what S3 does by itself since 2023, and says here for older accounts' sake.
    async fn close_bucket(&self) -> Result<(), CallError> {
        let closed = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .block_public_policy(true)
            .ignore_public_acls(true)
            .restrict_public_buckets(true)
            .build();
        let close = self.s3.put_public_access_block().bucket(self.bucket());
        let close = close.expected_bucket_owner(&self.account);
        let close = close.public_access_block_configuration(closed).send().await;
        close.map_err(|error| CLOSE.failed(error))?;

        let encrypt = self.s3.put_bucket_encryption().bucket(self.bucket());
        let encrypt = encrypt.expected_bucket_owner(&self.account);
        let encrypt = encrypt.set_server_side_encryption_configuration(encryption());
        let encrypt = encrypt.send().await;
        encrypt.map_err(|error| ENCRYPT.failed(error))?;
        Ok(())
    }
}

/// Our statement in the bucket's policy.
const STATEMENT: &str = "SsmbakOrganizationReadsCode";

fn is_our_statement(statement: &Value) -> bool {
    statement["Sid"] == STATEMENT
}

fn statements(policy: &Value) -> Vec<Value> {
    match &policy["Statement"] {
        Value::Array(all) => all.clone(),
        Value::Null => Vec::new(),
        // One alone need not be in a list.
        one => vec![one.clone()],
    }
}

fn organization_of(policy: &Value) -> Option<String> {
    let ours = statements(policy).into_iter().find(is_our_statement)?;
    Some(ours["Condition"]["StringEquals"]["aws:PrincipalOrgID"].as_str()?.to_owned())
}

/// The policy with our statement; none if it is no policy. S3 does not take it for public: the condition names who may.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
fn policy_for(policy: Value, organization: &str, packages: &str) -> Option<Value> {
    let ours = json!({
        "Sid": STATEMENT, "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": packages,
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": organization}},
    });
    if statements(&policy).contains(&ours) {
        return Some(policy);
    }
    let mut all: Vec<Value> =
        statements(&policy).into_iter().filter(|statement| !is_our_statement(statement)).collect();
    all.push(ours);
    let mut policy = if policy.is_null() { json!({"Version": "2012-10-17"}) } else { policy };
    policy.as_object_mut()?.insert("Statement".to_owned(), Value::Array(all));
    Some(policy)
}

/// Where to make a bucket: us-east-1 must not be named.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html>
fn location(region: &str) -> Option<CreateBucketConfiguration> {
    (region != "us-east-1").then(|| {
        CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(region)).build()
    })
}

/// Encryption with S3's own keys. None only if the SDK came to demand more of a rule than it does.
fn encryption() -> Option<ServerSideEncryptionConfiguration> {
    let by_default =
        ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build().ok()?;
    let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by_default).build();
    ServerSideEncryptionConfiguration::builder().rules(rule).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_location_everywhere_but_in_us_east_1() {
        assert_eq!(location("us-east-1"), None);
        let named = location("eu-west-1").unwrap();
        let named = named.location_constraint().unwrap().as_str().to_owned();
        assert_eq!(named, "eu-west-1");
    }

    #[test]
    fn an_organisation_is_let_in_beside_what_the_policy_has() {
        let theirs = json!({"Sid": "Theirs", "Effect": "Deny", "Principal": "*"});
        let one = policy_for(json!({"Version": "2012-10-17", "Statement": theirs}), "o-1", "arn").unwrap();
        assert_eq!((&one["Statement"][0], organization_of(&one)), (&theirs, Some("o-1".to_owned())));
        assert_eq!(policy_for(one.clone(), "o-1", "arn"), Some(one.clone()));
        let other = policy_for(one, "o-2", "arn").unwrap();
        assert_eq!(
            (other["Statement"].as_array().unwrap().len(), organization_of(&other)),
            (2, Some("o-2".to_owned()))
        );
        let first = policy_for(Value::Null, "o-1", "arn").unwrap();
        assert_eq!((&first["Version"], organization_of(&first)), (&json!("2012-10-17"), Some("o-1".to_owned())));
        assert_eq!((organization_of(&Value::Null), policy_for(json!("x"), "o-1", "arn")), (None, None));
    }

    #[test]
    fn encrypts() {
        assert!(encryption().is_some());
    }
}
