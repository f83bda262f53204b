"""Numbers that the golden scripts and our C++ tests make alike: a fill of tensors by name, and our random draws.

The fill depends on nothing but a tensor's name, its shape and two bounds; its C++ twin is tests/support/engine/fill.h. The draws
are those of engine/random/streams.h (Philox 4x32-10; Salmon et al., SC 2011), so that a script can be given the labels,
latents and masks that our code draws from a seed.
"""

import math
import struct

MASK = 0xFFFFFFFF
MASK64 = 0xFFFFFFFFFFFFFFFF


def fnv1a(text: str) -> int:
    """The 32-bit FNV-1a hash."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & MASK
    return value


def uniform(key: str, count: int):
    """`count` numbers in [0, 1) of 24 bits: the finaliser of MurmurHash3 over a Weyl sequence that starts at the key."""
    import torch

    # 32-bit arithmetic in int64: products wrap, and their lower halves stay right.
    x = (torch.arange(1, count + 1) * 0x9E3779B1 + fnv1a(key)) & MASK
    x ^= x >> 16
    x = (x * 0x85EBCA6B) & MASK
    x ^= x >> 13
    x = (x * 0xC2B2AE35) & MASK
    x ^= x >> 16
    return (x >> 8).to(torch.float32) * 2.0**-24


def fill(key: str, shape, low: float, high: float):
    """A float32 tensor of numbers in [low, high)."""
    import torch

    bounds = torch.tensor([low, high - low], dtype=torch.float32)
    return (bounds[0] + bounds[1] * uniform(key, math.prod(shape))).reshape(tuple(shape))


def single(value: float) -> float:
    """Rounded to single precision."""
    return struct.unpack("f", struct.pack("f", value))[0]


def _philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(10):
        low, high = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (high >> 32) ^ b ^ k0, high & MASK, (low >> 32) ^ d ^ k1, low & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return a, b, c, d


class RandomSequence:
    """A sequence of draws of one (key, stream, step)."""

    def __init__(self, key: int, stream: int, step: int):
        self._key = (key & MASK, key >> 32)
        self._stream = (stream & MASK, stream >> 32)
        self._offset = step << 32
        self._left = []
        self._spare = None

    def bits(self) -> int:
        if not self._left:
            counter = (self._offset & MASK, self._offset >> 32, *self._stream)
            self._left = list(_philox(counter, self._key))
            self._offset += 1
        return self._left.pop(0)

    def uniform(self) -> float:
        """In [0, 1), 24 bits."""
        return (self.bits() >> 8) * 2.0**-24

    def below(self, n: int) -> int:
        """In [0, n), without bias."""
        rejected = (1 << 32) % n
        bits = self.bits()
        while bits < rejected:
            bits = self.bits()
        return bits % n

    def normal(self) -> float:
        """N(0, 1) (Box and Muller 1958), computed in double and rounded to single precision."""
        if self._spare is not None:
            spare, self._spare = self._spare, None
            return single(spare)
        u = (self.bits() + 1.0) * 2.0**-32
        v = self.bits() * 2.0**-32
        radius, angle = math.sqrt(-2 * math.log(u)), 2 * math.pi * v
        self._spare = radius * math.sin(angle)
        return single(radius * math.cos(angle))


class RandomStreams:
    """Draws by (seed, step, purpose, sample)."""

    def __init__(self, seed: int):
        self._seed = seed

    def _key(self, purpose: str) -> int:
        value = 0xCBF29CE484222325
        for byte in purpose.encode():
            value = ((value ^ byte) * 0x100000001B3) & MASK64
        value = (value + (self._seed + 1) * 0x9E3779B97F4A7C15) & MASK64
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK64
        return value ^ (value >> 31)

    def shared(self, step: int, purpose: str) -> RandomSequence:
        return RandomSequence(self._key(purpose), 0, step)

    def for_sample(self, step: int, purpose: str, sample: int) -> RandomSequence:
        return RandomSequence(self._key(purpose), sample + 1, step)

    def fill_for_samples(self, step: int, purpose: str, shape, draw, first: int = 0):
        """A tensor of `shape` whose sample i is filled by draw(sequence of sample first + i)."""
        import torch

        each = math.prod(shape[1:])
        rows = []
        for i in range(shape[0]):
            sequence = self.for_sample(step, purpose, first + i)
            rows.append([draw(sequence) for _ in range(each)])
        return torch.tensor(rows, dtype=torch.float32).reshape(tuple(shape))

    def normal_for_samples(self, step: int, purpose: str, shape, first: int = 0):
        return self.fill_for_samples(step, purpose, shape, RandomSequence.normal, first)

    def keep_for_samples(self, step: int, purpose: str, shape, p: float, first: int = 0):
        """1 with probability p (in 256ths), else 0, in the order of `shape`: of a tensor that lies in channels last,
        give that shape and permute the result."""
        import torch

        threshold = round(p * 256)
        width = 1 if threshold == 128 else 8
        each = math.prod(shape[1:])
        rows = []
        for i in range(shape[0]):
            sequence = self.for_sample(step, purpose, first + i)
            row = []
            while len(row) < each:
                bits = sequence.bits()
                for shift in range(0, 32, width):
                    part = bits >> shift
                    row.append(part & 1 if width == 1 else int((part & 255) < threshold))
            rows.append(row[:each])
        return torch.tensor(rows, dtype=torch.uint8).reshape(tuple(shape))

    def permutation(self, step: int, purpose: str, n: int) -> list[int]:
        """Of 0 … n−1 (Fisher and Yates)."""
        order = list(range(n))
        sequence = self.shared(step, purpose)
        for i in range(n, 1, -1):
            j = sequence.below(i)
            order[i - 1], order[j] = order[j], order[i - 1]
        return order
