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

/// A Markdown table.
#[derive(Clone, Debug)]
pub struct Table {
    text: String,
    columns: usize,
}

impl Table {
    /// A table of numbers with these headings: columns are aligned to the right.
    #[must_use]
    pub fn new(headings: &[&str]) -> Self {
        Self::aligned(headings, "---:|")
    }

    /// A table of words with these headings: columns are aligned to the left.
    #[must_use]
    pub fn words(headings: &[&str]) -> Self {
        Self::aligned(headings, "---|")
    }

    fn aligned(headings: &[&str], column: &str) -> Self {
        let rule = column.repeat(headings.len());
        Self {
            text: format!("| {} |\n|{rule}\n", headings.join(" | ")),
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
