"""Imports every module of a package, so that annotations and names are resolved and not only parsed."""

import importlib
import pkgutil
import sys

package = importlib.import_module(sys.argv[1])
names = [m.name for m in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names:
    importlib.import_module(name)
print(f"imported {len(names)} modules")
