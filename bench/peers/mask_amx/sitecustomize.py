"""As on a CPU without AMX: in every Python process that has this folder in PYTHONPATH, torch says that
there are no tiles. vLLM's CPU build chooses its attention by that; oneDNN's products are limited by
ONEDNN_MAX_CPU_ISA."""
import importlib.abc
import importlib.util
import sys


class _Torch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != "torch":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            module._C._cpu._is_amx_tile_supported = lambda: False

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, _Torch())
