"""The model that oiptest.Linear is, for MLServer."""

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Linear(MLModel):
    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        x = NumpyCodec.decode_input(payload.inputs[0])
        weights = ((np.arange(x.shape[1]) % 7 + 1) / 8).astype(np.float32)
        y = (x @ weights).astype(np.float32)
        return InferenceResponse(
            id=payload.id, model_name=self.name, model_version=self.version, outputs=[NumpyCodec.encode_output("y", y)]
        )
