//! The crate's global allocator: the system's, except that very large blocks
//! are reserved without being committed.
//!
//! Decoders of the Kafka protocol size their arrays by a length from the wire
//! before the elements are read. `protocol::bounded` holds such a length against
//! the bytes that have arrived, but an element takes up to some hundred bytes of
//! memory and may take one on the wire: a frame of 100 MB can ask for more than
//! a machine has. With a plain allocator that request may fail, and a failed
//! allocation aborts the process. Here it is address space only, and as much of
//! it is touched as there are elements.
//!
//! The block's size decides which way it was made, so freeing needs no marker.
//! The public C API does not use this: what the application frees comes from
//! libc's `malloc` (see `capi::mem`).
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};

/// Blocks of this many bytes and more are reserved with `mmap`. Well above what
/// the library itself keeps in one piece.
const RESERVE_FROM: usize = 256 << 20;
const PAGE: usize = 4096;

pub struct Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn is_reserved(layout: &Layout) -> bool {
    layout.size() >= RESERVE_FROM && layout.align() <= PAGE
}

fn reserve(size: usize) -> *mut u8 {
    // SAFETY: an anonymous private mapping at an address of the kernel's choosing
    // aliases nothing.
    let p = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if p == libc::MAP_FAILED {
        std::ptr::null_mut()
    } else {
        p.cast()
    }
}

// SAFETY: every block comes from `System` or from `mmap`, chosen by the layout
// alone, and goes back the same way, since `dealloc` gets the same layout.
// Mappings are zeroed, page-aligned and at least as long as asked for.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        #[cfg(test)]
        measure::seen(layout.size());
        if is_reserved(&layout) {
            return reserve(layout.size());
        }
        // SAFETY: the caller's contract is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        if is_reserved(&layout) {
            // SAFETY: `reserve` made this block with the same size.
            unsafe { libc::munmap(ptr.cast(), layout.size()) };
            return;
        }
        // SAFETY: the caller's contract is handed on.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        #[cfg(test)]
        measure::seen(layout.size());
        if is_reserved(&layout) {
            return reserve(layout.size());
        }
        // SAFETY: the caller's contract is handed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        #[cfg(test)]
        measure::seen(new_size);
        // SAFETY: the caller guarantees that `new_size`, rounded up to the
        // alignment, does not overflow.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        if !is_reserved(&layout) && !is_reserved(&new_layout) {
            // SAFETY: the caller's contract is handed on.
            return unsafe { System.realloc(ptr, layout, new_size) };
        }
        // SAFETY: both layouts are valid; old and new block do not overlap, and
        // the shorter of both sizes is copied.
        unsafe {
            let new = self.alloc(new_layout);
            if !new.is_null() {
                std::ptr::copy_nonoverlapping(ptr, new, layout.size().min(new_size));
                self.dealloc(ptr, layout);
            }
            new
        }
    }
}

#[cfg(test)]
pub use measure::largest_block;

#[cfg(test)]
mod measure {
    use std::cell::Cell;

    thread_local! {
        static LARGEST: Cell<usize> = const { Cell::new(0) };
    }

    pub fn seen(size: usize) {
        LARGEST.set(LARGEST.get().max(size));
    }

    /// The size of the largest block that this thread allocates in `f`.
    pub fn largest_block(f: impl FnOnce()) -> usize {
        LARGEST.set(0);
        f();
        LARGEST.get()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_terabyte_is_only_address_space() {
        let v: Vec<u8> = Vec::with_capacity(1 << 40);
        assert_eq!(v.capacity(), 1 << 40);
    }

    #[test]
    fn growth_across_the_boundary_keeps_the_contents() {
        let mut v: Vec<u8> = vec![7; 1024];
        v.reserve_exact(super::RESERVE_FROM);
        v.extend_from_slice(&[8; 16]);
        assert!(v[..1024].iter().all(|b| *b == 7));
        v.shrink_to_fit();
        assert_eq!(&v[1024..], &[8; 16]);
    }
}
