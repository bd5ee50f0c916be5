//! The pages that are run. Each has a pipeline of its own, so they do not meet.

use ssmbak_e2e::Outcome;

use crate::page::holds;
use crate::session::Session;

/// Names the tests after the pages, and lists the pages.
macro_rules! pages {
    ($($test:ident: $page:literal $(, $before:ident($($setup:literal)?))*;)*) => {
        /// All pages that are run.
        pub const EXECUTED: &[&str] = &[$($page),*];
        $(
            #[test]
            fn $test() -> Outcome {
                holds($page, Session::begin()?$(.$before($($setup)?)?)*)
            }
        )*
    };
}

/// Whoever practises one runbook after the other, and one of them again, does so on one pipeline.
#[test]
fn set_ups_run_in_any_order_and_again() -> Outcome {
    let session = Session::begin()?.deployed()?.after("deleted-tree.sh")?.after("lost-account.sh")?;
    session.after("overwritten-secrets.sh")?.after("lost-account.sh")?.after("deleted-tree.sh").map(drop)
}

pages! {
    readme: "../../../README.md", deployed();
    quick_start: "quick-start.md";
    tutorial_going_back: "tutorial/going-back.md", deployed();
    tutorial_what_happened: "tutorial/what-happened.md", deployed();
    tutorial_deleted: "tutorial/deleted.md", deployed();
    tutorial_carefully: "tutorial/carefully.md", deployed();
    tutorial_looking_after: "tutorial/looking-after.md", deployed();
    tutorial_s3bak: "tutorial/s3bak.md";
    environment: "environment.md", deployed();
    runbook_deleted_tree: "runbooks/deleted-tree.md", deployed(), after("deleted-tree.sh");
    runbook_overwritten_secrets: "runbooks/overwritten-secrets.md", deployed(), after("overwritten-secrets.sh");
    runbook_lost_account: "runbooks/lost-account.md", deployed(), after("lost-account.sh");
}
