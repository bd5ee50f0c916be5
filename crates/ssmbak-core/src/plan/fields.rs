//! In which attributes a restore would have to change a parameter.

use super::{PresentParameter, RecordedParameter};
use crate::compare::{Attributes, changed_attributes, is_advanced};
use crate::parameter::{CurrentParameter, Description};

pub use crate::compare::Field;

/// What a restore would have to change, in the order of [`Field`]. What is not recorded is not compared.
pub fn changed_fields(to: &RecordedParameter, from: &PresentParameter) -> Vec<Field> {
    let present = &from.parameter;
    let description = Description::exact(present.description.clone());
    let now = Attributes {
        parameter_type: present.parameter_type,
        description: &description,
        details: Some(&present.details),
    };
    let value = (to.value != from.value).then_some(Field::Value);
    let changed = value.into_iter().chain(changed_attributes(Attributes::of_state(to), now));
    // A tier is only ever raised.
    changed.filter(|field| *field != Field::Tier || is_advanced(tier_of(to))).collect()
}

fn tier_of(state: &RecordedParameter) -> Option<&str> {
    state.details.as_ref().and_then(|details| details.tier.as_deref())
}

/// Parameter Store refuses to lower a tier in place, so a recorded Standard tier is not asked of an Advanced parameter.
pub(super) fn tier_would_fall(to: &RecordedParameter, present: &CurrentParameter) -> bool {
    let recorded = tier_of(to);
    recorded.is_some() && !is_advanced(recorded) && is_advanced(present.details.tier.as_deref())
}
