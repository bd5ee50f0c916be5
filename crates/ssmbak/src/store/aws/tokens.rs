//! Page tokens of a listing: one that comes a second time would never end.

use std::collections::HashSet;

use crate::{Error, ErrorKind};

/// The tokens that a listing has shown so far.
#[derive(Debug, Default)]
pub(super) struct Tokens(HashSet<String>);

impl Tokens {
    /// The token of the next page; `None`: that was the last one.
    ///
    /// # Errors
    /// If it is a token that has been followed already.
    pub(super) fn next(&mut self, token: Option<String>) -> Result<Option<String>, Error> {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
        if self.0.insert(token.clone()) { Ok(Some(token)) } else { Err(endless()) }
    }
}

/// That a listing leads back to where it was.
pub(super) fn endless() -> Error {
    Error::new(ErrorKind::Other, "parameter store returned a listing that does not end")
        .with_hint("run it again; check --endpoint-url: is it an AWS endpoint?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_token_ends_a_listing_with_an_error() {
        let mut tokens = Tokens::default();
        let mut next = |token: &str| tokens.next(Some(token.to_owned())).map_err(|error| error.kind);
        assert_eq!(next("a"), Ok(Some("a".to_owned())));
        assert_eq!(next("b"), Ok(Some("b".to_owned())));
        assert_eq!(next(""), Ok(None));
        assert_eq!(next("a"), Err(ErrorKind::Other), "also if others came in between");
    }
}
