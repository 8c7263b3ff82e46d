//! The list of Go's tests in `docs/go-tests.md`, held against the tests that are there.
//!
//! ```text
//!   | `net.TestCloseRead` | `integration-tests/tests/closing.rs::close_read` | remark |
//!           │                                │
//!           └── in the line of its doc comment that names Go's test ◄── the item of this name in this file
//! ```
//!
//! | module | what it does |
//! | --- | --- |
//! | `table` | reads the list |
//! | `code` | finds the tests that name one of Go's |
//! | `names` | Go's names in Rust's form |

#![forbid(unsafe_code)]

mod code;
mod names;
mod table;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use code::{Named, named_tests};
use names::in_snake_case;
use table::{Row, rows};

/// How many tests of Go's there are to match.
const ALL: usize = 128;

/// What is wrong with the list, or with the code that it speaks of.
fn mistakes(rows: &[Row], code: &[Named], all: usize) -> Vec<String> {
    let mut wrong = vec![];
    if rows.len() != all {
        wrong.push(format!("{} rows, not {all}", rows.len()));
    }
    let mut seen = BTreeSet::new();
    for row in rows {
        wrong.extend(row.go.iter().filter(|go| !seen.insert(*go)).map(|go| format!("{go} has two rows")));
        if row.open != row.tests.is_empty() {
            wrong.push(format!("{}: neither `open` nor a test, or both", row.go.join(", ")));
        }
        for test in &row.tests {
            if !code.iter().any(|named| named.test == *test && row.go.contains(&named.go)) {
                wrong.push(format!("{test} is not there, or does not say that it is {}", row.go.join(", ")));
            }
        }
        for go in row.go.iter().filter(|_| !row.open) {
            let is_it = |named: &Named| named.go == *go && has_a_name_of_its_own(&named.test, code);
            if !code.iter().any(|named| is_it(named) && row.tests.contains(&named.test)) {
                wrong.push(format!("{go}: no test of its row has its name and says so"));
            }
        }
    }
    for Named { go, test } in code {
        if !rows.iter().any(|row| row.go.contains(go) && row.tests.contains(test)) {
            wrong.push(format!("{test} says that it is {go}, and no row says so"));
        }
    }
    wrong
}

/// Whether a test has the name of one of Go's that it says it is.
fn has_a_name_of_its_own(test: &str, code: &[Named]) -> bool {
    let mut all = code.iter().filter(|named| named.test == test);
    all.any(|named| test.ends_with(&format!("::{}", in_snake_case(&named.go))))
}

#[test]
fn the_list_of_gos_tests_is_that_of_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder below the root");
    let list = fs::read_to_string(root.join("docs/go-tests.md")).expect("the list");
    let wrong = mistakes(&rows(&list), &named_tests(root), ALL);
    assert!(wrong.is_empty(), "docs/go-tests.md is not what the code says:\n  {}", wrong.join("\n  "));
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "/// Go: `net.TestCloseRead`\n#[test]\nfn close_read() {}";

    fn found(list: &str, code: &str, all: usize) -> Vec<String> {
        mistakes(&rows(list), &code::in_text("a.rs", code), all)
    }

    #[test]
    fn a_right_list_passes() {
        let list = "| `net.TestCloseRead` | `a.rs::close_read` | |\n| `net.TestSplice` + | open | later |";
        assert_eq!(found(list, CODE, 2), [""; 0]);
    }

    #[test]
    fn several_tests_of_one_row_pass() {
        let list = "| `net.TestOne`, `net.TestTwo` | `a.rs::one`, `a.rs::two`, `a.rs::more` | |";
        let code = "/// Go: `net.TestOne`\nfn one() {}\n/// Go: `net.TestTwo`\nmod two {}\n\
            on_every_executor!(\n/// Go: `net.TestOne`\nmore, |_| async {});";
        assert_eq!(found(list, code, 1), [""; 0]);
    }

    #[test]
    fn one_test_of_several_rows_passes() {
        let list = "| `poll.TestConsume` | `a.rs::both` | |\n| `net.TestBoth` | `a.rs::both` | |";
        assert_eq!(found(list, "/// Go: `poll.TestConsume`, `net.TestBoth`\nfn both() {}", 2), [""; 0]);
    }

    #[test]
    fn each_mistake_is_found() {
        let right = "| `net.TestCloseRead` | `a.rs::close_read` | |";
        let wrong = [
            // No row for what is there; one row too few, and one too many.
            ("", CODE, 0),
            (right, CODE, 2),
            ("| `net.TestCloseRead` | `a.rs::close_read` | |\n| `net.TestSplice` | open | |", CODE, 1),
            // Two rows for one test, a row that is open and is not, one that says nothing.
            (&format!("{right}\n{right}"), CODE, 2),
            ("| `net.TestCloseRead` | open | |", CODE, 1),
            ("| `net.TestCloseRead` | open, `a.rs::close_read` | |", CODE, 1),
            ("| `net.TestCloseRead` | | |", "", 1),
            // Another file, another test, another name of Go's, no name at all.
            ("| `net.TestCloseRead` | `b.rs::close_read` | |", CODE, 1),
            ("| `net.TestCloseRead` | `a.rs::close_write` | |", CODE, 1),
            ("| `net.TestCloseWrite` | `a.rs::close_read` | |", CODE, 1),
            (right, "#[test]\nfn close_read() {}", 1),
            // A test of another name, and one of two that is missing.
            ("| `net.TestCloseRead` | `a.rs::half` | |", "/// Go: `net.TestCloseRead`\nfn half() {}", 1),
            ("| `net.TestCloseRead`, `net.TestCloseWrite` | `a.rs::close_read` | |", CODE, 1),
        ];
        for (list, code, all) in wrong {
            assert_ne!(found(list, code, all), [""; 0], "{list}\n{code}");
        }
    }
}
