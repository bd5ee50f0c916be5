//! The arithmetic of `docs/COSTS.md`.

use std::fs;

use ssmbak_emulators::workspace_dir;

use crate::tree::{of_type, resolved};

/// The rows of the table whose head begins like this, cell by cell.
fn table(page: &str, head: &str) -> Vec<Vec<String>> {
    let lines = page.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().replace("**", "")).collect();
    lines.take_while(|line| line.starts_with('|')).map(cells).collect()
}

fn number(cell: &str) -> f64 {
    cell.trim_start_matches('$').replace(',', "").parse().unwrap()
}

fn assert_sum(rows: &[Vec<String>]) {
    let (total, rows) = rows.split_last().unwrap();
    let sum: f64 = rows.iter().map(|row| number(&row[3])).sum();
    assert!((sum - number(&total[3])).abs() < 0.001, "the rows are {sum:.2}, not {}", total[3]);
}

#[test]
fn the_sums_of_the_costs_are_right() {
    let page = fs::read_to_string(workspace_dir().join("docs/COSTS.md")).unwrap();
    let account = table(&page, "| what | unit price");
    assert_sum(&account);
    // A new alarm costs something in every account.
    let (template, alarms) = (resolved(&[]), account.iter().find(|row| row[0] == "CloudWatch alarms").unwrap());
    assert_eq!(alarms[2], of_type(&template, "AWS::CloudWatch::Alarm").len().to_string());
    let fleet = table(&page, "| what | each");
    assert_sum(&fleet);
    for row in &fleet[..fleet.len() - 1] {
        assert!((number(&row[1]) * number(&row[2]) - number(&row[3])).abs() < 0.005, "{row:?}");
    }
}
