//! Measures memory and processor time.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// A run may use this many times the size of its input …
const MAX_INPUT_MULTIPLE: usize = 20;
/// … plus this many bytes.
const ALLOWANCE: usize = 64 * 1024 * 1024;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator with a counter.
struct Meter;

#[global_allocator]
static METER: Meter = Meter;

// SAFETY: every call is forwarded unchanged to the system's allocator; the counter does not access the memory.
unsafe impl GlobalAlloc for Meter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller upholds the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller upholds the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        grow(size);
        IN_USE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller upholds the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

fn grow(size: usize) {
    let held = IN_USE.fetch_add(size, Relaxed) + size;
    PEAK.fetch_max(held, Relaxed);
}

/// The processor time that a run may take. On a busy machine, wall-clock time would be misleading.
const SECONDS: u64 = 5;

/// The processor time of this thread (Linux: Documentation/scheduler/sched-stats.rst). In nanoseconds.
fn processor_time() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts a thread's time");
    text.split_whitespace().next().and_then(|first| first.parse().ok()).expect("the first number is the time")
}

/// Runs `work`.
///
/// # Panics
///
/// If it takes more than [`SECONDS`] of processor time.
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
/// If it uses more memory than is allowed for the input's size, or more than [`SECONDS`] of processor time.
pub fn metered<T>(size: usize, work: impl FnOnce() -> T) -> T {
    let before = IN_USE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = timed(work);
    let held = PEAK.load(Relaxed).saturating_sub(before);
    assert!(
        held <= MAX_INPUT_MULTIPLE * size + ALLOWANCE,
        "{held} bytes of memory were held for an input of {size} bytes"
    );
    result
}
