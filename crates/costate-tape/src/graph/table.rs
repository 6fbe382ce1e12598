//! Which expressions are known: a table of node numbers by hash, looked up at every node that is recorded.

use std::hash::Hasher;

/// The hash of a node: multiplications and rotations, since a graph guards against no adversary.
#[derive(Clone, Copy, Default)]
pub(super) struct Mixer(u64);

impl Mixer {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    /// The upper half, which all words have reached.
    pub(super) fn short(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words
            .iter()
            .for_each(|&word| self.mix(u64::from_le_bytes(word)));
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.mix(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, x: u8) {
        self.mix(x.into());
    }

    fn write_u32(&mut self, x: u32) {
        self.mix(x.into());
    }

    fn write_u64(&mut self, x: u64) {
        self.mix(x);
    }

    fn write_usize(&mut self, x: usize) {
        self.mix(x as u64);
    }

    fn write_isize(&mut self, x: isize) {
        self.mix(x as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Numbers of nodes by their hashes: open addressing, at most two thirds full.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// Hash, and number counted from 1; 0 is an empty place. As many as a power of two, or none.
    places: Vec<(u32, u32)>,
    filled: usize,
}

impl Table {
    /// A table with room for so many.
    pub(super) fn with_room(nodes: usize) -> Table {
        Table {
            places: vec![(0, 0); (nodes + nodes / 2 + 8).next_power_of_two()],
            filled: 0,
        }
    }

    /// The number among those with this hash that `is` accepts.
    pub(super) fn find(&self, hash: u32, is: impl Fn(u32) -> bool) -> Option<u32> {
        let mask = self.places.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        loop {
            match self.places[at] {
                (_, 0) => return None,
                (known, number) if known == hash && is(number - 1) => return Some(number - 1),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// Adds a number that is not there.
    pub(super) fn insert(&mut self, hash: u32, number: u32) {
        if 3 * (self.filled + 1) > 2 * self.places.len() {
            let larger = Table::with_room(2 * self.filled + 8);
            let old = std::mem::replace(self, larger);
            for (hash, number) in old.places {
                if number != 0 {
                    self.place(hash, number - 1);
                }
            }
        }
        self.place(hash, number);
    }

    fn place(&mut self, hash: u32, number: u32) {
        let mask = self.places.len() - 1;
        let mut at = hash as usize & mask;
        while self.places[at].1 != 0 {
            at = (at + 1) & mask;
        }
        self.places[at] = (hash, number + 1);
        self.filled += 1;
    }
}
