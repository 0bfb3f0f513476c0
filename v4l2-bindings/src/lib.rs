//! The kernel's V4L2 interface (`linux/videodev2.h`) as bindgen writes it,
//! committed instead of generated at every build.
//!
//! This crate stands in for `v4l2-sys-mit` 0.3.0 from crates.io, which runs
//! bindgen in its build script and so wants libclang on every machine that
//! builds `v4l`. The names are the ones bindgen gives (`v4l2_buffer`,
//! `v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_CAPTURE`, `__bindgen_anon_1`).
//!
//! * `src/bindings.rs`: the declarations, one file for every target.
//! * `src/layout/`: size, alignment and offsets of every record on x86_64,
//!   aarch64 and 32-bit arm. A crate that compiles has kept to them.
//! * `regenerate`: writes both from a kernel's headers; `regenerate --check`
//!   tells whether what is committed is still what the headers say.
//!
//! Left out are the declarations of codec controls (`V4L2_CID_MPEG_*`, H.264,
//! HEVC, VP8, VP9 and so on): a camera has no use for them, and the kernel's
//! stable series still change them. The records that `v4l2_ext_control` points
//! to are there, opaque and of the right size. Left out too are the `VIDIOC_*`
//! numbers: they hold the size of a record, so they differ between targets, and
//! are to be computed from the records here, as `v4l` does.
//!
//! # Time on 32-bit arm
//!
//! [`v4l2_buffer`] holds a [`timeval`] and [`v4l2_event`] a [`timespec`], which
//! the kernel's header takes from the C library. Here both are made of
//! `c_long`, as in glibc unless it is told `_TIME_BITS=64`: 32 bits on 32-bit
//! arm, 64 bits elsewhere.
//!
//! That holds whatever the C library at hand thinks. The kernel reads the size
//! of the record out of the `VIDIOC_*` number and so knows which of its two
//! 32-bit layouts the caller means (`VIDIOC_DQBUF` or, inside the kernel,
//! `VIDIOC_DQBUF_TIME32`). Two rules follow: the number comes from `size_of` of
//! the record in this crate, and a timestamp is read as the `timeval` of this
//! crate, never as `libc::timeval`, whose width is libc's business. Nothing
//! ends in 2038 either: capture timestamps count from boot (`CLOCK_MONOTONIC`).
//!
//! 32-bit musl since 1.2 has a 64-bit `time_t`, so its headers declare other
//! records than these, and so do those of a glibc distribution that is built
//! with `_TIME_BITS=64`. The layout here is still one the kernel takes, for the
//! reason above (which is the kernel's source: 32-bit musl has not been tried).
//! All it asks is `CONFIG_COMPAT_32BIT_TIME`, the default of 32-bit kernels and of
//! 64-bit ones that run 32-bit programs; without it the buffer ioctls answer `ENOTTY`.

#![no_std]

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "arm")))]
compile_error!(
    "v4l2-sys-mit (v4l2-bindings/): no layout is recorded for this architecture; \
     add it to v4l2-bindings/regenerate and to src/layout.rs, and run regenerate"
);

#[allow(non_camel_case_types, non_snake_case, non_upper_case_globals)]
#[rustfmt::skip]
mod bindings;
mod layout;

pub use bindings::*;
