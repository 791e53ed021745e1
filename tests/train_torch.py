"""The loss and the gradients of a model by PyTorch, held against those that the trainer
found: train_torch.py MODEL.gguf TEXTS.json GRADIENTS.f32

MODEL.gguf is F32 throughout. TEXTS.json: {"loss": sum, "texts": [{"tokens": [...],
"prompt": n}], "tensors": [[name, rows, cols], ...]}; GRADIENTS.f32 has them in that
order. Ends with 77 where there is no PyTorch, 1 where they differ. Written from the
papers, not from the trainer: the model is looked up by its names in the file."""
import json
import struct
import sys

try:
    import torch
except ImportError:
    print("no PyTorch: skipped")
    sys.exit(77)


def read_gguf(path):
    data = open(path, "rb").read()
    at = 0

    def get(fmt):
        nonlocal at
        v = struct.unpack_from("<" + fmt, data, at)
        at += struct.calcsize("<" + fmt)
        return v[0]

    def string():
        nonlocal at
        n = get("Q")
        at += n
        return data[at - n:at].decode("utf-8", "replace")

    plain = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q",
             11: "q", 12: "d"}

    def value(kind):
        if kind == 8:
            return string()
        if kind == 9:
            of, n = get("I"), get("Q")
            return [value(of) for _ in range(n)]
        return get(plain[kind])

    assert data[:4] == b"GGUF"
    at = 4
    get("I")
    tensors, keys = get("Q"), get("Q")
    meta = {}
    for _ in range(keys):
        name = string()
        meta[name] = value(get("I"))
    heads = []
    for _ in range(tensors):
        name = string()
        ne = [get("Q") for _ in range(get("I"))]
        assert get("I") == 0, "F32 only"
        heads.append((name, ne, get("Q")))
    base = (at + 31) // 32 * 32
    weights = {}
    for name, ne, offset in heads:
        n = 1
        for k in ne:
            n *= k
        flat = torch.frombuffer(bytearray(data[base + offset:base + offset + 4 * n]),
                                dtype=torch.float32).clone().double()
        weights[name] = flat.reshape(list(reversed(ne))).requires_grad_(True)
    return meta, weights


class Model:
    def __init__(self, meta, weights):
        self.arch = meta["general.architecture"]
        self.w = weights
        self.key = lambda k: meta[f"{self.arch}.{k}"]
        self.heads = self.key("attention.head_count")
        self.kv = self.key("attention.head_count_kv")
        self.eps = self.key("attention.layer_norm_rms_epsilon")
        self.base = self.key("rope.freq_base")

    def norm(self, x, w):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + self.eps) * w

    def linear(self, x, name):
        y = x @ self.w[name + ".weight"].T
        bias = self.w.get(name + ".bias")
        return y if bias is None else y + bias

    def turn(self, x):
        """x: (tokens, heads, dim). llama turns neighbours, qwen the two halves."""
        n, _, d = x.shape
        freq = self.base ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)
        angle = torch.arange(n, dtype=torch.float64)[:, None] * freq
        c, s = angle.cos()[:, None], angle.sin()[:, None]
        if self.arch == "llama":
            a, b = x[..., 0::2], x[..., 1::2]
            return torch.stack((a * c - b * s, a * s + b * c), -1).flatten(-2)
        a, b = x[..., :d // 2], x[..., d // 2:]
        return torch.cat((a * c - b * s, a * s + b * c), -1)

    def attend(self, x, blk):
        n = x.shape[0]
        q = self.linear(x, blk + "attn_q").reshape(n, self.heads, -1)
        k = self.linear(x, blk + "attn_k").reshape(n, self.kv, -1)
        v = self.linear(x, blk + "attn_v").reshape(n, self.kv, -1)
        if blk + "attn_q_norm.weight" in self.w:
            q = self.norm(q, self.w[blk + "attn_q_norm.weight"])
            k = self.norm(k, self.w[blk + "attn_k_norm.weight"])
        q, k = self.turn(q), self.turn(k)
        k = k.repeat_interleave(self.heads // self.kv, 1)
        v = v.repeat_interleave(self.heads // self.kv, 1)
        scores = torch.einsum("ihd,jhd->hij", q, k) / q.shape[-1] ** 0.5
        hidden = torch.triu(torch.ones(n, n, dtype=torch.bool), 1)
        p = scores.masked_fill(hidden, float("-inf")).softmax(-1)
        return self.linear(torch.einsum("hij,jhd->ihd", p, v).reshape(n, -1),
                           blk + "attn_output")

    def loss(self, tokens, prompt):
        ids = torch.tensor(tokens)
        x = self.w["token_embd.weight"][ids[:-1]]
        for layer in range(self.key("block_count")):
            blk = f"blk.{layer}."
            x = x + self.attend(self.norm(x, self.w[blk + "attn_norm.weight"]), blk)
            h = self.norm(x, self.w[blk + "ffn_norm.weight"])
            gate = torch.nn.functional.silu(self.linear(h, blk + "ffn_gate"))
            x = x + self.linear(gate * self.linear(h, blk + "ffn_up"), blk + "ffn_down")
        x = self.norm(x, self.w["output_norm.weight"])
        logits = x @ self.w.get("output.weight", self.w["token_embd.weight"]).T
        return torch.nn.functional.cross_entropy(logits[prompt - 1:], ids[prompt:],
                                                 reduction="sum")


def main():
    meta, weights = read_gguf(sys.argv[1])
    case = json.load(open(sys.argv[2]))
    model = Model(meta, weights)
    loss = sum(model.loss(t["tokens"], t["prompt"]) for t in case["texts"])
    loss.backward()
    got = torch.frombuffer(bytearray(open(sys.argv[3], "rb").read()), dtype=torch.float32)
    bad = abs(loss.item() - case["loss"]) > 1e-4 * loss.item()
    print(f"loss {case['loss']:.6f}, by PyTorch {loss.item():.6f}")
    at = 0
    for name, rows, cols in case["tensors"]:
        own = got[at:at + rows * cols].double()
        at += rows * cols
        want = weights[name].grad.flatten()
        off = (own - want).norm() / (want.norm() + 1e-12)
        if not off < 1e-4:
            print(f"{name}: differs by {off:.2e} of its length {want.norm():.3g}")
            bad = True
    sys.exit(1 if bad else 0)


main()
