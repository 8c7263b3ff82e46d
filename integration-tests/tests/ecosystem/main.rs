//! What others wrote, on top of ours: `conn::Stream` under adapters, protocols and programs that know nothing of it.
//!
//! | module | what runs on the stream |
//! | --- | --- |
//! | `halves` | tasks that share a connection through its halves |
//! | `adapters` | `tokio_util`: `compat` with tokio's `copy_bidirectional`, `Framed` |

#![forbid(unsafe_code)]

mod adapters;
mod halves;

/// As many bytes, the same in every run.
fn noise(count: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(1);
    std::iter::repeat_with(|| random.u8(..)).take(count).collect()
}
