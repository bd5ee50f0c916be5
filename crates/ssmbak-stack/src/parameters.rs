//! Which values the template's parameters get.

use crate::elf::Architecture;
use ssmbak_core::recording_scope::RecordingScope;
use ssmbak_core::scope::ScopeError;

use crate::template::{
    ARCHITECTURE, CODE_BUCKET, CODE_BUCKET_REGIONAL, CODE_KEY, EXCLUDE, EXCLUDED_NAMES, INCLUDE, SETTINGS,
};

/// A parameter was asked for that cannot be set.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ParameterError {
    /// The template has no such parameter.
    #[error("the stack has no parameter {name}: it has {}", known.join(", "))]
    Unknown {
        /// The name that was given.
        name: String,
        /// The parameters that can be set.
        known: &'static [&'static str],
    },
    /// A glob of the scope cannot be read.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The parameter follows from the globs.
    #[error("the parameter {EXCLUDED_NAMES} follows from {EXCLUDE}: set that, or give --exclude")]
    Followed,
    /// The parameter follows from the function's code.
    #[error("the parameter {name} follows from the function's code: choose that with --lambda")]
    FilledIn {
        /// The name that was given.
        name: String,
    },
}

/// The value of a parameter in a request to CloudFormation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// This one.
    Set(String),
    /// The one that the stack has.
    Previous,
}

/// Checks what people ask for, before anything else is done.
///
/// # Errors
/// [`ParameterError`] for the first that cannot be set.
pub fn check(settings: &[(String, String)]) -> Result<(), ParameterError> {
    for (name, _) in settings {
        if [CODE_BUCKET, CODE_BUCKET_REGIONAL, CODE_KEY, ARCHITECTURE].contains(&name.as_str()) {
            return Err(ParameterError::FilledIn { name: name.clone() });
        }
        if name == EXCLUDED_NAMES {
            return Err(ParameterError::Followed);
        }
    }
    check_known(settings, &SETTINGS)?;
    excluded_names(settings).map(drop)
}

/// Checks that only these parameters are asked for.
///
/// # Errors
/// [`ParameterError::Unknown`] for the first that is none of them.
pub fn check_known(settings: &[(String, String)], known: &'static [&'static str]) -> Result<(), ParameterError> {
    match settings.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => Err(ParameterError::Unknown { name: name.clone(), known }),
        None => Ok(()),
    }
}

/// What follows from the globs that are asked for: those that the event rule can tell, as it has them. `None`: none are asked
/// for.
///
/// # Errors
/// [`ParameterError::Scope`] for the first glob that cannot be read.
fn excluded_names(settings: &[(String, String)]) -> Result<Option<String>, ParameterError> {
    let asked = |name: &str| settings.iter().rfind(|(asked, _)| asked == name).map(|(_, globs)| globs.as_str());
    let scope = RecordingScope::parse(asked(INCLUDE).unwrap_or_default(), asked(EXCLUDE).unwrap_or_default())?;
    Ok(asked(EXCLUDE).map(|_| scope.event_patterns().join(",")))
}

/// The settings, and what follows from them.
pub fn completed(settings: &[(String, String)]) -> Vec<(String, String)> {
    // What cannot be read was refused before.
    let names = excluded_names(settings).ok().flatten().map(|names| (EXCLUDED_NAMES.to_owned(), names));
    settings.iter().cloned().chain(names).collect()
}

/// The parameters of a request: what was asked for, else what the stack has, else (by leaving it out) the default.
///
/// Left out of an update, CloudFormation would set a parameter back to its default. `current` names the parameters that
/// the stack has; those that only an older template knew are left behind. Of a setting given twice, the last one counts.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Parameter.html>
pub fn resolve(
    settings: &[(String, String)],
    current: &[String],
    code_bucket: &str,
    code_key: &str,
    architecture: Architecture,
) -> Vec<(String, Value)> {
    let code = [(CODE_BUCKET, code_bucket), (CODE_KEY, code_key), (ARCHITECTURE, architecture.as_str())];
    let code = code.into_iter().map(|(name, value)| (name.to_owned(), Value::Set(value.to_owned())));
    code.chain(asked_or_current(settings, current, &[SETTINGS.as_slice(), &[EXCLUDED_NAMES]].concat())).collect()
}

/// What was asked for, else what the stack has, of the parameters that are known.
pub(crate) fn asked_or_current(
    settings: &[(String, String)],
    current: &[String],
    known: &[&str],
) -> Vec<(String, Value)> {
    let value = |name: &&str| match settings.iter().rfind(|(asked, _)| asked == name) {
        Some((_, value)) => Some(((*name).to_owned(), Value::Set(value.clone()))),
        None => current.iter().any(|current| current == name).then(|| ((*name).to_owned(), Value::Previous)),
    };
    known.iter().filter_map(value).collect()
}

/// The parameters of a request that leaves code and template as they are: every parameter that the stack has, with the
/// value that was asked for, else with its own. None if that is not possible: the deployed template lacks a setting, or
/// has no code to keep.
pub fn resolve_deployed(settings: &[(String, String)], current: &[String]) -> Option<Vec<(String, Value)>> {
    let has = |name: &str| current.iter().any(|current| current == name);
    if !has(CODE_KEY) || !settings.iter().all(|(name, _)| has(name)) {
        return None;
    }
    let value = |name: &String| {
        let asked = settings.iter().rfind(|(asked, _)| asked == name);
        (name.clone(), asked.map_or(Value::Previous, |(_, value)| Value::Set(value.clone())))
    };
    Some(current.iter().map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(own).collect()
    }

    #[test]
    fn keeps_what_the_stack_has() {
        let asked = settings(&[("RetentionDays", "7"), ("LogLevel", "DEBUG"), ("RetentionDays", "30")]);
        let current = ["LogLevel", "ThresholdAgeOfOldestMessage", "FromAnOldTemplate"];
        let values = resolve(&asked, &current.map(str::to_owned), "bucket", "key", Architecture::Arm64);
        let set = |value: &str| Value::Set(value.to_owned());
        assert_eq!(
            values,
            [
                ("CodeBucket", set("bucket")),
                ("CodeKey", set("key")),
                ("Architecture", set("arm64")),
                ("LogLevel", set("DEBUG")),
                ("RetentionDays", set("30")),
                ("ThresholdAgeOfOldestMessage", Value::Previous),
            ]
            .map(|(name, value)| (name.to_owned(), value))
        );
    }

    #[test]
    fn without_new_code_everything_else_stays_deployed() {
        let current = ["CodeKey", "LogLevel", "OfANewerTemplate"].map(str::to_owned);
        let values = resolve_deployed(&settings(&[("LogLevel", "DEBUG")]), &current);
        let own = |name: &str, value| (name.to_owned(), value);
        assert_eq!(
            values.unwrap(),
            [
                own("CodeKey", Value::Previous),
                own("LogLevel", Value::Set("DEBUG".to_owned())),
                own("OfANewerTemplate", Value::Previous),
            ]
        );
        assert_eq!(resolve_deployed(&settings(&[("RetentionDays", "7")]), &current), None);
        assert_eq!(resolve_deployed(&[], &["LogLevel".to_owned()]), None, "no code to keep");
    }

    #[test]
    fn refuses_what_cannot_be_set() {
        assert_eq!(check(&settings(&[("LogLevel", "INFO")])), Ok(()));
        let unknown = check(&settings(&[("LogLevel", "INFO"), ("loglevel", "x")]));
        insta::assert_snapshot!(unknown.unwrap_err(), @"the stack has no parameter loglevel: it has AccessLogBucket, AlarmEmail, DeletionsWithinSeconds, Exclude, ExistingBucket, Include, KmsKeyArn, LogLevel, LogRetentionDays, MaxRequestsPerSecond, Metrics, ObjectLockDays, ObjectLockMode, PermissionsBoundaryArn, PipelineKmsKeyArn, Policies, PoliciesPath, Rehearsal, RetentionDays, SweepSchedule, ThresholdAgeOfOldestMessage, ThresholdDaysWithoutSweep, ThresholdDeletions, ThresholdFunctionErrors, ThresholdNumberOfMessagesVisible, VaultAccountId, VaultBucketArn, VaultKmsKeyArn");
        let filled_in = check(&settings(&[("CodeKey", "x")]));
        insta::assert_snapshot!(filled_in.unwrap_err(), @"the parameter CodeKey follows from the function's code: choose that with --lambda");
    }
}
