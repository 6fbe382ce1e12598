//! Comma-separated columns of full-precision numbers.

use std::io::{self, Write};

use super::number::exact;

/// Writes the header `first,names…` and then one line for each row: its first column and its values.
///
/// Numbers are in the shortest form that reads back to the same bits. Names are identifiers, so nothing needs quoting.
pub(crate) fn write<'a>(
    out: &mut impl Write,
    first: &str,
    names: impl IntoIterator<Item = impl AsRef<str>>,
    rows: impl IntoIterator<Item = (f64, &'a [f64])>,
) -> io::Result<()> {
    header(out, first, names)?;
    lines(out, "", rows)
}

/// The header `first,names…` alone.
pub(crate) fn header(
    out: &mut impl Write,
    first: &str,
    names: impl IntoIterator<Item = impl AsRef<str>>,
) -> io::Result<()> {
    write!(out, "{first}")?;
    for name in names {
        write!(out, ",{}", name.as_ref())?;
    }
    writeln!(out)
}

/// The lines alone, each with the same words before it.
pub(crate) fn lines<'a>(
    out: &mut impl Write,
    before: &str,
    rows: impl IntoIterator<Item = (f64, &'a [f64])>,
) -> io::Result<()> {
    for (t, values) in rows {
        write!(out, "{before}{}", exact(t))?;
        for &value in values {
            write!(out, ",{}", exact(value))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_reads_back_to_the_same_bits() {
        let rows = [(0.1 + 0.2, [1.0 / 3.0, -0.0]), (1e-300, [f64::MAX, 7.0])];
        let mut text = Vec::new();
        write(
            &mut text,
            "t",
            ["x", "y"],
            rows.iter().map(|(t, values)| (*t, &values[..])),
        )
        .unwrap();
        let text = String::from_utf8(text).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("t,x,y"));
        for (line, (t, [x, y])) in lines.zip(rows) {
            let read: Vec<u64> = line
                .split(',')
                .map(|cell| cell.parse::<f64>().unwrap().to_bits())
                .collect();
            assert_eq!(read, [t.to_bits(), x.to_bits(), y.to_bits()]);
        }
    }
}
