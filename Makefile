# The verbs of the house. Each is a short script in Deploy/dev or Deploy/demo, so that a hand can call it too.

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-gateways test test-clients build release fmt lint proto schema bench bench-gateway sanitize fuzz

help: ## print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the C libraries that are missing, check Swift; every verb that builds does this first
	@Deploy/dev/setup.sh

demo: setup ## tie two clusters together on this machine and watch services cross (KEEP=1 leaves them running)
	@Deploy/demo/run.sh

demo-gateways: setup ## the same for two clusters that only their gateways can connect (network namespaces: root)
	@Deploy/demo/gateways.sh

test: ## build and run all tests
	@Deploy/dev/setup.sh test
	@Deploy/dev/test.sh

test-clients: setup ## run clients of Consul (Prometheus, Python, curl, dig ...) against live daemons
	@Deploy/dev/test-clients.sh

build: setup ## build hawser for development
	@Deploy/dev/build.sh debug

release: setup ## build hawser as it is deployed: optimised and stripped
	@Deploy/dev/build.sh release

fmt: ## format the Swift sources in place
	@Deploy/dev/fmt.sh

lint: ## check format, lengths of files and what must not stand in them
	@Deploy/dev/lint.sh

proto: setup ## generate the Swift of the .proto files anew
	@Deploy/dev/protos.sh

schema: setup ## write the JSON Schemas of configuration files anew
	@Deploy/dev/schemas.sh

bench: setup ## measure first sync, propagation, CPU and memory of two daemons, release build
	@Deploy/dev/bench.sh

bench-gateway: setup ## measure the gateway beside Envoy, HAProxy and nginx in one run, release build
	@Deploy/dev/bench-gateway.sh

sanitize: setup ## run tests under the thread sanitizer, those of the engines and state machines under the address sanitizer too
	@Deploy/dev/sanitize.sh

fuzz: setup ## fuzz each reader of other people's bytes for a minute (Deploy/dev/fuzz.sh TARGET SECONDS for longer)
	@Deploy/dev/fuzz.sh
