#!/bin/sh
# Runs the fragments of a batch one after the other on the device and prints ONE framed answer.
#
# kit.collectors.batch adds a function `main` that calls kit_begin, kit_fragment for each read, then
# kit_finish; nothing runs before its last line has arrived. For dash, busybox sh, bash and the
# like; needs mktemp, rm, mkdir, cat, wc, head, date. Writes in one private folder, removed on
# every way out.
#
# The answer, "@" standing for the mark (a word and the nonce of this batch):
#   @ begin VERSION SECONDS                           device clock, seconds since 1970
#   @ read NUMBER STATUS STDOUT_BYTES STDERR_BYTES FLAGS      for each, in order
#   @ data BYTES
#   stdout and stderr of each read, in the order of the lines above, nothing between them
#   @ end COUNT LEFT                                  LEFT is 0 when the folder is gone
# Sizes are said before content, so no content can pass for a frame. FLAGS: t cut at the limit,
# s no space for what was said, n not started for lack of time, - none.

kit_folder=
kit_busy=no
kit_guard=
kit_lifeline=

# On signals: stop what runs, tidy up (trap on EXIT), end. $! and not a name of ours: the signal may
# come between the start of a fragment and the next command.
kit_stop() {
    trap '' HUP INT TERM PIPE
    if [ "$kit_busy" = yes ]; then kit_end "$!"; fi
    exit "$1"
}

kit_tidy() {
    # KILL: a child that has only just been started may still lose any other signal.
    for kit_rest in $kit_lifeline $kit_guard; do kill -s KILL "$kit_rest" 2>/dev/null; done
    cd /
    if [ -n "$kit_folder" ]; then rm -rf -- "$kit_folder"; fi
}

# Without folder, space or tools nothing is said about any read.
kit_give_up() {
    printf '%s broken %s\n' "$kit_mark" "$1"
    exit 125
}

# Whole seconds since boot in $kit_now, empty when unknown. No process is started.
kit_look_at_time() {
    kit_now=
    read -r kit_now kit_rest 2>/dev/null </proc/uptime
    kit_now=${kit_now%%.*}
}

# $1 mark, $2 blocks of 512 bytes a document may fill, $3 bytes of stderr, $4 seconds for all,
# $5 folders to try, $6 "lifeline" when the end of standard input means that nobody waits any more
kit_begin() {
    kit_mark=$1 kit_blocks=$2 kit_said=$3 kit_seconds=$4 kit_places=$5
    kit_number=0 kit_results='' kit_names='' kit_deadline=''
    umask 077
    unset ENV BASH_ENV CDPATH LANG LANGUAGE TMPDIR TZ POSIXLY_CORRECT GREP_OPTIONS GREP_COLORS \
        LS_COLORS COLUMNS PAGER SYSTEMD_PAGER SYSTEMD_COLORS SYSTEMD_LESS LD_PRELOAD LD_LIBRARY_PATH
    PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
    LC_ALL=C HOME=/nonexistent
    export PATH LC_ALL HOME
    trap kit_tidy EXIT
    trap 'kit_stop 129' HUP
    trap 'kit_stop 130' INT
    trap 'kit_stop 141' PIPE
    trap 'kit_stop 143' TERM
    # Too long a document is an error of the writing program, not its death with a core dump.
    trap '' XFSZ
    ulimit -f "$kit_blocks" 2>/dev/null
    if [ "$6" = lifeline ]; then
        # Through another descriptor: that of a background command is /dev/null before all else.
        exec 3<&0
        kit_listen $$ &
        kit_lifeline=$!
        exec 3<&-
    fi
    exec </dev/null
    for kit_place in $kit_places; do
        if [ ! -d "$kit_place" ] || [ ! -w "$kit_place" ]; then continue; fi
        kit_folder=$(mktemp -d "$kit_place/esms-kit.XXXXXXXXXX" 2>/dev/null) && break
        kit_folder=
    done
    if [ -z "$kit_folder" ]; then kit_give_up no_folder; fi
    mkdir "$kit_folder/work" || kit_give_up no_space
    # Programs that want a file of their own for a moment (apt does) make it there, nowhere else.
    TMPDIR=$kit_folder/work
    export TMPDIR
    { kit_name ''; } 2>/dev/null || kit_give_up no_space
    kit_watch &
    kit_guard=$!
    kit_pad=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    for kit_rest in 1 2 3 4 5 6 7; do kit_pad=$kit_pad$kit_pad; done
    kit_look_at_time
    if [ -n "$kit_now" ]; then kit_deadline=$((kit_now + kit_seconds)); fi
    printf '%s begin 1 %s\n' "$kit_mark" "$(date +%s)"
}

# In the background: ends process $1 when standard input (descriptor 3) does.
kit_listen() {
    # exec, here and below: a redirected function keeps the old descriptors open.
    exec <&3 3<&- >/dev/null 2>&1
    trap - HUP INT PIPE TERM
    while read -r kit_rest; do :; done
    kill -s TERM "$1"
}

# $1 seconds it may take, $2 the fragment. It has a subshell of its own: what it sets, traps, changes
# to or ends ends with it. A new shell, and timeout(1) around it, would cost the device 2 ms a read.
kit_fragment() {
    kit_number=$((kit_number + 1))
    kit_out=$kit_folder/o$kit_number kit_err=$kit_folder/e$kit_number
    kit_names="$kit_names o$kit_number e$kit_number"
    # printf, not ":": a failed redirection of a special builtin would end this shell.
    { printf '' >"$kit_out" && printf '' >"$kit_err"; } 2>/dev/null || kit_give_up no_space
    kit_limit=$1 kit_text=$2
    kit_look_at_time
    if [ -n "$kit_deadline" ] && [ -n "$kit_now" ]; then
        if [ "$kit_now" -ge "$kit_deadline" ]; then
            kit_results="$kit_results 124:n"
            return
        fi
        if [ $((kit_deadline - kit_now)) -lt "$kit_limit" ]; then
            kit_limit=$((kit_deadline - kit_now))
        fi
    fi
    cd "$kit_folder/work" || kit_give_up no_folder
    kit_run
    cd "$kit_folder" || kit_give_up no_folder
    kit_flags=-
    # A full disk swallows what programs print, and not all of them notice.
    printf '%s' "$kit_pad" 2>/dev/null >"$kit_folder/space" || kit_flags=s
    printf '' >"$kit_folder/space"
    kit_results="$kit_results $kit_status:$kit_flags"
    kit_sweep
}

# The next fragment finds the working folder as if it were the first.
kit_sweep() {
    for kit_rest in work/* work/.[!.]* work/..?*; do
        if [ -e "$kit_rest" ] || [ -L "$kit_rest" ]; then
            rm -rf -- work
            break
        fi
    done
    if [ ! -d work ]; then mkdir work || kit_give_up no_space; fi
}

# Sets $kit_status: that of the fragment, or 124 when its time was up.
kit_run() {
    kit_busy=yes
    (
        set --
        eval "$kit_text"
    ) </dev/null >"$kit_out" 2>"$kit_err" &
    kit_running=$!
    kit_name "$kit_running $kit_limit"
    wait "$kit_running" 2>/dev/null
    kit_status=$?
    kit_busy=no
    kit_name ''
    if [ -e "$kit_folder/late$kit_running" ]; then kit_status=124; fi
}

# Says what is to be watched. The file keeps its one block, so that this works on a full disk too.
kit_name() {
    printf '%-40s\n' "$1" 1<>"$kit_folder/watched"
}

# In the background: looks every second at what runs, and ends what has run for longer than it may,
# with all it started.
kit_watch() {
    exec </dev/null >/dev/null 2>&1
    trap - HUP INT PIPE TERM
    cd /
    kit_before=
    while [ -d "$kit_folder" ] && sleep 1; do
        kit_watched=
        kit_allowed=
        read -r kit_watched kit_allowed 2>/dev/null <"$kit_folder/watched"
        if [ "$kit_watched" != "$kit_before" ]; then
            kit_before=$kit_watched
            kit_seen=0
        fi
        if [ -z "$kit_allowed" ]; then continue; fi
        kit_seen=$((kit_seen + 1))
        if [ "$kit_seen" -le "$kit_allowed" ]; then continue; fi
        printf '' >"$kit_folder/late$kit_watched"
        kit_end "$kit_watched"
    done
}

# $1 process. Ends it and all it started, at once. What is stopped starts nothing any more: when a
# second look finds nobody new, all are found. They are killed from the last to the first: who waits
# for $1, and then ends this watch with all else, does so when there is nobody left.
kit_end() {
    kit_members=" $1 "
    kit_known=
    while [ "$kit_known" != "$kit_members" ]; do
        kit_known=$kit_members
        for kit_member in $kit_members; do kill -s STOP "$kit_member" 2>/dev/null; done
        kit_find_children
    done
    kit_last_first=
    for kit_member in $kit_members; do kit_last_first="$kit_member $kit_last_first"; done
    for kit_member in $kit_last_first; do kill -s KILL "$kit_member" 2>/dev/null; done
}

# Adds to $kit_members all they started, however far. No process is started.
kit_find_children() {
    kit_pairs=
    for kit_stat in /proc/[0-9]*/stat; do
        kit_line=
        read -r kit_line 2>/dev/null <"$kit_stat"
        kit_pid=${kit_line%% *}
        kit_line=${kit_line##*) }
        kit_line=${kit_line#* }
        kit_pairs="$kit_pairs $kit_pid:${kit_line%% *}"
    done
    kit_grown=yes
    while [ "$kit_grown" = yes ]; do
        kit_grown=no
        for kit_pair in $kit_pairs; do
            case $kit_members in
                *" ${kit_pair%%:*} "*) ;;
                *" ${kit_pair##*:} "*)
                    kit_members="$kit_members${kit_pair%%:*} "
                    kit_grown=yes
                    ;;
            esac
        done
    done
}

# $1 file, $2 bytes it holds, $3 bytes it may hold. Sets $kit_size to what it holds now.
kit_cut() {
    kit_size=$2
    if [ "$2" -le "$3" ]; then return; fi
    kit_size=0
    if head -c "$3" "$1" 2>/dev/null >part && mv -f part "$1"; then
        kit_size=$3
    else
        printf '' >"$1"
    fi
}

kit_finish() {
    cd "$kit_folder" || kit_give_up no_folder
    kit_table=
    kit_total=0
    kit_count=0
    # Names are words of our own making: they are meant to split.
    # shellcheck disable=SC2046,SC2086
    if [ "$kit_number" -gt 0 ]; then set -- $(wc -c $kit_names 2>/dev/null); fi
    for kit_result in $kit_results; do
        kit_count=$((kit_count + 1))
        if [ "${2-}" != "o$kit_count" ] || [ "${4-}" != "e$kit_count" ]; then
            kit_give_up no_tools
        fi
        kit_flags=${kit_result##*:}
        if [ "$1" -ge $((kit_blocks * 512)) ]; then kit_flags=t; fi
        kit_cut "$2" "$1" $((kit_blocks * 512))
        kit_total=$((kit_total + kit_size))
        kit_table="$kit_table$kit_mark read $kit_count ${kit_result%%:*} $kit_size"
        kit_cut "$4" "$3" "$kit_said"
        kit_total=$((kit_total + kit_size))
        kit_table="$kit_table $kit_size $kit_flags
"
        shift 4
    done
    printf '%s%s data %s\n' "$kit_table" "$kit_mark" "$kit_total"
    # shellcheck disable=SC2086
    if [ "$kit_number" -gt 0 ]; then cat $kit_names; fi
    cd /
    rm -rf -- "$kit_folder"
    kit_left=$?
    kit_folder=
    printf '\n%s end %s %s\n' "$kit_mark" "$kit_count" "$kit_left"
    exit 0
}
