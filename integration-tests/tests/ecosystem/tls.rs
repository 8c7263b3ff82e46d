//! `rustls` on both ends of a connection.

use std::io::ErrorKind;
use std::sync::Arc;

use conn::Conn;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use futures_rustls::{TlsAcceptor, TlsConnector, client, server};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::pair;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::noise;

/// Whom the certificate is for.
pub(crate) const NAME: &str = "localhost";

/// A certificate that vouches for itself, and what answers for it.
pub(crate) struct Identity {
    certificate: rcgen::Certificate,
    acceptor: TlsAcceptor,
}

impl Identity {
    pub(crate) fn new() -> Identity {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::from(made.signing_key);
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("the key is the certificate's");
        Identity { certificate: made.cert, acceptor: Arc::new(config).into() }
    }

    /// The certificate as text, for those who shall trust it.
    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// The server's side of a handshake.
    pub(crate) async fn accept(&self, conn: Conn) -> std::io::Result<server::TlsStream<conn::Stream>> {
        self.acceptor.accept(conn.into_stream()).await
    }

    /// The client's side of a handshake with whoever calls itself `name`, and trust in this certificate alone.
    async fn connect(
        &self,
        conn: Conn,
        name: &'static str,
    ) -> std::io::Result<client::TlsStream<conn::Stream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).expect("a certificate that can be trusted");
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from(name).expect("a name");
        TlsConnector::from(Arc::new(config)).connect(name, conn.into_stream()).await
    }
}

/// Both ends, after their handshake.
async fn tls_pair() -> (client::TlsStream<conn::Stream>, server::TlsStream<conn::Stream>) {
    let identity = Identity::new();
    let (client, server) = pair().await;
    let (client, server) = futures::join!(identity.connect(client, NAME), identity.accept(server));
    (client.expect("a server that can be trusted"), server.expect("a client"))
}

on_every_executor!(a_mebibyte_goes_there_and_back, |exec: Exec| async move {
    let (client, server) = tls_pair().await;
    let server = exec.spawn(async move {
        let (reader, mut writer) = server.split();
        let copied = futures::io::copy(reader, &mut writer).await;
        writer.close().await.expect("the end of the session is told");
        copied.expect("the end of the session was told")
    });
    let sent = noise(1 << 20);
    let (mut reader, mut writer) = client.split();
    let sending = async {
        writer.write_all(&sent).await.expect("written");
        writer.close().await.expect("the end of the session is told");
    };
    let mut received = vec![];
    // It would be an error if the connection ended before the session.
    let receiving = reader.read_to_end(&mut received);
    let ((), received_all) = futures::join!(sending, receiving);
    assert_eq!(received_all.expect("the end of the session was told"), sent.len());
    assert!(received == sent, "other bytes than those that went");
    assert_eq!(server.await, sent.len() as u64);
});

on_every_executor!(a_connection_that_ends_before_its_session_is_an_error, |_| async move {
    let (mut client, mut server) = tls_pair().await;
    client.write_all(b"hello").await.expect("written");
    client.flush().await.expect("written");
    client.get_ref().0.conn().close_write().expect("the writing side ends");
    let mut received = vec![];
    let error = server.read_to_end(&mut received).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
    assert_eq!(received, b"hello");
});

on_every_executor!(a_stranger_is_refused_and_both_ends_hear_of_it, |_| async move {
    let identity = Identity::new();
    let (client, server) = pair().await;
    let (client, server) =
        futures::join!(identity.connect(client, "somebody.example"), identity.accept(server));
    assert_eq!(client.unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!(server.unwrap_err().kind(), ErrorKind::InvalidData);
});

on_every_executor!(our_errors_come_through_a_session, |exec: Exec| async move {
    let (mut client, server) = tls_pair().await;
    let conn = client.get_ref().0.conn().clone();
    let reader = exec.spawn(async move { client.read(&mut [0; 8]).await.unwrap_err() });
    conn.set_read_deadline(Some(std::time::Instant::now())).expect("set");
    let error = conn::OpError::try_from(reader.await).expect("ours");
    assert!(error.is_timeout(), "{error}");
    drop(server);
});
