//! What encoding a frame costs, by each way there is, in one run: see `benches/encode/run`.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, ensure};
use jpeg_encoder::{ImageBuffer, JpegColorType, SamplingFactor};
use picam::format::{Format, FourCC, PlaneFormat, Size};
use picam::jpeg::Encoder;
use picam::jpeg::picture::Picture;

const WIDTH: usize = 1280;
const HEIGHT: usize = 720;
const STRIDE: usize = WIDTH * 2;
const FRAMES: usize = 8;
const QUALITY: u8 = 80;
/// Frames that are measured in a round.
const COUNT: usize = 60;

/// A way to encode: its name, and the CPU time of a frame in µs and the first frame's JPEG of a round.
type Way<'a> = (String, Box<dyn FnMut() -> anyhow::Result<(f64, Vec<u8>)> + 'a>);

fn main() -> anyhow::Result<()> {
    let [_, peers, work, rounds] = env::args().collect::<Vec<_>>().try_into().map_err(|_| usage())?;
    let (work, rounds) = (Path::new(&work), rounds.parse().map_err(|_| usage())?);
    let frames = scene();
    let file = work.join("frames.yuv");
    fs::write(&file, frames.concat())?;

    let mut ways: Vec<Way> = Vec::new();
    for (way, name) in [
        ("ustreamer", "ustreamer's way: libjpeg-turbo, scanlines of 4:4:4"),
        ("4:2:0", "libjpeg-turbo alone, planes of 4:2:0"),
        ("4:2:2", "libjpeg-turbo alone, planes of 4:2:2"),
    ] {
        let jpeg = work.join("peer.jpg");
        let (peers, file) = (&peers, &file);
        let run = move || {
            let count = COUNT.to_string();
            let output =
                Command::new(peers).arg(way).arg(file).arg(count).arg(&jpeg).output().context("cannot run peers")?;
            ensure!(output.status.success(), "peers: {}", String::from_utf8_lossy(&output.stderr));
            Ok((String::from_utf8(output.stdout)?.trim().parse()?, fs::read(&jpeg)?))
        };
        ways.push((name.to_owned(), Box::new(run)));
    }
    let library = Encoder::new();
    ensure!(library.name() == "libjpeg-turbo", "picam finds no libturbojpeg.so.0: install libturbojpeg0");
    for (name, full_range, mut encoder) in [
        ("picam, libjpeg-turbo", true, library),
        ("picam, libjpeg-turbo, limited to full range", false, Encoder::new()),
        ("picam, built in", true, Encoder::without_library()),
        ("picam, built in, limited to full range", false, Encoder::without_library()),
    ] {
        let (format, frames) = (yuyv(full_range), &frames);
        let mut out = Vec::new();
        let run = move || {
            timed(frames, |frame| Ok(encoder.encode(&format, &[frame], QUALITY, &mut out).map(|()| out.clone())?))
        };
        ways.push((name.to_owned(), Box::new(run)));
    }
    for (name, sampling) in [("4:2:0", SamplingFactor::R_4_2_0), ("4:2:2", SamplingFactor::R_4_2_2)] {
        let frames = &frames;
        let run = move || {
            timed(frames, |frame| {
                let mut out = Vec::new();
                let mut encoder = jpeg_encoder::Encoder::new(&mut out, QUALITY);
                encoder.set_sampling_factor(sampling);
                encoder.encode_image(Lines(frame))?;
                Ok(out)
            })
        };
        ways.push((format!("jpeg-encoder 0.6, {name}"), Box::new(run)));
    }

    // Rounds go around all ways, and medians are told, as machines are noisy.
    let mut times = vec![Vec::new(); ways.len()];
    let mut jpegs = vec![Vec::new(); ways.len()];
    for _ in 0..rounds {
        for (((_, run), times), jpeg) in ways.iter_mut().zip(&mut times).zip(&mut jpegs) {
            let (time, first) = run()?;
            times.push(time);
            *jpeg = first;
        }
    }
    let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
    let [full, limited] = [true, false].map(|full_range| seen(&frames[0], full_range));
    println!("| YUYV 1280x720, quality 80, median of {rounds} | CPU µs a frame | of ustreamer's | bytes | PSNR dB |");
    println!("|---|---|---|---|---|");
    for (((name, _), time), jpeg) in ways.iter().zip(&medians).zip(&jpegs) {
        let expected = if name.ends_with("full range") { &limited } else { &full };
        let psnr = psnr(jpeg, expected)?;
        println!("| {name} | {time:.0} | {:.2} | {} | {psnr:.2} |", time / medians[0], jpeg.len());
    }
    Ok(())
}

fn usage() -> anyhow::Error {
    anyhow::anyhow!("encode-bench PEERS DIRECTORY ROUNDS: see benches/encode/run --help")
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn yuyv(full_range: bool) -> Format {
    let planes = vec![PlaneFormat { bytesperline: STRIDE as u32, sizeimage: (STRIDE * HEIGHT) as u32 }];
    let size = Size { width: WIDTH as u32, height: HEIGHT as u32 };
    Format { full_range, ..Format::new(FourCC::YUYV, size, planes) }
}

/// The CPU time of a frame in µs, and what the first became.
fn timed(
    frames: &[Vec<u8>],
    mut encode: impl FnMut(&[u8]) -> anyhow::Result<Vec<u8>>,
) -> anyhow::Result<(f64, Vec<u8>)> {
    let first = encode(&frames[0])?;
    let before = cpu()?;
    for number in 0..COUNT {
        black_box(encode(&frames[number % FRAMES])?);
    }
    Ok(((cpu()? - before) / COUNT as f64, first))
}

/// This thread's time on a processor in µs.
fn cpu() -> anyhow::Result<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").context("no schedstat on this kernel")?;
    Ok(text.split_whitespace().next().unwrap_or_default().parse::<f64>()? / 1e3)
}

/// Slopes, rings with sharp edges, fine texture and a sensor's noise.
fn scene() -> Vec<Vec<u8>> {
    let mut seed = 12345_u64;
    let mut noise = move |steps: i32| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 40) as i32 % (2 * steps + 1) - steps
    };
    let mut pixel = |number: usize, x: usize, y: usize| {
        let slope = (x * 160 / WIDTH + y * 60 / HEIGHT + 16) as i32;
        let from_centre = ((x + 4 * number) as f32 - 640.0).hypot(y as f32 - 360.0);
        let ring = if (from_centre / 40.0) as i32 % 2 == 0 { 25 } else { 0 };
        let wave = ((x as f32 * 0.7).sin() * (y as f32 * 0.45).cos() * 10.0) as i32;
        let texture = if x / 160 % 2 == 0 { 0 } else { wave };
        let chroma = if x % 2 == 0 { (x as i32 - 640) / 12 } else { (y as i32 - 360) / 8 };
        let luma = slope + ring + texture + (noise(3) + noise(3)) / 2;
        [luma.clamp(16, 235) as u8, (128 + chroma + ring / 3 + noise(1)).clamp(16, 240) as u8]
    };
    let frame = |number| (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (x, y))).map(move |(x, y)| (number, x, y));
    (0..FRAMES).map(|number| frame(number).flat_map(|(number, x, y)| pixel(number, x, y)).collect()).collect()
}

/// What the frame looks like, by BT.601's definition.
fn seen(frame: &[u8], full_range: bool) -> Vec<u8> {
    let (black, luma, chroma) = if full_range { (0.0, 1.0, 1.0) } else { (16.0, 255.0 / 219.0, 255.0 / 224.0) };
    let pairs = frame.chunks_exact(4).map(|bytes| [bytes[0], bytes[1], bytes[2], bytes[3]].map(f64::from));
    let pixels = pairs.flat_map(|[y0, cb, y1, cr]| {
        let [cb, cr] = [cb, cr].map(|sample| (sample - 128.0) * chroma);
        [y0, y1].map(|y| {
            let y = (y - black) * luma;
            [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(|value| value.round() as u8)
        })
    });
    pixels.flatten().collect()
}

/// Peak signal-to-noise ratio of a JPEG's red, green and blue in dB.
fn psnr(jpeg: &[u8], expected: &[u8]) -> anyhow::Result<f64> {
    let format = Format { fourcc: FourCC::MJPG, ..yuyv(true) };
    let found = Picture::of(&format, &[jpeg])?.rgb;
    ensure!(found.len() == expected.len(), "a JPEG of another size");
    let squares: f64 = found.iter().zip(expected).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    Ok(10.0 * (255.0_f64.powi(2) * found.len() as f64 / squares).log10())
}

/// For jpeg-encoder, which takes lines of 4:4:4.
struct Lines<'a>(&'a [u8]);

impl ImageBuffer for Lines<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        WIDTH as u16
    }

    fn height(&self) -> u16 {
        HEIGHT as u16
    }

    fn fill_buffers(&self, y: u16, [luma, cb, cr, _]: &mut [Vec<u8>; 4]) {
        let line = &self.0[usize::from(y) * STRIDE..][..STRIDE];
        luma.extend(line.chunks_exact(2).map(|pixel| pixel[0]));
        cb.extend(line.chunks_exact(4).flat_map(|pair| [pair[1]; 2]));
        cr.extend(line.chunks_exact(4).flat_map(|pair| [pair[3]; 2]));
    }
}
