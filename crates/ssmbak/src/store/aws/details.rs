//! The attributes of a version, as two operations of Parameter Store describe it.

/// [`Details`](ssmbak_core::parameter::Details) of a row of GetParameterHistory or DescribeParameters: the two have the
/// same attributes, and no trait.
macro_rules! details_of {
    ($row:expr) => {{
        use crate::store::aws::{policies, text, timestamp, version_number};
        let row = $row;
        ssmbak_core::parameter::Details {
            version: version_number(row.version())?,
            modified: timestamp(row.last_modified_date())?,
            author: text(row.last_modified_user()),
            tier: row.tier().map(|tier| tier.as_str().to_owned()),
            data_type: text(row.data_type()),
            key_id: text(row.key_id()),
            allowed_pattern: text(row.allowed_pattern()),
            policies: policies(row.policies()),
            tags: None,
        }
    }};
}

pub(super) use details_of;
