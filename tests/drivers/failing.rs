//! A program for which some requests of V4L2 always fail: by a seccomp filter, so that any driver seems to refuse them
//! with any error.
#![allow(unsafe_code)] // a system call in the child before exec

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Requests of V4L2 by their numbers in `_IO('V', number)`, which no other request of a driver shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Request {
    Reqbufs = 8,
    GParm = 21,
    SParm = 22,
    SStd = 24,
    Enuminput = 26,
    SInput = 39,
    SExtCtrls = 72,
    QueryExtCtrl = 103,
}

/// Makes each of `requests` fail with `errno` in the program that `command` starts.
pub fn with_failing<'a>(command: &'a mut Command, requests: &[Request], errno: i32) -> &'a mut Command {
    let filter = filter(requests, errno);
    let install = move || {
        let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
        // SAFETY: prctl() takes a pointer to a sock_fprog, which points to `len` instructions; both are alive over the call.
        let result = unsafe {
            match libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) {
                0 => libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program),
                failed => failed,
            }
        };
        if result == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    };
    // SAFETY: between fork and exec it makes two system calls, and allocates nothing.
    unsafe { command.pre_exec(install) }
}

/// ioctl() with one of these requests, whatever its direction and size: `errno`. All else: as ever.
fn filter(requests: &[Request], errno: i32) -> Vec<libc::sock_filter> {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const EQUALS: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    // struct seccomp_data: the number of the system call, and the lower half of its second argument on a little-endian machine.
    const SYSCALL: u32 = 0;
    const REQUEST: u32 = 24;
    let step = |code, k, jt, jf| libc::sock_filter { code, jt, jf, k };
    let listed = requests.len() as u8;
    let mut filter = vec![
        step(LOAD, SYSCALL, 0, 0),
        step(EQUALS, libc::SYS_ioctl as u32, 0, listed + 2),
        step(LOAD, REQUEST, 0, 0),
        step(AND, 0xffff, 0, 0),
    ];
    for (left, request) in (0..listed).rev().zip(requests) {
        filter.push(step(EQUALS, u32::from(b'V') << 8 | *request as u32, left + 1, 0));
    }
    filter.push(step(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0));
    filter.push(step(RETURN, libc::SECCOMP_RET_ERRNO | errno as u32, 0, 0));
    filter
}
