//! The changes around the shown time, one below the other.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph};
use ssmbak_text::text;

use super::palette::Palette;
use super::wrap::{cut, cut_front, width};
use crate::data::Moment;
use crate::state::State;

pub(super) fn render(state: &State, palette: Palette, frame: &mut Frame<'_>, area: Rect) {
    let block = Block::bordered().title("Changes");
    let inner = block.inner(area);
    let (Some(data), Some(row)) = (&state.data, state.row()) else {
        frame.render_widget(block, area);
        return;
    };
    let names = row.names();
    let found: Vec<&Moment> =
        data.moments().iter().filter(|moment| names.contains(&moment.name) && state.is_matched(moment.name)).collect();
    let until = state.at.until();
    let past = found.partition_point(|moment| moment.time <= until);
    let height = usize::from(inner.height);
    let most = found.len().saturating_sub(height);
    let top = past.saturating_sub(height / 2 + 1).min(most);
    let several = names.len() > 1;
    let room = usize::from(inner.width);
    let lines: Vec<Line<'_>> = found
        .iter()
        .enumerate()
        .skip(top)
        .take(height)
        .map(|(at, moment)| {
            // All that happened at the moment that is shown.
            let here = moment.time == state.at.at() || (at + 1 == past);
            let sign = if here { '▸' } else { ' ' };
            let head =
                format!("{sign} {} {:<7} ", moment.time.strftime("%Y-%m-%d %H:%M:%S"), moment.operation.as_str());
            let rest = room.saturating_sub(width(&head));
            let what = if several {
                data.names().get(moment.name).map(|name| cut_front(name.as_str(), rest)).unwrap_or_default()
            } else {
                moment.author.as_deref().map(|author| cut(&text::line(short_author(author)), rest)).unwrap_or_default()
            };
            let style = if at < past { palette.plain() } else { palette.dim() };
            Line::styled(format!("{head}{what}"), if here { palette.strong() } else { style })
        })
        .collect();
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// `user/ada` of an ARN.
pub(super) fn short_author(arn: &str) -> &str {
    arn.rsplit(':').next().filter(|short| !short.is_empty()).unwrap_or(arn)
}
