//! One connection, from its first byte to its last.

use std::future::poll_fn;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;

use conn::{Conn, OpError};
use examples::resp::Parser;
use examples::serve::finish;

use crate::failure::Failure;
use crate::memory::Charge;
use crate::output::Output;
use crate::reply::{Answer, Piece, Reply};
use crate::{Redis, commands};

/// What is read at once.
const READ: usize = 16 << 10;
/// What every connection may hold of a request and its reply, whatever the others do.
const ALLOWED: usize = 128 << 10;

/// After so many reads a connection lets others run: one whose client never pauses would not wait by itself.
const TURN: u64 = 4;

/// Answers requests until the client, a signal, or a request ends it.
pub(crate) async fn serve(redis: &Redis, conn: &Conn) -> Result<(), OpError> {
    let mut parser = Parser::default();
    let mut output = Output::new(conn);
    let mut buf = vec![0; READ];
    let mut charge = redis.memory.nothing();
    for round in 1_u64.. {
        if round % TURN == 0 {
            let_others_run().await;
        }
        match conn.read(&mut buf).await {
            Ok(0) => return conn.close().await,
            Ok(read) => parser.feed(&buf[..read]),
            // The server ends; what was read has been answered, but for a request that has not arrived whole.
            Err(error) if error.is_timeout() => break,
            Err(error) => return Err(error),
        }
        let goes_on = answer_all(redis, &mut parser, &mut charge, &mut output).await?;
        output.flush().await?;
        if !goes_on {
            break;
        }
    }
    // A client whose request was refused may go on sending for a while.
    drop((parser, charge, output, buf));
    finish(conn).await
}

/// Waits behind whatever is ready to run.
async fn let_others_run() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Answers every request that has arrived whole; whether the connection goes on.
async fn answer_all(
    redis: &Redis,
    parser: &mut Parser,
    charge: &mut Charge,
    output: &mut Output<'_>,
) -> Result<bool, OpError> {
    loop {
        let held = parser.memory();
        if charge.resize(held.saturating_sub(ALLOWED)).is_err() {
            output.reply(Failure::OutOfMemory.into()).await?;
            return Ok(false);
        }
        let answer = match parser.request() {
            Ok(Some(request)) => commands::answer(&redis.store, request),
            Ok(None) => {
                // Less than before: what a large request needed is given back.
                let _ = charge.resize(parser.memory().saturating_sub(ALLOWED));
                return Ok(true);
            }
            Err(error) => {
                output.reply(Reply::One(Piece::Error(format!("ERR {error}").into()))).await?;
                return Ok(false);
            }
        };
        let (mut reply, goes_on) = match answer {
            Answer::Reply(reply) => (reply, true),
            Answer::Last(reply) => (reply, false),
            Answer::Nothing => return Ok(false),
        };
        if charge.resize((held + reply.memory()).saturating_sub(ALLOWED)).is_err() {
            reply = Failure::OutOfMemory.into();
        }
        redis.commands.fetch_add(1, Relaxed);
        output.reply(reply).await?;
        if !goes_on {
            return Ok(false);
        }
    }
}
