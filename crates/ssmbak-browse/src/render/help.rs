//! The help screen.

use crate::state::Mode;

/// What the keys do at the moment, in two lines.
pub(super) fn keys(mode: &Mode) -> [&'static str; 2] {
    match mode {
        Mode::Browse => [
            "←→ change here  <> anywhere  h/H hour  d/D day  t time  m marks  n now  v reveal",
            "↑↓ move  Enter open  / filter  Space mark  r restore  R reload  ? help  q quit",
        ],
        Mode::Filter(_) => ["type a part of the name", "Enter keeps the filter  Esc clears it"],
        Mode::Time(..) => [
            "2024-06-15T17:56:58  \"2 hours ago\"  yesterday 18:00  90m  mark:NAME",
            "Enter goes there  Esc stays here",
        ],
        Mode::Marks(_) => ["↑↓ choose", "Enter goes there  Esc stays here"],
        Mode::Help(_) | Mode::Notice(..) => ["↑↓ scroll", "any other key closes this"],
        Mode::Planning => ["", "Esc leaves it  q quits"],
        Mode::Confirm(..) => ["↑↓ scroll", "y restores  n changes nothing"],
        Mode::Restoring { .. } => ["", "Ctrl-C stops before the next write"],
    }
}

/// All of it.
pub(super) const HELP: &str = "\
Time
  ← →       previous or next change of the entry under the cursor
  < >       previous or next change of any entry
  h H       an hour back, an hour forward
  d D       a day back, a day forward
  t         type a time: 2024-06-15T17:56:58, 2 hours ago, mark:NAME
  m         the marks
  n         now

Tree
  ↑ ↓       up, down (also k and j, PgUp, PgDn, Home, End)
  Enter     opens and closes a folder
  o         opens all folders, or closes them
  /         filter by a part of the name; Esc clears it
  J K       scroll what is shown of a parameter
  v         show a secret, or hide it again
  R         read everything anew

Restoring
  Space     mark a parameter, or all below a folder (of what the filter shows)
  c         nothing is marked any more
  r         restore what is marked to the shown time: shows what will change, and asks

Signs: what a restore to the shown time would do
  ~         update it: it has changed since
  +         create it: it was deleted since
  -         delete it: it is new since
  ?         nothing: it is not known what it was
  .         nothing: it existed neither then nor now
  *         it is marked; : some below the folder are
  3 of 12   so many of a folder's twelve would be changed

q, Ctrl-C   quit";
