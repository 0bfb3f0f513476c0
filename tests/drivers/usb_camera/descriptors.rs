//! What the webcam says of itself: USB descriptors and the streaming parameters, as bytes.
//!
//! USB 2.0, chapter 9 (standard descriptors); USB Video Class 1.0, chapter 3 (class descriptors) and section 4.3.1.1
//! (probe and commit); its payload specifications for uncompressed and MJPEG (format and frame descriptors). Numbers
//! are little-endian.

use super::{Description, Encoding, Mode};

/// The interfaces and units, which requests address by number.
pub const CONTROL_INTERFACE: u8 = 0;
pub const STREAMING_INTERFACE: u8 = 1;
pub const PROCESSING_UNIT: u8 = 2;
const CAMERA_TERMINAL: u8 = 1;
const OUTPUT_TERMINAL: u8 = 3;
/// The bulk endpoint that video comes from: number 1, inwards.
pub const VIDEO_ENDPOINT: u8 = 0x81;
/// High speed bulk packets (USB 2.0, 5.8.3). uvcvideo asks for 32 of them in a URB.
const BULK_PACKET: u16 = 512;
/// A payload's header: its length and its flags, no clocks (UVC 2.4.3.3).
pub const PAYLOAD_HEADER: usize = 2;

/// VID:PID of the kernel's own multifunction gadget.
pub const VENDOR: u16 = 0x1d6b;
pub const PRODUCT: u16 = 0x0104;

const CS_INTERFACE: u8 = 0x24;
const VIDEO: u8 = 14;

/// The device descriptor (USB 9.6.1): of class "miscellaneous, interface association".
pub fn device(camera: &Description) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(0x0200_u16.to_le_bytes()); // USB 2.0
    bytes.extend([0xef, 2, 1, 64]);
    bytes.extend(VENDOR.to_le_bytes());
    bytes.extend(PRODUCT.to_le_bytes());
    bytes.extend(0x0100_u16.to_le_bytes());
    // Manufacturer, product, serial number (0: none); one configuration.
    bytes.extend([1, 2, if camera.serial.is_some() { 3 } else { 0 }, 1]);
    descriptor(1, &bytes)
}

/// The device qualifier (USB 9.6.2), which a device that can also do full speed has.
pub fn qualifier() -> Vec<u8> {
    descriptor(6, &[0x00, 0x02, 0xef, 2, 1, 64, 1, 0])
}

/// String descriptor `index` (USB 9.6.7); number 0 lists the languages.
pub fn string(camera: &Description, index: u8) -> Option<Vec<u8>> {
    let text = match index {
        0 => return Some(descriptor(3, &0x0409_u16.to_le_bytes())),
        1 => "picam",
        2 => &camera.product,
        3 => camera.serial.as_ref()?,
        _ => return None,
    };
    Some(descriptor(3, &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()))
}

/// The one configuration with all that it holds (USB 9.6.3): two video interfaces and an endpoint.
pub fn configuration(camera: &Description) -> Vec<u8> {
    let mut body = descriptor(11, &[0, 2, VIDEO, 3, 0, 0]); // interfaces 0 and 1 are one function (USB ECN: IAD)
    body.extend(descriptor(4, &[CONTROL_INTERFACE, 0, 0, VIDEO, 1, 0, 0]));
    body.extend(video_control());
    body.extend(descriptor(4, &[STREAMING_INTERFACE, 0, 1, VIDEO, 2, 0, 0]));
    body.extend(video_streaming(&camera.modes));
    let packet = BULK_PACKET.to_le_bytes();
    body.extend(descriptor(5, &[VIDEO_ENDPOINT, 2, packet[0], packet[1], 0])); // 2: bulk (USB 9.6.6)

    let total = (9 + body.len() as u16).to_le_bytes();
    let mut bytes = descriptor(2, &[total[0], total[1], 2, 1, 0, 0x80, 250]);
    bytes.extend(body);
    bytes
}

/// The video control interface (UVC 3.7.2): sensor, processing unit with brightness, output.
fn video_control() -> Vec<u8> {
    // Camera terminal (3.7.2.3): ITT_CAMERA, no zoom lens, no controls.
    let mut units = class(2, &[CAMERA_TERMINAL, 0x01, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0]);
    // Processing unit (3.7.2.5), fed by the sensor: bit 0 of its controls is brightness.
    units.extend(class(5, &[PROCESSING_UNIT, CAMERA_TERMINAL, 0, 0, 2, 0x01, 0x00, 0]));
    // Output terminal (3.7.2.2): TT_STREAMING, fed by the processing unit.
    units.extend(class(3, &[OUTPUT_TERMINAL, 0x01, 0x01, 0, PROCESSING_UNIT, 0]));

    let mut header = 0x0100_u16.to_le_bytes().to_vec(); // UVC 1.0
    header.extend((13 + units.len() as u16).to_le_bytes());
    header.extend(48_000_000_u32.to_le_bytes());
    header.extend([1, STREAMING_INTERFACE]);
    let mut bytes = class(1, &header);
    bytes.extend(units);
    bytes
}

/// The video streaming interface (UVC 3.9.2): each encoding is a format, each of its sizes a frame.
fn video_streaming(modes: &[Mode]) -> Vec<u8> {
    let mut formats = Vec::new();
    for (index, encoding) in Encoding::of(modes).into_iter().enumerate() {
        let frames: Vec<&Mode> = modes.iter().filter(|mode| mode.encoding == encoding).collect();
        let (number, count) = (index as u8 + 1, frames.len() as u8);
        let frame_subtype = match encoding {
            Encoding::Yuyv => {
                let mut format = vec![number, count];
                format.extend(b"YUY2\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"); // the format's GUID
                format.extend([16, 1, 0, 0, 0, 0]);
                formats.extend(class(4, &format)); // uncompressed payload, 3.1.1
                5
            }
            Encoding::Mjpeg => {
                formats.extend(class(6, &[number, count, 1, 1, 0, 0, 0, 0])); // MJPEG payload, 3.1.1
                7
            }
        };
        for (index, mode) in frames.iter().enumerate() {
            formats.extend(class(frame_subtype, &frame(index as u8 + 1, mode)));
        }
        formats.extend(class(0x0d, &[1, 1, 4])); // colour matching (3.9.2.6): what sRGB cameras say
    }

    let count = Encoding::of(modes).len() as u8;
    let total = (13 + u16::from(count) + formats.len() as u16).to_le_bytes();
    let mut header = vec![count, total[0], total[1], VIDEO_ENDPOINT, 0, OUTPUT_TERMINAL, 0, 0, 0, 1];
    header.resize(header.len() + usize::from(count), 0);
    let mut bytes = class(1, &header);
    bytes.extend(formats);
    bytes
}

/// A frame descriptor (uncompressed and MJPEG payload, 3.1.2: the same bytes), with each frame interval by itself.
fn frame(number: u8, mode: &Mode) -> Vec<u8> {
    let size = mode.frame_max();
    let mut bytes = vec![number, 0];
    bytes.extend(mode.width.to_le_bytes());
    bytes.extend(mode.height.to_le_bytes());
    for rate in [mode.fps.iter().min(), mode.fps.iter().max()] {
        bytes.extend((size.saturating_mul(8).saturating_mul(*rate.unwrap_or(&1))).to_le_bytes());
    }
    bytes.extend(size.to_le_bytes());
    let intervals: Vec<u32> = mode.fps.iter().map(|fps| interval(*fps)).collect();
    bytes.extend(intervals[0].to_le_bytes());
    bytes.push(intervals.len() as u8);
    bytes.extend(intervals.iter().flat_map(|interval| interval.to_le_bytes()));
    bytes
}

/// A frame interval in UVC's unit of 100 ns.
pub fn interval(fps: u32) -> u32 {
    10_000_000 / fps
}

/// The streaming parameters that probe and commit carry (UVC 1.0, 4.3.1.1: 26 bytes).
#[derive(Debug, Clone, Copy)]
pub struct Parameters {
    pub format: u8,
    pub frame: u8,
    pub interval: u32,
}

impl Parameters {
    /// Reads what the host set.
    pub fn parse(bytes: &[u8]) -> Option<Parameters> {
        let interval = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
        Some(Parameters { format: bytes[2], frame: bytes[3], interval })
    }

    /// What the device answers. One payload holds one whole frame, so that it has one header.
    pub fn bytes(self, mode: &Mode) -> Vec<u8> {
        let mut bytes = vec![1, 0, self.format, self.frame];
        bytes.extend(self.interval.to_le_bytes());
        bytes.resize(18, 0); // no key frames, no quality setting, no delay
        bytes.extend(mode.frame_max().to_le_bytes());
        bytes.extend((mode.frame_max() + PAYLOAD_HEADER as u32).to_le_bytes());
        bytes
    }
}

/// A descriptor: its length, its type, its body.
fn descriptor(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2 + body.len() as u8, kind];
    bytes.extend_from_slice(body);
    bytes
}

/// A class-specific interface descriptor of a subtype.
fn class(subtype: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![subtype];
    bytes.extend_from_slice(body);
    descriptor(CS_INTERFACE, &bytes)
}
