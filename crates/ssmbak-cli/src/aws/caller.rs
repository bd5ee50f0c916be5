//! Whose credentials these are.

use std::time::Duration;

use super::Aws;

/// How long to wait for an answer that is nice to have. Where STS cannot be reached, nothing else is held up.
const PATIENCE: Duration = Duration::from_secs(3);

/// Who calls AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account's number.
    pub account: String,
    /// The ARN of the user or the role's session.
    pub arn: String,
}

impl Aws {
    /// Asks whose credentials these are; `None` if that is not to be told. No permission is needed for it, but a network
    /// may have no way to STS, and an emulator may stand for the other services alone.
    pub async fn caller(&self) -> Option<Caller> {
        if self.is_emulated("SSM") && !self.is_emulated("STS") {
            return None;
        }
        let asked = self.sts().get_caller_identity().send();
        let told = tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?;
        Some(Caller { account: told.account?, arn: told.arn? })
    }
}
