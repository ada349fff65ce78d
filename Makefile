# make help lists the targets.
.PHONY: all help kafka-up kafka-down

all: ## build the library (release)
	cargo build --release

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' Makefile

kafka-up: ## start Apache Kafka on loopback: NODES=1|3 VERSION=4.2|3.9|2.8 KAFKA_PORT=19092
	bash capi-tests/kafka/kafka.sh up $(if $(NODES),--nodes $(NODES)) $(if $(VERSION),--version $(VERSION))

kafka-down: ## stop it
	bash capi-tests/kafka/kafka.sh down
