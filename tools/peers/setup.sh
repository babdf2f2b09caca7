#!/usr/bin/env bash
# Sets up the engines that bench-peers measures beside this one, in DIR (about 6 GB, 15 minutes on two cores):
#   DIR/venv             PyTorch and transformers
#   DIR/llama-bench      llama.cpp's own benchmark, built from the sources inside the llama-cpp-python package
#   DIR/smollm2          SmolLM2-135M-Instruct as a Hugging Face directory (bf16), as `make model` writes it
#   DIR/smollm2-*.gguf   the same weights for llama.cpp, in bf16, f16 and q8_0
# A step that has been done is not done again.
# usage: setup.sh DIR        needs: go, python3, cmake, ninja, a C++ compiler
set -euo pipefail
repo=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mkdir -p "${1:?usage: setup.sh DIR}" && cd "$1" && pwd)
cd "$dir"

[ -x venv/bin/python ] || python3 -m venv venv
venv/bin/pip install -q torch==2.15.0 transformers==5.23.0 tokenizers==0.23.3 safetensors==0.8.0 gguf==0.19.0 sentencepiece numpy

if [ ! -d src ]; then
  venv/bin/pip download -q --no-deps --no-binary :all: llama-cpp-python==0.3.36 -d dl
  mkdir src.part && tar xzf dl/llama_cpp_python-*.tar.gz -C src.part --strip-components=1
  mv src.part src
fi
if [ ! -x build/bin/llama-bench ]; then
  cmake -S src/vendor/llama.cpp -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON \
    -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF
  ninja -C build llama-bench
fi
ln -sf build/bin/llama-bench llama-bench

if [ ! -f smollm2/model.safetensors ]; then
  (cd "$repo" && go build -o "$dir/tiebreak" ./cmd/tiebreak && go run ./tools/getmodel) > model.path
  ./tiebreak convert "$(tail -1 model.path)" smollm2
fi
for type in bf16 f16 q8_0; do
  [ -f smollm2-$type.gguf ] || venv/bin/python src/vendor/llama.cpp/convert_hf_to_gguf.py smollm2 --outtype $type --outfile smollm2-$type.gguf
done
echo "ready: $dir"
