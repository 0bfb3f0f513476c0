//! Who may watch: the token or the password, compared in constant time.
//!
//! A token is compared at once. A password takes milliseconds to hash, which is the [`verifier`](super::verifier)'s work, and
//! only until the right one is known. Wrong ones are limited for each address, so that guesses from one do not lock out others.

use std::net::IpAddr;
use std::time::Duration;

use base64ct::{Base64, Encoding};
use ctutils::CtEq;
use sha_crypt::{PasswordVerifier, ShaCrypt};
use sha2::{Digest, Sha256};

use super::request::{Request, host_name};
use super::verifier::Attempt;
use crate::config::HttpConfig;

/// Passwords of one address that are checked in a second. Where somebody guesses from the owner's address, the owner's own
/// password is one of them, so it is more than fifty. A good password withstands that for a thousand years.
const GUESSES_A_SECOND: usize = 64;
/// Rounds of hashing that a password may take: twice what crypt(3) has where nothing is said.
pub(crate) const MOST_ROUNDS: u32 = 10_000;
/// Bytes of a password that is looked at: what a hash costs grows with them.
const LONGEST_PASSWORD: usize = 256;
/// How long a browser keeps the cookie after it last opened the page.
const COOKIE_TIME: Duration = Duration::from_secs(90 * 24 * 3600);
/// Addresses that are remembered, of each kind.
const MOST_ADDRESSES: usize = 256;

/// What comes of a request's credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Granted,
    /// None were given.
    Missing,
    Wrong,
    /// This password has to be hashed first; [`Access::learn`] takes the result.
    Unknown(Vec<u8>),
    /// Too many wrong passwords of late.
    TooManyGuesses,
    /// Without a secret, requests under another machine's name are refused: a web page elsewhere could have its name resolved
    /// to this address (DNS rebinding), and read what its visitor can read.
    ForeignHost,
}

/// The server's secrets.
#[derive(Debug)]
pub(super) struct Access {
    token: Option<Vec<u8>>,
    /// What the page's cookie has instead of the token: cookies go to every port of this host.
    cookie: Option<String>,
    cookie_name: String,
    has_password: bool,
    /// The password that was right, so that its hash is not computed for every request.
    password: Option<Vec<u8>>,
    /// Who gave it: not to be limited by what others at the address guess.
    known: Vec<IpAddr>,
    /// The names to serve under where there is no secret, beside addresses; `None`: only this machine's programs.
    names: Option<Vec<String>>,
    /// Whose passwords were looked at in this second.
    guesses: Vec<IpAddr>,
    /// When that began, on CLOCK_MONOTONIC.
    since: Duration,
}

/// Whether it is a hash as crypt(3) writes it that picam can check: SHA-512 (`$6$`) or SHA-256 (`$5$`).
pub(crate) fn is_password_hash(hash: &str) -> bool {
    let mut parts = hash.split('$');
    let rounds = parts.clone().nth(2).and_then(|part| part.strip_prefix("rounds="));
    let digest = parts.next_back().map_or(0, str::len);
    let is_whole = hash.starts_with("$6$") && digest == 86 || hash.starts_with("$5$") && digest == 43;
    if !is_whole || rounds.is_some_and(|rounds| !rounds.parse().is_ok_and(|rounds: u32| rounds <= MOST_ROUNDS)) {
        return false;
    }
    // A hash of something else is a hash all the same.
    let verified = ShaCrypt::default().verify_password(b"", hash);
    matches!(verified, Ok(()) | Err(sha_crypt::password_hash::Error::PasswordInvalid))
}

impl Access {
    pub(super) fn new(config: &HttpConfig) -> Self {
        Access {
            token: config.token.as_ref().map(|token| token.0.clone().into_bytes()),
            cookie: config.token.as_ref().map(|token| cookie(&token.0)),
            // Each port's own.
            cookie_name: format!("picam-{}", config.listen.port()),
            has_password: config.password_hash.is_some(),
            password: None,
            known: Vec::new(),
            names: config.allow_anonymous.then(|| config.host_names.clone()),
            guesses: Vec::new(),
            since: Duration::ZERO,
        }
    }

    /// Whether the request of `peer` may be answered, at `now` on CLOCK_MONOTONIC.
    pub(super) fn check(&mut self, request: &Request, peer: IpAddr, now: Duration) -> Verdict {
        if self.token.is_none() && !self.has_password {
            let is_own = request.host.as_deref().is_none_or(|host| self.is_own_name(host));
            return if is_own { Verdict::Granted } else { Verdict::ForeignHost };
        }
        let mut password = None;
        let mut given = Vec::new();
        given.extend(request.query("token").map(|token| token.as_bytes().to_vec()));
        match request.authorization.as_deref().and_then(|value| value.split_once(' ')) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                given.push(token.trim().as_bytes().to_vec())
            }
            Some((scheme, encoded)) if scheme.eq_ignore_ascii_case("basic") => {
                let decoded = Base64::decode_vec(encoded.trim()).unwrap_or_default();
                // Any user name will do: there is one secret, and nothing that users could have of their own.
                if let Some(colon) = decoded.iter().position(|byte| *byte == b':') {
                    password = Some(decoded[colon + 1..].to_vec());
                }
                given.push(password.clone().unwrap_or_default());
            }
            _ => {}
        }
        // Whichever is right counts: an old bearer token of a client does not spoil the link that its user was given.
        // An old cookie is nobody's guess.
        if given.iter().any(|given| self.is_token(given)) || self.has_cookie(request) {
            return Verdict::Granted;
        }
        match password {
            Some(password) if self.has_password && password.len() <= LONGEST_PASSWORD => {
                self.check_password(password, peer, now)
            }
            _ if given.is_empty() => Verdict::Missing,
            _ => Verdict::Wrong,
        }
    }

    /// What hashing said of a password.
    pub(super) fn learn(&mut self, attempt: Attempt, is_right: bool) -> Verdict {
        if !is_right {
            return Verdict::Wrong;
        }
        self.password = Some(attempt.password);
        self.knows(attempt.peer)
    }

    /// The header by which the browser keeps what it needs in place of the token; `None` if this request shows neither that nor a
    /// cookie: a password lets in for as long as it is the password.
    pub(super) fn set_cookie(&self, request: &Request) -> Option<String> {
        let by_token = request.query("token").is_some_and(|token| self.is_token(token.as_bytes()));
        let cookie = self.cookie.as_ref().filter(|_| by_token || self.has_cookie(request))?;
        let seconds = COOKIE_TIME.as_secs();
        Some(format!("Set-Cookie: {}={cookie}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict", self.cookie_name))
    }

    fn has_cookie(&self, request: &Request) -> bool {
        let given = request.cookie(&self.cookie_name).zip(self.cookie.as_deref());
        given.is_some_and(|(given, cookie)| equal(cookie.as_bytes(), given.as_bytes()))
    }

    fn is_token(&self, given: &[u8]) -> bool {
        self.token.as_deref().is_some_and(|token| equal(token, given))
    }

    fn check_password(&mut self, given: Vec<u8>, peer: IpAddr, now: Duration) -> Verdict {
        if !self.known.contains(&peer) {
            if now.saturating_sub(self.since) >= Duration::from_secs(1) {
                self.since = now;
                self.guesses.clear();
            }
            if self.guesses.iter().filter(|guesser| **guesser == peer).count() >= GUESSES_A_SECOND {
                return Verdict::TooManyGuesses;
            }
            if self.guesses.len() < MOST_ADDRESSES * GUESSES_A_SECOND {
                self.guesses.push(peer);
            }
        }
        match &self.password {
            Some(password) if equal(password, &given) => self.knows(peer),
            Some(_) => Verdict::Wrong,
            None => Verdict::Unknown(given),
        }
    }

    /// This address gave the right password. This machine's own is that of all who come through a proxy here.
    fn knows(&mut self, peer: IpAddr) -> Verdict {
        if !self.known.contains(&peer) && !peer.is_loopback() {
            if self.known.len() == MOST_ADDRESSES {
                self.known.remove(0);
            }
            self.known.push(peer);
        }
        Verdict::Granted
    }

    /// Whether a `Host` header is a name of this machine's own, to whoever needs no secret.
    fn is_own_name(&self, host: &str) -> bool {
        let name = host_name(host).to_ascii_lowercase();
        let address: Option<IpAddr> = name.parse().ok();
        match &self.names {
            None => name == "localhost" || address.is_some_and(|address| address.is_loopback()),
            // No name server outside this network gives out .local.
            Some(names) => {
                address.is_some()
                    || name == "localhost"
                    || name.ends_with(".local")
                    || names.iter().any(|own| own.eq_ignore_ascii_case(&name))
            }
        }
    }
}

/// What proves that its owner had the token, and does not tell it. The same after a restart, another for another token.
fn cookie(token: &str) -> String {
    let digest = Sha256::new().chain_update(b"picam's cookie of the token ").chain_update(token).finalize();
    digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// In a time that depends on the lengths alone.
fn equal(secret: &[u8], given: &[u8]) -> bool {
    bool::from(secret.ct_eq(given))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    /// `openssl passwd -6 -salt saltsalt secret`
    const HASH: &str =
        "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1";

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn access(token: Option<&str>, hash: Option<&str>, allow_anonymous: bool) -> Access {
        let secret = |text: &str| Secret(text.to_owned());
        Access::new(&HttpConfig {
            token: token.map(secret),
            password_hash: hash.map(secret),
            allow_anonymous,
            ..HttpConfig::at("0.0.0.0:8080".parse().unwrap())
        })
    }

    fn request(target: &str, headers: &str) -> Request {
        Request::parse(format!("GET {target} HTTP/1.1\r\n{headers}\r\n").as_bytes()).unwrap().unwrap().0
    }

    #[test]
    fn a_token_is_taken_in_three_ways() {
        let mut access = access(Some("0123456789"), None, false);
        let mut check = |target: &str, headers: &str| access.check(&request(target, headers), HERE, Duration::ZERO);
        for (target, headers) in [
            ("/", "Authorization: Bearer 0123456789\r\n"),
            ("/", "authorization: bearer 0123456789 \r\n"),
            ("/", "Authorization: Basic bWU6MDEyMzQ1Njc4OQ==\r\n"),
            ("/?token=0123456789", ""),
            ("/stream?fps=2&token=%30123456789", ""),
        ] {
            assert_eq!(check(target, headers), Verdict::Granted, "{target} {headers}");
        }
        for (target, headers) in [
            ("/", ""),
            ("/", "Authorization: Bearer 012345678\r\n"),
            ("/", "Authorization: Bearer 01234567890\r\n"),
            ("/", "Authorization: Bearer\r\n"),
            ("/", "Authorization: Basic ====\r\n"),
            ("/", "Authorization: Basic MDEyMzQ1Njc4OQ==\r\n"),
            ("/?token=", ""),
            ("/?Token=0123456789", ""),
        ] {
            let verdict = check(target, headers);
            assert!(matches!(verdict, Verdict::Wrong | Verdict::Missing), "{target} {headers}: {verdict:?}");
        }
    }

    fn basic(password: &str) -> Request {
        let encoded = Base64::encode_string(format!("me:{password}").as_bytes());
        request("/", &format!("Authorization: Basic {encoded}\r\n"))
    }

    #[test]
    fn hashes_are_those_that_can_be_checked_quickly() {
        assert!(is_password_hash(HASH));
        let slow = HASH.replace("$6$", "$6$rounds=10001$");
        for bad in
            ["", "é", "secret", "$1$a$b", "$6$", "$6$salt", "$6$salt$", "$y$j9T$a$b", &HASH[..HASH.len() - 1], &slow]
        {
            assert!(!is_password_hash(bad), "{bad}");
        }
    }

    #[test]
    fn guessing_is_limited_and_shuts_out_nobody() {
        let mut access = access(None, Some(HASH), false);
        let (guesser, owner) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let mut second = 0;
        // Half of them before anybody was let in, the other half after that.
        for is_known in [false, true] {
            let now = Duration::from_secs(second);
            second += 1;
            for n in 0..GUESSES_A_SECOND {
                let guess = format!("guess {n}");
                let expected = if is_known { Verdict::Wrong } else { Verdict::Unknown(guess.clone().into_bytes()) };
                assert_eq!(access.check(&basic(&guess), guesser, now), expected);
            }
            assert_eq!(access.check(&basic("guess"), guesser, now), Verdict::TooManyGuesses);
            assert_eq!(access.check(&basic("secret"), guesser, now), Verdict::TooManyGuesses, "right or wrong");
            let attempt = Attempt { ticket: 1, peer: owner, password: b"secret".to_vec() };
            match access.check(&basic("secret"), owner, now) {
                Verdict::Unknown(password) if !is_known => assert_eq!(password, attempt.password),
                verdict => assert_eq!(verdict, Verdict::Granted),
            }
            assert_eq!(access.learn(Attempt { password: b"guess".to_vec(), ..attempt.clone() }, false), Verdict::Wrong);
            assert_eq!(access.learn(attempt, true), Verdict::Granted);
        }
        // Who gave the right one is not limited any more, whatever comes from there.
        let now = Duration::from_secs(second);
        for _ in 0..2 * GUESSES_A_SECOND {
            assert_eq!(access.check(&basic("guess"), owner, now), Verdict::Wrong);
        }
        assert_eq!(access.check(&basic("secret"), owner, now), Verdict::Granted);
        assert_eq!(access.check(&basic(&"long".repeat(1000)), owner, now), Verdict::Wrong);
    }

    #[test]
    fn any_right_secret_lets_in() {
        let mut access = access(Some("0123456789abcdef"), Some(HASH), false);
        let right = "/?token=0123456789abcdef";
        for headers in
            ["Authorization: Bearer old\r\n", "Authorization: Basic bWU6b2xk\r\n", "Authorization: Other x\r\n"]
        {
            assert_eq!(access.check(&request(right, headers), HERE, Duration::ZERO), Verdict::Granted, "{headers}");
        }
    }

    #[test]
    fn without_a_secret_other_machines_names_are_refused() {
        let local = HttpConfig::at("127.0.0.1:8080".parse().unwrap());
        let open =
            HttpConfig { allow_anonymous: true, host_names: vec!["camera.example.org".to_owned()], ..local.clone() };
        for (host, by_local, by_open) in [
            ("localhost:8080", true, true),
            ("localhost.", true, true),
            ("127.0.0.1", true, true),
            ("[::1]:8080", true, true),
            ("192.168.1.1:8080", false, true),
            ("[fe80::1]", false, true),
            ("picam.local:8080", false, true),
            ("Camera.example.org", false, true),
            ("evil.example:8080", false, false),
            ("camera.example.org.evil.example", false, false),
            ("local", false, false),
        ] {
            let asked = request("/", &format!("Host: {host}\r\n"));
            for (config, is_granted) in [(&local, by_local), (&open, by_open)] {
                let expected = if is_granted { Verdict::Granted } else { Verdict::ForeignHost };
                assert_eq!(Access::new(config).check(&asked, HERE, Duration::ZERO), expected, "{host}");
            }
        }
    }
}
