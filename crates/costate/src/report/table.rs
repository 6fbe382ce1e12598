//! Aligned columns of plain text.

use std::io::{self, Write};

/// How a column's cells stand in it.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A small table: a header, rows, two spaces between columns, no rules. Columns that are empty throughout are left out.
pub(crate) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(columns: &[(&'static str, Align)]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        assert_eq!(N, self.columns.len(), "a row has one cell for each column");
        self.rows.push(cells.into());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the table, each line after `indent`.
    pub(crate) fn write(&self, out: &mut impl Write, indent: &str) -> io::Result<()> {
        let width = |text: &str| text.chars().count();
        let columns: Vec<(usize, &str, Align, usize)> = self
            .columns
            .iter()
            .enumerate()
            .filter_map(|(i, (header, align))| {
                let widest = self
                    .rows
                    .iter()
                    .map(|row| width(&row[i]))
                    .max()
                    .unwrap_or(0);
                (widest > 0).then(|| (i, *header, *align, widest.max(width(header))))
            })
            .collect();
        let mut line = |cell: &dyn Fn(usize, &'static str) -> String| {
            let mut text = String::from(indent);
            for &(i, _, align, wide) in &columns {
                let cell = cell(i, self.columns[i].0);
                match align {
                    Align::Left => text.push_str(&format!("{cell:<wide$}  ")),
                    Align::Right => text.push_str(&format!("{cell:>wide$}  ")),
                }
            }
            writeln!(out, "{}", text.trim_end())
        };
        line(&|_, header| header.to_owned())?;
        self.rows
            .iter()
            .try_for_each(|row| line(&|i, _| row[i].clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_empty_ones_left_out() {
        let mut table = Table::new(&[
            ("name", Align::Left),
            ("unit", Align::Left),
            ("value", Align::Right),
        ]);
        table.row(["alpha".into(), String::new(), "0.55".into()]);
        table.row(["k".into(), String::new(), "12".into()]);
        let mut text = Vec::new();
        table.write(&mut text, "  ").unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "  name   value\n  alpha   0.55\n  k         12\n"
        );
    }
}
