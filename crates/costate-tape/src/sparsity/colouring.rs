//! Colours for rows and columns, so that one product finds all of a colour [Gebremedhin2005].

use super::pattern::Pattern;

/// A colour for each column (or row): 0, 1, …, `count` − 1.
///
/// ```
/// use costate_tape::{Pattern, column_colouring};
/// // Columns 0 and 2 meet in no row: they share a colour, so two products find three columns.
/// let chain = Pattern::new(3, vec![vec![0, 1], vec![1, 2]]);
/// let colouring = column_colouring(&chain);
/// assert_eq!(colouring.count, 2);
/// assert!(colouring.colours[0] == colouring.colours[2] && colouring.colours[0] != colouring.colours[1]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colouring {
    /// The colour of each.
    pub colours: Vec<u32>,
    /// How many colours there are: as many products are needed.
    pub count: usize,
}

/// Colours columns so that two of one colour never have entries in the same row. One forward product then finds all columns of a
/// colour. Greedy, the columns with most neighbours first: at least as many colours as the fullest row has entries, and seldom many
/// more.
///
/// ```
/// use costate_tape::{Pattern, column_colouring};
/// // A band of three, however long, takes three colours.
/// let band = Pattern::new(9, (0..9u32).map(|i| (i.saturating_sub(1)..=(i + 1).min(8)).collect()).collect());
/// assert_eq!(column_colouring(&band).count, 3);
/// ```
#[must_use]
pub fn column_colouring(pattern: &Pattern) -> Colouring {
    let by_column = pattern.transposed();
    let (_, columns) = pattern.shape();
    let neighbours = |j: usize| {
        by_column
            .row(j)
            .iter()
            .flat_map(|&i| pattern.row(i as usize))
            .map(|&k| k as usize)
            .filter(move |&k| k != j)
    };
    greedy(
        order(columns, |j| neighbours(j).count()),
        |j, colours, forbidden| {
            forbidden.extend(neighbours(j).filter_map(|k| colours[k]));
        },
    )
}

/// Colours rows so that two of one colour never have entries in the same column. One reverse product then finds all rows of a
/// colour.
///
/// ```
/// use costate_tape::{Pattern, column_colouring, row_colouring};
/// // Every row reads the first two columns and nothing else: two products from the right, four from the left.
/// let tall = Pattern::new(2, vec![vec![0, 1]; 4]);
/// assert_eq!((column_colouring(&tall).count, row_colouring(&tall).count), (2, 4));
/// ```
#[must_use]
pub fn row_colouring(pattern: &Pattern) -> Colouring {
    column_colouring(&pattern.transposed())
}

/// Colours the columns of a symmetric pattern so that neighbours differ and every path of four columns has at least three
/// colours. Each entry can then be read off one product, directly or from its mirror image: fewer colours than
/// [`column_colouring`] where a few rows are full.
///
/// # Panics
/// If the pattern is not square.
///
/// ```
/// use costate_tape::{Pattern, column_colouring, star_colouring};
/// // An arrow: the first row, the first column and the diagonal.
/// let mut rows = vec![(0..9u32).collect::<Vec<_>>()];
/// rows.extend((1..9u32).map(|i| vec![0, i]));
/// let arrow = Pattern::new(9, rows);
/// assert_eq!((star_colouring(&arrow).count, column_colouring(&arrow).count), (2, 9));
/// ```
#[must_use]
#[track_caller]
pub fn star_colouring(pattern: &Pattern) -> Colouring {
    let (rows, columns) = pattern.shape();
    assert!(
        rows == columns,
        "a star colouring is that of a square pattern, not of {rows} × {columns}"
    );
    let neighbours = |i: usize| {
        pattern
            .row(i)
            .iter()
            .map(|&j| j as usize)
            .filter(move |&j| j != i)
    };
    greedy(
        order(columns, |i| neighbours(i).count()),
        |v, colours, forbidden| {
            for w in neighbours(v) {
                let Some(of_w) = colours[w] else {
                    // Two neighbours of an uncoloured column: no path v–w–x may have one colour at both ends yet to be joined.
                    forbidden.extend(neighbours(w).filter(|&x| x != v).filter_map(|x| colours[x]));
                    continue;
                };
                forbidden.push(of_w);
                for x in neighbours(w).filter(|&x| x != v) {
                    let Some(of_x) = colours[x] else { continue };
                    // v–w–x–y with y as w: v must not be as x.
                    if neighbours(x).any(|y| y != w && colours[y] == Some(of_w)) {
                        forbidden.push(of_x);
                    }
                }
            }
        },
    )
}

/// Those with most neighbours first; in their own order where they have as many.
fn order(count: usize, degree: impl Fn(usize) -> usize) -> Vec<usize> {
    let degrees: Vec<usize> = (0..count).map(degree).collect();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(degrees[i]));
    order
}

/// Gives each the least colour that is not forbidden.
fn greedy(order: Vec<usize>, forbid: impl Fn(usize, &[Option<u32>], &mut Vec<u32>)) -> Colouring {
    let mut colours: Vec<Option<u32>> = vec![None; order.len()];
    let mut forbidden = Vec::new();
    for i in order {
        forbidden.clear();
        forbid(i, &colours, &mut forbidden);
        forbidden.sort_unstable();
        forbidden.dedup();
        let free = (0..).zip(&forbidden).find(|(least, taken)| least != *taken);
        colours[i] = Some(free.map_or(forbidden.len() as u32, |(least, _)| least));
    }
    let colours: Vec<u32> = colours
        .into_iter()
        .map(|colour| colour.unwrap_or(0))
        .collect();
    let count = colours.iter().max().map_or(0, |&most| most as usize + 1);
    Colouring { colours, count }
}
