#!/usr/bin/env python3
"""One measurement of PyTorch and transformers, as a line of JSON with the fields that `tiebreak bench` prints.

usage: torch_peer.py MODEL_DIR prefill|decode|predict [--dtype bfloat16|float32] [--tokens N] [--ids FILE] [--repeat N] [--threads N]

prefill: one prompt of random tokens, logits of the last one. decode: tokens generated after a prompt of 16. predict: the
prompts of FILE (a JSON array of token ids a line), by length, in batches of at most 4,096 tokens with their padding,
logits of each last token. Loading, tokenizing and a first run are not counted; the median of the repetitions is.
"""
import argparse
import json
import resource
import statistics
import time

import torch
from transformers import AutoModelForCausalLM

BATCH_TOKENS = 4096


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("model")
    p.add_argument("what", choices=["prefill", "decode", "predict"])
    p.add_argument("--dtype", default="bfloat16")
    p.add_argument("--tokens", type=int, default=512)
    p.add_argument("--ids")
    p.add_argument("--repeat", type=int, default=3)
    p.add_argument("--threads", type=int, default=2)
    return p.parse_args()


def timed(work, repeat):
    """Seconds of each repetition after a first one."""
    work()
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return seconds


def batches(prompts):
    """Prompts in batches, padded on the left: (ids, mask) pairs."""
    prompts = sorted(prompts, key=len)
    while prompts:
        n = 1
        while n < len(prompts) and len(prompts[n]) * (n + 1) <= BATCH_TOKENS:
            n += 1
        batch, prompts = prompts[:n], prompts[n:]
        width = len(batch[-1])
        ids = torch.tensor([[2] * (width - len(p)) + p for p in batch])
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in batch])
        yield ids, mask


def main():
    a = arguments()
    torch.set_num_threads(a.threads)
    model = AutoModelForCausalLM.from_pretrained(a.model, dtype=getattr(torch, a.dtype), attn_implementation="sdpa").eval()
    vocab = model.config.vocab_size
    out = {"benchmark": a.what, "dtype": a.dtype, "threads": a.threads}
    if a.what == "prefill":
        x = torch.randint(0, vocab, (1, a.tokens))
        work, tokens = lambda: model(input_ids=x, logits_to_keep=1), a.tokens
    elif a.what == "decode":
        x = torch.randint(0, vocab, (1, 16))
        work, tokens = lambda: model.generate(x, max_new_tokens=a.tokens, min_new_tokens=a.tokens, do_sample=False, pad_token_id=2), a.tokens
    else:
        prompts = [json.loads(line) for line in open(a.ids)]
        padded, tokens = list(batches(prompts)), sum(map(len, prompts))

        def work():
            for ids, mask in padded:
                model(input_ids=ids, attention_mask=mask, logits_to_keep=1)

        out["prompts"] = len(prompts)
    with torch.inference_mode():
        seconds = timed(work, a.repeat)
    middle = statistics.median(seconds)
    out["seconds"] = {"median": middle, "min": min(seconds), "max": max(seconds), "repetitions": a.repeat}
    out["tokens_per_second"] = tokens / middle
    if "prompts" in out:
        out["rows_per_second"] = out["prompts"] / middle
    out["max_rss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(out))


main()
