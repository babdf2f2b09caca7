# Bare `make` lists the targets. Everything is built without cgo unless a target says otherwise.
export CGO_ENABLED ?= 0
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
CACHE   := $(if $(TIEBREAK_CACHE),$(TIEBREAK_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tiebreak)
SMOLLM2 := $(CACHE)/smollm2-135m-instruct

# What the CUDA build needs: cgo, gcc and our own cuda.h. No CUDA tool kit, no driver.
CUDA_ENV := CGO_ENABLED=1 CGO_CFLAGS='-O2 -g -I$(CURDIR)/cuda/libcuda/include'

.PHONY: help build build-cuda test test-cuda test-slow test-gpu gpu-tests lint lint-cuda kernels model demo clean
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

build-cuda: ## build a bin/tiebreak that drives NVIDIA GPUs too (needs gcc; it starts without a GPU as well)
	$(CUDA_ENV) go build -trimpath -tags cuda -ldflags '-s -w -X main.version=$(VERSION)' -o bin/tiebreak ./cmd/tiebreak

lint-cuda: ## go vet and staticcheck of the CUDA build
	for tags in cuda cuda,twin; do \
	  $(CUDA_ENV) go vet -tags $$tags ./... && \
	  $(CUDA_ENV) go tool -modfile=tools/lint/go.mod staticcheck -tags $$tags ./cuda/... ./cmd/... || exit 1; done

test-cuda: ## test the CUDA build without a GPU: gorgonia.org/cu over the emulator
	$(CUDA_ENV) go test -tags cuda,twin ./cuda/libcuda ./cmd/...
	$(CUDA_ENV) go test -tags cuda,twin -run TestThroughLibcuda ./cuda/emu

test-slow: model ## hold a real model on the emulated GPUs to the CPU (minutes)
	TIEBREAK_SLOW=1 go test -count=1 -run SmolLM2 -timeout 60m -v ./cmd/tiebreak

test-gpu: ## run the CUDA suites on a GPU; fails where none is found
	TIEBREAK_GPU=1 $(CUDA_ENV) go test -count=1 -tags cuda -v ./cuda/libcuda

gpu-tests: ## build those suites as one program, bin/gpu-tests, for a machine with a GPU and without Go
	$(CUDA_ENV) go test -c -tags cuda -o bin/gpu-tests ./cuda/libcuda

kernels: ## rebuild PTX and machine code of the CUDA kernels (fetches the compiler once)
	go run ./tools/cuda

model: build ## fetch and convert SmolLM2-135M-Instruct, the model of the demo (93 MB, once)
	@if [ ! -e '$(SMOLLM2)/model.safetensors' ]; then \
	  gguf=$$(TIEBREAK_CACHE='$(CACHE)' go run ./tools/getmodel) && bin/tiebreak convert "$$gguf" '$(SMOLLM2)'; fi

demo: model ## predict the bundled sample rows with it and print the log loss
	bin/tiebreak predict --model '$(SMOLLM2)' --input examples/sample.csv --output submission.csv
	bin/tiebreak eval --predictions submission.csv --labels examples/sample.csv

clean: ## remove what was built
	rm -rf bin submission.csv

.PHONY: peers bench-peers
peers: ## set up llama.cpp and PyTorch in PEERS=DIR, to be measured beside us (6 GB, 15 minutes)
	@test -n '$(PEERS)' || { echo 'usage: make peers PEERS=DIR'; exit 2; }
	tools/peers/setup.sh '$(PEERS)'

bench-peers: build ## measure us, llama.cpp and PyTorch in turn; writes docs/performance.md (PEERS=DIR [ROWS=FILE.csv] [ROUNDS=3])
	@test -n '$(PEERS)' || { echo 'usage: make bench-peers PEERS=DIR [ROWS=FILE.csv] [ROUNDS=3]; make peers sets DIR up'; exit 2; }
	go run ./tools/peers -rounds $(or $(ROUNDS),3) -input '$(or $(ROWS),examples/sample.csv)' '$(PEERS)'
