//! Every server as a program: what it echoes is what came, and what it cannot do it says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A mebibyte and a bit: no multiple of any buffer.
const BYTES: usize = (1 << 20) + 17;

/// Long enough for any machine; a server that stands still fails the test instead of holding it up.
const PATIENCE: Duration = Duration::from_secs(30);

const ECHO_ALONE: [&str; 3] = ["echo", "sink", "source"];
const ALL: [&str; 5] = ["echo", "sink", "source", "deadline-later", "deadline-earlier"];

/// A server: its program, its modes, and whether it has several workers.
struct Peer {
    program: PathBuf,
    modes: &'static [&'static str],
    several: bool,
}

macro_rules! peer {
    ($name:literal, $modes:expr, $several:expr) => {
        Peer { program: env!(concat!("CARGO_BIN_EXE_", $name)).into(), modes: &$modes, several: $several }
    };
}

fn peers() -> Vec<Peer> {
    let mut peers = vec![
        peer!("ours", ALL, true),
        peer!("raw", ECHO_ALONE, true),
        peer!("tokio-current", ALL, false),
        peer!("tokio-multi", ALL, true),
        peer!("smol", ECHO_ALONE, true),
        peer!("may", ECHO_ALONE, true),
        peer!("monoio", ECHO_ALONE, true),
        peer!("blocking", ECHO_ALONE, false),
    ];
    peers.extend(go().map(|program| Peer { program, modes: &ALL, several: true }));
    peers
}

/// Go's server, where there is a toolchain: `go`, or what the variable `GO` says.
fn go() -> Option<PathBuf> {
    let go = std::env::var_os("GO").unwrap_or_else(|| "go".into());
    // Tests run beside one another, and each builds its own.
    let thread = thread::current().name().unwrap_or("test").to_owned();
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(thread).join("go-echo");
    let built = Command::new(&go)
        .args(["build", "-o"])
        .arg(&program)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/go"))
        .output();
    match built {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Some(program)
        }
        Err(error) => {
            eprintln!("without Go's server: {}: {error}", go.display());
            None
        }
    }
}

/// A server that runs, and is killed with its value.
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    fn start(peer: &Peer, arguments: &[&str]) -> Running {
        let mut child = Command::new(&peer.program)
            .arg("127.0.0.1:0")
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("text");
        let address = line.trim_end().strip_prefix("listening on ").and_then(|text| text.parse().ok());
        let Some(address) = address else { panic!("{}: {line:?}", peer.program.display()) };
        Running { child, address }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        stream.set_write_timeout(Some(PATIENCE)).expect("set");
        stream
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It serves until it is killed; one that has ended already is told by the test.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Bytes without a period.
fn bytes(seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..BYTES).map(|_| next()).collect()
}

/// All of it there at once, so that the server meets a peer without room; all of it back, and then the end.
fn echoes(running: &Running, seed: u32, what: &str) {
    let mut stream = running.connect();
    let sent = bytes(seed);
    let mut writer = stream.try_clone().expect("a second handle");
    let to_send = sent.clone();
    let writes = thread::spawn(move || {
        writer.write_all(&to_send)?;
        writer.shutdown(Shutdown::Write)
    });
    // Time for the buffers between to fill up; without it the test is only weaker.
    thread::sleep(Duration::from_millis(50));
    let mut came = Vec::new();
    stream.read_to_end(&mut came).unwrap_or_else(|error| panic!("{what}: {error}, after {}", came.len()));
    writes.join().expect("the writer does not panic").unwrap_or_else(|error| panic!("{what}: {error}"));
    let wrong = sent.iter().zip(&came).position(|(sent, came)| sent != came);
    assert_eq!((came.len(), wrong), (BYTES, None), "{what}");
}

#[test]
fn each_echoes_a_mebibyte_unchanged() {
    for peer in peers() {
        let modes = peer.modes.iter().filter(|mode| !["sink", "source"].contains(mode));
        for mode in modes {
            for workers in if peer.several { &["1", "2"][..] } else { &["1"] } {
                for buffer in ["1000", "65536"] {
                    let arguments = ["--mode", mode, "--workers", workers, "--buffer", buffer];
                    let running = Running::start(&peer, &arguments);
                    let what = format!("{} {arguments:?}", peer.program.display());
                    thread::scope(|scope| {
                        for seed in 0..3 {
                            let (running, what) = (&running, &what);
                            scope.spawn(move || echoes(running, seed, what));
                        }
                    });
                }
            }
        }
    }
}

#[test]
fn each_goes_on_after_a_connection_that_is_reset() {
    for peer in peers() {
        let running = Running::start(&peer, &[]);
        let stream = running.connect();
        let mut writer = &stream;
        writer.write_all(&bytes(1)[..100_000]).expect("written");
        // What it echoes is not read: closed now, the kernel resets the connection.
        thread::sleep(Duration::from_millis(20));
        drop(stream);
        echoes(&running, 2, &peer.program.display().to_string());
    }
}

#[test]
fn each_drops_what_it_is_sent_as_a_sink() {
    for peer in peers() {
        let running = Running::start(&peer, &["--mode", "sink"]);
        let mut stream = running.connect();
        stream.write_all(&bytes(3)).expect("written");
        stream.shutdown(Shutdown::Write).expect("shut down");
        let mut came = Vec::new();
        stream.read_to_end(&mut came).expect("the end, in order");
        assert!(came.is_empty(), "{}: {} bytes came", peer.program.display(), came.len());
    }
}

#[test]
fn each_writes_on_as_a_source() {
    for peer in peers() {
        let running = Running::start(&peer, &["--mode", "source", "--buffer", "10000"]);
        for _ in 0..2 {
            let mut stream = running.connect();
            let mut came = vec![1; 8 << 20];
            stream
                .read_exact(&mut came)
                .unwrap_or_else(|error| panic!("{}: {error}", peer.program.display()));
        }
    }
}

/// Else its tracing would be optimized out, and the bench would flatter us.
#[test]
fn ours_can_still_trace() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ours"))
        .arg("127.0.0.1:0")
        .env("RUST_LOG", "trace")
        .env("NO_COLOR", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let (told, traced) = mpsc::channel();
    let lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    let reader = thread::spawn(move || {
        // Gone only if it took too long.
        let _late = told.send(lines.map_while(Result::ok).any(|line| line.contains(" poller: ")));
    });
    let traced = traced.recv_timeout(PATIENCE);
    child.kill().expect("it serves on");
    child.wait().expect("killed");
    reader.join().expect("the reader does not panic");
    assert_eq!(traced, Ok(true));
}

/// What it says when it does not start.
fn refused(peer: &Peer, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } =
        Command::new(&peer.program).args(arguments).output().expect("the program runs");
    let (out, err) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    let what = format!("{} {arguments:?}: {out}{err}", peer.program.display());
    assert_eq!(status.code(), Some(2), "{what}");
    assert!(out.is_empty(), "{what}");
    err.into_owned()
}

#[test]
fn each_refuses_with_one_line_a_mode_that_it_does_not_have() {
    for peer in peers() {
        for mode in ALL.iter().filter(|mode| !peer.modes.contains(mode)) {
            let error = refused(&peer, &["127.0.0.1:0", "--mode", mode]);
            assert!(error.lines().count() == 1 && error.contains(mode), "{error}");
        }
        assert!(refused(&peer, &["127.0.0.1:0", "--mode", "dance"]).contains("dance"));
        assert!(refused(&peer, &["127.0.0.1:0", "--workers", "0"]).contains("--workers"));
        refused(&peer, &["--workers", "1"]);
        if !peer.several {
            assert!(refused(&peer, &["127.0.0.1:0", "--workers", "2"]).contains("--workers"));
        }
    }
}
