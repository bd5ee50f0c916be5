//! `ssmbak-stack NAME create-vault`.

use clap::Args;
use serde_json::json;
use ssmbak_stack::vault::{self, Vault};
use ssmbak_stack::{Prepared, Stack, template};

use super::deploy::{execute, failed, remove_failed_creation, show_plan};
use super::places::Place;
use super::{account_id, confirm, declined, key_value, result, role_arn, show};
use crate::aws::Aws;
use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::{Ui, text};

/// What a vault is to be.
#[derive(Debug, Args)]
pub struct CreateVaultArgs {
    /// Account whose history the vault keeps: one vault keeps that of one account and region.
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub source_account: String,
    /// Region whose history the vault keeps [default: the region of this command].
    #[arg(long, value_name = "NAME")]
    pub source_region: Option<String>,
    /// Organisation that the account has to belong to, such as o-a1b2c3d4e5.
    #[arg(long, value_name = "ID")]
    pub org: Option<String>,
    /// Set a parameter of the vault: LockMode, LockDays, RetentionDays or Key; may be repeated. What is not set stays as
    /// it is.
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = key_value)]
    pub params: Vec<(String, String)>,
    /// Tag the stack and every resource in it, such as team=platform; may be repeated. The other tags of a stack stay.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = key_value)]
    pub tags: Vec<(String, String)>,
    /// Role that CloudFormation deploys with [default: the stack's, else your own permissions].
    #[arg(long, value_name = "ARN", value_parser = role_arn)]
    pub role_arn: Option<String>,
    /// Skip the confirmation prompt.
    #[arg(long, short)]
    pub yes: bool,
}

pub(super) async fn run(aws: Aws, stack: Stack, args: &CreateVaultArgs, ui: &Ui) -> Result<Exit, CliError> {
    let place = Place::alone(aws, stack.with_template(template::VAULT_TEMPLATE));
    let stack = &place.stack;
    remove_failed_creation(&place, ui).await?;
    let vault = Vault {
        source_account: &args.source_account,
        source_region: args.source_region.as_deref(),
        organization: args.org.as_deref(),
        settings: &args.params,
        tags: &args.tags,
        role_arn: args.role_arn.as_deref(),
    };
    let plan = vault::prepare(stack, &vault).await.map_err(failed)?;
    show_plan(&place, &plan, ui);
    let changes = match plan {
        Prepared::Nothing => Vec::new(),
        Prepared::Changes(change_set) => {
            match confirm(args.yes, "carry these changes out?", ui) {
                Ok(true) => execute(&place, &change_set, ui).await?,
                answer => {
                    stack.discard(&change_set).await.map_err(failed)?;
                    return answer.and(Err(declined()));
                }
            };
            change_set.changes
        }
    };
    let described = stack.describe().await.map_err(failed)?;
    let output = |key| described.output(key).unwrap_or_default();
    let (bucket, account) = (output(template::VAULT_BUCKET), output(template::VAULT_ACCOUNT));
    let key = described.output(template::VAULT_KEY);
    let mut object = json!({
        "StackName": stack.name(), "StackStatus": described.status.as_str(), "Changes": show::changes_json(&changes),
        "VaultBucketArn": bucket, "VaultAccountId": account,
    });
    if let Some(key) = key {
        object["VaultKmsKeyArn"] = json!(key);
    }
    result(ui, bucket, &object)?;
    let region = described.parameter(template::SOURCE_REGION).unwrap_or_default();
    let mut next = format!("--vault-bucket {bucket} --vault-account {account} --region {region}");
    if let Some(key) = key {
        next.push_str(&format!(" --param {}={key} --param KmsKeyArn=ARN", template::VAULT_KEY));
    }
    ui.remark(&text::line(&format!("next, in the account {}: ssmbak-stack NAME update {next}", args.source_account)));
    Ok(Exit::Done)
}
