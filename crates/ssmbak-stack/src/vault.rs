//! A vault: the bucket of another account or region that S3 replicates the history of one account and region into.

use crate::change_set::{ParameterChange, Prepared};
use crate::error::{Error, StackError};
use crate::parameters::{self, asked_or_current};
use crate::stack::{Description, Request, Stack};
use crate::status::Operation;
use crate::tags;
use crate::template::{ORGANIZATION, SOURCE_ACCOUNT, SOURCE_REGION, VAULT_SETTINGS};

/// What a vault is to be.
#[derive(Clone, Copy, Debug)]
pub struct Vault<'a> {
    /// The account whose history it keeps.
    pub source_account: &'a str,
    /// The region whose history it keeps; none: the one that it has, else its own.
    pub source_region: Option<&'a str>,
    /// The organisation that the account has to be of.
    pub organization: Option<&'a str>,
    /// Other parameters of the stack.
    pub settings: &'a [(String, String)],
    /// Tags of the stack and of everything in it. Those that it has stay.
    pub tags: &'a [(String, String)],
    /// The role that CloudFormation takes on.
    pub role_arn: Option<&'a str>,
}

/// Has the change set worked out that makes a vault or brings one up to date. The stack is one of the vault's template.
///
/// # Errors
/// [`Error`]: a setting is unknown, the stack is something else or the vault of somebody else, or CloudFormation cannot
/// work out the changes.
pub async fn prepare(stack: &Stack, vault: &Vault<'_>) -> Result<Prepared, Error> {
    parameters::check_known(vault.settings, &VAULT_SETTINGS)?;
    let found = stack.find().await?;
    let existing = found.filter(|found| !found.status.is_under_review() && !found.status.is_failed_creation());
    if let Some(existing) = &existing {
        check_same(stack.name(), existing, vault)?;
    }
    let operation = if existing.is_some() { Operation::Update } else { Operation::Create };
    operation.check(stack.name(), stack.region(), existing.as_ref().map(|found| &found.status))?;
    let (current, current_tags) = existing.map_or_else(Default::default, |found| (found.parameters, found.tags));

    let mut settings = vault.settings.to_vec();
    let mut set = |name: &str, value: &str| settings.push((name.to_owned(), value.to_owned()));
    set(SOURCE_ACCOUNT, vault.source_account);
    if let Some(region) = vault.source_region.or_else(|| current.is_empty().then(|| stack.region())) {
        set(SOURCE_REGION, region);
    }
    if let Some(organization) = vault.organization {
        set(ORGANIZATION, organization);
    }
    let names: Vec<String> = current.iter().map(|parameter| parameter.key.clone()).collect();
    let known = [&[SOURCE_ACCOUNT, SOURCE_REGION, ORGANIZATION], VAULT_SETTINGS.as_slice()].concat();
    let request = Request {
        parameters: asked_or_current(&settings, &names, &known),
        tags: tags::resolve(vault.tags, &current_tags),
        role_arn: vault.role_arn.map(str::to_owned),
        keep_template: false,
    };
    let mut prepared = stack.prepare(operation, request).await?;
    if let Prepared::Changes(change_set) = &mut prepared {
        change_set.parameters = ParameterChange::all(&settings, &current);
    }
    Ok(prepared)
}

/// Whether an existing stack is the vault of the same account and region: parameters of others have the same names, and a
/// bucket cannot tell their versions apart.
fn check_same(name: &str, existing: &Description, vault: &Vault<'_>) -> Result<(), StackError> {
    if !existing.is_vault() {
        return Err(StackError::NotVault { name: name.to_owned() });
    }
    let has = |key| existing.parameter(key).unwrap_or_default();
    let (account, region) = (has(SOURCE_ACCOUNT), has(SOURCE_REGION));
    if account != vault.source_account || vault.source_region.is_some_and(|asked| asked != region) {
        let (name, account, region) = (name.to_owned(), account.to_owned(), region.to_owned());
        return Err(StackError::VaultTaken { name, account, region });
    }
    Ok(())
}

/// The name of the bucket with this ARN.
pub fn bucket_of_arn(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// The command that copies into the vault what S3 has not replicated: what is older than the rule, and what failed.
pub fn copy_command(bucket: &str, role_arn: &str, region: &str) -> String {
    let mut fields = role_arn.split(':').skip(1);
    let (partition, account) = (fields.next().unwrap_or("aws"), fields.nth(2).unwrap_or_default());
    let manifest = format!(
        r#"{{"S3JobManifestGenerator":{{"SourceBucket":"arn:{partition}:s3:::{bucket}","EnableManifestOutput":false,"Filter":{{"EligibleForReplication":true,"ObjectReplicationStatuses":["NONE","FAILED"]}}}}}}"#
    );
    format!(
        "`aws s3control create-job --region {region} --account-id {account} --role-arn {role_arn} --priority 1 \
         --no-confirmation-required --report Enabled=false --operation '{{\"S3ReplicateObject\":{{}}}}' \
         --manifest-generator '{manifest}'`"
    )
}
