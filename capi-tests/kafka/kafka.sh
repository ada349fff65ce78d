#!/bin/bash
# A real Apache Kafka on loopback, for the tests.
#
#   kafka.sh up [--nodes 1|3] [--version 4.2|3.9|2.8] [--port BASE] [--partitions N] [--set NAME=VALUE]... [--feature NAME=LEVEL]...
#               [--classes FOLDER] [--proxied]                        start a cluster and wait until it answers
#   kafka.sh up --secure [--reauth MS] ...                            one node with TLS and SASL beside it: secure.sh has the listeners,
#                                                                     ../secure/properties.sh what a client sets for each of them
#   kafka.sh down|status|bootstrap [--port BASE]                      stop it | show it | print its bootstrap.servers
#   kafka.sh kill N | stop N | start N | pause N | cont N             one node: SIGKILL, clean stop, start, freeze, thaw
#   kafka.sh jars [--version V]                                       only resolve the jars
#
# Node N listens on BASE+N-1 (19092, 19093, ...), its controller on BASE+10+N-1; before Kafka 3.3 there is a ZooKeeper on BASE+20.
# Each BASE is a cluster of its own, so that several can run side by side. `up` always starts with empty logs, unless the
# same cluster is already up. Topics that the broker makes by itself have N partitions, 4 without --partitions. --set adds a property
# of the brokers, or replaces one. --feature is the level of a feature (transaction.version=1) that the storage is formatted with; the
# others are the version's own. --classes has classes of a test's own for the brokers. With --proxied node N listens on BASE+30+N-1, too, and tells who connects there that it is on
# BASE+40+N-1: there a test has its proxy. --reauth is after how long they want a new login, 0 for never. A secured cluster has a KDC and a
# token server of its own on BASE+13 to BASE+15. Jars come through Maven into the cache folder; data and logs are kept below it as well.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
HERE=$ROOT/capi-tests/kafka
. "$HERE/secure.sh"

nodes=${KAFKA_NODES:-1} version=${KAFKA_VERSION:-4.2} base=${KAFKA_PORT:-19092} partitions=4 properties=() features=() classes= proxied= secure= reauth=0
jvm_options=()
cmd=${1:-}; [ $# -gt 0 ] && shift
args=()
while [ $# -gt 0 ]; do
    case $1 in
        --nodes) nodes=$2; shift 2 ;;
        --version) version=$2; shift 2 ;;
        --port) base=$2; shift 2 ;;
        --partitions) partitions=$2; shift 2 ;;
        --secure) secure=yes; shift ;;
        --reauth) reauth=$2; shift 2 ;;
        --set) properties+=("$2"); shift 2 ;;
        --feature) features+=(--feature "$2"); shift 2 ;;
        --classes) classes=$2; shift 2 ;;
        --proxied) proxied=yes; shift ;;
        --*) die "unknown option $1" ;;
        *) args+=("$1"); shift ;;
    esac
done
run=$CACHE/kafka/run-$base

full_version() {
    case $1 in 4.2) echo 4.2.0 ;; 3.9) echo 3.9.1 ;; 2.8) echo 2.8.2 ;; *) echo "$1" ;; esac
}
has_kraft() { case $1 in 2.*|3.[0-2].*) return 1 ;; *) return 0 ;; esac; }

# Resolves the jars once per version; the stamp is written last, so that an interrupted run is repeated.
jars() {
    local v=$1 dir=$CACHE/kafka/jars-$1
    [ -f "$dir/.complete" ] && return 0
    bash "$ROOT/capi-tests/setup/java.sh" || return 1
    say "resolving the jars of Kafka $v"
    local log=$CACHE/kafka/maven-$v.log profile=; mkdir -p "$dir"
    case $v in 2.*|3.*) ;; *) profile=-Plog ;; esac
    mvn -q -B -f "$HERE/pom.xml" $profile -Dkafka.version="$v" dependency:copy-dependencies -DincludeScope=runtime \
        -DoutputDirectory="$dir" >"$log" 2>&1 </dev/null || { tail -20 "$log" >&2; die "Maven could not resolve Kafka $v"; }
    touch "$dir/.complete"
}

jvm() {
    local heap=$1 log4j=; shift
    case $version in 2.*|3.*) log4j=-Dlog4j.configuration=file:$HERE/log4j.properties ;; esac
    exec java -Xmx"$heap" -Xms64m -XX:+UseSerialGC -XX:-UsePerfData -Djava.awt.headless=true -Djava.net.preferIPv4Stack=true \
        $log4j ${jvm_options[@]+"${jvm_options[@]}"} \
        -Dorg.slf4j.simpleLogger.showDateTime=true -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
        -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info \
        -cp "$CACHE/kafka/jars-$version/*${classes:+:$classes}" "$@"
}

# The name under which a process is known: its configuration file is on its command line.
alive() {
    local pid; pid=$(cat "$1/pid" 2>/dev/null) || return 1
    [ -n "$pid" ] && [ -d "/proc/$pid" ] && { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qF "$1/"
}

# starting DIR: whether the process that was just started there has not ended. Until it is the program it has another command line.
starting() { [ -d "/proc/$(cat "$1/pid")" ]; }

launch() { # DIR HEAP CLASS FILE
    ( jvm "$2" "$3" "$4" ) >>"$1/log" 2>&1 </dev/null 9>&- &
    echo $! >"$1/pid"
    disown $!
}

load() { [ -f "$run/cluster" ] || die "no cluster on port $base (kafka.sh up)"; . "$run/cluster"; }
port_of() { echo $((base + $1 - 1)); }

bootstrap() {
    local n list=
    for n in $(seq "$nodes"); do list+=${list:+,}127.0.0.1:$(port_of "$n"); done
    echo "$list"
}

# metadata PORT: asks the broker for its metadata (version 4, no topics) and prints "BROKERS CONTROLLER"; fails when it does not answer.
metadata() {
    local hex n i len
    hex=$( { exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
        printf '\0\0\0\024\0\003\0\004\0\0\0\001\0\005ready\0\0\0\0\0' >&3
        hex=$(timeout 5 head -c 4 <&3 | od -An -v -tx1 | tr -d ' \n')
        [ ${#hex} -eq 8 ] && printf %s "$hex" && timeout 5 head -c $((16#$hex)) <&3 | od -An -v -tx1; } 2>/dev/null | tr -d ' \n')
    [ ${#hex} -gt 32 ] || return 1
    n=$((16#${hex:24:8})); i=32
    local brokers=$n
    while [ "$n" -gt 0 ]; do
        len=$((16#${hex:$((i + 8)):4})); i=$((i + 12 + 2 * len + 8))
        len=$((16#${hex:i:4})); [ "$len" -eq 65535 ] && len=0; i=$((i + 4 + 2 * len)); n=$((n - 1))
    done
    len=$((16#${hex:i:4})); [ "$len" -eq 65535 ] && len=0; i=$((i + 4 + 2 * len))
    echo "$brokers $((16#${hex:i:8}))"
}

# wait_ready PORT WANTED DIR: until the broker on PORT lists WANTED brokers and a controller.
wait_ready() {
    local deadline=$((SECONDS + 120)) got
    while [ $SECONDS -lt $deadline ]; do
        starting "$3" || { tail -30 "$3/log" >&2; die "the node in $3 ended while starting"; }
        if got=$(metadata "$1") && [ "${got% *}" -ge "$2" ] && [ "${got#* }" -lt 2147483648 ]; then return 0; fi
        sleep 0.2
    done
    tail -30 "$3/log" >&2
    die "the node in $3 was not ready within 120 s"
}

wait_gone() { # DIR SECONDS
    local deadline=$((SECONDS + $2))
    while alive "$1"; do [ $SECONDS -lt $deadline ] || return 1; sleep 0.1; done
}

write_config() { # N
    local n=$1 dir=$run/node-$1 rf=1 isr=1 v voters= i
    [ "$nodes" -ge 3 ] && rf=3 isr=2
    mkdir -p "$dir"
    {
        cat "$HERE/server.properties"
        echo "broker.rack=rack$n"
        echo "num.partitions=$partitions"
        echo "default.replication.factor=$rf"
        echo "min.insync.replicas=$isr"
        echo "offsets.topic.replication.factor=$rf"
        echo "transaction.state.log.replication.factor=$rf"
        echo "transaction.state.log.min.isr=$isr"
        echo "log.dirs=$dir/data"
        if has_kraft "$version"; then
            for i in $(seq "$nodes"); do voters+=${voters:+,}$i@127.0.0.1:$((base + 10 + i - 1)); done
            echo "process.roles=broker,controller"
            echo "node.id=$n"
            echo "listeners=PLAINTEXT://127.0.0.1:$(port_of "$n"),CONTROLLER://127.0.0.1:$((base + 10 + n - 1))${secure:+$(secure_listeners 127.0.0.1)}${proxied:+,PROXIED://127.0.0.1:$((base + 30 + n - 1))}"
            [ -z "$secure" ] || secure_config
            [ -z "$proxied" ] || proxied_config "$n"
            echo "controller.listener.names=CONTROLLER"
            echo "controller.quorum.voters=$voters"
            echo "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer"
            # Controllers of several nodes must be allowed to vote before the access lists are there; everybody here is ANONYMOUS.
            [ "$nodes" -gt 1 ] && echo "super.users=User:ANONYMOUS"
            echo "broker.heartbeat.interval.ms=1000"
            echo "broker.session.timeout.ms=6000"
            # Tests give a group shorter times than a cluster would allow.
            echo "group.consumer.min.session.timeout.ms=1000"
            echo "group.consumer.min.heartbeat.interval.ms=100"
            case $version in
                3.*) echo "group.coordinator.rebalance.protocols=classic,consumer" ;;
                *) echo "group.share.min.session.timeout.ms=1000"
                    echo "group.share.min.heartbeat.interval.ms=100"
                    echo "group.share.min.record.lock.duration.ms=1000"
                    echo "share.coordinator.state.topic.replication.factor=$rf"
                    echo "share.coordinator.state.topic.min.isr=$isr"
                    echo "share.coordinator.state.topic.num.partitions=4" ;;
            esac
        else
            echo "broker.id=$n"
            echo "listeners=PLAINTEXT://127.0.0.1:$(port_of "$n")"
            echo "zookeeper.connect=127.0.0.1:$((base + 20))"
            echo "zookeeper.session.timeout.ms=6000"
            echo "authorizer.class.name=kafka.security.authorizer.AclAuthorizer"
        fi
        [ ${#properties[@]} -eq 0 ] || printf '%s\n' "${properties[@]}"
    } >"$dir/server.properties"
}

proxied_config() { # N: properties of the second listener
    echo "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT"
    echo "inter.broker.listener.name=PLAINTEXT"
    echo "advertised.listeners=PLAINTEXT://127.0.0.1:$(port_of "$1"),PROXIED://127.0.0.1:$((base + 40 + $1 - 1))"
}

start_node() { # N: without waiting
    local dir=$run/node-$1
    alive "$dir" && return 0
    [ -z "$secure" ] || secure_jvm
    launch "$dir" "${KAFKA_HEAP:-512m}" kafka.Kafka "$dir/server.properties"
}

up() {
    version=$(full_version "$version")
    case $nodes in 1|3) ;; *) die "--nodes takes 1 or 3" ;; esac
    [ -z "$secure" ] || [ "$nodes" = 1 ] || die "--secure has one node"
    [ -z "$proxied" ] || { [ -z "$secure" ] && has_kraft "$version"; } || die "--proxied is for KRaft without --secure"
    [ ${#features[@]} -eq 0 ] || has_kraft "$version" || die "--feature is for KRaft"
    local cluster="version=$version nodes=$nodes base=$base"
    [ -z "$secure" ] || cluster+=" secure=yes reauth=$reauth"
    [ "$partitions" = 4 ] || cluster+=" partitions=$partitions"
    [ -z "$proxied" ] || cluster+=" proxied=yes"
    [ -z "$classes" ] || cluster+=" classes=$(printf %q "$classes")"
    [ ${#features[@]} -eq 0 ] || cluster+=" features=($(printf '%q ' "${features[@]}"))"
    [ ${#properties[@]} -eq 0 ] || cluster+=" properties=($(printf '%q ' "${properties[@]}"))"
    if [ -f "$run/cluster" ]; then
        local have; have=$(cat "$run/cluster")
        if [ "$have" = "$cluster" ] && all_answer; then say "already up: $(bootstrap)"; return 0; fi
        (load; down) || return 1
    fi
    jars "$version" || return 1
    local n id users=()
    for n in ${secure:+$(secure_ports)}; do (exec 3<>"/dev/tcp/127.0.0.1/$n") 2>/dev/null && die "port $n is taken by something else"; done
    for n in $(seq "$nodes"); do
        (exec 3<>"/dev/tcp/127.0.0.1/$(port_of "$n")") 2>/dev/null && die "port $(port_of "$n") is taken by something else"
        (exec 3<>"/dev/tcp/127.0.0.1/$((base + 10 + n - 1))") 2>/dev/null && die "port $((base + 10 + n - 1)) is taken by something else"
    done
    mkdir -p "$run"
    echo "$cluster" >"$run/cluster"
    if [ -n "$secure" ]; then secure_prepare || return 1; mapfile -t users < <(secure_users); fi
    if has_kraft "$version"; then
        id=A$(head -c 16 /dev/urandom | base64 | tr '+/' '00' | cut -c 2-22)
        for n in $(seq "$nodes"); do
            write_config "$n"
            ( jvm 256m kafka.tools.StorageTool format -t "$id" -c "$run/node-$n/server.properties" ${users[@]+"${users[@]}"} \
                ${features[@]+"${features[@]}"} ) >"$run/node-$n/log" 2>&1 </dev/null \
                || { cat "$run/node-$n/log" >&2; die "formatting node $n"; }
        done
    else
        mkdir -p "$run/zookeeper"
        printf 'dataDir=%s\nclientPort=%s\nclientPortAddress=127.0.0.1\nmaxClientCnxns=0\nadmin.enableServer=false\n' \
            "$run/zookeeper/data" $((base + 20)) >"$run/zookeeper/zookeeper.properties"
        launch "$run/zookeeper" 128m org.apache.zookeeper.server.quorum.QuorumPeerMain "$run/zookeeper/zookeeper.properties"
        for n in $(seq "$nodes"); do write_config "$n"; done
    fi
    for n in $(seq "$nodes"); do start_node "$n"; done
    for n in $(seq "$nodes"); do wait_ready "$(port_of "$n")" "$nodes" "$run/node-$n"; done
    # A listener whose port somebody took meanwhile ends the node, a while after the first one has answered.
    for n in ${secure:+$(secure_ports)}; do wait_port "$n" "$run/node-1"; done
    say "Kafka $version is up: $(bootstrap)"
}

all_answer() {
    local n
    for n in $(seq "$nodes"); do metadata "$(port_of "$n")" >/dev/null || return 1; done
}

stop_dir() { # DIR SECONDS: SIGTERM, and SIGKILL for what has not ended by then
    alive "$1" || return 0
    kill -CONT "$(cat "$1/pid")" 2>/dev/null
    kill "$(cat "$1/pid")" 2>/dev/null
    wait_gone "$1" "$2" || { kill -KILL "$(cat "$1/pid")" 2>/dev/null; wait_gone "$1" 10; }
    rm -f "$1/pid"
}

down() {
    local n
    # All at once: a broker that stops alone would first hand its partitions over, and the last ones find no quorum to tell.
    for n in "$run"/node-*; do alive "$n" && kill -CONT "$(cat "$n/pid")" && kill "$(cat "$n/pid")"; done
    for n in "$run"/node-*; do stop_dir "$n" 8; done
    for n in zookeeper kdc oidc; do [ -d "$run/$n" ] && stop_dir "$run/$n" 5; done
    rm -rf "$run"
}

status() {
    local n state got
    echo "Kafka $version, $(bootstrap)"
    for n in $(seq "$nodes"); do
        state=stopped got=
        if alive "$run/node-$n"; then state="pid $(cat "$run/node-$n/pid")"; got=$(metadata "$(port_of "$n")") || got="no answer"; fi
        echo "node $n port $(port_of "$n") $state${got:+, brokers and controller: $got}"
    done
}

node=${args[0]:-}
needs_node() { load; [ -d "$run/node-$node" ] || die "which node? (1..$nodes)"; dir=$run/node-$node; }
case $cmd in
    up) mkdir -p "$CACHE/kafka"; exec 9>"$CACHE/kafka/lock-$base"; flock 9
        ( up ) || { [ -f "$run/cluster" ] && { . "$run/cluster"; down; }; exit 1; } ;;
    down) [ -f "$run/cluster" ] || exit 0; load; down ;;
    status) load; status ;;
    bootstrap) load; bootstrap ;;
    version) load; echo "$version" ;;
    jars) mkdir -p "$CACHE/kafka"; version=$(full_version "$version"); jars "$version" && echo "$CACHE/kafka/jars-$version" ;;
    kill) needs_node; alive "$dir" && kill -KILL "$(cat "$dir/pid")"; wait_gone "$dir" 10; rm -f "$dir/pid" ;;
    stop) needs_node; stop_dir "$dir" 30 ;;
    start) needs_node; start_node "$node"; wait_ready "$(port_of "$node")" 1 "$dir" ;;
    pause) needs_node; kill -STOP "$(cat "$dir/pid")" ;;
    cont) needs_node; kill -CONT "$(cat "$dir/pid")" ;;
    *) sed -n '2,20s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac
