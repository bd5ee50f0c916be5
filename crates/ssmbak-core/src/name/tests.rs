use super::*;
use proptest::prelude::*;

fn error(text: &str) -> NameError {
    ParameterName::parse(text).unwrap_err()
}

#[test]
fn names_of_every_shape_are_read() {
    for name in ["/a", "/a/b", "/A/b.c/d_e/f-g", "/0", "/...", "/-", "/a/../b", "/aws/service/x"] {
        assert_eq!(ParameterName::parse(name).unwrap().as_str(), name);
    }
}

/// A root-level name split into two histories in the original.
#[test]
fn both_spellings_of_a_root_level_name_are_one() {
    let (bare, slashed) = (ParameterName::parse("foo").unwrap(), ParameterName::parse("/foo").unwrap());
    assert_eq!(bare, slashed);
    assert_eq!(bare.key(), "/foo");
    assert_eq!(bare.unslashed_name(), Some("foo"));
    assert!(bare.is_root_level());
    let deep = ParameterName::parse("/foo/bar").unwrap();
    assert!(!deep.is_root_level());
    assert_eq!(deep.unslashed_name(), None);
    assert_eq!(deep.last_level(), "bar");
    assert_eq!(bare.last_level(), "foo");
}

#[test]
fn names_that_cannot_be_are_refused_with_the_reason() {
    assert_eq!(error(""), NameError::Empty);
    assert_eq!(error("/"), NameError::Root);
    assert_eq!(error("a/b"), NameError::MissingLeadingSlash);
    assert_eq!(error("/a/"), NameError::TrailingSlash);
    assert_eq!(error("a/"), NameError::TrailingSlash);
    assert_eq!(error("//"), NameError::EmptyLevel);
    assert_eq!(error("//a"), NameError::EmptyLevel);
    assert_eq!(error("/a//b"), NameError::EmptyLevel);
    assert_eq!(error("/a:3"), NameError::VersionOrLabel);
    assert_eq!(error(" /a"), NameError::Character { character: ' ', position: 1 });
    assert_eq!(error("/ä\u{1b}"), NameError::Character { character: 'ä', position: 2 });
    assert_eq!(error("/a\0"), NameError::Character { character: '\0', position: 3 });
}

#[test]
fn a_control_character_is_escaped_in_the_message() {
    let message = error("/a\u{1b}[31m").to_string();
    assert_eq!(message, "a parameter name cannot contain '\\u{1b}' (position 3); use letters, digits and _ . - /");
}

#[test]
fn fifteen_levels_are_the_most() {
    assert!(ParameterName::parse(&"/x".repeat(15)).is_ok());
    assert_eq!(error(&"/x".repeat(16)), NameError::TooDeep { levels: 16 });
}

#[test]
fn the_length_is_bounded_generously() {
    assert!(ParameterName::parse(&format!("/{}", "x".repeat(1010))).is_ok());
    assert!(ParameterName::parse(&format!("/{}", "x".repeat(2047))).is_ok());
    assert_eq!(error(&format!("/{}", "x".repeat(2048))), NameError::TooLong { length: 2049 });
}

#[test]
fn a_key_needs_its_slash() {
    assert_eq!(ParameterName::from_key("/foo").unwrap().as_str(), "/foo");
    assert_eq!(ParameterName::from_key("foo"), Err(NameError::NotAKey));
    assert_eq!(ParameterName::from_key("ssmbak/overflow/1"), Err(NameError::NotAKey));
    assert_eq!(ParameterName::from_key(""), Err(NameError::Empty));
    assert_eq!(ParameterName::from_key("/"), Err(NameError::Root));
}

#[test]
fn serde_carries_the_canonical_spelling() {
    let name: ParameterName = serde_json::from_str("\"foo\"").unwrap();
    assert_eq!(serde_json::to_string(&name).unwrap(), "\"/foo\"");
    assert!(serde_json::from_str::<ParameterName>("\"/a b\"").is_err());
    assert!(serde_json::from_str::<ParameterName>("7").is_err());
}

#[test]
fn display_keeps_to_a_column_width() {
    let name = ParameterName::parse("/a").unwrap();
    assert_eq!(format!("{name:<5}|"), "/a   |");
}

#[test]
fn a_shown_text_is_escaped_and_short() {
    assert_eq!(shown("a\n\u{1b}"), "\"a\\n\\u{1b}\"");
    assert_eq!(shown(&"ü".repeat(1000)).chars().count(), 63);
    assert_eq!(shown(&"x".repeat(60)).chars().count(), 62);
}

proptest! {
    #[test]
    fn no_text_is_too_strange_to_judge(text in any::<String>()) {
        let _ = ParameterName::from_key(&text);
        if let Ok(name) = ParameterName::parse(&text) {
            prop_assert!(name.as_str() == text || name.unslashed_name() == Some(text.as_str()));
        }
    }

    #[test]
    fn every_legal_name_survives_key_and_serde(name in "(/[a-zA-Z0-9_.-]{1,20}){1,15}") {
        let parsed = ParameterName::parse(&name).unwrap();
        prop_assert_eq!(&ParameterName::from_key(parsed.key()).unwrap(), &parsed);
        let json = serde_json::to_string(&parsed).unwrap();
        prop_assert_eq!(serde_json::from_str::<ParameterName>(&json).unwrap(), parsed);
    }
}

#[test]
fn a_version_a_label_or_another_arn_is_no_part_of_a_name() {
    for text in ["/app/host:3", "host:prod"] {
        assert_eq!(ParameterName::parse(text), Err(NameError::VersionOrLabel), "{text}");
    }
    assert_eq!(ParameterName::parse("arn:aws:s3:::bucket"), Err(NameError::Arn));
}
