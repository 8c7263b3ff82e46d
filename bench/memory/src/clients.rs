//! The clients, in a process of their own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, ensure};
use load::source;

/// What each client sends once.
const MESSAGE: [u8; 64] = [0x5a; 64];

/// Opens as many as each line of standard input says, and says so when each has had its echo; until the end.
pub(crate) fn run(server: SocketAddr) -> anyhow::Result<()> {
    servers::prepare();
    let mut open = Vec::new();
    for line in std::io::stdin().lines() {
        let line = line.context("standard input")?;
        let wanted: usize = line.parse().with_context(|| format!("{line:?} is no number"))?;
        while open.len() < wanted {
            let mut client = source::connect(server, open.len()).context("connect")?;
            client.write_all(&MESSAGE).context("write")?;
            let mut answer = [0; MESSAGE.len()];
            client.read_exact(&mut answer).context("read")?;
            ensure!(answer == MESSAGE, "what came back is not what was sent");
            open.push(client);
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "{wanted}")?;
        out.flush()?;
    }
    Ok(())
}

/// That process. It ends when this value does, for then its standard input ends.
pub(crate) struct Child {
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Child {
    /// This program once more, as the clients of `server`.
    pub(crate) fn start(server: SocketAddr) -> anyhow::Result<Child> {
        let program = std::env::current_exe().context("this program's path")?;
        let mut child = Command::new(&program)
            .args(["--clients", &server.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {} as the clients", program.display()))?;
        let orders = child.stdin.take().context("the clients' input")?;
        let answers = BufReader::new(child.stdout.take().context("the clients' output")?);
        Ok(Child { orders, answers })
    }

    /// Has there be so many, each of which has been used once.
    pub(crate) fn be(&mut self, connections: usize) -> anyhow::Result<()> {
        writeln!(self.orders, "{connections}").context("the clients are gone")?;
        let mut line = String::new();
        self.answers.read_line(&mut line).context("the clients")?;
        ensure!(line.trim_end() == connections.to_string(), "the clients ended before {connections}");
        Ok(())
    }
}
