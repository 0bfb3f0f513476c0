//! Memory shared with a driver: one mapping of one plane of one buffer.

use std::ffi::c_void;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};

/// One mapped plane. Who may touch its bytes when is decided by [`super::buffers`]; this type only keeps the memory.
pub(super) struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping is plain memory that stays where it is until drop; access from several threads is ordered by the
// ownership protocol of super::buffers (atomics with acquire and release).
unsafe impl Send for Mapping {}
// SAFETY: as above: shared access only hands out what the protocol allows.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `length` bytes of the device at `offset`, as VIDIOC_QUERYBUF told.
    pub(super) fn of_device(device: BorrowedFd<'_>, offset: u32, length: u32) -> io::Result<Self> {
        let length = length as usize;
        let offset = libc_offset(offset)?;
        // SAFETY: a new shared mapping at an address of the kernel's choice, so nothing of ours is replaced; the
        // descriptor is open (borrowed), offset and length are the driver's own answer, and errors are checked.
        let start = unsafe {
            v4l::v4l2::mmap(std::ptr::null_mut(), length, PROT_READ, MAP_SHARED, device.as_raw_fd(), offset)
        }?;
        Self::new(start, length)
    }

    /// Maps `length` bytes of ordinary memory, for a camera in software.
    pub(super) fn anonymous(length: usize) -> io::Result<Self> {
        // SAFETY: a new private mapping at an address of the kernel's choice.
        let start = unsafe {
            mmap_anonymous(std::ptr::null_mut(), length, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
        }?;
        Self::new(start, length)
    }

    fn new(start: *mut c_void, length: usize) -> io::Result<Self> {
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("mmap answered a null address"))?;
        Ok(Mapping { start, length })
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// The bytes `range`, cut to the mapping.
    ///
    /// # Safety
    /// Nobody, the driver included, writes to the plane while the slice lives.
    pub(super) unsafe fn bytes(&self, offset: usize, length: usize) -> &[u8] {
        let offset = offset.min(self.length);
        let length = length.min(self.length - offset);
        // SAFETY: offset and length were cut to the mapping, which lives as long as self; the caller rules out writers.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().add(offset), length) }
    }

    /// All bytes, to be written.
    ///
    /// # Safety
    /// The mapping is anonymous, and nobody else reads or writes it while the slice lives.
    #[allow(clippy::mut_from_ref, reason = "exclusive by the ownership protocol, as the caller promises")]
    pub(super) unsafe fn bytes_mut(&self) -> &mut [u8] {
        // SAFETY: an anonymous mapping is readable, writable and `length` long; the caller promises that it is one, and to be
        // alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: start and length are those of a mapping that only self owns, and no slice of it outlives self.
        if let Err(error) = unsafe { v4l::v4l2::munmap(self.start.as_ptr().cast(), self.length) } {
            log::warn!("cannot unmap a buffer of {} bytes: {error}", self.length);
        }
    }
}

/// Capture buffers are the driver's to write.
const PROT_READ: i32 = ProtFlags::READ.bits() as i32;
const MAP_SHARED: i32 = MapFlags::SHARED.bits() as i32;

/// `off_t`, which is 32 bits wide on 32-bit ARM with glibc's default.
fn libc_offset<T: TryFrom<u32>>(offset: u32) -> io::Result<T> {
    T::try_from(offset).map_err(|_| io::Error::other(format!("buffer offset {offset:#x} does not fit off_t")))
}
