//! A bounded run of every target: its seeds, so many changes of them, and inputs that grow. Nothing panics, memory is
//! bounded by what was read, and its sum grows no faster than that.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use trilha_fuzz::counting::{Counting, Memory, measure};
use trilha_fuzz::mutate::Mutator;
use trilha_fuzz::{Target, seeds, shapes, targets};

#[global_allocator]
static COUNTING: Counting = Counting;

const INPUTS: usize = 2_000;
const SIZE: usize = 64 * 1024;
/// Four times the input may take so many times the memory in sum.
const GROWTH: usize = 5;
/// What does not grow may be in the sum.
const FIXED_BYTES: usize = 64 * 1024;

fn measured(target: &Target, input: &[u8]) -> Memory {
    let memory = measure(|| (target.read)(input));
    let most = target.bytes_per_byte * input.len() + target.bytes_beside;
    let found = memory.most_bytes;
    assert!(found <= most, "{}: {found} bytes for {} bytes", target.name, input.len());
    memory
}

#[test]
fn changed_seeds_break_nothing_and_take_bounded_memory() {
    for target in targets() {
        let seeds = seeds::of(target.name);
        let mut mutator = Mutator::new(seeds.clone(), 2_026);
        let changed = std::iter::repeat_with(|| mutator.next_input()).take(INPUTS);
        for input in seeds.into_iter().chain(changed) {
            measured(&target, &input);
            (target.check)(&input);
        }
    }
}

#[test]
fn what_grows_costs_no_more_than_its_size() {
    for target in targets() {
        for (name, shape) in shapes::of(target.name) {
            let (small, large) = (measured(&target, &shape(SIZE)), measured(&target, &shape(4 * SIZE)));
            let most = GROWTH * small.all_bytes + FIXED_BYTES;
            assert!(large.all_bytes <= most, "{}, {name}: {small:?}, then {large:?}", target.name);
        }
    }
}
