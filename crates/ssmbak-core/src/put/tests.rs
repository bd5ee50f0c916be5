use jiff::Timestamp;

use super::*;
use crate::name::ParameterName;
use crate::parameter::{CurrentParameter, Details};
use crate::plan::IMAGE;

fn details(data_type: &str) -> Details {
    Details {
        tier: Some("Standard".to_owned()),
        data_type: Some(data_type.to_owned()),
        ..Details::new(1, Timestamp::UNIX_EPOCH)
    }
}

fn recorded(data_type: &str) -> RecordedParameter {
    RecordedParameter {
        modified: Timestamp::UNIX_EPOCH,
        version_id: "v".to_owned(),
        value: ParameterValue::new("then"),
        parameter_type: ParameterType::String,
        description: Description::exact(None),
        details: Some(details(data_type)),
    }
}

fn present(data_type: &str) -> PresentParameter {
    let name = ParameterName::parse("/a").unwrap_or_else(|error| panic!("{error}"));
    let parameter = CurrentParameter {
        name,
        spelling: "/a".to_owned(),
        parameter_type: ParameterType::String,
        description: None,
        details: details(data_type),
    };
    PresentParameter { parameter, value: ParameterValue::new("now") }
}

#[test]
fn data_type_text_is_not_sent_where_it_is_the_default() {
    let created = |data_type: &str| creation("/a", &recorded(data_type), None).data_type;
    assert_eq!(created("text"), None);
    assert_eq!(created(IMAGE).as_deref(), Some(IMAGE));
    let overwritten = |to: &str, from: &str| overwriting(&recorded(to), &present(from), &[Field::Value]).data_type;
    assert_eq!(overwritten("text", "text"), None);
    assert_eq!(overwritten("text", IMAGE).as_deref(), Some("text"), "else it might stay an image");
    assert_eq!(overwritten(IMAGE, "text").as_deref(), Some(IMAGE));
}
