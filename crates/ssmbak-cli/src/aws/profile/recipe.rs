//! Where credentials come from, decided as boto3 decides it.

use std::path::PathBuf;

use aws_credential_types::Credentials;

use super::{AwsConfig, Settings};

/// The environment: a variable's value, `None` where it is unset.
pub(in super::super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The first credentials, and the roles that are assumed with them, one after another.
#[derive(Debug)]
pub(in super::super) struct Recipe {
    pub base: Base,
    pub roles: Vec<Role>,
}

/// Where the first credentials come from.
#[derive(Debug)]
pub(in super::super) enum Base {
    /// Keys.
    Static(Credentials),
    /// A token for a role.
    WebIdentity { token_file: PathBuf, role_arn: String, session_name: Option<String> },
    /// IAM Identity Center.
    Sso(Sso),
    /// `aws login`.
    Login(String),
    /// A program that prints them.
    Process(String),
    /// The container's endpoint.
    Container,
    /// The machine's metadata service.
    Instance,
    /// The container's endpoint, if the environment names one, else the machine's metadata service.
    Machine,
}

/// A permission set of IAM Identity Center.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Sso {
    pub account_id: String,
    pub role_name: String,
    pub start_url: String,
    pub region: String,
    pub session_name: Option<String>,
}

/// A role to assume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Role {
    /// The profile that asks for it.
    pub profile: String,
    pub arn: String,
    pub session_name: Option<String>,
    pub external_id: Option<String>,
    /// The device whose code has to be given.
    pub mfa_serial: Option<String>,
    pub duration_seconds: Option<i32>,
}

/// Why no credentials can come of a configuration. No message repeats a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum RecipeError {
    /// One half of the keys.
    #[error("{have} is set in {place}, but {lack} is not")]
    Half { place: String, have: &'static str, lack: &'static str },
    /// A key no request can carry.
    #[error("{name} in {place} holds a line end, a blank or another character that no key has")]
    BadKey { place: String, name: &'static str },
    /// Neither a source nor two of them.
    #[error("profile {0:?} has role_arn, but neither source_profile nor credential_source")]
    NoSource(String),
    #[error("profile {0:?} has both source_profile and credential_source")]
    TwoSources(String),
    #[error("profile {profile:?} names the credential_source {source_name:?}, which does not exist")]
    BadSource { profile: String, source_name: String },
    /// A source that is not there.
    #[error("the source_profile {source_name:?} of profile {profile:?} does not exist")]
    NoSourceProfile { profile: String, source_name: String },
    #[error("the source_profile {0:?} has no credentials")]
    EmptySource(String),
    #[error("the source_profile settings of profile {0:?} lead back to it")]
    Loop(String),
    /// Settings that belong together.
    #[error("profile {profile:?} lacks {lack}, which its login through IAM Identity Center needs")]
    SsoLacks { profile: String, lack: &'static str },
    #[error("the sso_session {session:?} of profile {profile:?} does not exist")]
    NoSsoSession { profile: String, session: String },
    #[error("{0} is set, but there is no role_arn for the token (AWS_ROLE_ARN)")]
    NoRoleArn(&'static str),
}

const KEY: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";
const TOKEN: &str = "aws_session_token";
const TOKEN_FILE: &str = "web_identity_token_file";

/// Decides where the credentials come from: `profile` with its name and whether the command line names it, in which case
/// keys and tokens of the environment do not count.
pub(in super::super) fn recipe(
    config: &AwsConfig,
    (profile, is_explicit): (&str, bool),
    environment: Environment<'_>,
) -> Result<Recipe, RecipeError> {
    if !is_explicit && let Some(base) = keys_of_environment(environment)? {
        return Ok(Recipe { base, roles: Vec::new() });
    }
    if config.assumes_role(profile) {
        return config.role(profile, &mut vec![profile.to_owned()], environment);
    }
    let variables = (!is_explicit).then_some(environment);
    let base = config.base(profile, variables)?.unwrap_or(Base::Machine);
    Ok(Recipe { base, roles: Vec::new() })
}

fn keys_of_environment(environment: Environment<'_>) -> Result<Option<Base>, RecipeError> {
    let of = |name: &str| environment(name).filter(|value| !value.is_empty());
    let token = of("AWS_SESSION_TOKEN").or_else(|| of("AWS_SECURITY_TOKEN"));
    let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    let place = "the environment".to_owned();
    match (of(names[0]), of(names[1])) {
        (Some(key), secret) => keys(names, (key, secret, token), place).map(Some),
        (None, _) => Ok(None),
    }
}

fn keys(
    names: [&'static str; 3],
    (key, secret, token): (String, Option<String>, Option<String>),
    place: String,
) -> Result<Base, RecipeError> {
    let Some(secret) = secret else {
        return Err(RecipeError::Half { place, have: names[0], lack: names[1] });
    };
    // The SDK panics over what cannot stand in a header.
    let is_bad = |text: &str| !text.bytes().all(|byte| byte.is_ascii_graphic());
    let texts = [Some(key.as_str()), Some(secret.as_str()), token.as_deref()];
    if let Some((name, _)) = names.into_iter().zip(texts).find(|(_, text)| text.is_some_and(is_bad)) {
        return Err(RecipeError::BadKey { place, name });
    }
    Ok(Base::Static(Credentials::new(key, secret, token, None, "static")))
}

impl AwsConfig {
    fn profile(&self, name: &str) -> Option<&Settings> {
        self.profiles.get(name)
    }

    fn assumes_role(&self, profile: &str) -> bool {
        let has = |key: &str| self.profile(profile).is_some_and(|settings| settings.contains_key(key));
        has("role_arn") && !has(TOKEN_FILE)
    }

    fn has_keys(&self, profile: &str) -> bool {
        self.profile(profile).is_some_and(|settings| settings.contains_key(KEY) || settings.contains_key(SECRET))
    }

    /// The role of a profile, with the credentials that assume it.
    fn role(
        &self,
        profile: &str,
        visited: &mut Vec<String>,
        environment: Environment<'_>,
    ) -> Result<Recipe, RecipeError> {
        let setting = |key: &str| self.setting(profile, key).map(str::to_owned);
        let mut recipe = match (setting("source_profile"), setting("credential_source")) {
            (Some(_), Some(_)) => return Err(RecipeError::TwoSources(profile.to_owned())),
            (None, None) => return Err(RecipeError::NoSource(profile.to_owned())),
            (None, Some(source)) => {
                let base = match source.to_ascii_lowercase().as_str() {
                    "environment" => {
                        keys_of_environment(environment)?.ok_or_else(|| RecipeError::EmptySource(source.clone()))?
                    }
                    "ecscontainer" => Base::Container,
                    "ec2instancemetadata" => Base::Instance,
                    _ => return Err(RecipeError::BadSource { profile: profile.to_owned(), source_name: source }),
                };
                Recipe { base, roles: Vec::new() }
            }
            (Some(source), None) => self.source(profile, source, visited, environment)?,
        };
        recipe.roles.push(Role {
            profile: profile.to_owned(),
            arn: setting("role_arn").unwrap_or_default(),
            session_name: setting("role_session_name"),
            external_id: setting("external_id"),
            mfa_serial: setting("mfa_serial"),
            duration_seconds: setting("duration_seconds").and_then(|text| text.parse().ok()),
        });
        Ok(recipe)
    }

    fn source(
        &self,
        profile: &str,
        source: String,
        visited: &mut Vec<String>,
        environment: Environment<'_>,
    ) -> Result<Recipe, RecipeError> {
        if !self.has(&source) {
            return Err(RecipeError::NoSourceProfile { profile: profile.to_owned(), source_name: source });
        }
        // A profile may be its own source, and then has to have keys.
        if visited.contains(&source) && (source != profile || !self.has_keys(&source)) {
            return Err(RecipeError::Loop(source));
        }
        if self.has_keys(&source) || !self.assumes_role(&source) {
            let base = self.base(&source, None)?.ok_or(RecipeError::EmptySource(source))?;
            return Ok(Recipe { base, roles: Vec::new() });
        }
        visited.push(source.clone());
        self.role(&source, visited, environment)
    }

    /// The credentials of a profile itself. Variables that name a token count before the profile.
    fn base(&self, profile: &str, environment: Option<Environment<'_>>) -> Result<Option<Base>, RecipeError> {
        let setting = |key: &str| self.setting(profile, key).map(str::to_owned);
        let either = |variable: &str, key: &str| {
            environment.and_then(|of| of(variable)).filter(|value| !value.is_empty()).or_else(|| setting(key))
        };
        if let Some(token_file) = either("AWS_WEB_IDENTITY_TOKEN_FILE", TOKEN_FILE) {
            let role_arn = either("AWS_ROLE_ARN", "role_arn");
            let role_arn = role_arn.ok_or(RecipeError::NoRoleArn("AWS_WEB_IDENTITY_TOKEN_FILE"))?;
            let session_name = either("AWS_ROLE_SESSION_NAME", "role_session_name");
            return Ok(Some(Base::WebIdentity { token_file: token_file.into(), role_arn, session_name }));
        }
        if setting("sso_account_id").is_some() || setting("sso_role_name").is_some() {
            return self.sso(profile).map(|sso| Some(Base::Sso(sso)));
        }
        let place = |file: &str| format!("profile {profile:?} of the {file} file");
        let of_file = |settings: Option<&Settings>, file: &str| {
            let of = |key: &str| settings?.get(key).cloned().filter(|value| !value.is_empty());
            let key = of(KEY);
            key.map(|key| keys([KEY, SECRET, TOKEN], (key, of(SECRET), of(TOKEN)), place(file))).transpose()
        };
        if let Some(base) = of_file(self.credentials.get(profile), "credentials")? {
            return Ok(Some(base));
        }
        if let Some(session) = setting("login_session") {
            return Ok(Some(Base::Login(session)));
        }
        if let Some(command) = setting("credential_process") {
            return Ok(Some(Base::Process(command)));
        }
        of_file(self.profile(profile), "config")
    }

    fn sso(&self, profile: &str) -> Result<Sso, RecipeError> {
        let session_name = self.setting(profile, "sso_session").map(str::to_owned);
        let session = match &session_name {
            Some(name) => Some(
                self.sso_sessions
                    .get(name)
                    .ok_or_else(|| RecipeError::NoSsoSession { profile: profile.to_owned(), session: name.clone() })?,
            ),
            None => None,
        };
        let setting = |key: &'static str| {
            let of_session = session.and_then(|settings| settings.get(key)).map(String::as_str);
            let found = of_session.or_else(|| self.setting(profile, key)).filter(|value| !value.is_empty());
            found.map(str::to_owned).ok_or(RecipeError::SsoLacks { profile: profile.to_owned(), lack: key })
        };
        Ok(Sso {
            account_id: setting("sso_account_id")?,
            role_name: setting("sso_role_name")?,
            start_url: setting("sso_start_url")?,
            region: setting("sso_region")?,
            session_name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::config;
    use super::*;

    fn found(text: &str, profile: &str) -> Result<Recipe, RecipeError> {
        recipe(&config(text, ""), (profile, true), &|_| None)
    }

    fn base(text: &str, variables: &[(&str, &str)]) -> Base {
        let of = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        recipe(&config(text, ""), ("default", false), &of).unwrap().base
    }

    const KEYS: &str = "aws_access_key_id = K\naws_secret_access_key = S\n";

    #[test]
    fn keys_of_the_environment_count_before_a_profile() {
        let text = format!("[default]\n{KEYS}");
        let of = |base: Base| match base {
            Base::Static(keys) => keys.access_key_id().to_owned(),
            other => format!("{other:?}"),
        };
        assert_eq!(of(base(&text, &[("AWS_ACCESS_KEY_ID", "E"), ("AWS_SECRET_ACCESS_KEY", "S")])), "E");
        assert_eq!(of(base(&text, &[("AWS_SECRET_ACCESS_KEY", "S")])), "K");
        // As in boto3, a token in the environment counts before keys in the profile, and a role of the profile before both.
        let token = [("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"), ("AWS_ROLE_ARN", "r")];
        assert!(matches!(base(&text, &token), Base::WebIdentity { .. }));
        assert!(matches!(base("", &[]), Base::Machine));
    }

    #[test]
    fn a_key_with_a_line_end_is_named_and_not_repeated() {
        let of = |name: &str| match name {
            "AWS_ACCESS_KEY_ID" => Some("AKIA".to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some("hush\r".to_owned()),
            _ => None,
        };
        let error = recipe(&AwsConfig::default(), ("default", false), &of).unwrap_err().to_string();
        assert!(error.starts_with("AWS_SECRET_ACCESS_KEY in the environment holds a line end"), "{error}");
        assert!(!error.contains("hush"));
    }

    #[test]
    fn roles_are_assumed_from_the_source_on() {
        let text = format!(
            "[profile base]\n{KEYS}[profile a]\nrole_arn = A\nsource_profile = base\nmfa_serial = M\n\
             [profile b]\nrole_arn = B\nsource_profile = a\nduration_seconds = 900\n"
        );
        let recipe = found(&text, "b").unwrap();
        let arns: Vec<&str> = recipe.roles.iter().map(|role| role.arn.as_str()).collect();
        assert_eq!(arns, ["A", "B"]);
        assert_eq!(recipe.roles[0].mfa_serial.as_deref(), Some("M"));
        assert_eq!(recipe.roles[1].duration_seconds, Some(900));
    }

    #[test]
    fn a_profile_may_be_its_own_source_and_loops_are_told() {
        let own = format!("[profile a]\nrole_arn = A\nsource_profile = a\n{KEYS}");
        assert_eq!(found(&own, "a").unwrap().roles.len(), 1);
        let round = "[profile a]\nrole_arn = A\nsource_profile = b\n[profile b]\nrole_arn = B\nsource_profile = a\n";
        assert_eq!(found(round, "a").unwrap_err(), RecipeError::Loop("a".to_owned()));
        assert!(matches!(found("[profile a]\nrole_arn = A\n", "a"), Err(RecipeError::NoSource(_))));
        let missing = "[profile a]\nrole_arn = A\nsource_profile = z\n";
        assert!(matches!(found(missing, "a"), Err(RecipeError::NoSourceProfile { .. })));
    }

    #[test]
    fn sso_and_login_profiles_are_known() {
        let text = "[profile s]\nsso_session = my corp\nsso_account_id = 1\nsso_role_name = r\n\
                    [sso-session 'my corp']\nsso_region = eu-west-1\nsso_start_url = https://x/start/#/\n\
                    [profile l]\nlogin_session = arn:aws:iam::1:user/x\n";
        let sso = match found(text, "s").unwrap().base {
            Base::Sso(sso) => sso,
            other => panic!("{other:?}"),
        };
        assert_eq!((sso.start_url.as_str(), sso.session_name.as_deref()), ("https://x/start/#/", Some("my corp")));
        assert!(matches!(found(text, "l").unwrap().base, Base::Login(session) if session.ends_with("user/x")));
    }
}
