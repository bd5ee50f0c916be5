//! Makes a failing history as small as it gets.

use crate::history::History;

/// The smallest history found that still `fails`, by leaving out steps, more and more finely.
pub fn shrink(history: &History, mut fails: impl FnMut(&History) -> bool) -> History {
    let mut smallest = history.clone();
    let mut chunk = smallest.steps.len().div_ceil(2);
    while chunk > 0 {
        let mut start = 0;
        let mut any = false;
        while start < smallest.steps.len() {
            let mut tried = smallest.clone();
            let end = (start + chunk).min(tried.steps.len());
            tried.steps.drain(start..end);
            if fails(&tried) {
                smallest = tried;
                any = true;
            } else {
                start += chunk;
            }
        }
        if !any {
            chunk /= 2;
        }
    }
    smallest
}
