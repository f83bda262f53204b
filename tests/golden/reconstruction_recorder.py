"""What make_reconstruction_golden.py gives to the released codes from outside, and what it writes down of them."""

import sys
import types

from fill import RandomStreams


def number(value) -> float:
    return float("%.9g" % float(value))  # all of a float32


def numbers(tensor):
    return [number(x) for x in tensor.detach().flatten().tolist()]


class Layout:
    """Where a repository keeps what is recorded: names of this project's graph → paths of modules."""

    def __init__(self, units, weights, sites, step, logits, masks, range_masks=None):
        self.units, self.weights, self.sites = units, weights, sites
        self.step, self.logits = step, logits  # attributes of quantizers: s and V
        # By unit, in the order in which the code draws them: the purposes of one step's masks, several for one draw
        # that is several forwards here; and of those of the pass in which ranges are searched.
        self.masks, self.range_masks = masks, range_masks or {}


class Recorder:
    """Answers the draws of the unit that is being reconstructed, and writes down what happens to it."""

    def __init__(self, layout, images, seed=0):
        self.layout, self.images, self.random = layout, images, RandomStreams(seed)
        self.model = self.unit = None
        self.range_masks = {unit: list(purposes) for unit, purposes in layout.range_masks.items()}
        # sites: in the order in which their ranges are searched
        self.result = {"weights": {}, "sites": {}, "units": []}

    # ---- Around the reconstruction of one unit ----

    def around(self, reconstruct, model_argument, module_argument, phase_of=lambda _: "reconstruct"):
        def run(*args, **kwargs):
            self.begin(args[model_argument], args[module_argument], phase_of(kwargs))
            sys.setprofile(self.on_return)
            try:
                return reconstruct(*args, **kwargs)
            finally:
                sys.setprofile(None)
                self.end()

        return run

    def begin(self, model, module, phase):
        self.model = model
        name = next(name for name, path in self.layout.units.items() if model.get_submodule(path) is module)
        self.unit = {"name": name, "phase": phase, "output": [], "rounding": [], "extra": []}
        self.step, self.optimisers = -1, []

    def end(self):
        unit, self.unit = self.unit, None
        learned = {id(parameter) for optimiser in self.optimisers for group in optimiser.param_groups
                   for parameter in group["params"] if parameter.grad is not None}
        for key, paths, attribute in [("V", self.layout.weights, self.layout.logits),
                                      ("weight_steps", self.layout.weights, self.layout.step),
                                      ("act_steps", self.layout.sites, self.layout.step)]:
            found = {name: getattr(self.model.get_submodule(path), attribute, None) for name, path in paths.items()}
            unit[key] = {name: numbers(value) for name, value in found.items() if id(value) in learned}
        self.result["units"].append({key: value for key, value in unit.items() if value})

    def note_ranges(self):
        """Of every quantizer that has one by now."""
        import torch

        for key, paths in [("weights", self.layout.weights), ("sites", self.layout.sites)]:
            for name, path in paths.items():
                quantizer = self.model.get_submodule(path)
                step = getattr(quantizer, self.layout.step, None)
                if name in self.result[key] or not isinstance(step, torch.Tensor):  # a plain 1.0 before the search
                    continue
                bits = quantizer.n_bits if hasattr(quantizer, "n_bits") else quantizer.bit
                self.result[key][name] = {"bits": bits, "s": numbers(step), "z": numbers(self.zero_point(quantizer))}

    @staticmethod
    def zero_point(quantizer):
        import torch

        if hasattr(quantizer, "signed"):  # GENIE's activations have a signed or an unsigned range
            return torch.tensor(2.0 ** (quantizer.n_bits - 1) if quantizer.signed else 0.0)
        return torch.as_tensor(quantizer.zero_point)

    # ---- Draws ----

    def next_batch(self, size):
        import torch

        self.step += 1
        if self.step == 0:
            self.note_ranges()
        self.masks = list(self.layout.masks.get(self.unit["name"], []))
        draws = self.random.shared(self.step, self.purpose("batch"))
        return torch.tensor([draws.below(self.images) for _ in range(size)])

    def purpose(self, what):
        return f"{what}:{self.unit['phase']}:{self.unit['name']}"

    def randint(self, low, high, size):
        assert (low, high) == (0, self.images), (low, high)
        return self.next_batch(size[0])

    def rand_like(self, tensor):
        """Below one half exactly where this project takes what is quantized."""
        import torch

        step, purposes = self.next_masks()
        n, *shape = tensor.shape
        channels_last = self.unit is None and tensor.dim() == 4  # so are the engine's while it searches ranges
        if channels_last:
            shape = [*shape[1:], shape[0]]
        keep = torch.cat([self.random.keep_for_samples(step, purpose, [n // len(purposes), *shape], p=0.5)
                          for purpose in purposes])
        return 1 - (keep.permute(0, 3, 1, 2) if channels_last else keep).to(tensor.dtype)

    def next_masks(self):
        if self.unit:
            return self.step, [self.purpose(what) for what in self.masks.pop(0)]
        unit = list(self.layout.units)[len(self.result["units"])]  # GENIE caches with the next unit's drop switched on
        return 0, [f"{self.range_masks[unit].pop(0)}:reconstruct:{unit}"]

    # ---- Losses ----

    def note_losses(self, output, rounding, extra):
        for key, value in [("output", output), ("rounding", rounding), ("extra", extra)]:
            if value is not None:
                self.unit[key].append(number(value))

    def on_return(self, frame, event, _):
        """The terms of the codes' LossFunction objects are local to their __call__."""
        names = frame.f_locals
        if event == "return" and frame.f_code.co_name == "__call__" and "rec_loss" in names:
            self.note_losses(names["rec_loss"], names["round_loss"], names.get("pd_loss"))

    def on_step(self, optimiser):
        """GENIE's terms are local to the function that steps two optimisers: they count with the first."""
        frame = sys._getframe() if optimiser is self.optimisers[0] else None
        while frame and "recon_loss" not in frame.f_locals:
            frame = frame.f_back
        if frame:
            names = frame.f_locals
            self.note_losses(names["recon_loss"], names["round_loss"] * names["round_weight"], None)


def install_stand_ins(recorder, *packages):
    """CUDA on a CPU, an argument that PyTorch has dropped, this project's draws, and packages that the codes import
    but do not need here."""
    import torch
    import torch._dynamo  # PyTorch's optimisers import it, and it would take the stand-in for NumPy

    for name in packages:
        sys.modules[name] = types.ModuleType(name)
    if "numpy" in packages:
        sys.modules["numpy"].random = types.SimpleNamespace(seed=lambda _: None)
    torch.Tensor.cuda = torch.nn.Module.cuda = lambda self, *_, **__: self
    to = torch.Tensor.to
    torch.Tensor.to = lambda self, *args, **kwargs: self if args[:1] == ("cuda",) else to(self, *args, **kwargs)
    torch.cuda.empty_cache = torch.cuda.manual_seed = torch.cuda.manual_seed_all = lambda *_: None
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau
    torch.optim.lr_scheduler.ReduceLROnPlateau = lambda *args, verbose, **kwargs: plateau(*args, **kwargs)
    torch.randint, torch.rand_like = recorder.randint, recorder.rand_like

    class Adam(torch.optim.Adam):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            if recorder.unit:  # PD-Quant's correction has optimisers of its own, of no parameter that is recorded
                recorder.optimisers.append(self)

        def step(self, *args):
            if recorder.unit:
                recorder.on_step(self)
            return super().step(*args)

    torch.optim.Adam = Adam
