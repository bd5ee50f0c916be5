//! The tree of parameters, each with what a restore to the shown time would do to it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};

use super::palette::Palette;
use super::wrap::{cut, width};
use crate::state::State;
use crate::status::Status;
use crate::tree::{Kind, Row};

pub(super) fn render(state: &State, palette: Palette, frame: &mut Frame<'_>, area: Rect) {
    let block = Block::bordered().title("Parameters");
    let inner = block.inner(area);
    let height = usize::from(inner.height);
    // The cursor stays in the middle, save at both ends.
    let most = state.rows.len().saturating_sub(height);
    let top = state.cursor.saturating_sub(height / 2).min(most);
    let shown = state.rows.iter().enumerate().skip(top).take(height);
    let lines: Vec<Line<'_>> =
        shown.map(|(at, row)| line(state, palette, row, at == state.cursor, inner.width.into())).collect();
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn line(state: &State, palette: Palette, row: &Row, selected: bool, room: usize) -> Line<'static> {
    let indent = " ".repeat(row.depth.saturating_sub(1).min(room / 4) * 2);
    let (mark, style, label, count) = match &row.kind {
        Kind::Parameter(name) => {
            let status = state.statuses.get(*name).copied().unwrap_or(Status::Unknown);
            let mark = if state.is_marked(*name) { '*' } else { ' ' };
            (mark, palette.status(status), format!("{} {}", status.sign(), row.label()), String::new())
        }
        Kind::Folder { open, .. } => {
            let (members, marked, differing) = counts(state, row);
            let mark = if members > 0 && marked == members {
                '*'
            } else if marked > 0 {
                ':'
            } else {
                ' '
            };
            let sign = if *open { '▾' } else { '▸' };
            let count = if differing > 0 { format!("{differing} of {members}") } else { members.to_string() };
            (mark, palette.strong(), format!("{sign} {}", row.label()), count)
        }
    };
    let kept = room.saturating_sub(width(&count) + 2);
    let label = cut(&format!("{indent}{label}"), kept);
    let gap = " ".repeat(kept.saturating_sub(width(&label)) + 1);
    let line = Line::from(vec![
        Span::styled(mark.to_string(), palette.strong()),
        Span::styled(label, style),
        Span::styled(format!("{gap}{count}"), palette.dim()),
    ]);
    if selected { line.patch_style(palette.cursor()) } else { line }
}

/// How many names a folder holds, how many are marked, and how many a restore would touch.
fn counts(state: &State, row: &Row) -> (usize, usize, usize) {
    let (mut members, mut marked, mut differing) = (0, 0, 0);
    for name in state.members(row) {
        members += 1;
        marked += usize::from(!state.marked.is_empty() && state.is_marked(name));
        let status = state.statuses.get(name);
        differing += usize::from(matches!(status, Some(Status::Changed | Status::Gone | Status::New)));
    }
    (members, marked, differing)
}
