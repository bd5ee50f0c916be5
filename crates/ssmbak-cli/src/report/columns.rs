//! Rows in columns, for people.

use std::io::{self, Write};

use anstyle::AnsiColor;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width};

use super::table::Look;

/// With fewer columns than this, rows that do not fit are laid out another way.
const NARROW: u16 = 110;

/// Blanks beside the text of a cell.
const PADDING: u16 = 2;

/// Rows that are laid out at a time where they are many.
const PIECE: usize = 1_000;

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

/// As [`fitting`], written piece by piece: rows that fit are made twice, once for the widths of the columns, and are never
/// all in memory.
///
/// # Errors
/// If it cannot be written.
pub fn written<I: Iterator<Item = Row>>(
    out: &mut dyn Write,
    header: &[&str],
    rows: impl Fn() -> I,
    look: Look,
    narrow: (&[&str], impl Fn() -> Vec<Row>),
) -> io::Result<()> {
    let unbounded = Look { width: None, ..look };
    let mut widths = lay_out(header, &[], unbounded).column_max_content_widths();
    pieces(rows(), |rows| {
        let widest = lay_out(header, &rows, unbounded).column_max_content_widths();
        widths.iter_mut().zip(widest).for_each(|(width, other)| *width = other.max(*width));
        Ok(())
    })?;
    if look.width.is_some_and(|width| !fit(&widths, width)) {
        let rows: Vec<Row> = rows().collect();
        return out.write_all(fitting(header, &rows, look, (narrow.0, &narrow.1())).as_bytes());
    }
    let mut header = Some(header);
    pieces(rows(), |rows| {
        let mut table = lay_out(header.take().unwrap_or_default(), &rows, unbounded);
        for (column, width) in table.column_iter_mut().zip(&widths) {
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width + PADDING)));
        }
        out.write_all(text_of(&table).as_bytes())
    })
}

/// Passes on some rows at a time.
fn pieces(rows: impl Iterator<Item = Row>, mut each: impl FnMut(Vec<Row>) -> io::Result<()>) -> io::Result<()> {
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        each(rows.by_ref().take(PIECE).collect())?;
    }
    Ok(())
}

/// Whether a table needs no more columns than there are.
fn fits(table: &Table, width: u16) -> bool {
    fit(&table.column_max_content_widths(), width)
}

fn fit(widths: &[u16], width: u16) -> bool {
    widths.iter().map(|column| u32::from(column + PADDING)).sum::<u32>() <= u32::from(width)
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
        .set_content_arrangement(ContentArrangement::Dynamic);
    if !header.is_empty() {
        table.set_header(header.iter().map(|title| bold(Cell::new(title))));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> Vec<Row> {
        let row = |number: usize| {
            // The widest cells are anywhere, and some are empty or have letters of another width.
            let name = format!("/a/{}", "x".repeat(number * 7 % 31));
            let text = ["", "日本", "a b  c", "–"][number % 4].to_owned();
            (Some(Color::DarkRed), vec![number.to_string(), name, text])
        };
        (0..count).map(row).collect()
    }

    #[test]
    fn what_is_written_piece_by_piece_is_what_is_laid_out_at_once() {
        let header = ["Number", "Name", "Text"];
        for count in [0, 1, PIECE - 1, PIECE, 3 * PIECE + 7] {
            let rows = rows(count);
            for (width, colours) in
                [(None, false), (None, true), (Some(30), false), (Some(30), true), (Some(200), true)]
            {
                let look = Look { width, colours, reveal: false };
                let narrow: Vec<Row> = rows.iter().map(|(colour, cells)| (*colour, cells[..2].to_vec())).collect();
                let mut out = Vec::new();
                written(&mut out, &header, || rows.iter().cloned(), look, (&header[..2], || narrow.clone())).unwrap();
                let whole = fitting(&header, &rows, look, (&header[..2], &narrow));
                assert_eq!(
                    String::from_utf8(out).unwrap(),
                    if count == 0 { String::new() } else { whole },
                    "{count} {width:?}"
                );
            }
        }
    }
}
