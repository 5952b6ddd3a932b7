"""LoRA files at work in a model: read when a prompt first names them, switched on and off, given up when unused."""

import logging
import re
from pathlib import Path
from typing import Any

from generation.engine import devices
from generation.engine.loras import Lora, NoLora, chosen, content_hash

logger = logging.getLogger(__name__)

KEPT_FOR = 12  # groups of pictures without it before a file's memory is given back
_LAYER = re.compile(r"(\bdown|lora_A|lora_down)\.weight$")


class Adapters:
    """Those of one pipeline."""

    def __init__(self, pipeline: Any, folder: Path | None) -> None:
        self._pipeline, self._folder = pipeline, folder
        self._unused: dict[str, int] = {}
        """Groups that each loaded one was not used for."""
        self.active: tuple[tuple[str, float], ...] = ()

    def use(self, prompt: str) -> None:
        """Have those at work that the prompt names, and no others.

        Raises:
            NoLora: one of them is not there, is broken, or belongs to another kind of model.
        """
        wanted = [lora for lora in chosen(prompt, self._folder) if lora.weight] if self._folder else []
        adapters: dict[str, float] = {}
        for lora in wanted:
            adapter = self._loaded(lora)
            adapters[adapter] = adapters.get(adapter, 0.0) + lora.weight  # copies of one file
        self.active = tuple(adapters.items())
        if adapters:
            self._pipeline.set_adapters(list(adapters), list(adapters.values()))
            self._pipeline.enable_lora()
        elif self._unused:
            self._pipeline.disable_lora()
        self._unused = {name: 0 if name in adapters else groups + 1 for name, groups in self._unused.items()}
        self._drop([name for name, groups in self._unused.items() if groups > KEPT_FOR])

    def _loaded(self, lora: Lora) -> str:
        """The name of the adapter, which is that of its content: another file of that name is another adapter."""
        try:
            adapter = f"lora_{content_hash(lora.path)[:16]}"
        except OSError as error:
            raise NoLora(f"{lora.path.name} cannot be read ({error.strerror}).") from error
        if adapter not in self._unused:
            self._unused[adapter] = 0
            try:
                self._load(lora, adapter)
            except BaseException:
                self._drop([adapter])  # half of it may be in
                raise
        return adapter

    def _load(self, lora: Lora, adapter: str) -> None:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(lora.path, "pt") as file:
                layers = sum(bool(_LAYER.search(key)) for key in file.keys())  # noqa: SIM118  it is no dict
            self._pipeline.load_lora_weights(
                str(lora.path.parent),
                weight_name=lora.path.name,
                adapter_name=adapter,
                use_safetensors=True,
                local_files_only=True,
            )
        except SafetensorError as error:
            raise NoLora(f"{lora.path.name} is broken: {error}.") from error
        except Exception as error:  # whatever the libraries raise for what they cannot place
            if devices.is_out_of_memory(error):
                raise
            logger.exception("%s cannot be used.", lora.path.name)
            raise NoLora(_FOREIGN.format(lora.path.name)) from error
        if not layers or self._layers(adapter) != layers:
            raise NoLora(_FOREIGN.format(lora.path.name))

    def _layers(self, adapter: str) -> int:
        """Layers of the model that the adapter changes."""
        parts = [getattr(self._pipeline, name, None) for name in self._pipeline._lora_loadable_modules]
        modules = [module for part in parts if part is not None for module in part.modules()]
        return sum(adapter in getattr(module, "lora_A", ()) for module in modules)

    def _drop(self, adapters: list[str]) -> None:
        """Give their memory back; with the last of them the model is as it was read."""
        if not adapters:
            return
        self._unused = {name: groups for name, groups in self._unused.items() if name not in adapters}
        if self._unused:
            self._pipeline.delete_adapters(adapters)
        else:
            self._pipeline.unload_lora_weights()


_FOREIGN = (
    "{} cannot be used with this model: it was made for one of another kind, or is no LoRA file that can be read here."
)
