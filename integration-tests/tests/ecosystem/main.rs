//! What others wrote, on top of ours: `conn::Stream` under adapters, protocols and programs that know nothing of it.
//!
//! | module | what runs on the stream |
//! | --- | --- |
//! | `halves` | tasks that share a connection through its halves |

#![forbid(unsafe_code)]

mod halves;
