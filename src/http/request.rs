//! A request as far as it matters here: `httparse` reads it, `form_urlencoded` its query.

use httparse::Status;

/// More bytes than this is no request for a picture. Players send a few hundred.
pub(super) const LONGEST: usize = 8192;
const MOST_HEADERS: usize = 64;
const MOST_PARAMETERS: usize = 16;

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    query: Vec<(String, String)>,
    pub(super) host: Option<String>,
    /// What kinds of answer the client understands.
    pub(super) accept: Option<String>,
    pub(super) authorization: Option<String>,
    pub(super) origin: Option<String>,
    referer: Option<String>,
    cookies: Vec<String>,
    /// Whether the page's own script asks, which shows itself what is wrong: the browser is not to ask for a password.
    pub(super) is_of_page: bool,
    /// Whether it does not say, or says twice, which host it is for.
    pub(super) is_misdirected: bool,
    /// Whether the connection may be used again.
    pub(super) keep_alive: bool,
}

impl Request {
    /// The request that `bytes` begin with, and its length; `None` while it is not whole.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Request, usize)>, httparse::Error> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        let Status::Complete(length) = parsed.parse(bytes)? else { return Ok(None) };
        let (authority, target) = split_target(parsed.path.unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut request = Request {
            method: parsed.method.unwrap_or_default().to_owned(),
            path: percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned(),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().take(MOST_PARAMETERS).collect(),
            keep_alive: parsed.version == Some(1),
            ..Request::default()
        };
        let mut has_body = false;
        let mut hosts = 0;
        for header in parsed.headers.iter() {
            let value = String::from_utf8_lossy(header.value).trim().to_owned();
            match header.name.to_ascii_lowercase().as_str() {
                "host" => {
                    hosts += 1;
                    request.host = Some(value);
                }
                "accept" => request.accept = Some(value),
                "authorization" => request.authorization = Some(value),
                "origin" => request.origin = Some(value),
                "cookie" => request.cookies.push(value),
                "x-picam" => request.is_of_page = true,
                "referer" => request.referer = Some(value),
                "connection" => {
                    request.keep_alive &= !value.split(',').any(|option| option.trim().eq_ignore_ascii_case("close"));
                }
                "content-length" => has_body |= value != "0",
                "transfer-encoding" => has_body = true,
                _ => {}
            }
        }
        // RFC 9112, section 3.2: none is of an older client, and two are of somebody who would deceive a proxy.
        request.is_misdirected = hosts > 1 || hosts == 0 && parsed.version == Some(1);
        request.host = authority.map(str::to_owned).or(request.host);
        // A body is not read, so what follows the headers is not the next request.
        request.keep_alive &= !has_body;
        Ok(Some((request, length)))
    }

    /// The origin of the page that asks: it says so by Origin, or for pictures by Referer.
    pub(super) fn page(&self) -> Option<&str> {
        let page = self.origin.as_deref().or(self.referer.as_deref())?;
        let host = page.find("://")? + 3;
        let length = page.get(host..)?.find('/').map_or(page.len(), |end| host + end);
        page.get(..length)
    }

    /// Whether a page of this host, at whatever port, asks.
    pub(super) fn is_from_same_host(&self) -> bool {
        let page = self.page().and_then(|page| page.strip_prefix("http://").or(page.strip_prefix("https://")));
        let page = page.map(host_name);
        page.is_some_and(|page| self.host.as_deref().is_some_and(|host| host_name(host).eq_ignore_ascii_case(page)))
    }

    /// The value of a cookie.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let mut cookies = self.cookies.iter().flat_map(|line| line.split(';'));
        cookies.find_map(|cookie| cookie.trim().strip_prefix(name)?.strip_prefix('='))
    }

    /// The value of a parameter of the query, the first of its name.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Takes a target in absolute form, as proxies get it, apart: `http://HOST:PORT/path` (RFC 9112, section 3.2.2).
fn split_target(target: &str) -> (Option<&str>, &str) {
    let Some(rest) = target.strip_prefix("http://").or(target.strip_prefix("https://")) else { return (None, target) };
    match rest.find(['/', '?']) {
        Some(at) if rest[at..].starts_with('/') => (Some(&rest[..at]), &rest[at..]),
        // Without a path, that is the first.
        Some(at) => (Some(&rest[..at]), "/"),
        None => (Some(rest), "/"),
    }
}

/// The host of `HOST:PORT`, without the brackets of an IPv6 address and the dot of a name that is complete.
pub(super) fn host_name(authority: &str) -> &str {
    let name = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_request_is_read_when_it_is_whole() {
        let text = "GET /stream?fps=5&quality=%370 HTTP/1.1\r\nHost: camera:8080\r\nOrigin: http://a\r\n\r\nGET /";
        for end in 0..text.len() - 5 {
            assert_eq!(Request::parse(&text.as_bytes()[..end]), Ok(None));
        }
        let (request, length) = Request::parse(text.as_bytes()).unwrap().unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/stream"));
        assert_eq!((request.query("fps"), request.query("quality"), request.query("q")), (Some("5"), Some("70"), None));
        assert_eq!((request.host.as_deref(), request.origin.as_deref()), (Some("camera:8080"), Some("http://a")));
        assert!(request.keep_alive && length == text.len() - 5);
    }

    #[test]
    fn a_target_is_read_in_each_form() {
        for (target, path, host, action) in [
            ("/stream", "/stream", "camera", None),
            ("/s%74ream", "/stream", "camera", None),
            ("/a%2fb%", "/a/b%", "camera", None),
            ("http://other:8080/stream?action=x", "/stream", "other:8080", Some("x")),
            ("http://other", "/", "other", None),
            ("https://[::1]:1/", "/", "[::1]:1", None),
        ] {
            let parsed = Request::parse(format!("GET {target} HTTP/1.1\r\nHost: camera\r\n\r\n").as_bytes());
            let request = parsed.unwrap().unwrap().0;
            assert_eq!((request.path.as_str(), request.host.as_deref()), (path, Some(host)), "{target}");
            assert_eq!(request.query("action"), action);
        }
    }

    #[test]
    fn a_request_names_its_host_once() {
        for (head, is_misdirected) in [
            ("GET / HTTP/1.1\r\nHost: a\r\n", false),
            ("GET / HTTP/1.0\r\n", false),
            ("GET / HTTP/1.1\r\n", true),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n", true),
            ("GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n", true),
        ] {
            let request = Request::parse(format!("{head}\r\n").as_bytes()).unwrap().unwrap().0;
            assert_eq!(request.is_misdirected, is_misdirected, "{head}");
        }
    }

    #[test]
    fn connections_are_kept_as_the_client_says() {
        for (head, kept) in [
            ("GET / HTTP/1.1\r\n", true),
            ("GET / HTTP/1.1\r\nConnection: Close\r\n", false),
            ("GET / HTTP/1.1\r\nConnection: TE, close\r\n", false),
            ("GET / HTTP/1.0\r\n", false),
            ("GET / HTTP/1.1\r\nContent-Length: 0\r\n", true),
            ("GET / HTTP/1.1\r\nContent-Length: 5\r\n", false),
            ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", false),
        ] {
            let parsed = Request::parse(format!("{head}\r\n").as_bytes()).unwrap().unwrap();
            assert_eq!(parsed.0.keep_alive, kept, "{head}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_request_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            if let Ok(Some((_, length))) = Request::parse(&bytes) {
                prop_assert!(length <= bytes.len());
            }
        }
    }
}
