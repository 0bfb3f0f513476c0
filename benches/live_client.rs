//! The clients of `benches/live`: the same for every server, and of next to no cost themselves (no picture is copied out of the
//! socket, none is decoded).
//!
//!     live_client measure PORT PATH PID CLIENTS SECONDS
//!     live_client stall PORT PATH CLIENTS SECONDS
//!
//! `measure` watches 127.0.0.1:PORT with so many clients and prints `name=value` words: what they got, when, and what the process PID
//! used meanwhile. `stall` has one more client, which reads nothing for that long and then goes on; it prints what the others
//! missed for it, and how old the pictures are that it gets. Both take the driver's timestamp of a picture from its part's headers:
//! `X-Timestamp` and `X-Sequence` of picam, `X-UStreamer-Grab-Begin-Time` of ustreamer (from 6.46 on; before, there is only the time
//! of the dequeue, `X-UStreamer-Grab-Time`, in another clock: `from=dequeue` is said then). All times are rounded down to whole
//! milliseconds, as ustreamer's are.
#![allow(missing_docs)]

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use rustix::event::epoll;
use rustix::io::Errno;
use rustix::net::RecvFlags;
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

const MS: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MS;
/// Time for every client to get its first pictures, before anything is counted.
const WARM_UP: i64 = SECOND;
/// A stream that delivers nothing for so long has failed.
const PATIENCE: i64 = 60 * SECOND;
/// A client that reads again has to get a picture as new as the others' within this.
const CATCH_UP: i64 = SECOND;
/// As much as a part's headers need: what is read of the picture with them is copied.
const HEADERS_MOST: usize = 1024;

fn main() -> ExitCode {
    let result = run();
    if let Err(error) = &result {
        eprintln!("live_client: {error:#}");
    }
    ExitCode::from(u8::from(result.is_err()))
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["measure", port, path, pid, clients, seconds] => {
            measure(port.parse()?, path, pid.parse()?, clients.parse()?, seconds.parse::<i64>()? * SECOND)
        }
        ["stall", port, path, clients, seconds] => {
            stall(port.parse()?, path, clients.parse()?, seconds.parse::<i64>()? * SECOND)
        }
        _ => bail!("usage: live_client measure PORT PATH PID CLIENTS SECONDS | stall PORT PATH CLIENTS SECONDS"),
    }
}

fn ns(time: Timespec) -> i64 {
    time.tv_sec * SECOND + time.tv_nsec
}

fn now() -> i64 {
    ns(clock_gettime(ClockId::Monotonic))
}

/// One picture, received.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// The driver's timestamp (the dequeue, if the server tells no more), CLOCK_MONOTONIC in ns.
    taken: i64,
    from_dequeue: bool,
    /// When its last byte was there.
    received: i64,
    sequence: Option<u32>,
    bytes: usize,
}

impl Part {
    /// A part as its headers announce it.
    fn announced(headers: &str) -> Result<Part> {
        let value = |name: &str| -> Option<&str> {
            let mut fields = headers.lines().filter_map(|line| line.split_once(':'));
            fields.find_map(|(field, value)| field.eq_ignore_ascii_case(name).then(|| value.trim()))
        };
        let seconds = |name: &str| -> Result<Option<i64>> {
            let value = value(name).map(|value| value.parse::<f64>().with_context(|| format!("{name}: {value}")));
            Ok(value.transpose()?.map(|seconds| (seconds * 1e6).round() as i64 * 1_000))
        };
        let length = value("Content-Length").ok_or_else(|| anyhow!("a part without Content-Length: {headers}"))?;
        let (taken, from_dequeue) = if let Some(begin) = seconds("X-UStreamer-Grab-Begin-Time")? {
            (begin, false)
        } else if let Some(dequeued) = seconds("X-UStreamer-Grab-Time")? {
            // Of CLOCK_MONOTONIC_RAW.
            (dequeued + now() - ns(clock_gettime(ClockId::MonotonicRaw)), true)
        } else {
            (seconds("X-Timestamp")?.ok_or_else(|| anyhow!("a part without a timestamp: {headers}"))?, false)
        };
        let sequence = value("X-Sequence").map(str::parse).transpose()?;
        Ok(Part { taken: taken.div_euclid(MS) * MS, from_dequeue, received: 0, sequence, bytes: length.parse()? })
    }

    fn latency(&self) -> i64 {
        self.received - self.taken
    }
}

/// A connection that is being read: headers into memory, pictures to nowhere.
struct Client {
    socket: TcpStream,
    headers: Vec<u8>,
    /// The part whose body is being received, and how much of it is to come.
    body: Option<(Part, usize)>,
    /// The response's own headers are behind us.
    accepted: bool,
}

impl Client {
    fn connect(port: u16, path: &str) -> Result<Client> {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).context("cannot connect")?;
        write!(socket, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        socket.set_nonblocking(true)?;
        Ok(Client { socket, headers: Vec::new(), body: None, accepted: false })
    }

    /// Reads what there is, and hands over each picture that is whole with it.
    fn read(&mut self, scratch: &mut [u8], mut got: impl FnMut(Part)) -> Result<()> {
        loop {
            // TCP's MSG_TRUNC: taken from the socket, and not copied anywhere.
            let (most, flags) = match self.body {
                Some((_, left)) => (left.min(scratch.len()), RecvFlags::TRUNC),
                None => (HEADERS_MOST, RecvFlags::empty()),
            };
            let count = match rustix::net::recv(&self.socket, &mut scratch[..most], flags) {
                Err(Errno::AGAIN) => return Ok(()),
                Ok((_, 0)) => bail!("the server hung up: {}", String::from_utf8_lossy(&self.headers)),
                received => received?.1,
            };
            match &mut self.body {
                Some((_, left)) => *left -= count,
                None => self.headers.extend_from_slice(&scratch[..count]),
            }
            self.advance(&mut got)?;
        }
    }

    /// Takes as many parts as possible out of what was received.
    fn advance(&mut self, got: &mut impl FnMut(Part)) -> Result<()> {
        loop {
            if let Some((part, 0)) = self.body {
                got(Part { received: now(), ..part });
                self.body = None;
            }
            if self.body.is_some() {
                return Ok(());
            }
            let Some(end) = self.headers.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(()) };
            let rest = self.headers.split_off(end + 4);
            let headers = String::from_utf8(std::mem::replace(&mut self.headers, rest))?;
            if !self.accepted {
                let status = headers.lines().next().unwrap_or_default();
                ensure!(status.split(' ').nth(1) == Some("200"), "the server answers: {headers}");
                ensure!(!headers.to_ascii_lowercase().contains("chunked"), "HTTP/1.0 knows no chunks: {headers}");
                self.accepted = true;
                continue;
            }
            let part = Part::announced(&headers)?;
            let here = part.bytes.min(self.headers.len());
            self.headers.drain(..here);
            self.body = Some((part, part.bytes - here));
        }
    }
}

/// Clients that are read as soon as there is something to read.
struct Watchers {
    epoll: rustix::fd::OwnedFd,
    clients: Vec<Client>,
    scratch: Vec<u8>,
}

impl Watchers {
    fn connect(port: u16, path: &str, count: usize) -> Result<Watchers> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let clients = (0..count).map(|_| Client::connect(port, path)).collect::<Result<Vec<Client>>>()?;
        let watchers = Watchers { epoll, clients, scratch: vec![0; 1 << 20] };
        (0..count).try_for_each(|client| watchers.resume(client))?;
        Ok(watchers)
    }

    fn resume(&self, client: usize) -> Result<()> {
        let data = epoll::EventData::new_u64(client as u64);
        Ok(epoll::add(&self.epoll, &self.clients[client].socket, data, epoll::EventFlags::IN)?)
    }

    fn pause(&self, client: usize) -> Result<()> {
        Ok(epoll::delete(&self.epoll, &self.clients[client].socket)?)
    }

    /// Hands over each picture and the number of the client that got it, until `end`.
    fn watch(&mut self, end: i64, mut got: impl FnMut(usize, Part)) -> Result<()> {
        let mut last = now();
        let mut events = Vec::with_capacity(self.clients.len());
        while now() < end {
            let timeout = Timespec::try_from(Duration::from_millis(100))?;
            epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&timeout))?;
            for event in events.drain(..) {
                let client = event.data.u64() as usize;
                self.clients[client].read(&mut self.scratch, |part| {
                    last = part.received;
                    got(client, part);
                })?;
            }
            ensure!(now() - last < PATIENCE, "no picture for {} s", PATIENCE / SECOND);
        }
        Ok(())
    }
}

fn measure(port: u16, path: &str, pid: u32, clients: usize, duration: i64) -> Result<()> {
    let mut watchers = Watchers::connect(port, path, clients)?;
    let mut watching = BTreeSet::new();
    let begin = now();
    while watching.len() < clients {
        watchers.watch(now() + SECOND / 10, |client, _| _ = watching.insert(client))?;
        ensure!(now() - begin < PATIENCE, "only {} of {clients} clients got a picture", watching.len());
    }
    watchers.watch(now() + WARM_UP, |_, _| ())?;

    let mut parts: Vec<Vec<Part>> = vec![Vec::with_capacity(1 << 14); clients];
    let (cpu_before, start) = (cpu(pid)?, now());
    watchers.watch(start + duration, |client, part| parts[client].push(part))?;
    let (cpu_after, end) = (cpu(pid)?, now());
    let memory = Memory::of(pid)?;

    // A picture that is sent once more is not one more.
    let mut steps: Vec<i64> = Vec::new();
    let mut repeated = 0;
    for parts in &mut parts {
        let all = parts.len();
        parts.dedup_by_key(|part| part.taken);
        repeated += all - parts.len();
        steps.extend(parts.windows(2).map(|pair| pair[1].taken - pair[0].taken));
    }
    let interval = interval(&mut steps)?;
    let missed: i64 = steps.iter().map(|step| (step + interval / 2) / interval - 1).sum();
    let parts = parts.concat();
    let mut latencies: Vec<i64> = parts.iter().map(Part::latency).collect();
    latencies.sort_unstable();
    let (least, most) = (latencies[0], latencies[latencies.len() - 1]);
    ensure!(least >= 0 && most < PATIENCE, "timestamps of another clock: {least} to {most} ns before the last byte");
    let percentile = |percent: usize| latencies[(latencies.len() - 1) * percent / 100] / 1_000;
    println!(
        "captured={:.1} delivered={} missed={missed} repeated={repeated} bytes={} cpu_ns={} from={} p50_us={} p99_us={} {memory}",
        (end - start) as f64 / interval as f64,
        parts.len(),
        parts.iter().map(|part| part.bytes).sum::<usize>() / parts.len(),
        cpu_before.zip(cpu_after).map_or("-".to_owned(), |(before, after)| (after - before).to_string()),
        if parts.iter().any(|part| part.from_dequeue) { "dequeue" } else { "driver" },
        percentile(50),
        percentile(99),
    );
    Ok(())
}

/// The time from frame to frame: the mean step, without those that missed one.
fn interval(steps: &mut [i64]) -> Result<i64> {
    steps.sort_unstable();
    let median = *steps.get(steps.len() / 2).context("too few pictures")?;
    let single: Vec<i64> = steps.iter().copied().filter(|step| *step < median * 3 / 2).collect();
    Ok(single.iter().sum::<i64>() / single.len() as i64)
}

/// What all threads of a process have run, in ns; nothing where the kernel counts clock ticks.
fn cpu(pid: u32) -> Result<Option<u64>> {
    let mut sum = None;
    for task in fs::read_dir(format!("/proc/{pid}/task")).context("the server is gone")? {
        let Ok(counts) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        let ran: u64 = counts.split(' ').next().unwrap_or_default().parse()?;
        *sum.get_or_insert(0) += ran;
    }
    Ok(sum)
}

/// A process's memory in KiB (proc_pid_smaps(5)), the camera's buffers apart.
#[derive(Default)]
struct Memory {
    rss: u64,
    pss: u64,
    buffers: u64,
}

impl Memory {
    fn of(pid: u32) -> Result<Memory> {
        let (mut memory, mut camera) = (Memory::default(), false);
        for line in fs::read_to_string(format!("/proc/{pid}/smaps"))?.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["Rss:", kib, _] if camera => memory.buffers += kib.parse::<u64>()?,
                ["Rss:", kib, _] => memory.rss += kib.parse::<u64>()?,
                ["Pss:", kib, _] if !camera => memory.pss += kib.parse::<u64>()?,
                [range, _, _, _, _, ..] if range.contains('-') => camera = line.contains("/dev/video"),
                _ => {}
            }
        }
        Ok(memory)
    }
}

impl std::fmt::Display for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rss_kib={} pss_kib={} buffers_kib={}", self.rss, self.pss, self.buffers)
    }
}

fn stall(port: u16, path: &str, clients: usize, duration: i64) -> Result<()> {
    let lazy = clients;
    let mut watchers = Watchers::connect(port, path, clients + 1)?;
    watchers.watch(now() + 2 * WARM_UP, |_, _| ())?;

    watchers.pause(lazy)?;
    let mut parts: Vec<Vec<Part>> = vec![Vec::with_capacity(1 << 14); clients];
    watchers.watch(now() + duration, |client, part| parts[client].push(part))?;
    let mut newest = parts.iter().flatten().map(|part| part.taken).max().context("no picture at all")?;
    watchers.resume(lazy)?;
    let resumed = now();
    let (mut stale, mut caught_up) = (0, None);
    watchers.watch(resumed + CATCH_UP, |client, part| match &caught_up {
        _ if client != lazy => newest = newest.max(part.taken),
        None if part.taken >= newest => caught_up = Some(part),
        None => stale += 1,
        Some(_) => {}
    })?;

    let mut steps = Vec::new();
    for parts in &mut parts {
        parts.dedup_by_key(|part| part.taken);
        steps.extend(parts.windows(2).map(|pair| pair[1].taken - pair[0].taken));
    }
    let interval = interval(&mut steps)?;
    // By the driver's own numbers where they are told.
    let missed: i64 = match parts.iter().flatten().map(|part| part.sequence).collect::<Option<Vec<u32>>>() {
        Some(_) => {
            let gaps = parts.iter().flat_map(|parts| parts.windows(2));
            gaps.map(|pair| i64::from(pair[1].sequence.unwrap_or(0).wrapping_sub(pair[0].sequence.unwrap_or(0))) - 1)
                .sum()
        }
        None => steps.iter().map(|step| (step + interval / 2) / interval - 1).sum(),
    };
    println!(
        "delivered={} missed={missed} stale={stale} caught_up_ms={}",
        parts.concat().len(),
        caught_up.map_or("-".to_owned(), |part| ((part.received - resumed) / MS).to_string()),
    );
    Ok(())
}
