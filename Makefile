# make help lists the targets.
# The set-up scripts are bash.
SHELL := /bin/bash
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DOCDIR ?= $(PREFIX)/share/doc/librskafka
DEBUGDIR ?= $(LIBDIR)/.debug
STRIP ?= strip
# What a program needs beside librdkafka.a.
STATIC_LIBS ?= -lpthread -ldl -lm -lrt -lgcc_s -lutil -lssl -lcrypto -lc
LIB ?= ours
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
# Where `make install` takes the library from.
LIBRARY_DIR ?= $(TARGET_DIR)/release
LIBRARY_VERSION := $(shell sed -n 's/^version *= *"\(.*\)"/\1/p' Cargo.toml | head -1)
export LIB

.PHONY: all help install install-debug uninstall packaged deb deb-test dist dist-test images-test demo examples test test-brokers sanitize bench abi-status conformance groups chaos kafka-up kafka-down dev-test kcat python-test calls bindings secure reauth transactions share-chaos docs docs-test lint

all: ## build the library (release): target/release/librdkafka.so and librdkafka.a
	@. capi-tests/setup/rust.sh && cargo build --release
	@mkdir -p $(TARGET_DIR)/release/lib && ln -sf ../librdkafka.so $(TARGET_DIR)/release/lib/librdkafka.so.1

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

$(LIBRARY_DIR)/librdkafka.so $(LIBRARY_DIR)/librdkafka.a:
	@$(MAKE) --no-print-directory all

install: $(LIBRARY_DIR)/librdkafka.so $(LIBRARY_DIR)/librdkafka.a ## library (stripped), headers, pkg-config files and licences to PREFIX (below DESTDIR)
	install -d "$(DESTDIR)$(LIBDIR)/pkgconfig" "$(DESTDIR)$(INCLUDEDIR)/librdkafka"
	install -m 755 "$(LIBRARY_DIR)/librdkafka.so" "$(DESTDIR)$(LIBDIR)/librdkafka.so.1"
	$(STRIP) --strip-unneeded "$(DESTDIR)$(LIBDIR)/librdkafka.so.1"
	ln -sf librdkafka.so.1 "$(DESTDIR)$(LIBDIR)/librdkafka.so"
	install -m 644 "$(LIBRARY_DIR)/librdkafka.a" "$(DESTDIR)$(LIBDIR)/librdkafka.a"
	$(STRIP) --strip-debug "$(DESTDIR)$(LIBDIR)/librdkafka.a"
	install -d "$(DESTDIR)$(DOCDIR)"
	install -m 644 LICENSE NOTICE THIRD-PARTY-LICENCES "$(DESTDIR)$(DOCDIR)/"
	install -m 644 include/rdkafka.h include/rdkafka_mock.h "$(DESTDIR)$(INCLUDEDIR)/librdkafka/"
	sed -e 's|@prefix@|$(PREFIX)|; s|@libdir@|$(LIBDIR)|; s|@includedir@|$(INCLUDEDIR)|; s|@version@|$(LIBRARY_VERSION)|' src/pkgconfig/rdkafka.pc.in \
		>"$(DESTDIR)$(LIBDIR)/pkgconfig/rdkafka.pc"
	sed -e 's|@prefix@|$(PREFIX)|; s|@libdir@|$(LIBDIR)|; s|@includedir@|$(INCLUDEDIR)|; s|@version@|$(LIBRARY_VERSION)|; s|@libs@|$(STATIC_LIBS)|' src/pkgconfig/rdkafka-static.pc.in \
		>"$(DESTDIR)$(LIBDIR)/pkgconfig/rdkafka-static.pc"

install-debug: install ## the debug sections of the installed library, beside it in .debug, where gdb looks
	install -d "$(DESTDIR)$(DEBUGDIR)"
	objcopy --only-keep-debug "$(LIBRARY_DIR)/librdkafka.so" "$(DESTDIR)$(DEBUGDIR)/librdkafka.so.1.debug"
	chmod 644 "$(DESTDIR)$(DEBUGDIR)/librdkafka.so.1.debug"
	objcopy --remove-section=.gnu_debuglink --add-gnu-debuglink="$(DESTDIR)$(DEBUGDIR)/librdkafka.so.1.debug" "$(DESTDIR)$(LIBDIR)/librdkafka.so.1"

uninstall: ## take away what `make install` brought
	rm -f "$(DESTDIR)$(LIBDIR)"/librdkafka.so.1 "$(DESTDIR)$(LIBDIR)"/librdkafka.so "$(DESTDIR)$(LIBDIR)"/librdkafka.a
	rm -f "$(DESTDIR)$(LIBDIR)"/pkgconfig/rdkafka.pc "$(DESTDIR)$(LIBDIR)"/pkgconfig/rdkafka-static.pc
	rm -f "$(DESTDIR)$(INCLUDEDIR)"/librdkafka/rdkafka.h "$(DESTDIR)$(INCLUDEDIR)"/librdkafka/rdkafka_mock.h
	rm -f "$(DESTDIR)$(DOCDIR)"/LICENSE "$(DESTDIR)$(DOCDIR)"/NOTICE "$(DESTDIR)$(DOCDIR)"/THIRD-PARTY-LICENCES
	rm -f "$(DESTDIR)$(DEBUGDIR)"/librdkafka.so.1.debug
	@for d in "$(INCLUDEDIR)/librdkafka" "$(LIBDIR)/pkgconfig" "$(DEBUGDIR)" "$(DOCDIR)" "$(dir $(DOCDIR))"; do \
		[ ! -d "$(DESTDIR)$$d" ] || rmdir --ignore-fail-on-non-empty "$(DESTDIR)$$d"; done

# A library that is built alone keeps nothing for the archive, which takes far less room. Archive and programs are those of `make`.
packaged: all ## what the packages are made of, in target/packaged: the library built for size
	@. capi-tests/setup/rust.sh && cargo rustc --profile packaged --lib --crate-type cdylib
	@cd $(TARGET_DIR) && ln -f release/librdkafka.a release/kafka-mock release/kafka-admin release/kafka-check packaged/

deb: packaged ## Debian packages in target/debian: librdkafka1, librdkafka-dev, librskafka-tools
	@bash docker/debian/build.sh

deb-test: deb ## these packages in the place of Debian's, in a clean Debian: kcat, Python, rsyslog, and back again
	@bash capi-tests/packages/deb.sh

dist: ## a tarball in target/dist, with checksums, that needs no library but glibc from 2.28 on: ARCH=x86_64|aarch64, or with LIBC=musl
	@ARCH=$(ARCH) LIBC=$(LIBC) bash docker/dist.sh

dist-test: dist ## this tarball in a clean system, aarch64's under qemu; kcat on it, and nothing left once it is gone: ARCH=x86_64|aarch64 LIBC=gnu|musl
	@ARCH=$(ARCH) LIBC=$(LIBC) bash capi-tests/packages/dist.sh

images-test: ## the images of docker/Dockerfile, librskafka (kcat) and kafka-mock, built and tried without a container daemon
	@bash capi-tests/packages/images.sh

demo: ## unmodified kcat through this library into a mock cluster of three brokers and back, everything compared
	@bash capi-tests/demo/demo.sh

examples: ## the example programs in C, Python, PHP and Node, on this library and on librdkafka
	@bash capi-tests/examples/try.sh

docs: ## the documents as a site with the reference of the C headers, checked: target/docs/index.html
	@python3 capi-tests/text/site.py

docs-test: ## the programs of docs/index.md in Go, Node and PHP: ARGS="go node php"
	@bash capi-tests/text/languages.sh $(ARGS)

test: ## everything that must pass: see capi-tests/test.sh for its parts
	@bash capi-tests/test.sh

test-brokers: ## the C programs and kcat on Kafka 2.8, 3.9 and 4.2
	@bash capi-tests/brokers.sh

sanitize: ## the C programs and the hostile peer under valgrind, AddressSanitizer and ThreadSanitizer (an hour)
	@bash capi-tests/sanitize.sh

bench: ## this library and the newest librdkafka side by side: ARGS="--quick"
	@bash capi-tests/bench/run.sh $(ARGS)

abi-status: ## which of the exported functions are not built yet
	@sh capi-tests/abi/status.sh

conformance: ## librdkafka's own C suite: TESTS="0001 0012" LIB=ours|upstream, ARGS=--secure for what wants TLS or a login
	@bash capi-tests/conformance/run.sh $(ARGS)

groups: ## consumer groups from outside: scenarios, chaos, kcat, Python, mixed with Java: ARGS="scenarios mixed"
	@bash capi-tests/groups/run.sh $(ARGS)

chaos: ## five minutes of kills on three nodes of Kafka: ARGS="--seed 7 --strategy range|--protocol consumer --seconds 300", or ARGS=--idempotent for a producer
	@bash capi-tests/groups/chaos.sh kafka --seconds 300 $(ARGS)

share-chaos: ## the same for share consumers: ARGS="--seed 7 --seconds 300"
	@bash capi-tests/share/chaos.sh --seconds 300 $(ARGS)

transactions: ## consume-transform-produce, 2,000,000 messages exactly once, while instances and three nodes of Kafka are killed and connections cut, with transaction version 1, then 2: ARGS="--seed 7 --messages 100000 --seconds 60 --transaction-version 1"
	@bash capi-tests/transactions/long.sh $(ARGS)

kcat: ## the acceptance with kcat in full; QUICK=1 for less data
	@bash capi-tests/kcat/acceptance.sh $(ARGS)

python-test: ## confluent-kafka-python, built from its source package against this library
	@bash capi-tests/python/run.sh $(ARGS)

calls: ## 1,800 calls in every state of an instance, here and on librdkafka, against docs/differences.md: ARGS="core group"
	@bash capi-tests/diff/calls/run.sh $(ARGS)

bindings: ## other bindings with their tests, here and on librdkafka: ARGS="cxx go javascript kcat node php python rsyslog rust", ARGS=--record for README's table
	@bash capi-tests/bindings/run.sh $(ARGS)

secure: ## kcat and bindings on a secured Kafka, by every listener and mechanism and with everything wrong that can be (a part of make test): ARGS="--quick --only GSSAPI"
	@bash capi-tests/secure/run.sh --lib $(LIB) $(ARGS)

reauth: ## sessions that end every 10 s, certificates replaced on disk and the broker's CA changed, all under load: ARGS="--seconds 25 reauth"
	@bash capi-tests/secure/reauth.sh --lib $(LIB) $(ARGS)

kafka-up: ## start Apache Kafka on loopback: NODES=1|3 VERSION=4.2|3.9|2.8 KAFKA_PORT=19092
	@bash capi-tests/kafka/kafka.sh up $(if $(NODES),--nodes $(NODES)) $(if $(VERSION),--version $(VERSION))
	@servers=$$(bash capi-tests/kafka/kafka.sh bootstrap) && printf '%s\n' "bootstrap.servers=$$servers" \
		"  kcat -b $$servers -L    # its nodes and topics; a topic is made when it is first used" \
		"  make kafka-down$(if $(KAFKA_PORT), KAFKA_PORT=$(KAFKA_PORT))    # stops it; what it has stored goes, too"

kafka-down: ## stop it
	@bash capi-tests/kafka/kafka.sh down

dev-test: ## both of these, and docker/dev-kafka.yml and docker/dev-kafka-cluster.yml without containers
	@bash capi-tests/kafka/dev.sh

lint: ## formatting, long functions and clippy, warnings are errors; layers; no text of librdkafka's; licences and sources of dependencies, where cargo-deny is there
	cargo fmt --check
	@python3 capi-tests/lint/functions.py
	@python3 capi-tests/bindings/table.py check
	cargo clippy --all-targets -- -D warnings
	cargo test --quiet --lib layering
	@bash capi-tests/text/check.sh
	@if command -v cargo-deny >/dev/null; then cargo deny check licenses bans sources; else echo "cargo-deny is not installed: dependencies not checked"; fi
