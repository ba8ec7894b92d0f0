"""Stands in for SGLang's GPU kernels where there is no GPU.

SGLang 0.5.6.post2 imports `sgl_kernel` and names in it at start, also on a CPU, but with the attention
backend torch_native it calls none. Every name below it exists here and fails when it is called.
"""
import importlib.abc
import importlib.machinery
import sys
import types


class Absent:
    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self._name}.{name}")

    def __call__(self, *_, **__):
        raise NotImplementedError(f"{self._name} needs a GPU")


def _names_of(module):
    def __getattr__(name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{module}.{name}")
    return __getattr__


class Submodules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """sgl_kernel.anything can be imported."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.startswith("sgl_kernel."):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        module.__path__ = []
        module.__getattr__ = _names_of(spec.name)
        return module

    def exec_module(self, module):
        pass


__path__ = []
__getattr__ = _names_of("sgl_kernel")
sys.meta_path.append(Submodules())
