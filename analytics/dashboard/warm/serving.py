"""What the page's server needs so that its kernels start warm and read through one reader."""

import sys
from importlib.metadata import EntryPoint
from typing import Final

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from traitlets.config import Config

from analytics.dashboard.source import Source
from analytics.dashboard.warm import provisioner
from analytics.dashboard.warm.light import ARGUMENTS
from analytics.dashboard.warm.nursery import Nursery, Play, nursery_of
from analytics.dashboard.warm.prompt import PromptClient
from analytics.dashboard.warm.sharing import Shared

# What the page's cell imports, and what its kernel would import on the way: a test holds that nothing is left for later.
MODULES: Final = (
    "analytics.dashboard.warm.rehearsal",
    "analytics.workbench",
    "encodings.idna",
    "faulthandler",
    "ipykernel.debugger",
    "tornado.platform.asyncio",
)
REHEARSAL: Final = "analytics.dashboard.warm.rehearsal:rehearse"
# Nobody debugs, completes or computes in a viewer's kernel, and the more lies between what it uses the more it copies.
UNUSED: Final = ("debugpy", "jedi", "numpy", "pandas", "PIL")
SOURCE: Final = "analytics.workbench:Workbench.open"


def announce() -> None:
    """Make the provisioner known, also where the package's entry points were not installed anew."""
    entry = EntryPoint(provisioner.NAME, f"{provisioner.__name__}:WarmProvisioner", KernelProvisionerFactory.GROUP_NAME)
    KernelProvisionerFactory.provisioners[provisioner.NAME] = entry


def open_nursery() -> Nursery:
    """Return the nursery of this server's kernels; whatever it imports believes to be served, as the kernels are."""
    announce()
    return nursery_of(MODULES, Play(SOURCE, REHEARSAL, UNUSED, {"SERVER_SOFTWARE": "voila/warm"}))


def kernelspec(resources: str) -> KernelSpec:
    """Return the kernel of every page."""
    return KernelSpec(
        argv=[sys.executable, "-P", "-m", "ipykernel_launcher", "-f", "{connection_file}", *ARGUMENTS],
        display_name="Python 3",
        language="python",
        resource_dir=resources,
        metadata={"kernel_provisioner": {"provisioner_name": provisioner.NAME, "config": {"modules": [*MODULES]}}},
    )


def configure(config: Config, nursery: Nursery) -> None:
    """Let kernels and server speak through files that only their user can open; over TCP every user of the machine could."""
    config.KernelManager.client_class = f"{PromptClient.__module__}.{PromptClient.__name__}"
    if not nursery.why_cold:
        config.KernelManager.transport = "ipc"
        config.ViewersKernels.connection_dir = str(nursery.folder)


def through_reader(source: Source, nursery: Nursery) -> Source:
    """Return a source for the server itself, which reads through the same reader as its pages."""
    return source if nursery.why_cold else Shared(source, nursery.folder)
