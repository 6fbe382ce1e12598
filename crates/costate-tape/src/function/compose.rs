//! Functions put together from functions: recorded again inside another record, extended, cleaned, over another scalar.

use crate::function::{Function, Guard, Port};
use crate::graph::{Graph, Node, NodeId};
use crate::op::Op;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::simplify::Rule;
use crate::tape::Tape;
use crate::var::Var;
use std::sync::Arc;

impl<T: Scalar> Function<T> {
    /// Records this function once more, inside another record: its outputs for these inputs. Its guards become guards of that
    /// record.
    ///
    /// ```
    /// use costate_tape::{Function, Scalar};
    /// let square = Function::<f64>::record(&[("x", &[])], |v| vec![v[0] * v[0]])?;
    /// let f = Function::<f64>::record(&[("x", &[])], |v| vec![square.call(&[v[0].sin()])[0] + 1.0])?;
    /// assert_eq!(f.eval(&[&[0.5]])?[0], [0.5f64.sin() * 0.5f64.sin() + 1.0]);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    ///
    /// Plain numbers alone give plain numbers.
    ///
    /// # Panics
    /// If the number of inputs or a shape differs; of plain numbers alone, if an output is an array, or a branch that was taken while
    /// recording would not be taken.
    #[track_caller]
    pub fn call<'t>(&self, inputs: &[Var<'t, T>]) -> Vec<Var<'t, T>> {
        assert!(
            inputs.len() == self.inputs.len(),
            "the function has {} inputs, {} were given",
            self.inputs.len(),
            inputs.len()
        );
        let Some(tape) = inputs.iter().find_map(|input| input.tape_of()) else {
            return self.call_with_numbers(inputs);
        };
        let nodes = self.replay(tape, inputs);
        for guard in &self.guards {
            tape.guard(Guard {
                a: nodes[guard.a.index()].on(tape),
                b: nodes[guard.b.index()].on(tape),
                ..*guard
            });
        }
        self.outputs
            .iter()
            .map(|output| nodes[output.node.index()])
            .collect()
    }

    /// The outputs for inputs that no tape has seen.
    #[track_caller]
    fn call_with_numbers<'t>(&self, inputs: &[Var<'t, T>]) -> Vec<Var<'t, T>> {
        let numbers = inputs.iter().enumerate().map(|(number, input)| {
            let value = input.value().unwrap_or_default();
            vec![value[0]; self.input_shape(number).len()]
        });
        let numbers: Vec<Vec<T>> = numbers.collect();
        let slices: Vec<&[T]> = numbers.iter().map(Vec::as_slice).collect();
        let outputs = match self.eval(&slices) {
            Ok(outputs) => outputs,
            Err(error) => panic!("a function is called with plain numbers: {error}"),
        };
        for (port, number) in self.outputs.iter().zip(0..) {
            let shape = self.output_shape(number);
            assert!(
                shape.is_scalar(),
                "output '{}' is an array of shape {shape}, and the call has only plain numbers, which belong to no tape to put it on: \
                 give it a variable, as `full` of one",
                port.name
            );
        }
        outputs.iter().map(|y| Var::detached(y[0])).collect()
    }

    /// Every node of this function as a variable of `tape`, to which `inputs` belong that are no plain numbers.
    #[track_caller]
    fn replay<'t>(&self, tape: &'t Tape<T>, inputs: &[Var<'t, T>]) -> Vec<Var<'t, T>> {
        let mut nodes: Vec<Var<'t, T>> = Vec::with_capacity(self.graph.len());
        for node in self.graph.nodes() {
            nodes.push(match node.op {
                Op::Input(number) => {
                    let input = Var::attached(tape, inputs[number as usize].on(tape));
                    input.broadcast_to(node.shape.clone())
                }
                Op::Constant(index) => {
                    tape.constant(node.shape.clone(), self.graph.constant_values(index))
                }
                _ => {
                    let operands: Vec<NodeId> = node
                        .operands
                        .iter()
                        .map(|operand| nodes[operand.index()].on(tape))
                        .collect();
                    tape.push(node.op.clone(), &operands, node.shape.clone())
                }
            });
        }
        nodes
    }

    /// The same function with the exact simplifications applied once more and dead code removed. Recording applies them
    /// already; this helps after a function was put together from parts.
    #[must_use]
    pub fn simplify(&self) -> Function<T> {
        self.simplify_with(&Rule::RECORDING)
    }

    /// The same function simplified by the given rules, and dead code removed. With rules that are not exact the value may differ
    /// by rounding, in the sign of zeros, and where intermediate results are infinite.
    ///
    /// ```
    /// use costate_tape::{Function, Rule, Scalar};
    /// let f = Function::<f64>::record(&[("x", &[])], |v| vec![v[0].sin()])?;
    /// // The second derivative, with the cotangents at 1 and the zeros gone.
    /// let second = f.gradient(&[0]).gradient(&[0]).simplify_with(&Rule::ALL);
    /// assert_eq!(second.to_string(), "f(x):\n  grad_x = -sin(x)\n");
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    pub fn simplify_with(&self, rules: &[Rule<T>]) -> Function<T> {
        let inputs: Vec<(String, Shape)> = self
            .inputs
            .iter()
            .enumerate()
            .map(|(number, port)| (port.name.clone(), self.input_shape(number).clone()))
            .collect();
        let mut simplified =
            Self::record_on(Tape::with_rules(rules), &inputs, |tape, variables| {
                let nodes = self.replay(tape, variables);
                let guarded = self.guards.iter().flat_map(|guard| [guard.a, guard.b]);
                self.outputs
                    .iter()
                    .map(|output| output.node)
                    .chain(guarded)
                    .map(|node| nodes[node.index()])
                    .collect()
            })
            .expect("the names are this function's own");
        simplified.move_guards(self);
        for (port, own) in simplified.outputs.iter_mut().zip(&self.outputs) {
            port.name.clone_from(&own.name);
        }
        simplified
    }

    /// Turns the outputs after `outer`'s own, which are the two sides of each of its guards, into guards again.
    pub(crate) fn move_guards(&mut self, outer: &Function<T>) {
        let own = self.outputs.len() - 2 * outer.guards.len();
        let sides = self.outputs.split_off(own);
        self.guards = outer
            .guards
            .iter()
            .zip(sides.chunks_exact(2))
            .map(|(guard, side)| Guard {
                a: side[0].node,
                b: side[1].node,
                ..*guard
            })
            .collect();
    }

    /// Puts a derivative together: records `body` with these inputs and more, keeps this function's guards, and names the outputs. A
    /// new name that is taken, by an input or an output, gets underscores.
    pub(crate) fn extend<F>(
        &self,
        more: Vec<(String, Shape)>,
        output_names: Vec<String>,
        body: F,
    ) -> Function<T>
    where
        F: for<'t> FnOnce(&[Var<'t, T>], &[Var<'t, T>], &[Var<'t, T>]) -> Vec<Var<'t, T>>,
    {
        let mut inputs: Vec<(String, Shape)> = self
            .inputs
            .iter()
            .enumerate()
            .map(|(number, port)| (port.name.clone(), self.input_shape(number).clone()))
            .collect();
        let kept = |i: usize, name: &str| self.outputs.get(i).is_some_and(|own| own.name == name);
        let mut outputs: Vec<String> = Vec::with_capacity(output_names.len());
        let distinct = |mut name: String, inputs: &[(String, Shape)], outputs: &[String]| {
            let is_taken = |name: &String| {
                inputs.iter().any(|(other, _)| other == name)
                    || outputs.contains(name)
                    || self.outputs.iter().any(|own| own.name == *name)
            };
            while is_taken(&name) {
                name.push('_');
            }
            name
        };
        for (name, shape) in more {
            let name = distinct(name, &inputs, &outputs);
            inputs.push((name, shape));
        }
        for (i, name) in output_names.into_iter().enumerate() {
            let name = if kept(i, &name) {
                name
            } else {
                distinct(name, &inputs, &outputs)
            };
            outputs.push(name);
        }
        let own = self.inputs.len();
        let mut derivative = Self::record_on(Tape::on(&self.graph), &inputs, |tape, variables| {
            let ids = (0..self.graph.len()).map(|i| NodeId(i as u32));
            let nodes: Vec<Var<'_, T>> = ids.map(|id| Var::attached(tape, id)).collect();
            let mut results = body(&nodes, &variables[..own], &variables[own..]);
            results.extend(
                self.guards
                    .iter()
                    .flat_map(|guard| [nodes[guard.a.index()], nodes[guard.b.index()]]),
            );
            results
        })
        .expect("names were made distinct");
        derivative.move_guards(self);
        for (port, name) in derivative.outputs.iter_mut().zip(outputs) {
            port.name = name;
        }
        derivative
    }

    /// The same function over another scalar, each of its constants through `number`.
    ///
    /// ```
    /// use costate_tape::{Dual, Function, Scalar};
    /// let f = Function::<f64>::record(&[("x", &[2])], |v| vec![(v[0] * 3.0).tanh().sum()])?;
    /// // One evaluation over dual numbers gives the value and both derivatives.
    /// let x = [Dual::<f64, 2>::variable(0.1, 0), Dual::variable(-0.2, 1)];
    /// let y = f.over(Dual::<f64, 2>::constant).eval(&[&x])?[0][0];
    /// assert_eq!(y.value, f.eval(&[&[0.1, -0.2]])?[0][0]);
    /// assert!((y.tangent[0] - 3.0 / 0.3f64.cosh().powi(2)).abs() < 1e-15);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    pub fn over<U: Scalar>(&self, number: impl Fn(T) -> U) -> Function<U> {
        let mut graph = Graph::new();
        let mut moved = Vec::with_capacity(self.graph.len());
        for node in self.graph.nodes() {
            moved.push(match node.op {
                Op::Constant(index) => {
                    let values = self.graph.constant_values(index);
                    let values: Vec<U> = values.iter().map(|&value| number(value)).collect();
                    graph.constant(node.shape.clone(), &values)
                }
                _ => push_moved(&mut graph, node, &moved),
            });
        }
        self.on_graph(graph.closed(), &moved)
    }

    /// The function on a graph whose recording has ended, without the nodes that no output and no guard needs; inputs stay.
    pub(super) fn closed(
        graph: Graph<T>,
        mut inputs: Vec<Port>,
        mut outputs: Vec<Port>,
        mut guards: Vec<Guard>,
    ) -> Function<T> {
        let mut alive = vec![false; graph.len()];
        for port in inputs.iter().chain(&outputs) {
            alive[port.node.index()] = true;
        }
        for guard in &guards {
            alive[guard.a.index()] = true;
            alive[guard.b.index()] = true;
        }
        for (i, node) in graph.nodes().iter().enumerate().rev() {
            if alive[i] {
                node.operands
                    .iter()
                    .for_each(|operand| alive[operand.index()] = true);
            }
        }
        let graph = if alive.iter().all(|&alive| alive) {
            graph.closed()
        } else {
            let (graph, moved) = graph.compacted(&alive);
            let ports = inputs.iter_mut().chain(&mut outputs);
            ports.for_each(|port| port.node = moved[port.node.index()]);
            for guard in &mut guards {
                guard.a = moved[guard.a.index()];
                guard.b = moved[guard.b.index()];
            }
            graph
        };
        Function {
            graph: Arc::new(graph),
            inputs,
            outputs,
            guards,
        }
    }

    /// The same ports and guards on another graph, in which node i is `moved[i]`.
    fn on_graph<U>(&self, graph: Graph<U>, moved: &[NodeId]) -> Function<U> {
        let port = |port: &Port| Port {
            name: port.name.clone(),
            node: moved[port.node.index()],
        };
        Function {
            inputs: self.inputs.iter().map(port).collect(),
            outputs: self.outputs.iter().map(port).collect(),
            guards: self
                .guards
                .iter()
                .map(|guard| Guard {
                    a: moved[guard.a.index()],
                    b: moved[guard.b.index()],
                    ..*guard
                })
                .collect(),
            graph: Arc::new(graph),
        }
    }
}

/// A node's operation on the same operands in another graph.
fn push_moved<T: Scalar>(graph: &mut Graph<T>, node: &Node, moved: &[NodeId]) -> NodeId {
    let operands: Vec<NodeId> = node
        .operands
        .iter()
        .map(|operand| moved[operand.index()])
        .collect();
    graph.push(node.op.clone(), &operands, node.shape.clone())
}
