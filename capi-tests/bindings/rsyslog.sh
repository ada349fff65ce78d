# rsyslog with its modules omkafka and imkafka, as Debian packages them, unpacked. Its own tests build rsyslog and start servers of
# their own: those in rsyslog/ are this project's.
CLIENT="rsyslog omkafka and imkafka (Debian's, with this project's tests)" VERSION=8.2302.0

build() {
    fresh "$VERSION" "$(cat "$HERE/rsyslog.sh")" || return 0
    apt_install dpkg-dev
    bash "$ROOT/capi-tests/setup/kcat.sh" || return 1
    rm -rf root packages && mkdir root packages && cd packages || return 1
    local list="rsyslog rsyslog-kafka libestr0 libfastjson4 liblognorm5"
    # The package lists may be missing or old.
    apt-get download -q $list || { as_root apt-get -q update; apt-get download -q $list; } || return "$UNAVAILABLE"
    local package
    for package in ./*.deb; do dpkg-deb -x "$package" ../root || return 1; done
    cd "$WORK" && LD_LIBRARY_PATH=$(echo "$WORK"/root/usr/lib/*-linux-gnu) root/usr/sbin/rsyslogd -v | grep -q "^rsyslogd  *$VERSION" && stamp "$VERSION" "$(cat "$HERE/rsyslog.sh")"
}

suite() { ROOT_FOLDER=$WORK/root TOPIC_TOOL=$ROOT/capi-tests/kafka/admin.py python3 "$HERE/rsyslog/test.py" "$1" "${TESTS:-}"; }
