//! Key space cut into pieces that can be listed at the same time.

/// Keys of a listing lie mostly between these; the cut avoids what cannot be in a text or would be no key.
const LOW: char = ' ';
const HIGH: char = '~';

/// Up to `pieces - 1` keys strictly between `low` and `high` in the order of UTF-8 bytes, ascending, spread over what may
/// lie between them. `high` is `None` where there is no end but that of `prefix`, which both have in common.
///
/// Nothing is known about the keys between, so a cut may leave a piece empty; that costs one request.
pub fn cuts(prefix: &str, low: &str, high: Option<&str>, pieces: usize) -> Vec<String> {
    let low: Vec<char> = low.strip_prefix(prefix).unwrap_or("").chars().collect();
    let high: Option<Vec<char>> = high.map(|high| high.strip_prefix(prefix).unwrap_or("").chars().collect());
    let alike = match &high {
        Some(high) => low.iter().zip(high).take_while(|(a, b)| a == b).count(),
        None => 0,
    };
    // The first level at which there is room for a character between the two.
    for level in alike..=low.len() {
        let from = low.get(level).copied();
        let to = high.as_ref().filter(|_| level == alike).map(|high| high.get(level).copied().unwrap_or(LOW));
        let between = characters(from, to, pieces.saturating_sub(1));
        if !between.is_empty() {
            let head: String = low.iter().take(level).collect();
            return between.into_iter().map(|c| format!("{prefix}{head}{c}")).collect();
        }
    }
    Vec::new()
}

/// Up to `most` characters after `from` and before `to`, evenly spread.
fn characters(from: Option<char>, to: Option<char>, most: usize) -> Vec<char> {
    let first = from.map_or(u32::from(LOW), |c| u32::from(c) + 1).max(u32::from(LOW));
    let end = to.map_or(u32::from(HIGH) + 1, u32::from);
    // Beyond ASCII there is far too much room to guess in, unless both ends are there.
    let room: Vec<char> = if end > first && end - first <= 0x1_0000 {
        (first..end).filter_map(char::from_u32).filter(|c| !c.is_control()).collect()
    } else {
        Vec::new()
    };
    let wanted = most.min(room.len());
    (1..=wanted).filter_map(|index| room.get(index * room.len() / (wanted + 1)).copied()).collect()
}
