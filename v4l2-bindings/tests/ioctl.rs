//! The kernel knows a record's size from the ioctl's number, where it stands in
//! bits 16 to 29. The numbers here are those of a C program (gcc, Linux 6.1
//! headers), which `strace -X raw` shows too: they come from neither bindgen
//! nor Rust, so they would show a mistake that both share.

use v4l2_sys_mit::*;

/// `number` on x86_64 and aarch64, `on_arm` on 32-bit arm with a 32-bit `time_t`.
macro_rules! ioctls {
    ($($name:ident: $record:ident, $number:literal, $on_arm:literal;)*) => {
        $(#[test]
        #[allow(non_snake_case)]
        fn $name() {
            let number: u32 = if cfg!(target_arch = "arm") { $on_arm } else { $number };
            let size = (number >> 16 & 0x3fff) as usize;
            assert_eq!(size_of::<$record>(), size, stringify!($record));
        })*
    };
}

ioctls! {
    VIDIOC_QUERYCAP: v4l2_capability, 0x80685600, 0x80685600;
    VIDIOC_ENUM_FMT: v4l2_fmtdesc, 0xc0405602, 0xc0405602;
    VIDIOC_S_FMT: v4l2_format, 0xc0d05605, 0xc0cc5605;
    VIDIOC_REQBUFS: v4l2_requestbuffers, 0xc0145608, 0xc0145608;
    VIDIOC_QUERYBUF: v4l2_buffer, 0xc0585609, 0xc0445609;
    VIDIOC_EXPBUF: v4l2_exportbuffer, 0xc0405610, 0xc0405610;
    VIDIOC_S_PARM: v4l2_streamparm, 0xc0cc5616, 0xc0cc5616;
    VIDIOC_ENUMINPUT: v4l2_input, 0xc050561a, 0xc050561a;
    VIDIOC_QUERYMENU: v4l2_querymenu, 0xc02c5625, 0xc02c5625;
    VIDIOC_S_EXT_CTRLS: v4l2_ext_controls, 0xc0205648, 0xc0185648;
    VIDIOC_ENUM_FRAMESIZES: v4l2_frmsizeenum, 0xc02c564a, 0xc02c564a;
    VIDIOC_ENUM_FRAMEINTERVALS: v4l2_frmivalenum, 0xc034564b, 0xc034564b;
    VIDIOC_S_DV_TIMINGS: v4l2_dv_timings, 0xc0845657, 0xc0845657;
    VIDIOC_DQEVENT: v4l2_event, 0x80885659, 0x80805659;
    VIDIOC_SUBSCRIBE_EVENT: v4l2_event_subscription, 0x4020565a, 0x4020565a;
    VIDIOC_CREATE_BUFS: v4l2_create_buffers, 0xc100565c, 0xc0f8565c;
    VIDIOC_QUERY_EXT_CTRL: v4l2_query_ext_ctrl, 0xc0e85667, 0xc0e85667;
}
