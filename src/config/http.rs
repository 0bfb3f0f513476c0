//! `[http]`: where pictures are served, to whom, and how many.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::Problem;
use super::settings::out_of_range;
use crate::format::Rate;

/// The port where none is said.
const PORT: u16 = 8080;
/// Where notices are where nothing is said: below what root alone writes.
const NOTICES: &str = "/run/picam/notices";
/// The keys of the table `[http]`.
pub const KEYS: [&str; 13] = [
    "listen",
    "token",
    "token-file",
    "password-hash",
    "allow-anonymous",
    "host-names",
    "quality",
    "max-quality",
    "max-fps",
    "max-connections",
    "max-connections-per-address",
    "allow-origin",
    "notices",
];

pub(super) const QUALITY: RangeInclusive<u8> = 1..=100;
pub(super) const CONNECTIONS: RangeInclusive<u32> = 1..=500;
/// Fewer characters could be guessed: thousands can be tried in a second.
const SHORTEST_TOKEN: usize = 16;
/// Bytes of a token's file that are read.
const LONGEST_FILE: u64 = 4096;
/// Of sixteen random hexadecimal digits, one in a million has fewer that differ.
const FEWEST_CHARACTERS: usize = 5;
/// Tokens that picam's documents had as an example, and that somebody may have copied.
const PUBLISHED: [&str; 1] = ["0c7d1e5a9b2f4863"];

/// What to serve over HTTP, and to whom.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpConfig {
    /// Where connections are taken.
    pub listen: SocketAddr,
    /// What clients show to be let in, as said or read from a file: as bearer token, as basic authentication's password, or as `?token=`.
    pub token: Option<Secret>,
    /// The hash, as crypt(3) has it for SHA-512 or SHA-256, of a password for basic authentication.
    pub password_hash: Option<Secret>,
    /// Whether everybody is let in.
    pub allow_anonymous: bool,
    /// The names under which everybody is, beside addresses and .local.
    pub host_names: Vec<String>,
    /// JPEG quality where the client asks for none: 1 to 100.
    pub quality: u8,
    /// The most a client can ask for.
    pub max_quality: u8,
    /// Frames per second a client gets at most; `None`: all there are.
    pub max_fps: Option<Rate>,
    /// Connections at one time.
    pub max_connections: u32,
    /// Of these, how many from one address.
    pub max_connections_per_address: u32,
    /// The origins (`https://example.com`) or `*` whose pages may read what is served.
    pub allow_origin: Vec<String>,
    /// The directory in which the rest of the system leaves what else is to be shown as wrong: a file each, of one line.
    pub notices: PathBuf,
}

/// A secret, which no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What one layer says of the above; `None`: nothing.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "they are HttpConfig's")]
pub struct HttpSettings {
    pub listen: Option<Listen>,
    pub token: Option<Secret>,
    pub token_file: Option<PathBuf>,
    pub password_hash: Option<Secret>,
    pub allow_anonymous: Option<bool>,
    pub host_names: Option<Vec<String>>,
    pub quality: Option<u8>,
    pub max_quality: Option<u8>,
    pub max_fps: Option<Rate>,
    pub max_connections: Option<u32>,
    pub max_connections_per_address: Option<u32>,
    pub allow_origin: Option<Vec<String>>,
    pub notices: Option<PathBuf>,
}

impl HttpSettings {
    pub(super) fn merge(self, over: HttpSettings) -> HttpSettings {
        HttpSettings {
            listen: over.listen.or(self.listen),
            // Of these two the later layer's is used.
            token: over.token.clone().or(self.token.filter(|_| over.token_file.is_none())),
            token_file: over.token_file.or(self.token_file.filter(|_| over.token.is_none())),
            password_hash: over.password_hash.or(self.password_hash),
            allow_anonymous: over.allow_anonymous.or(self.allow_anonymous),
            host_names: over.host_names.or(self.host_names),
            quality: over.quality.or(self.quality),
            max_quality: over.max_quality.or(self.max_quality),
            max_fps: over.max_fps.or(self.max_fps),
            max_connections: over.max_connections.or(self.max_connections),
            max_connections_per_address: over.max_connections_per_address.or(self.max_connections_per_address),
            allow_origin: over.allow_origin.or(self.allow_origin),
            notices: over.notices.or(self.notices),
        }
    }

    /// What they are together; `None`: nothing is served, as nothing was said, or `off`.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub(super) fn check(self) -> Result<Option<HttpConfig>, Vec<Problem>> {
        let said_nothing = self == HttpSettings::default();
        let Listen::At(listen) = self.listen.unwrap_or_default() else { return Ok(None) };
        let mut problems = Vec::new();
        let mut problem = |key, reason: String| problems.push(Problem { key, reason });
        let default = HttpConfig::at(listen);
        let mut token = self.token.filter(|token| !token.0.is_empty());
        match self.token_file.filter(|path| !path.as_os_str().is_empty()) {
            Some(_) if token.is_some() => problem("http.token-file", "and token: only one of them".to_owned()),
            Some(path) => match read_token(&path) {
                Ok(read) => token = Some(read),
                Err(reason) => {
                    problem("http.token-file", reason);
                    // So that it is not also said that there is none.
                    return Err(problems);
                }
            },
            None => {}
        }
        let config = HttpConfig {
            token,
            password_hash: self.password_hash.filter(|hash| !hash.0.is_empty()),
            allow_anonymous: self.allow_anonymous.unwrap_or(default.allow_anonymous),
            host_names: self.host_names.unwrap_or_default(),
            quality: self.quality.unwrap_or(default.quality),
            max_quality: self.max_quality.unwrap_or(default.max_quality.max(self.quality.unwrap_or(0))),
            max_fps: self.max_fps,
            max_connections: self.max_connections.unwrap_or(default.max_connections),
            max_connections_per_address: self
                .max_connections_per_address
                .unwrap_or(default.max_connections_per_address),
            allow_origin: self
                .allow_origin
                .unwrap_or_default()
                .into_iter()
                .filter(|origin| !origin.is_empty())
                .collect(),
            notices: self.notices.unwrap_or(default.notices),
            ..default
        };
        let has_secret = config.token.is_some() || config.password_hash.is_some();
        if config.allow_anonymous && has_secret {
            let reason = "lets everybody in without the token or password: leave one of them out";
            problem("http.allow-anonymous", reason.to_owned());
        }
        if !listen.ip().is_loopback() && !has_secret && !config.allow_anonymous {
            let reason = format!(
                "everybody who reaches {listen} could watch: say token or password-hash in [http], or write \
                 allow-anonymous = true there"
            );
            problem("http", reason);
        }
        if let Some(token) = &config.token {
            // As it is, it goes into addresses.
            let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"%+&#".contains(&byte);
            if token.0.len() < SHORTEST_TOKEN || !token.0.bytes().all(is_plain) {
                let reason = format!(
                    "should be {SHORTEST_TOKEN} or more letters, digits and signs (but %, +, & and #), such as `openssl rand -hex 16` gives"
                );
                problem("http.token", reason);
            } else if is_guessable(&token.0) {
                let reason =
                    "is easily guessed, or was published as an example: `openssl rand -hex 16` gives a good one";
                problem("http.token", reason.to_owned());
            }
        }
        if config.password_hash.as_ref().is_some_and(|hash| !crate::http::is_password_hash(&hash.0)) {
            let reason = format!(
                "should be what `openssl passwd -6` or `mkpasswd -m sha-512` prints: $6$..., of {} rounds at most",
                crate::http::MOST_ROUNDS
            );
            problem("http.password-hash", reason);
        }
        for (key, quality) in [("http.quality", config.quality), ("http.max-quality", config.max_quality)] {
            if !QUALITY.contains(&quality) {
                problem(key, out_of_range(quality, &QUALITY));
            }
        }
        if config.quality > config.max_quality {
            problem("http.quality", format!("{} is more than max-quality, {}", config.quality, config.max_quality));
        }
        if let Some(wrong) = config.allow_origin.iter().find(|origin| !is_origin(origin)) {
            let reason =
                format!("\"{wrong}\" should be an origin such as https://example.com:8443, without a path, or *");
            problem("http.allow-origin", reason);
        }
        match problems.is_empty() {
            true => Ok((!said_nothing).then_some(config)),
            false => Err(problems),
        }
    }
}

impl HttpConfig {
    /// What is served at an address where nothing else is said.
    pub fn at(listen: SocketAddr) -> Self {
        HttpConfig {
            listen,
            token: None,
            password_hash: None,
            allow_anonymous: false,
            host_names: Vec::new(),
            quality: 80,
            max_quality: 95,
            max_fps: None,
            max_connections: 64,
            max_connections_per_address: 32,
            allow_origin: Vec::new(),
            notices: PathBuf::from(NOTICES),
        }
    }
}

/// Whether it is one of the first that somebody would try: an example of picam's documents, few characters, or a sequence.
fn is_guessable(token: &str) -> bool {
    let bytes = token.as_bytes();
    let different = (0..=u8::MAX).filter(|byte| bytes.contains(byte)).count();
    let steps: Vec<u8> = bytes.iter().zip(bytes.iter().skip(1)).map(|(one, next)| next.wrapping_sub(*one)).collect();
    let in_sequence = (0..=u8::MAX).map(|step| steps.iter().filter(|own| **own == step).count()).max().unwrap_or(0);
    PUBLISHED.contains(&token) || different < FEWEST_CHARACTERS || 2 * in_sequence > steps.len()
}

/// The token in the first line of a file. A name without a directory is a credential that the service manager hands over
/// (systemd's LoadCredential=).
fn read_token(path: &Path) -> Result<Secret, String> {
    let directory = std::env::var_os("CREDENTIALS_DIRECTORY");
    let path = match &directory {
        Some(directory) if path.components().count() == 1 => Path::new(directory).join(path),
        _ => path.to_owned(),
    };
    let mut text = String::new();
    let read = File::open(&path).and_then(|file| file.take(LONGEST_FILE).read_to_string(&mut text));
    read.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let token = text.lines().next().unwrap_or_default().trim();
    if token.is_empty() { Err(format!("{} is empty", path.display())) } else { Ok(Secret(token.to_owned())) }
}

/// Whether it is an origin as the header `Origin` has it (RFC 6454, section 6.2), or the word for all of them.
fn is_origin(origin: &str) -> bool {
    let host = origin.strip_prefix("https://").or(origin.strip_prefix("http://"));
    origin == "*"
        || host.is_some_and(|host| {
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte))
        })
}

/// An address and a port to take connections at, or the word that takes back what another layer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// At this address.
    At(SocketAddr),
    /// Nowhere.
    Off,
}

impl Default for Listen {
    /// Only this machine's own programs.
    fn default() -> Self {
        Listen::At(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT))
    }
}

impl FromStr for Listen {
    type Err = String;

    /// `ADDRESS`, `ADDRESS:PORT`, `PORT` (of 127.0.0.1), `off`. A name other than localhost would have to be looked up,
    /// which at boot there is nobody to ask for.
    fn from_str(s: &str) -> Result<Self, String> {
        let address = |host: &str| match host.to_ascii_lowercase().as_str() {
            "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            host => host.trim_start_matches('[').trim_end_matches(']').parse().ok(),
        };
        let with_port = |s: &str| {
            let (host, port) = s.rsplit_once(':')?;
            // Without brackets, the colon would be the address's own.
            let is_one = !host.contains(':') || host.ends_with(']');
            Some(SocketAddr::new(address(host).filter(|_| is_one)?, port.parse().ok()?))
        };
        if s.is_empty() || s.eq_ignore_ascii_case("off") {
            return Ok(Listen::Off);
        }
        let port = s.parse().ok().map(|port: u16| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port));
        let listen = port.or_else(|| with_port(s)).or_else(|| Some(SocketAddr::new(address(s)?, PORT)));
        listen.map(Listen::At).ok_or_else(|| {
            format!("\"{s}\" is not an address: 127.0.0.1:8080, 0.0.0.0:8080 for the whole network, [::]:8080, a port, or off")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_said_in_many_ways() {
        for (text, expected) in [
            ("8080", "127.0.0.1:8080"),
            ("localhost", "127.0.0.1:8080"),
            ("localhost:80", "127.0.0.1:80"),
            ("0.0.0.0", "0.0.0.0:8080"),
            ("192.168.1.5:81", "192.168.1.5:81"),
            ("::", "[::]:8080"),
            ("[::]", "[::]:8080"),
            ("[::1]:82", "[::1]:82"),
        ] {
            assert_eq!(text.parse(), Ok(Listen::At(expected.parse().unwrap())), "{text}");
        }
        for off in ["off", ""] {
            assert_eq!(off.parse(), Ok(Listen::Off));
        }
        for bad in ["example.com", "1.2.3", "127.0.0.1:70000", ":8080", "http://localhost"] {
            assert!(bad.parse::<Listen>().is_err(), "{bad}");
        }
    }

    /// What `openssl rand -hex 10` gave.
    const TOKEN: &str = "f3a91c07be5d28464f0c";

    #[test]
    fn no_document_has_a_token_that_is_accepted() {
        for document in [include_str!("../../README.md"), include_str!("../../dist/picam.toml")] {
            let tokens = document.lines().filter_map(|line| line.trim_start_matches("# ").strip_prefix("token = \""));
            let tokens: Vec<_> = tokens.filter_map(|rest| rest.split('"').next()).collect();
            assert!(!tokens.is_empty());
            for token in tokens {
                let settings = HttpSettings { token: Some(Secret(token.to_owned())), ..HttpSettings::default() };
                assert!(settings.check().is_err(), "{token}");
            }
        }
    }

    #[test]
    fn a_token_may_stand_in_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let with = |path: &Path| HttpSettings { token_file: Some(path.to_owned()), ..HttpSettings::default() };
        assert!(problems(with(&path))[0].contains(&format!("cannot read {}", path.display())));
        for end in ["", "\n", "\r\n", "\nmore\n"] {
            std::fs::write(&path, format!("{TOKEN}{end}")).unwrap();
            assert_eq!(with(&path).check().unwrap().unwrap().token, Some(Secret(TOKEN.to_owned())), "{end:?}");
        }
        for bad in ["", "\n", "short\n"] {
            std::fs::write(&path, bad).unwrap();
            problems(with(&path));
        }
        let both = HttpSettings { token: Some(Secret(TOKEN.to_owned())), ..with(&path) };
        assert!(problems(both.clone())[0].contains("only one"));
        // A later layer's token takes the place of the file, and the other way round.
        let later = HttpSettings { token: Some(Secret(TOKEN.to_owned())), ..HttpSettings::default() };
        assert!(with(&path).merge(later).check().is_ok());
    }

    fn problems(settings: HttpSettings) -> Vec<String> {
        settings.check().unwrap_err().iter().map(Problem::to_string).collect()
    }

    #[test]
    fn nobody_is_let_in_unasked() {
        assert_eq!(HttpSettings::default().check(), Ok(None), "off unless asked for");
        let listen = |text: &str| Some(text.parse().unwrap());
        let open = HttpSettings { listen: listen("0.0.0.0"), ..HttpSettings::default() };
        assert!(problems(open.clone())[0].contains("everybody"));
        let secret = |text: &str| Some(Secret(text.to_owned()));
        assert!(HttpSettings { token: secret(TOKEN), ..open.clone() }.check().is_ok());
        assert!(HttpSettings { allow_anonymous: Some(true), ..open.clone() }.check().is_ok());
        assert!(HttpSettings { listen: listen("[::1]"), ..open.clone() }.check().is_ok());
        for (token, hash) in [
            ("", ""),
            ("short", ""),
            ("with one space in", ""),
            ("0123456789%abcdef", ""),
            ("0c7d1e5a9b2f4863", ""),
            ("aaaaaaaaaaaaaaaa", ""),
            ("abcabcabcabcabcabc", ""),
            ("0123456789abcdef", ""),
            ("fedcba9876543210", ""),
            ("", "password"),
            ("", "$1$salt$hash"),
        ] {
            problems(HttpSettings { token: secret(token), password_hash: secret(hash), ..open.clone() });
        }
        let both = HttpSettings { token: secret(TOKEN), allow_anonymous: Some(true), ..open };
        assert!(problems(both)[0].contains("leave one of them out"));
    }

    #[test]
    fn a_later_layer_can_switch_it_off() {
        let on = HttpSettings { quality: Some(50), ..HttpSettings::default() };
        assert_eq!(on.clone().check().unwrap().unwrap().listen, "127.0.0.1:8080".parse().unwrap());
        let off = on.merge(HttpSettings { listen: Some(Listen::Off), ..HttpSettings::default() });
        assert_eq!(off.check(), Ok(None));
    }

    #[test]
    fn no_log_shows_a_secret() {
        let config =
            HttpConfig { token: Some(Secret("hunter2hunter2".into())), ..HttpConfig::at("[::1]:1".parse().unwrap()) };
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
