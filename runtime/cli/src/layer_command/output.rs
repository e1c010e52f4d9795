//! Tables and JSON on stdout.

use std::io::{self, StdoutLock, Write};

use serde::Serialize;

/// Where results go. An error that is a broken pipe ends the command quietly.
pub(super) struct Output {
    json: bool,
    stdout: StdoutLock<'static>,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            stdout: io::stdout().lock(),
        }
    }

    /// Whether JSON is wanted.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// One line.
    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.stdout, "{text}")?;
        self.stdout.flush()
    }

    /// One JSON value on a line of its own.
    pub(super) fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string(value)?;
        self.line(&text)
    }

    /// A list: as JSON, or as a table with `empty` in the place of one without rows.
    pub(super) fn list<T: Serialize, const N: usize>(
        &mut self,
        items: &[T],
        heads: [&str; N],
        row: impl Fn(&T) -> [String; N],
        empty: &str,
    ) -> io::Result<()> {
        if self.json {
            return self.json(&items);
        }
        if items.is_empty() {
            return self.line(empty);
        }
        let rows: Vec<_> = items.iter().map(row).collect();
        for line in table(heads, &rows) {
            writeln!(self.stdout, "{line}")?;
        }
        self.stdout.flush()
    }

    /// The end of a deed: as JSON, or in words.
    pub(super) fn done(&mut self, value: &impl Serialize, words: &str) -> io::Result<()> {
        if self.json {
            self.json(value)
        } else {
            self.line(words)
        }
    }
}

/// Columns, two spaces apart, each as wide as its widest cell.
fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([heads[column].len()]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |cells: [&str; N]| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        line.trim_end().to_owned()
    };
    let rows = rows
        .iter()
        .map(|row| line(std::array::from_fn(|column| row[column].as_str())));
    std::iter::once(line(heads)).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            ["chat_lobby".to_owned(), "3".to_owned()],
            ["ä".to_owned(), "12345678".to_owned()],
        ];
        let lines = table(["GROUP", "MEMBERS"], &rows);
        assert_eq!(
            lines,
            ["GROUP       MEMBERS", "chat_lobby  3", "ä           12345678"]
        );
    }
}
