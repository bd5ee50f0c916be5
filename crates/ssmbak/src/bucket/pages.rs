//! Whether a page of a listing can be believed to be one: a listing that is cut off would count as complete.

use ssmbak_core::key_ranges::Marker;

use crate::{Error, ErrorKind};

/// Whether a listing that says it goes on leads further: S3 lists keys in order.
pub(crate) fn goes_on(from: Option<&Marker>, to: Option<&Marker>) -> bool {
    match (from, to) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(from), Some(to)) => to.key > from.key || (to.key == from.key && to.version_id != from.version_id),
    }
}

/// That a page does not say whether more follow: S3 always does.
pub(crate) fn incomplete() -> Error {
    Error::new(ErrorKind::Other, "s3 returned a listing that is cut off")
        .with_hint("run it again; check --endpoint-url: is it an AWS endpoint?")
}

/// That a listing leads back to where it was.
pub(crate) fn endless() -> Error {
    Error::new(ErrorKind::Other, "s3 returned a listing that does not end")
        .with_hint("run it again; check --endpoint-url: is it an AWS endpoint?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listing_that_repeats_or_turns_back_does_not_go_on() {
        let marker = |key: &str, id: &str| Marker { key: key.to_owned(), version_id: Some(id.to_owned()) };
        let at = marker("b", "1");
        assert!(goes_on(None, Some(&at)) && goes_on(Some(&at), Some(&marker("b", "2"))));
        assert!(goes_on(Some(&at), Some(&marker("c", "1"))));
        for back in [None, Some(marker("b", "1")), Some(marker("a", "9"))] {
            assert!(!goes_on(Some(&at), back.as_ref()), "{back:?}");
        }
    }
}
