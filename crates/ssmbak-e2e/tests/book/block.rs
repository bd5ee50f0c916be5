//! The fenced blocks of a page.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// The kind of the blocks that are run.
pub const CONSOLE: &str = "console";

/// The other kinds, each of which says why its blocks are not run: what is printed by itself, a document, and scripts to be
/// copied (installing, and what the tests run before a page).
pub const NOT_RUN: [&str; 5] = ["text", "json", "sh", "hcl", "js"];

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// What follows the opening fence.
    pub kind: String,
    /// Where its lines are in the page.
    pub lines: Range<usize>,
}

/// Which Markdown the book is written in: that of mdBook.
pub fn markdown() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES | Options::ENABLE_TASKLISTS
}

/// All blocks of a page. One that is indented instead of fenced has the kind "".
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open = false;
    for (event, range) in Parser::new_ext(page, markdown()).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let kind = match kind {
                    CodeBlockKind::Fenced(kind) => kind.into_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                // An empty block has no text; its lines are nowhere.
                found.push(Block { kind, lines: range.end..range.end });
                open = true;
            }
            Event::End(TagEnd::CodeBlock) => open = false,
            Event::Text(_) if open => {
                if let Some(block) = found.last_mut() {
                    block.lines.start = block.lines.start.min(range.start);
                    block.lines.end = range.end;
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn blocks_are_found_where_they_are() {
    let page = "# A\n\n```console\n$ one\n1\n\n2\n```\n\ntext\n\n```\n```\n\n    indented\n";
    let found = blocks(page);
    assert_eq!(found.iter().map(|block| block.kind.as_str()).collect::<Vec<_>>(), [CONSOLE, "", ""]);
    assert_eq!(&page[found[0].lines.clone()], "$ one\n1\n\n2\n");
    assert!(found[1].lines.is_empty());
}
