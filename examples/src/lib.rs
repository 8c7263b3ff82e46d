//! What the example servers share: their command line with their beginning and end, and the protocol of one of them.

#![forbid(unsafe_code)]

pub mod resp;
pub mod serve;
