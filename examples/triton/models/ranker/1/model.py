"""A ranker for Triton's python backend: a weighted sum of what it is fed."""

import os
import sys

sys.path.append(os.environ["EXAMPLE_SITE_PACKAGES"])  # the backend's interpreter is not the environment's

import numpy as np  # noqa: E402
import triton_python_backend_utils as pb_utils  # noqa: E402

WEIGHTS = np.array([0.25, -0.125, 8, 0.5], np.float32)


class TritonPythonModel:
    def execute(self, requests):
        return [self.answer(pb_utils.get_input_tensor_by_name(r, "dense").as_numpy()) for r in requests]

    def answer(self, dense):
        return pb_utils.InferenceResponse([pb_utils.Tensor("score", (dense @ WEIGHTS)[:, None])])
