//! Messages that a driver could cause with each frame or each retry: logged a few times, and then counted.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use log::Level;

use crate::clock::Clock;

/// How often a message is logged as it is.
const AS_IT_IS: u64 = 3;
/// How long a message has to stay away to be logged again as it is: longer than any retry takes.
const OVER: Duration = Duration::from_secs(300);
/// How many messages are remembered: those longest unheard make room.
const REMEMBERED: usize = 32;

/// Logs what is told: the first three times as it is, so that a state that changes now and then is seen to, and the 10th, 100th,
/// 1000th time with the count. A message that was not told for five minutes is a new one.
#[derive(Debug)]
pub(crate) struct Repeated {
    clock: Arc<dyn Clock>,
    told: Mutex<Vec<Told>>,
}

#[derive(Debug)]
struct Told {
    text: String,
    level: Level,
    count: u64,
    last: Duration,
}

impl Repeated {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Repeated { clock, told: Mutex::default() }
    }

    pub(crate) fn warn(&self, text: String) {
        self.log(Level::Warn, text);
    }

    pub(crate) fn error(&self, text: String) {
        self.log(Level::Error, text);
    }

    pub(crate) fn info(&self, text: String) {
        self.log(Level::Info, text);
    }

    fn log(&self, level: Level, text: String) {
        let now = self.clock.monotonic();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|told| {
            let is_over = now.saturating_sub(told.last) >= OVER;
            if is_over {
                told.report();
            }
            !is_over
        });
        if let Some(known) = told.iter_mut().find(|told| told.text == text) {
            known.last = now;
            known.count += 1;
            if known.count <= AS_IT_IS {
                log::log!(level, "{text}");
            } else if is_power_of_ten(known.count) {
                log::log!(level, "{text} ({} times)", known.count);
            }
            return;
        }
        if told.len() >= REMEMBERED {
            if let Some(oldest) = (0..told.len()).min_by_key(|index| told.get(*index).map(|told| told.last)) {
                told.swap_remove(oldest).report();
            }
        }
        log::log!(level, "{text}");
        told.push(Told { text, level, count: 1, last: now });
    }
}

impl Told {
    /// Logs how often it was told in all, where the last line did not say so.
    fn report(&self) {
        if self.count > AS_IT_IS && !is_power_of_ten(self.count) {
            log::log!(self.level, "{} ({} times in all)", self.text, self.count);
        }
    }
}

impl Drop for Repeated {
    fn drop(&mut self) {
        self.told.get_mut().unwrap_or_else(PoisonError::into_inner).iter().for_each(Told::report);
    }
}

fn is_power_of_ten(count: u64) -> bool {
    count > 0 && 10_u64.pow(count.ilog10()) == count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Simulated;
    use crate::logged;

    #[test]
    fn a_message_is_logged_three_times_then_counted_and_is_new_again_after_a_while() {
        let clock = Simulated::new();
        let lines = logged::during(|| {
            let repeated = Repeated::new(Arc::<Simulated>::clone(&clock));
            for n in 0..25 {
                repeated.warn("the buffer is not its own".to_owned());
                repeated.info(format!("the signal is {}", ["steady", "shaky"][n % 2]));
                clock.advance(Duration::from_secs(1));
            }
            clock.advance(OVER);
            repeated.warn("the buffer is not its own".to_owned());
        });
        let expected = [
            "WARN the buffer is not its own",
            "INFO the signal is steady",
            "WARN the buffer is not its own",
            "INFO the signal is shaky",
            "WARN the buffer is not its own",
            "INFO the signal is steady",
            "INFO the signal is shaky",
            "INFO the signal is steady",
            "INFO the signal is shaky",
            "WARN the buffer is not its own (10 times)",
            "INFO the signal is steady (10 times)",
            "INFO the signal is shaky (10 times)",
            "WARN the buffer is not its own (25 times in all)",
            "INFO the signal is steady (13 times in all)",
            "INFO the signal is shaky (12 times in all)",
            "WARN the buffer is not its own",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn messages_without_end_are_not_remembered_without_end() {
        let repeated = Repeated::new(Simulated::new());
        (0..1000).for_each(|n| repeated.info(format!("message {n}")));
        assert_eq!(repeated.told.lock().unwrap().len(), REMEMBERED);
    }
}
