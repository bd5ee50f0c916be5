//! What is under the cursor: a parameter then and now, or the sum of a folder.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph};
use ssmbak_core::compare::changed_fields;
use ssmbak_core::diff::Side;
use ssmbak_core::parameter::ParameterValue;
use ssmbak_core::plan::{Field, RecordedParameter, Target};
use ssmbak_core::timeline::{Absence, State as Then};
use ssmbak_text::parameter::{Shown, attributes, hidden, update, value};
use ssmbak_text::{difference, text};

use super::moments::short_author;
use super::palette::Palette;
use super::wrap::{cut_front, wrap};
use crate::data::Data;
use crate::state::State;
use crate::status::Status;
use crate::tree::Row;

type Lines = Vec<(String, Style)>;

pub(super) fn render(state: &State, palette: Palette, frame: &mut Frame<'_>, area: Rect) {
    let (Some(data), Some(row)) = (&state.data, state.row()) else { return };
    let title = cut_front(&row.path, usize::from(area.width).saturating_sub(4));
    let block = Block::bordered().title(title);
    let inner = block.inner(area);
    let lines = match state.selected() {
        Some(name) => parameter(state, palette, data, name),
        None => folder(state, palette, row),
    };
    let room = usize::from(inner.width);
    let wrapped: Vec<Line<'_>> = lines
        .into_iter()
        .flat_map(|(text, style)| wrap(&text, room).into_iter().map(move |line| Line::styled(line, style)))
        .collect();
    let height = usize::from(inner.height);
    let top = state.scroll.min(wrapped.len().saturating_sub(height));
    let more = wrapped.len().saturating_sub(top + height);
    let block = if more > 0 { block.title_bottom(format!(" {more} more lines: J ")) } else { block };
    let shown: Vec<Line<'_>> = wrapped.into_iter().skip(top).take(height).collect();
    frame.render_widget(Paragraph::new(shown).block(block), area);
}

/// How many of a folder's parameters a restore to the shown time would touch.
fn folder(state: &State, palette: Palette, row: &Row) -> Lines {
    let statuses: Vec<Status> = state.members(row).filter_map(|name| state.statuses.get(name).copied()).collect();
    let count = |wanted: Status| statuses.iter().filter(|status| **status == wanted).count();
    let held = [Status::Same, Status::Changed, Status::Gone].map(count).iter().sum::<usize>();
    let mut lines =
        vec![(format!("{} at this time, {} known in all", parameters(held), statuses.len()), palette.plain())];
    let told = [
        (Status::Changed, "~", "changed since", "would be updated"),
        (Status::Gone, "+", "deleted since", "would be created"),
        (Status::New, "-", "new since", "would be deleted"),
        (Status::Unknown, "?", "unknown", "would not be changed"),
        (Status::Same, " ", "as they are now", "unchanged"),
    ];
    for (status, sign, since, would) in told {
        let count = count(status);
        if count > 0 {
            lines.push((format!("{sign} {count} {since} ({would})"), palette.status(status)));
        }
    }
    lines
}

fn parameters(count: usize) -> String {
    if count == 1 { "1 parameter".to_owned() } else { format!("{count} parameters") }
}

fn parameter(state: &State, palette: Palette, data: &Data, name: usize) -> Lines {
    let then = data.state(name, state.at.until());
    let status = state.statuses.get(name).copied().unwrap_or(Status::Unknown);
    let mut lines = Lines::new();
    let mut read = None;
    match then {
        Then::Unknown(reason) => {
            lines.push((format!("unknown: {reason}"), palette.status(Status::Unknown)));
            lines.push(("a restore leaves it alone".to_owned(), palette.plain()));
        }
        Then::Absent(Absence::Deleted(at)) => {
            lines.push((format!("did not exist: it was deleted at {at}"), palette.plain()))
        }
        Then::Absent(Absence::NotYetCreated(at)) => {
            lines.push((format!("did not exist: created at {at}"), palette.plain()));
        }
        Then::Held(held) => {
            let bare = RecordedParameter::of(held, ParameterValue::new(""));
            lines.extend(bare.iter().flat_map(facts).map(|line| (line, palette.plain())));
            match state.look.then(&held.record.version_id) {
                None => lines.push(("Value: reading …".to_owned(), palette.dim())),
                Some(Err(reason)) => {
                    lines.push((format!("Value: cannot be read: {}", text::line(reason)), palette.warning()))
                }
                Some(Ok(Target::Held(target))) => {
                    lines.extend(shown_value(state, palette, target));
                    read = Some(target.as_ref());
                }
                Some(Ok(Target::Unknown(reason))) => {
                    lines.push((
                        format!("Value: unknown: {}", text::line(&reason.message)),
                        palette.status(Status::Unknown),
                    ));
                }
                Some(Ok(Target::Absent(_))) => {}
            }
        }
    }
    lines.extend(since(state, palette, read, status));
    lines
}

/// Type, version, time, author and the remaining attributes.
fn facts(state: &RecordedParameter) -> Vec<String> {
    let version = state.details.as_ref().map(|details| format!(", version {}", details.version)).unwrap_or_default();
    let since = state.modified.strftime("%Y-%m-%dT%H:%M:%SZ");
    let mut facts = vec![format!("{}{version}, since {since}", state.parameter_type)];
    let author = state.details.as_ref().and_then(|details| details.author.as_deref());
    facts.extend(author.map(|author| format!("by {}", text::line(short_author(author)))));
    facts.extend(attributes(&Shown::recorded(state, true)));
    facts
}

fn shown_value(state: &State, palette: Palette, target: &RecordedParameter) -> Lines {
    let masked = is_masked(state, target);
    if masked {
        return vec![("Value: (hidden; v shows it)".to_owned(), palette.plain())];
    }
    let lines = value(&Shown::recorded(target, false));
    match lines.as_slice() {
        [line] => vec![(format!("Value: {line}"), palette.plain())],
        _ => std::iter::once("Value:".to_owned())
            .chain(lines.into_iter().map(|line| format!("  {line}")))
            .map(|line| (line, palette.plain()))
            .collect(),
    }
}

fn reveals(state: &State) -> bool {
    state.subject.reveal || state.look.revealed
}

/// Whether the value of that time is kept from being shown: also if it is the one of the secret that it is now.
fn is_masked(state: &State, target: &RecordedParameter) -> bool {
    let secret_now = match state.look.now() {
        Some(Ok(Side::Held(now))) => now.parameter_type.is_secret() && now.value == target.value,
        // As long as it is not known what it is now.
        None | Some(Err(_)) => state
            .selected()
            .and_then(|name| state.data.as_ref()?.present(name))
            .is_some_and(|now| now.parameter_type.is_secret()),
        Some(Ok(_)) => false,
    };
    !reveals(state) && (target.parameter_type.is_secret() || secret_now)
}

/// What became of it until now.
fn since(state: &State, palette: Palette, then: Option<&RecordedParameter>, status: Status) -> Lines {
    let strong = |text: &str| vec![(text.to_owned(), palette.strong())];
    let now = match state.look.now() {
        None => return vec![("Now: reading …".to_owned(), palette.dim())],
        Some(Err(reason)) => return vec![(format!("Now: cannot be read: {}", text::line(reason)), palette.warning())],
        Some(Ok(Side::Unknown(reason))) => {
            return vec![(format!("Now: unknown: {}", text::line(&reason.message)), palette.warning())];
        }
        Some(Ok(Side::Absent(_))) => {
            return match status {
                Status::Never => strong("Now: it does not exist either"),
                _ => strong("Now: it does not exist (a restore creates it)"),
            };
        }
        Some(Ok(Side::Held(now))) => now,
    };
    let Some(then) = then else {
        let mut lines = strong(if status == Status::New { "Now: it exists (a restore deletes it)" } else { "Now:" });
        lines.extend(facts(now).into_iter().map(|line| (line, palette.plain())));
        lines.extend(shown_value(state, palette, now));
        return lines;
    };
    let fields = changed_fields(then, now);
    if fields.is_empty() {
        return strong("Now: the same");
    }
    let names: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
    let mut lines = strong(&format!("Now: other {} (- then, + now)", names.join(", ")));
    let (hide_then, hide_now) =
        if reveals(state) { (false, false) } else { hidden(then.parameter_type, now.parameter_type, &fields) };
    let (old, new) = (Shown::recorded(then, hide_then), Shown::recorded(now, hide_now));
    for field in fields {
        if field == Field::Value && !hide_then && !hide_now {
            let differing = difference::lines(then.value.expose(), now.value.expose());
            lines.extend(differing.into_iter().map(|line| {
                let style = match line.chars().next() {
                    Some('-') => palette.removed(),
                    Some('+') => palette.added(),
                    _ => palette.plain(),
                };
                (line, style)
            }));
        } else {
            lines.extend(update(field, &old, &new).into_iter().map(|line| (line, palette.plain())));
        }
    }
    lines
}
