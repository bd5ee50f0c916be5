//! Roles of profiles, assumed one after another, with the code of a second factor where one is asked for.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::error::ProvideErrorMetadata as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};

use super::profile::{Role, home};
use crate::ui;

/// Cached credentials this close to their end are no longer used, as in the AWS CLI.
const MARGIN: Duration = Duration::from_secs(15 * 60);

/// A failure that is already one sentence, with what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct CredentialsFailure {
    pub message: String,
    pub hint: String,
}

/// Where the code of a second factor comes from.
#[derive(Clone, Debug, Default)]
pub(super) struct MfaCodes {
    /// Given with the command; it counts once.
    given: Arc<Mutex<Option<String>>>,
    /// Nobody may be asked.
    silent: bool,
}

impl MfaCodes {
    /// A code that was given, and whether to ask nobody for another.
    pub fn new(given: Option<String>, silent: bool) -> Self {
        Self { given: Arc::new(Mutex::new(given)), silent }
    }

    async fn next(&self, role: &Role, serial: &str) -> Result<String, CredentialsFailure> {
        if let Some(code) = self.given.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Ok(code);
        }
        let nobody = || CredentialsFailure {
            message: format!("profile {:?} needs the code of the MFA device {serial}", role.profile),
            hint: "give it with --mfa-code or SSMBAK_MFA_CODE, or run this on a terminal".to_owned(),
        };
        if self.silent {
            return Err(nobody());
        }
        let prompt = format!("Enter MFA code for {serial}: ");
        let asked = tokio::task::spawn_blocking(move || ui::secret(&prompt)).await;
        match asked {
            Ok(Ok(code)) if !code.trim().is_empty() => Ok(code.trim().to_owned()),
            _ => Err(nobody()),
        }
    }
}

/// The credentials of the last of some roles.
#[derive(Debug)]
pub(super) struct RoleProvider {
    base: SharedCredentialsProvider,
    roles: Vec<Role>,
    sts: SdkConfig,
    endpoint: Option<String>,
    codes: MfaCodes,
}

impl RoleProvider {
    /// `sts` is the way to STS, without credentials.
    pub fn new(
        base: SharedCredentialsProvider,
        roles: Vec<Role>,
        (sts, endpoint): (SdkConfig, Option<String>),
        codes: MfaCodes,
    ) -> Self {
        Self { base, roles, sts, endpoint, codes }
    }

    async fn credentials(&self) -> provider::Result {
        // What the cache holds for a role needs none of the roles before it.
        let cached = self.roles.iter().enumerate().rev().find_map(|(index, role)| Some((index, cache::read(role)?)));
        let (done, mut credentials) = match cached {
            Some((index, credentials)) => (index + 1, credentials),
            None => (0, self.base.provide_credentials().await?),
        };
        for role in self.roles.iter().skip(done) {
            credentials = self.assume(role, credentials).await?;
        }
        Ok(credentials)
    }

    async fn assume(&self, role: &Role, with: Credentials) -> provider::Result {
        let code = match &role.mfa_serial {
            Some(serial) => Some(self.codes.next(role, serial).await.map_err(CredentialsError::provider_error)?),
            None => None,
        };
        let mut builder = aws_sdk_sts::config::Builder::from(&self.sts);
        builder.set_endpoint_url(self.endpoint.clone());
        builder.set_credentials_provider(Some(SharedCredentialsProvider::new(with)));
        let client = aws_sdk_sts::Client::from_conf(builder.build());
        let session =
            role.session_name.clone().unwrap_or_else(|| format!("ssmbak-{}", ssmbak::clock::now().as_second()));
        let answer = client
            .assume_role()
            .role_arn(&role.arn)
            .role_session_name(session)
            .set_external_id(role.external_id.clone())
            .set_duration_seconds(role.duration_seconds)
            .set_serial_number(role.mfa_serial.clone())
            .set_token_code(code)
            .send()
            .await;
        let answer = answer.map_err(|error| match error.as_service_error() {
            Some(service) => CredentialsError::provider_error(CredentialsFailure {
                message: format!(
                    "failed to assume the role {} of profile {:?}: {}",
                    role.arn,
                    role.profile,
                    service.message().or(service.code()).unwrap_or("STS refuses")
                ),
                hint: "check role_arn, source_profile and mfa_serial of the profile, and the role's trust policy"
                    .to_owned(),
            }),
            None => CredentialsError::provider_error(error),
        })?;
        let given = answer.credentials.ok_or_else(|| CredentialsError::unhandled("STS gave no credentials"))?;
        let expiry = SystemTime::try_from(given.expiration).ok();
        let credentials = Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            expiry,
            "AssumeRole",
        );
        cache::write(role, &credentials);
        Ok(credentials)
    }
}

impl ProvideCredentials for RoleProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

/// What the AWS CLI keeps of sessions with a second factor, so that the code is asked for once and not for each command.
mod cache {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct File {
        credentials: Kept,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Kept {
        access_key_id: String,
        secret_access_key: String,
        session_token: String,
        expiration: String,
    }

    /// The name that the AWS CLI gives a file.
    pub(super) fn name(role: &Role) -> Option<String> {
        let quoted = |text: &str| serde_json::to_string(text).ok().map(|text| ascii(&text));
        // As Python writes JSON: sorted, with blanks, in ASCII.
        let mut parts = Vec::new();
        if let Some(seconds) = role.duration_seconds {
            parts.push(format!("\"DurationSeconds\": {seconds}"));
        }
        let texts = [
            ("ExternalId", role.external_id.as_deref()),
            ("RoleArn", Some(role.arn.as_str())),
            ("RoleSessionName", role.session_name.as_deref()),
            ("SerialNumber", role.mfa_serial.as_deref()),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                parts.push(format!("\"{key}\": {}", quoted(text)?));
            }
        }
        let digest = Sha1::digest(format!("{{{}}}", parts.join(", ")));
        let mut name = String::new();
        for byte in digest {
            write!(name, "{byte:02x}").ok()?;
        }
        Some(name)
    }

    fn ascii(json: &str) -> String {
        let mut escaped = String::new();
        for c in json.chars() {
            if c.is_ascii() {
                escaped.push(c);
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a string does not fail.
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
        }
        escaped
    }

    fn path(role: &Role) -> Option<PathBuf> {
        role.mfa_serial.as_ref()?;
        Some(home()?.join(".aws/cli/cache").join(format!("{}.json", name(role)?)))
    }

    /// Of this process, which may have no home to keep them in.
    static MEMORY: Mutex<BTreeMap<String, Credentials>> = Mutex::new(BTreeMap::new());

    /// The credentials of a role, if they are good for a while yet.
    pub(super) fn read(role: &Role) -> Option<Credentials> {
        role.mfa_serial.as_ref()?;
        let known = MEMORY.lock().unwrap_or_else(PoisonError::into_inner).get(&name(role)?).cloned();
        let fresh =
            |credentials: &Credentials| credentials.expiry().is_some_and(|expiry| expiry > SystemTime::now() + MARGIN);
        known.filter(fresh).or_else(|| of_file(role))
    }

    fn of_file(role: &Role) -> Option<Credentials> {
        let file: File = serde_json::from_slice(&fs::read(path(role)?).ok()?).ok()?;
        let Kept { access_key_id, secret_access_key, session_token, expiration } = file.credentials;
        let expiration: Timestamp = expiration.replace("UTC", "Z").parse().ok()?;
        let expiry = SystemTime::try_from(expiration).ok()?;
        let whole = [&access_key_id, &secret_access_key, &session_token]
            .into_iter()
            .all(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()));
        (whole && expiry > SystemTime::now() + MARGIN).then(|| {
            Credentials::new(access_key_id, secret_access_key, Some(session_token), Some(expiry), "AssumeRole")
        })
    }

    /// Keeps them, for their owner alone. What cannot be kept is asked for again.
    pub(super) fn write(role: &Role, credentials: &Credentials) {
        if let (Some(name), true) = (name(role), role.mfa_serial.is_some()) {
            MEMORY.lock().unwrap_or_else(PoisonError::into_inner).insert(name, credentials.clone());
        }
        let Some(path) = path(role) else { return };
        let (Some(folder), Some(expiry)) = (path.parent(), credentials.expiry()) else { return };
        let Ok(expiration) = Timestamp::try_from(expiry) else { return };
        let file = File {
            credentials: Kept {
                access_key_id: credentials.access_key_id().to_owned(),
                secret_access_key: credentials.secret_access_key().to_owned(),
                session_token: credentials.session_token().unwrap_or_default().to_owned(),
                expiration: format!("{expiration:.0}"),
            },
        };
        let keep = || -> std::io::Result<()> {
            fs::create_dir_all(folder)?;
            let mut beside = tempfile::NamedTempFile::new_in(folder)?;
            beside.write_all(&serde_json::to_vec(&file)?)?;
            beside.persist(&path).map(drop).map_err(|error| error.error)
        };
        if keep().is_err() {
            tracing::info!("the session of the role could not be cached");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn the_cache_is_named_as_the_aws_cli_names_it() {
        let role = Role {
            profile: "p".to_owned(),
            arn: "arn:aws:iam::123456789012:role/ops".to_owned(),
            session_name: Some("jo\u{e9}".to_owned()),
            external_id: Some("x/y".to_owned()),
            mfa_serial: Some("arn:aws:iam::123456789012:mfa/jo".to_owned()),
            duration_seconds: Some(900),
        };
        let script = "
from botocore.credentials import AssumeRoleCredentialFetcher as F
arn, mfa = 'arn:aws:iam::123456789012:role/ops', 'arn:aws:iam::123456789012:mfa/jo'
more = {'SerialNumber': mfa, 'ExternalId': 'x/y', 'DurationSeconds': 900, 'RoleSessionName': 'jo\\u00e9'}
print(F(None, None, arn, more)._cache_key)
print(F(None, None, arn, {'SerialNumber': mfa})._cache_key)";
        let venv = ssmbak_testkit::Venv::ready().unwrap();
        let output = Command::new(venv.python()).args(["-c", script]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let told = String::from_utf8(output.stdout).unwrap();
        let bare = Role { session_name: None, external_id: None, duration_seconds: None, ..role.clone() };
        let names: Vec<String> = [&role, &bare].into_iter().filter_map(cache::name).collect();
        assert_eq!(told.lines().collect::<Vec<_>>(), names);
    }
}
