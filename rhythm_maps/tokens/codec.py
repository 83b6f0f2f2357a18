"""What is fixed of the codec: EnCodec's 24 kHz model. https://github.com/facebookresearch/encodec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MODEL: Final = "encodec_24khz"
SAMPLING_RATE: Final = 24_000
HOP: Final = 320
"""Samples a frame."""
FRAME_RATE: Final = SAMPLING_RATE / HOP
"""75 frames a second."""
CODE_BITS: Final = 10
CODEBOOK_SIZE: Final = 1 << CODE_BITS
N_Q: Final[Mapping[float, int]] = {1.5: 2, 3.0: 4, 6.0: 8, 12.0: 16, 24.0: 32}
"""Bandwidth in kbit/s that the model was trained for -> codebooks: 75 frames a second of 10 bits each."""
MOST_CODEBOOKS: Final = max(N_Q.values())
DEFAULT_KBPS: Final = 6.0


def frames_of(samples: int) -> int:
    """Return the frames that hold so many samples: ``ceil(samples / 320)``."""
    return -(-samples // HOP)
