//! Who may watch: the token or the password, compared in constant time.

use std::net::IpAddr;
use std::time::Duration;

use base64ct::{Base64, Encoding};
use ctutils::CtEq;
use sha_crypt::{PasswordVerifier, ShaCrypt};

use super::request::Request;
use crate::config::HttpConfig;

/// A wrong password costs milliseconds of the thread that serves everybody: so many of them a second are looked at.
const GUESSES_A_SECOND: usize = 4;
/// Of these, from one address: who guesses shuts out nobody else.
const GUESSES_OF_ONE: usize = 2;
/// Rounds of hashing that a password may take. crypt(3) has 5,000 where nothing is said.
const MOST_ROUNDS: u32 = 100_000;
/// Bytes of a password that is looked at: what a hash costs grows with them.
const LONGEST_PASSWORD: usize = 256;

/// What comes of a request's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Granted,
    /// None were given, or wrong ones.
    Denied,
    /// Too many wrong passwords of late.
    TooManyGuesses,
    /// Whoever serves only this machine's own programs is not to be asked under another machine's name: a web page
    /// elsewhere could have its name resolved to 127.0.0.1, and read what its visitor can read.
    ForeignHost,
}

/// The server's secrets.
#[derive(Debug)]
pub(super) struct Access {
    token: Option<Vec<u8>>,
    password_hash: Option<String>,
    /// The password that was right, so that its hash is not computed for every request.
    password: Option<Vec<u8>>,
    /// Whether nobody but this machine's programs can connect, and they need no secret.
    local_only: bool,
    /// Who guessed wrong in this second.
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
        let has_secret = config.token.is_some() || config.password_hash.is_some();
        Access {
            token: config.token.as_ref().map(|token| token.0.clone().into_bytes()),
            password_hash: config.password_hash.as_ref().map(|hash| hash.0.clone()),
            password: None,
            local_only: !has_secret && !config.allow_anonymous,
            guesses: Vec::new(),
            since: Duration::ZERO,
        }
    }

    /// Whether the request of `peer` may be answered, at `now` on CLOCK_MONOTONIC.
    pub(super) fn check(&mut self, request: &Request, peer: IpAddr, now: Duration) -> Verdict {
        if self.token.is_none() && self.password_hash.is_none() {
            let is_local = !self.local_only || request.host.as_deref().is_none_or(is_loopback);
            return if is_local { Verdict::Granted } else { Verdict::ForeignHost };
        }
        let authorization = request.authorization.as_deref().and_then(|value| value.split_once(' '));
        let password = match authorization {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                return if self.is_token(token.trim().as_bytes()) { Verdict::Granted } else { Verdict::Denied };
            }
            Some((scheme, encoded)) if scheme.eq_ignore_ascii_case("basic") => {
                let decoded = Base64::decode_vec(encoded.trim()).unwrap_or_default();
                // Any user name will do: there is one secret, and nothing that users could have of their own.
                decoded.iter().position(|byte| *byte == b':').map(|colon| decoded[colon + 1..].to_vec())
            }
            _ => None,
        };
        let by_query = request.query("token").is_some_and(|token| self.is_token(token.as_bytes()));
        match password {
            _ if by_query => Verdict::Granted,
            Some(password) if self.is_token(&password) => Verdict::Granted,
            Some(password) if password.len() <= LONGEST_PASSWORD => self.check_password(password, peer, now),
            _ => Verdict::Denied,
        }
    }

    fn is_token(&self, given: &[u8]) -> bool {
        self.token.as_deref().is_some_and(|token| equal(token, given))
    }

    fn check_password(&mut self, given: Vec<u8>, peer: IpAddr, now: Duration) -> Verdict {
        let Some(hash) = &self.password_hash else { return Verdict::Denied };
        if self.password.as_deref().is_some_and(|password| equal(password, &given)) {
            return Verdict::Granted;
        }
        if now.saturating_sub(self.since) >= Duration::from_secs(1) {
            self.since = now;
            self.guesses.clear();
        }
        let of_peer = self.guesses.iter().filter(|guesser| **guesser == peer).count();
        if self.guesses.len() >= GUESSES_A_SECOND || of_peer >= GUESSES_OF_ONE {
            return Verdict::TooManyGuesses;
        }
        self.guesses.push(peer);
        if ShaCrypt::default().verify_password(&given, hash.as_str()).is_err() {
            return Verdict::Denied;
        }
        self.password = Some(given);
        Verdict::Granted
    }
}

/// In a time that depends on the lengths alone.
fn equal(secret: &[u8], given: &[u8]) -> bool {
    bool::from(secret.ct_eq(given))
}

/// Whether a `Host` header names this machine as it names itself.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
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
            assert_eq!(check(target, headers), Verdict::Denied, "{target} {headers}");
        }
    }

    #[test]
    fn a_password_is_checked_by_its_hash_and_guessing_is_slow() {
        assert!(is_password_hash(HASH));
        let slow = HASH.replace("$6$", "$6$rounds=999999999$");
        for bad in
            ["", "é", "secret", "$1$a$b", "$6$", "$6$salt", "$6$salt$", "$y$j9T$a$b", &HASH[..HASH.len() - 1], &slow]
        {
            assert!(!is_password_hash(bad), "{bad}");
        }
        let mut access = access(None, Some(HASH), false);
        let mut check = |password: &str, peer: [u8; 4], now| {
            let encoded = Base64::encode_string(format!("me:{password}").as_bytes());
            access.check(&request("/", &format!("Authorization: Basic {encoded}\r\n")), peer.into(), now)
        };
        let (guesser, owner) = ([10, 0, 0, 1], [10, 0, 0, 2]);
        for _ in 0..GUESSES_OF_ONE {
            assert_eq!(check("wrong", guesser, Duration::ZERO), Verdict::Denied);
        }
        assert_eq!(check("wrong", guesser, Duration::ZERO), Verdict::TooManyGuesses);
        assert_eq!(check("secret", owner, Duration::ZERO), Verdict::Granted, "who knows it is not shut out");
        assert_eq!(check("secret", guesser, Duration::ZERO), Verdict::Granted, "nor later from anywhere");
        assert_eq!(check("wrong", guesser, Duration::from_secs(1)), Verdict::Denied);
        assert_eq!(check(&"long".repeat(1000), owner, Duration::from_secs(1)), Verdict::Denied);
    }

    #[test]
    fn a_server_for_this_machine_only_answers_to_its_name() {
        let local = HttpConfig::at("127.0.0.1:8080".parse().unwrap());
        for (host, verdict) in [
            ("localhost:8080", Verdict::Granted),
            ("127.0.0.1", Verdict::Granted),
            ("[::1]:8080", Verdict::Granted),
            ("evil.example:8080", Verdict::ForeignHost),
            ("192.168.1.1", Verdict::ForeignHost),
        ] {
            let asked = request("/", &format!("Host: {host}\r\n"));
            assert_eq!(Access::new(&local).check(&asked, HERE, Duration::ZERO), verdict, "{host}");
            assert_eq!(access(None, None, true).check(&asked, HERE, Duration::ZERO), Verdict::Granted);
        }
    }
}
