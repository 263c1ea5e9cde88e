//! Changes to seeds: the same ones for the same number.

/// A source of choices that is the same for the same seed (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides.max(1) as u64) as usize
    }
}

/// What stands in the way of readers.
const TOKENS: [&[u8]; 34] = [
    b"NaN",
    b"-Infinity",
    b"inf",
    b"1e999",
    b"-1e308",
    b"5e-324",
    b"-0.0",
    b"9007199254740993",
    b"18446744073709551616",
    b"999999999999999999999999999999999999999999",
    b"0.1000000000000000055511151231257827021181583404541015625",
    b"\"\\ud800\"",
    b"\"\\u0000\"",
    b"\"\\",
    b"\xff\xfe",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\0",
    b"\n",
    b"null",
    b"\"\"",
    b"{}",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":",
    b"\"learner\":\"bia\",",
    b"[,]",
    b"[.]",
    b"P999999999999999Y",
    b"9999-12-31T23:59:59.999999999-23:59",
    b"0000-01-01T00:00:00+23:59",
    // Varints: the greatest, one over 64 bits, a claim of 1 GiB.
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\x80\x80\x80\x80\x04",
];

/// The longest that a changed input grows.
const MOST_BYTES: usize = 64 * 1024;

/// Makes inputs out of a target's seeds.
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    dice: Dice,
}

impl Mutator {
    /// Whose changes follow from the seeds and the number.
    pub fn new(seeds: Vec<Vec<u8>>, number: u64) -> Mutator {
        Mutator { seeds, dice: Dice(number) }
    }

    /// The next input: a seed with up to eight changes.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.seed().to_vec();
        for _ in 0..=self.dice.roll(8) {
            self.change(&mut input);
        }
        input.truncate(MOST_BYTES);
        input
    }

    fn seed(&mut self) -> &[u8] {
        let at = self.dice.roll(self.seeds.len());
        &self.seeds[at]
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let (one, other) = (self.dice.roll(input.len() + 1), self.dice.roll(input.len() + 1));
        let (from, to) = (one.min(other), one.max(other));
        match self.dice.roll(10) {
            0 | 1 if !input.is_empty() => flip(input, one, self.dice.roll(8)),
            2 => input.truncate(one),
            3 => drop(input.drain(from..to.min(from + 64))),
            4 => self.insert_token(input, one),
            5 => self.replace_number(input, one),
            6 => self.splice(input, from, to),
            7 => double(input, from, to),
            8 => self.double_member(input),
            _ => input.insert(one, self.dice.roll(256) as u8),
        }
    }

    fn insert_token(&mut self, input: &mut Vec<u8>, at: usize) {
        let token = TOKENS[self.dice.roll(TOKENS.len())];
        input.splice(at..at, token.iter().copied());
    }

    /// The number that stands at a place or after it becomes a token.
    fn replace_number(&mut self, input: &mut Vec<u8>, at: usize) {
        let Some(from) = input[at..].iter().position(u8::is_ascii_digit).map(|from| at + from) else { return };
        let digits = input[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let token = TOKENS[self.dice.roll(TOKENS.len())];
        input.splice(from..from + digits, token.iter().copied());
    }

    /// A part becomes a part of another seed.
    fn splice(&mut self, input: &mut Vec<u8>, from: usize, to: usize) {
        let other = self.seed().to_vec();
        let (one, two) = (self.dice.roll(other.len() + 1), self.dice.roll(other.len() + 1));
        input.splice(from..to, other[one.min(two)..one.max(two)].iter().copied());
    }

    /// What stands between two commas stands there twice: a member, an element, a pair.
    fn double_member(&mut self, input: &mut Vec<u8>) {
        let commas: Vec<usize> = (0..input.len()).filter(|at| input[*at] == b',').collect();
        if commas.len() > 1 {
            let at = self.dice.roll(commas.len() - 1);
            double(input, commas[at], commas[at + 1]);
        }
    }
}

fn double(input: &mut Vec<u8>, from: usize, to: usize) {
    if input.len() + to - from <= MOST_BYTES {
        let part = input[from..to].to_vec();
        input.splice(to..to, part);
    }
}

fn flip(input: &mut [u8], at: usize, bit: usize) {
    let last = input.len() - 1;
    input[at.min(last)] ^= 1 << bit;
}
