//! The list: tables in Markdown, whose rows begin with a name of Go's.

/// One of Go's tests.
pub(crate) struct Row {
    /// Its names in Go: `net.TestCloseRead`. Several, where one test of Go's stands under several names.
    pub(crate) go: Vec<String>,
    /// Whether it is not there yet.
    pub(crate) open: bool,
    /// The tests here, `path::name`.
    pub(crate) tests: Vec<String>,
}

/// The rows of every table of a document.
pub(crate) fn rows(document: &str) -> Vec<Row> {
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let mut cells = row.split('|').skip(1);
        let (go, here) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        Row { go: quoted(go), open: here.trim().starts_with("open"), tests: quoted(here) }
    })
    .collect()
}

/// What stands between backticks.
pub(crate) fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
