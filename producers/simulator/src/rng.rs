//! A small pseudo-random generator (SplitMix64), written here so that its output can never change under us.
//!
//! Only integer arithmetic: the same key gives the same numbers on every platform.

const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// Scrambles 64 bits; a bijection.
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// One number that depends on the seed and on every part, in order.
pub(crate) fn key(seed: u64, parts: &[u64]) -> u64 {
    let start = mix(seed.wrapping_add(GOLDEN_GAMMA));
    parts
        .iter()
        .fold(start, |state, part| mix(state.wrapping_mul(3).wrapping_add(mix(part.wrapping_add(GOLDEN_GAMMA)))))
}

/// A stream of pseudo-random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The stream that belongs to these parts under this seed.
    pub(crate) fn keyed(seed: u64, parts: &[u64]) -> Rng {
        Rng(key(seed, parts))
    }

    /// 64 fresh bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN_GAMMA);
        mix(self.0)
    }

    /// A number in `0..n` (0 when `n` is 0).
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        let high = self.bits() >> 32;
        ((high * u64::from(n)) >> 32) as u32
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i32, high: i32) -> i32 {
        debug_assert!(low <= high, "an empty range");
        low + self.below((high - low + 1) as u32) as i32
    }

    /// Milliseconds from `low` to `high` seconds, both included.
    pub(crate) fn seconds(&mut self, low: i32, high: i32) -> i64 {
        i64::from(self.between(low * 1_000, high * 1_000))
    }

    /// True in `permille` of 1,000 cases.
    pub(crate) fn chance(&mut self, permille: u32) -> bool {
        self.below(1_000) < permille
    }

    /// An index drawn in proportion to its weight.
    pub(crate) fn pick(&mut self, weights: &[u32]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        weights.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_algorithm() {
        let mut rng = Rng(1_234_567);
        assert_eq!(rng.bits(), 6_457_827_717_110_365_317);
        assert_eq!(rng.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn draws_stay_in_their_range_and_reach_both_ends() {
        let mut rng = Rng::keyed(1, &[2, 3]);
        let draws: Vec<i32> = (0..2_000).map(|_| rng.between(-3, 3)).collect();
        assert_eq!(draws.iter().min(), Some(&-3));
        assert_eq!(draws.iter().max(), Some(&3));
    }

    #[test]
    fn weights_set_the_shares() {
        let mut rng = Rng::keyed(5, &[]);
        let mut counts = [0u32; 3];
        (0..10_000).for_each(|_| counts[rng.pick(&[1, 0, 3])] += 1);
        assert_eq!(counts[1], 0);
        assert!((2_300..2_700).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn the_order_of_key_parts_matters() {
        assert_ne!(key(1, &[2, 3]), key(1, &[3, 2]));
        assert_ne!(key(1, &[2]), key(1, &[2, 0]));
    }
}
