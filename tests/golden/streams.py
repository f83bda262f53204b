"""This project's random streams (engine/random/streams.h) in Python: Philox 4x32-10 (Salmon et al., SC 2011) keyed by
seed and purpose. tests/methods/released_reconstruction_test.cc checks that both draw the same."""

MASK32, MASK64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


def key(seed: int, purpose: str) -> int:
    """FNV-1a of the purpose, mixed with the seed by the finaliser of SplitMix64."""
    value = 0xCBF29CE484222325
    for byte in purpose.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK64
    value = (value + (seed + 1) * 0x9E3779B97F4A7C15) & MASK64
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK64
    return value ^ (value >> 31)


def philox(counter, key64):
    """Four words of 32 bits."""
    k0, k1 = key64 & MASK32, key64 >> 32
    for _ in range(10):
        a, b = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(b >> 32) ^ counter[1] ^ k0, b & MASK32, (a >> 32) ^ counter[3] ^ k1, a & MASK32]
        k0, k1 = (k0 + 0x9E3779B9) & MASK32, (k1 + 0xBB67AE85) & MASK32
    return counter


def words(seed: int, step: int, purpose: str, stream: int):
    """Stream 0 is shared by all samples; sample i has stream i + 1."""
    key64, block = key(seed, purpose), 0
    while True:
        yield from philox([block, step, stream & MASK32, stream >> 32], key64)
        block += 1


def below(seed: int, step: int, purpose: str, n: int, count: int):
    """`count` shared numbers in [0, n); n divides 2^32, so that none is rejected."""
    assert (1 << 32) % n == 0
    draws = words(seed, step, purpose, 0)
    return [next(draws) % n for _ in range(count)]


def fair_coins(seed: int, step: int, purpose: str, samples: int, each: int):
    """KeepForSamples with p = 1/2: a list for each sample, a bit for each of its elements."""
    rows = []
    for sample in range(samples):
        draws, row = words(seed, step, purpose, sample + 1), []
        while len(row) < each:
            word = next(draws)
            row.extend((word >> bit) & 1 for bit in range(min(32, each - len(row))))
        rows.append(row)
    return rows
