//! What follows a layer becomes part of it, where a kernel has it.
//!
//! Nothing is matched by hand: the code around a layer is written down in one form, and compared with the same form of each
//! activation's own value and derivative.

use std::collections::HashMap;

use super::draft::{Draft, Each, Epilogue, Operand};
use super::place::Place;

/// Code around a layer that a kernel can do, in the form of [`Reader::describe`].
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) code: String,
    pub(crate) epilogue: Epilogue,
}

/// Reads elementwise steps backwards from their result.
pub(crate) struct Reader<'a> {
    steps: &'a [Draft],
    /// For each slot, the elementwise step that makes it.
    made: HashMap<u32, usize>,
    uses: &'a [u32],
    literals: &'a HashMap<u32, u64>,
}

/// A tree of elementwise operations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    pub(crate) code: String,
    /// The array besides the sum, if there is one.
    pub(crate) aux: Option<Place>,
    /// The steps of the tree.
    steps: Vec<usize>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        steps: &'a [Draft],
        uses: &'a [u32],
        literals: &'a HashMap<u32, u64>,
    ) -> Reader<'a> {
        let made = steps.iter().enumerate().filter_map(|(i, step)| match step {
            Draft::Chain { each, .. } if each.len() == 1 => Some((each[0].to.slot, i)),
            _ => None,
        });
        Reader {
            steps,
            made: made.collect(),
            uses,
            literals,
        }
    }

    fn each(&self, step: usize) -> Option<&'a Each> {
        match &self.steps[step] {
            Draft::Chain { each, .. } => each.first(),
            _ => None,
        }
    }

    /// The tree that makes `root` of `sum` and at most one other array; parts that others use too are not in it.
    pub(crate) fn describe(&self, root: u32, sum: u32) -> Option<Tree> {
        let mut tree = Tree::default();
        let step = *self.made.get(&root)?;
        self.describe_step(step, sum, &mut tree)?;
        Some(tree)
    }

    fn describe_step(&self, step: usize, sum: u32, tree: &mut Tree) -> Option<()> {
        let each = self.each(step)?;
        tree.steps.push(step);
        tree.code += &format!("({:?}", each.code);
        for &operand in &each.from {
            match operand {
                Operand::Number(place) => {
                    tree.code += &format!(" {:x}", self.literals.get(&place.slot)?)
                }
                Operand::Rows(..) => return None,
                Operand::Array(place) if place.slot == sum => tree.code += " sum",
                Operand::Array(place) => match self.made.get(&place.slot) {
                    Some(&inner) if self.uses[place.slot as usize] == 1 => {
                        tree.code += " ";
                        self.describe_step(inner, sum, tree)?;
                    }
                    _ if tree.aux.is_none_or(|aux| aux == place) => {
                        tree.aux = Some(place);
                        tree.code += " aux";
                    }
                    _ => return None,
                },
            }
        }
        tree.code += ")";
        Some(())
    }
}

/// Joins layers with the code after them.
pub(crate) fn attach(
    mut steps: Vec<Draft>,
    uses: &[u32],
    literals: &HashMap<u32, u64>,
    patterns: &[Pattern],
) -> Vec<Draft> {
    if !steps.iter().any(|step| matches!(step, Draft::Linear(_))) {
        return steps;
    }
    let mut gone = vec![false; steps.len()];
    let mut joined = Vec::new();
    {
        let reader = Reader::new(&steps, uses, literals);
        // For each slot, the one elementwise step that reads it.
        let mut readers = HashMap::new();
        for (i, step) in steps.iter().enumerate() {
            if let Some(each) = reader.each(i) {
                step.reads(|slot| {
                    readers.insert(slot, (i, each.to.slot));
                });
            }
        }
        for (i, step) in steps.iter().enumerate() {
            let Draft::Linear(layer) = step else { continue };
            let (mut slot, mut found) = (layer.to.slot, None);
            while uses[slot as usize] == 1 {
                let Some(&(reader_step, root)) = readers.get(&slot) else {
                    break;
                };
                if let Some(tree) = reader.describe(root, layer.to.slot)
                    && let Some(pattern) = patterns.iter().find(|pattern| pattern.code == tree.code)
                {
                    found = Some((reader_step, root, tree, pattern.epilogue));
                }
                slot = root;
            }
            if let Some((place, root, tree, epilogue)) = found {
                let mut layer = layer.clone();
                (layer.epilogue, layer.aux, layer.to) = (epilogue, tree.aux, Place::new(root));
                gone[i] = true;
                tree.steps.iter().for_each(|&step| gone[step] = true);
                joined.push((place, layer));
            }
        }
    }
    for (place, layer) in joined {
        gone[place] = false;
        steps[place] = Draft::Linear(layer);
    }
    let mut kept = gone.iter().map(|gone| !gone);
    steps.retain(|_| kept.next().unwrap_or(true));
    steps
}
