//! Heat and power: what slows the machine down, and nobody sees: temperature, throttling, under-voltage.
//!
//! From what the kernel offers, whichever of it there is:
//!
//! - `/sys/class/thermal`: the processor's thermal zone, in thousandths of a degree Celsius, and the cooling devices, whose
//!   state is above 0 while the kernel holds the processor's frequency down (Documentation/driver-api/thermal/sysfs-api.rst);
//! - the Raspberry Pi's firmware, by its driver's `get_throttled`: a hexadecimal number with a bit each for what is so now;
//! - `/sys/class/hwmon`, the device `rpi_volt`: `in0_lcrit_alarm` (drivers/hwmon/raspberrypi-hwmon.c).
//!
//! A [`Monitor`] looks on a thread of its own, as the firmware takes its time to answer, and warns of each change.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use log::Level;
use serde::Serialize;

use crate::stop::Stop;
use crate::threads;

/// How often the monitor looks. The firmware itself measures ten times a second.
const INTERVAL: Duration = Duration::from_secs(2);

/// Bits of `get_throttled` that tell what is so now.
const UNDER_VOLTAGE: u32 = 1 << 0;
/// Frequency capped, throttled, soft temperature limit.
const THROTTLED: u32 = 1 << 1 | 1 << 2 | 1 << 3;

/// Heat and power at one time; `None`: this machine does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Thermal {
    /// The processor's temperature in degrees Celsius.
    pub(crate) celsius: Option<f64>,
    /// Whether the processor is held below its full speed, for heat or for want of power.
    pub(crate) throttled: Option<bool>,
    /// How often that began since the start.
    pub(crate) throttlings: u64,
    /// Whether the supply's voltage is too low.
    pub(crate) under_voltage: Option<bool>,
    /// How often that began since the start.
    pub(crate) under_voltages: u64,
}

impl Thermal {
    /// For people: `61.2 °C, no throttling, under-voltage 2 times`
    pub(crate) fn text(&self) -> String {
        let state = |name: &str, now: Option<bool>, times: u64| match (now?, times) {
            (_, 0) => Some(format!("no {name}")),
            (true, times) => Some(format!("{name} now, and {times} times in all")),
            (false, times) => Some(format!("{name} {times} times")),
        };
        let celsius = self.celsius.map(|celsius| format!("{celsius:.1} °C"));
        let parts = [
            celsius,
            state("throttling", self.throttled, self.throttlings),
            state("under-voltage", self.under_voltage, self.under_voltages),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// What has changed from `before`, to be logged.
    fn changes(&self, before: &Thermal) -> impl Iterator<Item = (Level, String)> {
        let changed = |now: Option<bool>, before: Option<bool>| now.filter(|now| *now != before.unwrap_or_default());
        let under_voltage = changed(self.under_voltage, before.under_voltage).map(|begins| match begins {
            true => (
                Level::Warn,
                "under-voltage: USB cameras may fail and frames be lost: a stronger supply or a shorter cable helps"
                    .to_owned(),
            ),
            false => (Level::Info, "no more under-voltage".to_owned()),
        });
        let at = || self.celsius.map_or_else(String::new, |celsius| format!(" at {celsius:.0} °C"));
        let throttled = changed(self.throttled, before.throttled).map(|begins| match begins {
            true => (
                Level::Warn,
                format!("the processor is throttled{}: frames may be lost: cooling, or more voltage, helps", at()),
            ),
            false => (Level::Info, format!("the processor is no longer throttled{}", at())),
        });
        under_voltage.into_iter().chain(throttled)
    }
}

/// What there is to read, open: reading it again then takes one system call each.
#[derive(Debug, Default)]
struct Sensors {
    temperature: Option<File>,
    firmware: Option<File>,
    low_voltage: Option<File>,
    cooling: Vec<File>,
}

impl Sensors {
    /// Looks for them below `sys`.
    fn find(sys: &Path) -> Self {
        let zones = entries(&sys.join("class/thermal"), "thermal_zone");
        let is_cpu = |zone: &&PathBuf| word(&zone.join("type")).is_some_and(|kind| kind.starts_with("cpu"));
        // One that is not the processor's is still on the same board.
        let zone = zones.iter().find(is_cpu).or(zones.first());
        let hwmon = entries(&sys.join("class/hwmon"), "hwmon");
        let is_voltage = |device: &&PathBuf| word(&device.join("name")).as_deref() == Some("rpi_volt");
        // By its driver: the device's own path differs from board to board.
        let firmware = entries(&sys.join("bus/platform/drivers/raspberrypi-firmware"), "");
        Sensors {
            temperature: zone.and_then(|zone| File::open(zone.join("temp")).ok()),
            firmware: firmware.iter().find_map(|device| File::open(device.join("get_throttled")).ok()),
            low_voltage: hwmon
                .iter()
                .find(is_voltage)
                .and_then(|device| File::open(device.join("in0_lcrit_alarm")).ok()),
            cooling: entries(&sys.join("class/thermal"), "cooling_device")
                .iter()
                .filter(|device| word(&device.join("type")).is_some_and(|kind| kind.contains("cpufreq")))
                .filter_map(|device| File::open(device.join("cur_state")).ok())
                .collect(),
        }
    }

    fn tell_nothing(&self) -> bool {
        self.temperature.is_none() && self.firmware.is_none() && self.low_voltage.is_none() && self.cooling.is_empty()
    }

    /// Reads them all; what changed since `before` is counted on from its counts.
    fn read(&self, before: &Thermal) -> Thermal {
        let firmware = self.firmware.as_ref().and_then(|file| number(file, 16)).map(|bits| bits as u32);
        let states = self.cooling.iter().filter_map(|file| number(file, 10));
        let cooled = states.map(|state| state > 0).reduce(|a, b| a || b);
        let either = |a: Option<bool>, b: Option<bool>| a.into_iter().chain(b).reduce(|a, b| a || b);

        let throttled = either(firmware.map(|bits| bits & THROTTLED != 0), cooled);
        let low_voltage = self.low_voltage.as_ref().and_then(|file| number(file, 10)).map(|alarm| alarm != 0);
        let under_voltage = either(firmware.map(|bits| bits & UNDER_VOLTAGE != 0), low_voltage);
        let begins = |now: Option<bool>, before: Option<bool>| u64::from(now == Some(true) && before != Some(true));
        Thermal {
            celsius: self
                .temperature
                .as_ref()
                .and_then(|file| number(file, 10))
                .map(|millidegrees| millidegrees as f64 / 1000.0),
            throttled,
            throttlings: before.throttlings + begins(throttled, before.throttled),
            under_voltage,
            under_voltages: before.under_voltages + begins(under_voltage, before.under_voltage),
        }
    }
}

/// The entries of a directory whose names begin so, `hwmon2` before `hwmon10`.
fn entries(directory: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes()))
        .map(|entry| entry.path())
        .collect();
    paths.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
    paths
}

fn word(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// The number that an open file of sysfs holds now; `None` where it cannot be read now, as with a zone that is switched off.
fn number(file: &File, radix: u32) -> Option<i64> {
    let mut bytes = [0; 32];
    let length = file.read_at(&mut bytes, 0).ok()?;
    let text = std::str::from_utf8(bytes.get(..length)?).ok()?.trim();
    i64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), radix).ok()
}

/// Looks every two seconds, warns of what changes, and knows what was seen last. Dropping it ends that.
#[derive(Debug)]
pub(crate) struct Monitor {
    last: Arc<Mutex<Option<Thermal>>>,
    stop: Stop,
    thread: Option<JoinHandle<()>>,
}

impl Monitor {
    /// Starts looking below `sys`; `None` where no thread can be had for it.
    pub(crate) fn start(sys: &Path) -> Option<Self> {
        let (last, stop) = (Arc::<Mutex<Option<Thermal>>>::default(), Stop::new().ok()?);
        let (seen, asked, sys) = (Arc::clone(&last), stop.clone(), sys.to_owned());
        let watch = move || {
            // Looking for them is not to delay the first frame.
            let sensors = Sensors::find(&sys);
            if sensors.tell_nothing() {
                return;
            }
            let mut before = Thermal::default();
            loop {
                let now = sensors.read(&before);
                now.changes(&before).for_each(|(level, text)| log::log!(level, "{text}"));
                *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
                before = now;
                if asked.wait(INTERVAL) {
                    return;
                }
            }
        };
        // Old figures are none.
        let after = Arc::clone(&last);
        let after = move |_| *after.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let thread = threads::spawn("thermal", 256 * 1024, watch, after).ok()?;
        Some(Monitor { last, stop, thread: Some(thread) })
    }

    /// What was seen last; `None`: nothing yet, or there is nothing to look at.
    pub(crate) fn last(&self) -> Option<Thermal> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.stop.stop();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[cfg(test)]
mod tests;
