//! The USB/IP messages that vhci_hcd and a device exchange once attached: one URB submitted, returned or unlinked each.
//!
//! Documentation/usb/usbip_protocol.rst in the kernel's tree; every field is big-endian. There is no isochronous
//! transfer here: the webcam streams over a bulk endpoint.

use std::io::{self, Read, Write};

const CMD_SUBMIT: u32 = 1;
const CMD_UNLINK: u32 = 2;
const RET_SUBMIT: u32 = 3;
const RET_UNLINK: u32 = 4;
const HEADER_LEN: usize = 48;
/// What a device may be asked to take or give in one URB: far above what uvcvideo asks (16 KiB).
const TRANSFER_MAX: usize = 1 << 20;

/// Statuses of a returned URB: negative Linux error numbers.
pub const OK: i32 = 0;
pub const EPIPE: i32 = -32;
pub const ECONNRESET: i32 = -104;

/// What the host asks of the device.
#[derive(Debug)]
pub enum Request {
    Submit(Urb),
    /// Take back the URB `victim` if it has not been returned.
    Unlink {
        seqnum: u32,
        victim: u32,
    },
}

/// A submitted URB: `data` is what the host sends, `length` what it sends or takes at most.
#[derive(Debug)]
pub struct Urb {
    pub seqnum: u32,
    pub endpoint: u32,
    pub inwards: bool,
    pub length: usize,
    pub setup: [u8; 8],
    pub data: Vec<u8>,
}

/// Reads one whole request; `UnexpectedEof` is the host gone.
pub fn read_request(host: &mut impl Read) -> io::Result<Request> {
    let mut header = [0; HEADER_LEN];
    host.read_exact(&mut header)?;
    let word = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let seqnum = word(4);
    match word(0) {
        CMD_SUBMIT => {
            let inwards = word(12) == 1;
            let length = word(24) as usize;
            if length > TRANSFER_MAX {
                return Err(io::Error::other(format!("URB {seqnum} of {length} bytes")));
            }
            let mut data = vec![0; if inwards { 0 } else { length }];
            host.read_exact(&mut data)?;
            let mut setup = [0; 8];
            setup.copy_from_slice(&header[40..48]);
            Ok(Request::Submit(Urb { seqnum, endpoint: word(16), inwards, length, setup, data }))
        }
        CMD_UNLINK => Ok(Request::Unlink { seqnum, victim: word(20) }),
        other => Err(io::Error::other(format!("USB/IP command {other:#x}"))),
    }
}

/// Returns a URB that carried data to the host: `data` may be shorter than asked for, down to nothing (a zero-length packet).
pub fn return_in(host: &mut impl Write, seqnum: u32, status: i32, data: &[u8]) -> io::Result<()> {
    let mut message = header(RET_SUBMIT, seqnum, status, data.len());
    message.extend_from_slice(data);
    host.write_all(&message)
}

/// Returns a URB that carried `taken` bytes to the device.
pub fn return_out(host: &mut impl Write, seqnum: u32, status: i32, taken: usize) -> io::Result<()> {
    host.write_all(&header(RET_SUBMIT, seqnum, status, taken))
}

/// Answers an unlink: ECONNRESET if the URB was taken back, OK if it had been returned before.
pub fn return_unlink(host: &mut impl Write, seqnum: u32, status: i32) -> io::Result<()> {
    host.write_all(&header(RET_UNLINK, seqnum, status, 0))
}

fn header(command: u32, seqnum: u32, status: i32, actual_length: usize) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER_LEN + actual_length);
    // devid, direction and endpoint are the request's business: in a reply they are 0.
    for word in [command, seqnum, 0, 0, 0, status as u32, actual_length as u32] {
        message.extend_from_slice(&word.to_be_bytes());
    }
    message.resize(HEADER_LEN, 0);
    message
}
