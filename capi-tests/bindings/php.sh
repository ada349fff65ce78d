# php-rdkafka as its authors release it: its own tests, unit and integration. Its registry is PECL. Where that is not reached,
# PHP_RDKAFKA_SOURCE names the released package, unpacked, or a clone of its repository, of which the release's tag is taken.
CLIENT='php-rdkafka' VERSION=6.0.4

build() {
    apt_install php-cli php-dev php-pear
    fresh "$VERSION" "$(cat "$HERE/php.sh")" || return 0
    rm -rf src get && mkdir src get || return 1
    local from=${PHP_RDKAFKA_SOURCE:-}
    if [ -z "$from" ]; then
        (cd get && timeout 120 pecl download "rdkafka-$VERSION") && tar xzf get/rdkafka-*.tgz -C src --strip-components 1 "rdkafka-$VERSION" || return "$UNAVAILABLE"
    elif git -C "$from" rev-parse -q --verify "refs/tags/$VERSION" >/dev/null; then git -C "$from" archive "$VERSION" | tar x -C src || return 1
    else cp -r "$from/." src || return 1
    fi
    grep -q "^#define PHP_RDKAFKA_VERSION \"$VERSION\"" src/php_rdkafka.h || { say "not php-rdkafka $VERSION"; return 1; }
    cd src && phpize && ./configure -q --with-rdkafka="$PREFIX" && nice make -s -j 2 && cd "$WORK" && stamp "$VERSION" "$(cat "$HERE/php.sh")"
}

suite() {
    local logs=$1 test
    # A broker version would only make the libraries say that its property is deprecated.
    export TEST_KAFKA_BROKERS=${BOOTSTRAP%%,*} NO_INTERACTION=1 REPORT_EXIT_STATUS=0
    cd "$WORK/src" && find tests -name '*.phpt' | grep -F -e "${TESTS:-}" | sort >"$logs/list" || return 1
    # What is left of tests that failed on the other library must not be taken for this one's.
    find tests -type f \( -name '*.out' -o -name '*.diff' -o -name '*.log' -o -name '*.php' -newer "$WORK/.key" \) -delete
    php run-tests.php -n -q -d extension_dir="$WORK/src/modules" -d extension=rdkafka.so --set-timeout "${TIMEOUT:-120}" \
        --show-diff -W "$logs/results" -r "$logs/list" >"$logs/run-tests" 2>&1
    sed -nE 's/^(PASSED|FAILED|SKIPPED|BORKED|WARNED|LEAKED|XFAILED)\t(.*)/\2\t\1/p' "$logs/results" |
        sed "s#\t\(PASSED\|XFAILED\)#\tpass#; s#\tSKIPPED#\tskip#; s#\t\(FAILED\|BORKED\|WARNED\|LEAKED\)#\tfail#"
    # What the run did not come to has failed, too.
    while read -r test; do grep -qF "	$test" "$logs/results" || printf '%s\tfail\n' "$test"; done <"$logs/list"
}
