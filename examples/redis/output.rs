//! Replies on their way out: gathered, so that many go in one write, but never more than fits.

use conn::{Conn, OpError};
use examples::resp::encode;

use crate::reply::{Piece, Reply};

/// So much is gathered before it is written. Longer bytes are written from where they are.
const FULL: usize = 64 << 10;

pub(crate) struct Output<'a> {
    conn: &'a Conn,
    gathered: Vec<u8>,
}

impl<'a> Output<'a> {
    pub(crate) fn new(conn: &'a Conn) -> Output<'a> {
        Output { conn, gathered: vec![] }
    }

    pub(crate) async fn reply(&mut self, reply: Reply<'_>) -> Result<(), OpError> {
        match reply {
            Reply::One(piece) => self.piece(piece).await,
            Reply::Many(pieces) => {
                for piece in pieces {
                    self.piece(piece).await?;
                }
                Ok(())
            }
        }
    }

    /// Writes what has been gathered.
    pub(crate) async fn flush(&mut self) -> Result<(), OpError> {
        if !self.gathered.is_empty() {
            self.conn.write(&self.gathered).await?;
            self.gathered.clear();
        }
        Ok(())
    }

    async fn piece(&mut self, piece: Piece<'_>) -> Result<(), OpError> {
        let out = &mut self.gathered;
        match piece {
            Piece::Simple(text) => encode::simple(out, text),
            Piece::Error(text) => encode::error(out, &text),
            Piece::Integer(value) => encode::integer(out, value),
            Piece::Command(command) => command.describe(out),
            Piece::Null => encode::null(out),
            Piece::Array(length) => encode::array(out, length),
            Piece::Bytes(bytes) => return self.bulk(bytes).await,
            Piece::Text(text) => encode::bulk(out, text.as_bytes()),
            Piece::Value(value) => return self.bulk(value.bytes()).await,
        }
        self.flush_if_full().await
    }

    async fn bulk(&mut self, bytes: &[u8]) -> Result<(), OpError> {
        if bytes.len() < FULL {
            encode::bulk(&mut self.gathered, bytes);
        } else {
            encode::bulk_length(&mut self.gathered, bytes.len());
            self.flush().await?;
            self.conn.write(bytes).await?;
            self.gathered.extend_from_slice(b"\r\n");
        }
        self.flush_if_full().await
    }

    async fn flush_if_full(&mut self) -> Result<(), OpError> {
        if self.gathered.len() >= FULL { self.flush().await } else { Ok(()) }
    }
}
