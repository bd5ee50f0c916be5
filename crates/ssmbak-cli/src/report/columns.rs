//! Rows in columns, for people.

use comfy_table::{Attribute, Cell, Color, ContentArrangement, LineStyle, Table, TableStyle};

use super::table::Look;

/// Rows below a header, the first cell of each in a colour of its own if there are colours.
pub fn columns(header: &[&str], rows: &[(Option<Color>, Vec<String>)], look: Look) -> String {
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
    // Without blanks at the ends of lines: they would wrap where the terminal is made narrower.
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

/// `1 parameter`, `2 parameters`.
pub fn count(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}
