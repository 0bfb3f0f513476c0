//! The live picture under attack, and the commands around it, from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use serde_json::Value;

#[path = "drivers/wait.rs"]
mod wait;

fn picam(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_picam"));
    command.args(arguments.split_whitespace()).stdin(Stdio::null());
    command
}

/// A picam that serves its test camera.
struct Served {
    child: Child,
    address: SocketAddr,
}

impl Served {
    fn start(arguments: &str) -> Self {
        let mut command = picam(&format!("--http 127.0.0.1:0 --json --stats-interval 0 {arguments}"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "picam ended");
            if let Some((_, url)) = line.trim().split_once("watch at http://") {
                break url.trim_end_matches('/').parse().unwrap();
            }
        };
        // Somebody has to read what it logs.
        thread::spawn(move || _ = std::io::copy(&mut log, &mut std::io::sink()));
        Served { child, address }
    }

    fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        socket
    }

    /// Ends it, and answers its last summary.
    fn end(mut self) -> Value {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let mut text = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        assert!(self.child.wait().unwrap().success());
        serde_json::from_str(text.lines().last().unwrap()).unwrap()
    }
}

/// Reads a stream's parts until it ends: their sequence numbers, of which the first is told at once.
fn sequences(socket: TcpStream, begun: &Sender<()>) -> Vec<u32> {
    let mut reader = BufReader::new(socket);
    let (mut sequences, mut line, mut length) = (Vec::new(), String::new(), 0);
    while reader.read_line(&mut line).is_ok_and(|count| count > 0) {
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim().parse().unwrap();
        } else if let Some(value) = line.strip_prefix("X-Sequence: ") {
            sequences.push(value.trim().parse().unwrap());
            let _ = begun.send(());
        } else if line == "\r\n" && length > 0 {
            let mut picture = vec![0; std::mem::take(&mut length)];
            if reader.read_exact(&mut picture).is_err() {
                break;
            }
        }
        line.clear();
    }
    sequences
}

#[test]
fn a_thousand_hostile_connections_take_no_buffer_from_capture() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let served = Served::start("--device test:320x240@30 --buffers 16");
    let mut socket = served.connect();
    write!(socket, "GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let (begun, begins) = channel();
    let viewer = thread::spawn(move || sequences(socket, &begun));
    begins.recv().unwrap();

    let mut sockets: Vec<_> = (0..1000).map(|_| served.connect()).collect();
    for (n, socket) in sockets.iter_mut().enumerate() {
        // Most were refused: what comes of the rest is seen below.
        socket.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
        let _ = match n % 5 {
            0 => socket.write_all(&[0xff; 3000]),
            1 => socket.write_all(b"GET /stream HTTP/1.1\r\nHost: a\r\nX-Half: "),
            2 => (0..2000).try_for_each(|n| write!(socket, "X-Endless-{n}: header\r\n")),
            3 => socket.write_all(
                b"GET /?token=%zz%00 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 18446744073709551616\r\n\r\n",
            ),
            _ => Ok(()),
        };
    }
    // Each of them is closed, the half requests once their time is up.
    for socket in &mut sockets {
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut rest = Vec::new();
        match socket.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
        }
    }

    let summary = served.end();
    let seen = viewer.join().unwrap();
    // Frames are lost where the machine is too busy to run capture's thread, and nowhere else: of 16 buffers the driver
    // always has those that the newest picture, the one in work and the one on its way do not take.
    assert!(summary["queue_depth"]["min"].as_u64() >= Some(12), "{summary}");
    assert_eq!(summary["frames"]["corrupt"], 0, "{summary}");
    let span = seen.last().unwrap() - seen.first().unwrap() + 1;
    assert!(seen.is_sorted() && span > 100, "it went on");
}

#[test]
fn the_books_balance_with_clients_that_come_and_go() {
    let served = Served::start("--device test:320x240@100");
    for _ in 0..20 {
        let mut socket = served.connect();
        write!(socket, "GET /stream?quality=50 HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        // The head, and some of a picture.
        socket.read_exact(&mut [0; 2000]).unwrap();
    }
    let summary = served.end();
    let sink = &summary["sinks"][0];
    let count = |key: &str| sink[key].as_u64().unwrap();
    assert_eq!(count("written") + count("skipped"), summary["frames"]["delivered"].as_u64().unwrap(), "{summary}");
    assert_eq!(count("pending"), 0);
    assert!(count("written") > 0 && sink["skipped_by"]["unwatched"].as_u64().unwrap() > 0, "{summary}");
}

#[test]
fn a_camera_that_is_absent_is_shown_as_absent() {
    let served = Served::start("--device /dev/video-that-is-absent");
    let get = |target: &str| {
        let mut socket = served.connect();
        write!(socket, "GET {target} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    assert!(get("/readyz").starts_with("HTTP/1.1 503"));
    assert!(get("/healthz").starts_with("HTTP/1.1 200"));
    let state = wait::until("the reason for waiting", || {
        let status = get("/status.json");
        let status: Value = serde_json::from_str(status.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        let reason = status["waiting_for"].as_str().unwrap_or_default();
        reason.contains("/dev/video-that-is-absent").then(|| status["state"].clone())
    });
    assert_eq!(state, "waiting");
    let snapshot = get("/snapshot");
    assert!(snapshot.starts_with("HTTP/1.1 503") && snapshot.contains("image/jpeg"), "{snapshot}");
    served.end();
}

#[test]
fn who_watches_is_told_what_is_wrong_with_the_configuration_and_the_machine() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let notice = path("notices").join("Wi-Fi");
    std::fs::create_dir(path("notices")).unwrap();
    std::fs::write(&notice, "the password is wrong\n").unwrap();
    std::fs::write(path("base.toml"), format!("[http]\nnotices = {:?}\n", path("notices"))).unwrap();
    let serve = |over: &str| {
        std::fs::write(path("over.toml"), over).unwrap();
        let files = format!("--config {} --override {}", path("base.toml").display(), path("over.toml").display());
        Served::start(&format!("--device test:64x48@100 {files}"))
    };
    let shows = |served: &Served, what: &dyn Fn(&Value) -> bool| {
        wait::until("the status", || {
            let mut socket = served.connect();
            write!(socket, "GET /status.json HTTP/1.0\r\n\r\n").unwrap();
            let mut answer = String::new();
            socket.read_to_string(&mut answer).unwrap();
            let status: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
            what(&status).then_some(())
        });
    };
    let warns = |status: &Value, of: &str| status["warnings"].to_string().contains(of);

    let served = serve("colour = 1\n");
    shows(&served, &|status| warns(status, "colour") && warns(status, "Wi-Fi: the password is wrong"));
    std::fs::remove_file(&notice).unwrap();
    shows(&served, &|status| warns(status, "colour") && !warns(status, "Wi-Fi"));
    served.end();

    // Only the camera knows that it has no brightness.
    let served = serve("[set]\nbrightness = 1\n");
    shows(&served, &|status| {
        warns(status, "over.toml") && warns(status, "brightness") && status["state"] == "capturing"
    });
    served.end();
}

#[test]
fn a_snapshot_is_a_picture_of_the_kind_its_name_says() {
    let directory = tempfile::tempdir().unwrap();
    let take = |name: &str| {
        let file = directory.path().join(name);
        let mut command = picam("snapshot --device test:320x240@100 --warmup 2");
        let output = command.arg(&file).output().unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
            std::fs::read(&file).unwrap_or_default(),
        )
    };
    for (name, start) in [
        ("a.jpg", &b"\xff\xd8\xff"[..]),
        ("b.JPEG", b"\xff\xd8\xff"),
        ("c.png", b"\x89PNG\r\n\x1a\n"),
        ("d.ppm", b"P6\n320 240\n255\n"),
    ] {
        let (status, told, bytes) = take(name);
        assert_eq!(status, Some(0), "{name}: {told}");
        assert!(bytes.starts_with(start), "{name}");
        assert!(!name.ends_with("ppm") || bytes.len() == start.len() + 320 * 240 * 3);
    }
    let (status, told, bytes) = take("e.gif");
    assert!(status == Some(2) && told.contains("e.gif") && told.contains(".png") && bytes.is_empty(), "{told}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 4, "nothing else is left");

    let full = directory.path().join("full.jpg");
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    let full = picam("snapshot --device test --warmup 0").arg(full).output().unwrap();
    assert_eq!(full.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&full.stderr).contains("No space left on device: make room"), "{full:?}");
    let absent = picam("snapshot --device /dev/absent a.jpg").output().unwrap();
    assert_eq!(absent.status.code(), Some(3), "it does not wait");
    assert!(!Path::new("a.jpg").exists());
    let piped = picam("snapshot --device test:64x48@100 --warmup 0 -").output().unwrap();
    assert!(piped.stdout.starts_with(b"\xff\xd8\xff"));
}
