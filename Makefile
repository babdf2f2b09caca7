# Bare `make` lists the targets. Everything is built without cgo unless a target says otherwise.
export CGO_ENABLED ?= 0
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
CACHE   := $(if $(TIEBREAK_CACHE),$(TIEBREAK_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tiebreak)
SMOLLM2 := $(CACHE)/smollm2-135m-instruct

.PHONY: help build test lint model demo clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

build: ## build bin/tiebreak (static, no cgo)
	go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/tiebreak ./cmd/tiebreak

test: ## pass all tests; needs no network, GPU or model
	go test ./...

lint: ## gofmt, go vet, staticcheck
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "not gofmt'ed:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go tool -modfile=tools/lint/go.mod staticcheck ./...

model: build ## fetch and convert SmolLM2-135M-Instruct, the model of the demo (93 MB, once)
	@if [ ! -e '$(SMOLLM2)/model.safetensors' ]; then \
	  gguf=$$(TIEBREAK_CACHE='$(CACHE)' go run ./tools/getmodel) && bin/tiebreak convert "$$gguf" '$(SMOLLM2)'; fi

demo: model ## predict the bundled sample rows with it and print the log loss
	bin/tiebreak predict --model '$(SMOLLM2)' --input examples/sample.csv --output submission.csv
	bin/tiebreak eval --predictions submission.csv --labels examples/sample.csv

clean: ## remove what was built
	rm -rf bin submission.csv
