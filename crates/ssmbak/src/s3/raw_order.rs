//! The order of versions and delete markers in a listing, which the SDK's answer does not keep.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Looks at the answer itself: S3 mixes versions and markers, newest first, and the SDK gives two lists.
#[derive(Clone, Debug, Default)]
pub(super) struct RawOrder(Arc<Mutex<Vec<bool>>>);

impl RawOrder {
    /// For each row of the answer whether it is a delete marker, in order.
    pub(super) fn markers(&self) -> Vec<bool> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Intercept for RawOrder {
    fn name(&self) -> &'static str {
        "RawOrder"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let found = context.response().body().bytes().map(scan).unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(())
    }
}

/// Text never holds a bare `<`, so these are elements wherever they are.
fn scan(xml: &[u8]) -> Vec<bool> {
    let mut rows = Vec::new();
    let mut rest = xml;
    while let Some(at) = rest.iter().position(|byte| *byte == b'<') {
        rest = rest.get(at + 1..).unwrap_or_default();
        let is = |name: &[u8]| rest.starts_with(name) && matches!(rest.get(name.len()), Some(b'>' | b' ' | b'/'));
        if is(b"Version") {
            rows.push(false);
        } else if is(b"DeleteMarker") {
            rows.push(true);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::scan;

    #[test]
    fn the_order_of_an_answer_is_read() {
        let xml = b"<?xml version=\"1.0\"?><ListVersionsResult xmlns=\"x\"><VersionIdMarker/><KeyMarker></KeyMarker>\
            <Version><Key>a&lt;DeleteMarker&gt;</Key><VersionId>1</VersionId></Version>\
            <DeleteMarker><Key>a</Key></DeleteMarker><Version ><Key>a</Key></Version></ListVersionsResult>";
        assert_eq!(scan(xml), [false, true, false]);
        assert_eq!(scan(b"no xml <"), Vec::<bool>::new());
        assert_eq!(scan(b""), Vec::<bool>::new());
    }
}
