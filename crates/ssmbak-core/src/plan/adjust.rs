//! What Parameter Store would refuse or undo at once of a recorded state, and what is put instead.

use jiff::Timestamp;
use serde_json::Value;

use super::RecordedParameter;
use crate::compare::{is_advanced, normal_policies};
use crate::name::ParameterName;
use crate::parameter::{CurrentParameter, ParameterValue};

/// The data type whose values Parameter Store checks after it has answered, and drops if the image is not there.
pub const IMAGE: &str = "aws:ec2:image";

/// The longest value of the Standard tier: 4 KB. Whether AWS counts bytes or characters is not documented.
const STANDARD_LIMIT: usize = 4096;

/// The tier to put a value with: the recorded one, or Advanced where Parameter Store would refuse less.
///
/// `recorded` is the tier that a version of this very value was recorded with: it had room for it by either way of
/// counting. Without one, `otherwise` is the tier that would be sent, and the value counts by its bytes.
pub fn tier_to_put(
    value: &ParameterValue,
    policies: &[String],
    recorded: Option<&str>,
    otherwise: Option<&str>,
) -> Option<String> {
    let tier = recorded.or(otherwise);
    let suffices = matches!(tier, Some("Advanced" | "Intelligent-Tiering"));
    if !suffices && needs_advanced(value, policies, recorded).is_some() {
        return Some("Advanced".to_owned());
    }
    tier.map(str::to_owned)
}

/// Why a parameter needs the Advanced tier; `None`: it does not.
fn needs_advanced(value: &ParameterValue, policies: &[String], recorded: Option<&str>) -> Option<&'static str> {
    let length = match recorded {
        Some(_) => value.expose().chars().count(),
        None => value.len(),
    };
    if length > STANDARD_LIMIT {
        Some("its value is longer than 4,096 characters")
    } else if !policies.is_empty() {
        Some("it has policies")
    } else {
        None
    }
}

/// Takes out expiration policies whose date has passed, which would delete the parameter at once, and the notifications
/// of that expiration; tells the date.
pub fn drop_expired(policies: &mut Vec<String>, now: Timestamp) -> Option<Timestamp> {
    let passed = policies.iter().filter_map(|text| expiration(text)).filter(|date| *date <= now).max()?;
    let expires = policies.iter().any(|text| expiration(text).is_some_and(|date| date > now));
    policies.retain(|text| match kind(text).as_deref() {
        Some("Expiration") => expiration(text).is_none_or(|date| date > now),
        Some("ExpirationNotification") => expires,
        _ => true,
    });
    Some(passed)
}

fn kind(policy: &str) -> Option<String> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    policy.get("Type")?.as_str().map(str::to_owned)
}

fn expiration(policy: &str) -> Option<Timestamp> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    (policy.get("Type")? == "Expiration").then_some(())?;
    policy.pointer("/Attributes/Timestamp")?.as_str()?.parse().ok()
}

/// Leaves out what has expired of a recorded state, and returns what the reader of the plan should know: the tier stays as
/// recorded, and [`tier_to_put`] decides when it is put.
pub(super) fn adjust(
    name: &ParameterName,
    to: &mut RecordedParameter,
    present: Option<&CurrentParameter>,
    now: Option<Timestamp>,
) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(details) = &mut to.details {
        // Where the parameter has the very same policies, nothing is to be put.
        let same = present
            .is_some_and(|present| normal_policies(&present.details.policies) == normal_policies(&details.policies));
        let passed = now.filter(|_| !same).and_then(|now| drop_expired(&mut details.policies, now));
        notes.extend(
            passed.map(|date| format!("the expiration policy of {name} is left out: its date has passed ({date:.0})")),
        );
    }
    let (recorded, policies) = match &to.details {
        Some(details) => (details.tier.as_deref(), details.policies.as_slice()),
        None => (None, [].as_slice()),
    };
    let has_room = matches!(recorded, Some("Advanced" | "Intelligent-Tiering"));
    let is_there = is_advanced(present.and_then(|present| present.details.tier.as_deref()));
    if let Some(why) = needs_advanced(&to.value, policies, recorded).filter(|_| !has_room && !is_there) {
        notes.push(format!("{name} is put into the Advanced tier, which is charged for: {why}"));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPIRES: &str =
        r#"{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"2026-06-01T00:00:00.000Z"}}"#;
    const NOTIFIES: &str =
        r#"{"Type":"ExpirationNotification","Version":"1.0","Attributes":{"Before":"15","Unit":"Days"}}"#;
    const UNCHANGED: &str =
        r#"{"Type":"NoChangeNotification","Version":"1.0","Attributes":{"After":"20","Unit":"Days"}}"#;

    fn policies(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn passed_expiration_is_dropped_with_its_notifications() {
        let mut passed = policies(&[EXPIRES, NOTIFIES, UNCHANGED]);
        assert_eq!(drop_expired(&mut passed, time("2026-06-01T00:00:00Z")), Some(time("2026-06-01T00:00:00Z")));
        assert_eq!(passed, policies(&[UNCHANGED]));
        let mut ahead = policies(&[EXPIRES, NOTIFIES]);
        assert_eq!(drop_expired(&mut ahead, time("2026-05-31T23:59:59Z")), None);
        assert_eq!(ahead, policies(&[EXPIRES, NOTIFIES]));
    }

    #[test]
    fn policies_that_cannot_be_read_stay() {
        let odd =
            ["{}", "no json", r#"{"Type":"Expiration"}"#, r#"{"Type":"Expiration","Attributes":{"Timestamp":"x"}}"#];
        let mut kept = policies(&odd);
        assert_eq!(drop_expired(&mut kept, time("2030-01-01T00:00:00Z")), None);
        assert_eq!(kept, policies(&odd));
    }

    #[test]
    fn tier_is_advanced_where_less_would_be_refused() {
        let tier = |value: &str, policies_of: &[&str], recorded: Option<&str>, otherwise: Option<&str>| {
            tier_to_put(&ParameterValue::new(value), &policies(policies_of), recorded, otherwise)
        };
        let (long, wide) = ("x".repeat(4097), "ö".repeat(4000));
        let advanced = Some("Advanced".to_owned());
        assert_eq!(tier("x", &[], None, None), None);
        assert_eq!(tier("x", &[], Some("Standard"), None).as_deref(), Some("Standard"));
        assert_eq!(tier(&"x".repeat(4096), &[], None, Some("Standard")).as_deref(), Some("Standard"));
        assert_eq!(tier(&long, &[], None, None), advanced);
        assert_eq!(tier(&long, &[], None, Some("Standard")), advanced);
        assert_eq!(tier(&long, &[], Some("Standard"), None), advanced);
        assert_eq!(tier(&long, &[], Some("Intelligent-Tiering"), None).as_deref(), Some("Intelligent-Tiering"));
        assert_eq!(tier("x", &[UNCHANGED], Some("Standard"), None), advanced);
        // 8,000 bytes in 4,000 characters: where they were recorded as Standard, AWS has taken them as that.
        assert_eq!(tier(&wide, &[], Some("Standard"), None).as_deref(), Some("Standard"));
        assert_eq!(tier(&wide, &[], None, Some("Standard")), advanced);
    }
}
