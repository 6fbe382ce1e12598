//! A function as lowering reads it: few kinds of node, no dead ones, broadcasts looked through, powers written out.

mod movement;

use std::collections::HashMap;
use std::rc::Rc;

pub(crate) use movement::Movement;
use movement::{distinct, movement};

use super::algebra::{self, Algebra};
use crate::error::Error;
use crate::function::Function;
use crate::graph::NodeId;
use crate::kernel::straight::Code;
use crate::op::{Binary, Op, Unary};
use crate::scalar::Scalar;
use crate::shape::Shape;
use smallvec::{SmallVec, smallvec};

/// The nodes of a function; a node's operands stand before it.
#[derive(Debug)]
pub(crate) struct Source<T> {
    pub(crate) nodes: Vec<Node<T>>,
    /// The node of each input of the function.
    pub(crate) inputs: Vec<usize>,
    /// The node of each output of the function.
    pub(crate) outputs: Vec<usize>,
    /// The nodes that each guard of the function compares.
    pub(crate) guards: Vec<[usize; 2]>,
}

/// An operation on earlier nodes. Operands of elementwise operations may be of any shape that broadcasts to the node's.
#[derive(Debug)]
pub(crate) struct Node<T> {
    pub(crate) kind: Kind<T>,
    pub(crate) operands: SmallVec<[usize; 3]>,
    pub(crate) shape: Vec<usize>,
}

/// What a node computes.
#[derive(Debug)]
pub(crate) enum Kind<T> {
    Input,
    Constant(Vec<T>),
    Each(Elementwise),
    /// \[m, k\]·\[k, n\].
    MatMul,
    /// The sum over the middle of three axes.
    Sum {
        outer: usize,
        axis: usize,
        inner: usize,
    },
    Move(Movement),
    /// Element i of the operand is added to the result's element `table[i]`.
    Scatter(Rc<[u32]>),
    /// Elimination, and what its factors are good for.
    Algebra(Algebra),
}

/// An elementwise operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Elementwise {
    Unary(Unary),
    Binary(Binary),
    Square,
    Select,
}

impl Elementwise {
    pub(crate) fn is_add(self) -> bool {
        self == Elementwise::Binary(Binary::Add)
    }

    /// The instruction, over single numbers or over registers.
    pub(crate) fn code(self) -> Code {
        match self {
            Elementwise::Unary(Unary::Neg) => Code::Neg,
            Elementwise::Unary(op) => Code::Unary(op),
            Elementwise::Binary(Binary::Add) => Code::Add,
            Elementwise::Binary(Binary::Sub) => Code::Sub,
            Elementwise::Binary(Binary::Mul) => Code::Mul,
            Elementwise::Binary(Binary::Div) => Code::Div,
            Elementwise::Binary(op) => Code::Binary(op),
            Elementwise::Square => Code::Square,
            Elementwise::Select => Code::Select,
        }
    }
}

impl<T: Scalar> Source<T> {
    /// Whether 32 bits can count all elements, padding included.
    pub(crate) fn fits(&self) -> Result<(), Error> {
        let most = u32::MAX as usize / 4;
        let lens = self
            .nodes
            .iter()
            .map(|node| node.shape.iter().product::<usize>());
        let elements = lens.sum();
        if elements <= most {
            Ok(())
        } else {
            Err(Error::TooLarge { elements, most })
        }
    }

    /// Elements of the largest matrix that arrays of `rows` rows are multiplied by.
    pub(crate) fn largest_matrix(&self, rows: usize) -> usize {
        let products = self.nodes.iter().filter_map(|node| match node.kind {
            Kind::MatMul => {
                let [a, b] = [0, 1].map(|i| &self.nodes[node.operands[i]].shape);
                (a[0] == rows).then(|| b.iter().product())
            }
            _ => None,
        });
        products.max().unwrap_or(0)
    }

    pub(crate) fn new(function: &Function<T>) -> Source<T> {
        let mut reader = Reader {
            function,
            nodes: Vec::new(),
            known: vec![usize::MAX; function.graph().len()],
            factored: HashMap::new(),
        };
        let live = reader.live();
        let inputs: Vec<usize> = function
            .inputs()
            .iter()
            .map(|port| reader.node(port.node))
            .collect();
        for (i, live) in live.into_iter().enumerate() {
            if live {
                reader.node(NodeId(i as u32));
            }
        }
        let outputs = function
            .outputs()
            .iter()
            .map(|port| reader.node(port.node))
            .collect();
        let guards = function.guards().iter();
        let guards = guards
            .map(|guard| [guard.a, guard.b].map(|side| reader.node(side)))
            .collect();
        Source {
            nodes: reader.nodes,
            inputs,
            outputs,
            guards,
        }
    }
}

/// A function being read.
struct Reader<'a, T> {
    function: &'a Function<T>,
    nodes: Vec<Node<T>>,
    /// The source node of each graph node that was read.
    known: Vec<usize>,
    /// The factors of each matrix that was eliminated.
    factored: HashMap<usize, usize>,
}

impl<T: Scalar> Reader<'_, T> {
    /// What outputs and guards need, broadcasts under elementwise operations left out.
    fn live(&self) -> Vec<bool> {
        let graph = self.function.graph();
        let mut live = vec![false; graph.len()];
        for output in self.function.outputs() {
            live[output.node.index()] = true;
        }
        for guard in self.function.guards() {
            live[guard.a.index()] = true;
            live[guard.b.index()] = true;
        }
        for i in (0..graph.len()).rev() {
            if live[i] {
                let node = &graph.nodes()[i];
                for &operand in &node.operands {
                    live[self.operand(&node.op, operand).index()] = true;
                }
            }
        }
        live
    }

    /// The operand itself, or what is broadcast to it where the operation spreads its operands anyway.
    fn operand(&self, op: &Op, mut operand: NodeId) -> NodeId {
        let graph = self.function.graph();
        while op.is_elementwise() && graph.node(operand).op == Op::Broadcast {
            operand = graph.node(operand).operands[0];
        }
        operand
    }

    fn push(&mut self, kind: Kind<T>, operands: &[usize], shape: &[usize]) -> usize {
        self.nodes.push(Node {
            kind,
            operands: operands.iter().copied().collect(),
            shape: shape.to_vec(),
        });
        self.nodes.len() - 1
    }

    /// The source node of a graph node whose operands were read.
    fn node(&mut self, id: NodeId) -> usize {
        if self.known[id.index()] == usize::MAX {
            self.known[id.index()] = self.read(id);
        }
        self.known[id.index()]
    }

    fn read(&mut self, id: NodeId) -> usize {
        let graph = self.function.graph();
        let node = graph.node(id);
        let operands: SmallVec<[usize; 3]> = node
            .operands
            .iter()
            .map(|&operand| self.known[self.operand(&node.op, operand).index()])
            .collect();
        let shape = node.shape.to_vec();
        let each = |each| Kind::Each(each);
        match &node.op {
            Op::Input(_) => self.push(Kind::Input, &[], &shape),
            Op::Constant(index) => {
                let values = graph.constant_values(*index);
                let kind = Kind::Constant(values.to_vec());
                self.push(kind, &[], &shape)
            }
            Op::Unary(op) => self.push(each(Elementwise::Unary(*op)), &operands, &shape),
            Op::Binary(Binary::Mul) if operands[0] == operands[1] => {
                self.push(each(Elementwise::Square), &operands[..1], &shape)
            }
            Op::Binary(op) => self.push(each(Elementwise::Binary(*op)), &operands, &shape),
            Op::Powi(n) => self.power(operands[0], *n, &shape),
            Op::Select => self.push(each(Elementwise::Select), &operands, &shape),
            Op::Sum(axes) => self.sum(operands[0], graph.shape(node.operands[0]), *axes),
            // No products to add, and no row of which the lowering could tell the columns.
            Op::MatMul { .. } if graph.shape(node.operands[0]).is_empty() => {
                let zeros = vec![T::from_f64(0.0); node.shape.len()];
                self.push(Kind::Constant(zeros), &[], &shape)
            }
            Op::MatMul {
                transpose_a,
                transpose_b,
            } => {
                let a = self.turned(operands[0], *transpose_a);
                let b = self.turned(operands[1], *transpose_b);
                self.push(Kind::MatMul, &[a, b], &shape)
            }
            Op::Solve { .. } | Op::Det | Op::LogAbsDet => {
                let factors = self.factors(operands[0]);
                let (algebra, operands): (_, SmallVec<[usize; 3]>) = match &node.op {
                    Op::Solve { transpose } => {
                        let transposed = *transpose;
                        (
                            Algebra::Substitute { transposed },
                            smallvec![factors, operands[1]],
                        )
                    }
                    Op::Det => (Algebra::Determinant, smallvec![factors]),
                    _ => (Algebra::LogAbsDeterminant, smallvec![factors]),
                };
                self.push(Kind::Algebra(algebra), &operands, &shape)
            }
            Op::ScatterAdd(table) if !distinct(table, node.shape.len()) => {
                let kind = Kind::Scatter(table.iter().copied().collect());
                self.push(kind, &operands, &shape)
            }
            op => {
                let shapes: Vec<&Shape> = node
                    .operands
                    .iter()
                    .map(|&operand| graph.shape(operand))
                    .collect();
                let movement = movement(op, &shapes, &node.shape);
                self.push(Kind::Move(movement), &operands, &shape)
            }
        }
    }

    /// xⁿ by the multiplications of [`Scalar::powi`], so that the bits are the same.
    fn power(&mut self, x: usize, n: i32, shape: &[usize]) -> usize {
        let mut rest = n.unsigned_abs();
        let mut square = x;
        let mut product = None;
        while rest > 0 {
            if rest & 1 == 1 {
                product = Some(match product {
                    None => square,
                    Some(p) => self.push(
                        Kind::Each(Elementwise::Binary(Binary::Mul)),
                        &[p, square],
                        shape,
                    ),
                });
            }
            rest >>= 1;
            if rest > 0 {
                square = self.push(Kind::Each(Elementwise::Square), &[square], shape);
            }
        }
        let one = |reader: &mut Self| {
            let one = Kind::Constant(vec![T::from_f64(1.0)]);
            reader.push(one, &[], &[])
        };
        let power = match product {
            Some(power) => power,
            None => {
                let one = one(self);
                let len = shape.iter().product();
                let movement = Movement::of(vec![0; len], 1);
                self.push(Kind::Move(movement), &[one], shape)
            }
        };
        if n < 0 {
            let one = one(self);
            let divide = Kind::Each(Elementwise::Binary(Binary::Div));
            self.push(divide, &[one, power], shape)
        } else {
            power
        }
    }

    /// A sum over any axes, run of axes by run of axes, the last first.
    fn sum(&mut self, mut x: usize, shape: &Shape, axes: u32) -> usize {
        let mut lengths = shape.to_vec();
        let mut end = lengths.len();
        while end > 0 {
            if axes >> (end - 1) & 1 == 0 {
                end -= 1;
                continue;
            }
            let mut start = end - 1;
            while start > 0 && axes >> (start - 1) & 1 == 1 {
                start -= 1;
            }
            let outer = lengths[..start].iter().product();
            let axis = lengths[start..end].iter().product();
            let inner = lengths[end..].iter().product();
            lengths.drain(start..end);
            x = self.push(Kind::Sum { outer, axis, inner }, &[x], &lengths);
            end = start;
        }
        x
    }

    /// The factors of a matrix, which are made once.
    fn factors(&mut self, matrix: usize) -> usize {
        if let Some(&known) = self.factored.get(&matrix) {
            return known;
        }
        let n = self.nodes[matrix].shape[0];
        let kind = Kind::Algebra(Algebra::Factor);
        let node = self.push(kind, &[matrix], &[algebra::factors_len(n)]);
        self.factored.insert(matrix, node);
        node
    }

    /// A matrix, or its transpose.
    fn turned(&mut self, x: usize, turn: bool) -> usize {
        if !turn {
            return x;
        }
        let (rows, columns) = (self.nodes[x].shape[0], self.nodes[x].shape[1]);
        let table = (0..columns).flat_map(|j| (0..rows).map(move |i| (i * columns + j) as u32));
        let movement = Movement::of(table.collect(), rows * columns);
        self.push(Kind::Move(movement), &[x], &[columns, rows])
    }
}
