//! The options of stack sets.

use clap::Args;
use ssmbak_stack::Operation;

use crate::error::CliError;
use crate::stack::account_id;

/// Whether a name is that of a stack set, and how to get at it.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct SetArgs {
    /// NAME is a stack set: the same stack in many accounts of an organisation.
    #[arg(long)]
    pub stack_set: bool,
    /// The caller's account is a delegated administrator for stack sets, not the organisation's management account.
    #[arg(long)]
    pub delegated_admin: bool,
}

impl SetArgs {
    /// # Errors
    /// An option of stack sets, and no stack set.
    pub(in crate::stack) fn is_asked(self) -> Result<bool, CliError> {
        if self.delegated_admin && !self.stack_set {
            return Err(CliError::usage("--delegated-admin is for stack sets", "add --stack-set, or leave it out"));
        }
        Ok(self.stack_set)
    }
}

/// Where the stacks of a stack set are to be.
#[derive(Debug, Default, Args)]
pub struct TargetArgs {
    /// Deploy to the accounts of these organizational units (ou-…, or the root r-…) as a stack set; `update` adds to it.
    #[arg(long, value_name = "IDS", value_delimiter = ',', value_parser = unit_id)]
    pub org_units: Vec<String>,
    /// Of these units only these accounts; accounts that join later get no stack by themselves then.
    #[arg(long, value_name = "IDS", value_delimiter = ',', value_parser = some_account_id)]
    pub accounts: Vec<String>,
    /// Organisation that may read the function's code, such as o-a1b2c3d4e5 [default: the one that may already].
    #[arg(long, value_name = "ID", value_parser = organization_id)]
    pub org: Option<String>,
}

impl TargetArgs {
    /// Whether they mean a stack set.
    ///
    /// # Errors
    /// Options of stack sets that do not go together.
    pub(in crate::stack) fn is_asked(&self, set: SetArgs, operation: Operation) -> Result<bool, CliError> {
        let set = SetArgs { stack_set: set.stack_set || !self.org_units.is_empty(), ..set };
        if self.org_units.is_empty() && operation == Operation::Create && (set.stack_set || !self.accounts.is_empty()) {
            return Err(CliError::usage(
                "--org-units is missing: a stack set is deployed to organizational units, and --accounts narrows them",
                "give the units that the accounts are in, or the organisation's root (r-…), with --org-units",
            ));
        }
        if !set.stack_set && (self.org.is_some() || !self.accounts.is_empty()) {
            return Err(CliError::usage("--accounts and --org are for stack sets", "add --stack-set"));
        }
        set.is_asked()
    }
}

fn unit_id(text: &str) -> Result<String, String> {
    let is_id = (text.starts_with("ou-") || text.starts_with("r-")) && is_word(text);
    is_id.then(|| text.to_owned()).ok_or_else(|| "expected ou-… or r-…".to_owned())
}

fn organization_id(text: &str) -> Result<String, String> {
    let is_id = text.starts_with("o-") && is_word(text);
    is_id.then(|| text.to_owned()).ok_or_else(|| "expected o-…".to_owned())
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn some_account_id(text: &str) -> Result<String, String> {
    account_id(text).and_then(|id| if id.is_empty() { Err("expected twelve digits".to_owned()) } else { Ok(id) })
}
