//! Who owns which buffer: the driver, or those who hold a lease on it.
//!
//! A buffer goes round: *queued* (the driver's) → dequeued, which makes the first [`Lease`] → the last clone of the lease
//! is dropped → queued again. Nothing is copied and nothing is allocated on the way. Dropping a lease is safe from any
//! thread and at any time, after the stream ended too: the memory stays mapped until the last lease of the pool is gone.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};

use super::ioctl::{self, BufferType};
use super::mapping::Mapping;
use crate::format::Format;

/// `VIDEO_MAX_FRAME`: the most buffers of one stream.
pub(crate) const MAX_BUFFERS: u32 = 32;
/// `VIDEO_MAX_PLANES`: the most planes of one buffer.
pub(crate) const MAX_PLANES: usize = 8;

/// The buffers of one stream on.
pub(crate) struct Pool {
    format: Arc<Format>,
    /// Bytes of a whole frame in each plane, where the format says them: asked for with each frame.
    complete: Box<[u32]>,
    slots: Box<[Slot]>,
    /// Bit i is set while the driver owns buffer i.
    queued: AtomicU32,
    /// Bit i is set while buffer i is nobody's: it came back, and the driver did not take it.
    refused: AtomicU32,
    /// The errno of the last refusal.
    errno: AtomicI32,
    streaming: AtomicBool,
    driver: Driver,
}

struct Slot {
    leases: AtomicU32,
    planes: Box<[Mapping]>,
}

enum Driver {
    /// The kernel's: queueing is VIDIOC_QBUF on this descriptor, which lives as long as the last lease.
    Kernel { device: Arc<OwnedFd>, buffer_type: BufferType },
    /// A camera in software fills buffers by [`Pool::produce`].
    Software,
    /// As the kernel's; queueing fails with the errno here, unless it is 0.
    #[cfg(test)]
    Refusing(AtomicI32),
}

impl Pool {
    /// Maps `count` buffers that VIDIOC_REQBUFS granted. None is queued yet.
    pub(crate) fn of_device(
        device: Arc<OwnedFd>,
        buffer_type: BufferType,
        count: u32,
        format: Arc<Format>,
    ) -> io::Result<Arc<Self>> {
        let slots = (0..count)
            .map(|index| {
                let planes = ioctl::query_buffer(device.as_fd(), buffer_type, index)?;
                let planes = planes.iter().map(|plane| Mapping::of_device(device.as_fd(), plane.offset, plane.length));
                Ok(Slot { leases: AtomicU32::new(0), planes: planes.collect::<io::Result<_>>()? })
            })
            .collect::<io::Result<_>>()?;
        Ok(Arc::new(Pool::new(format, slots, Driver::Kernel { device, buffer_type })))
    }

    /// Makes `count` buffers of ordinary memory, each of the format's `sizeimage`, all of them queued.
    pub(crate) fn in_software(count: u32, format: Arc<Format>) -> io::Result<Arc<Self>> {
        let slots = (0..count)
            .map(|_| {
                let planes = format.planes.iter().map(|plane| Mapping::anonymous(plane.sizeimage as usize));
                Ok(Slot { leases: AtomicU32::new(0), planes: planes.collect::<io::Result<_>>()? })
            })
            .collect::<io::Result<Box<[Slot]>>>()?;
        let pool = Pool::new(format, slots, Driver::Software);
        pool.queued.store(u32::MAX.checked_shr(MAX_BUFFERS - pool.len()).unwrap_or(0), Ordering::Release);
        Ok(Arc::new(pool))
    }

    fn new(format: Arc<Format>, slots: Box<[Slot]>, driver: Driver) -> Self {
        let complete = (0..format.planes.len()).map(|plane| format.complete(plane)).collect();
        Pool {
            format,
            complete,
            slots,
            queued: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            errno: AtomicI32::new(0),
            streaming: AtomicBool::new(true),
            driver,
        }
    }

    /// How many buffers there are.
    pub(crate) fn len(&self) -> u32 {
        self.slots.len() as u32
    }

    /// How many buffers the driver owns.
    pub(crate) fn queue_depth(&self) -> u32 {
        self.queued.load(Ordering::Acquire).count_ones()
    }

    /// Gives every buffer to the driver, before stream on.
    pub(crate) fn queue_all(&self) -> io::Result<()> {
        (0..self.len()).try_for_each(|index| self.queue(index))
    }

    fn queue(&self, index: u32) -> io::Result<()> {
        // The bit first: as soon as the driver has the buffer it can be filled and dequeued by the capture thread.
        self.queued.fetch_or(1 << index, Ordering::AcqRel);
        let result = match &self.driver {
            Driver::Kernel { device, buffer_type } => ioctl::queue_buffer(device.as_fd(), *buffer_type, index),
            Driver::Software => Ok(()),
            #[cfg(test)]
            Driver::Refusing(errno) => match errno.load(Ordering::Relaxed) {
                0 => Ok(()),
                errno => Err(io::Error::from_raw_os_error(errno)),
            },
        };
        if result.is_err() {
            self.queued.fetch_and(!(1 << index), Ordering::AcqRel);
        }
        result
    }

    /// The lease on a buffer that VIDIOC_DQBUF just handed out; `None` if the driver handed out one it did not own.
    pub(crate) fn dequeued(self: &Arc<Self>, index: u32) -> Option<Lease> {
        if index >= self.len() || self.queued.fetch_and(!(1 << index), Ordering::AcqRel) & (1 << index) == 0 {
            return None;
        }
        self.slots[index as usize].leases.store(1, Ordering::Release);
        Some(Lease { pool: Arc::clone(self), index })
    }

    /// As the driver of a software camera: fills the first plane of a queued buffer; `None` when none is queued, which
    /// is when a camera loses a frame.
    pub(crate) fn produce(self: &Arc<Self>, fill: impl FnOnce(&mut [u8])) -> Option<Lease> {
        if !matches!(self.driver, Driver::Software) {
            return None;
        }
        let index = self.queued.load(Ordering::Acquire).trailing_zeros();
        let lease = self.dequeued(index)?;
        // SAFETY: the buffer was queued, so nobody had a lease on it; `dequeued` cleared its bit, so no other call can
        // take it; and the only lease is in our hands and not lent yet.
        fill(unsafe { lease.pool.slots[index as usize].planes[0].bytes_mut() });
        Some(lease)
    }

    /// From now on returned buffers stay where they are: the queue they belong to is gone.
    pub(crate) fn stop(&self) {
        self.streaming.store(false, Ordering::Release);
    }

    /// Whether every buffer is back from those who held leases.
    pub(crate) fn all_returned(&self) -> bool {
        self.slots.iter().all(|slot| slot.leases.load(Ordering::Acquire) == 0)
    }

    fn returned(&self, index: u32) {
        if !self.streaming.load(Ordering::Acquire) {
            return;
        }
        if let Err(error) = self.queue(index) {
            self.errno.store(error.raw_os_error().unwrap_or(EIO), Ordering::Release);
            self.refused.fetch_or(1 << index, Ordering::AcqRel);
        }
    }

    /// Why the driver did not take a buffer back; `None`: it took all of them.
    pub(crate) fn refusal(&self) -> Option<io::Error> {
        let refused = self.refused.load(Ordering::Acquire) != 0;
        refused.then(|| io::Error::from_raw_os_error(self.errno.load(Ordering::Acquire)))
    }

    /// Gives the driver the buffers that it did not take when they came back. For the capture thread, before each wait: where
    /// there are none, it is one look at a number.
    pub(crate) fn queue_again(&self) {
        if self.refused.load(Ordering::Relaxed) == 0 {
            return;
        }
        let refused = self.refused.swap(0, Ordering::AcqRel);
        (0..self.len()).filter(|index| refused & (1 << index) != 0).for_each(|index| self.returned(index));
    }
}

const EIO: i32 = rustix::io::Errno::IO.raw_os_error();

/// Shared read access to one dequeued buffer. Clone it to share; when the last clone is dropped, the buffer goes back
/// to the driver.
pub(crate) struct Lease {
    pool: Arc<Pool>,
    index: u32,
}

impl Lease {
    /// The format of the buffer's stream.
    pub(crate) fn format(&self) -> &Arc<Format> {
        &self.pool.format
    }

    /// The fewest bytes that a whole frame has in a plane: [`Format::complete`].
    pub(crate) fn complete(&self, plane: usize) -> u32 {
        self.pool.complete.get(plane).copied().unwrap_or_default()
    }

    /// The index of the buffer in its stream.
    pub(crate) fn index(&self) -> u32 {
        self.index
    }

    /// `length` bytes from `offset` of a plane, cut to what is mapped.
    pub(crate) fn plane(&self, plane: usize, offset: u32, length: u32) -> &[u8] {
        match self.pool.slots[self.index as usize].planes.get(plane) {
            // SAFETY: while a lease exists its buffer is not queued, so the driver does not write to it, and `produce`
            // cannot take it; all others only read. The mapping lives in the pool, which self keeps alive.
            Some(mapping) => unsafe { mapping.bytes(offset as usize, length as usize) },
            None => &[],
        }
    }

    /// The length of a plane's mapping in bytes.
    pub(crate) fn plane_len(&self, plane: usize) -> usize {
        self.pool.slots[self.index as usize].planes.get(plane).map_or(0, Mapping::len)
    }
}

impl Clone for Lease {
    fn clone(&self) -> Self {
        // Relaxed is enough to add one (as in Arc): the clone is made from a lease that keeps the count above zero.
        self.pool.slots[self.index as usize].leases.fetch_add(1, Ordering::Relaxed);
        Lease { pool: Arc::clone(&self.pool), index: self.index }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // AcqRel: every holder's reads are over before the driver gets the buffer back.
        if self.pool.slots[self.index as usize].leases.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.pool.returned(self.index);
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;
    use crate::format::{FourCC, PlaneFormat, Size};

    #[test]
    fn a_buffer_that_is_not_taken_back_is_given_back_later() {
        let size = Size { width: 16, height: 16 };
        let planes = vec![PlaneFormat { bytesperline: 16, sizeimage: 256 }];
        let format = Arc::new(Format::new(FourCC::GREY, size, planes));
        let slots = (0..3).map(|_| Slot { leases: AtomicU32::new(0), planes: Box::default() }).collect();
        let pool = Arc::new(Pool::new(format, slots, Driver::Refusing(AtomicI32::new(0))));
        pool.queue_all().unwrap();
        let Driver::Refusing(errno) = &pool.driver else { unreachable!() };
        let lent = [0, 1, 2].map(|index| pool.dequeued(index).unwrap());
        errno.store(Errno::INVAL.raw_os_error(), Ordering::Relaxed);
        drop(lent);
        assert_eq!((pool.queue_depth(), pool.refusal().and_then(|e| e.raw_os_error())), (0, Some(22)));
        assert!(pool.all_returned());

        errno.store(Errno::NOMEM.raw_os_error(), Ordering::Relaxed);
        pool.queue_again();
        assert_eq!((pool.queue_depth(), pool.refusal().and_then(|e| e.raw_os_error())), (0, Some(12)));

        errno.store(0, Ordering::Relaxed);
        pool.queue_again();
        assert_eq!((pool.queue_depth(), pool.refusal().is_none()), (3, true));
        assert!(pool.dequeued(1).is_some(), "the driver may hand it out");
    }
}
