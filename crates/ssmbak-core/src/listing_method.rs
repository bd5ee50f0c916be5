//! How to list the parameters of a path in few requests.
//!
//! AWS filters DescribeParameters after paging: with a filter on a path it reads the whole account all the same. So there
//! are two ways: GetParametersByPath, ten of the path a page, whose attributes are then read fifty names a request; or
//! DescribeParameters without a filter, fifty of the account a page, attributes included.

/// After so many pages of either it is decided which one goes on: 250 parameters of the account, 50 of the path.
const PAGES_OF_BOTH: usize = 5;

/// Of how many parameters seen one must lie in the path for listing the account to go on.
const ONE_IN: usize = 3;

/// What has been read so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Pages of either that were read side by side.
    pub pages_of_both: usize,
    /// Whether the path is listed to its end.
    pub path_ended: bool,
    /// Whether the account is.
    pub account_ended: bool,
    /// Parameters of the account seen so far.
    pub seen: usize,
    /// Those of them within the path.
    pub within: usize,
}

/// What to read next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A page of the path and a page of the account.
    Both,
    /// The next page of the account.
    Account,
    /// The path to its end, and the attributes of its parameters.
    Path,
    /// Nothing: the account is listed, attributes included.
    Done,
}

/// What to read next of a path. A short path and a small account end within the pages of both. After those the account is
/// listed as long as one in three of its parameters lies in the path.
pub fn next_step(progress: Progress) -> Step {
    let Progress { pages_of_both, path_ended, account_ended, seen, within } = progress;
    if account_ended {
        Step::Done
    } else if path_ended {
        Step::Path
    } else if pages_of_both < PAGES_OF_BOTH {
        Step::Both
    } else if within * ONE_IN >= seen {
        Step::Account
    } else {
        Step::Path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: Progress =
        Progress { pages_of_both: 3, path_ended: false, account_ended: false, seen: 150, within: 150 };

    #[test]
    fn short_path_of_a_large_account_is_read_by_path() {
        assert_eq!(next_step(Progress::default()), Step::Both);
        assert_eq!(next_step(BEGUN), Step::Both);
        assert_eq!(next_step(Progress { path_ended: true, ..BEGUN }), Step::Path);
    }

    #[test]
    fn small_account_is_listed_whole() {
        assert_eq!(next_step(Progress { account_ended: true, ..BEGUN }), Step::Done);
        assert_eq!(next_step(Progress { account_ended: true, path_ended: true, ..BEGUN }), Step::Done);
    }

    #[test]
    fn path_that_is_most_of_the_account_is_listed_with_it() {
        let later = |seen, within| next_step(Progress { pages_of_both: PAGES_OF_BOTH, seen, within, ..BEGUN });
        assert_eq!(later(250, 250), Step::Account);
        assert_eq!(later(250, 84), Step::Account);
        assert_eq!(later(250, 25), Step::Path, "a tenth");
        assert_eq!(later(1_550, 500), Step::Path, "the share falls while the account is listed");
    }
}
