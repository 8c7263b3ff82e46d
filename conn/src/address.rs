//! What an address says, before anybody is asked what its names mean.
//!
//! ```text
//!   [fe80::1%eth0]:http           split_host_port        the brackets keep the host's colons apart from the port's
//!    └────┬─────┘  └┬─┘
//!        host       service       parse_port             80, or a name to be looked up
//!    └─┬───┘ └┬─┘
//!      ip    zone                 Literal::parse         an IP address, or a name to be looked up
//! ```
//!
//! Go: `net.SplitHostPort`, `net.JoinHostPort`, `net.parsePort`, `netip.ParseAddr`

mod host_port;
mod literal;
mod port;

pub use host_port::{join_host_port, split_host_port};
pub(crate) use literal::Literal;
pub(crate) use port::parse_port;
