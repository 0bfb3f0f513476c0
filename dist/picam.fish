# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_picam_global_optspecs
    string join \n config= override= device= format= size= fps= buffers= input= standard= set= strict= timeout= on-error= frames= raw= y4m= frame-log= frame-log-format= http= keep-existing= keep-corrupt= allow-skips= count= duration= stats-interval= json= q/quiet= v/verbose h/help V/version
end

function __fish_picam_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_picam_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_picam_using_subcommand
    set -l cmd (__fish_picam_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c picam -n "__fish_picam_needs_command" -l config -d 'Configuration file (TOML; its keys are the names of these flags)' -r -F
complete -c picam -n "__fish_picam_needs_command" -l override -d 'File that overrides it where there is one; of several, the first' -r -F
complete -c picam -n "__fish_picam_needs_command" -l device -d 'Which camera [default: auto]' -r -F
complete -c picam -n "__fish_picam_needs_command" -l format -d 'Pixel formats (FourCC) in order of preference [default: YUYV]' -r
complete -c picam -n "__fish_picam_needs_command" -l size -d 'Width and height in pixels [default: 1280x720]' -r
complete -c picam -n "__fish_picam_needs_command" -l fps -d 'Frames per second: 30, 29.97, 30000/1001 [default: the driver\'s choice]' -r
complete -c picam -n "__fish_picam_needs_command" -l buffers -d 'Buffers to request, 1 to 32 [default: 4, more for --raw and --y4m]' -r
complete -c picam -n "__fish_picam_needs_command" -l input -d 'Input to select, by its number [default: the one in use]' -r
complete -c picam -n "__fish_picam_needs_command" -l standard -d 'TV standard: pal, ntsc, secam, pal-60, … [default: the one in use]' -r
complete -c picam -n "__fish_picam_needs_command" -l set -d 'Set a control, by name or id (see `picam list`); repeatable' -r
complete -c picam -n "__fish_picam_needs_command" -l strict -d 'Refuse a format, size or rate not asked for, or a failing setting' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_needs_command" -l timeout -d 'Restart after this long, or five frames, without any [default: 5s]' -r
complete -c picam -n "__fish_picam_needs_command" -l on-error -d 'Camera absent, busy or lost: wait for it, or exit [default: wait]' -r -f -a "wait\t''
exit\t''"
complete -c picam -n "__fish_picam_needs_command" -l frames -d 'A line a frame on standard output: size=BYTES seq=N ts=SECONDS' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_needs_command" -l raw -d 'Frames unchanged to a file, a FIFO or - (stdout); repeatable' -r -F
complete -c picam -n "__fish_picam_needs_command" -l y4m -d 'Frames as YUV4MPEG2 to a file, a FIFO or -; repeatable' -r -F
complete -c picam -n "__fish_picam_needs_command" -l frame-log -d 'Metadata of each frame to PATH.csv, PATH.jsonl or -; repeatable' -r -F
complete -c picam -n "__fish_picam_needs_command" -l frame-log-format -d 'csv or jsonl (JSON lines) [default: by the name\'s end; -: csv]' -r -f -a "csv\t''
jsonl\t''"
complete -c picam -n "__fish_picam_needs_command" -l http -d 'Serve the live picture there: a port, or an address and a port' -r
complete -c picam -n "__fish_picam_needs_command" -l keep-existing -d 'Keep a file that exists, with a number in its name' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_needs_command" -l keep-corrupt -d 'Hand on corrupt frames too' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_needs_command" -l allow-skips -d 'Exit with 0, not 7, when a recording misses frames' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_needs_command" -l count -d 'End after this many frames [default: no end]' -r
complete -c picam -n "__fish_picam_needs_command" -l duration -d 'End after this time [default: no end]' -r
complete -c picam -n "__fish_picam_needs_command" -l stats-interval -d 'Time between summaries; 0: only one at the end [default: 10s]' -r
complete -c picam -n "__fish_picam_needs_command" -l json -d 'Summaries as JSON on standard output, one object a line' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_needs_command" -s q -l quiet -d 'No summaries, no status line: only warnings and errors' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_needs_command" -s v -l verbose -d 'Log more; twice: even more'
complete -c picam -n "__fish_picam_needs_command" -s h -l help -d 'Print help'
complete -c picam -n "__fish_picam_needs_command" -s V -l version -d 'Print version'
complete -c picam -n "__fish_picam_needs_command" -f -a "run" -d 'Capture until SIGINT or SIGTERM, --count or --duration (the default command)'
complete -c picam -n "__fish_picam_needs_command" -f -a "snapshot" -d 'Take one picture: FILE.jpg, FILE.png or FILE.ppm'
complete -c picam -n "__fish_picam_needs_command" -f -a "list" -d 'List cameras with their formats, sizes, rates and controls'
complete -c picam -n "__fish_picam_needs_command" -f -a "check" -d 'Check a configuration file and tell the line and reason of each mistake'
complete -c picam -n "__fish_picam_needs_command" -f -a "man" -d 'Print the man page picam.1'
complete -c picam -n "__fish_picam_needs_command" -f -a "completions" -d 'Print completions for a shell'
complete -c picam -n "__fish_picam_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c picam -n "__fish_picam_using_subcommand run" -l config -d 'Configuration file (TOML; its keys are the names of these flags)' -r -F
complete -c picam -n "__fish_picam_using_subcommand run" -l override -d 'File that overrides it where there is one; of several, the first' -r -F
complete -c picam -n "__fish_picam_using_subcommand run" -l device -d 'Which camera [default: auto]' -r -F
complete -c picam -n "__fish_picam_using_subcommand run" -l format -d 'Pixel formats (FourCC) in order of preference [default: YUYV]' -r
complete -c picam -n "__fish_picam_using_subcommand run" -l size -d 'Width and height in pixels [default: 1280x720]' -r
complete -c picam -n "__fish_picam_using_subcommand run" -l fps -d 'Frames per second: 30, 29.97, 30000/1001 [default: the driver\'s choice]' -r
complete -c picam -n "__fish_picam_using_subcommand run" -l buffers -d 'Buffers to request, 1 to 32 [default: 4, more for --raw and --y4m]' -r
complete -c picam -n "__fish_picam_using_subcommand run" -l input -d 'Input to select, by its number [default: the one in use]' -r
complete -c picam -n "__fish_picam_using_subcommand run" -l standard -d 'TV standard: pal, ntsc, secam, pal-60, … [default: the one in use]' -r
complete -c picam -n "__fish_picam_using_subcommand run" -l set -d 'Set a control, by name or id (see `picam list`); repeatable' -r
complete -c picam -n "__fish_picam_using_subcommand run" -l strict -d 'Refuse a format, size or rate not asked for, or a failing setting' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_using_subcommand run" -l timeout -d 'Restart after this long, or five frames, without any [default: 5s]' -r
complete -c picam -n "__fish_picam_using_subcommand run" -l on-error -d 'Camera absent, busy or lost: wait for it, or exit [default: wait]' -r -f -a "wait\t''
exit\t''"
complete -c picam -n "__fish_picam_using_subcommand run" -l frames -d 'A line a frame on standard output: size=BYTES seq=N ts=SECONDS' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_using_subcommand run" -l raw -d 'Frames unchanged to a file, a FIFO or - (stdout); repeatable' -r -F
complete -c picam -n "__fish_picam_using_subcommand run" -l y4m -d 'Frames as YUV4MPEG2 to a file, a FIFO or -; repeatable' -r -F
complete -c picam -n "__fish_picam_using_subcommand run" -l frame-log -d 'Metadata of each frame to PATH.csv, PATH.jsonl or -; repeatable' -r -F
complete -c picam -n "__fish_picam_using_subcommand run" -l frame-log-format -d 'csv or jsonl (JSON lines) [default: by the name\'s end; -: csv]' -r -f -a "csv\t''
jsonl\t''"
complete -c picam -n "__fish_picam_using_subcommand run" -l http -d 'Serve the live picture there: a port, or an address and a port' -r
complete -c picam -n "__fish_picam_using_subcommand run" -l keep-existing -d 'Keep a file that exists, with a number in its name' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_using_subcommand run" -l keep-corrupt -d 'Hand on corrupt frames too' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_using_subcommand run" -l allow-skips -d 'Exit with 0, not 7, when a recording misses frames' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_using_subcommand run" -l count -d 'End after this many frames [default: no end]' -r
complete -c picam -n "__fish_picam_using_subcommand run" -l duration -d 'End after this time [default: no end]' -r
complete -c picam -n "__fish_picam_using_subcommand run" -l stats-interval -d 'Time between summaries; 0: only one at the end [default: 10s]' -r
complete -c picam -n "__fish_picam_using_subcommand run" -l json -d 'Summaries as JSON on standard output, one object a line' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_using_subcommand run" -s q -l quiet -d 'No summaries, no status line: only warnings and errors' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_using_subcommand run" -s v -l verbose -d 'Log more; twice: even more'
complete -c picam -n "__fish_picam_using_subcommand run" -s h -l help -d 'Print help'
complete -c picam -n "__fish_picam_using_subcommand snapshot" -l warmup -d 'Frames to let pass first, while the camera finds its exposure' -r
complete -c picam -n "__fish_picam_using_subcommand snapshot" -l quality -d 'JPEG quality, 1 to 100, of cameras that do not make JPEGs themselves' -r
complete -c picam -n "__fish_picam_using_subcommand snapshot" -l config -d 'Configuration file (TOML; its keys are the names of these flags)' -r -F
complete -c picam -n "__fish_picam_using_subcommand snapshot" -l override -d 'File that overrides it where there is one; of several, the first' -r -F
complete -c picam -n "__fish_picam_using_subcommand snapshot" -l device -d 'Which camera [default: auto]' -r -F
complete -c picam -n "__fish_picam_using_subcommand snapshot" -l format -d 'Pixel formats (FourCC) in order of preference [default: YUYV]' -r
complete -c picam -n "__fish_picam_using_subcommand snapshot" -l size -d 'Width and height in pixels [default: 1280x720]' -r
complete -c picam -n "__fish_picam_using_subcommand snapshot" -l fps -d 'Frames per second: 30, 29.97, 30000/1001 [default: the driver\'s choice]' -r
complete -c picam -n "__fish_picam_using_subcommand snapshot" -l buffers -d 'Buffers to request, 1 to 32 [default: 4, more for --raw and --y4m]' -r
complete -c picam -n "__fish_picam_using_subcommand snapshot" -l input -d 'Input to select, by its number [default: the one in use]' -r
complete -c picam -n "__fish_picam_using_subcommand snapshot" -l standard -d 'TV standard: pal, ntsc, secam, pal-60, … [default: the one in use]' -r
complete -c picam -n "__fish_picam_using_subcommand snapshot" -l set -d 'Set a control, by name or id (see `picam list`); repeatable' -r
complete -c picam -n "__fish_picam_using_subcommand snapshot" -l strict -d 'Refuse a format, size or rate not asked for, or a failing setting' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_using_subcommand snapshot" -l timeout -d 'Restart after this long, or five frames, without any [default: 5s]' -r
complete -c picam -n "__fish_picam_using_subcommand snapshot" -l on-error -d 'Camera absent, busy or lost: wait for it, or exit [default: wait]' -r -f -a "wait\t''
exit\t''"
complete -c picam -n "__fish_picam_using_subcommand snapshot" -s q -l quiet -d 'No summaries, no status line: only warnings and errors' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_using_subcommand snapshot" -s v -l verbose -d 'Log more; twice: even more'
complete -c picam -n "__fish_picam_using_subcommand snapshot" -s h -l help -d 'Print help'
complete -c picam -n "__fish_picam_using_subcommand list" -s q -l quiet -d 'No summaries, no status line: only warnings and errors' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_using_subcommand list" -l json -d 'As JSON'
complete -c picam -n "__fish_picam_using_subcommand list" -s v -l verbose -d 'Log more; twice: even more'
complete -c picam -n "__fish_picam_using_subcommand list" -s h -l help -d 'Print help'
complete -c picam -n "__fish_picam_using_subcommand check" -s q -l quiet -d 'No summaries, no status line: only warnings and errors' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_using_subcommand check" -s v -l verbose -d 'Log more; twice: even more'
complete -c picam -n "__fish_picam_using_subcommand check" -s h -l help -d 'Print help'
complete -c picam -n "__fish_picam_using_subcommand man" -s q -l quiet -d 'No summaries, no status line: only warnings and errors' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_using_subcommand man" -s v -l verbose -d 'Log more; twice: even more'
complete -c picam -n "__fish_picam_using_subcommand man" -s h -l help -d 'Print help'
complete -c picam -n "__fish_picam_using_subcommand completions" -s q -l quiet -d 'No summaries, no status line: only warnings and errors' -r -f -a "true\t''
false\t''"
complete -c picam -n "__fish_picam_using_subcommand completions" -s v -l verbose -d 'Log more; twice: even more'
complete -c picam -n "__fish_picam_using_subcommand completions" -s h -l help -d 'Print help'
complete -c picam -n "__fish_picam_using_subcommand help; and not __fish_seen_subcommand_from run snapshot list check man completions help" -f -a "run" -d 'Capture until SIGINT or SIGTERM, --count or --duration (the default command)'
complete -c picam -n "__fish_picam_using_subcommand help; and not __fish_seen_subcommand_from run snapshot list check man completions help" -f -a "snapshot" -d 'Take one picture: FILE.jpg, FILE.png or FILE.ppm'
complete -c picam -n "__fish_picam_using_subcommand help; and not __fish_seen_subcommand_from run snapshot list check man completions help" -f -a "list" -d 'List cameras with their formats, sizes, rates and controls'
complete -c picam -n "__fish_picam_using_subcommand help; and not __fish_seen_subcommand_from run snapshot list check man completions help" -f -a "check" -d 'Check a configuration file and tell the line and reason of each mistake'
complete -c picam -n "__fish_picam_using_subcommand help; and not __fish_seen_subcommand_from run snapshot list check man completions help" -f -a "man" -d 'Print the man page picam.1'
complete -c picam -n "__fish_picam_using_subcommand help; and not __fish_seen_subcommand_from run snapshot list check man completions help" -f -a "completions" -d 'Print completions for a shell'
complete -c picam -n "__fish_picam_using_subcommand help; and not __fish_seen_subcommand_from run snapshot list check man completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
