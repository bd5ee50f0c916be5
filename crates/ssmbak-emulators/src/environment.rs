//! The environment that makes a command talk to an emulator, and to nothing else.

use std::env;
use std::process::Command;

/// The region everything runs in.
pub const REGION: &str = "us-east-1";
/// The access key that emulators are given; any would do.
pub const ACCESS_KEY: &str = "test";
/// Its secret.
pub const SECRET_KEY: &str = "test";

/// A file for `AWS_CONFIG_FILE`: two accounts beside that of the environment. ministack tells accounts apart by key ids of
/// twelve digits.
pub const OTHER_ACCOUNTS: &str = "\
[profile rescue]
region = us-east-1
aws_access_key_id = 222222222222
aws_secret_access_key = test
[profile archive]
region = us-east-1
aws_access_key_id = 333333333333
aws_secret_access_key = test
";

/// The variables a command needs to use the emulator at `endpoint`.
#[must_use]
pub fn environment(endpoint: &str) -> Vec<(&'static str, String)> {
    [
        ("AWS_ENDPOINT_URL", endpoint),
        // Named for itself, since it is not asked otherwise: not every emulator's knows parameters.
        ("AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API", endpoint),
        // The original's own spelling.
        ("AWS_ENDPOINT", endpoint),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        // Nothing of the person's own configuration may be used by accident: it could hold real credentials.
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_PAGER", ""),
        ("NO_PROXY", "127.0.0.1,localhost"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

/// Takes the caller's own AWS and ssmbak settings away from a command (a profile, an endpoint of one service, …).
pub fn clean(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("AWS_") || name.starts_with("SSMBAK_")) {
            command.env_remove(name);
        }
    }
    command
}
