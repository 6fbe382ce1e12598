//! Random numbers that are the same in every release, on every machine.

/// Steele, Lea and Flood's SplitMix64: a counter that is mixed, so that every seed gives a sequence of its own.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The sequence numbered `stream` of `seed`.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut outer = Random(seed);
        let mixed = outer.next();
        Random(mixed ^ Random(stream.wrapping_add(0x1234_5678)).next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to and without 1.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A whole number from 0 up to and without `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        ((self.uniform() * end as f64) as usize).min(end - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_published_generator() {
        // The reference implementation's first outputs from the state 1234567.
        let mut random = Random(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn streams_differ_and_fill_the_unit_interval() {
        let (mut a, mut b) = (Random::new(0, 0), Random::new(0, 1));
        assert_ne!(a.uniform(), b.uniform());
        let mean = (0..10_000).map(|_| a.uniform()).sum::<f64>() / 1e4;
        assert!((mean - 0.5).abs() < 0.01);
        assert!((0..1000).all(|_| b.below(3) < 3));
    }
}
