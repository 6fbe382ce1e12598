//! JSON for other programs: numbers in the shortest form that reads back to the same bits.

use std::io::{self, Write};

use serde::Serialize;

/// Writes `value`, indented, and a line end.
pub(crate) fn write(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// Writes `{"columns": [first, names…], "rows": [[…], …]}`, one row to a line; a number that is not finite becomes null.
pub(crate) fn write_rows<'a>(
    out: &mut impl Write,
    first: &str,
    names: impl IntoIterator<Item = impl AsRef<str>>,
    rows: impl IntoIterator<Item = (f64, &'a [f64])>,
) -> io::Result<()> {
    let names = names.into_iter().map(|name| name.as_ref().to_owned());
    let columns: Vec<String> = std::iter::once(first.to_owned()).chain(names).collect();
    write!(out, "{{\"columns\": ")?;
    serde_json::to_writer(&mut *out, &columns)?;
    write!(out, ", \"rows\": [")?;
    for (i, (t, values)) in rows.into_iter().enumerate() {
        writeln!(out, "{}", if i == 0 { "" } else { "," })?;
        let row: Vec<f64> = std::iter::once(t).chain(values.iter().copied()).collect();
        serde_json::to_writer(&mut *out, &row)?;
    }
    writeln!(out, "\n]}}")
}
