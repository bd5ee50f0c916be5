//! EventBridge events of Parameter Store: "Parameter Store Change" and "Parameter Store Policy Action".

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use super::EventError;
use crate::name::ParameterName;
use crate::sweep::Progress;

/// What happened to a parameter, as far as its event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// It was created.
    Create,
    /// It has a new version.
    Update,
    /// It was deleted.
    Delete,
    /// A label was put on a version or moved; value and version number stay as they were.
    LabelParameterVersion,
    /// An expiration policy deleted it. Whether a [`Self::Delete`] comes too is documented nowhere: assume either.
    PolicyExpiration,
    /// A policy announced an expiration or the lack of changes, or could not be carried out; nothing changed.
    PolicyNotification,
    /// An operation that AWS added since. Like any event it is reason enough to bring the name up to date.
    Other,
}

impl Operation {
    /// A fixed name for logs: what AWS calls it, where it has a name there.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
            Self::LabelParameterVersion => "LabelParameterVersion",
            Self::PolicyExpiration => "PolicyExpiration",
            Self::PolicyNotification => "PolicyNotification",
            Self::Other => "Other",
        }
    }

    fn of_change(text: &str) -> Self {
        match text {
            "Create" => Self::Create,
            "Update" => Self::Update,
            "Delete" => Self::Delete,
            "LabelParameterVersion" => Self::LabelParameterVersion,
            _ => Self::Other,
        }
    }

    /// Only an expiration that was carried out deletes. The status is taken to be absent or "SUCCESS" then, in any
    /// case; an event that wrongly counts as a mere notification still has its name brought up to date.
    fn of_policy(policy: Option<&str>, status: Option<&str>) -> Self {
        match (policy, status) {
            (Some("Expiration"), None) => Self::PolicyExpiration,
            (Some("Expiration"), Some(status)) if status.eq_ignore_ascii_case("success") => Self::PolicyExpiration,
            _ => Self::PolicyNotification,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A change that an event reports. `Debug` leaves out the description.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// EventBridge's id of the event, the same when it is delivered again.
    pub id: Option<String>,
    /// The parameter, in its canonical spelling.
    pub name: ParameterName,
    /// What happened.
    pub operation: Operation,
    /// When, by Parameter Store's clock; whole seconds in every published sample, fractions are kept.
    pub time: Timestamp,
    /// `String`, `StringList` or `SecureString`, as the event has it.
    pub parameter_type: Option<String>,
    /// The description, absent from the event if the parameter has none.
    pub description: Option<String>,
    /// The region of the parameter.
    pub region: Option<String>,
    /// The account of the parameter.
    pub account: Option<String>,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("operation", &self.operation)
            .field("time", &self.time)
            .field("parameter_type", &self.parameter_type)
            .field("region", &self.region)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// Why an event needs nothing done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ignored {
    /// Its source is not `aws.ssm`: the rule lets in what it should not.
    ForeignSource,
    /// An event of Systems Manager, but not about a parameter: the rule lets in what it should not.
    ForeignDetailType,
    /// It is of another account, whose events are forwarded to this bus.
    OtherAccount,
    /// It is of another region, whose events are forwarded to this bus.
    OtherRegion,
    /// It reports an exception (a put of type `aws:ec2:image` that failed its check): nothing was written.
    NothingWritten,
    /// It is about a name that the pipeline leaves out.
    Excluded,
}

impl Ignored {
    /// Whether somebody should look into it, because a correct deployment never delivers such an event.
    pub fn is_warning(self) -> bool {
        !matches!(self, Self::NothingWritten | Self::Excluded)
    }

    /// Whether it is about somebody else's parameter.
    pub fn is_foreign(self) -> bool {
        matches!(self, Self::OtherAccount | Self::OtherRegion)
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ForeignSource => "the event's source is not aws.ssm; check the event rule",
            Self::ForeignDetailType => "the event is not about a parameter; check the event rule",
            Self::OtherAccount => "the event is of another account; update the stack, whose rule should not let it in",
            Self::OtherRegion => "the event is of another region; update the stack, whose rule should not let it in",
            Self::NothingWritten => "the event reports an exception, so nothing was written",
            Self::Excluded => "the stack excludes the parameter from recording",
        })
    }
}

/// The outcome of reading an event that is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It reports a change.
    Change(Change),
    /// It is ssmbak's own: sweep everything. `None`: from the beginning.
    Sweep(Option<Box<Progress>>),
    /// It is none of ours, or reports that nothing happened.
    Ignored {
        /// Why nothing is to be done.
        reason: Ignored,
    },
}

/// Reads the body of a message: one EventBridge event as JSON.
///
/// # Errors
///
/// [`EventError`] if it is not JSON, or lacks what [`parse_event`] needs.
pub fn parse_body(body: &str) -> Result<Notice, EventError> {
    let event = serde_json::from_str(body).map_err(|e| EventError::NotJson { line: e.line(), column: e.column() })?;
    parse_event(&event)
}

/// Reads one EventBridge event, or a message of ssmbak's own (AWS: "Monitoring Systems Manager events with Amazon EventBridge").
///
/// # Errors
///
/// [`EventError`] if it has no source, detail type, detail, name, time or operation, or if name or time are not valid.
pub fn parse_event(event: &Value) -> Result<Notice, EventError> {
    if !event.is_object() {
        return Err(EventError::NotAnObject);
    }
    if let Some(sweep) = crate::sweep::read(event) {
        return sweep.map(|progress| Notice::Sweep(progress.map(Box::new))).map_err(|()| EventError::Own);
    }
    let required = |of: &'static str| text(event, of).ok_or(EventError::Without(of));
    if required("source")? != "aws.ssm" {
        return Ok(Notice::Ignored { reason: Ignored::ForeignSource });
    }
    let is_policy = match required("detail-type")? {
        "Parameter Store Change" => false,
        "Parameter Store Policy Action" => true,
        _ => return Ok(Notice::Ignored { reason: Ignored::ForeignDetailType }),
    };
    let detail = event.get("detail").filter(|detail| detail.is_object()).ok_or(EventError::Without("detail"))?;
    if detail.get("exception").is_some_and(|exception| !exception.is_null()) {
        return Ok(Notice::Ignored { reason: Ignored::NothingWritten });
    }
    let (name, parameter_type, operation) = if is_policy {
        let operation = Operation::of_policy(text(detail, "policy-type"), text(detail, "action-status"));
        let name = text(detail, "parameter-name").ok_or(EventError::Without("detail.parameter-name"))?;
        (name, word(detail, "parameter-type"), operation)
    } else {
        let operation = text(detail, "operation").ok_or(EventError::Without("detail.operation"))?;
        let name = text(detail, "name").ok_or(EventError::Without("detail.name"))?;
        (name, word(detail, "type"), Operation::of_change(operation))
    };
    Ok(Notice::Change(Change {
        id: word(event, "id"),
        name: ParameterName::parse(name).map_err(EventError::Name)?,
        operation,
        time: required("time")?.parse().map_err(|_| EventError::Time)?,
        parameter_type,
        description: text(detail, "description").map(str::to_owned),
        region: word(event, "region"),
        account: word(event, "account"),
    }))
}

/// A field that is a string and not empty.
fn text<'a>(of: &'a Value, field: &str) -> Option<&'a str> {
    of.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A field that goes into logs: kept only if it is the short plain word that AWS sends there.
fn word(of: &Value, field: &str) -> Option<String> {
    let plain = |text: &&str| text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    text(of, field).filter(plain).map(str::to_owned)
}
