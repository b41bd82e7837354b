//! Memory and time, counted.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// A run may hold this many times its input …
const TIMES: usize = 20;
/// … and so much more. Bytes.
const ALLOWANCE: usize = 64 * 1024 * 1024;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, with a count beside it.
struct Meter;

#[global_allocator]
static METER: Meter = Meter;

// SAFETY: every call goes to the system's allocator as it came in; only numbers are kept beside it.
unsafe impl GlobalAlloc for Meter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller keeps the rules of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the rules of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        grow(size);
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the rules of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

fn grow(size: usize) {
    let held = HELD.fetch_add(size, Relaxed) + size;
    PEAK.fetch_max(held, Relaxed);
}

/// A run may keep the processor so long: on a machine that is busy with other things, the clock on the wall says nothing.
const SECONDS: u64 = 5;

/// How long this thread has had a processor (Linux: Documentation/scheduler/sched-stats.rst). Nanoseconds.
fn processor_time() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts a thread's time");
    text.split_whitespace().next().and_then(|first| first.parse().ok()).expect("the first number is the time")
}

/// Runs `work`.
///
/// # Panics
///
/// If it took longer than anybody waits.
pub fn timed<T>(work: impl FnOnce() -> T) -> T {
    let before = processor_time();
    let result = work();
    let took = processor_time() - before;
    assert!(took <= SECONDS * 1_000_000_000, "it took {took} ns of processor time");
    result
}

/// Runs `work` on an input of `size` bytes.
///
/// # Panics
///
/// If it held more memory at a time than the input allows, or took longer than anybody waits.
pub fn metered<T>(size: usize, work: impl FnOnce() -> T) -> T {
    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = timed(work);
    let held = PEAK.load(Relaxed).saturating_sub(before);
    assert!(held <= TIMES * size + ALLOWANCE, "{held} bytes of memory were held for an input of {size} bytes");
    result
}
