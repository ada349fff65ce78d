#!/bin/bash
# Clients on a secured Kafka (kafka.sh up --secure), through every listener and mechanism, and with everything wrong that can be.
#
#   run.sh [--lib ours|upstream] [--quick] [--only PATTERN] [--clients "kcat python go"] [--keep]
#
# Each row is a case, and --only takes those whose name has PATTERN (a shell pattern) in it:
#
#   LISTENER/MECHANISM/CLIENT   10,000 messages (2,000 with --quick) are produced and consumed, and are the same bytes in the same
#                               order. --quick has kcat everywhere and the bindings in one place.
#   variant/NAME                other ways to the same end (variants.sh): keys and certificates in every form, HTTPS, CRLs, CA folders
#   negative/NAME               what must fail (negatives.sh): the error's code and a text that names the thing at fault, within
#                               LIMIT_MS of the connection
#   backoff/NAME                the same run: connections are counted in front of the broker, and keep to reconnect.backoff.ms
#   logs/SECRET                 every log of the run is at debug=all, and has none of the passwords, tokens and private keys used
#
# What the library under test does not do yet, or does otherwise, is in expected.tsv, one reason a row; it is shown as "known". A
# row there that does not fail any more is a failure, so that the list stays true. With --keep the cluster runs on.
# SECURE_PORT is the first of 90 ports, 19800 if unset. The original is PyPI's build, which has no GSSAPI: Debian's stands in for it there.
# Everything is below .cache/secure: what the clients printed in log-LIB/NAME.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
HERE=$ROOT/capi-tests/secure
. "$HERE/properties.sh"
KAFKA=$ROOT/capi-tests/kafka/kafka.sh
export KAFKA_PORT=${SECURE_PORT:-19800}

lib=ours quick= only= clients="kcat python go" keep=
while [ $# -gt 0 ]; do
    case $1 in
        --lib) lib=$2; shift 2 ;;
        --quick) quick=yes; shift ;;
        --only) only=$2; shift 2 ;;
        --clients) clients=$2; shift 2 ;;
        --keep) keep=yes; shift ;;
        *) sed -n '2,22s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
done
count=$([ -n "$quick" ] && echo 2000 || echo 10000)
LIMIT_MS=${LIMIT_MS:-3000} # a second is what it should be: the rest is for a loaded machine
SECONDS_EACH=$([ -n "$quick" ] && echo 3 || echo 5)

logs=$CACHE/secure/log-$lib work=$CACHE/secure/work
rm -rf "$logs" "$work"; mkdir -p "$logs" "$work" "$CACHE/secure/go"
rows=() failed=0 known=0 passed=0 proxy=
. "$HERE/clients.sh"

cleanup() {
    [ -z "$proxy" ] || kill "$proxy" 2>/dev/null
    [ -n "$keep" ] || bash "$KAFKA" down
}
trap cleanup EXIT

wanted() { case $1 in *$only*) return 0 ;; *) return 1 ;; esac; }

# reason NAME: why this library is known to fail there. The most specific row counts, which is the longest.
reason() {
    local of pattern why longest=
    found=
    while IFS=$'\t' read -r of pattern why; do
        # shellcheck disable=SC2254
        [ "$of" = "$lib" ] && [ ${#pattern} -gt ${#longest} ] && case $1 in $pattern) longest=$pattern found=$why ;; esac
    done <"$HERE/expected.tsv"
    [ -n "$found" ]
}

result() { # NAME ok|FAILED TEXT
    local name=$1 state=$2 text=$3 found
    if reason "$name"; then
        if [ "$state" = ok ]; then state=FAILED text="passes, but expected.tsv says: $found"; else state=known text="$found [$text]"; fi
    fi
    case $state in ok) passed=$((passed + 1)) ;; known) known=$((known + 1)) ;; *) failed=$((failed + 1)) ;; esac
    rows+=("$(printf '%-6s %-36s %s' "$state" "$name" "${text:0:400}")")
    echo "${rows[-1]}"
}

# properties_with LISTENER/MECHANISM [name=value | -name]...: the array `properties`, with what is given set or taken away
properties_with() {
    local where=$1 p q changed; shift
    mapfile -t properties < <(secure_properties "${where%/*}" "${where#*/}")
    for p in "$@"; do
        changed=()
        for q in "${properties[@]}"; do [ "${q%%=*}" = "${p%%=*}" ] || [ "-${q%%=*}" = "$p" ] || changed+=("$q"); done
        [ "${p:0:1}" = - ] || changed+=("$p")
        properties=("${changed[@]}")
    done
}

# round_trip NAME CLIENT COUNT LISTENER/MECHANISM [name=value]...: and the row for it
round_trip() {
    local name=$1 client=$2 n=$3 where=$4 started=$((${EPOCHREALTIME/./} / 1000)) log=$logs/${1//\//_} topic out=$work/out properties; shift 4
    topic=secure-$((++topics))-$$
    # A topic that was just created may answer that it has no leader yet: only idempotence keeps the order then.
    properties_with "$where" debug=all enable.idempotence=true "$@"
    rm -f "$out"
    if ! client_"$client" "$where" produce "$topic" "$n" "$work/input-$n" >"$log" 2>&1; then result "$name" FAILED "producing: $(last_words "$log")"
    elif properties_with "$where" debug=all "$@"; ! client_"$client" "$where" consume "$topic" "$n" "$out" >>"$log" 2>&1; then result "$name" FAILED "consuming: $(last_words "$log")"
    elif ! cmp -s "$work/input-$n" "$out"; then result "$name" FAILED "what came is not what was sent: $(cmp "$work/input-$n" "$out" 2>&1)"
    else result "$name" ok "$n messages in $((${EPOCHREALTIME/./} / 1000 - started)) ms"; fi
}
topics=0
last_words() { grep -aE '%3\||ERROR|[Ee]rror|Unsupported|failed' "$1" | grep -v '^%7' | tail -n 1 | cut -c1-250; }

make_input() { # N: lines of text, 20 to 1,000 bytes, each with its number
    [ -f "$work/input-$1" ] || python3 -c '
import random, string, sys
r = random.Random(7)
letters = "".join(r.choices(string.ascii_letters + string.digits + " ", k=5000))
for n in range(int(sys.argv[1])):
    at = r.randrange(4000)
    print(n, letters[at:at + r.randrange(20, 1000)].strip(), sep=":")' "$1" >"$work/input-$1"
}

matrix() {
    local where client
    make_input "$count"
    for where in SSL_ANY/- SSL/- SASL_{PLAINTEXT,SSL}/{PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OIDC,OIDC-JWT,OIDC-ES256,GSSAPI} UNSECURED/- UNSECURED_SSL/-; do
        for client in $clients; do
            # A binding adds little to what the mechanism does: one place shows that it gets there.
            [ -n "$quick" ] && [ "$client" != kcat ] && [ "$where" != SASL_SSL/SCRAM-SHA-512 ] && continue
            wanted "$where/$client" || continue
            round_trip "$where/$client" "$client" "$count" "$where"
        done
    done
}

variant() { # NAME LISTENER/MECHANISM [name=value]...
    wanted "variant/$1" || return 0
    local name=$1 where=$2; shift 2
    round_trip "variant/$name" kcat 100 "$where" "$@"
}

# negative NAME LISTENER/MECHANISM CODE PATTERN [name=value]...: only noted; run_negatives runs several of them at a time.
negatives=()
negative() {
    wanted "negative/$1" || wanted "backoff/$1" || return 0
    negatives+=("$1")
    printf '%s\0' "${@:2}" >"$work/negative-$1"
}

run_negatives() {
    local n at=0 port pairs=() pids=() where fields
    [ ${#negatives[@]} -gt 0 ] || return 0
    for n in "${negatives[@]}"; do
        mapfile -d '' -t fields <"$work/negative-$n"
        where=${fields[0]%/*}
        pairs+=($((SECURE_BASE + 20 + at++)):$((SECURE_BASE + SECURE_OFFSET[$where])))
    done
    python3 "$HERE/proxy.py" "$work/connections" "${pairs[@]}" 2>"$logs/proxy" & proxy=$!
    until grep -q ready "$work/connections" 2>/dev/null; do kill -0 $proxy || { cat "$logs/proxy" >&2; die "the proxy"; }; sleep 0.05; done
    at=0
    for n in "${negatives[@]}"; do
        port=$((SECURE_BASE + 20 + at++))
        probe "$n" $port & pids+=($!)
        [ $((at % 6)) != 0 ] || { wait "${pids[@]}"; pids=(); }
    done
    [ ${#pids[@]} = 0 ] || wait "${pids[@]}"
    kill $proxy; proxy=
    at=0
    for n in "${negatives[@]}"; do judge "$n" $((SECURE_BASE + 20 + at++)); done
}

probe() { # NAME PORT
    local fields properties where extra=()
    mapfile -d '' -t fields <"$work/negative-$1"
    where=${fields[0]}
    # The original re-bootstraps whenever its one broker is down, with fresh back-off. That is about metadata, not about security.
    [ "$lib" = upstream ] && [[ $where != */GSSAPI ]] && extra=(metadata.recovery.strategy=none)
    properties_with "$where" "bootstrap.servers=localhost:$2" debug=all ${extra[@]+"${extra[@]}"} "${fields[@]:3}"
    echo "START $((${EPOCHREALTIME/./} / 1000))" >"$work/said-$1"
    with_library "$where" timeout -k 5 $((SECONDS_EACH + 30)) "$probe_program" "$SECONDS_EACH" "${properties[@]}" \
        >>"$work/said-$1" 2>"$logs/negative_$1"
    local code=$?
    [ $code -le 1 ] || echo "ENDED with $code" >>"$work/said-$1"
    cp "$work/said-$1" "$logs/said_$1"
}

judge() { # NAME PORT
    local said=$work/said-$1 fields code pattern first line text limit=$((SECONDS_EACH == 3 ? 7 : 8)) n
    mapfile -d '' -t fields <"$work/negative-$1"
    code=${fields[1]} pattern=${fields[2]}
    if wanted "negative/$1"; then
        if [ "$code" = CREATE ]; then
            line=$(grep -a '^CREATE' "$said")
            if [ -z "$line" ]; then text="the client was made"; elif grep -qiE -- "$pattern" <<<"$line"; then text=; else text="not /$pattern/: $line"; fi
            result "negative/$1" "$([ -z "$text" ] && echo ok || echo FAILED)" "${text:-${line#CREATE }}"
        else
            line=$(grep -aE "^ERROR [0-9]+ ($code) " "$said" | grep -aiE -m 1 -- "$pattern")
            first=$(awk -v port="$2" '$2 == port { print $1; exit }' "$work/connections")
            : "${first:=$(awk '/^START/ { print $2 }' "$said")}"
            if [ -z "$line" ]; then
                result "negative/$1" FAILED "no $code /$pattern/: $(grep -aE '^(ERROR|CREATE|UP|ENDED)' "$said" | grep -v _ALL_BROKERS_DOWN | head -n 1)"
            else
                read -r _ n code text <<<"$line"
                [ $((n - first)) -le "$LIMIT_MS" ] && result "negative/$1" ok "$((n - first)) ms: $code $text" ||
                    result "negative/$1" FAILED "only after $((n - first)) ms: $code $text"
            fi
        fi
    fi
    [ "$code" = CREATE ] || ! wanted "backoff/$1" || {
        n=$(awk -v port="$2" '$2 == port' "$work/connections" | wc -l)
        if grep -qE '^(ENDED|CREATE)' "$said"; then result "backoff/$1" FAILED "$(grep -aE '^(ENDED|CREATE)' "$said")"
        else result "backoff/$1" "$([ "$n" -le $limit ] && echo ok || echo FAILED)" "$n connections in $SECONDS_EACH s"; fi
    }
}

# Passwords, tokens and keys, each as a program would print it: a name, a tab, and what grep looks for.
secrets() {
    local name f
    for name in PLAIN_PASSWORD SCRAM256_PASSWORD SCRAM512_PASSWORD OIDC_SECRET KEY_PASSPHRASE; do printf '%s\t%s\n' $name "${!name}"; done
    printf 'basic-authorization\t%s\n' "$(printf %s "$OIDC_CLIENT:$OIDC_SECRET" | base64 -w 0)"
    printf 'wrong-passwords\t%s\n' wrong-password-
    # The second line of a key's own; those that are encrypted with headers in the PEM are left out.
    for f in "$SECURE_DIR"/*.key; do printf 'private-keys\t%s\n' "$(sed -n '/^Proc-Type/,/^$/d; 3p' "$f")"; done
    # The header of a JWT: {"alg or {"typ or {"kid. With what follows it, which a shortened one has not.
    printf 'tokens\t%s\n' 'eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}'
}

search_logs() {
    local name pattern where files
    files=$(find "$logs" -type f | wc -l)
    [ "$files" != 0 ] || return 0
    for name in PLAIN_PASSWORD SCRAM256_PASSWORD SCRAM512_PASSWORD OIDC_SECRET KEY_PASSPHRASE basic-authorization wrong-passwords private-keys tokens; do
        wanted "logs/$name" || continue
        where=
        while IFS=$'\t' read -r _ pattern; do
            [ -n "$pattern" ] || continue
            [ "$name" = tokens ] || pattern=$(sed 's/[][\.*^$+?(){}|/]/\\&/g' <<<"$pattern")
            where+=$(grep -rlaE -- "$pattern" "$logs" | xargs -rn 1 basename | head -n 5 | tr '\n' ' ')
        done < <(secrets | grep "^$name"$'\t')
        result "logs/$name" "$([ -z "$where" ] && echo ok || echo FAILED)" "${where:-in none of $files logs}"
    done
}

bash "$ROOT/capi-tests/setup/kcat.sh" || exit 1
prepare_clients || exit 1
bash "$KAFKA" up --secure || exit 1
secure_load
export KRB5_CONFIG
make_input 100
matrix
. "$HERE/variants.sh"
. "$HERE/negatives.sh"
run_negatives
search_logs
echo
[ $known = 0 ] || { echo "Known of $lib:"; printf '%s\n' "${rows[@]}" | grep '^known'; }
[ $failed = 0 ] || { echo "Failed on $lib:"; printf '%s\n' "${rows[@]}" | grep '^FAILED'; }
echo "$lib: $passed passed, $known known, $failed failed"
[ $failed = 0 ]
