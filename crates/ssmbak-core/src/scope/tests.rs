use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

fn name(text: &str) -> ParameterName {
    ParameterName::parse(text).unwrap()
}

fn scope(path: &str, recursive: bool) -> Scope {
    Scope::parse(path, recursive).unwrap()
}

fn globs(include: &[&str], exclude: &[&str]) -> Result<Selection, ScopeError> {
    let owned = |globs: &[&str]| globs.iter().map(|&g| g.to_owned()).collect::<Vec<_>>();
    Selection::new(&["/"], true, &owned(include), &owned(exclude))
}

/// The names of a small world that `path` selects.
fn selected(path: &str, recursive: bool) -> Vec<&'static str> {
    const WORLD: [&str; 13] = [
        "/x",
        "/x/a",
        "/x/a/b",
        "/x/db",
        "/x/db/host",
        "/x/db/host/v",
        "/x/db-old",
        "/x/db.old",
        "/x/db_password",
        "/x-prod",
        "/x-prod/a",
        "/x2",
        "/y",
    ];
    let scope = scope(path, recursive);
    WORLD.into_iter().filter(|text| scope.contains(&name(text))).collect()
}

#[test]
fn a_name_is_that_one_parameter() {
    assert_eq!(selected("/x", false), ["/x"]);
    assert_eq!(selected("x", false), ["/x"]);
    assert_eq!(selected("/x/a/b", false), ["/x/a/b"]);
}

#[test]
fn a_trailing_slash_means_direct_children() {
    assert_eq!(selected("/x/", false), ["/x/a", "/x/db", "/x/db-old", "/x/db.old", "/x/db_password"]);
    assert_eq!(selected("/x/db/", false), ["/x/db/host"]);
    assert_eq!(selected("/", false), ["/x", "/x-prod", "/x2", "/y"]);
    assert!(selected("/none/", false).is_empty());
}

#[test]
fn a_trailing_slash_and_recursion_mean_the_subtree() {
    assert_eq!(selected("/x/db/", true), ["/x/db/host", "/x/db/host/v"]);
    assert_eq!(selected("/", true).len(), 13);
}

/// In the original `-R` without the slash silently did nothing.
#[test]
fn recursion_without_the_slash_takes_the_parameter_and_its_subtree() {
    assert_eq!(selected("/x/db", true), ["/x/db", "/x/db/host", "/x/db/host/v"]);
    assert_eq!(selected("x-prod", true), ["/x-prod", "/x-prod/a"]);
}

/// `/x` selected `/x2` and `/x-prod` in the original, and `/x/db` rolled back `/x/db_password`.
#[test]
fn a_sibling_that_shares_a_prefix_is_never_selected() {
    for recursive in [false, true] {
        for path in ["/x", "/x/"] {
            let all = selected(path, recursive);
            assert!(!all.iter().any(|n| n.starts_with("/x2") || n.starts_with("/x-prod")), "{path} {all:?}");
        }
        let all = selected("/x/db", recursive);
        assert!(!all.iter().any(|n| ["/x/db_password", "/x/db-old", "/x/db.old"].contains(n)), "{all:?}");
    }
}

#[test]
fn scopes_are_told_apart() {
    assert_eq!(scope("foo", false), Scope::One(name("/foo")));
    assert_eq!(scope("/a/b", true), Scope::NameAndSubtree(name("/a/b")));
    assert_eq!(scope("/", false), Scope::Children(Folder::root()));
    assert_eq!(scope("/", true), Scope::Subtree(Folder::root()));
    assert!(scope("/a", false).is_single());
    assert!(!scope("/a", true).is_single() && !scope("/a/", false).is_single());
}

#[test]
fn prefixes_and_spelling() {
    let cases = [
        ("foo", false, "/foo", "/foo"),
        ("/a/b/", false, "/a/b/", "/a/b/"),
        ("/a/b/", true, "/a/b/", "/a/b/ -R"),
        ("/a/b", true, "/a/b", "/a/b -R"),
        ("/", true, "/", "/ -R"),
    ];
    for (path, recursive, prefix, shown) in cases {
        let scope = scope(path, recursive);
        assert_eq!((scope.prefix().as_str(), scope.to_string().as_str()), (prefix, shown));
    }
    assert_eq!(Folder::root().ssm_path(), "/");
    assert_eq!(Folder::under(&name("/a/b")).ssm_path(), "/a/b");
}

#[test]
fn paths_that_cannot_be_are_refused() {
    let reason = |path: &str| match Scope::parse(path, false).unwrap_err() {
        ScopeError::Path { reason, .. } => reason,
        other => panic!("{path}: {other}"),
    };
    assert_eq!(reason("a/b"), NameError::MissingLeadingSlash);
    assert_eq!(reason("foo/"), NameError::MissingLeadingSlash);
    assert_eq!(reason("a/b/"), NameError::MissingLeadingSlash);
    assert_eq!(reason("//"), NameError::EmptyLevel);
    assert_eq!(reason("///"), NameError::EmptyLevel);
    assert_eq!(reason("/a//"), NameError::EmptyLevel);
    assert_eq!(reason("/a//b"), NameError::EmptyLevel);
    assert_eq!(reason(&"/x".repeat(16)), NameError::TooDeep { levels: 16 });
    assert_eq!(Scope::parse("", true), Err(ScopeError::EmptyPath));
    for path in ["/a/*", "/a?/", "*", "/[ab]", "/{a,b}/c"] {
        assert_eq!(Scope::parse(path, true), Err(ScopeError::Wildcard { path: path.to_owned() }));
    }
    assert_eq!(Selection::new(&[], true, &[], &[]).unwrap_err(), ScopeError::NoPath);
}

#[test]
fn messages_name_the_path_and_what_to_do() {
    let message = |path: &str| Scope::parse(path, false).unwrap_err().to_string();
    assert_eq!(
        message("app/db"),
        "\"app/db\" is not a parameter or path: a name of several levels starts with a slash; write /app/host, not app/host"
    );
    assert_eq!(
        message("/app/*"),
        "a path takes no wildcards: \"/app/*\"; give the path above it and select with --include"
    );
    assert!(!message("/a\u{1b}[2J").contains('\u{1b}'));
    assert!(message(&"x".repeat(5000)).len() < 200);
}

#[test]
fn a_glob_without_a_slash_matches_the_last_level() {
    let all = globs(&[], &["*_token"]).unwrap();
    assert!(!all.contains(&name("/app/api_token")) && !all.contains(&name("api_token")));
    assert!(all.contains(&name("/app_token/key")));
    assert!(all.contains(&name("/app/api_token2")));
    let dots = globs(&["..", "?.", "*.pem"], &[]).unwrap();
    assert!(dots.contains(&name("/a/..")) && dots.contains(&name("/a/b.")) && dots.contains(&name("/.pem")));
    assert!(!dots.contains(&name("/a/.../c")));
}

#[test]
fn a_glob_with_a_slash_matches_the_whole_name() {
    let one = globs(&["/app/*/host"], &[]).unwrap();
    assert!(one.contains(&name("/app/db/host")));
    assert!(!one.contains(&name("/app/db/old/host")) && !one.contains(&name("/app/host")));
    let deep = globs(&["/app/**/host"], &[]).unwrap();
    assert!(deep.contains(&name("/app/db/old/host")) && deep.contains(&name("/app/host")));
    assert!(!deep.contains(&name("/app2/host")));
    let tail = globs(&["/app/**"], &[]).unwrap();
    assert!(tail.contains(&name("/app/a/b")) && !tail.contains(&name("/app")) && !tail.contains(&name("/app2")));
    let anywhere = globs(&["**/db/*"], &[]).unwrap();
    assert!(anywhere.contains(&name("/db/x")) && anywhere.contains(&name("/a/b/db/x")));
    assert!(!anywhere.contains(&name("/a/mydb/x")));
}

#[test]
fn globs_are_case_sensitive_and_know_classes() {
    let some = globs(&["/app/{a,b}[0-9]"], &[]).unwrap();
    assert!(some.contains(&name("/app/a1")) && some.contains(&name("/app/b9")));
    assert!(!some.contains(&name("/app/A1")) && !some.contains(&name("/app/c1")));
}

#[test]
fn exclusion_wins_and_the_scope_bounds_both() {
    let selection = Selection::new(&["/app/"], true, &["db*".to_owned()], &["/app/old/**".to_owned()]).unwrap();
    assert!(selection.is_filtered());
    assert!(selection.contains(&name("/app/db1")));
    assert!(!selection.contains(&name("/app/old/db1")));
    assert!(!selection.contains(&name("/app/web")));
    assert!(!selection.contains(&name("/other/db1")));
}

#[test]
fn bad_globs_are_refused() {
    assert!(matches!(globs(&["[a"], &[]), Err(ScopeError::Glob { .. })));
    assert!(matches!(globs(&[], &["{a"]), Err(ScopeError::Glob { .. })));
    assert!(matches!(globs(&["a\\"], &[]), Err(ScopeError::Glob { .. })));
    assert!(matches!(globs(&["[z-a]"], &[]), Err(ScopeError::Glob { .. })));
    assert!(matches!(globs(&["db/*"], &[]), Err(ScopeError::NeverMatches { .. })));
    assert_eq!(globs(&[""], &[]).unwrap_err(), ScopeError::EmptyGlob);
    assert_eq!(
        globs(&["*".repeat(1025).as_str()], &[]).unwrap_err(),
        ScopeError::GlobTooLong { length: 1025, most: 1024 }
    );
}

/// Compiling a matcher panics if its automaton is too large or nested too deeply; the limits must keep it from that.
#[test]
fn the_longest_globs_compile() {
    for unit in ["*", "?", "{aaaaa,bbbb,cccc,ddddd}", "[!é-\u{10fffd}]", "**/", "é", "[a-z]?*"] {
        let glob = unit.repeat(1024 / unit.len());
        assert!(globs(&[&glob], &[]).is_ok(), "{unit}");
    }
    for depth in [1, 20, 100, 200, 300, 512] {
        let glob = format!("{}{}", "{".repeat(depth), "}".repeat(depth));
        let _ = globs(&[&glob], &[]);
        let _ = globs(&[&glob.replace("{}", "{a,b}")], &[]);
    }
}

fn listed(paths: &[&str], recursive: bool) -> Vec<(String, Depth)> {
    let selection = Selection::new(paths, recursive, &[], &[]).unwrap();
    selection.listings().iter().map(|l| (l.prefix().to_owned(), l.depth())).collect()
}

#[test]
fn nested_scopes_are_listed_once() {
    let subtree = |p: &str| (p.to_owned(), Depth::Subtree);
    let exact = |p: &str| (p.to_owned(), Depth::Exact);
    let children = |p: &str| (p.to_owned(), Depth::Children);
    assert_eq!(listed(&["/a/b/", "/a/", "/a/", "/a/c"], true), [subtree("/a/")]);
    assert_eq!(listed(&["/a", "/a/b/"], true), [exact("/a"), subtree("/a/")]);
    assert_eq!(listed(&["/", "/a/"], true), [subtree("/")]);
    assert_eq!(listed(&["/", "/a", "/a/", "/a/b/c"], false), [children("/"), children("/a/"), exact("/a/b/c")]);
    assert_eq!(listed(&["/a", "/a2", "/a"], false), [exact("/a"), exact("/a2")]);
}

#[test]
fn prefixes_cover_without_repeating() {
    let prefixes = |paths: &[&str], recursive| Selection::new(paths, recursive, &[], &[]).unwrap().listing_prefixes();
    assert_eq!(prefixes(&["/a/b/", "/a/", "/c"], true), ["/a/", "/c"]);
    assert_eq!(prefixes(&["/a", "/ab", "/b/"], false), ["/a", "/b/"]);
    assert_eq!(prefixes(&["/", "/a/"], false), ["/"]);
}

/// Paths and names over few letters, so that they meet.
fn path() -> impl Strategy<Value = String> {
    "(/(a|b|a2|a-)){1,3}/?"
}

proptest! {
    #[test]
    fn no_path_or_glob_is_too_strange(text in any::<String>(), recursive in any::<bool>()) {
        let _ = Scope::parse(&text, recursive);
        if let Ok(selection) = globs(&[&text], &[&text]) {
            prop_assert!(!selection.contains(&name("/a/b")));
        }
    }

    #[test]
    fn globs_of_many_metacharacters_never_panic(glob in "[-a*?\\[\\]{},!/\\\\^é]{1,40}") {
        if let Ok(selection) = globs(&[&glob], &[]) {
            let _ = selection.contains(&name("/a/b"));
        }
    }

    #[test]
    fn listings_find_exactly_what_the_scopes_contain(
        paths in vec(path(), 1..5), recursive in any::<bool>(), candidate in "(/(a|b|a2|a-)){1,4}"
    ) {
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let selection = Selection::new(&paths, recursive, &[], &[]).unwrap();
        let candidate = name(&candidate);
        let found = selection.listings().iter().filter(|l| l.contains(&candidate)).count();
        prop_assert_eq!(found > 0, selection.contains(&candidate));
        let prefixed = selection.listing_prefixes().iter().filter(|p| candidate.as_str().starts_with(*p)).count();
        prop_assert!(prefixed <= 1);
        prop_assert!(prefixed == 1 || found == 0);
    }

    #[test]
    fn a_scope_reads_back_from_its_path(path in path(), recursive in any::<bool>()) {
        let scope = scope(&path, recursive);
        prop_assert_eq!(Scope::parse(scope.path(), recursive).unwrap(), scope);
    }
}

#[test]
fn path_of_several_that_contains_nothing_is_named() {
    let names = [name("/a/b"), name("/c/d/e")];
    let without = |paths: &[&str], recursive, exclude: &[&str]| {
        let exclude: Vec<String> = exclude.iter().map(|glob| (*glob).to_owned()).collect();
        Selection::new(paths, recursive, &[], &exclude).unwrap().scopes_without(names.iter())
    };
    assert_eq!(without(&["/a/", "/c/", "/x"], false, &[]), ["/c/", "/x"]);
    assert_eq!(without(&["/a/", "/c/", "/x/"], true, &[]), ["/x/ -R"]);
    assert!(without(&["/x/"], true, &[]).is_empty(), "the only path is told otherwise");
    assert!(without(&["/a/", "/x/"], true, &["b"]).is_empty(), "globs may have left everything out");
}
