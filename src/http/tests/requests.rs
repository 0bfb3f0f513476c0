//! What is asked, by whom, and how often.

use base64ct::{Base64, Encoding};

use super::*;

#[test]
fn who_has_no_token_sees_nothing() {
    let setup =
        Setup::with_camera(FourCC::YUYV, SIZE, |config| config.token = Some(Secret("correct horse".replace(' ', "-"))));
    for target in ["/", "/stream", "/snapshot", "/?action=stream", "/status.json", "/metrics", "/nothing"] {
        let answer = setup.get(target, "");
        assert_eq!(answer.status(), 401, "{target}");
        assert!(answer.head.contains("WWW-Authenticate: Basic"));
        assert!(!String::from_utf8_lossy(&answer.body).contains("YUYV"));
    }
    assert_eq!(setup.get("/healthz", "").status(), 200);
    assert_eq!(setup.get("/?token=correct-horse", "").status(), 200);
    assert_eq!(setup.get("/metrics", "Authorization: Bearer correct-horse\r\n").status(), 200);
}

/// `mkpasswd -m sha-512 -R 1000 secret saltsalt`: tests are not optimized, and so slower.
const HASH: &str =
    "$6$rounds=1000$saltsalt$LAV5VE5Y7w1d73x1mFNspYWUpazfmwv2SoepNXNKJ/otop/Zok96Hr8Q13LEv0DRY/x8v0/crpIjl8NJSAqXV/";

#[test]
fn guesses_keep_neither_the_owner_nor_pictures_waiting() {
    let mut setup = Setup::with_camera(FourCC::YUYV, SIZE, |config| {
        config.token = Some(Secret("0123456789abcdef".to_owned()));
        config.password_hash = Some(Secret(HASH.to_owned()));
    });
    let ask = |password: &[u8]| {
        let mut socket = setup.connect();
        let encoded = Base64::encode_string(&[b"me:", password].concat());
        write!(socket, "GET /status.json HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {encoded}\r\nConnection: close\r\n\r\n")
            .unwrap();
        BufReader::new(socket)
    };
    // All from the owner's address, and all there before the owner's own.
    let mut guesses: Vec<_> = (0..20).map(|n| ask(format!("guess {n}").as_bytes())).collect();
    let mut owner = ask(b"secret");
    let mut viewer = setup.watch("token=0123456789abcdef");
    let sequence = setup.grey();
    assert_eq!(viewer.part().0, Some(sequence));
    assert_eq!(Answer::read(&mut owner).status(), 200);
    for guess in &mut guesses {
        assert_eq!(Answer::read(guess).status(), 401);
    }
    // A client that went while its password waited is no other's answer.
    let setup = Setup::without_camera(|config| config.password_hash = Some(Secret(HASH.to_owned())));
    let encoded = Base64::encode_string(b"me:secret");
    for _ in 0..10 {
        write!(setup.connect(), "GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {encoded}\r\n\r\n").unwrap();
    }
    assert_eq!(setup.get("/", "").status(), 401);
    assert_eq!(setup.get("/", &format!("Authorization: Basic {encoded}\r\n")).status(), 200);
}

#[test]
fn the_page_turns_the_token_into_a_cookie() {
    let token = |token: &str| Setup::without_camera(|config| config.token = Some(Secret(token.to_owned())));
    let setup = token("correct-horse");
    let port = setup.address.port();
    let page = setup.get("/?token=correct-horse", "");
    let header = field(&page.head, "Set-Cookie").unwrap();
    let (cookie, attributes) = header.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Max-Age=7776000; HttpOnly; SameSite=Strict");
    assert!(cookie.starts_with(&format!("picam-{port}=")) && !cookie.contains("correct-horse"), "{cookie}");
    for path in ["/status.json", "/stream"] {
        assert_eq!(setup.get(path, &format!("Cookie: a=b; {cookie}\r\n")).status(), 200);
    }
    let is_wrong = |cookie: &str| setup.get("/status.json", &format!("Cookie: {cookie}\r\n")).status() == 401;
    assert!(is_wrong("picam-1=x") && is_wrong(&cookie[..cookie.len() - 1]) && is_wrong(&format!("a{cookie}")));
    assert!(field(&setup.get("/", "").head, "Set-Cookie").is_none(), "not for nothing");
    // The browser does not ask for a password where the page's own script was refused.
    assert!(
        field(&setup.get("/status.json", "X-Picam: page\r\n").head, "WWW-Authenticate").unwrap().starts_with("Bearer")
    );
    // Another token has another cookie, and the same one the same after a restart.
    let value = |setup: &Setup, token: &str| {
        let page = setup.get(&format!("/?token={token}"), "");
        field(&page.head, "Set-Cookie").unwrap().split(['=', ';']).nth(1).unwrap().to_owned()
    };
    assert_eq!(value(&token("correct-horse"), "correct-horse"), value(&setup, "correct-horse"));
    assert_ne!(value(&token("battery-staple"), "battery-staple"), value(&setup, "correct-horse"));
    // A password lets in for as long as it is the password.
    let both = Setup::without_camera(|config| {
        config.token = Some(Secret("correct-horse".to_owned()));
        config.password_hash = Some(Secret(HASH.to_owned()));
    });
    let encoded = Base64::encode_string(b"me:secret");
    let page = both.get("/", &format!("Authorization: Basic {encoded}\r\n"));
    assert_eq!((page.status(), field(&page.head, "Set-Cookie")), (200, None));
}

#[test]
fn methods_heads_and_origins() {
    let setup = Setup::with_camera(FourCC::YUYV, SIZE, |config| {
        config.allow_origin = vec!["https://c.example".to_owned(), "https://a.example".to_owned()];
    });
    for (target, kind) in [
        ("/", "text/html"),
        ("/stream", "multipart/x-mixed-replace"),
        ("/snapshot", "image/jpeg"),
        ("/metrics", "text/plain; version=0.0.4"),
    ] {
        let mut socket = setup.connect();
        write!(socket, "HEAD {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(kind), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "no body: {answer}");
    }
    let mut socket = setup.connect();
    write!(socket, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello").unwrap();
    let answer = Answer::read(&mut BufReader::new(socket));
    assert_eq!(answer.status(), 405);
    assert_eq!(field(&answer.head, "Connection"), Some("close"));

    let allowed = |origin: &str| {
        let answer = setup.get("/status.json", &format!("Origin: {origin}\r\n"));
        field(&answer.head, "Access-Control-Allow-Origin").map(str::to_owned)
    };
    assert_eq!(allowed("https://a.example").as_deref(), Some("https://a.example"));
    assert_eq!(allowed("https://b.example"), None);
    let foreign = Setup::without_camera(|_| {}).get("/", "Origin: http://a.example\r\n");
    assert_eq!(field(&foreign.head, "Cross-Origin-Resource-Policy"), Some("same-site"));
    let policy = |headers: &str| {
        let answer = setup.get("/healthz", headers);
        field(&answer.head, "Cross-Origin-Resource-Policy").map(str::to_owned)
    };
    assert_eq!(policy("Referer: https://c.example/page\r\n").as_deref(), Some("cross-origin"));
    assert_eq!(policy("Referer: https://c.example.evil/page\r\n").as_deref(), Some("same-site"));
    let without = Setup::without_camera(|_| {}).get("/status.json", "Origin: https://a.example\r\n");
    assert!(field(&without.head, "Access-Control-Allow-Origin").is_none());
}

#[test]
fn a_page_of_the_same_host_may_show_it_from_another_port() {
    let setup = Setup::without_camera(|_| {});
    for (host, headers, policy) in [
        ("192.168.1.5:8080", "Referer: http://192.168.1.5:5000/control\r\n", "cross-origin"),
        ("192.168.1.5:8080", "Origin: http://192.168.1.5:5000\r\n", "cross-origin"),
        ("192.168.1.5", "Origin: https://192.168.1.5\r\n", "cross-origin"),
        ("[fe80::1]:8080", "Referer: http://[fe80::1]/\r\n", "cross-origin"),
        ("Octopi.local:8080", "Referer: http://octopi.local/\r\n", "cross-origin"),
        ("192.168.1.5:8080", "Referer: http://192.168.1.50:5000/\r\n", "same-site"),
        ("192.168.1.5:8080", "Referer: http://evil.example/http://192.168.1.5/\r\n", "same-site"),
        // Of the two, Origin is the one that no page can choose.
        ("192.168.1.5:8080", "Origin: http://evil.example\r\nReferer: http://192.168.1.5/\r\n", "same-site"),
        ("192.168.1.5:8080", "Origin: null\r\n", "same-site"),
        ("192.168.1.5:8080", "", "same-site"),
    ] {
        let answer = setup.get("/healthz", &format!("Host: {host}\r\n{headers}"));
        assert_eq!(field(&answer.head, "Cross-Origin-Resource-Policy"), Some(policy), "{host} {headers}");
    }
}

#[test]
fn metrics_are_in_the_format_that_is_accepted() {
    let setup = Setup::with_camera(FourCC::YUYV, SIZE, |_| {});
    let old = setup.get("/metrics", "Accept: text/plain;version=0.0.4\r\n");
    let new = setup.get("/metrics", "Accept: application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1\r\n");
    let [old_text, new_text] = [&old, &new].map(|answer| String::from_utf8(answer.body.clone()).unwrap());
    assert_eq!(field(&old.head, "Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(field(&new.head, "Content-Type").unwrap().starts_with("application/openmetrics-text"));
    assert!(new_text.ends_with("# EOF\n") && new_text.contains("# TYPE picam_http_encoded counter\n"));
    for line in
        ["# TYPE picam_http_encoded_total counter", "# HELP picam_http_encoded_total ", "# TYPE picam_build_info gauge"]
    {
        assert!(old_text.contains(line), "{old_text}");
    }
    assert!(!old_text.contains("# UNIT") && !old_text.contains("# EOF"));
}

#[test]
fn answers_are_as_http_has_them() {
    let setup = Setup::with_camera(FourCC::YUYV, SIZE, |_| {});
    let ask = |text: &str| {
        let mut socket = setup.connect();
        socket.write_all(text.as_bytes()).unwrap();
        Answer::read(&mut BufReader::new(socket))
    };
    for (text, status) in [
        ("GET /healthz HTTP/1.1\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET /healthz HTTP/1.0\r\n\r\n", 200),
        ("GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
        ("GET /%68ealthz HTTP/1.1\r\nHost: localhost.\r\n\r\n", 200),
    ] {
        assert_eq!(ask(text).status(), status, "{text}");
    }
    for method in ["OPTIONS", "POST"] {
        let answer = ask(&format!("{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert_eq!(field(&answer.head, "Allow"), Some("GET, HEAD, OPTIONS"));
    }
    let answer = setup.get("/readyz", "");
    assert_eq!((answer.status(), field(&answer.head, "Retry-After")), (503, Some("1")));
    let date = httpdate::parse_http_date(field(&answer.head, "Date").unwrap()).unwrap();
    assert!(date.duration_since(std::time::UNIX_EPOCH).unwrap() >= Duration::from_secs(1_800_000_000));
}

#[test]
fn the_page_allows_only_its_own_script() {
    let setup = Setup::without_camera(|_| {});
    let answer = setup.get("/", "");
    let page = String::from_utf8(answer.body).unwrap();
    let policy = field(&answer.head, "Content-Security-Policy").unwrap();
    let nonce = policy.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(page.contains(&format!("<script nonce=\"{nonce}\"")) && !page.contains("{nonce}"));
    let external = ["src=\"http", "href=\"http", "url(http", "@import"];
    assert!(external.iter().all(|external| !page.contains(external)));
    assert!(policy.starts_with("default-src 'none'"));
    assert!(!String::from_utf8(setup.get("/", "").body).unwrap().contains(nonce), "another one each time");
}

#[test]
fn nonsense_is_answered_and_cut() {
    let setup = Setup::with_camera(FourCC::YUYV, SIZE, |_| {});
    let many = "X: y\r\n".repeat(100);
    for (request, status) in [
        ("\u{1}\u{2}nonsense\r\n\r\n".to_owned(), 400),
        ("GET / SPDY/9\r\n\r\n".to_owned(), 400),
        (format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(9000)), 431),
        (format!("GET / HTTP/1.1\r\n{many}\r\n"), 431),
    ] {
        let mut socket = setup.connect();
        let _ = socket.write_all(request.as_bytes());
        let mut reader = BufReader::new(socket);
        assert_eq!(Answer::read(&mut reader).status(), status, "{}", &request[..20]);
        assert_eq!(reader.read(&mut [0; 1]).unwrap_or(0), 0, "and closed");
    }
}

#[test]
fn connections_are_limited_in_all_and_by_address() {
    let setup = Setup::without_camera(|config| config.max_connections_per_address = 3);
    let held: Vec<_> = (0..3).map(|_| setup.watch("")).collect();
    let mut socket = setup.connect();
    let mut refusal = String::new();
    socket.read_to_string(&mut refusal).unwrap();
    assert!(refusal.starts_with("HTTP/1.1 503") && refusal.contains("Retry-After"), "{refusal}");
    drop(held);
    // Whether they only have no more to say, the next picture shows, which for want of a camera comes once a second.
    until("a place", || {
        setup.clock.advance(Duration::from_secs(1));
        setup.get("/healthz", "").head.starts_with("HTTP/1.1 200").then_some(())
    });

    // One who only keeps a place makes room for one who has something to ask.
    let setup = Setup::without_camera(|config| config.max_connections = 3);
    let _watching = [setup.watch(""), setup.watch("")];
    let mut idle = setup.connect();
    assert_eq!(setup.get("/healthz", "").status(), 200);
    assert_eq!(idle.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn the_end_ends_all_connections() {
    let setup = Setup::without_camera(|_| {});
    let mut viewer = setup.watch("");
    viewer.part();
    let address = setup.address;
    drop(setup);
    let mut rest = Vec::new();
    viewer.reader.read_to_end(&mut rest).unwrap_or_default();
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn an_address_to_watch_at_is_one_that_works() {
    for given in ["0.0.0.0:8080", "[::]:8080"] {
        let shown = reachable(given.parse().unwrap());
        assert!(!shown.ip().is_unspecified() && shown.port() == 8080, "{shown}");
    }
    let own = "127.0.0.1:81".parse().unwrap();
    assert_eq!(reachable(own), own);
}

#[test]
fn more_connections_than_open_files_are_refused() {
    assert!(descriptors(500).is_ok());
    let error = descriptors(u32::MAX).unwrap_err().to_string();
    assert!(error.contains("max-connections = 4294967295") && error.contains("LimitNOFILE"), "{error}");
}

/// A clock that stops the server as soon as it is asked.
#[derive(Debug)]
struct Broken;

impl Clock for Broken {
    fn monotonic(&self) -> Duration {
        panic!("as it should")
    }

    fn time_of_day(&self) -> Duration {
        Duration::ZERO
    }

    fn wait(&self, _: &crate::stop::Stop, _: Duration) -> bool {
        true
    }

    fn sleep(&self, _: Duration) {}
}

#[test]
fn a_server_that_dies_is_noticed_and_keeps_no_buffer() {
    let http = Http::start(&HttpConfig::at("127.0.0.1:0".parse().unwrap()), 1, false, Arc::new(Broken)).unwrap();
    let mut setup = Setup::without_camera(|_| {});
    let (mut frames, address) = (0, http.name().strip_prefix("http ").unwrap().to_owned());
    let working = std::mem::replace(&mut setup.http, http);
    // Its first look at the time may have been at the start already.
    let _ = TcpStream::connect(address);
    until("its end", || setup.http.has_failed().then_some(()));
    for _ in 0..4 {
        setup.grey();
        frames += 1;
    }
    assert!(setup.http.is_closed() && setup.pool.all_returned());
    let counts = setup.http.counts();
    assert_eq!((counts.pending, counts.skipped_by.unwatched + counts.skipped_by.failed), (0, frames));
    drop(working);
}

#[test]
fn an_address_in_use_is_told() {
    let setup = Setup::without_camera(|_| {});
    let error = Http::start(&HttpConfig::at(setup.address), 1, false, Simulated::new()).err().unwrap();
    assert!(error.to_string().contains(&setup.address.to_string()) && error.to_string().contains("--http"));
}

#[test]
fn requests_without_end_keep_nobody_waiting() {
    let mut setup = Setup::with_camera(FourCC::YUYV, SIZE, |_| {});
    let mut viewer = setup.watch("");
    let flood = setup.connect();
    let flooded = Arc::new(AtomicBool::new(false));
    let floods = Arc::clone(&flooded);
    let (mut reader, mut writer) = (flood.try_clone().unwrap(), flood.try_clone().unwrap());
    let threads = [
        std::thread::spawn(move || {
            while writer.write_all(&b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(400)).is_ok() {}
        }),
        std::thread::spawn(move || {
            while reader.read(&mut [0; 65536]).is_ok_and(|count| count > 0) {
                floods.store(true, Relaxed);
            }
        }),
    ];
    until("answers to the flood", || flooded.load(Relaxed).then_some(()));
    for _ in 0..10 {
        let sequence = setup.grey();
        assert_eq!(viewer.part().0, Some(sequence));
    }
    assert_eq!(setup.get("/healthz", "").status(), 200);
    flood.shutdown(std::net::Shutdown::Both).unwrap();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
