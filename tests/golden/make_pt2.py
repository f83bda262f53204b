"""Writes tests/golden/pt2: small networks as torch.export.save writes them, and what torch computes.

plain.pt2 and plain_core.pt2 are read piece by piece in tests/engine/import/pt2/pt2_file_test.cc; the others are
compared with the outputs in NAME.bin (float32, of the first of the images of `images`) by pt2_lowering_test.cc.
Needs torch 2.11. Run it from the repository's root:

    python tests/golden/make_pt2.py
"""
import pathlib
import re
import warnings
import zipfile

import torch
from torch import nn
from torch.nn import functional as F

FOLDER = pathlib.Path(__file__).parent / 'pt2'
warnings.filterwarnings('ignore')

# The network of plain.pt2, compiled under a name of its own: its lines show in the file.
PLAIN = '''import torch
from torch import nn


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.bn = nn.BatchNorm2d(2)
        self.act = nn.ReLU(inplace=True)
        self.tied = nn.Conv2d(2, 2, 3, bias=False)
        self.tied.weight = self.conv.weight
        self.register_buffer('scale', torch.tensor([[[0.5]], [[2.0]]], dtype=torch.bfloat16), persistent=False)

    def forward(self, x):
        x = self.act(self.bn(self.conv(x)))
        y = self.tied(x * self.scale)
        a, b = y.chunk(2, 1)
        offset = torch.tensor([3.0, 4.0])
        return a.reshape(x.shape[0], -1), {'b': b + offset[1]}, None
'''


def images(shape):
    """What the tests also make: any numbers."""
    count = torch.Size(shape).numel()
    return torch.sin(torch.arange(count, dtype=torch.float64) * 0.7).float().reshape(shape)


def plain():
    scope = {}
    exec(compile(PLAIN, '/home/user/net.py', 'exec'), scope)
    net = scope['Plain']()
    with torch.no_grad():
        net.conv.weight.copy_(torch.arange(36).reshape(2, 2, 3, 3))
        net.conv.bias.copy_(torch.tensor([1.0, -1.0]))
        net.bn.running_mean.copy_(torch.tensor([0.25, 0.5]))
        net.bn.running_var.copy_(torch.tensor([4.0, 9.0]))
    net.conv.weight.data = net.conv.weight.data.contiguous(memory_format=torch.channels_last)
    net.tied.weight = net.conv.weight
    return net


def fill(net, seed=1):
    """Any numbers of the size of trained ones."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in list(net.named_parameters()) + list(net.named_buffers()):
            if not tensor.is_floating_point():
                continue
            values = torch.rand(tensor.shape, generator=generator)
            tensor.copy_(values + 0.5 if name.endswith('running_var') else values - 0.4)
    return net.eval()


class Operators(nn.Module):
    """One line for each operator; 2 × 4 × 6 × 6."""

    def __init__(self):
        super().__init__()
        self.dilated = nn.Conv2d(4, 4, (3, 1), stride=(2, 1), padding=(2, 0), dilation=(2, 1), groups=2)
        self.same = nn.Conv2d(4, 3, (3, 2), padding='same')
        self.up = nn.ConvTranspose2d(4, 6, 3, stride=(2, 1), padding=1, output_padding=(1, 0), groups=2)
        self.row = nn.Conv1d(1, 1, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(4, affine=False, eps=1e-3)
        self.prelu = nn.PReLU(4)
        self.norm = nn.LayerNorm(6)
        self.group = nn.GroupNorm(2, 4)
        self.fc = nn.Linear(6, 3)
        self.table = nn.Parameter(torch.zeros(5, 2))
        self.shift = nn.Parameter(torch.zeros(1, 4, 1, 1))
        self.register_buffer('index', torch.tensor([4, 0, 2, 1]))

    def forward(self, x):
        n = x.shape[0]
        gate = x.mean((2, 3), keepdim=True)
        y = [self.dilated(x), self.same(x), self.up(x), self.bn(x), self.prelu(x), self.norm(x), self.group(x)]
        y += [self.fc(x), x.flatten(1) @ torch.ones(144, 2), self.row(x.mean((2, 3)).unsqueeze(1)).transpose(1, 2)]
        y += [F.relu6(x * 4), F.hardtanh(x, -0.5, 0.75), F.leaky_relu(x), F.gelu(x), F.gelu(x, approximate='tanh')]
        y += [F.hardswish(x * 3), F.hardsigmoid(x * 3), F.silu(x), F.mish(x), F.elu(x, 0.7), F.selu(x), F.softplus(x)]
        y += [torch.tanh(x), x.clamp(min=-0.3), x.clamp(max=0.4), x.abs().sqrt(), x.pow(2), torch.exp(-x), F.glu(x, 1)]
        y += [2 - x, 1 / (x + 3), torch.sub(x, gate, alpha=2), x / (gate + 2), x * gate.expand_as(x), x + self.shift]
        y += [gate.expand(-1, -1, 3, 2), x.sum(1), x.amax((2, 3)), x.mean(-1), F.softmax(x, 1), x.softmax(-1)]
        y += [F.max_pool2d(x, 3, 2, 1), F.max_pool2d(x, 2, ceil_mode=True), F.avg_pool2d(x, 3, 1, 1)]
        y += [F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), F.adaptive_avg_pool2d(x, 3), F.adaptive_avg_pool2d(x, 1)]
        y += [F.pad(x, (1, 2)), F.pad(x, (1, 0, 2, 1), value=0.5), F.pad(x, (2, 1, 1, 1), mode='reflect')]
        y += [F.pad(x, (1, 1, 1, 1), mode='replicate'), F.interpolate(x, scale_factor=2), F.interpolate(x, size=(4, 9))]
        y += [F.interpolate(x, size=(9, 11), mode='bilinear'), F.pixel_shuffle(x, 2), F.pixel_unshuffle(x, 3)]
        y += [F.interpolate(x, scale_factor=2, mode='bilinear', align_corners=True), F.channel_shuffle(x, 2)]
        y += [x.view(n, 2, 2, 36).transpose(1, 2).reshape(n, 4, 6, 6), x.permute(0, 2, 3, 1), x[:, 1:3, ::2, -3:]]
        y += [x.select(1, -1), x[:, 2], torch.stack(x.unbind(1)[:2], -1), torch.cat(x.split([1, 3], 1)[::-1], 1)]
        y += [x.chunk(3, 2)[1], x.narrow(3, 1, 2).squeeze(-1), x.unsqueeze(2).squeeze(2).unflatten(1, (2, 2))]
        y += [x.roll((1, -2), (2, 3)), x.repeat(1, 2, 1, 1), torch.matmul(x, x.transpose(-1, -2))]
        y += [F.scaled_dot_product_attention(x, x * 2, x), self.table[self.index].view(1, 4, 2, 1) * gate]
        y += [x.clone().detach().contiguous().to(torch.float32) + torch.zeros(6).fill_(1.5)]
        return [one.reshape(n, -1) for one in y]


class Core(nn.Module):
    """Operators that run_decompositions() takes apart; 2 × 4 × 6 × 6."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.bn = nn.BatchNorm2d(4)
        self.up = nn.ConvTranspose2d(4, 2, 2, stride=2)
        self.prelu = nn.PReLU(4)
        self.norm = nn.LayerNorm(6)
        self.group = nn.GroupNorm(2, 4)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        x = F.relu_(self.bn(self.conv(x)))
        gate = torch.sigmoid(self.fc(x.mean((2, 3))))
        y = [self.up(x), self.prelu(x - 0.5), self.norm(x), self.group(x), gate, F.max_pool2d(x, 2), F.hardswish(x)]
        y += [F.hardsigmoid(x), F.silu(x), F.mish(x), F.gelu(x), F.adaptive_avg_pool2d(x, (3, 2)), F.pixel_shuffle(x, 2)]
        y += [F.interpolate(x, scale_factor=2), F.interpolate(x, size=(8, 8), mode='bilinear'), F.channel_shuffle(x, 2)]
        y += [F.pad(x, (1, 2, 2, 1), mode='reflect'), F.pad(x, (1, 0, 0, 1), mode='replicate'), x.roll(2, 2), x.flip(3)]
        y += [F.interpolate(x, scale_factor=(2, 3), mode='nearest-exact'), F.softplus(x * 9), F.normalize(x, dim=1)]
        y += [F.softmax(x, 1), torch.stack(x.chunk(2, 1), 1), F.pad(x, (1, 1, 0, 0)), x.flatten(2).transpose(1, 2)]
        y += [x.sum((1, 2)), torch.sub(1, x), x * gate.sum(1, keepdim=True).unsqueeze(-1).unsqueeze(-1).expand_as(x)]
        return [one.flatten(1) for one in y]


def save(name, net, example, core=False, lines=False, **options):
    program = torch.export.export(net, example, **options)
    if core:
        program = program.run_decompositions()
    for node in program.graph.nodes:
        node.meta.pop('from_node', None)
        if not lines:
            for key in ('stack_trace', 'torch_fn', 'nn_module_stack'):
                node.meta.pop(key, None)
        elif 'stack_trace' in node.meta:
            # Of any machine.
            node.meta['stack_trace'] = re.sub(r'"[^"]*site-packages/', '"/home/user/.venv/site-packages/',
                                              node.meta['stack_trace'])
    torch.export.save(program, FOLDER / f'{name}.pt2')


def save_with_outputs(name, net, shape, core=False):
    x = images(shape)
    save(name, net, (x,), core)
    with torch.no_grad():
        outputs = net(x)
    outputs = [outputs] if isinstance(outputs, torch.Tensor) else outputs
    torch.cat([one.flatten(1) for one in outputs], 1)[0].numpy().tofile(FOLDER / f'{name}.bin')
    pack(FOLDER / f'{name}.pt2')


def pack(path):
    """Compresses the entries, which torch.export stores as they are: ten times smaller."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def main():
    FOLDER.mkdir(exist_ok=True)
    batch = {'dynamic_shapes': ({0: torch.export.Dim('batch')},)}
    save('plain', plain().eval(), (images((2, 2, 6, 6)),), lines=True, **batch)
    save('plain_core', plain().eval(), (images((2, 2, 6, 6)),), core=True, **batch)
    save('training', nn.Sequential(nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2)), (images((2, 2, 6, 6)),))
    save_with_outputs('operators', fill(Operators()), (2, 4, 6, 6))
    save_with_outputs('core', fill(Core()), (2, 4, 6, 6), core=True)


if __name__ == '__main__':
    main()
