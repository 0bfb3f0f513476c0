//! An answer: status line, headers and body.

use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

use httpdate::HttpDate;

use super::request::Request;

/// No clock that is right shows an earlier time: 2026, in seconds since 1970.
const FIRST_RELEASE: Duration = Duration::from_secs(1_767_225_600);

/// Whether this time of day is that of a clock that was set since the start.
pub(super) fn is_set(time_of_day: &Duration) -> bool {
    *time_of_day > FIRST_RELEASE
}

/// An answer that is whole, as all but pictures are.
pub(super) struct Response {
    pub(super) status: Status,
    pub(super) content_type: &'static str,
    /// More headers, each ended by a line end.
    pub(super) headers: String,
    pub(super) body: Vec<u8>,
}

/// A status code and its words (RFC 9110, section 15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status(pub(super) u16, &'static str);

impl Status {
    pub(super) const OK: Status = Status(200, "OK");
    pub(super) const NO_CONTENT: Status = Status(204, "No Content");
    pub(super) const BAD_REQUEST: Status = Status(400, "Bad Request");
    pub(super) const UNAUTHORIZED: Status = Status(401, "Unauthorized");
    pub(super) const FORBIDDEN: Status = Status(403, "Forbidden");
    pub(super) const NOT_FOUND: Status = Status(404, "Not Found");
    pub(super) const METHOD_NOT_ALLOWED: Status = Status(405, "Method Not Allowed");
    pub(super) const TIMEOUT: Status = Status(408, "Request Timeout");
    pub(super) const TOO_MANY_REQUESTS: Status = Status(429, "Too Many Requests");
    pub(super) const TOO_LARGE: Status = Status(431, "Request Header Fields Too Large");
    pub(super) const UNAVAILABLE: Status = Status(503, "Service Unavailable");
}

impl Status {
    /// Writes the status line.
    pub(super) fn write(self, text: &mut String) {
        let Status(code, words) = self;
        // Writing to a String does not fail, here and below.
        let _ = write!(text, "HTTP/1.1 {code} {words}\r\n");
    }
}

impl Response {
    pub(super) fn new(status: Status, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Response { status, content_type, headers: String::new(), body: body.into() }
    }

    /// A line that tells a person what is wrong.
    pub(super) fn text(status: Status, line: impl std::fmt::Display) -> Self {
        Response::new(status, "text/plain; charset=utf-8", format!("{line}\n"))
    }

    #[must_use]
    pub(super) fn with(mut self, header: &str) -> Self {
        self.headers.push_str(header);
        self.headers.push_str("\r\n");
        self
    }
}

/// What the answer to a request has in its head, whatever it is.
#[derive(Clone, Copy)]
pub(super) struct Head<'a> {
    /// Since 1970.
    pub(super) date: Duration,
    pub(super) keep_alive: bool,
    /// The configured origins whose pages may read what is served.
    pub(super) allow_origin: &'a [String],
    pub(super) request: Option<&'a Request>,
}

impl Head<'_> {
    /// Writes the headers that do not tell of the body.
    pub(super) fn write(self, text: &mut String) {
        // A clock that nobody has set yet is none (RFC 9110, section 6.6.1).
        let date = UNIX_EPOCH.checked_add(self.date).filter(|_| is_set(&self.date)).map(HttpDate::from);
        let date = date.map_or_else(String::new, |date| format!("Date: {date}\r\n"));
        let connection = if self.keep_alive { "keep-alive" } else { "close" };
        // A picture is stale at once, and its address may have the token in it.
        let _ = write!(
            text,
            "Server: picam\r\n{date}Connection: {connection}\r\nCache-Control: no-store\r\n\
             X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
        );
        // Another port of the same host may show it, as OctoPrint does; another site may not. That a host is its own site
        // browsers know of names only, and not of addresses: there, the page's address decides.
        let is_allowed = self.request.is_some_and(|request| {
            request.is_from_same_host()
                || request.page().is_some_and(|page| self.allow_origin.iter().any(|own| own == page))
        });
        let allows_all = self.allow_origin.iter().any(|allowed| allowed == "*");
        let policy = if is_allowed || allows_all { "cross-origin" } else { "same-site" };
        let _ = write!(text, "Cross-Origin-Resource-Policy: {policy}\r\nVary: Origin, Referer\r\n");
        let origin = self.request.and_then(|request| request.origin.as_deref());
        if let Some(origin) = origin.filter(|origin| allows_all || self.allow_origin.iter().any(|own| own == origin)) {
            let origin = if allows_all { "*" } else { origin };
            let _ = write!(
                text,
                "Access-Control-Allow-Origin: {origin}\r\nAccess-Control-Allow-Headers: Authorization\r\n\
                 Access-Control-Expose-Headers: X-Timestamp, X-Time, X-Sequence, X-Latency\r\n"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_that_of_a_clock_that_was_set() {
        for (date, line) in [(1_800_000_000, Some("Date: Fri, 15 Jan 2027 08:00:00 GMT")), (42, None)] {
            let date = Duration::from_secs(date);
            let mut text = String::new();
            Head { date, keep_alive: false, allow_origin: &[], request: None }.write(&mut text);
            assert_eq!(text.lines().find(|line| line.starts_with("Date")), line);
        }
    }
}
