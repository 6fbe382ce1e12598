//! Tables as NumPy reads them: `numpy.load` gives a two-dimensional array of f64.

use std::io::{self, Write};

/// Writes rows of `columns` numbers each, as format 1.0 of `.npy` files. The numbers are known to be so many, since their count stands first.
pub(crate) fn write<'a>(
    out: &mut impl Write,
    rows: usize,
    columns: usize,
    numbers: impl Iterator<Item = &'a f64>,
) -> io::Result<()> {
    let mut header =
        format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    // Magic, version and length are ten bytes; the numbers begin at a multiple of 64.
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(
        &u16::try_from(header.len())
            .expect("a short header")
            .to_le_bytes(),
    )?;
    out.write_all(header.as_bytes())?;
    numbers
        .into_iter()
        .try_for_each(|x| out.write_all(&x.to_le_bytes()))
}
