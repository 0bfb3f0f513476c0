#compdef picam

autoload -U is-at-least

_picam() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'--config=[Configuration file (TOML; its keys are the names of these flags)]:FILE:_files' \
'*--override=[File that overrides it where there is one; of several, the first]:FILE:_files' \
'--device=[Which camera \[default\: auto\]]:CAMERA:_files' \
'*--format=[Pixel formats (FourCC) in order of preference \[default\: YUYV\]]:FOURCC,...:_default' \
'--size=[Width and height in pixels \[default\: 1280x720\]]:WxH:_default' \
'--fps=[Frames per second\: 30, 29.97, 30000/1001 \[default\: the driver'\''s choice\]]:RATE:_default' \
'--buffers=[Buffers to request, 1 to 32 \[default\: 4, more for --raw and --y4m\]]:N:_default' \
'--input=[Input to select, by its number \[default\: the one in use\]]:N:_default' \
'--standard=[TV standard\: pal, ntsc, secam, pal-60, … \[default\: the one in use\]]:STANDARD:_default' \
'*--set=[Set a control, by name or id (see \`picam list\`); repeatable]:CONTROL=VALUE:_default' \
'--strict=[Refuse a format, size or rate not asked for, or a failing setting]::BOOL:(true false)' \
'--timeout=[Restart after this long, or five frames, without any \[default\: 5s\]]:TIME:_default' \
'--on-error=[Camera absent, busy or lost\: wait for it, or exit \[default\: wait\]]:WHAT:(wait exit)' \
'--frames=[A line a frame on standard output\: size=BYTES seq=N ts=SECONDS]::BOOL:(true false)' \
'*--raw=[Frames unchanged to a file, a FIFO or - (stdout); repeatable]:PATH:_files' \
'*--y4m=[Frames as YUV4MPEG2 to a file, a FIFO or -; repeatable]:PATH:_files' \
'*--frame-log=[Metadata of each frame to PATH.csv, PATH.jsonl or -; repeatable]:PATH:_files' \
'--frame-log-format=[csv or jsonl (JSON lines) \[default\: by the name'\''s end; -\: csv\]]:FORMAT:(csv jsonl)' \
'--http=[Serve the live picture there\: a port, or an address and a port]:ADDR:_default' \
'--keep-existing=[Keep a file that exists, with a number in its name]::BOOL:(true false)' \
'--keep-corrupt=[Hand on corrupt frames too]::BOOL:(true false)' \
'--allow-skips=[Exit with 0, not 7, when a recording misses frames]::BOOL:(true false)' \
'--count=[End after this many frames \[default\: no end\]]:N:_default' \
'--duration=[End after this time \[default\: no end\]]:TIME:_default' \
'--stats-interval=[Time between summaries; 0\: only one at the end \[default\: 10s\]]:TIME:_default' \
'--json=[Summaries as JSON on standard output, one object a line]::BOOL:(true false)' \
'-q+[No summaries, no status line\: only warnings and errors]::BOOL:(true false)' \
'--quiet=[No summaries, no status line\: only warnings and errors]::BOOL:(true false)' \
'*-v[Log more; twice\: even more]' \
'*--verbose[Log more; twice\: even more]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_picam_commands" \
"*::: :->picam" \
&& ret=0
    case $state in
    (picam)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:picam-command-$line[1]:"
        case $line[1] in
            (run)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration file (TOML; its keys are the names of these flags)]:FILE:_files' \
'*--override=[File that overrides it where there is one; of several, the first]:FILE:_files' \
'--device=[Which camera \[default\: auto\]]:CAMERA:_files' \
'*--format=[Pixel formats (FourCC) in order of preference \[default\: YUYV\]]:FOURCC,...:_default' \
'--size=[Width and height in pixels \[default\: 1280x720\]]:WxH:_default' \
'--fps=[Frames per second\: 30, 29.97, 30000/1001 \[default\: the driver'\''s choice\]]:RATE:_default' \
'--buffers=[Buffers to request, 1 to 32 \[default\: 4, more for --raw and --y4m\]]:N:_default' \
'--input=[Input to select, by its number \[default\: the one in use\]]:N:_default' \
'--standard=[TV standard\: pal, ntsc, secam, pal-60, … \[default\: the one in use\]]:STANDARD:_default' \
'*--set=[Set a control, by name or id (see \`picam list\`); repeatable]:CONTROL=VALUE:_default' \
'--strict=[Refuse a format, size or rate not asked for, or a failing setting]::BOOL:(true false)' \
'--timeout=[Restart after this long, or five frames, without any \[default\: 5s\]]:TIME:_default' \
'--on-error=[Camera absent, busy or lost\: wait for it, or exit \[default\: wait\]]:WHAT:(wait exit)' \
'--frames=[A line a frame on standard output\: size=BYTES seq=N ts=SECONDS]::BOOL:(true false)' \
'*--raw=[Frames unchanged to a file, a FIFO or - (stdout); repeatable]:PATH:_files' \
'*--y4m=[Frames as YUV4MPEG2 to a file, a FIFO or -; repeatable]:PATH:_files' \
'*--frame-log=[Metadata of each frame to PATH.csv, PATH.jsonl or -; repeatable]:PATH:_files' \
'--frame-log-format=[csv or jsonl (JSON lines) \[default\: by the name'\''s end; -\: csv\]]:FORMAT:(csv jsonl)' \
'--http=[Serve the live picture there\: a port, or an address and a port]:ADDR:_default' \
'--keep-existing=[Keep a file that exists, with a number in its name]::BOOL:(true false)' \
'--keep-corrupt=[Hand on corrupt frames too]::BOOL:(true false)' \
'--allow-skips=[Exit with 0, not 7, when a recording misses frames]::BOOL:(true false)' \
'--count=[End after this many frames \[default\: no end\]]:N:_default' \
'--duration=[End after this time \[default\: no end\]]:TIME:_default' \
'--stats-interval=[Time between summaries; 0\: only one at the end \[default\: 10s\]]:TIME:_default' \
'--json=[Summaries as JSON on standard output, one object a line]::BOOL:(true false)' \
'-q+[No summaries, no status line\: only warnings and errors]::BOOL:(true false)' \
'--quiet=[No summaries, no status line\: only warnings and errors]::BOOL:(true false)' \
'*-v[Log more; twice\: even more]' \
'*--verbose[Log more; twice\: even more]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(snapshot)
_arguments "${_arguments_options[@]}" : \
'--warmup=[Frames to let pass first, while the camera finds its exposure]:N:_default' \
'--quality=[JPEG quality, 1 to 100, of cameras that do not make JPEGs themselves]:N:_default' \
'--config=[Configuration file (TOML; its keys are the names of these flags)]:FILE:_files' \
'*--override=[File that overrides it where there is one; of several, the first]:FILE:_files' \
'--device=[Which camera \[default\: auto\]]:CAMERA:_files' \
'*--format=[Pixel formats (FourCC) in order of preference \[default\: YUYV\]]:FOURCC,...:_default' \
'--size=[Width and height in pixels \[default\: 1280x720\]]:WxH:_default' \
'--fps=[Frames per second\: 30, 29.97, 30000/1001 \[default\: the driver'\''s choice\]]:RATE:_default' \
'--buffers=[Buffers to request, 1 to 32 \[default\: 4, more for --raw and --y4m\]]:N:_default' \
'--input=[Input to select, by its number \[default\: the one in use\]]:N:_default' \
'--standard=[TV standard\: pal, ntsc, secam, pal-60, … \[default\: the one in use\]]:STANDARD:_default' \
'*--set=[Set a control, by name or id (see \`picam list\`); repeatable]:CONTROL=VALUE:_default' \
'--strict=[Refuse a format, size or rate not asked for, or a failing setting]::BOOL:(true false)' \
'--timeout=[Restart after this long, or five frames, without any \[default\: 5s\]]:TIME:_default' \
'--on-error=[Camera absent, busy or lost\: wait for it, or exit \[default\: wait\]]:WHAT:(wait exit)' \
'-q+[No summaries, no status line\: only warnings and errors]::BOOL:(true false)' \
'--quiet=[No summaries, no status line\: only warnings and errors]::BOOL:(true false)' \
'*-v[Log more; twice\: even more]' \
'*--verbose[Log more; twice\: even more]' \
'-h[Print help]' \
'--help[Print help]' \
':file -- Where the picture goes; its end says what it is\: .jpg, .png or .ppm; - is a JPEG on standard output:_files' \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
'-q+[No summaries, no status line\: only warnings and errors]::BOOL:(true false)' \
'--quiet=[No summaries, no status line\: only warnings and errors]::BOOL:(true false)' \
'--json[As JSON]' \
'*-v[Log more; twice\: even more]' \
'*--verbose[Log more; twice\: even more]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(check)
_arguments "${_arguments_options[@]}" : \
'-q+[No summaries, no status line\: only warnings and errors]::BOOL:(true false)' \
'--quiet=[No summaries, no status line\: only warnings and errors]::BOOL:(true false)' \
'*-v[Log more; twice\: even more]' \
'*--verbose[Log more; twice\: even more]' \
'-h[Print help]' \
'--help[Print help]' \
'::file -- The file \[default\: the service'\''s, /etc/picam.toml, and what overrides it on the boot partition\]:_files' \
&& ret=0
;;
(man)
_arguments "${_arguments_options[@]}" : \
'-q+[No summaries, no status line\: only warnings and errors]::BOOL:(true false)' \
'--quiet=[No summaries, no status line\: only warnings and errors]::BOOL:(true false)' \
'*-v[Log more; twice\: even more]' \
'*--verbose[Log more; twice\: even more]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
'-q+[No summaries, no status line\: only warnings and errors]::BOOL:(true false)' \
'--quiet=[No summaries, no status line\: only warnings and errors]::BOOL:(true false)' \
'*-v[Log more; twice\: even more]' \
'*--verbose[Log more; twice\: even more]' \
'-h[Print help]' \
'--help[Print help]' \
':shell -- The shell:(bash elvish fish powershell zsh)' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_picam__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:picam-help-command-$line[1]:"
        case $line[1] in
            (run)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(snapshot)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(check)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(man)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
}

(( $+functions[_picam_commands] )) ||
_picam_commands() {
    local commands; commands=(
'run:Capture until SIGINT or SIGTERM, --count or --duration (the default command)' \
'snapshot:Take one picture\: FILE.jpg, FILE.png or FILE.ppm' \
'list:List cameras with their formats, sizes, rates and controls' \
'check:Check a configuration file and tell the line and reason of each mistake' \
'man:Print the man page picam.1' \
'completions:Print completions for a shell' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'picam commands' commands "$@"
}
(( $+functions[_picam__subcmd__check_commands] )) ||
_picam__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'picam check commands' commands "$@"
}
(( $+functions[_picam__subcmd__completions_commands] )) ||
_picam__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'picam completions commands' commands "$@"
}
(( $+functions[_picam__subcmd__help_commands] )) ||
_picam__subcmd__help_commands() {
    local commands; commands=(
'run:Capture until SIGINT or SIGTERM, --count or --duration (the default command)' \
'snapshot:Take one picture\: FILE.jpg, FILE.png or FILE.ppm' \
'list:List cameras with their formats, sizes, rates and controls' \
'check:Check a configuration file and tell the line and reason of each mistake' \
'man:Print the man page picam.1' \
'completions:Print completions for a shell' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'picam help commands' commands "$@"
}
(( $+functions[_picam__subcmd__help__subcmd__check_commands] )) ||
_picam__subcmd__help__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'picam help check commands' commands "$@"
}
(( $+functions[_picam__subcmd__help__subcmd__completions_commands] )) ||
_picam__subcmd__help__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'picam help completions commands' commands "$@"
}
(( $+functions[_picam__subcmd__help__subcmd__help_commands] )) ||
_picam__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'picam help help commands' commands "$@"
}
(( $+functions[_picam__subcmd__help__subcmd__list_commands] )) ||
_picam__subcmd__help__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'picam help list commands' commands "$@"
}
(( $+functions[_picam__subcmd__help__subcmd__man_commands] )) ||
_picam__subcmd__help__subcmd__man_commands() {
    local commands; commands=()
    _describe -t commands 'picam help man commands' commands "$@"
}
(( $+functions[_picam__subcmd__help__subcmd__run_commands] )) ||
_picam__subcmd__help__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'picam help run commands' commands "$@"
}
(( $+functions[_picam__subcmd__help__subcmd__snapshot_commands] )) ||
_picam__subcmd__help__subcmd__snapshot_commands() {
    local commands; commands=()
    _describe -t commands 'picam help snapshot commands' commands "$@"
}
(( $+functions[_picam__subcmd__list_commands] )) ||
_picam__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'picam list commands' commands "$@"
}
(( $+functions[_picam__subcmd__man_commands] )) ||
_picam__subcmd__man_commands() {
    local commands; commands=()
    _describe -t commands 'picam man commands' commands "$@"
}
(( $+functions[_picam__subcmd__run_commands] )) ||
_picam__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'picam run commands' commands "$@"
}
(( $+functions[_picam__subcmd__snapshot_commands] )) ||
_picam__subcmd__snapshot_commands() {
    local commands; commands=()
    _describe -t commands 'picam snapshot commands' commands "$@"
}

if [ "$funcstack[1]" = "_picam" ]; then
    _picam "$@"
else
    compdef _picam picam
fi
