//! What goes over the wire. Each function appends to `out`.

use std::io::Write;

/// A short text of ours, such as `OK`.
pub fn simple(out: &mut Vec<u8>, text: &str) {
    line(out, b'+', text.as_bytes());
}

/// An error, which begins with its code, such as `ERR`.
pub fn error(out: &mut Vec<u8>, text: &[u8]) {
    line(out, b'-', text);
}

/// A number.
pub fn integer(out: &mut Vec<u8>, value: i64) {
    number(out, ':', value);
}

/// Any bytes.
pub fn bulk(out: &mut Vec<u8>, bytes: &[u8]) {
    bulk_length(out, bytes.len());
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// The beginning of a [`bulk`]: so many bytes follow, and a line end.
pub fn bulk_length(out: &mut Vec<u8>, length: usize) {
    number(out, '$', length);
}

/// Nothing, where there could have been bytes.
pub fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"$-1\r\n");
}

/// The beginning of an array: so many elements follow.
pub fn array(out: &mut Vec<u8>, length: usize) {
    number(out, '*', length);
}

/// A request, as a client sends it.
pub fn request(out: &mut Vec<u8>, arguments: &[impl AsRef<[u8]>]) {
    array(out, arguments.len());
    for argument in arguments {
        bulk(out, argument.as_ref());
    }
}

/// A line within the text would end it, so that what follows could be taken for a reply: a blank takes its place.
fn line(out: &mut Vec<u8>, kind: u8, text: &[u8]) {
    out.push(kind);
    out.extend(text.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }));
    out.extend_from_slice(b"\r\n");
}

fn number(out: &mut Vec<u8>, kind: char, value: impl std::fmt::Display) {
    write!(out, "{kind}{value}\r\n").expect("a vector takes every byte");
}
