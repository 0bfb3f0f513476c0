//! `--keep-existing`: a file that exists gets another name, on the file system that it is on.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::cannot;

/// Gives the file another name: `clip.y4m` becomes `clip-1.y4m`, or has the next number that is free.
pub(super) fn keep(path: &Path) -> anyhow::Result<()> {
    keep_by(path, |from, to| renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE))
}

fn keep_by(path: &Path, rename: impl Fn(&Path, &Path) -> Result<(), Errno>) -> anyhow::Result<()> {
    let stem = path.file_stem().unwrap_or_default();
    for number in 1.. {
        let mut name = stem.to_owned();
        name.push(format!("-{number}"));
        path.extension().iter().for_each(|extension| {
            name.push(".");
            name.push(extension);
        });
        let kept = path.with_file_name(name);
        let renamed = match rename(path, &kept) {
            // The kernel knows the flag and the file system does not (NFS, 9p, old FUSE), or it is older than the flag.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => rename_to_reserved(path, &kept),
            renamed => renamed.map_err(io::Error::from),
        };
        match renamed {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot(&kept, error).context(format!("cannot keep {}", path.display()))),
            Ok(()) => {
                log::info!("{} is now {}", path.display(), kept.display());
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Takes the new name by an empty file, which only one program can make, and renames over that.
fn rename_to_reserved(from: &Path, to: &Path) -> io::Result<()> {
    File::create_new(to)?;
    std::fs::rename(from, to).inspect_err(|_| _ = std::fs::remove_file(to))
}

/// The path that `path` stands for: where it is a symbolic link, the one at its end, though there may be no file yet.
pub(crate) fn behind_links(path: &Path) -> PathBuf {
    // As many as the kernel follows.
    const MOST: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST {
        let Ok(target) = std::fs::read_link(&path) else { break };
        // An absolute target replaces the directory.
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn where_the_file_system_cannot_rename_without_replacing_nothing_is_lost_either() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for (errno, recording) in [(Errno::INVAL, "first"), (Errno::NOSYS, "second"), (Errno::OPNOTSUPP, "third")] {
            fs::write(at("clip.y4m"), recording).unwrap();
            keep_by(&at("clip.y4m"), |_, _| Err(errno)).unwrap();
        }
        let kept = ["clip-1.y4m", "clip-2.y4m", "clip-3.y4m"].map(|name| fs::read_to_string(at(name)).unwrap());
        assert_eq!(kept, ["first", "second", "third"]);
        assert!(!at("clip.y4m").exists());
        let error = keep_by(&at("absent"), |_, _| Err(Errno::INVAL)).unwrap_err();
        assert!(format!("{error:#}").starts_with(&format!("cannot keep {}", at("absent").display())), "{error:#}");
        assert!(!at("absent-1").exists(), "a name that was taken for nothing is given back");
    }

    #[test]
    fn links_lead_to_the_file_that_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("disk")).unwrap();
        std::os::unix::fs::symlink("disk/clip.raw", at("second")).unwrap();
        std::os::unix::fs::symlink(at("second"), at("first")).unwrap();
        assert_eq!(behind_links(&at("first")), at("disk/clip.raw"));
        assert_eq!(behind_links(&at("disk")), at("disk"));
        std::os::unix::fs::symlink("loop", at("loop")).unwrap();
        behind_links(&at("loop"));
    }
}
