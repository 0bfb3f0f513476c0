//! Kernel modules: loaded for one test, unloaded when it is over. What is missing fails the test, and says so.

use super::wait;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// A loaded module. Dropped, it is unloaded, so whatever uses it has to be dropped before.
#[derive(Debug)]
pub struct Module {
    name: &'static str,
}

impl Module {
    /// Loads `name` with `options` (`parameter=value`), afresh: a module that is there already may have other options.
    pub fn load(name: &'static str, options: &[&str]) -> Module {
        assert!(rustix::process::geteuid().is_root(), "needs root, to load {name}");
        let module = Module { name };
        if module.is_loaded() {
            module.unload().unwrap_or_else(|error| panic!("{name} is loaded and in use: {error}"));
        }
        let modprobe = Command::new("modprobe").arg(name).args(options).output();
        let modprobe = modprobe.unwrap_or_else(|error| panic!("needs modprobe (package kmod): {error}"));
        assert!(
            modprobe.status.success() && module.is_loaded(),
            "needs the kernel module {name} ({}): {}",
            options.join(" "),
            String::from_utf8_lossy(&modprobe.stderr)
        );
        module
    }

    fn is_loaded(&self) -> bool {
        Path::new("/sys/module").join(self.name).exists()
    }

    /// A process that has just ended may still be closing the device: that is worth some patience.
    fn unload(&self) -> Result<(), String> {
        let mut why = String::new();
        let gone = wait::within(Duration::from_secs(10), || {
            let rmmod = Command::new("rmmod").arg(self.name).output().expect("rmmod (package kmod)");
            why = String::from_utf8_lossy(&rmmod.stderr).into_owned();
            (!self.is_loaded()).then_some(())
        });
        gone.ok_or(why)
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        let unloaded = self.unload();
        // A second panic would end the whole test run.
        if !thread::panicking() {
            unloaded.unwrap_or_else(|error| panic!("cannot unload {}: {error}", self.name));
        }
    }
}
