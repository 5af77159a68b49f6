# `make` lists the targets. All of them work on a bare Debian machine with Go.

GO        ?= go
BIN       := $(CURDIR)/.bin
LINT      := $(BIN)/golangci-lint
LINT_V    := v2.15.0
FUZZTIME  ?= 30s
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help build demo test lint bench bench-bulk bench-api lint-api difftest generate fuzz chaos deps image clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## compile ./herald
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o herald ./cmd/herald

demo: ## send a sample bulk, everything embedded
	$(GO) run ./cmd/herald demo

test: deps ## run all tests with the race detector (installs what they need)
	GORACE=atexit_sleep_ms=0 $(GO) test -race -p 4 -timeout 20m ./... # many wait more than they work; no second of sleep at the end of each package
	$(GO) test -run 'Costs|Linear|Leaks' ./render ./render/handlebars ./render/lint ./render/sms ./helpers ./helpers/moment ./worker/bulk ./worker/intake/bounce ./worker/strictjson ./worker/transcript # what costs CPU is measured without it

lint: $(LINT) ## check style, vet, the floors of the architecture, and the licences of modules
	$(LINT) run ./...
	GO="$(GO)" scripts/licences.sh

$(LINT):
	GOBIN=$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_V)

# Tests talk to real servers. Where one is missing it is installed, or the run fails and says what to install.
deps:
	@scripts/deps.sh

bench: ## measure beside the peers, each comparison in one run (needs Node)
	npm ci --silent --prefix bench/render/node
	$(GO) run ./bench/render -node bench/render/node
	npm ci --silent --prefix bench/dates
	$(GO) run ./bench/dates -least 5
	$(GO) run ./bench/email -check
	$(GO) run ./bench/bulk

bench-bulk: ## measure a whole bulk beside a bare sender
	$(GO) run ./bench/bulk

bench-api: ## measure the HTTP API: single messages, batches, streamed audiences
	$(GO) run ./bench/api -check

lint-api: ## lint the API's description by Redocly (needs Node 20)
	npx --yes @redocly/cli@2.77.0 lint --extends=recommended-strict worker/api/openapi.json

difftest: ## compare millions of dates with Moment.js, of numbers with Intl, side by side (needs Node)
	npm ci --silent --prefix helpers/moment/generate
	$(GO) run ./helpers/moment/difftest
	npm ci --silent --prefix helpers/intl/generate
	$(GO) run ./helpers/intl/difftest

generate: ## make the locale and zone data and the corpora anew (needs Node)
	npm ci --silent --prefix helpers/moment/generate
	$(GO) run ./helpers/moment/generate
	$(GO) run ./helpers/moment/difftest -write
	npm ci --silent --prefix helpers/intl/generate
	node helpers/intl/generate/generate.js
	$(GO) run ./helpers/intl/difftest -write
	npm ci --silent --prefix render/handlebars/testdata/corpus
	npm run --silent --prefix render/handlebars/testdata/corpus generate

fuzz: ## fuzz everything that reads foreign bytes, FUZZTIME (30s) each
	scripts/fuzz.sh $(FUZZTIME)

chaos: deps ## kill workers and Redis in the middle of a bulk; print lost, duplicated, unknown; 5,000 random calls against a model; 10,000 simulated schedules of faults; 20,000 recipients of whom the script knows what comes back
	$(GO) test ./cmd/herald -run 'TestChaos|TestFaults|TestPoison|TestModel|TestComeback' -count 1 -v -timeout 60m -chaos.recipients 20000 -chaos.kills 20 -chaos.faults -model.calls 5000 -comeback.recipients 20000 -comeback.kills 20 -comeback.within 60s
	$(GO) test ./worker -run TestSimulation -count 1 -v -timeout 60m -sim.schedules 10000

image: ## build the container image
	docker build --build-arg VERSION=$(VERSION) -t herald .

clean: ## remove what was built
	rm -rf herald $(BIN)
