//! Which inputs each output depends on, element by element.

use crate::function::Function;
use crate::graph::{Graph, NodeId};
use crate::op::{Binary, Op, Unary, array, matmul};
use crate::scalar::Scalar;
use std::rc::Rc;

/// The entries of a matrix that may be other than zero, row by row.
///
/// Structural: found from the graph, not from numbers, so it holds at every point; an entry may happen to be zero.
///
/// ```
/// use costate_tape::Pattern;
/// let pattern = Pattern::new(3, vec![vec![2, 0], vec![], vec![1]]);
/// assert_eq!(pattern.entries().collect::<Vec<_>>(), [(0, 0), (0, 2), (2, 1)]);
/// assert!(pattern.contains(0, 2) && !pattern.contains(1, 1));
/// assert_eq!(pattern.transposed().row(2), [0]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    columns: usize,
    rows: Vec<Vec<u32>>,
}

impl Pattern {
    /// The pattern with these columns in each row, of `columns` columns; each row is put in order.
    ///
    /// # Panics
    /// If a row names a column that does not exist.
    #[must_use]
    #[track_caller]
    pub fn new(columns: usize, mut rows: Vec<Vec<u32>>) -> Self {
        for row in &mut rows {
            row.sort_unstable();
            row.dedup();
            assert!(
                row.last().is_none_or(|&last| (last as usize) < columns),
                "a row names column {:?} of {columns}",
                row.last()
            );
        }
        Pattern { columns, rows }
    }

    /// Rows and columns.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        (self.rows.len(), self.columns)
    }

    /// The columns of the entries of one row, in order.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    #[track_caller]
    pub fn row(&self, row: usize) -> &[u32] {
        &self.rows[row]
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.iter().map(Vec::len).sum()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All entries as (row, column), row by row: the order of values in sparse derivatives.
    pub fn entries(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.rows
            .iter()
            .enumerate()
            .flat_map(|(i, row)| row.iter().map(move |&j| (i, j as usize)))
    }

    /// Whether the entry may be other than zero.
    #[must_use]
    pub fn contains(&self, row: usize, column: usize) -> bool {
        self.rows
            .get(row)
            .is_some_and(|row| row.binary_search(&(column as u32)).is_ok())
    }

    /// Rows and columns exchanged.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut rows = vec![Vec::new(); self.columns];
        for (i, j) in self.entries() {
            rows[j].push(i as u32);
        }
        Pattern {
            columns: self.rows.len(),
            rows,
        }
    }
}

impl<T: Scalar> Function<T> {
    /// The pattern of the Jacobian of all outputs, one after another, to the input with number `wrt`.
    ///
    /// # Panics
    /// If there is no such input.
    ///
    /// ```
    /// use costate_tape::{Function, Scalar};
    /// // A chain: each element meets the one before it.
    /// let f = Function::<f64>::record(&[("x", &[4])], |v| vec![v[0].slice(0, 1..4) * v[0].slice(0, 0..3).sin()])?;
    /// let pattern = f.jacobian_pattern(0);
    /// assert_eq!(pattern.entries().collect::<Vec<_>>(), [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3)]);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn jacobian_pattern(&self, wrt: usize) -> Pattern {
        self.must_have_inputs(&[wrt]);
        let columns = self.input_shape(wrt).len();
        let sets = dependencies(self.graph(), wrt);
        let rows = self
            .outputs()
            .iter()
            .flat_map(|port| sets[port.node.index()].iter().map(|set| set.to_vec()))
            .collect();
        Pattern { columns, rows }
    }

    /// The pattern of the Hessian of the one output, a single number, to the input with number `wrt`: symmetric.
    ///
    /// # Panics
    /// As [`gradient`](Function::gradient).
    ///
    /// ```
    /// use costate_tape::{Function, Scalar};
    /// let f = Function::<f64>::record(&[("x", &[3])], |v| {
    ///     let [a, b, c] = [0, 1, 2].map(|i| v[0].index(i));
    ///     vec![a * b + c.exp() + a * 3.0]
    /// })?;
    /// assert_eq!(f.hessian_pattern(0).entries().collect::<Vec<_>>(), [(0, 1), (1, 0), (2, 2)]);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn hessian_pattern(&self, wrt: usize) -> Pattern {
        let found = self.gradient(&[wrt]).jacobian_pattern(wrt);
        // Both halves: what one of them cannot show the other may.
        let turned = found.transposed();
        let rows = (0..found.rows.len()).map(|i| union([found.row(i), turned.row(i)]));
        Pattern {
            columns: found.columns,
            rows: rows.collect(),
        }
    }
}

/// The input elements that an element depends on, in order. Shared: most are equal to those of an operand.
type Set = Rc<[u32]>;

/// The sets of every element of every node. Nodes that depend on nothing share one empty set.
fn dependencies<T: Scalar>(graph: &Graph<T>, wrt: usize) -> Vec<Vec<Set>> {
    let empty: Set = Rc::new([]);
    let mut sets: Vec<Vec<Set>> = Vec::with_capacity(graph.len());
    for (i, node) in graph.nodes().iter().enumerate() {
        let length = node.shape.len();
        let of = |k: usize| sets[node.operands[k].index()].as_slice();
        let shape = |k: usize| graph.shape(node.operands[k]);
        let merged = |parts: &[&Set]| merge(parts, &empty);
        let own: Vec<Set> = match &node.op {
            Op::Input(number) if *number as usize == wrt => {
                (0..length as u32).map(|j| Rc::from([j])).collect()
            }
            Op::Input(_) | Op::Constant(_) => vec![empty.clone(); length],
            // Constant between its jumps.
            Op::Unary(Unary::Sign | Unary::Floor) => vec![empty.clone(); length],
            Op::Binary(op) if op.is_comparison() => vec![empty.clone(); length],
            Op::Unary(_) => of(0).to_vec(),
            Op::Powi(n) => {
                if *n == 0 {
                    vec![empty.clone(); length]
                } else {
                    of(0).to_vec()
                }
            }
            Op::Binary(Binary::Mul)
                if is_zero(graph, node.operands[0]) || is_zero(graph, node.operands[1]) =>
            {
                vec![empty.clone(); length]
            }
            Op::Binary(_) => (0..length)
                .map(|e| merged(&[&of(0)[e], &of(1)[e]]))
                .collect(),
            Op::Select => (0..length)
                .map(|e| merged(&[&of(1)[e], &of(2)[e]]))
                .collect(),
            Op::Sum(axes) => {
                let mut parts: Vec<Vec<&Set>> = vec![Vec::new(); length];
                for (to, from) in array::summed_positions(shape(0), *axes).zip(of(0)) {
                    parts[to].push(from);
                }
                parts.iter().map(|parts| merged(parts)).collect()
            }
            Op::ScatterAdd(table) => {
                let mut parts: Vec<Vec<&Set>> = vec![Vec::new(); length];
                for (&to, from) in table.iter().zip(of(0)) {
                    parts[to as usize].push(from);
                }
                parts.iter().map(|parts| merged(parts)).collect()
            }
            Op::MatMul {
                transpose_a,
                transpose_b,
            } => {
                let (rows, inner) = matmul::dimensions(shape(0), *transpose_a);
                let (_, columns) = matmul::dimensions(shape(1), *transpose_b);
                let (a, b) = (of(0), of(1));
                let at_a = |i: usize, k: usize| {
                    if *transpose_a {
                        k * rows + i
                    } else {
                        i * inner + k
                    }
                };
                let at_b = |k: usize, j: usize| {
                    if *transpose_b {
                        j * inner + k
                    } else {
                        k * columns + j
                    }
                };
                // All of a row and all of a column meet: each is merged once.
                let of_row: Vec<Set> = (0..rows)
                    .map(|i| merged(&(0..inner).map(|k| &a[at_a(i, k)]).collect::<Vec<_>>()))
                    .collect();
                let of_column: Vec<Set> = (0..columns)
                    .map(|j| merged(&(0..inner).map(|k| &b[at_b(k, j)]).collect::<Vec<_>>()))
                    .collect();
                (0..rows * columns)
                    .map(|e| merged(&[&of_row[e / columns], &of_column[e % columns]]))
                    .collect()
            }
            // All of the matrix, and of a right-hand side its own column.
            Op::Solve { .. } => {
                let matrix = merged(&of(0).iter().collect::<Vec<_>>());
                let columns = node.shape.axis(1);
                let of_column: Vec<Set> = (0..columns)
                    .map(|j| {
                        let own = of(1).iter().skip(j).step_by(columns);
                        merged(&std::iter::once(&matrix).chain(own).collect::<Vec<_>>())
                    })
                    .collect();
                (0..length)
                    .map(|e| of_column[e % columns].clone())
                    .collect()
            }
            Op::Det | Op::LogAbsDet => vec![merged(&of(0).iter().collect::<Vec<_>>())],
            // What is left moves elements: where each comes from, zeros from nowhere.
            _ => {
                let all: Vec<&Set> = (0..node.operands.len()).flat_map(of).collect();
                moved(graph, NodeId(i as u32))
                    .into_iter()
                    .map(|from| from.map_or(&empty, |at| all[at]).clone())
                    .collect()
            }
        };
        sets.push(own);
    }
    sets
}

fn is_zero<T: Scalar>(graph: &Graph<T>, id: NodeId) -> bool {
    graph
        .constant_scalar(id)
        .is_some_and(|value| value == T::from_f64(0.0))
}

/// For each element of a node that only moves elements, its place among all elements of the operands: the interpreter's rule, asked
/// with places as values (counted from 1; 0 is a zero from nowhere).
fn moved<T: Scalar>(graph: &Graph<T>, id: NodeId) -> Vec<Option<usize>> {
    let node = graph.node(id);
    let shapes: Vec<_> = node
        .operands
        .iter()
        .map(|&operand| graph.shape(operand))
        .collect();
    let mut count = 0;
    let places: Vec<Vec<f64>> = shapes
        .iter()
        .map(|shape| {
            count += shape.len();
            (count - shape.len() + 1..=count)
                .map(|place| place as f64)
                .collect()
        })
        .collect();
    let operands: Vec<&[f64]> = places.iter().map(Vec::as_slice).collect();
    let mut out = Vec::with_capacity(node.shape.len());
    array::value(node, &shapes, &operands, &mut out);
    out.into_iter()
        .map(|place| (place as usize).checked_sub(1))
        .collect()
}

fn merge(parts: &[&Set], empty: &Set) -> Set {
    let mut some = parts.iter().filter(|set| !set.is_empty());
    let Some(first) = some.next() else {
        return empty.clone();
    };
    // Often all parts are one set.
    if some
        .clone()
        .all(|set| Rc::ptr_eq(set, first) || set == first)
    {
        return (*first).clone();
    }
    union(std::iter::once(&***first).chain(some.map(|set| &***set))).into()
}

fn union<'a>(parts: impl IntoIterator<Item = &'a [u32]>) -> Vec<u32> {
    let mut all: Vec<u32> = parts.into_iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}
