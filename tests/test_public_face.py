"""What ``import runtime`` shows, and that it costs nothing until it is used."""

import subprocess
import sys

from fakes import ROOT

import runtime


def test_the_public_names_are_these():
    assert runtime.__all__ == ["Generator", "Library", "Recognizer"]
    assert [getattr(runtime, name).__name__ for name in runtime.__all__] == runtime.__all__


def test_importing_it_loads_no_torch():
    code = "import sys, runtime; print({'torch', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_loading_the_networks_imports_no_compiler():
    code = "import sys; from runtime import Generator, Recognizer; Generator.load(device='cpu')"
    code += "; Recognizer.load(None, 'cpu'); print('torch._dynamo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False", "a product on the device meta takes a second to import it"
