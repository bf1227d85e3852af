# The commands of this repository; `make` alone lists them.

GO       ?= go
ARGS     ?=
FUZZTIME ?= 10m

# grpcnotrace keeps gRPC's trace pages out of the binary, and with them the templates
# that would stop the linker from dropping dead methods (scripts/deadcode.sh).
BUILD_FLAGS = -trimpath -tags grpcnotrace -ldflags "-X main.version=$(VERSION)"
VERSION     = $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

# What needs the ONNX Runtime library runs after this, and only if it was had.
WITH_ONNX = library=$$(scripts/onnxruntime.sh) && RANKGATE_ONNXRUNTIME_LIB=$$library

BENCH_PACKAGES = ./edge ./edge/rpc ./cache ./features ./features/packed ./features/redis ./batcher ./backends/oip ./cmd/gateway

.DEFAULT_GOAL := help

.PHONY: help
help: ## List these commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: build ## Rank at once, with no configuration (ARGS=--once: check one answer and exit)
	bin/gateway demo $(ARGS)

.PHONY: build
build: toolchain ## Build bin/gateway, with ONNX Runtime beside it
ifneq ($(CGO_ENABLED),0)
	@scripts/onnxruntime.sh bin >/dev/null
endif
	$(GO) build $(BUILD_FLAGS) -o bin/gateway ./cmd/gateway

.PHONY: test
test: toolchain ## Run every test with the race detector, then the examples
	@scripts/test.sh

.PHONY: example
example: build ## Train, serve and check the MovieLens example
	@$(WITH_ONNX) examples/movielens/run.sh

.PHONY: bench
bench: toolchain ## Measure every claim of speed beside its floor (ARGS=--full: longer; ARGS=--help: what else there is)
	@library=$$(scripts/onnxruntime.sh) && cd bench && RANKGATE_ONNXRUNTIME_LIB=$$library $(GO) run -tags grpcnotrace . $(ARGS)

.PHONY: bench-micro
bench-micro: toolchain ## Measure the steps of a request: ns, bytes and allocations each
	@$(WITH_ONNX) $(GO) test -tags grpcnotrace -run '^$$' -bench . -benchmem $(BENCH_PACKAGES)

.PHONY: bench-features
bench-features: toolchain ## Measure the feature store in Redis beside other ways to get the same rows
	@python=$$(scripts/venv.sh examples/feast/requirements.txt)/bin/python && cd bench && $(GO) run -tags grpcnotrace ./features -feast $$python

.PHONY: bench-tail
bench-tail: toolchain ## Measure the tail while backends, Redis, callers and the gateway fail (ARGS="-short -only 2,5")
	@library=$$(scripts/onnxruntime.sh) && cd bench && RANKGATE_ONNXRUNTIME_LIB=$$library $(GO) run -tags grpcnotrace ./tail $(or $(ARGS),-out results/tail.md)

.PHONY: fuzz
fuzz: toolchain ## Fuzz every parser: requests, configuration, rows, events (FUZZTIME=10m in all)
	@$(WITH_ONNX) scripts/fuzz.sh $(FUZZTIME) ./jsonlex ./edge ./config ./features ./features/packed ./features/feast ./offline/ingest ./backends/oip ./backends/onnx/cut ./edge/rpc

.PHONY: lint
lint: toolchain ## Run every static check
	@scripts/lint.sh

.PHONY: generate
generate: toolchain ## Make the code and the descriptors of the .proto files
	@scripts/generate.sh

.PHONY: setup
setup: toolchain ## Fetch what the other commands would fetch: the ONNX Runtime library
	@scripts/onnxruntime.sh

.PHONY: clean
clean: ## Remove what was built here (not the cache)
	rm -rf bin

.PHONY: toolchain
toolchain:
	@scripts/toolchain.sh
