//! The most bytes that a computation holds.
#![allow(unsafe_code)] // A global allocator cannot be written without.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Bytes allocated and not freed, and the most that there were.
    static BYTES: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

fn change(by: isize) {
    let (now, most) = BYTES.get();
    BYTES.set((now + by, most.max(now + by)));
}

/// The system's allocator, counting for each thread.
struct Counting;

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        change(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        change(-(layout.size() as isize));
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that `run` held at once, besides those there were.
pub(crate) fn peak(run: impl FnOnce()) -> isize {
    let (now, _) = BYTES.get();
    BYTES.set((now, now));
    run();
    BYTES.get().1 - now
}
