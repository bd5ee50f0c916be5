//! Where an event comes from, and whether its parameters are the ones that are recorded.

use super::change::{Change, Ignored};

/// An account and a region, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The account, twelve digits.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
}

/// Why an event is not about our parameters; `None`: it is, as far as both sides say where they are.
///
/// A bus may carry the events of other accounts and regions, which look the same but for these two fields. What one side
/// does not know is not compared: published samples lack either field.
pub fn foreign(change: &Change, own: &Origin) -> Option<Ignored> {
    let differs =
        |theirs: &Option<String>, ours: &Option<String>| matches!((theirs, ours), (Some(a), Some(b)) if a != b);
    if differs(&change.account, &own.account) {
        Some(Ignored::OtherAccount)
    } else if differs(&change.region, &own.region) {
        Some(Ignored::OtherRegion)
    } else {
        None
    }
}

/// The account that an ARN names, e.g. that of `arn:aws:lambda:eu-west-1:123456789012:function:ssmbak`.
pub fn account_of_arn(arn: &str) -> Option<&str> {
    let account = arn.strip_prefix("arn:")?.split(':').nth(3)?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Operation;
    use crate::name::ParameterName;

    const OWN: &str = "123456789012";

    fn from(account: Option<&str>, region: Option<&str>) -> Change {
        Change {
            id: None,
            name: ParameterName::parse("/a").unwrap(),
            operation: Operation::Delete,
            time: "2026-03-01T10:00:00Z".parse().unwrap(),
            parameter_type: None,
            description: None,
            region: region.map(str::to_owned),
            account: account.map(str::to_owned),
        }
    }

    fn own(account: Option<&str>, region: Option<&str>) -> Origin {
        Origin { account: account.map(str::to_owned), region: region.map(str::to_owned) }
    }

    #[test]
    fn event_of_another_account_or_region_is_foreign() {
        let ours = own(Some(OWN), Some("eu-west-1"));
        assert_eq!(foreign(&from(Some(OWN), Some("eu-west-1")), &ours), None);
        assert_eq!(foreign(&from(Some("210987654321"), Some("eu-west-1")), &ours), Some(Ignored::OtherAccount));
        assert_eq!(foreign(&from(Some(OWN), Some("eu-west-2")), &ours), Some(Ignored::OtherRegion));
        assert!(Ignored::OtherAccount.is_foreign() && Ignored::OtherRegion.is_warning());
    }

    #[test]
    fn what_is_unknown_is_not_compared() {
        let ours = own(Some(OWN), Some("eu-west-1"));
        assert_eq!(foreign(&from(None, None), &ours), None);
        assert_eq!(foreign(&from(Some("210987654321"), Some("eu-west-1")), &own(None, Some("eu-west-1"))), None);
        assert_eq!(
            foreign(&from(Some("210987654321"), Some("us-east-1")), &own(None, Some("eu-west-1"))),
            Some(Ignored::OtherRegion)
        );
    }

    #[test]
    fn the_account_is_read_from_an_arn() {
        assert_eq!(account_of_arn("arn:aws:lambda:eu-west-1:123456789012:function:ssmbak:live"), Some(OWN));
        assert_eq!(account_of_arn("arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:x"), Some(OWN));
        for nothing in ["", "ssmbak", "arn:aws:s3:::bucket", "arn:aws:lambda:eu-west-1:1:function:x", "arn:"] {
            assert_eq!(account_of_arn(nothing), None, "{nothing}");
        }
    }
}
