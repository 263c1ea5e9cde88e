//! The only source of choices: SplitMix64, so that a seed means the same run on every platform.

const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// Choices that follow from a seed.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The dice of a seed and a purpose: dice of two purposes have nothing in common.
    pub fn new(seed: u64, purpose: u64) -> Dice {
        Dice(mix(seed.wrapping_add(GOLDEN_GAMMA)) ^ mix(purpose.wrapping_mul(GOLDEN_GAMMA)))
    }

    /// 64 fresh bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN_GAMMA);
        mix(self.0)
    }

    /// A number in `0..sides`; 0 when there are none.
    pub fn roll(&mut self, sides: usize) -> usize {
        ((u128::from(self.bits()) * sides as u128) >> 64) as usize
    }

    /// A number from `least` to `most`, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        least + self.roll((most - least + 1).max(1) as usize) as i64
    }

    /// Whether something happens that happens so many times in a thousand.
    pub fn chance(&mut self, in_thousand: usize) -> bool {
        self.roll(1000) < in_thousand
    }

    /// One of a list that is not empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.roll(list.len())]
    }

    /// Puts a list into another order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.roll(last + 1));
        }
    }
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
