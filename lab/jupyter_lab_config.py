"""JupyterLab for analysts, on their own machine: notebooks in the launcher, Voilà's preview button on each of them.

In a preview, unlike on the served page, a browser may run code, as it may anywhere in JupyterLab: never give its address to
viewers, `view3 serve` is for them. It listens on 127.0.0.1 and asks for the token that it prints.
"""

from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager

HERE = Path(__file__).resolve().parent


class WithOurs(KernelSpecManager):
    """Offers, beside the kernels of the machine, one that starts at once with pandas and the workbench."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.kernel_dirs = [*self.kernel_dirs, str(HERE / "kernels")]


c.ServerApp.ip = "127.0.0.1"  # noqa: F821 (Jupyter gives its configuration files `c`)
c.LabApp.news_url = None  # noqa: F821 - asks nobody outside
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"  # noqa: F821
c.LabApp.extra_labextensions_path = [str(HERE)]  # noqa: F821
c.ServerApp.kernel_spec_manager_class = WithOurs  # noqa: F821
c.VoilaConfiguration.file_allowlist = []  # noqa: F821 - previews hand out no files: that route asks for no token
c.VoilaConfiguration.show_tracebacks = True  # noqa: F821 - an analyst wants to see what failed
