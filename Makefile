# What a developer, CI and an operator run. `make help` lists it.

SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := help

# Tools are built from their modules at these versions, into .tools.
GOLANGCI_LINT_VERSION := v2.15.0
GOVULNCHECK_VERSION   := v1.8.0

TOOLS   := $(CURDIR)/.tools
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

GOLANGCI_LINT := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)
GOVULNCHECK   := $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION)

# withpg runs a command beside a private PostgreSQL.
WITH_POSTGRES := $(TOOLS)/withpg

# What a test run takes: TEST=./internal/store/... RUN=TestName narrow it.
TEST ?= ./...
RUN  ?=
GOTEST := go test -timeout 20m $(if $(RUN),-run '$(RUN)')

##@ Build and run

.PHONY: build
build: ## Build bin/identity, static and without the paths of this machine.
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/identity ./cmd/identity

.PHONY: run
run: build ## Build and serve on 127.0.0.1:5000 with SQLite under ./var; the first start prints an admin password.
	./bin/identity serve --dev

.PHONY: clean
clean: ## Remove what was built. ./var, which holds the data of `make run`, stays.
	rm -rf bin dist coverage.out coverage.html

.PHONY: clean-tools
clean-tools: ## Remove the tools and caches under .tools.
	rm -rf $(TOOLS)

##@ Test

.PHONY: test
test: build $(WITH_POSTGRES) clients ## Run every test with the race detector, on SQLite and a private PostgreSQL, with real clients.
	IDENTITY_TEST_BINARY=$(CURDIR)/bin/identity $(WITH_POSTGRES) $(GOTEST) -race -count=1 $(TEST)

.PHONY: test-short
test-short: ## Run the quick tests, without the race detector; PostgreSQL is used when it is there.
	$(GOTEST) -short $(TEST)

.PHONY: cover
cover: $(WITH_POSTGRES) ## Measure coverage of all packages by all tests; writes coverage.html.
	$(WITH_POSTGRES) $(GOTEST) -coverpkg=./... -coverprofile=coverage.out $(TEST)
	go tool cover -html=coverage.out -o coverage.html
	go tool cover -func=coverage.out | tail -n 1

.PHONY: bench
bench: build $(if $(filter postgres,$(DATABASE)),$(WITH_POSTGRES)) ## Load the built server and print rates, latencies and ratios; DATABASE=postgres, BENCHFLAGS='-rounds 3'.
	$(if $(filter postgres,$(DATABASE)),$(WITH_POSTGRES) -durable) go run ./test/bench -database $(or $(DATABASE),sqlite) $(BENCHFLAGS)

.PHONY: bench-scale
bench-scale: build $(WITH_POSTGRES) ## Compare reads with 1,000 and with 100,000 users on PostgreSQL; takes some minutes.
	$(WITH_POSTGRES) -durable go run ./test/bench -scale -database postgres $(BENCHFLAGS)

.PHONY: bench-go
bench-go: $(WITH_POSTGRES) ## Run the benchmarks of the Go packages. COUNT=10 makes them comparable.
	$(WITH_POSTGRES) go test -run '^$$' -bench '$(or $(BENCH),.)' -benchmem -count $(or $(COUNT),1) $(TEST)

.PHONY: test-clients
test-clients: build $(WITH_POSTGRES) clients ## Drive the built server with other people's clients, and say what of theirs fails, skips or waits.
	IDENTITY_TEST_BINARY=$(CURDIR)/bin/identity $(WITH_POSTGRES) go test -count=1 -v $(if $(RUN),-run '$(RUN)') ./test/clients | grep -v '^=== '

.PHONY: coverage-routes
coverage-routes: ## Say which of Keystone's operations are served, which wait and why, and which are ours alone.
	go run ./test/coverage

.PHONY: sdk-smoke
sdk-smoke: ## Generate SDKs for Go, TypeScript and Python from openapi.yaml and compile them.
	test/sdk/run $(SDK)

.PHONY: clients
clients: ## Install the clients that tests drive, such as openstackclient, when they are missing and we may.
	test/clients/install

##@ Check

.PHONY: check
check: lint check-tidy check-generated vuln ## Everything that is to pass before a commit, besides the tests.
	@echo 'check: passed'

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Format (as a difference), vet and lint.
	$(GOLANGCI_LINT) fmt --diff
	go vet ./...
	$(GOLANGCI_LINT) run

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the Go files and repair what the linters can.
	$(GOLANGCI_LINT) fmt
	$(GOLANGCI_LINT) run --fix

.PHONY: check-tidy
check-tidy: ## Fail if go.mod or go.sum are not tidy.
	go mod tidy -diff
	go mod verify

.PHONY: generate
generate: ## Write the generated files again.
	go generate ./...

.PHONY: check-generated
check-generated: ## Fail if `make generate` changes anything.
	@state() { git status --porcelain; git diff | git hash-object --stdin; }; \
	before=$$(state); $(MAKE) --no-print-directory generate; after=$$(state); \
	if [ "$$before" != "$$after" ]; then git status --short; echo 'generated files were out of date; commit what changed' >&2; exit 1; fi

.PHONY: vuln
vuln: $(GOVULNCHECK) ## Look for known vulnerabilities in what the code calls; says so when the database cannot be reached.
	@out=$$($(GOVULNCHECK) ./... 2>&1); code=$$?; printf '%s\n' "$$out"; \
	if [ $$code -ne 0 ] && grep -q 'fetching vulnerabilities' <<<"$$out"; then \
		echo 'vuln: NOT CHECKED, the vulnerability database could not be reached'; exit 0; \
	fi; exit $$code

##@ Help

.PHONY: help
help: ## Show this list.
	@awk 'BEGIN {FS = ":.*## "; printf "Usage: make TARGET\n"} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z][a-z-]*:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# How tools are made: the version is part of the file's name, so a new one is built when it changes.

$(GOLANGCI_LINT):
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv $(TOOLS)/golangci-lint $@

$(GOVULNCHECK):
	GOBIN=$(TOOLS) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	mv $(TOOLS)/govulncheck $@

$(WITH_POSTGRES): $(wildcard internal/pgtest/*.go internal/pgtest/withpg/*.go)
	go build -o $@ ./internal/pgtest/withpg
