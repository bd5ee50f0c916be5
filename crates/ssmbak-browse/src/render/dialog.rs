//! What opens above the tree.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};
use ssmbak_text::text;

use super::help::HELP;
use super::palette::Palette;
use super::wrap::{cut, width, wrap};
use super::{utc, when};
use crate::state::{Mode, State};

/// What is in a dialog.
struct Dialog {
    title: String,
    /// Lines that stay where they are, above those that scroll.
    fixed: Vec<String>,
    lines: Vec<String>,
    /// The first line that is shown.
    top: usize,
    /// The line that is chosen, if one is.
    chosen: Option<usize>,
}

pub(super) fn render(state: &State, palette: Palette, frame: &mut Frame<'_>, area: Rect) {
    let Some(dialog) = of(state) else { return };
    let most = area.width.saturating_sub(4).min(130);
    let room = usize::from(most.saturating_sub(4));
    let fixed: Vec<String> = dialog.fixed.iter().flat_map(|line| wrap(line, room)).collect();
    // Tables are laid out for this width already.
    let lines: Vec<String> = dialog.lines.iter().flat_map(|line| wrap(line, room)).collect();
    let longest = fixed.iter().chain(&lines).map(|line| width(line)).chain([width(&dialog.title)]).max().unwrap_or(0);
    let columns = u16::try_from(longest + 4).unwrap_or(most).clamp(30.min(most), most);
    let wanted = u16::try_from(fixed.len() + lines.len() + 2).unwrap_or(u16::MAX);
    let area = centred(area, columns, wanted);
    let block = Block::bordered()
        .title(cut(&dialog.title, usize::from(columns.saturating_sub(4))))
        .title_style(palette.strong());
    let inner = block.inner(area);
    let height = usize::from(inner.height).saturating_sub(fixed.len());
    let top = dialog.chosen.map_or(dialog.top, |chosen| chosen.saturating_sub(height / 2));
    let top = top.min(lines.len().saturating_sub(height));
    let more = lines.len().saturating_sub(top + height);
    let block = if more > 0 { block.title_bottom(format!(" {more} more lines ")) } else { block };
    let fixed = fixed.into_iter().map(|line| Line::styled(format!(" {line}"), palette.strong()));
    let shown = lines.into_iter().enumerate().skip(top).take(height).map(|(at, line)| {
        let style = if dialog.chosen == Some(at) { palette.cursor() } else { Style::new() };
        Line::styled(format!(" {line}"), style)
    });
    let shown: Vec<Line<'_>> = fixed.chain(shown).collect();
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(shown).block(block), area);
}

fn of(state: &State) -> Option<Dialog> {
    let dialog = |title: &str, lines: Vec<String>, top: usize| Dialog {
        title: title.to_owned(),
        fixed: Vec::new(),
        lines,
        top,
        chosen: None,
    };
    let safe = |lines: &[String]| lines.iter().map(|line| text::line(line)).collect::<Vec<_>>();
    Some(match &state.mode {
        Mode::Browse | Mode::Filter(_) | Mode::Planning | Mode::Restoring { .. } => return None,
        Mode::Help(top) => dialog("Keys", HELP.lines().map(str::to_owned).collect(), *top),
        Mode::Notice(lines, top) => dialog("Restore", safe(&lines.0), *top),
        Mode::Time(input, wrong) => {
            let lines = wrong.iter().map(|wrong| text::line(wrong)).flat_map(|wrong| wrap(&wrong, 66)).collect();
            Dialog { fixed: vec![format!("{}_", text::line(input.text()))], ..dialog("Go to which time?", lines, 0) }
        }
        Mode::Marks(cursor) => {
            let marks = state.data.iter().flat_map(|data| &data.marks);
            let line = |mark: &ssmbak_core::mark::Mark| {
                let said = mark.text.as_deref().map(text::line).unwrap_or_default();
                format!("{:<24}  {:<20}  {said}", utc(mark.at.at()), mark.name.as_str())
            };
            Dialog { chosen: Some(*cursor), ..dialog("Marks", marks.map(line).collect(), 0) }
        }
        Mode::Confirm(proposal, top) => Dialog {
            fixed: vec![
                format!("to {}", when(&state.at, &state.subject.zone)),
                text::line(&proposal.question),
                "y restores, n changes nothing".to_owned(),
                String::new(),
            ],
            ..dialog("Restore?", safe(&proposal.lines.0), *top)
        },
    })
}

fn centred(area: Rect, columns: u16, rows: u16) -> Rect {
    let (width, height) = (columns.min(area.width), rows.min(area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}
