//! Rows in columns, for people.

use anstyle::AnsiColor;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle};

use super::table::Look;

/// With fewer columns than this, rows that do not fit are laid out another way.
const NARROW: u16 = 110;

/// A row: a colour of its own for the first cell if there are colours, and the cells.
pub type Row = (Option<Color>, Vec<String>);

/// Rows below a header.
pub fn columns(header: &[&str], rows: &[Row], look: Look) -> String {
    text_of(&lay_out(header, rows, look))
}

/// Rows below a header; on a narrow terminal that they do not fit `narrow` in their place, so that no time and no number
/// is torn.
pub fn fitting(header: &[&str], rows: &[Row], look: Look, narrow: (&[&str], &[Row])) -> String {
    let whole = lay_out(header, rows, Look { width: None, ..look });
    match look.width {
        Some(width) if !fits(&whole, width) => {
            let (header, rows) = if width < NARROW { narrow } else { (header, rows) };
            columns(header, rows, look)
        }
        _ => text_of(&whole),
    }
}

/// Whether a table needs no more columns than there are.
fn fits(table: &Table, width: u16) -> bool {
    table.column_max_content_widths().iter().map(|column| column + 2).sum::<u16>() <= width
}

/// Without blanks at the ends of lines: they would wrap where the terminal is made narrower.
fn text_of(table: &Table) -> String {
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

/// Rows below a header, in which ids and times, in these columns, are never torn, so that they can be copied.
pub fn unbroken(header: &[&str], rows: &[Row], look: Look, whole: &[usize]) -> String {
    let mut table = lay_out(header, rows, look);
    for index in whole {
        if let Some(column) = table.column_mut(*index) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    text_of(&table)
}

fn lay_out(header: &[&str], rows: &[Row], look: Look) -> Table {
    let bold = |cell: Cell| if look.colours { cell.add_attribute(Attribute::Bold) } else { cell };
    let mut table = Table::new();
    table
        .load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header.iter().map(|title| bold(Cell::new(title))));
    table.force_no_tty();
    if look.colours {
        table.enforce_styling();
    }
    if let Some(width) = look.width {
        table.set_width(width);
    }
    for (colour, texts) in rows {
        let mut cells: Vec<Cell> = texts.iter().map(Cell::new).collect();
        if let (true, Some(colour), Some(first)) = (look.colours, colour, cells.first_mut()) {
            *first = first.clone().fg(*colour);
        }
        table.add_row(cells);
    }
    table
}

/// A line of a difference, in the colour of its side.
pub(super) fn tinted(line: &str, look: Look) -> String {
    let colour = match line.chars().next() {
        Some('-') => AnsiColor::Red,
        Some('+') => AnsiColor::Green,
        _ => return line.to_owned(),
    };
    if !look.colours {
        return line.to_owned();
    }
    let style = colour.on_default();
    format!("{style}{line}{style:#}")
}

/// `1 parameter`, `2 parameters`.
pub fn count(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}
