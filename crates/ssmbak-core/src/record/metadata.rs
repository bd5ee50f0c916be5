//! The lossless self-description of a version: one user-metadata field, and a sidecar for what does not fit.
//!
//! The field is named `ssmbak` and holds compact JSON in printable ASCII, with a `format` number. S3 allows 2 KB of user
//! metadata per object, keys and values together; a description, policies or tags that exceed it go to a *sidecar*, an
//! object whose name is the SHA-256 of its content under [`SIDECAR_PREFIX`], which has no leading slash and therefore
//! collides with no parameter name.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    DeletionSource, EventReference, Evidence, LostVersion, Presence, TombstoneRecord, Unreadable, ValueRecord, tags,
};
use crate::instant::to_millisecond;
use crate::parameter::{Description, Details, ParameterType};

/// The user-metadata field (`x-amz-meta-ssmbak`).
pub const FIELD: &str = "ssmbak";
/// Where sidecars lie.
pub const SIDECAR_PREFIX: &str = "ssmbak-sidecar/";
/// The format this code writes.
pub const FORMAT: u64 = 1;
/// S3's 2,048 bytes for all user metadata, less the field's name and room for a field that somebody's tool may add.
const LONGEST_INLINE: usize = 1_900;

/// A record as it is stored: the metadata field, the tags, and the sidecar to write before it, if it needs one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The value of the metadata field [`FIELD`].
    pub metadata: String,
    /// The tags, for ssmbak 0.5.2's reader; a tombstone has none, so that it misleads nobody.
    pub tags: Vec<(String, String)>,
    /// To be stored before the version that refers to it.
    pub sidecar: Option<Sidecar>,
}

/// A content-addressed object that holds a version's attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sidecar {
    /// Its key.
    pub key: String,
    /// Its content.
    pub body: String,
}

/// What the metadata field of a stored version says on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// All of it.
    Complete(Evidence),
    /// The rest is in this sidecar: read it and call [`decode_with_sidecar`].
    NeedsSidecar(String),
    /// There is no such field: the tags may say something.
    Absent,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Wire {
    format: u64,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<Timestamp>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    parameter_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    floor: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    present: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    live: Option<Timestamp>,
    #[serde(flatten)]
    bulk: Bulk,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sidecar: Option<String>,
}

/// What moves to the sidecar when it does not fit: everything without a small bound of its own.
#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Bulk {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    allowed_pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    policies: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tags: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lost: Vec<WireLost>,
}

#[derive(Serialize, Deserialize)]
struct WireLost {
    time: Timestamp,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    created: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    locked: Option<u64>,
}

const VALUE: &str = "value";
const DELETION: &str = "deletion";
const OBSERVED: &str = "observed";

/// Encodes a version of a parameter.
pub fn encode_value(record: &ValueRecord) -> Encoded {
    let details = &record.details;
    let wire = Wire {
        format: FORMAT,
        kind: VALUE.to_owned(),
        time: Some(record.time),
        version: Some(details.version),
        modified: Some(details.modified),
        parameter_type: Some(record.parameter_type.as_str().to_owned()),
        tier: details.tier.clone(),
        data_type: details.data_type.clone(),
        previous: record.previous,
        floor: (record.floor != details.version).then_some(record.floor),
        present: match record.present {
            Presence::Superseded => None,
            Presence::Present => Some(1),
            Presence::Confirmed => Some(2),
        },
        seen: record.seen,
        event_time: record.event.as_ref().map(|event| event.time),
        event: record.event.as_ref().and_then(|event| event.id.clone()),
        bulk: Bulk {
            description: record.description.text.clone(),
            key_id: details.key_id.clone(),
            allowed_pattern: details.allowed_pattern.clone(),
            policies: details.policies.clone(),
            tags: details.tags.clone(),
            author: details.author.clone(),
            lost: encode_lost(&record.lost),
        },
        ..Wire::default()
    };
    // The original's reader goes by the event's own second where there is one.
    let second = record.event.as_ref().map_or(record.time, |event| event.time);
    let tags = tags::build(second, record.parameter_type, record.description.text.as_deref());
    finish(wire, tags)
}

/// Encodes a deletion. Its body is to be empty.
pub fn encode_tombstone(record: &TombstoneRecord) -> Encoded {
    let wire = Wire {
        format: FORMAT,
        kind: DELETION.to_owned(),
        time: Some(record.time),
        source: (record.source == DeletionSource::Observed).then(|| OBSERVED.to_owned()),
        event: record.event.clone(),
        live: record.live,
        seen: record.seen,
        bulk: Bulk { lost: encode_lost(&record.lost), ..Bulk::default() },
        ..Wire::default()
    };
    finish(wire, Vec::new())
}

fn finish(mut wire: Wire, tags: Vec<(String, String)>) -> Encoded {
    let inline = to_ascii_json(&wire);
    if inline.len() <= LONGEST_INLINE {
        return Encoded { metadata: inline, tags, sidecar: None };
    }
    let body = to_ascii_json(&std::mem::take(&mut wire.bulk));
    let hash = sha256(&body);
    wire.sidecar = Some(hash.clone());
    let sidecar = Sidecar { key: format!("{SIDECAR_PREFIX}{hash}"), body };
    Encoded { metadata: to_ascii_json(&wire), tags, sidecar: Some(sidecar) }
}

/// Decodes the metadata field of a version of `size` bytes, `None` if it has no such field.
pub fn decode(field: Option<&str>, size: u64) -> Decoded {
    let Some(field) = field else { return Decoded::Absent };
    match parse(field) {
        Err(reason) => Decoded::Complete(Evidence::Unreadable(reason)),
        Ok(wire) => match &wire.sidecar {
            Some(hash) => Decoded::NeedsSidecar(format!("{SIDECAR_PREFIX}{hash}")),
            None => Decoded::Complete(evidence(wire, size)),
        },
    }
}

/// Decodes a version whose [`decode`] asked for a sidecar, given that sidecar's content (`None`: it is missing).
pub fn decode_with_sidecar(field: &str, sidecar: Option<&str>, size: u64) -> Evidence {
    let mut wire = match parse(field) {
        Ok(wire) => wire,
        Err(reason) => return Evidence::Unreadable(reason),
    };
    let named = wire.sidecar.take();
    let bulk = sidecar
        .filter(|body| named.is_some_and(|hash| sha256(body) == hash))
        .and_then(|body| serde_json::from_str::<Bulk>(body).ok());
    match bulk {
        Some(bulk) => {
            wire.bulk = bulk;
            evidence(wire, size)
        }
        None => Evidence::Unreadable(Unreadable::BadSidecar),
    }
}

fn parse(field: &str) -> Result<Wire, Unreadable> {
    #[derive(Deserialize)]
    struct Format {
        format: u64,
    }
    // serde_json's messages quote no content beyond the offending token's kind and position.
    let bad = |error: serde_json::Error| Unreadable::BadMetadata(format!("{:?} error", error.classify()));
    let format = serde_json::from_str::<Format>(field).map_err(bad)?.format;
    if format > FORMAT {
        return Err(Unreadable::NewerFormat(format));
    }
    serde_json::from_str(field).map_err(bad)
}

fn evidence(wire: Wire, size: u64) -> Evidence {
    let decoded = match wire.kind.as_str() {
        VALUE if size == 0 => Err(Unreadable::Empty),
        VALUE => value(wire).map(|record| Evidence::Value(Box::new(record))),
        DELETION => tombstone(wire).map(Evidence::Tombstone),
        _ => Err(Unreadable::BadMetadata("it is of an unknown kind".to_owned())),
    };
    decoded.unwrap_or_else(Evidence::Unreadable)
}

fn missing(what: &str) -> Unreadable {
    Unreadable::BadMetadata(format!("its {what} is missing"))
}

fn value(wire: Wire) -> Result<ValueRecord, Unreadable> {
    let version = wire.version.filter(|v| *v > 0).ok_or_else(|| missing("version"))?;
    let parameter_type = wire.parameter_type.ok_or_else(|| missing("type"))?;
    let parameter_type: ParameterType =
        parameter_type.parse().map_err(|_| Unreadable::BadMetadata("its type is unknown".to_owned()))?;
    let bulk = wire.bulk;
    Ok(ValueRecord {
        // What was written before times were rounded is read as it is written now.
        time: wire.time.map(to_millisecond).ok_or_else(|| missing("time"))?,
        event: wire.event_time.map(|time| EventReference { time, id: wire.event }),
        parameter_type,
        description: Description::exact(bulk.description),
        details: Details {
            version,
            modified: wire.modified.map(to_millisecond).ok_or_else(|| missing("modification time"))?,
            author: bulk.author,
            tier: wire.tier,
            data_type: wire.data_type,
            key_id: bulk.key_id,
            allowed_pattern: bulk.allowed_pattern,
            policies: bulk.policies,
            tags: bulk.tags,
        },
        previous: wire.previous.map(to_millisecond),
        floor: wire.floor.unwrap_or(version),
        present: match wire.present {
            None | Some(0) => Presence::Superseded,
            Some(1) => Presence::Present,
            Some(_) => Presence::Confirmed,
        },
        seen: wire.seen,
        lost: decode_lost(bulk.lost),
    })
}

fn tombstone(wire: Wire) -> Result<TombstoneRecord, Unreadable> {
    Ok(TombstoneRecord {
        time: wire.time.ok_or_else(|| missing("time"))?,
        source: if wire.source.as_deref() == Some(OBSERVED) { DeletionSource::Observed } else { DeletionSource::Event },
        event: wire.event,
        live: wire.live,
        seen: wire.seen,
        lost: decode_lost(wire.bulk.lost),
    })
}

fn encode_lost(lost: &[LostVersion]) -> Vec<WireLost> {
    let encode =
        |l: &LostVersion| WireLost { time: l.time, created: l.created, event: l.event.clone(), locked: l.locked };
    lost.iter().map(encode).collect()
}

fn decode_lost(lost: Vec<WireLost>) -> Vec<LostVersion> {
    lost.into_iter()
        .map(|l| LostVersion { time: l.time, created: l.created, event: l.event, locked: l.locked })
        .collect()
}

fn sha256(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// JSON in printable ASCII that survives an HTTP header: no character outside `0x20..0x7f`, no run of spaces (which
/// signing and proxies fold), no `=?` (which S3 and some clients read as the start of an RFC 2047 encoded word).
fn to_ascii_json<T: Serialize>(value: &T) -> String {
    // These structures hold strings, numbers and maps with string keys alone: serialising them cannot fail.
    let json = serde_json::to_string(value).unwrap_or_default();
    let mut ascii = String::with_capacity(json.len());
    let mut before = '\0';
    for c in json.chars() {
        let plain = matches!(c, ' '..='~') && !(c == ' ' && before == ' ') && !(c == '?' && before == '=');
        if plain {
            ascii.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
        before = c;
    }
    ascii
}

#[cfg(test)]
mod tests;
