//! Profiles of the AWS configuration, merged from its two files as botocore merges them.

mod parse;
mod recipe;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use crate::error::CliError;

pub(super) use recipe::{Base, Recipe, Role, recipe};

/// Settings of a profile or a section.
pub(super) type Settings = BTreeMap<String, String>;

/// What both files say. It holds secrets, and so has no `Debug`.
#[derive(Clone, Default)]
pub(super) struct AwsConfig {
    /// Of each profile what both files say; the credentials file counts before the other.
    profiles: BTreeMap<String, Settings>,
    /// What the credentials file alone says.
    credentials: BTreeMap<String, Settings>,
    sso_sessions: BTreeMap<String, Settings>,
    services: BTreeMap<String, Settings>,
}

/// Settings that say who calls, and not how: the SDK is not told of them.
const WHO: [&str; 9] =
    ["aws_", "sso_", "role_", "source_profile", "credential_", "mfa_", "external_id", "web_identity_", "login_"];

impl AwsConfig {
    /// Reads both files, where the environment says or at home. A file that is not there is empty.
    ///
    /// # Errors
    /// [`CliError`] with file and line.
    pub fn load() -> Result<Self, CliError> {
        let config = file("AWS_CONFIG_FILE", "config")?;
        let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials")?;
        Ok(Self::merged(config, credentials))
    }

    fn merged(config: Vec<parse::Section>, credentials: Vec<parse::Section>) -> Self {
        let mut merged = Self::default();
        for section in config {
            let settings = section.settings.into_iter().collect::<Settings>();
            let words = parse::words(&section.name).unwrap_or_default();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let (kind, name) = match words.as_slice() {
                ["default"] => (&mut merged.profiles, "default"),
                ["profile", name] => (&mut merged.profiles, *name),
                ["sso-session", name] => (&mut merged.sso_sessions, *name),
                ["services", name] => (&mut merged.services, *name),
                _ => continue,
            };
            kind.entry(name.to_owned()).or_default().extend(settings);
        }
        for section in credentials {
            let settings = section.settings.into_iter().collect::<Settings>();
            merged.profiles.entry(section.name.clone()).or_default().extend(settings.clone());
            merged.credentials.insert(section.name, settings);
        }
        merged
    }

    /// Whether there is a profile of this name.
    pub fn has(&self, profile: &str) -> bool {
        self.profiles.contains_key(profile)
    }

    /// A setting of a profile.
    pub fn setting(&self, profile: &str, key: &str) -> Option<&str> {
        self.profiles.get(profile)?.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The region of a profile. A comment behind it, which the AWS CLI does not know but the SDKs do, is none of it.
    pub fn region(&self, profile: &str) -> Option<String> {
        let region = self.setting(profile, "region")?.split_whitespace().next()?;
        Some(region.to_owned())
    }

    /// What the SDK should know of a profile, under the name `default`: how to call, and not who calls.
    pub fn for_sdk(&self, profile: &str) -> EnvConfigFiles {
        let mut text = String::from("[default]\n");
        let settings = self.profiles.get(profile).into_iter().flatten();
        let how = settings.filter(|(key, value)| {
            !value.contains('\n') && *key != "services" && !WHO.iter().any(|who| key.starts_with(who))
        });
        for (key, value) in how {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{key} = {value}");
        }
        if let Some(services) = self.setting(profile, "services").and_then(|name| self.services.get(name)) {
            text.push_str("services = active\n[services active]\n");
            for (service, settings) in services {
                let _ = writeln!(text, "{service} =");
                for line in settings.lines().filter(|line| !line.is_empty()) {
                    let _ = writeln!(text, "  {line}");
                }
            }
        }
        EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, text).build()
    }
}

/// The home folder.
pub(super) fn home() -> Option<PathBuf> {
    let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    std::env::var_os(name).filter(|home| !home.is_empty()).map(PathBuf::from)
}

fn file(variable: &str, name: &str) -> Result<Vec<parse::Section>, CliError> {
    let path = match std::env::var_os(variable).filter(|path| !path.is_empty()) {
        Some(path) => match (Path::new(&path).strip_prefix("~"), home()) {
            (Ok(below), Some(home)) => home.join(below),
            _ => PathBuf::from(path),
        },
        None => match home() {
            Some(home) => home.join(".aws").join(name),
            None => return Ok(Vec::new()),
        },
    };
    let content = match std::fs::read(&path) {
        Ok(content) => content,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => {
            let message = format!("failed to read the AWS configuration {}: {error}", path.display());
            return Err(CliError::failure(
                "NoProfile",
                message,
                format!("check the file, or name another with {variable}"),
            ));
        }
    };
    parse::parse(&content).map_err(|error| {
        let message =
            format!("failed to read the AWS configuration {}: line {} {}", path.display(), error.line, error.what);
        CliError::failure("NoProfile", message, "correct that line; the AWS CLI does not read the file either")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn config(config: &str, credentials: &str) -> AwsConfig {
        AwsConfig::merged(parse::parse(config.as_bytes()).unwrap(), parse::parse(credentials.as_bytes()).unwrap())
    }

    #[test]
    fn the_credentials_file_counts_before_the_config_file() {
        let both = config("[profile a]\nregion = one\noutput = x\n", "[a]\nregion = two\n");
        assert_eq!(both.setting("a", "region"), Some("two"));
        assert_eq!(both.setting("a", "output"), Some("x"));
    }

    #[test]
    fn profiles_are_named_as_the_aws_cli_names_them() {
        let named = config("[profile 'my corp']\nregion = r # home\n[other]\nx = 1\n[profile a b]\n", "[c d]\n");
        assert_eq!(named.region("my corp").as_deref(), Some("r"));
        for (name, there) in [("my corp", true), ("c d", true), ("other", false), ("a b", false), ("a", false)] {
            assert_eq!(named.has(name), there, "{name}");
        }
    }
}
