//! Whatever text and numbers the public functions are given: an answer or an error, never a panic.

use std::time::Duration;

use bytes::Buf;
use conn::{Buffers, Dialer, Error, Network, UnixAddr};
use futures::executor::block_on;
use proptest::prelude::*;

const NETWORKS: [&str; 5] = ["tcp", "tcp4", "tcp6", "unix", "unixpacket"];

/// A port of loopback that refuses: it is bound, and nobody listens.
fn refusing() -> (socket2::Socket, String) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().expect("an address");
    socket.bind(&any.into()).expect("a port");
    let address = socket.local_addr().expect("bound").as_socket().expect("of the Internet").to_string();
    (socket, address)
}

proptest! {
    #[test]
    fn any_other_name_is_no_network(name: String) {
        let parsed = name.parse::<Network>();
        if NETWORKS.contains(&name.as_str()) {
            prop_assert_eq!(parsed.map(Network::as_str), Ok(&*name));
        } else {
            prop_assert_eq!(parsed.clone(), Err(Error::UnknownNetwork(name.as_str().into())));
            prop_assert_eq!(parsed.unwrap_err().to_string(), format!("unknown network {name}"));
            // The same from the door.
            let error = block_on(conn::dial(&name, "127.0.0.1:1")).unwrap_err();
            let shown = if name.is_empty() { String::new() } else { format!(" {name}") };
            prop_assert_eq!(error.to_string(), format!("dial{shown}: unknown network {name}"));
        }
    }

    #[test]
    fn any_text_is_the_name_of_a_unix_socket(name: String) {
        let addr = UnixAddr::from(name.as_str());
        match name.strip_prefix(['@', '\0']) {
            Some(rest) => prop_assert_eq!(addr.to_bytes(), format!("\0{rest}").into_bytes()),
            None => prop_assert_eq!(addr.to_bytes(), name.clone().into_bytes()),
        }
        // Nobody listens there; a name that the kernel does not take is its error.
        if !name.is_empty() {
            let name = format!("@no such name, {name}");
            let error = block_on(conn::dial("unix", &name)).unwrap_err();
            let refused = "connection refused";
            prop_assert!(error.to_string().ends_with(refused) || name.len() > 108, "{}", error);
        }
    }

    #[test]
    fn any_duration_is_a_time_out_and_a_delay(seconds: u64, nanos in 0_u32..1_000_000_000, shift in 0_u32..64) {
        let time = Duration::new(seconds >> shift, nanos);
        let (_held, address) = refusing();
        let dialer = Dialer::new().timeout(time).fallback_delay(Some(time));
        let error = block_on(dialer.dial("tcp", &address)).unwrap_err();
        let refused = error.raw_os_error() == Some(libc::ECONNREFUSED);
        prop_assert!(refused || (error.is_timeout() && time < Duration::from_secs(60)), "{}", error);
    }

    #[test]
    fn buffers_are_their_pieces_one_behind_the_other(pieces: Vec<Vec<u8>>, steps: Vec<u8>) {
        let whole = pieces.concat();
        let mut buffers = Buffers::from_iter(pieces);
        let mut read = Vec::new();
        for step in steps {
            let step = usize::from(step).min(buffers.remaining());
            read.extend_from_slice(&buffers.copy_to_bytes(step));
        }
        prop_assert_eq!(buffers.remaining() + read.len(), whole.len());
        read.extend_from_slice(&buffers.copy_to_bytes(buffers.remaining()));
        prop_assert_eq!(read, whole);
        prop_assert!(!buffers.has_remaining());
    }
}
