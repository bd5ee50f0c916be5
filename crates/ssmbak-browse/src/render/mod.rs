//! How the screens look. Whatever comes from Parameter Store or the bucket is shown without what would steer a terminal.

mod detail;
mod dialog;
mod help;
mod moments;
mod palette;
mod tree;
mod wrap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};
use ssmbak_core::instant::Instant;
use ssmbak_text::bars::Columns;
use ssmbak_text::text;

pub use palette::Palette;

use crate::state::{Mode, State};
use wrap::cut;

/// The smallest terminal that there is room in.
const SMALLEST: (u16, u16) = (60, 16);

/// What turns while something is under way.
const SPINNER: [char; 4] = ['|', '/', '-', '\\'];

/// Draws the state.
pub fn render(state: &State, palette: Palette, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let lines = [
            "The terminal is too small.".to_owned(),
            format!("{}×{} is needed, this is {}×{}.", SMALLEST.0, SMALLEST.1, area.width, area.height),
            "Make it larger, or leave with q.".to_owned(),
        ];
        frame.render_widget(Paragraph::new(lines.map(Line::from).to_vec()), area);
        return;
    }
    let [head, chart, body, message, keys] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(1),
        Constraint::Length(2),
    ])
    .areas(area);
    header(state, palette, frame, head);
    if state.data.is_some() {
        bars(state, palette, frame, chart);
        panes(state, palette, frame, body);
    } else {
        let said = if state.loading {
            format!("{} reading the bucket and Parameter Store …", spinner(state))
        } else {
            "nothing could be read: R tries again".to_owned()
        };
        frame.render_widget(Paragraph::new(said).block(Block::bordered()), body);
    }
    frame.render_widget(Paragraph::new(status(state, palette)), message);
    let lines = help::keys(&state.mode).map(|line| cut(line, area.width.into()));
    frame.render_widget(Paragraph::new(lines.map(|line| Line::styled(line, palette.dim())).to_vec()), keys);
    dialog::render(state, palette, frame, body);
}

fn spinner(state: &State) -> char {
    SPINNER.get(state.ticks % SPINNER.len()).copied().unwrap_or('|')
}

/// What is looked at, and when.
fn header(state: &State, palette: Palette, frame: &mut Frame<'_>, area: Rect) {
    let width = usize::from(area.width);
    let subject = &state.subject;
    let marked = match state.marked.len() {
        0 => String::new(),
        count => format!("  {count} marked"),
    };
    let place = format!("  {}  {}{marked}", text::line(&subject.region), text::line(&subject.bucket));
    let paths = cut(&text::line(&subject.paths.join(" ")), width.saturating_sub(wrap::width(&place)));
    let first = Line::from(vec![Span::styled(paths, palette.strong()), Span::raw(cut(&place, width))]);
    let second =
        Line::from(vec![Span::styled(when(&state.at, &subject.zone), palette.time()), Span::raw(named(state))]);
    frame.render_widget(Paragraph::new(vec![first, second]), area);
}

/// A time in UTC, as precise as it is of use to people.
pub(crate) fn utc(moment: Timestamp) -> String {
    let decimals = if moment.subsec_nanosecond() == 0 { 0 } else { 3 };
    format!("{moment:.decimals$}")
}

/// A time as it was understood, in UTC and in local time.
pub(crate) fn when(at: &Instant, zone: &TimeZone) -> String {
    let moment = at.at();
    let local = moment.to_zoned_datetime(zone.clone());
    if local.offset().is_zero() {
        return utc(moment);
    }
    format!("{} (local {})", utc(moment), local.strftime("%Y-%m-%d %H:%M:%S %:z"))
}

/// The marks of this moment, and which change it is of those below the cursor.
fn named(state: &State) -> String {
    let Some(data) = &state.data else { return String::new() };
    let marks = data.marks.iter().filter(|mark| mark.at == state.at).map(|mark| format!("  mark:{}", mark.name));
    let marks: String = marks.take(1).collect();
    let Some(row) = state.row() else { return marks };
    let times = state.moments(row);
    let past = times.partition_point(|time| *time <= state.at.until());
    match (past, times.len()) {
        (_, 0) => format!("{marks}  no change recorded"),
        (0, 1) => format!("{marks}  before the only change"),
        (_, 1) => format!("{marks}  after the only change"),
        (0, all) => format!("{marks}  before all {all} changes"),
        (past, all) if past == all => format!("{marks}  after all {all} changes"),
        (past, all) => format!("{marks}  change {past} of {all}"),
    }
}

/// When things changed below the cursor, and where the shown time stands.
fn bars(state: &State, palette: Palette, frame: &mut Frame<'_>, area: Rect) {
    let (Some(data), Some(row)) = (&state.data, state.row()) else { return };
    let times = state.moments(row);
    let Some(first) = times.first() else {
        frame.render_widget(Paragraph::new(Line::styled("─".repeat(area.width.into()), palette.dim())), area);
        return;
    };
    let ends = [day(*first), "now".to_owned()];
    let room = usize::from(area.width).saturating_sub(ends.iter().map(|end| wrap::width(end) + 2).sum());
    let Some(columns) = Columns::new(*first, data.read.max(*first), room) else { return };
    let (drawn, _) = columns.bars(times.iter().copied());
    let here = columns.column(state.at.at());
    let mut spans = vec![Span::styled(format!("{} ▕", ends[0]), palette.dim())];
    for (column, bar) in drawn.chars().enumerate() {
        spans.push(if column == here {
            // A bar alone would not be told from its neighbours without colours.
            Span::styled(if bar == ' ' { "┃".to_owned() } else { bar.to_string() }, palette.cursor())
        } else {
            Span::raw(bar.to_string())
        });
    }
    spans.push(Span::styled(format!("▏ {}", ends[1]), palette.dim()));
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

fn panes(state: &State, palette: Palette, frame: &mut Frame<'_>, area: Rect) {
    let left = (area.width * 2 / 5).clamp(26, 70);
    let [tree, right] = Layout::horizontal([Constraint::Length(left), Constraint::Min(1)]).areas(area);
    let below = (area.height / 3).clamp(4, 14);
    let [above, below] = Layout::vertical([Constraint::Min(1), Constraint::Length(below)]).areas(right);
    tree::render(state, palette, frame, tree);
    detail::render(state, palette, frame, above);
    moments::render(state, palette, frame, below);
}

/// One line on what is under way, or was just said.
fn status(state: &State, palette: Palette) -> Line<'static> {
    let waiting = |doing: &str| Line::raw(format!("{} {doing}", spinner(state)));
    match &state.mode {
        Mode::Planning => return waiting("comparing with Parameter Store … Esc leaves it"),
        Mode::Restoring { done, total, stopping } => {
            let how = if *stopping {
                "stopping after what is being written; Ctrl-C again leaves at once"
            } else {
                "Ctrl-C stops it"
            };
            return waiting(&format!("restoring {done} of {total} … {how}"));
        }
        Mode::Filter(input) => return Line::styled(format!("filter: {}_", text::line(input.text())), palette.strong()),
        _ => {}
    }
    if state.loading {
        return waiting("reading the bucket and Parameter Store …");
    }
    match &state.message {
        Some(message) => Line::styled(text::line(message), palette.strong()),
        None if !state.filter.is_empty() => {
            Line::raw(format!("filter: {}  (Esc clears it)", text::line(&state.filter)))
        }
        None => Line::default(),
    }
}

#[cfg(test)]
mod tests;
