"""Writes tests/golden/checkpoints: the weights of one tiny network as many programs save them.

The network is tests/engine/import/checkpoints_test.cc's: conv (1 → 2, kernel 1×3, bias), then bn (2).
Needs torch and numpy. Run it from the repository's root:

    python tests/golden/make_checkpoints.py
"""
import argparse
import collections
import json
import pathlib
import struct
import warnings
import zipfile

import numpy as np
import torch
from torch import nn

FOLDER = pathlib.Path(__file__).parent / 'checkpoints'
warnings.filterwarnings('ignore')


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, (1, 3))
        self.bn = nn.BatchNorm2d(2)

    def forward(self, x):
        return self.bn(self.conv(x))


Pair = collections.namedtuple('Pair', 'weights rest')


class AverageMeter:
    """What training loops keep beside the weights."""

    def __init__(self):
        self.values = {'loss': [0.5, 0.25]}


def fill(net, start=0.0):
    """conv.weight 0, 1, … 5, conv.bias 6, 7, then bn's weight, bias, running_mean and running_var, each plus `start`."""
    value = start
    for name in ('conv.weight', 'conv.bias', 'bn.weight', 'bn.bias', 'bn.running_mean', 'bn.running_var'):
        tensor = net.state_dict()[name]
        tensor.copy_(torch.arange(value, value + tensor.numel()).reshape(tensor.shape))
        value += tensor.numel()
    return net


def trained():
    """The network, an optimizer with momenta and the usual schedule, after one step of rate 0."""
    net = fill(Net())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.0, momentum=0.9)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 5, 5])
    net.eval()
    net(torch.ones(1, 1, 5, 5)).sum().backward()
    optimizer.step()
    schedule.step()
    return net, optimizer, schedule


def prefixed(state, prefix):
    return collections.OrderedDict((prefix + key, value) for key, value in state.items())


def safetensors(path, state):
    header, data = {}, b''
    for key, tensor in state.items():
        raw = bytes(tensor.contiguous().view(torch.uint8).flatten().tolist()) if tensor.dim() else \
            struct.pack('<q', tensor.item())
        kind = {torch.float32: 'F32', torch.int64: 'I64'}[tensor.dtype]
        header[key] = {'dtype': kind, 'shape': list(tensor.shape), 'data_offsets': [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    path.write_bytes(struct.pack('<Q', len(text)) + text + data)


def main():
    FOLDER.mkdir(exist_ok=True)
    net, optimizer, schedule = trained()
    state = net.state_dict()
    save = lambda name, value, **options: torch.save(value, FOLDER / name, **options)
    old = {'_use_new_zipfile_serialization': False}

    save('plain.pth', state)
    save('legacy.pth', state, **old)
    save('protocol4.pth', state, pickle_protocol=4)
    save('legacy_protocol4.pth', state, pickle_protocol=4, **old)
    save('data_parallel.pth', prefixed(state, 'module.'))
    save('compiled.pth', prefixed(state, '_orig_mod.'))
    save('multistep.pth', {'state_dict': state, 'optimizer': optimizer.state_dict(),
                           'scheduler': schedule.state_dict()})
    save('reference_script.pth', {
        'model': state, 'optimizer': optimizer.state_dict(), 'epoch': 3,
        'args': argparse.Namespace(lr=0.1, output=pathlib.PurePosixPath('runs/1'))})
    save('numpy_beside.pth', {'state_dict': state, 'best_acc': np.float64(94.5), 'history': np.arange(3.0)})
    save('torch_words.pth', {'net': state, 'size': torch.Size([1, 2]), 'dtype': torch.float16,
                             'device': torch.device('cpu'), 'rng': torch.get_rng_state()[:4].clone()})
    save('tutorial.tar', {'epoch': 5, 'model_state_dict': state, 'loss': torch.tensor(0.5),
                          'optimizer_state_dict': optimizer.state_dict()})
    save('lightning.ckpt', {'state_dict': prefixed(state, 'model.'), 'callbacks': {AverageMeter: {'best': 1.0}},
                            'loops': {'fit': {'state': collections.defaultdict(int, a=1)}}, 'epoch': 2})
    save('ema.pth', {'state_dict': prefixed(state, 'module.'),
                     'ema': fill(Net(), start=100.0).state_dict()})
    save('deep.pth', {'a': {'b': [{'c': ({'d': state},)}]}})
    save('meters.pth', {'model': state, 'meter': AverageMeter(), 'seen': {1, 2}, 'frozen': frozenset([3]),
                        'big': 1 << 100, 'bytes': b'abc', 'none': None, 'counts': collections.Counter('aab')})
    save('module.pth', net)
    torch.jit.script(net).save(str(FOLDER / 'script.pt'))
    save('half.pth', collections.OrderedDict((k, v.half() if v.is_floating_point() else v) for k, v in state.items()))
    save('bfloat16.pth', collections.OrderedDict(
        (k, v.bfloat16() if v.is_floating_point() else v) for k, v in state.items()))
    save('double.pth', collections.OrderedDict(
        (k, v.double() if v.is_floating_point() else v) for k, v in state.items()))
    save('legacy_checkpoint.pth', {'epoch': 1, 'state_dict': prefixed(state, 'module.'),
                                   'optimizer': optimizer.state_dict()}, **old)

    save('legacy_module.pth', net, **old)
    save('legacy_beside.pth', {'state_dict': state, 'criterion': nn.CrossEntropyLoss(),
                               'eight': torch.ones(2).to(torch.float8_e4m3fn)}, **old)
    save('sparse.pth', {**state, 'conv.weight': state['conv.weight'].to_sparse()})
    save('pair.pth', Pair(state, None))
    negative = collections.OrderedDict(state)  # PyTorch keeps the sign as a bit of the tensor
    weight = state['conv.weight']
    negative['conv.weight'] = torch.complex(torch.zeros_like(weight), -weight).conj().imag
    save('negative.pth', negative)
    save('surrogate.pth', {'a\udce9': torch.ones(2), **state})
    save('twice.pth', {'a.conv.weight': weight, 'a': {'conv.weight': weight + 1}})

    views = collections.OrderedDict(state)
    both = torch.stack([state['bn.weight'], state['bn.bias']], dim=1)  # columns of one storage
    views['bn.weight'], views['bn.bias'] = both[:, 0], both[:, 1]
    views['conv.weight'] = nn.Parameter(state['conv.weight'].permute(3, 2, 1, 0).contiguous().permute(3, 2, 1, 0))
    views['conv.bias'] = torch.arange(6.0, 8.0)
    views['ones'] = torch.ones(1).expand(1000)
    save('views.pth', views)
    save('legacy_views.pth', views, **old)

    extras = collections.OrderedDict(state)
    extras['total_ops'] = torch.tensor([12.0], dtype=torch.float64)
    extras['mask'] = torch.tensor([True, False])
    extras['complex'] = torch.zeros(2, dtype=torch.complex64)
    extras['sparse'] = torch.eye(2).to_sparse()
    extras['quantized'] = torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)
    extras['eight'] = torch.ones(2).to(torch.float8_e4m3fn)
    save('extras.pth', extras)
    save('numpy_weights.pth', {key: value.numpy() for key, value in state.items()})

    broken = fill(Net()).state_dict()
    broken['bn.bias'][1] = float('nan')
    save('nan.pth', broken)
    broken = fill(Net()).state_dict()
    broken['bn.running_var'][0] = -1
    save('negative_variance.pth', broken)

    with zipfile.ZipFile(FOLDER / 'plain.pth') as source, \
            zipfile.ZipFile(FOLDER / 'deflated.pth', 'w', zipfile.ZIP_DEFLATED) as target:
        for entry in source.namelist():
            target.writestr(zipfile.ZipInfo(entry), source.read(entry), zipfile.ZIP_DEFLATED)

    safetensors(FOLDER / 'plain.safetensors', state)
    safetensors(FOLDER / 'data_parallel.safetensors', prefixed(state, 'module.'))
    keys = list(state)
    names = ['sharded-00001-of-00002.safetensors', 'sharded-00002-of-00002.safetensors']
    halves = [keys[:3], keys[3:]]
    for name, half in zip(names, halves):
        safetensors(FOLDER / name, {key: state[key] for key in half})
    index = {'metadata': {'total_size': 1}, 'weight_map': {k: n for n, half in zip(names, halves) for k in half}}
    (FOLDER / 'sharded.safetensors.index.json').write_text(json.dumps(index, indent=1) + '\n')


if __name__ == '__main__':
    main()
