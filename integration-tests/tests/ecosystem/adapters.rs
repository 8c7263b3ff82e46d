//! `tokio_util`'s adapters: tokio's own copy through `compat`, frames through a codec.

use conn::Conn;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use futures::{SinkExt, StreamExt, stream};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::pair;
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt};

use crate::noise;

on_every_executor!(tokio_copies_both_ways_between_two_streams, |exec: Exec| async move {
    const ASKED: usize = 3 << 20;
    const ANSWERED: usize = 5 << 20;
    let (client, ours) = pair().await;
    let (theirs, server) = pair().await;
    let proxy = exec.spawn(async move {
        let (mut ours, mut theirs) = (ours.into_stream().compat(), theirs.into_stream().compat());
        tokio::io::copy_bidirectional(&mut ours, &mut theirs).await.expect("copied")
    });
    let server = exec.spawn(async move {
        let mut stream = server.into_stream();
        let mut question = vec![];
        stream.read_to_end(&mut question).await.expect("read");
        assert!(question == noise(ASKED), "the question came otherwise");
        // After the end of the question: one direction outlives the other.
        stream.write_all(&noise(ANSWERED)).await.expect("written");
        stream.close().await.expect("the writing side ends");
    });
    let mut stream = client.into_stream();
    stream.write_all(&noise(ASKED)).await.expect("written");
    stream.close().await.expect("the writing side ends");
    let mut answer = vec![];
    stream.read_to_end(&mut answer).await.expect("read");
    assert!(answer == noise(ANSWERED), "the answer came otherwise");
    server.await;
    assert_eq!(proxy.await, (ASKED as u64, ANSWERED as u64));
});

const LONGEST: usize = 500;

fn in_lines(conn: Conn) -> Framed<Compat<conn::Stream>, LinesCodec> {
    Framed::new(conn.into_stream().compat(), LinesCodec::new_with_max_length(LONGEST))
}

on_every_executor!(lines_come_back_as_they_went, |exec: Exec| async move {
    let (client, server) = pair().await;
    let server = exec.spawn(async move {
        let (sink, lines) = in_lines(server).split();
        lines.map(|line| line.map(|line| line.to_uppercase())).forward(sink).await.expect("echoed");
    });
    let mut random = fastrand::Rng::with_seed(1);
    let sent: Vec<String> =
        std::iter::repeat_with(|| "x".repeat(random.usize(..=LONGEST))).take(5000).collect();
    let (mut sink, lines) = in_lines(client).split();
    let all = sent.clone();
    let sending = async move {
        sink.send_all(&mut stream::iter(all).map(Ok)).await.expect("sent");
        sink.close().await.expect("the writing side ends");
    };
    let receiving = lines.map(|line| line.expect("a line")).collect::<Vec<_>>();
    let ((), received) = futures::join!(sending, receiving);
    server.await;
    assert_eq!(received.len(), sent.len());
    assert!(received.iter().zip(&sent).all(|(back, line)| *back == line.to_uppercase()), "another line");
});

on_every_executor!(a_frame_that_is_cut_short_is_the_last, |_| async move {
    let (client, server) = pair().await;
    client.write(b"whole\nhalf").await.expect("written");
    client.close_write().expect("the writing side ends");
    let mut lines = in_lines(server);
    for line in ["whole", "half"] {
        assert_eq!(lines.next().await.expect("a line").expect("text"), line);
    }
    assert!(lines.next().await.is_none());
});

on_every_executor!(a_codec_passes_our_errors_on, |_| async move {
    let (_client, server) = pair().await;
    server.close().await.expect("the first close");
    let error = in_lines(server).next().await.expect("an error").unwrap_err();
    let LinesCodecError::Io(error) = error else { panic!("{error:?}") };
    let error = conn::OpError::try_from(error).expect("ours");
    assert!(error.is_closed(), "{error}");
});
