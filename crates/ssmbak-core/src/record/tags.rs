//! The three S3 object tags of ssmbak 0.5.2: `ssmbakTime`, `ssmbakType`, `ssmbakDescription`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{LegacyRecord, Unreadable};
use crate::parameter::{Description, ParameterType};

/// The event's time in whole seconds since 1970.
pub const TIME: &str = "ssmbakTime";
/// The parameter's type.
pub const TYPE: &str = "ssmbakType";
/// The description, sanitised; absent if there is none.
pub const DESCRIPTION: &str = "ssmbakDescription";

/// S3 limits a tag's value to 256 characters.
const LONGEST_VALUE: usize = 256;

/// What is left of a description in a tag: letters, digits, space and `+ - = . _ : / @` of ASCII, at most 256.
pub fn sanitise(description: &str) -> String {
    description.chars().filter(|c| c.is_ascii_alphanumeric() || " +-=._:/@".contains(*c)).take(LONGEST_VALUE).collect()
}

/// The tags of a version.
pub fn build(time: Timestamp, parameter_type: ParameterType, description: Option<&str>) -> Vec<(String, String)> {
    let mut tags =
        vec![(TIME.to_owned(), time.as_second().to_string()), (TYPE.to_owned(), parameter_type.as_str().to_owned())];
    if let Some(text) = description {
        tags.push((DESCRIPTION.to_owned(), sanitise(text)));
    }
    tags
}

/// Tags as the `x-amz-tagging` header wants them: a URL query string.
pub fn header(tags: &[(String, String)]) -> String {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let encode = |text: &str| utf8_percent_encode(text, KEPT).to_string();
    tags.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect::<Vec<_>>().join("&")
}

/// Reads the tags of a version that ssmbak 0.5.2 wrote.
///
/// # Errors
/// [`Unreadable::Foreign`] without `ssmbakTime`, [`Unreadable::BadTag`] if a tag is not what the original writes.
pub fn read(tags: &BTreeMap<String, String>) -> Result<LegacyRecord, Unreadable> {
    let time = tags.get(TIME).ok_or(Unreadable::Foreign)?;
    let time = seconds(time).ok_or(Unreadable::BadTag(TIME))?;
    let parameter_type =
        tags.get(TYPE).and_then(|text| text.parse::<ParameterType>().ok()).ok_or(Unreadable::BadTag(TYPE))?;
    let text = tags.get(DESCRIPTION).cloned().filter(|text| !text.is_empty());
    Ok(LegacyRecord { time, parameter_type, description: Description { text, sanitised: true } })
}

fn seconds(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Timestamp::from_second(whole.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn tags_read_back_what_they_say() {
        let time = Timestamp::from_second(1_718_309_456).unwrap();
        let tags = build(time, ParameterType::SecureString, Some("a \"fancy\" description: 100% ü"));
        let read = read(&tags.iter().cloned().collect()).unwrap();
        assert_eq!(read.time, time);
        assert_eq!(read.parameter_type, ParameterType::SecureString);
        assert_eq!(read.description.text.as_deref(), Some("a fancy description: 100 "));
        assert!(read.description.sanitised);
    }

    #[test]
    fn the_header_is_a_query_string() {
        let tags = vec![(DESCRIPTION.to_owned(), "a b+c=d&e/é".to_owned())];
        assert_eq!(header(&tags), "ssmbakDescription=a%20b%2Bc%3Dd%26e%2F%C3%A9");
    }

    #[test]
    fn damaged_tags_are_reported_not_trusted() {
        assert_eq!(read(&map(&[])), Err(Unreadable::Foreign));
        assert_eq!(read(&map(&[("ssmbakType", "String")])), Err(Unreadable::Foreign));
        for time in ["", "x", "1e9", "99999999999999999999", "1.x", "-"] {
            assert_eq!(read(&map(&[(TIME, time), (TYPE, "String")])), Err(Unreadable::BadTag(TIME)), "{time:?}");
        }
        assert_eq!(read(&map(&[(TIME, "1718309456")])), Err(Unreadable::BadTag(TYPE)));
        assert_eq!(read(&map(&[(TIME, "1718309456"), (TYPE, "string")])), Err(Unreadable::BadTag(TYPE)));
    }

    proptest! {
        #[test]
        fn a_sanitised_description_fits_a_tag_and_is_stable(text in "\\PC{0,400}") {
            let once = sanitise(&text);
            prop_assert!(once.chars().count() <= 256 && once.is_ascii());
            prop_assert_eq!(sanitise(&once), once);
        }
    }
}
