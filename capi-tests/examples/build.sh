# Sourced after lib.sh.
# build_example SOURCE FOLDER: the example, built by the command in its own comment, without a warning, into the folder. The command
# finds header and library where the compiler looks by itself.
build_example() {
    local source=$ROOT/capi-tests/examples/$1 folder=$2 command warnings
    mkdir -p "$folder/include" "$folder/lib"
    ln -sfn "$ROOT/include" "$folder/include/librdkafka"
    bash "$ROOT/capi-tests/setup/names.sh" "$folder/lib" || return 1
    command=$(sed -n 's/^ \*  *\(cc .*\)$/\1/p' "$source")
    [ -n "$command" ] || { say "no command in $source"; return 1; }
    warnings=$(cd "$(dirname "$source")" && CPATH=$folder/include LIBRARY_PATH=$folder/lib ${command/-o /-o "$folder"/} 2>&1) &&
        [ -z "$warnings" ] || { say "$command: $warnings"; return 1; }
}
