//! Memory that begins at a cache line.

/// Numbers whose first lies at the beginning of a cache line.
#[derive(Clone, Debug)]
pub(crate) struct Buffer<T> {
    data: Vec<T>,
    start: usize,
    len: usize,
}

const LINE: usize = 64;

impl<T: Copy> Buffer<T> {
    /// `len` copies of `zero`.
    pub(crate) fn new(len: usize, zero: T) -> Buffer<T> {
        let data = vec![zero; len + LINE / size_of::<T>()];
        let start = data.as_ptr().align_offset(LINE).min(LINE / size_of::<T>());
        Buffer { data, start, len }
    }

    /// Makes room for `len` numbers; what was there stays.
    pub(crate) fn grow(&mut self, len: usize, zero: T) {
        if len > self.len {
            let mut larger = Buffer::new(len, zero);
            larger.as_mut_slice()[..self.len].copy_from_slice(self.as_slice());
            *self = larger;
        }
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[T] {
        // SAFETY: `new` made room for `len` numbers behind any start within a line.
        unsafe { self.data.get_unchecked(self.start..self.start + self.len) }
    }

    #[inline]
    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: as above.
        unsafe {
            self.data
                .get_unchecked_mut(self.start..self.start + self.len)
        }
    }
}
