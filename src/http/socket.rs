//! What the socket still has to send: the one question that neither std nor rustix has a function for.

use std::ffi::c_int;
use std::os::fd::AsFd;

use rustix::ioctl::{Getter, ioctl};

/// `SIOCOUTQNSD` of <linux/sockios.h>, the same on all architectures.
const SIOCOUTQNSD: u32 = 0x894b;

/// Bytes that were given to a TCP socket and not sent yet, as the receiver has no room for them or the network is slow; those that
/// are on their way do not count.
pub(super) fn unsent(socket: impl AsFd) -> usize {
    ask(socket).unwrap_or(0)
}

fn ask(socket: impl AsFd) -> rustix::io::Result<usize> {
    // SAFETY: SIOCOUTQNSD writes one int (tcp_ioctl in net/ipv4/tcp.c), for which Getter has the memory; the descriptor is
    // borrowed for the time of the call.
    #[allow(unsafe_code)]
    let unsent = unsafe { ioctl(socket, Getter::<SIOCOUTQNSD, c_int>::new()) };
    unsent.map(|bytes| usize::try_from(bytes).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use rustix::io::Errno;

    use super::*;

    #[test]
    fn what_a_reader_does_not_take_is_unsent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut writer, _) = listener.accept().unwrap();
        writer.set_nonblocking(true).unwrap();
        if let Err(error @ (Errno::NOTTY | Errno::NOSYS)) = ask(&writer) {
            eprintln!("emulated, without this request: {error}");
            return;
        }
        assert_eq!(ask(&writer), Ok(0));
        let mut written = 0;
        while let Ok(count) = writer.write(&[0; 65536]) {
            written += count;
        }
        let waiting = unsent(&writer);
        assert!(waiting > 0 && waiting < written, "{waiting} of {written}");
        writer.set_nonblocking(false).unwrap();
        reader.read_exact(&mut vec![0; written]).unwrap();
        crate::clock::until("nothing unsent", || (unsent(&writer) == 0).then_some(()));
    }
}
