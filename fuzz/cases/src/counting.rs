//! How much memory a piece of work takes: exact, and the same in every run. A test program that measures names
//! [`Counting`] as its global allocator. Each thread counts for itself. What C code allocates is not seen.

#![allow(unsafe_code, reason = "an allocator is unsafe to write; this one hands every call to the system's")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, counting.
pub struct Counting;

/// What a piece of work took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// The most bytes at a time, beside those that were there before.
    pub most_bytes: usize,
    /// All bytes that were ever asked for.
    pub all_bytes: usize,
}

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
    static ALL: Cell<usize> = const { Cell::new(0) };
}

/// Does a piece of work on this thread.
pub fn measure(work: impl FnOnce()) -> Memory {
    let before = NOW.get();
    MOST.set(before);
    ALL.set(0);
    work();
    Memory { most_bytes: (MOST.get() - before).unsigned_abs(), all_bytes: ALL.get() }
}

/// A thread that ends may free what it no longer counts.
fn took(bytes: usize) {
    let _ = NOW.try_with(|now| {
        now.set(now.get() + bytes as isize);
        MOST.set(MOST.get().max(now.get()));
        ALL.set(ALL.get() + bytes);
    });
}

fn gave(bytes: usize) {
    let _ = NOW.try_with(|now| now.set(now.get() - bytes as isize));
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: the caller keeps what `alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        gave(layout.size());
        // SAFETY: the caller keeps what `dealloc` asks for.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both may be there at a time.
        took(size);
        gave(layout.size());
        // SAFETY: the caller keeps what `realloc` asks for.
        unsafe { System.realloc(at, layout, size) }
    }
}
