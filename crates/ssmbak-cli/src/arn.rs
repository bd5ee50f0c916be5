//! ARNs of parameters in the place of their names.

use std::ffi::OsString;

use crate::aws::Aws;
use crate::error::CliError;

/// Where a parameter is that was named by its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterArn {
    /// The ARN as it was given.
    pub arn: String,
    /// Its region.
    pub region: String,
    /// Its account.
    pub account: String,
}

/// What a name is not taken from, but a text that may hold anything.
const TEXTS: [&str; 2] = ["-m", "--message"];

/// Puts names in the place of ARNs of parameters, `arn:aws:ssm:REGION:ACCOUNT:parameter/NAME`.
pub fn named(arguments: Vec<OsString>) -> (Vec<OsString>, Vec<ParameterArn>) {
    let mut arns = Vec::new();
    let mut words: Vec<OsString> = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let is_text = words.last().is_some_and(|word| TEXTS.iter().any(|text| *word == **text));
        match argument.to_str().and_then(parameter).filter(|_| !is_text) {
            Some((arn, name)) => {
                arns.push(arn);
                words.push(name.into());
            }
            None => words.push(argument),
        }
    }
    (words, arns)
}

fn parameter(text: &str) -> Option<(ParameterArn, String)> {
    let mut parts = text.splitn(6, ':');
    let (prefix, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let name = resource.strip_prefix("parameter/")?;
    let is_one = prefix == "arn" && partition.starts_with("aws") && service == "ssm" && !region.is_empty();
    let arn = ParameterArn { arn: text.to_owned(), region: region.to_owned(), account: account.to_owned() };
    is_one.then(|| (arn, format!("/{name}")))
}

/// Makes sure that parameters named by ARN are where the command works.
///
/// # Errors
/// [`CliError::usage`] for another region or account, or if whose credentials these are cannot be told.
pub async fn check(arns: &[ParameterArn], aws: &Aws) -> Result<(), CliError> {
    let Some(first) = arns.first() else { return Ok(()) };
    if let Some(other) = arns.iter().find(|arn| arn.region != aws.region()) {
        let message = format!("{} is of region {}, not {}", other.arn, other.region, aws.region());
        return Err(CliError::usage(message, format!("give --region {}", other.region)));
    }
    let Some(caller) = aws.caller().await else {
        if aws.is_emulated("SSM") {
            return Ok(());
        }
        let message =
            format!("failed to check the account of {}: STS does not say whose credentials these are", first.arn);
        return Err(CliError::failure("Caller", message, "give the name in place of the ARN"));
    };
    match arns.iter().find(|arn| arn.account != caller.account) {
        Some(other) => {
            let message =
                format!("{} is of account {}, the credentials of {}", other.arn, other.account, caller.account);
            Err(CliError::usage(message, "choose a profile of that account with --profile"))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> (String, Vec<ParameterArn>) {
        let (words, arns) = named(line.split(' ').map(OsString::from).collect());
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        (words.join(" "), arns)
    }

    #[test]
    fn an_arn_of_a_parameter_stands_for_its_name() {
        let (words, arns) = read("ssmbak log arn:aws:ssm:eu-west-1:123456789012:parameter/app/db/host");
        assert_eq!(words, "ssmbak log /app/db/host");
        assert_eq!((arns[0].region.as_str(), arns[0].account.as_str()), ("eu-west-1", "123456789012"));
        assert_eq!(read("x arn:aws-cn:ssm:cn-north-1:1:parameter/root:3").0, "x /root:3");
        for kept in ["x arn:aws:s3:::bucket", "x arn:aws:ssm:r:1:document/x", "x --kms-key arn:aws:kms:r:1:key/x"] {
            assert_eq!(read(kept), (kept.to_owned(), Vec::new()));
        }
        let message = "ssmbak mark x -m arn:aws:ssm:r:1:parameter/x";
        assert_eq!(read(message), (message.to_owned(), Vec::new()));
    }
}
