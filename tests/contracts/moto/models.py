"""Prints the types of which moto's CloudFormation has a model, as a JSON array."""

import json
import sys

from moto.cloudformation.parsing import get_model_map

json.dump(sorted(get_model_map()), sys.stdout)
