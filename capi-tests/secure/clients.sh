# Sourced by run.sh. client_NAME LISTENER/MECHANISM produce|consume TOPIC COUNT FILE, with the array `properties` set: see client.py.

prepare_clients() {
    local client
    bash "$ROOT/capi-tests/setup/c.sh" || return 1
    runtime=$(bash "$ROOT/capi-tests/setup/library.sh" "$lib") || return 1
    probe_program=$CACHE/secure/probe
    gcc -Wall -O1 -pthread -I "$ROOT/include" -o "$probe_program" "$HERE/probe.c" -L "$(bash "$ROOT/capi-tests/setup/stub.sh")" -lrdkafka || die "probe.c"
    for client in $clients; do
        declare -F "client_$client" >/dev/null || die "no client $client"
        ! declare -F "prepare_$client" >/dev/null || "prepare_$client" || return 1
    done
}

# with_library LISTENER/MECHANISM COMMAND...: on the library under test. The original has tickets fetched into a file, which is to
# be nobody else's.
with_library() {
    local where=$1 KRB5CCNAME=FILE:$work/tickets-$BASHPID; shift
    export KRB5CCNAME
    if [ "$lib" = upstream ] && [[ $where = */GSSAPI ]]; then "$@"; else LD_LIBRARY_PATH=$runtime "$@"; fi
}

client_kcat() {
    local where=$1 what=$2 topic=$3 n=$4 file=$5 args=() p
    for p in "${properties[@]}"; do args+=(-X "$p"); done
    # HOME: kcat reads no configuration of the user's.
    if [ "$what" = produce ]; then
        HOME=$work with_library "$where" timeout 40 kcat -P -t "$topic" -p 0 "${args[@]}" <"$file"
    else
        HOME=$work with_library "$where" timeout 40 kcat -C -q -t "$topic" -p 0 -o beginning -c "$n" "${args[@]}" 2>&3 >"$file"
    fi 3>&1
}

prepare_python() {
    read -r python_venv python_runtime < <(lib_name=$lib; . "$ROOT/capi-tests/python/venv.sh" && echo "$venv $runtime")
    [ -n "${python_runtime:-}" ]
}
client_python() {
    LD_LIBRARY_PATH=$python_runtime timeout 120 "$python_venv/bin/python" "$HERE/client.py" "${@:2}" "${properties[@]}"
}

# The version is that of the suite that capi-tests/bindings runs.
prepare_go() {
    type -P go >/dev/null || apt_install golang-go
    local version dir=$CACHE/secure/go
    version=$(. "$ROOT/capi-tests/bindings/go.sh"; echo "$VERSION")
    (
        . "$ROOT/capi-tests/bindings/lib.sh"
        make_prefix || exit 1
        key=$(key "$version" "$(cat "$ROOT/capi-tests/secure/go/main.go")")
        [ "$(cat "$dir/.key" 2>/dev/null)" = "$key" ] && exit 0
        say "building confluent-kafka-go $version"
        # Go keeps what pkg-config has said for another folder, unless the flags that it is given differ.
        export GOFLAGS=-mod=mod GOTOOLCHAIN=local CGO_LDFLAGS="-O2 -g -L$PREFIX/lib"
        cp "$ROOT/capi-tests/secure/go/main.go" "$dir/" && cd "$dir" && rm -f go.mod go.sum && go mod init secure &&
            go get "github.com/confluentinc/confluent-kafka-go/v2@$version" && nice go build -p 2 -tags dynamic -o client . && echo "$key" >.key
    ) >"$CACHE/secure/go.log" 2>&1 </dev/null || { tail -20 "$CACHE/secure/go.log" >&2; die "building the Go client"; }
}
client_go() {
    with_library - timeout 120 "$CACHE/secure/go/client" "${@:2}" "${properties[@]}"
}
