//! libjpeg-turbo, where the system has it, through its TurboJPEG API. All `unsafe` code of the encoder is in this module.
//!
//! The library is opened when the first encoder is made, so one program uses it wherever it is installed and runs
//! where it is not; with the feature `link-turbojpeg` it is linked, for distributions that want to see the dependency. The
//! functions used are in libturbojpeg.so.0 since libjpeg-turbo 1.4 (`tjGetErrorStr2`: 2.0), and still in 3.x.

use std::ffi::{CStr, c_char, c_int, c_uchar, c_ulong, c_void};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::OnceLock;

use super::EncodeError;
use super::stripes::{self, LINES, Planes, Reader};
use crate::format::Size;

/// Formats as `turbojpeg.h` counts them.
const TJSAMP_420: c_int = 2;
const TJSAMP_GRAY: c_int = 3;
/// The slower transform; by itself the library takes it from quality 96 on.
const TJFLAG_ACCURATEDCT: c_int = 4096;
/// From this quality on, the faster one's errors are what is left to see.
const ACCURATE: u8 = 90;

type Handle = *mut c_void;

/// The library's functions.
#[derive(Clone, Copy, Debug)]
struct Library {
    init_compress: unsafe extern "C" fn() -> Handle,
    destroy: unsafe extern "C" fn(Handle) -> c_int,
    error: unsafe extern "C" fn(Handle) -> *mut c_char,
    free: unsafe extern "C" fn(*mut c_uchar),
    compress: CompressFromYuvPlanes,
}

type CompressFromYuvPlanes = unsafe extern "C" fn(
    Handle,
    planes: *const *const c_uchar,
    width: c_int,
    strides: *const c_int,
    height: c_int,
    subsampling: c_int,
    buffer: *mut *mut c_uchar,
    size: *mut c_ulong,
    quality: c_int,
    flags: c_int,
) -> c_int;

#[cfg(feature = "link-turbojpeg")]
impl Library {
    fn open() -> Option<Self> {
        #[link(name = "turbojpeg")]
        unsafe extern "C" {
            fn tjInitCompress() -> Handle;
            fn tjDestroy(handle: Handle) -> c_int;
            fn tjGetErrorStr2(handle: Handle) -> *mut c_char;
            fn tjFree(buffer: *mut c_uchar);
            fn tjCompressFromYUVPlanes(
                handle: Handle,
                planes: *const *const c_uchar,
                width: c_int,
                strides: *const c_int,
                height: c_int,
                subsampling: c_int,
                buffer: *mut *mut c_uchar,
                size: *mut c_ulong,
                quality: c_int,
                flags: c_int,
            ) -> c_int;
        }
        Some(Library {
            init_compress: tjInitCompress,
            destroy: tjDestroy,
            error: tjGetErrorStr2,
            free: tjFree,
            compress: tjCompressFromYUVPlanes,
        })
    }
}

#[cfg(not(feature = "link-turbojpeg"))]
impl Library {
    /// `None` where the system does not have the library, or only part of what is needed of it.
    fn open() -> Option<Self> {
        // SAFETY: the name is a C string. What the library does when it is loaded is to be trusted as much as the system's loader
        // and its directories, which are where it comes from.
        let library = unsafe { libc::dlopen(c"libturbojpeg.so.0".as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        let library = NonNull::new(library)?;
        let symbol = |name: &CStr| {
            // SAFETY: the library is open and is never closed; the name is a C string.
            NonNull::new(unsafe { libc::dlsym(library.as_ptr(), name.as_ptr()) })
        };
        // SAFETY: these are the types of the functions of these names in turbojpeg.h, for as long as the library is called
        // libturbojpeg.so.0. A function's address is as large as a pointer.
        unsafe {
            use std::mem::transmute;
            Some(Library {
                init_compress: transmute::<NonNull<c_void>, unsafe extern "C" fn() -> Handle>(symbol(
                    c"tjInitCompress",
                )?),
                destroy: transmute::<NonNull<c_void>, unsafe extern "C" fn(Handle) -> c_int>(symbol(c"tjDestroy")?),
                error: transmute::<NonNull<c_void>, unsafe extern "C" fn(Handle) -> *mut c_char>(symbol(
                    c"tjGetErrorStr2",
                )?),
                free: transmute::<NonNull<c_void>, unsafe extern "C" fn(*mut c_uchar)>(symbol(c"tjFree")?),
                compress: transmute::<NonNull<c_void>, CompressFromYuvPlanes>(symbol(c"tjCompressFromYUVPlanes")?),
            })
        }
    }
}

/// One compressor of the library's, and the planes it reads.
#[derive(Debug)]
pub(super) struct Turbo {
    library: Library,
    handle: NonNull<c_void>,
    y: Vec<u8>,
    cb: Vec<u8>,
    cr: Vec<u8>,
    /// The last picture, in memory of the library's, which it takes for the next one and makes larger when it has to. What a
    /// picture can need at most is twenty times as much.
    picture: *mut c_uchar,
    bytes: c_ulong,
}

// SAFETY: the handle is used by its owner only, and the library keeps nothing in the thread that made it.
unsafe impl Send for Turbo {}

impl Turbo {
    /// `None` where the library is not.
    pub(super) fn new() -> Option<Self> {
        static LIBRARY: OnceLock<Option<Library>> = OnceLock::new();
        let library = (*LIBRARY.get_or_init(Library::open))?;
        // SAFETY: it takes nothing, and answers a handle or null.
        let handle = NonNull::new(unsafe { (library.init_compress)() })?;
        Some(Turbo {
            library,
            handle,
            y: Vec::new(),
            cb: Vec::new(),
            cr: Vec::new(),
            picture: ptr::null_mut(),
            bytes: 0,
        })
    }

    /// Encodes a [checked](Reader::check) frame in place of what `out` held.
    pub(super) fn encode(
        &mut self,
        reader: &mut Reader,
        size: Size,
        planes: &[&[u8]; 3],
        quality: u8,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        self.read(reader, size, planes);
        let stride = stripes::stride(size.width as usize);
        let subsampling = if reader.is_grey() { TJSAMP_GRAY } else { TJSAMP_420 };
        let [width, height] = [size.width, size.height].map(|length| length as c_int);
        out.clear();
        let sources = [self.y.as_ptr(), self.cb.as_ptr(), self.cr.as_ptr()];
        let strides = [stride, stride / 2, stride / 2].map(|stride| stride as c_int);
        // SAFETY: the planes have `stride` times as many bytes as there are lines, rounded up to whole stripes; grey has no others
        // and none are read. `picture` and `bytes` are as the library left them, so that it knows its memory; at first null and
        // 0, at which it allocates some. All outlive the call.
        let failed = unsafe {
            (self.library.compress)(
                self.handle.as_ptr(),
                sources.as_ptr(),
                width,
                strides.as_ptr(),
                height,
                subsampling,
                ptr::from_mut(&mut self.picture),
                ptr::from_mut(&mut self.bytes),
                c_int::from(quality),
                if quality >= ACCURATE { TJFLAG_ACCURATEDCT } else { 0 },
            )
        };
        let bytes = usize::try_from(self.bytes).unwrap_or_default();
        if failed != 0 || self.picture.is_null() {
            // Whose it is after a failure depends on the version: better lost than used once more.
            self.picture = ptr::null_mut();
            return Err(EncodeError::Library(self.error()));
        }
        // SAFETY: the library wrote so many bytes there.
        out.extend_from_slice(unsafe { slice::from_raw_parts(self.picture, bytes) });
        Ok(())
    }

    fn error(&self) -> String {
        // SAFETY: the handle is valid; the answer is a C string that lasts until the next call, or null.
        let text = unsafe {
            let text = (self.library.error)(self.handle.as_ptr());
            (!text.is_null()).then(|| CStr::from_ptr(text))
        };
        text.unwrap_or(c"unknown error").to_string_lossy().into_owned()
    }

    /// Fills the planes.
    fn read(&mut self, reader: &mut Reader, size: Size, planes: &[&[u8]; 3]) {
        let stride = stripes::stride(size.width as usize);
        let stripe = stride * LINES;
        let luma = stride * (size.height as usize).next_multiple_of(LINES);
        let chroma = if reader.is_grey() { 0 } else { luma / 4 };
        for (plane, length) in [(&mut self.y, luma), (&mut self.cb, chroma), (&mut self.cr, chroma)] {
            plane.resize(length, 0);
        }
        let mut cb = self.cb.chunks_exact_mut(stripe / 4);
        let mut cr = self.cr.chunks_exact_mut(stripe / 4);
        for (index, y) in self.y.chunks_exact_mut(stripe).enumerate() {
            let (cb, cr) = (cb.next().unwrap_or_default(), cr.next().unwrap_or_default());
            reader.stripe(planes, index * LINES, &mut Planes { y, cb, cr });
            if !reader.is_full_range() {
                // While they are in the cache.
                y.iter_mut().for_each(full_range_luma);
                cb.iter_mut().chain(cr).for_each(full_range_chroma);
            }
        }
    }
}

impl Drop for Turbo {
    fn drop(&mut self) {
        // SAFETY: the handle is valid, and nobody else has it; the picture is of the library's memory, or null.
        unsafe {
            (self.library.destroy)(self.handle.as_ptr());
            (self.library.free)(self.picture);
        }
    }
}

/// 16 becomes 0 and 235 becomes 255; 16-bit arithmetic, of which a vector instruction does twice as much as of 32-bit.
#[inline(always)]
fn full_range_luma(sample: &mut u8) {
    *sample = ((u16::from(sample.saturating_sub(16)) * 149 + 64) >> 7).min(255) as u8;
}

/// 16 becomes 0 and 240 becomes 255, 128 stays.
#[inline(always)]
fn full_range_chroma(sample: &mut u8) {
    *sample = ((u16::from(*sample) * 146).saturating_sub(18 * 128 - 64) >> 7).min(255) as u8;
}
