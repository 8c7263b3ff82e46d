//! Dialling and listening: which addresses, until when, with which options, and what is left behind.
//!
//! | module | what it is about |
//! | --- | --- |
//! | `ends` | which addresses can be dialled, from where, and what refuses |
//! | `own_port` | a connection that the kernel makes to itself |
//!
//! An address that does not answer is a listener of loopback whose queue is full. No test says how long something may
//! take; nothing may be early.

#![forbid(unsafe_code)]

mod ends;
mod own_port;
