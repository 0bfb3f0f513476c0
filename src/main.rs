//! Arguments to configuration to [`picam::run`] to exit status.

use std::io::{self, Write};
use std::process::ExitCode;

use picam::cli::{self, Cli, Command, Status};
use picam::config::ConfigError;
use picam::config::files::Files;
use picam::device::error::ErrorKind;
use picam::device::{DeviceError, list};
use picam::stop::Stop;
use picam::{Incomplete, terminal};

fn main() -> ExitCode {
    match work(&Cli::from_env()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Mistakes in a file begin with its name and line, as editors expect.
            let program = if matches!(error.downcast_ref(), Some(ConfigError::File(_))) { "" } else { "picam: " };
            terminal::print_last(&format!("{program}{}", terminal::plain(&format!("{error:#}"))));
            ExitCode::from(status(&error) as u8)
        }
    }
}

fn work(cli: &Cli) -> anyhow::Result<()> {
    match &cli.command {
        None | Some(Command::Run(_)) => {
            let loaded = cli.load()?;
            terminal::start_logging(loaded.config.report.quiet, loaded.config.report.verbosity);
            loaded.warnings.iter().for_each(|warning| log::warn!("{warning}"));
            let stop = Stop::new()?;
            stop.at_signals()?;
            picam::run(loaded, stop)
        }
        Some(Command::Snapshot(flags)) => {
            let config = cli.load()?.config;
            terminal::start_logging(config.report.quiet, config.report.verbosity);
            let stop = Stop::new()?;
            stop.at_signals()?;
            picam::snapshot(config.capture, stop, &flags.file, flags.warmup, flags.quality)
        }
        Some(Command::List { json }) => {
            terminal::start_logging(cli.quiet == Some(true), cli.verbose);
            list_cameras(*json)
        }
        Some(Command::Check { file }) => {
            let files = match file {
                Some(file) => Files { config: Some(file.clone()), ..Files::default() },
                None => Files::of_the_service(),
            };
            let checked = files.check().map_err(ConfigError::File)?;
            print(checked.iter().map(|path| format!("{}: ok\n", path.display())).collect::<String>().as_bytes())
        }
        Some(Command::Man) => print(&cli::man_page()?),
        Some(Command::Completions { shell }) => print(&cli::completions(*shell)),
    }
}

fn list_cameras(json: bool) -> anyhow::Result<()> {
    let (cameras, failures) = list::cameras();
    failures.into_iter().for_each(|failure| log::warn!("{:#}", anyhow::Error::new(failure)));
    if json {
        return print(format!("{}\n", serde_json::to_string_pretty(&cameras)?).as_bytes());
    }
    if cameras.is_empty() {
        log::warn!("no camera found: plug one in, or try the built-in one: picam --device test");
    }
    print(list::text(&cameras).as_bytes())
}

/// Writes to standard output; a reader that has seen enough (`picam list | head`) is no error.
fn print(bytes: &[u8]) -> anyhow::Result<()> {
    terminal::stdout_is_open()?;
    match io::stdout().write_all(bytes).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// The exit status of a failure.
fn status(error: &anyhow::Error) -> Status {
    match error.downcast_ref::<DeviceError>().map(DeviceError::kind) {
        _ if error.is::<ConfigError>() => Status::Usage,
        _ if error.is::<Incomplete>() => Status::Incomplete,
        Some(ErrorKind::NoDevice) => Status::NoDevice,
        Some(ErrorKind::Busy) => Status::Busy,
        Some(ErrorKind::Refused) => Status::Refused,
        Some(ErrorKind::Lost) => Status::Lost,
        None => Status::Failure,
    }
}
