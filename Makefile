# amiral: `make demo` shows it, `make test` proves it; both need only Go and make.
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
PLAY    ?=
ADDR    ?= 127.0.0.1:0
FUZZTIME ?= 10s
GAMES   ?= 3000
CRASH_EVERY ?= 1
ROAD_EVERY ?= $(CRASH_EVERY)
GOGC    ?= 400

.DEFAULT_GOAL := help
.PHONY: help build test race fuzz golden lint bench demo test-redis prove

# Tests and compilers end soon: they collect seldom, and take a fifth less time for it.
test race fuzz prove test-redis: export GOGC := $(GOGC)

help: ## what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## bin/amiral and bin/workspace
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

demo: ## the whole product on this machine: PLAY=rollout plays a story, ADDR=127.0.0.1:8080 fixes the page's port
	$(GO) run ./cmd/workspace -addr $(ADDR) $(if $(PLAY),-play $(PLAY),-open)

test: ## every test this machine can run; what this machine leaves out is named first
	$(GO) run ./cmd/workspace -missing
	$(GO) test -timeout 20m -parallel 4 ./...

race: ## the tests under the race detector (needs cgo)
	$(GO) test -race ./...

test-redis: ## the stores' tests on the redis-server of this machine as well
	REQUIRE_REDIS=1 $(GO) test -count=1 ./internal/ledger/... ./internal/engine/... ./internal/inbox/... ./internal/audit/... ./approvals/... ./internal/app/...

prove: ## thousands of random games against the models, and a death at every CRASH_EVERYth point there is (of the long roads every ROAD_EVERYth)
	RAPID_CHECKS=$(GAMES) $(GO) test -count=1 -timeout 20m -run 'OnPaper|InSomeOrder|TestModel' ./approvals ./internal/ledger
	CRASH_EVERY=$(CRASH_EVERY) $(GO) test -count=1 -timeout 20m -run 'Crash|Dying|Death|Lost' ./internal/rollout ./internal/bake ./internal/launch ./internal/patch ./internal/template
	CRASH_EVERY=$(ROAD_EVERY) $(GO) test -count=1 -timeout 120m -run TestACrashAnywhere ./internal/app

# internal/workspace/awssim is left out: its tests hold the AWS SDK, which takes minutes to instrument.
fuzz: ## each fuzz target for FUZZTIME
	@set -e; for p in $$($(GO) list ./approvals/... ./bot/... ./commands/... ./internal/audit ./internal/config ./internal/workspace/slacksim/...); do for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
		echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$p; done; done

golden: ## rewrite the golden files; read the diff before you believe it
	$(GO) test ./bot ./bot/blocks ./commands ./commands/grammar ./internal/rollout ./internal/app -run 'Golden|Help|Manifest|Plan|Picture|Card|Usage' -update

lint: ## gofmt, go vet, and golangci-lint where it is installed
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	$(GO) vet ./...
	@command -v golangci-lint >/dev/null && golangci-lint run || echo "golangci-lint is not installed: its checks were left out"

bench: ## accept and answer latency beside an echo bot, decisions a second, memory
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 20m ./internal/app
	$(GO) test -run '^$$' -bench . -benchtime 3s -timeout 20m ./internal/ledger
