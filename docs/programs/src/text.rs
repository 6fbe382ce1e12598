//! Numbers and tables as Markdown.

/// `x` with this many digits behind the point, with a true minus sign.
#[must_use]
pub fn fixed(x: f64, digits: usize) -> String {
    let text = format!("{x:.digits$}");
    let zero = text
        .trim_start_matches('-')
        .chars()
        .all(|c| c == '0' || c == '.');
    if zero {
        text.trim_start_matches('-').to_owned()
    } else {
        text.replace('-', "−")
    }
}

/// `x` in scientific notation with this many digits behind the point.
#[must_use]
pub fn scientific(x: f64, digits: usize) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    format!("{x:.digits$e}").replace('-', "−")
}

/// A Markdown table, its columns aligned to the right.
#[derive(Clone, Debug)]
pub struct Table {
    text: String,
    columns: usize,
}

impl Table {
    /// A table with these headings.
    #[must_use]
    pub fn new(headings: &[&str]) -> Self {
        Self {
            text: format!(
                "| {} |\n|{}\n",
                headings.join(" | "),
                "---:|".repeat(headings.len())
            ),
            columns: headings.len(),
        }
    }

    /// Appends a row.
    ///
    /// # Panics
    /// If it has not as many cells as there are headings.
    pub fn row<S: AsRef<str>>(&mut self, cells: &[S]) {
        assert_eq!(
            cells.len(),
            self.columns,
            "a row has a cell for each heading"
        );
        let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
        self.text += &format!("| {} |\n", cells.join(" | "));
    }

    /// The Markdown.
    #[must_use]
    pub fn markdown(self) -> String {
        self.text
    }
}
